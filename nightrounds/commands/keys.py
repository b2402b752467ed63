"""`nightrounds key`: where the key lies, and a copy of it for escrow."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nightrounds.commands.common import DEFAULT_HOME, HomeOption, enter_home, say

app = typer.Typer(no_args_is_help=True, help="The key: where it lies, and a copy of it for escrow.")


@app.command("where")
def where(home: HomeOption = Path(DEFAULT_HOME)) -> None:
    """Say which key the home needs, and whether it is at hand."""
    from contracts.keys import key_folder
    from stores.home import open_home

    opened = open_home(enter_home(home))
    opened.load_key()
    typer.echo(f"{opened.key_id}: {key_folder() / (opened.key_id + '.key')} (loads, and is this home's)")


@app.command("escrow")
def escrow(
    target: Annotated[Path, typer.Argument(help="File to write the copy to: another disk, a safe.")],
    home: HomeOption = Path(DEFAULT_HOME),
) -> None:
    """Write a copy of the key to a new file, mode 0600, and read it back."""
    import os

    from contracts.errors import Fatal
    from stores.home import open_home

    key = open_home(enter_home(home)).load_key()
    try:
        handle = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise Fatal("a file of this name is there already", "key escrow", "name a new file") from None
    with os.fdopen(handle, "w") as file:
        file.write(key.material.hex() + "\n")
    if bytes.fromhex(target.read_text().strip()) != key.material:
        raise Fatal("the copy does not read back", "key escrow", "write it to another disk")
    say(f"wrote {key.key_id}; who holds this file and the home can read every identity: lock it away")

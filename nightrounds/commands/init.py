"""`nightrounds init`: make a home."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nightrounds.commands.common import DEFAULT_HOME, HomeOption, enter_home, say

PROFILES = {
    "safe_harbor": "years only, ages over 89 grouped, 3-digit ZIP: 45 CFR 164.514(b)(2), no expert needed",
    "expert": "dates shifted by person, intervals kept: needs an expert's determination, 45 CFR 164.514(b)(1)",
}
ProfileOption = Annotated[
    str | None,
    typer.Option("--profile", help="The privacy profile: safe_harbor or expert. There is no default."),
]


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command("init")(init)


def init(
    home: HomeOption = Path(DEFAULT_HOME),
    profile: ProfileOption = None,
    key_id: Annotated[
        str | None, typer.Option(help="Use the key of this id; a new one is made otherwise.")
    ] = None,
) -> None:
    """Make a home: choose the privacy profile, make the key, write a commented nightrounds.toml."""
    from flows.settings import write_template

    path = enter_home(home)
    made = make_home(path, profile or _ask(), key_id)
    config = write_template(path, made.profile.value, made.key_id)
    say(f"wrote {config}: name your sources there, then run: nightrounds run --home {home}")


def _ask() -> str:
    for name, meaning in PROFILES.items():
        say(f"  {name:12} {meaning}")
    chosen = typer.prompt("privacy profile", prompt_suffix=": ", err=True)
    return str(chosen).strip()


def make_home(path: Path, profile: str | None, key_id: str | None = None, seed: str | None = None):  # type: ignore[no-untyped-def]
    """Make a home and tell where its key lies; a home that is there already is opened as it is."""
    from contracts.errors import Usage
    from contracts.keys import key_folder
    from contracts.privacy import Profile
    from stores.home import create_home, is_home, open_home

    if profile is not None and profile not in PROFILES:
        raise typer.BadParameter(f"{profile!r} is no privacy profile; one of {', '.join(PROFILES)}")
    if is_home(path):
        return open_home(path, Profile(profile) if profile else None)
    if profile is None:
        raise Usage("a new home needs a privacy profile", "--profile", f"one of {', '.join(PROFILES)}")
    made = create_home(path, Profile(profile), key_id, seed=seed)
    say(f"made a home at {path} (profile {profile})")
    say(
        f"its key is {key_folder() / (made.key_id + '.key')}: keep a copy in escrow, losing it is losing every id"
    )
    if profile == "expert":
        say(
            "the expert profile needs an expert's determination that the risk is very small (45 CFR 164.514(b)(1))"
        )
    return made

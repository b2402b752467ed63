"""`nightrounds quarantine`: what was held back, by token; in the clear only for who holds the key."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nightrounds.commands.common import (
    DEFAULT_HOME,
    HomeOption,
    JsonOption,
    enter_home,
    print_json,
    print_table,
    say,
)
from nightrounds.commands.layout import home_argument, plural, wrap

if TYPE_CHECKING:
    from stores.quarantine import Held, Quarantine

app = typer.Typer(no_args_is_help=True, help="Records that were held back: which, why, and what to do.")

_SHOWN_BYTES = 4_000
_MOST_ROWS = 200


@app.command("list")
def list_held(
    home: HomeOption = Path(DEFAULT_HOME),
    source: Annotated[str | None, typer.Option(help="Only this source's.")] = None,
    json: JsonOption = False,
) -> None:
    """List the records held back: source, token of the file, record number, reason and place. No patient data."""
    quarantine = _open(home)
    held = quarantine.list(source)
    totals = {s: counts for s, counts in quarantine.totals().items() if source in {None, s}}
    if json:
        print_json({"totals": totals, "records": [record._asdict() for record in held]})
        return
    if not totals:
        say("nothing is held back")
        return
    print_table([record._asdict() for record in held[:_MOST_ROWS]])
    if (counted := sum(sum(c.values()) for c in totals.values())) > min(len(held), _MOST_ROWS):
        say(f"{min(len(held), _MOST_ROWS):,} of {counted:,} records are listed; the counts below are of all")
    counts = [{"source": s, "reason": r, "records": n} for s, c in totals.items() for r, n in c.items()]
    print_table(counts, "\ncounts")
    token = held[0].token if held else "TOKEN"
    say(f"\nwhat a reason means, and what to do: nightrounds quarantine show {token}{home_argument(home)}")


@app.command("show")
def show(
    token: Annotated[str, typer.Argument(help="The file's token, as `quarantine list` prints it.")],
    home: HomeOption = Path(DEFAULT_HOME),
    reveal: Annotated[
        bool, typer.Option("--reveal", help="Also show the file's path and the raw records: PATIENT DATA.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Explain what was held back of one file; with --reveal also show the records as they came."""
    from contracts.errors import Fatal

    quarantine = _open(home)
    held = [record for record in quarantine.list() if record.token == token]
    if not held:
        fix = "a token that `nightrounds quarantine list` prints"
        raise Fatal("nothing is held in quarantine by this token", f"token {token}"[:60], fix)
    revealed: dict[str, Any] = {}
    if reveal:
        say("warning: what follows is patient data; keep it off shared screens, logs and tickets")
        revealed = _reveal(home, quarantine, held[0])
    if json:
        print_json(
            {"source": held[0].source, "token": token, "records": [_explained(r) for r in held], **revealed}
        )
        return
    typer.echo("\n".join(_lines(held)))
    if revealed:
        typer.echo(f"\npath: {revealed['path']}")
        for record in revealed["raw"]:
            typer.echo(
                f"\nrecord {record['record']} ({record['reason']}, {record['where']}), {record['bytes']:,} bytes:"
            )
            typer.echo(record["payload"])


def _open(home: Path) -> Quarantine:
    from stores.home import open_home
    from stores.quarantine import Quarantine

    opened = open_home(enter_home(home))
    return Quarantine(opened, opened.load_key())


def _explained(record: Held) -> dict[str, Any]:
    from nightrounds.reasons import explain_reason

    reason = explain_reason(record.reason)
    return {**record._asdict(), "meaning": reason.meaning, "remedy": reason.remedy}


def _lines(held: list[Held]) -> list[str]:
    from nightrounds.reasons import explain_reason

    lines = [f"{held[0].source}, file {held[0].token}: {plural(len(held), 'record')} held back"]
    for code, count in Counter(record.reason for record in held).most_common():
        reason = explain_reason(code)
        places = [f"{r.record} ({r.where})" if r.where else str(r.record) for r in held if r.reason == code]
        more = f" and {len(places) - 10:,} more" if len(places) > 10 else ""
        lines += [
            "",
            f"{code}: {plural(count, 'record')}",
            wrap(reason.meaning, 2),
            wrap(f"To do: {reason.remedy}", 2),
        ]
        lines.append(wrap(f"Where: record {', '.join(places[:10])}{more}", 2))
    return lines


def _reveal(home: Path, quarantine: Quarantine, first: Held) -> dict[str, Any]:
    """The path and the raw records. Nothing of this is written anywhere but to the user's own terminal."""
    from contracts.units import Unit
    from tasks.workroom import load_sources, open_workroom

    room = open_workroom(str(enter_home(home)))
    path = room.vault.path_of(Unit(f"{first.source}/{first.token}", first.source, ""))
    location = load_sources(room.vault).get(first.source)
    root = location.location.rstrip("/") if location else ""
    single = bool(location) and Path(root).is_file()
    raw = [
        {
            "record": row["_record"],
            "reason": row["reason"],
            "where": row["where"],
            "bytes": len(row["payload"] or b""),
            "payload": _readable(row["payload"]),
        }
        for row in quarantine.reveal(first.token).to_pylist()
    ]
    return {"path": root if single else f"{root}/{path}", "raw": raw}


def _readable(payload: bytes | None) -> str:
    """The raw record as text; bytes that are no text are shown as `\\x..`, so that no terminal is upset."""
    if not payload:
        return "(not kept: see the file)"
    text = payload[:_SHOWN_BYTES].decode("utf-8", errors="backslashreplace")
    text = re.sub("\0{8,}", lambda run: f"({len(run.group()):,} zero bytes)", text)
    shown = "".join(c if c.isprintable() or c in "\n\t" else f"\\x{ord(c):02x}" for c in text)
    return shown + (f"\n… {len(payload) - _SHOWN_BYTES:,} more bytes" if len(payload) > _SHOWN_BYTES else "")

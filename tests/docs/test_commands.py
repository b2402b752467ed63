"""What the documents tell to type can be typed: commands, options, deployments and settings are there."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from tests.conftest import ROOT

PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
_CODE = re.compile(r"(?ms)^```\w*\n(.+?)^```|`([^`\n]+)`")
_ASSIGNMENT = re.compile(r"^(?:[A-Z_]+=(?:'[^']*'|\S*) +)+")
_SETTING = re.compile(r"(?m)^\| `([a-z_]+(?:\.[a-z_]+)?)` \| (.+?) \|")


def commands(text: str, program: str) -> Iterator[list[str]]:
    """The calls of a program in a page's code, as words; what follows a pipe or `||` is left off."""
    for block, inline in _CODE.findall(text):
        for line in (block or inline).splitlines():
            call = _ASSIGNMENT.sub("", line.strip().removeprefix("$ "))
            if re.match(rf"{program} \S", call) and "…" not in call:
                yield shlex.split(re.split(r" +(?:\|\||\||&&|<<|>>|;)", call)[0], comments=True)


def wrong(words: list[str]) -> str:
    """What is wrong with a call of `nightrounds`; empty where it can be typed."""
    from nightrounds.cli import app

    command: Any = typer.main.get_command(app)
    rest = words[1:]
    while rest and hasattr(command, "commands"):
        if rest[0].startswith("-"):
            return "" if rest[0] in {"--help", "--version"} else f"{rest[0]} before a command"
        if rest[0] not in command.commands:
            return f"no command {rest[0]}"
        command, rest = command.commands[rest[0]], rest[1:]
    known = {name for parameter in command.params for name in parameter.opts} | {"--help"}
    unknown = [word for word in rest if word.startswith("-") and word.partition("=")[0] not in known]
    return f"no option {unknown[0]}" if unknown else ""


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_commands_can_be_typed(page: Path) -> None:
    found = [
        (shlex.join(call), wrong(call)) for call in commands(page.read_text(encoding="utf-8"), "nightrounds")
    ]
    assert [problem for problem in found if problem[1]] == []


def test_a_wrong_command_is_found() -> None:
    block = "```\nX=1 nightrounds run --sinc | tail\nnightrounds release mov 3\n```"
    text = f"`nightrounds runn`\n{block}\n`nightrounds run --sync`"
    found = [wrong(call) for call in commands(text, "nightrounds")]
    assert sorted(found) == ["", "no command mov", "no command runn", "no option --sinc"]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_modules_and_deployments_are_there(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for words in commands(text, "python"):
        if words[1] == "-m" and words[2].split(".")[0] in {"tests", "benchmarks"}:
            folder = ROOT.joinpath(*words[2].split("."))
            assert (folder / "__main__.py").is_file() or folder.with_suffix(".py").is_file(), words
    deployments = (ROOT / "deployments" / "prefect.yaml").read_text(encoding="utf-8")
    for words in commands(text, "prefect"):
        if words[1:3] == ["deployment", "run"]:
            flow, _, name = words[3].partition("/")
            assert re.search(
                rf"- name: {name}\n(?:    .+\n)*?    entrypoint: flows\.night_round\.{flow}\n", deployments
            )


def _settings() -> dict[str, str]:
    """Every setting and its default, as the page words it."""
    from flows.settings import Settings, SourceSettings

    found = {}
    for name, field in Settings.model_fields.items():
        section = SourceSettings if name == "sources" else field.annotation
        if not (isinstance(section, type) and issubclass(section, BaseModel)):
            found[name] = _default(field.default)
            continue
        for inner, inside in section.model_fields.items():
            found[f"{name}.{inner}"] = _default(inside.default)
    return found


def _default(value: Any) -> str:
    if value is PydanticUndefined:
        return "required"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    return f"`{value}`" if value not in ("", None, {}) else "none"


def test_every_setting_is_described_with_its_default() -> None:
    page = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
    told = dict(_SETTING.findall(page))
    expected = _settings()
    assert sorted(told) == sorted(expected)
    for name, default in expected.items():
        if default == "none":
            assert not told[name].startswith("`"), name
        else:
            assert told[name] == default, name

"""A guide in Markdown taken literally: the files that it shows, and the commands that it gives."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_BLOCK = re.compile(r"(?ms)^(?:`(?P<name>[^`\n]+)`\n)?```(?P<language>\w+)\n(?P<text>.*?)^```$")
_COMMANDS = "shell"


@dataclass(frozen=True)
class Block:
    """A fenced block: a file where a line before it names one, else commands."""

    name: str
    language: str
    text: str


def blocks(path: Path) -> Iterator[Block]:
    """The guide's blocks in order.

    Raises:
        AssertionError: a block is neither a named file nor commands, so the guide cannot be followed.
    """
    for found in _BLOCK.finditer(path.read_text(encoding="utf-8")):
        block = Block(found["name"] or "", found["language"], found["text"])
        assert block.name or block.language == _COMMANDS, f"a {block.language} block without a file name"
        yield block


def write_files(path: Path, folder: Path) -> list[str]:
    """Write each file that the guide shows; returns their names."""
    named = [block for block in blocks(path) if block.name]
    for block in named:
        target = folder / block.name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(block.text, encoding="utf-8")
    return [block.name for block in named]


def commands(path: Path) -> list[str]:
    """The guide's commands, one entry a block."""
    return [block.text for block in blocks(path) if not block.name]

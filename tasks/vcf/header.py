"""The header of a VCF, reduced to the lines that an allow-list names (`header_allow.csv`)."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from importlib.resources import files

from tasks.vcf.assembly import name_assembly
from tasks.vcf.tokens import Tokens

_ATTRIBUTE = re.compile(r'([A-Za-z_][\w.]*)=("(?:[^"\\]|\\.)*"|[^,>]*)')
_ASSEMBLY = re.compile(r"[\w.\-]{1,40}")
_PEOPLE = {"SAMPLE": ("ID",), "PEDIGREE": ("ID", "Father", "Mother", "Original", "Derived", "Child")}
_NUMBERED = re.compile(r"Name_\d+")
_FIXED = ("#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO")


@lru_cache(maxsize=1)
def allowed_lines() -> dict[str, str]:
    """By header key: `keep`, `assembly`, or `attributes:` and the attributes that stay."""
    text = (files(__package__) / "header_allow.csv").read_text(encoding="utf-8")
    return {row["key"]: row["action"] for row in csv.DictReader(text.splitlines())}


def reduce_header(
    text: str, sample_ids: Sequence[int], tokens: Tokens, rename: Callable[[str], int] | None = None
) -> str:
    """The header's allowed lines, scrubbed, and a #CHROM line with the samples' keyed ids.

    Lines ##SAMPLE and ##PEDIGREE keep nothing but who is meant, by keyed ids: the same as in columns, also of people
    who have no column.

    Args:
        text: the header as it stands in the file.
        sample_ids: keyed ids, in the samples' order.
        tokens: what is to be replaced in ids and descriptions.
        rename: the keyed id of a sample's name; without it lines about samples are dropped.
    """
    lines = []
    for line in text.splitlines():
        key, _, value = line.removeprefix("##").partition("=")
        if not line.startswith("##"):
            continue
        kept = _rename_people(key, value, rename) or _reduce_line(key, value, tokens)
        if kept is not None:
            lines.append(f"##{key}={kept}")
    samples = ["FORMAT", *map(str, sample_ids)] if sample_ids else []
    return "\n".join([*lines, "\t".join([*_FIXED, *samples])]) + "\n"


def _rename_people(key: str, value: str, rename: Callable[[str], int] | None) -> str | None:
    """`<ID=…,Father=…,Mother=…>` (VCF 4.3, section 1.4.9; before, `<Name_0=…,Name_1=…>`) with keyed ids."""
    if key not in _PEOPLE or rename is None or not value.startswith("<"):
        return None
    people = [(name, text.strip('"')) for name, text in _ATTRIBUTE.findall(value)]
    kept = [
        f"{name}={rename(text)}"
        for name, text in people
        if text and (name in _PEOPLE[key] or (key == "PEDIGREE" and _NUMBERED.fullmatch(name)))
    ]
    return "<" + ",".join(kept) + ">" if kept else None


def _reduce_line(key: str, value: str, tokens: Tokens) -> str | None:
    action = allowed_lines().get(key)
    if action == "keep":
        return tokens.scrub(value) if re.fullmatch(r"VCFv\d+\.\d+", value) else None
    if action == "assembly":
        return name_assembly(value)
    if action is None or not value.startswith("<"):
        return None
    wanted = action.removeprefix("attributes:").split()
    found = dict(_ATTRIBUTE.findall(value))
    kept = {name: _reduce_attribute(name, found[name], tokens) for name in wanted if name in found}
    return "<" + ",".join(f"{name}={text}" for name, text in kept.items() if text) + ">"


def _reduce_attribute(name: str, text: str, tokens: Tokens) -> str:
    if name == "Description":
        return '"' + tokens.scrub_prose(text.strip('"')) + '"'
    if name == "assembly":
        plain = text.strip('"')
        return tokens.scrub(plain) if _ASSEMBLY.fullmatch(plain) else name_assembly(plain) or ""
    return tokens.scrub(text)

"""Accession numbers: the form in which two systems that write one number differently mean the same.

A RIS may put its sign before a number, a PACS may drop zeros that lead it. Every number is told twice: as it is written
(but for blanks around it), and in its normal form, which a source's options shape. Whether two numbers are one is asked
of both forms, the first before the second.
"""

from __future__ import annotations

from dataclasses import dataclass

from contracts.errors import Fatal
from contracts.units import Source

OPTIONS = frozenset({"accession_authority", "accession_prefixes", "accession_zeros"})
"""Options of a source, of any kind that tells accession numbers.

- `accession_authority`: who assigns them, where that is not the source's authority;
- `accession_prefixes`: what may stand before a number and is no part of it, separated by blanks;
- `accession_zeros`: "drop" leaves out zeros that lead a number, "keep" (the default) does not.
"""
_LONGEST = 64


@dataclass(frozen=True)
class AccessionRules:
    """How a source writes accession numbers.

    Attributes:
        authority: who assigns them; empty where the source says nothing of its own.
        prefixes: no part of a number, the longest first, in capitals.
        drop_zeros: whether zeros that lead a number are no part of it.
    """

    authority: str = ""
    prefixes: tuple[str, ...] = ()
    drop_zeros: bool = False

    def normal(self, number: str) -> str:
        """A number in its normal form: capitals, no blanks, without prefix and leading zeros as the source says.

        What would be left empty stays as it is.
        """
        found = "".join(number.split()).upper()
        for prefix in self.prefixes:
            if found.startswith(prefix) and len(found) > len(prefix):
                found = found[len(prefix) :]
                break
        return (found.lstrip("0") or found) if self.drop_zeros else found


def plausible(number: str) -> str:
    """A number as it is written, but for blanks around it; empty where it can be none."""
    found = number.strip()
    return found if 0 < len(found) <= _LONGEST and any(c.isalnum() for c in found) else ""


def accession_rules(source: Source) -> AccessionRules:
    """How a source writes accession numbers, by its options.

    Raises:
        Fatal: `accession_zeros` is neither "keep" nor "drop".
    """
    options = source.options
    zeros = options.get("accession_zeros", "keep").strip().lower()
    if zeros not in {"keep", "drop"}:
        raise Fatal("this option says nothing", f"source {source.name}: accession_zeros", "keep or drop")
    prefixes = sorted(options.get("accession_prefixes", "").upper().split(), key=lambda p: (-len(p), p))
    return AccessionRules(options.get("accession_authority", "").strip(), tuple(prefixes), zeros == "drop")


def accession_components(source: Source) -> dict[str, str]:
    """What of the options decides a source's rows, as a component of its recipe; nothing where none is set."""
    rules = accession_rules(source)
    return {} if rules == AccessionRules() else {"accessions": repr(rules)}

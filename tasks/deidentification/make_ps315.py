"""Make `ps315_basic_profile.csv` from the standard's Table E.1-1 in JSON, for a new edition of the standard.

    python -m tasks.deidentification.make_ps315 TABLE.json > tasks/deidentification/ps315_basic_profile.csv

The input is a list of objects with `name`, `tag`, `basicProfile` and the option columns.
"""

from __future__ import annotations

import csv
import json
import re
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

_OPTIONS = {
    "rtnSafePrivOpt": "retain-safe-private",
    "rtnUIDsOpt": "retain-uids",
    "rtnDevIdOpt": "retain-device",
    "rtnInstIdOpt": "retain-institution",
    "rtnPatCharsOpt": "retain-patient-characteristics",
    "rtnLongFullDatesOpt": "full-dates",
    "rtnLongModifDatesOpt": "modified-dates",
    "cleanDescOpt": "clean-descriptors",
    "cleanStructContOpt": "clean-structured-content",
    "cleanGraphOpt": "clean-graphics",
}


def keyword(name: str) -> str:
    """The attribute's keyword: its name without apostrophes, blanks and punctuation (PS3.6)."""
    words = re.split(
        r"[^A-Za-z0-9]+", re.sub(r"'s|'|\s*\(see [^)]*\)", "", name, flags=re.IGNORECASE).replace("(s)", "s")
    )
    return "".join(word[:1].upper() + word[1:] for word in words)


def pattern(tag: str) -> str:
    """Eight hexadecimal digits, `x` for any; private attributes are `odd`."""
    if "ODD" in tag:
        return "odd"
    return re.sub(r"[^0-9A-Fa-fX]", "", tag).upper().replace("X", "x")


def write_table(rows: Iterable[Mapping[str, Any]]) -> None:
    """Print the table as CSV."""
    writer = csv.writer(sys.stdout, lineterminator="\n")
    print(
        "# DICOM PS3.15 Table E.1-1: action of the Basic Application Level Confidentiality Profile for each"
    )
    print("# attribute, and the action that an option puts in its place. Made by make_ps315.py.")
    writer.writerow(["tag", "keyword", "action", "options"])
    for row in sorted(rows, key=lambda r: pattern(r["tag"])):
        options = " ".join(f"{name}={row[column]}" for column, name in _OPTIONS.items() if row.get(column))
        writer.writerow([pattern(row["tag"]), keyword(row["name"]), row["basicProfile"], options])


def main(source: str) -> None:
    """Print the table."""
    write_table(json.loads(Path(source).read_text(encoding="utf-8")))


if __name__ == "__main__":
    main(sys.argv[1])

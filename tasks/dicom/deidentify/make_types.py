"""Make `ps315_types.csv` for a new edition of the standard: the types that compound actions depend on.

    python -m tasks.dicom.deidentify.make_types TABLE.json FOLDER > tasks/deidentification/ps315_types.csv

TABLE.json is Table E.1-1 as `make_ps315` takes it. FOLDER holds `module_attribute_map.json`, `iod_module_map.json` and
`sop_class_iod_map.json`: the modules of PS3.3 with the type of each attribute, as the package `highdicom` ships them.
"""

from __future__ import annotations

import csv
import json
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from tasks.deidentification.make_ps315 import pattern

_TYPES = {"1": 1, "1C": 1, "2": 2, "2C": 2}
_OPTIONAL = 3


def write_types(rows: Iterable[Mapping[str, Any]], folder: Path) -> None:
    """Print the types of the attributes whose action depends on them.

    `*`: the type that most IODs have at the top level; SOP classes: where theirs differs; eight hexadecimal digits:
    inside the sequence of that tag, the strictest of all IODs.
    """
    tops, nested = _types_by_place({row["tag"] for row in rows if "/" in row["basicProfile"]}, folder)
    usual = {tag: Counter(types.values()).most_common(1)[0][0] for tag, types in tops.items()}
    of_iod: dict[str, str] = {}
    classes = json.loads((folder / "sop_class_iod_map.json").read_text(encoding="utf-8"))
    for uid, iod in classes.items():
        differing = {t: types[iod] for t, types in tops.items() if types.get(iod, usual[t]) != usual[t]}
        of_iod[uid] = _spelled(differing)
    writer = csv.writer(sys.stdout, lineterminator="\n")
    print(
        "# Types (PS3.3; conditional ones as if required) of the attributes whose action in PS3.15 Table E.1-1"
    )
    print("# depends on them. Made by make_types.py.")
    writer.writerow(["scopes", "types"])
    writer.writerow(["*", _spelled(usual)])
    for types in sorted(set(of_iod.values())):
        writer.writerow([" ".join(sorted(uid for uid, own in of_iod.items() if own == types)), types])
    for parent in sorted(nested):
        writer.writerow([parent, _spelled(nested[parent])])


def _types_by_place(
    tags: set[str], folder: Path
) -> tuple[dict[str, dict[str, int]], dict[str, dict[str, int]]]:
    """The types by tag and IOD at the top level, and by sequence and tag inside of it."""
    from pydicom.datadict import tag_for_keyword

    wanted = {pattern(tag) for tag in tags}
    modules = json.loads((folder / "module_attribute_map.json").read_text(encoding="utf-8"))
    tops: dict[str, dict[str, int]] = defaultdict(dict)
    nested: dict[str, dict[str, int]] = defaultdict(dict)
    for iod, used in json.loads((folder / "iod_module_map.json").read_text(encoding="utf-8")).items():
        for attribute in (a for module in used for a in modules.get(module["key"], ())):
            tag = f"{tag_for_keyword(attribute['keyword']) or 0:08X}"
            if tag not in wanted:
                continue
            path = attribute["path"]
            place = nested[f"{tag_for_keyword(path[-1]) or 0:08X}"] if path else tops[tag]
            name = tag if path else iod
            place[name] = min(place.get(name, _OPTIONAL), _TYPES.get(str(attribute["type"]), _OPTIONAL))
    return tops, nested


def _spelled(types: Mapping[str, int]) -> str:
    return " ".join(f"{tag}={kind}" for tag, kind in sorted(types.items()))


def main(table: str, folder: str) -> None:
    """Print the types."""
    write_types(json.loads(Path(table).read_text(encoding="utf-8")), Path(folder))


if __name__ == "__main__":
    main(*sys.argv[1:])

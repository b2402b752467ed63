"""`python -m tests.imaging FOLDER`: a night over a folder of images, told file by file.

Each is indexed or held back, decoded or not, written or held, with the reason; equal digests mean equal pixels.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

from contracts.units import Source
from tests.imaging.nights import image_house, image_night
from tests.imaging.outcomes import outcomes_of


def main(folder: Path) -> int:
    """Make the night in a home that is thrown away, and print a line for each file."""
    with tempfile.TemporaryDirectory() as scratch:
        os.environ.setdefault("NIGHTROUNDS_KEY_DIR", str(Path(scratch) / "keys"))
        house = image_house(Path(scratch))
        house.sources["pacs"] = Source("pacs", "dicom", str(folder.resolve()), authority="pacs")
        image_night(house)
        outcomes = outcomes_of(house)
    width = max(map(len, outcomes), default=4)
    print(f"{'file':{width}}  {'index':15} {'pixels':12}  object")
    for name, outcome in sorted(outcomes.items()):
        print(f"{name:{width}}  {outcome.index:15} {outcome.decoded[:12] or '-':12}  {outcome.object or '-'}")
    return 0


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    raise SystemExit(main(Path(sys.argv[1])))

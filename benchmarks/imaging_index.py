"""The index of images: typed columns of 3,000 headers to Parquet, beside pydicom, dicomsdl, fastdicom and GDCM.

Ours and pydicom must give the same rows, or there is no figure. Imports and the making of the files are not counted.
"""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from statistics import median
from time import process_time
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.dicom_images import write_archive
from benchmarks.figures import Figure
from connectors.dicom.columns import COLUMNS, MOMENTS, read_columns, wanted_elements
from connectors.dicom.instance import UIDS, read_instance, read_instance_plainly
from connectors.dicom.library import quiet_pydicom
from connectors.dicom.recognise import recognise
from connectors.dicom.values import moment_of, uid_of
from contracts.keys import Key
from contracts.protocols import Reading
from contracts.schemas.dicom import INSTANCE
from contracts.units import Source, Unit
from stores.places import LocalPlace

KEY = Key("bench", b"\x07" * 32)
_SOURCE = Source("bench", "dicom", "", "hospital-a")
_UNIT = Unit("bench/file", "bench", "dicom", "digest")
_STATED = {column.name: column.tags[0] for column in COLUMNS if not column.within} | UIDS
"""What peers read: the attribute of each column, as they give it."""
Row = dict[str, Any]
Read = Callable[[Path], Row]


def measure(folder: Path, quick: bool, runs: int) -> list[Figure]:
    """CPU milliseconds a file, ours and the peers', and ours with the whole header as JSON beside the columns."""
    count = 200 if quick else 3_000
    write_archive(folder / "archive", count)
    files = sorted((folder / "archive").rglob("*.dcm"))
    quiet_pydicom()
    _require_same(files)
    ours, full = _typed(folder), _full(folder)
    sides = {"typed": ours, "header": full, **_peers(folder)}
    slow = {"pydicom", "pydicom, values as they come", "gdcm", "slow"}
    times: dict[str, list[float]] = {name: [] for name in sides}
    for side in sides.values():
        side(files[:20])
    for _ in range(runs):
        for name, side in sides.items():
            chosen = files[: max(200, count // 5)] if name in slow else files
            begun = process_time()
            side(chosen)
            times[name].append((process_time() - begun) * 1e3 / len(chosen))
    found = {name: median(values) for name, values in times.items()}
    figures = [
        Figure(
            "image headers to typed columns in Parquet",
            f"{found['typed']:.3f} ms a file",
            f"pydicom, specific_tags {found['pydicom']:.3f} ms",
            found["typed"] / found["pydicom"],
            0.1,
            "at most a tenth",
            dict(times),
        ),
        Figure(
            "the same and the whole header as JSON",
            f"{found['header']:.3f} ms a file",
            f"{found['slow']:.3f} ms by way of pydicom",
            found["header"] / found["slow"],
        ),
    ]
    figures += [
        Figure(
            f"{name}, the same attributes",
            f"{found['typed']:.3f} ms",
            f"{found[name]:.3f} ms",
            found["typed"] / found[name],
        )
        for name in sorted(found.keys() - {"typed", "header", "pydicom", "slow"})
    ]
    return [*figures, _memory(files)]


def _reading(path: Path) -> Reading:
    return Reading(_UNIT, _SOURCE, LocalPlace(path, "bench"), KEY)


def _typed(folder: Path) -> Callable[[list[Path]], None]:
    return lambda files: _write(folder, [_ours(path, dumped=False) for path in files])


def _full(folder: Path) -> Callable[[list[Path]], None]:
    return lambda files: _write(folder, [_ours(path, dumped=True) for path in files])


def _ours(path: Path, *, dumped: bool) -> Row:
    row = read_instance_plainly(_reading(path), dumped=dumped)
    if row is None:
        raise ValueError("a file of the benchmark is not plainly written")
    return row


def _by_way_of_pydicom(path: Path) -> Row:
    reading = _reading(path)
    opening = recognise(reading.place)
    row = read_instance(reading, opening) if opening else None
    if row is None:
        raise ValueError("a file of the benchmark is no image")
    return row


def _write(folder: Path, rows: list[Row]) -> None:
    pq.write_table(pa.Table.from_pylist(rows, schema=INSTANCE), folder / "ours.parquet", compression="zstd")


def _require_same(files: list[Path]) -> None:
    for path in files[:: max(1, len(files) // 100)]:
        ours = _ours(path, dumped=True)
        if ours != _by_way_of_pydicom(path):
            raise ValueError("the two readers give different rows")
        if any(ours[name] != value for name, value in _pydicom(path).items()):
            raise ValueError("pydicom gives other values")


def _peers(folder: Path) -> dict[str, Callable[[list[Path]], None]]:
    """The peers that are installed; pydicom always is."""
    sides: dict[str, Callable[[list[Path]], None]] = {
        "pydicom": lambda files: _write_plain(folder, [_pydicom(path) for path in files]),
        "pydicom, values as they come": lambda files: _write_plain(
            folder, [_pydicom_raw(path) for path in files]
        ),
        "slow": lambda files: _write(folder, [_by_way_of_pydicom(path) for path in files]),
    }
    for name, make in (("dicomsdl", _dicomsdl), ("fastdicom", _fastdicom)):
        try:
            read = make()
        except ImportError:
            continue
        sides[name] = lambda files, read=read: _write_plain(folder, [read(path) for path in files])  # type: ignore[misc]
    with suppress(ImportError):
        sides["gdcm"] = _gdcm()
    return sides


def _write_plain(folder: Path, rows: list[Row]) -> None:
    columns = {name: [row.get(name) for row in rows] for name in rows[0]}
    pq.write_table(
        pa.table({n: pa.array(c) for n, c in columns.items()}), folder / "peer.parquet", compression="zstd"
    )


def _pydicom(path: Path) -> Row:
    """The same columns as ours, value for value."""
    from pydicom import dcmread

    dataset = dcmread(path, stop_before_pixels=True, specific_tags=_TAGS)
    row = read_columns(dataset)
    row |= {name: moment_of(dataset, *pair) for name, pair in MOMENTS.items()}
    return row | {name: uid_of(dataset, tag) for name, tag in UIDS.items()}


def _pydicom_raw(path: Path) -> Row:
    from pydicom import dcmread

    dataset: Any = dcmread(path, stop_before_pixels=True, specific_tags=_TAGS)
    row = {}
    for name, tag in _STATED.items():
        element = dataset.get(tag)
        row[name] = None if element is None else _plain(element.value)
    return row


_TAGS = sorted({*wanted_elements(), *UIDS.values(), *(tag for pair in MOMENTS.values() for tag in pair)})


def _plain(value: Any) -> Any:
    if value is None or value == "":
        return None
    if isinstance(value, str):
        return str(value)
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return float(value)
    return [_plain(one) for one in value]


def _keywords() -> dict[str, str]:
    from pydicom.datadict import keyword_for_tag

    return {name: keyword_for_tag(tag) for name, tag in _STATED.items()}


def _dicomsdl() -> Read:
    import dicomsdl

    keywords = _keywords()

    def read(path: Path) -> Row:
        dataset = dicomsdl.open(str(path))
        return {name: getattr(dataset, keyword, None) for name, keyword in keywords.items()}

    return read


def _fastdicom() -> Read:
    import fastdicom

    keywords = _keywords()

    def read(path: Path) -> Row:
        dataset = fastdicom.dcmread(str(path), stop_before_pixels=True)
        return {name: dataset.get(keyword, None) for name, keyword in keywords.items()}

    return read


def _gdcm() -> Callable[[list[Path]], None]:
    import gdcm

    def scan(files: list[Path]) -> None:
        scanner = gdcm.Scanner()
        for tag in sorted(set(_STATED.values())):
            scanner.AddTag(gdcm.Tag(tag >> 16, tag & 0xFFFF))
        names = gdcm.FilenamesType()
        for path in files:
            names.append(str(path))
        if not scanner.Scan(names):
            raise ValueError("GDCM could not scan the files")

    return scan


def _memory(files: list[Path]) -> Figure:
    """What ten times the files add to what reading remembers."""
    peaks = []
    tracemalloc.start()
    try:
        for share in (len(files) // 10, len(files)):
            tracemalloc.reset_peak()
            for path in files[:share]:
                _ours(path, dumped=True)
            peaks.append(tracemalloc.get_traced_memory()[1] / 2**20)
    finally:
        tracemalloc.stop()
    return Figure(
        "memory of reading headers, ten times the files",
        f"{peaks[1]:.1f} MiB",
        f"{peaks[0]:.1f} MiB",
        peaks[1] - peaks[0],
        32.0,
        "at most 32 MiB more",
    )

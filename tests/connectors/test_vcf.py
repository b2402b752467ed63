"""The VCF connector against a plain-text parser of the test's own, and against every broken file of the samples."""

from __future__ import annotations

import gzip
import pickle
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.vcf import VcfConnector
from connectors.vcf.samples import person_parts
from contracts.errors import Rejected
from contracts.keys import Key
from contracts.protocols import Reading
from contracts.schemas import REJECTED
from contracts.schemas.vcf import TABLES, column_name
from contracts.units import WHOLE, Source, Unit
from stores.places import LocalPlace
from tests.accounts import accounted

KEY = Key("test", bytes(range(32)))
HEAD = (
    '##fileformat=VCFv4.3\n##contig=<ID=1,length=249250621>\n##FILTER=<ID=q10,Description="low">\n'
    '##INFO=<ID=DP,Number=1,Type=Integer,Description="depth">\n'
    '##INFO=<ID=AF,Number=A,Type=Float,Description="frequency">\n'
    '##INFO=<ID=DB,Number=0,Type=Flag,Description="known">\n'
    '##INFO=<ID=NOTE,Number=1,Type=String,Description="a note">\n'
    '##FORMAT=<ID=GT,Number=1,Type=String,Description="genotype">\n'
    '##FORMAT=<ID=GQ,Number=1,Type=Integer,Description="quality">\n'
    '##FORMAT=<ID=XF,Number=.,Type=Float,Description="floats">\n'
)
COLUMNS = "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO"


def _reading(path: Path) -> Reading:
    unit = Unit("lab/0123", "lab", "vcf", size=path.stat().st_size)
    return Reading(unit, Source("lab", "vcf", str(path), authority="lab-a"), LocalPlace(path, "lab"), KEY)


def _read(path: Path) -> tuple[dict[str, Any], list[dict[str, Any]], list[dict[str, Any]], int]:
    """The file's row, its records, the rejected ones, and the sum of digests."""
    reading, connector = _reading(path), VcfConnector()
    found: dict[str, list[dict[str, Any]]] = {"vcf.file": [], "vcf.record": [], "rejected": []}
    for part in connector.parts(reading):
        for table, batch in accounted(connector.read(reading, part)):
            batch.validate(full=True)
            found[table].extend(batch.to_pylist())
    (file,) = found["vcf.file"]
    total = sum(row["_digest"] for row in [file, *found["vcf.record"]]) % (1 << 63)
    return file, found["vcf.record"], found["rejected"], total


def _write(path: Path, *lines: str, head: str = HEAD, samples: tuple[str, ...] = ("S1", "S2")) -> Path:
    columns = "\t".join([COLUMNS, *(["FORMAT", *samples] if samples else [])])
    path.write_text(head + columns + "\n" + "".join(line + "\n" for line in lines))
    return path


# --- the test's own parser -------------------------------------------------------------------------------------------


def _expect(path: Path) -> Iterator[dict[str, Any]]:
    data = path.read_bytes()
    lines = (gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data).decode().splitlines()
    info, calls = _declared(lines, "INFO"), _declared(lines, "FORMAT")
    width = len(next(line for line in lines if line.startswith("#CHROM")).split("\t")) - 9
    for number, line in enumerate(line for line in lines if line and not line.startswith("#")):
        cells = line.split("\t")
        row: dict[str, Any] = {column_name("info", i, k, s): None for i, (k, s) in info.items()}
        if width > 0:
            row |= {column_name("format", i, k, s): None for i, (k, s) in calls.items() if i != "GT"}
        row |= {"_record": number, "contig": cells[0], "position": int(cells[1]), "reference": cells[3]}
        row["identifiers"] = None if cells[2] == "." else cells[2].split(";")
        row["alternates"] = [] if cells[4] == "." else cells[4].split(",")
        row["quality"] = None if cells[5] == "." else float(np.float32(cells[5]))
        row["filters"] = {".": None, "PASS": []}.get(cells[6], cells[6].split(";"))
        stated = dict(item.partition("=")[::2] for item in cells[7].split(";") if item != ".")
        row["end_position"] = int(stated.get("END") or row["position"] + len(cells[3]) - 1)
        for field_id, text in stated.items():
            row[column_name("info", field_id, *info[field_id])] = _value(text, *info[field_id])
        row |= _expect_calls(cells, calls, width)
        yield row


def _expect_calls(cells: list[str], calls: dict[str, tuple[str, bool]], width: int) -> dict[str, Any]:
    row: dict[str, Any] = {"genotype": None, "phased": None}
    keys = cells[8].split(":") if width > 0 else []
    samples = [cell.split(":") + ["."] * len(keys) for cell in cells[9:]]
    for position, key in enumerate(keys):
        texts = [sample[position] for sample in samples]
        if key == "GT":
            row["genotype"] = [[None if a == "." else int(a) for a in re.split(r"[/|]", t)] for t in texts]
            row["phased"] = [None if t == "." else "/" not in t for t in texts]
        elif key != ".":
            row[column_name("format", key, *calls[key])] = [_value(text, *calls[key]) for text in texts]
    return row


def _declared(lines: list[str], place: str) -> dict[str, tuple[str, bool]]:
    found = {}
    for line in lines:
        if line.startswith(f"##{place}="):
            kind, number = re.search(r"Type=(\w+)", line), re.search(r"Number=([^,>]+)", line)
            name = re.search(r"<ID=([^,]+)", line)
            assert kind and number and name
            found[name[1]] = (kind[1], number[1] == "1")
    return found


def _value(text: str, kind: str, scalar: bool) -> Any:
    if kind == "Flag":
        return True
    texts = [text] if scalar else text.split(",")
    makers: dict[str, Callable[[str], Any]] = {"Integer": int, "Float": lambda t: float(np.float32(t))}
    make = makers.get(kind, str)
    values = [None if t == "." else make(t) for t in texts]
    return values[0] if scalar else values


def _without_digest(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{name: value for name, value in row.items() if name != "_digest"} for row in rows]


# --- real files ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["field_type_combos", "mixed_ploidy", "out_of_order_contigs", "chr22", "1kg_2020_chrM"]
)
def test_every_cell_equals_a_plain_text_parse(shared: Path, name: str) -> None:
    path = shared / f"data/vcf/real/{name}.vcf.gz"
    _, records, rejected, _ = _read(path)
    assert not rejected
    assert _without_digest(records) == list(_expect(path))


def test_counts_of_the_real_files(shared: Path) -> None:
    real = shared / "data/vcf/real"
    for name, count, samples in [
        ("field_type_combos", 208, 2),
        ("chr22", 100, 100),
        ("out_of_order_contigs", 4, 0),
    ]:
        file, records, _, _ = _read(real / f"{name}.vcf.gz")
        assert (len(records), len(file["samples"])) == (count, samples)
    file, records, rejected, total = _read(real / "empty.vcf")
    assert (records, rejected, file["format_version"], file["_record"]) == ([], [], "VCFv4.2", -1)
    assert total == file["_digest"]


def test_vcf_and_bcf_of_the_same_records_are_the_same_content(shared: Path) -> None:
    text, binary = (_read(shared / f"data/vcf/real/1kg_2020_chrM.{suffix}") for suffix in ("vcf.gz", "bcf"))
    assert text[3] == binary[3]
    assert text[1] == binary[1] and len(text[1]) == 23


def test_all_records_of_a_gvcf_in_bounded_batches(shared: Path) -> None:
    path = shared / "data/vcf/real/NA12878.prod.chr20snippet.g.vcf.gz"
    body = gzip.decompress(path.read_bytes()).decode().splitlines()
    lines = (line.split("\t") for line in body if not line.startswith("#"))
    count = 0
    for table, batch in accounted(VcfConnector().read(_reading(path), WHOLE)):
        if table == "vcf.file":
            continue
        assert table == "vcf.record" and batch.num_rows <= 20_000
        depths = batch["format_DP"].flatten().to_pylist()
        for position, end, depth in zip(
            batch["position"].to_pylist(), batch["end_position"].to_pylist(), depths, strict=True
        ):
            cells = next(lines)
            keys = dict(zip(cells[8].split(":"), cells[9].strip().split(":"), strict=False))
            stated = re.search(r"(?:^|;)END=(\d+)", cells[7])
            assert position == int(cells[1])
            assert end == (int(stated[1]) if stated else position + len(cells[3]) - 1)
            assert depth == (int(keys["DP"]) if keys.get("DP", ".") != "." else None)
        count += batch.num_rows
    assert count == 301_778 and next(lines, None) is None


def test_every_valid_sample_file_is_read_in_full(shared: Path) -> None:
    paths = sorted((shared / "data/vcf/passed").rglob("*.vcf"))
    assert len(paths) == 78
    for path in paths:
        _, records, rejected, _ = _read(path)
        body = [line for line in path.read_bytes().splitlines() if line.strip() and not line.startswith(b"#")]
        assert not rejected and len(records) == len(body), path.name


def test_no_broken_sample_file_crashes_or_loses_a_record(shared: Path) -> None:
    paths = sorted((shared / "data/vcf/failed").rglob("*.vcf"))
    assert len(paths) == 599
    told: list[tuple[str, bool]] = []
    for path in paths:
        try:
            _, records, rejected, _ = _read(path)
        except Rejected as error:
            told.append((error.reason, path.name in str(error)))
            continue
        body = path.read_bytes().partition(b"\n#CHROM")[2].splitlines()[1:]
        assert len(records) + len(rejected) == sum(1 for line in body if line.strip()), path.name
        assert sorted(r["_record"] for r in [*records, *rejected]) == list(
            range(len(records) + len(rejected))
        )
    assert set(told) == {("malformed-header", False), ("empty-file", False)} and len(told) < 60


# --- single rules ----------------------------------------------------------------------------------------------------


def test_a_malformed_record_is_rejected_alone(tmp_path: Path) -> None:
    path = _write(
        tmp_path / "a.vcf",
        "1\t10\t.\tA\tC\t.\tPASS\tDP=1\tGT\t0/1\t0|1",
        "1\tten\t.\tA\tC\t.\tPASS\tDP=2\tGT\t0/1\t0|1",
        "1\t12\t.\tA\tC\t.\tPASS\tDP=3\tGT\t0/1",
        "1\t13\t.\tA\tC\t.\tPASS\tDP=4\tGT\t0/1\t1/1\t1/1",
        "1\t14\t.\tA\tC\t.\tPASS\tDP=5;DP=6\tGT\t0/1\t1/1",
        "1\t15\t.\tA\tC\t.\tPASS\tDP=7\tGT\t0/1\t1/1",
    )
    _, records, rejected, _ = _read(path)
    assert [(r["_record"], r["info_DP"]) for r in records] == [(0, 1), (5, 7)]
    assert [(r["_record"], r["reason"], r["where"]) for r in rejected] == [
        (1, "malformed-record", "line 13"),
        (2, "malformed-record", "line 14"),
        (3, "malformed-value", "line 15 number of columns"),
        (4, "duplicate-field", "line 16 INFO"),
    ]
    assert rejected[0]["payload"].startswith(b"1\tten")


@pytest.mark.parametrize(
    ("quality", "info", "call", "where"),
    [
        ("high", "DP=1", "0/1:1:0.5", "QUAL"),
        (".", "DP=many", "0/1:1:0.5", "INFO/DP"),
        (".", "DP=3000000000", "0/1:1:0.5", "INFO/DP"),
        (".", "AF=0.1.2", "0/1:1:0.5", "INFO/AF"),
        (".", "DP=1", "0/1:3000000000:0.5", "FORMAT/GQ"),
    ],
)
def test_a_number_that_htslib_would_change_is_rejected(
    tmp_path: Path, quality: str, info: str, call: str, where: str
) -> None:
    path = _write(tmp_path / "a.vcf", f"1\t10\t.\tA\tC\t{quality}\tPASS\t{info}\tGT:GQ:XF\t{call}\t.")
    _, records, rejected, _ = _read(path)
    assert not records
    assert [(r["reason"], r["where"]) for r in rejected] == [("malformed-value", f"line 12 {where}")]


def test_several_values_of_a_single_field_are_kept_in_a_list(tmp_path: Path) -> None:
    lines = ["1\t1\t.\tA\tC\t.\t.\tDP=1,2;NOTE=a,b\tGQ\t3\t4,5", "1\t2\t.\tA\tC\t.\t.\tDP=9\tGQ\t6\t."]
    _, records, _, _ = _read(_write(tmp_path / "a.vcf", *lines))
    assert [(r["info_DP"], r["info_DP_integer_list"]) for r in records] == [(None, [1, 2]), (9, None)]
    assert [r["info_NOTE_string"] for r in records] == ["a,b", None]
    assert [r["format_GQ"] for r in records] == [None, [6, None]]
    assert records[0]["format_GQ_integer_list"] == [[3], [4, 5]]


def test_undeclared_fields_are_kept_as_text(tmp_path: Path) -> None:
    line = "1\t1\t.\tA\tC\t.\tnew\tZZ.z=7;DP=1\tGT:QQ\t0/1:5\t.:."
    (record,) = _read(_write(tmp_path / "a.vcf", line))[1]
    assert (record["info_ZZ_x2E_z_string"], record["format_QQ_string"], record["filters"]) == (
        "7",
        ["5", None],
        ["new"],
    )


def test_a_column_carries_its_type_unless_the_standard_has_it() -> None:
    assert column_name("info", "AF", "Float", False) == "info_AF"
    assert column_name("info", "AF", "String", True) == "info_AF_string"
    assert column_name("format", "AD", "Integer", False) == "format_AD"
    assert column_name("info", "XYZ", "Float", False) == "info_XYZ_float_list"
    assert column_name("info", "MY", "Flag", False) == "info_MY_flag"


@pytest.mark.parametrize("kept", [0.3, 0.99])
@pytest.mark.parametrize("name", ["chr22.vcf.gz", "1kg_2020_chrM.bcf"])
def test_a_cut_off_file_is_rejected_as_a_whole(shared: Path, tmp_path: Path, name: str, kept: float) -> None:
    data = (shared / "data/vcf/real" / name).read_bytes()
    path = tmp_path / name
    path.write_bytes(data[: int(len(data) * kept)])
    with pytest.raises(Rejected, match="truncated-file"):
        _read(path)
    path.write_bytes(data[:-28])  # bgzip's end marker alone
    with pytest.raises(Rejected, match="truncated-file"):
        _read(path)


def test_plain_gzip_is_read_and_its_cut_or_damage_found(tmp_path: Path) -> None:
    lines = [f"1\t{n}\t.\tA\tC\t{n}.5\tPASS\tDP={n}\tGT\t0/1\t0|1" for n in range(1, 5001)]
    plain = _write(tmp_path / "a.vcf", *lines)
    packed = tmp_path / "b.vcf.gz"
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    assert _read(packed)[3] == _read(plain)[3] and len(_read(packed)[1]) == 5000
    data = packed.read_bytes()
    packed.write_bytes(data[:-2000])
    with pytest.raises(Rejected, match="truncated-file"):
        _read(packed)
    packed.write_bytes(data[:-8] + b"\0\0\0\0" + data[-4:])
    with pytest.raises(Rejected, match="corrupt-gzip"):
        _read(packed)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "empty-file"),
        ("hello\n", "malformed-header"),
        ("##fileformat=VCFv4.3\n", "malformed-header"),
        (HEAD + COLUMNS + "\tFORMAT\tS1\tS1\n", "malformed-header"),
    ],
)
def test_a_file_without_a_header_is_rejected_without_its_name(tmp_path: Path, text: str, reason: str) -> None:
    path = tmp_path / "Quiverton_Anna.vcf"
    path.write_text(text)
    with pytest.raises(Rejected) as caught:
        _read(path)
    assert caught.value.reason == reason and "Quiverton" not in str(caught.value)
    assert pickle.loads(pickle.dumps(caught.value)).reason == reason
    assert [finding.rule for finding in VcfConnector().check(LocalPlace(path))] == [reason]


def test_crlf_and_blank_lines_are_no_records(tmp_path: Path) -> None:
    plain = _write(tmp_path / "a.vcf", "1\t1\t.\tA\tC\t.\tPASS\tDP=1\tGT\t0/1\t0|1", "", "")
    dos = tmp_path / "b.vcf"
    dos.write_bytes(plain.read_bytes().replace(b"\n", b"\r\n"))
    for path in (plain, dos):
        _, records, rejected, _ = _read(path)
        assert len(records) == 1 and not rejected
        assert records[0]["genotype"] == [[0, 1], [0, 1]]
    assert _read(plain)[3] == _read(dos)[3]


def test_who_is_in_a_file(tmp_path: Path) -> None:
    path = _write(tmp_path / "a.vcf", samples=("Anna_Quiverton", "HG00096"))
    first, second = VcfConnector().identities(_reading(path))
    assert (first.authority, first.identifier, first.system, first.kind) == (
        "lab-a",
        "Anna_Quiverton",
        "",
        "vcf",
    )
    assert first.traits == {"identifier": ("Anna_Quiverton",), "name": ("Anna", "Quiverton")}
    assert second.traits == {"identifier": ("HG00096",)}
    assert person_parts("QUIVERTON^ANNA^M") == ("QUIVERTON", "ANNA")
    for name in ("tumor_sample", "S1", "NA12878", "AB_12x", "blood-DNA", "SAMPLE"):
        assert person_parts(name) == ()


def test_preflight_names_lines_fields_and_rules(tmp_path: Path) -> None:
    path = _write(
        tmp_path / "a.vcf",
        "1\tten\t.\tA\tC\t.\tPASS\tDP=2\tGT\t0/1\t0|1",
        "2\t3\t.\tA\tC\t.\tPASS\tZZ=2\tGT\t0/1\t0|1",
        head=HEAD.replace("VCFv4.3", "VCFv3.3"),
    )
    found = [(f.severity, f.rule, f.where) for f in VcfConnector().check(LocalPlace(path))]
    assert found == [
        ("warning", "other-version", "line 1"),
        ("error", "malformed-record", "line 12"),
        ("warning", "undeclared-field", "INFO/ZZ"),
        ("warning", "undeclared-contig", "contig/2"),
        ("info", "count", ""),
    ]


def test_indexes_are_no_units(shared: Path, tmp_path: Path) -> None:
    for path in (shared / "data/vcf/real").iterdir():
        shutil.copy(path, tmp_path / path.name)
    listed = VcfConnector().discover(Source("lab", "vcf", str(tmp_path)), "").listed
    assert len(listed) == 8 and all(one.path.endswith((".vcf", ".vcf.gz", ".bcf")) for one in listed)


def test_the_tables_are_as_declared(shared: Path) -> None:
    for table, batch in accounted(
        VcfConnector().read(_reading(shared / "data/vcf/real/chr22.vcf.gz"), WHOLE)
    ):
        schema = TABLES.get(table, REJECTED)
        for declared in schema:
            assert batch.schema.field(declared.name).type == declared.type
        assert (batch.schema.metadata or {}).get(b"counts") == (b"no" if table == "vcf.file" else None)


def test_importing_the_connector_brings_no_pysam() -> None:
    code = "import sys, connectors.vcf; sys.exit('pysam' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


# --- generated files -------------------------------------------------------------------------------------------------

_integers = st.one_of(st.just("."), st.integers(-(2**31) + 8, 2**31 - 1).map(str))
_floats = st.one_of(
    st.just("."), st.floats(width=32, allow_nan=False, allow_infinity=False).map(lambda x: repr(float(x)))
)
_words = st.text("abcXYZ%|()-", min_size=1, max_size=6)
_genotypes = st.lists(st.sampled_from(["0", "1", "."]), min_size=1, max_size=3).flatmap(
    lambda alleles: st.sampled_from("/|").map(lambda separator: separator.join(alleles))
)


@st.composite
def _records(draw: st.DrawFn) -> str:
    alternates = draw(st.sampled_from([".", "C", "C,<DEL>", "*,G,<NON_REF>"]))
    info = []
    if draw(st.booleans()):
        info.append(f"DP={draw(_integers)}")
    if draw(st.booleans()):
        info.append("AF=" + ",".join(draw(st.lists(_floats, min_size=1, max_size=4))))
    if draw(st.booleans()):
        info.append("DB")
    if draw(st.booleans()):
        info.append(f"NOTE={draw(_words)}")
    filters = draw(st.sampled_from([".", "PASS", "q10"]))
    fixed = [
        "1",
        str(draw(st.integers(1, 249_250_621))),
        draw(st.sampled_from([".", "rs1", "rs1;rs2"])),
        "AT",
    ]
    calls = [
        f"{draw(_genotypes)}:{draw(_integers)}:{','.join(draw(st.lists(_floats, min_size=1, max_size=3)))}"
        for _ in range(2)
    ]
    return "\t".join([*fixed, alternates, draw(_floats), filters, ";".join(info) or ".", "GT:GQ:XF", *calls])


@given(st.lists(_records(), max_size=5))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_generated_files_equal_a_plain_text_parse(tmp_path: Path, lines: list[str]) -> None:
    path = _write(tmp_path / "generated.vcf", *lines)
    _, records, rejected, total = _read(path)
    assert not rejected
    assert _without_digest(records) == list(_expect(path))
    packed = tmp_path / "generated.vcf.gz"
    packed.write_bytes(gzip.compress(path.read_bytes()))
    assert _read(packed)[3] == total


def test_a_batch_is_bounded_by_cells(tmp_path: Path) -> None:
    samples = tuple(f"P{n:04}" for n in range(2000))
    calls = "\t".join(["0/1:9"] * len(samples))
    lines = [f"1\t{n}\t.\tA\tC\t.\tPASS\t.\tGT:GQ\t{calls}" for n in range(1, 151)]
    path = _write(tmp_path / "wide.vcf", *lines, samples=samples)
    sizes = [
        b.num_rows for t, b in accounted(VcfConnector().read(_reading(path), WHOLE)) if t == "vcf.record"
    ]
    assert sizes == [100, 50]


def test_float_bits_are_kept(tmp_path: Path) -> None:
    path = _write(tmp_path / "a.vcf", "1\t1\t.\tA\tC\t58104.62\tPASS\tAF=0.123456789\tXF\t1e-40,.\t.")
    batch = next(b for t, b in accounted(VcfConnector().read(_reading(path), WHOLE)) if t == "vcf.record")
    assert batch["quality"].to_numpy().view(np.uint32)[0] == np.float32("58104.62").view(np.uint32)
    assert batch["info_AF"].type == pa.list_(pa.float32())
    assert batch["info_AF"].flatten().to_numpy().view(np.uint32)[0] == np.float32("0.123456789").view(
        np.uint32
    )
    assert batch["format_XF_float_list"].to_pylist() == [[[float(np.float32("1e-40")), None], [None]]]

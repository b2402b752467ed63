"""Reference sequences: FASTA files with an index (`samtools faidx`), read where they lie."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import numpy as np

from contracts.errors import Fatal
from tasks.vcf.assembly import detect_assembly
from tasks.vcf.contigs import harmonise_contig

_ASSEMBLIES = {
    "reference_grch37": "GRCh37",
    "reference_grch38": "GRCh38",
    "reference_t2t": "T2T-CHM13v2.0",
    "reference": "",
}
"""Options of a source that name a FASTA file, and the assembly that it is for ("": files of no known assembly)."""
CHECK = "check_reference"
_CHECKS = ("tell", "reject")
_CONTIG = re.compile(r"##contig=<(.*)>")
_MD5 = re.compile(r"(?:^|,)(?:md5|M5)=\"?([0-9a-fA-F]{32})\"?(?:,|$)")
_ID = re.compile(r"(?:^|,)ID=([^,>]+)")
_STEP = 1 << 24


@dataclass(frozen=True)
class Reference:
    """One FASTA file.

    Attributes:
        data: its bytes, mapped.
        rows: by harmonised name, the row of `contigs`.
        contigs: int64 (contigs, 4): where the first base lies, bases and bytes of a line, length.
    """

    data: np.ndarray = field(repr=False)
    rows: Mapping[str, int] = field(repr=False)
    contigs: np.ndarray = field(repr=False)
    _sums: dict[int, str] = field(default_factory=dict, repr=False)

    def md5(self, row: int) -> str:
        """The MD5 of a sequence in capitals without breaks, as SAM headers and `##contig` state it."""
        if row not in self._sums:
            place, bases, size, length = (int(value) for value in self.contigs[row])
            stop = place + length // bases * size + length % bases
            digest = hashlib.md5(usedforsecurity=False)
            for begin in range(place, stop, _STEP):
                text = bytes(self.data[begin : min(stop, begin + _STEP)])
                digest.update(text.translate(None, b"\r\n").upper())
            self._sums[row] = digest.hexdigest()
        return self._sums[row]


@dataclass(frozen=True)
class FileReference:
    """The reference of one file, without the sequences that are others in the file.

    Attributes:
        reference: the FASTA file.
        rows: by harmonised name the row of the reference's contigs.
    """

    reference: Reference
    rows: Mapping[str, int]


@dataclass(frozen=True)
class Referring:
    """What a source's options say of references.

    Attributes:
        paths: FASTA files by assembly, "" for files of no known assembly.
        rejects: whether a record whose REF is not the reference's is held back.
    """

    paths: Mapping[str, Path]
    rejects: bool

    def of_file(
        self, assembly: str | None, contigs: Mapping[str, int | None], header: str
    ) -> FileReference | None:
        """The reference for a file; None where there is none.

        A contig is left out whose length or MD5, where the header states them, is not the reference's.

        Args:
            assembly: what the file is called against, if known.
            contigs: the lengths that its header states.
            header: the header as it stands.
        """
        path = self.paths.get(assembly or "") or self.paths.get("")
        if path is None:
            return None
        reference = open_reference(path)
        sums, rows = _stated_sums(header), dict(reference.rows)
        for stated, length in contigs.items():
            name = harmonise_contig(stated, length)
            row = rows.get(name)
            if row is None:
                continue
            other_length = length and length != reference.contigs[row][3]
            if other_length or (stated in sums and sums[stated] != reference.md5(row)):
                del rows[name]
        return FileReference(reference, rows)

    def version(self) -> str:
        """Tells versions of the references apart, for the recipe: their indexes, sizes and times."""
        digest = hashlib.sha256(str(self.rejects).encode())
        for assembly, path in sorted(self.paths.items()):
            stat = path.stat()
            digest.update(f"{assembly} {stat.st_size} {stat.st_mtime_ns}".encode() + _index_of(path))
        return digest.hexdigest()[:16]


def read_options(options: Mapping[str, str]) -> Referring:
    """What a source's options say.

    Raises:
        Fatal: a file or its index is missing, not FASTA, or of another assembly than its option says.
    """
    check = options.get(CHECK, _CHECKS[0])
    if check not in _CHECKS:
        raise Fatal("not an option of VCF", CHECK, " or ".join(_CHECKS))
    paths = {}
    for option, assembly in _ASSEMBLIES.items():
        if option in options:
            path = Path(options[option]).expanduser()
            if not path.is_file():
                raise Fatal("there is no such file", option, "a FASTA file with its index")
            found = detect_assembly(_lengths(_index_of(path)))
            if assembly and found not in {assembly, None}:
                raise Fatal(f"the reference is {found}", option, f"a FASTA file of {assembly}")
            paths[assembly] = path
    return Referring(paths, check == "reject")


def open_reference(path: Path) -> Reference:
    """The FASTA file, opened once a process and version of it."""
    stat = path.stat()
    return _open(path, stat.st_size, stat.st_mtime_ns)


@lru_cache(maxsize=8)
def _open(path: Path, size: int, _modified: int) -> Reference:
    names, rows = [], []
    for line in _index_of(path).decode("ascii", "replace").splitlines():
        name, length, place, bases, width = line.split("\t")[:5]
        names.append(harmonise_contig(name, int(length)))
        rows.append((int(place), int(bases), int(width), int(length)))
    contigs = np.array(rows, dtype=np.int64).reshape(-1, 4)
    ends = contigs[:, 0] + (contigs[:, 3] - 1) // contigs[:, 1] * contigs[:, 2] + 1
    if len(contigs) and (ends.max() > size or contigs[:, 1].min() < 1):
        raise Fatal("the index is not that of the file", "reference", "samtools faidx makes it anew")
    data = np.memmap(path, np.uint8, "r")
    if not len(data) or data[0] != ord(">"):
        raise Fatal("the reference is not plain FASTA", "reference", "bgzip -d, then samtools faidx")
    return Reference(data, {name: row for row, name in reversed(list(enumerate(names)))}, contigs)


def _index_of(path: Path) -> bytes:
    index = path.with_name(path.name + ".fai")
    if not index.is_file():
        raise Fatal("the reference has no index beside it", "reference", "samtools faidx makes it")
    return index.read_bytes()


def _lengths(index: bytes) -> list[tuple[str, int]]:
    rows = [line.split("\t") for line in index.decode("ascii", "replace").splitlines()]
    return [(row[0], int(row[1])) for row in rows]


def _stated_sums(header: str) -> dict[str, str]:
    found = {}
    for line in header.splitlines():
        match = _CONTIG.fullmatch(line)
        name, md5 = (_ID.search(match[1]), _MD5.search(match[1])) if match else (None, None)
        if name and md5:
            found[name[1]] = md5[1].lower()
    return found

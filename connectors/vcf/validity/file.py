"""Judging a file from its path: text, gzip, bgzip or BCF, in bounded memory."""

from __future__ import annotations

import gzip
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, cast

from connectors.vcf.raw import GZIP_MAGIC, RawFile, open_raw, telling_damage
from connectors.vcf.validity.header import Header, judge_header
from connectors.vcf.validity.judge import NO_RECORD, RecordsJudge
from connectors.vcf.validity.rules import Found, Verdict
from connectors.vcf.validity.screened import split_lines
from connectors.vcf.validity.tally import Tally
from contracts.errors import Rejected

CHUNK_BYTES = 4 << 20
_SMALL = 1 << 20
_HEADER_LIMIT = 64 << 20
_TO_TEXT = "import sys, pysam.bcftools as b; b.view('-H', '--no-version', sys.argv[1], catch_stdout=False)"


@dataclass
class FileJudged:
    """What is said of a file.

    Attributes:
        is_bcf: whether places are records, not lines.
        header: what its header declares, and what is wrong with it.
        tally: findings of header and records, grouped.
        records: how many records were looked at.
        rejected: how many of them are not to be read.
        stopped: whether the header forbids reading on.
    """

    is_bcf: bool
    header: Header
    tally: Tally = field(default_factory=Tally)
    records: int = 0
    rejected: int = 0
    stopped: bool = False

    @property
    def verdict(self) -> Verdict:
        """The gravest verdict."""
        return max((group.verdict for group in self.tally.groups()), default=Verdict.ADVICE)


def judge_file(path: Path, *, strict: bool = False) -> FileJudged:
    """Judge a file.

    Raises:
        Rejected: it is empty, cut off or damaged: `empty-file`, `truncated-file`, `corrupt-gzip`, `corrupt-bcf`.
    """
    try:
        with open_raw(path) as raw:
            return _judge_raw(path, raw, strict=strict)
    except Rejected as rejected:
        if rejected.reason != "malformed-header":
            raise
    return _stopped(False, judge_header(lines_of_header(path)))


def stops(header: Header, *, strict: bool) -> bool:
    """Whether a header forbids that the file is read."""
    return header.verdict >= (Verdict.NONCONFORMANT if strict else Verdict.INVALID)


def _stopped(is_bcf: bool, header: Header) -> FileJudged:
    judged = FileJudged(is_bcf, header, stopped=True)
    judged.tally.add(header.findings)
    return judged


def _judge_raw(path: Path, raw: RawFile, *, strict: bool) -> FileJudged:
    header = judge_header(raw.header)
    if not header.readable:
        return _stopped(raw.is_bcf, header)
    judge = RecordsJudge(header, strict=strict)
    judge.tally.add(header.findings)
    judged = FileJudged(raw.is_bcf, header, judge.tally, stopped=stops(header, strict=strict))
    with telling_damage(), _text(path, raw) as stream:
        first = 1 if raw.is_bcf else raw.header_lines + 1
        for chunk in _chunks(stream):
            if not judged.records and len(chunk) > _SMALL:
                judge.compile()
            lines = split_lines(chunk, first)
            found = judge.judge(lines)
            judged.records += int((found.verdicts != NO_RECORD).sum())
            judged.rejected += len(found.rejected)
            first += len(lines.starts)
            ended = chunk.endswith(b"\n")
    if not (raw.is_bcf or (ended if judged.records else raw.header.endswith(b"\n"))):
        judge.tally.add([Found("file-last-line", 0)])
    return judged


def _chunks(stream: BinaryIO) -> Iterator[bytes]:
    """Whole lines, some MiB at a time; a longer line comes alone."""
    rest: list[bytes] = []
    while block := stream.read(CHUNK_BYTES):
        end = block.rfind(b"\n") + 1
        if end:
            yield b"".join([*rest, block[:end]])
            rest = [block[end:]] if end < len(block) else []
        else:
            rest.append(block)
    if rest:
        yield b"".join(rest)


@contextmanager
def _text(path: Path, raw: RawFile) -> Iterator[BinaryIO]:
    """The records as text: the file's own, or, for BCF, what bcftools writes in a child process."""
    if not raw.is_bcf:
        yield raw.stream
        return
    command = [sys.executable, "-c", _TO_TEXT, str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as child:
        yield cast(BinaryIO, child.stdout)
        if child.wait():
            for _ in raw.records():  # tells where it is damaged
                pass
            raise Rejected("corrupt-bcf", "file", "the file as it was written: copy it again")


def lines_of_header(path: Path) -> bytes:
    """Lines up to the #CHROM line, or to the one that stands in its place."""
    with path.open("rb") as plain:
        is_gzip = plain.read(2) == GZIP_MAGIC
        plain.seek(0, os.SEEK_SET)
        stream = cast(BinaryIO, gzip.GzipFile(fileobj=plain)) if is_gzip else plain
        lines: list[bytes] = []
        with telling_damage():
            while sum(map(len, lines[-1:])) <= _HEADER_LIMIT and (line := stream.readline(_HEADER_LIMIT)):
                lines.append(line)
                if line.strip() and not line.startswith(b"##"):
                    break
    return b"".join(lines)

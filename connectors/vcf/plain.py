"""Lines read through htslib, one by one, beside a file that is read in bulk."""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from connectors.vcf.htslib import End, next_record, truncated_at
from connectors.vcf.rows import Reader


class PlainLines:
    """Reads single lines of a file by the plain path.

    Args:
        header: the file's header, with the #CHROM line.
    """

    def __init__(self, header: bytes) -> None:
        self.header = header if header.endswith(b"\n") else header + b"\n"

    def read(
        self, lines: Sequence[bytes], records: np.ndarray, numbers: np.ndarray
    ) -> tuple[pa.RecordBatch | None, pa.RecordBatch | None]:
        """The rows of `vcf.record` and of `rejected`; None where there are none.

        Args:
            lines: as they stand, with their ends.
            records: the records' numbers, from 0.
            numbers: the lines' numbers in the file, from 1.

        Raises:
            Rejected: `truncated-file`: htslib takes a line for the end of the file.
        """
        import pysam

        reading, writing = os.pipe()
        text = self.header + b"".join(lines)
        feeder = threading.Thread(target=_feed, args=(text, writing), daemon=True)
        feeder.start()
        try:
            with os.fdopen(reading, "rb") as pipe, pysam.VariantFile(pipe, "r") as variants:
                reader = Reader(variants, None, is_text=True)
                for line, record, number in zip(lines, records.tolist(), numbers.tolist(), strict=True):
                    found = next_record(variants)
                    if isinstance(found, End):
                        raise truncated_at(number)
                    reader.take(record, number, line, found)
                found_batches = dict(reader.flush())
        finally:
            feeder.join()
        return found_batches.get("vcf.record"), found_batches.get("rejected")


def _feed(text: bytes, writing: int) -> None:
    try:
        with os.fdopen(writing, "wb") as pipe:
            pipe.write(text)
    except BrokenPipeError:
        return  # a reader that stopped early needs no more

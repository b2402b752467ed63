"""The VCF connector (Variant Call Format 4.x, https://samtools.github.io/hts-specs/)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, ClassVar

from connectors.listing import list_files
from contracts.schemas.vcf import TABLES
from contracts.units import WHOLE, Discovery, Part, Source

if TYPE_CHECKING:
    import pyarrow as pa

    from contracts.identity import Identity
    from contracts.protocols import Finding, Place, Reading

SUFFIXES = (".vcf", ".vcf.gz", ".vcf.bgz", ".bcf")


class VcfConnector:
    """Reads VCF in bulk and BCF through htslib. Rows belong to the file: the sum of `_digest` is its content's.

    `_record` counts the records from 0, in the file's order. A file that is damaged is rejected as a whole; a record
    that a rule of validity calls invalid (in a source of option `strict`: or nonconformant), that htslib cannot parse,
    or whose numbers it would change, is rejected alone.
    """

    kind: ClassVar[str] = "vcf"
    version: ClassVar[str] = "3"
    ownership: ClassVar[str] = "file"
    tables: ClassVar[dict[str, pa.Schema]] = TABLES

    def discover(self, source: Source, checkpoint: str) -> Discovery:
        """List the source's VCF and BCF files; indexes are no units. The checkpoint is handed on as it came."""
        return Discovery(list_files(source.location, SUFFIXES), checkpoint)

    def identities(self, reading: Reading) -> Iterator[Identity]:
        """The samples that the header names.

        Raises:
            Rejected: the header cannot be read.
        """
        from connectors.vcf.htslib import open_variants
        from connectors.vcf.samples import identify_sample

        with reading.place.local() as path, open_variants(path) as (_, variants):
            names = list(variants.header.samples)
        for name in names:
            yield identify_sample(reading.authority, name)

    def parts(self, reading: Reading) -> Sequence[Part]:
        """The whole file: only a pass over all of it tells that it is whole, and numbers its records."""
        return [WHOLE]

    def read(self, reading: Reading, part: Part) -> Iterator[tuple[str, pa.RecordBatch]]:
        """`vcf.file` (one row), then batches of `vcf.record` and `rejected`, then `vcf.finding`.

        Raises:
            Rejected: `empty-file`, `truncated-file`, `corrupt-gzip`, `corrupt-bcf`, `malformed-header`,
                `unreadable-file`, or a rule of `connectors/vcf/validity/rules.csv` over header or file: nothing of the
                file is to be kept.
        """
        from connectors.vcf.rows import read_file
        from connectors.vcf.validity.reading import is_strict

        with reading.place.local() as path:
            yield from read_file(path, reading.key, strict=is_strict(reading.source.options))

    def components(self, source: Source) -> dict[str, str]:
        """What besides the version decides how a source is read: whether strictly.

        Raises:
            Fatal: the option is neither "true" nor "false".
        """
        from connectors.vcf.validity.reading import is_strict

        return {"strict": str(is_strict(source.options)).lower()}

    def check(self, place: Place) -> Iterator[Finding]:
        """Preflight of one file; see `connectors.vcf.preflight`."""
        from connectors.vcf.preflight import check_file

        with place.local() as path:
            yield from check_file(path)

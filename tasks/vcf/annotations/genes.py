"""Where an export's own fields name genes: columns `info_*` of `genomics.variant`."""

from __future__ import annotations

import re
from collections.abc import Iterable

GENE_COLUMN = re.compile(
    r"info_(gene|genes|gene_?name|gene_?symbol|symbol|geneinfo|ann|csq)(_.*)?", re.IGNORECASE
)
"""Fields that common annotators and laboratories put genes in."""
TOLD_COLUMN = re.compile(rf"{GENE_COLUMN.pattern}|info_(bcsq|lof|nmd)(_.*)?", re.IGNORECASE)
"""The same, and the fields of which `genomics.consequence` is made."""


def gene_pattern(genes: Iterable[str]) -> str:
    """A regular expression (RE2) that finds any of these names as a whole word, whatever the case."""
    names = "|".join(sorted({re.escape(gene) for gene in genes}))
    return rf"(?i)(^|[^A-Za-z0-9_.\-])({names})($|[^A-Za-z0-9_.\-])"

"""How codes are compared: a source writes E119 or e11.9, an NDC with or without dashes, and means the same."""

from __future__ import annotations

import re

import pyarrow as pa
import pyarrow.compute as pc

_DOTLESS = ("ICD9", "ICD10", "KCD", "CIM10")
"""Beginnings of the vocabularies whose dot stands at a fixed place, so that it says nothing."""
_UPPER = frozenset({"CPT4", "HCPCS", "LOINC", "ATC", "NDC", "CVX", "MS-DRG", "DRG", "ICDO3"})
"""Vocabularies whose letters are upper case. UCUM and the Read codes tell upper from lower case, and stay."""
NDC = "NDC"
_NDC_SEGMENTS = re.compile(r"(\d{4,5})-([\d*]{3,4})(?:-([\d*]{1,2}))?")


def code_keys(vocabulary: str, code: str) -> tuple[str, ...]:
    """The forms under which a code may stand in the vocabulary, as `key_column` writes them.

    There is one, but for an NDC of ten digits without dashes: which of its segments is short is not said, so there are
    three, and only a single one that exists is its meaning.
    """
    code = code.strip()
    if vocabulary.startswith(_DOTLESS):
        return (code.replace(".", "").upper(),)
    if vocabulary == NDC:
        return _ndc_keys(code)
    return (code.upper() if vocabulary in _UPPER else code,)


def _ndc_keys(code: str) -> tuple[str, ...]:
    """An NDC in the 5-4-2 form of 11 digits, or as the product of 5-4 (21 CFR 207.33, and the form that HIPAA asks)."""
    segments = _NDC_SEGMENTS.fullmatch(code)
    if segments:
        labeler, product, package = segments.groups()
        product = product.replace("*", "0")
        return (
            labeler.zfill(5) + product.zfill(4) + (package.replace("*", "0").zfill(2) if package else ""),
        )
    digits = code.replace("-", "")
    if len(digits) == 10 and digits.isascii() and digits.isdigit():
        return (f"0{digits}", f"{digits[:5]}0{digits[5:]}", f"{digits[:9]}0{digits[9:]}")
    return (digits.upper(),)


def key_column(vocabularies: pa.Array, codes: pa.Array) -> pa.Array:
    """The key of each concept of a download: `code_keys` of its one form, for whole columns."""
    dotless = pc.match_substring_regex(vocabularies, f"^({'|'.join(_DOTLESS)})")
    upper = pc.or_(dotless, pc.is_in(vocabularies, pa.array(sorted(_UPPER))))
    codes = pc.utf8_trim_whitespace(codes)
    keys = pc.if_else(upper, pc.utf8_upper(codes), codes)
    keys = pc.if_else(dotless, pc.replace_substring(keys, ".", ""), keys)
    ndc = pc.equal(vocabularies, NDC)
    return pc.if_else(ndc, pc.replace_substring(keys, "-", ""), keys)

"""Whether htslib read a line as it stands: it lets a number that it cannot parse pass as missing, or cut off."""

from __future__ import annotations

from connectors.vcf.fields import Fields


def find_change(raw: str, columns: list[str], samples: int, fields: Fields) -> str:
    """Compare a line with what htslib made of it.

    Args:
        raw: the line as it stands in the file, without its end.
        columns: the columns of the line as htslib writes it.
        samples: how many samples the header names.
        fields: the file's fields.

    Returns:
        The name of the column or field whose value was changed ("QUAL", "INFO/DP"), or "".
    """
    given = raw.split("\t")
    if len(given) > 9 + samples:
        return "number of columns"
    if not _same_number(given[5], columns[5], "Float"):
        return "QUAL"
    if given[7] != columns[7] and (found := _compare_info(given[7], columns[7], fields)):
        return found
    if len(given) > 9 and given[9:] != columns[9:]:
        return _compare_samples(given, columns, fields)
    return ""


def _compare_info(given: str, read: str, fields: Fields) -> str:
    before, after = _pairs(given), _pairs(read)
    for key, value in before.items():
        field = fields.get("info", key)
        if field.is_number and not _same_values(value, after.get(key, ""), field.kind):
            return f"INFO/{key}"
    return ""


def _pairs(info: str) -> dict[str, str]:
    items = (item.partition("=") for item in info.split(";") if item)
    return {key: value for key, _, value in items}


def _compare_samples(given: list[str], read: list[str], fields: Fields) -> str:
    keys = given[8].split(":")
    kinds = [fields.get("format", key) for key in keys]
    for before, after in zip(given[9:], read[9:], strict=False):
        if before == after:
            continue
        for field, old, new in zip(kinds, before.split(":"), after.split(":"), strict=False):
            if field.is_number and not _same_values(old, new, field.kind):
                return f"FORMAT/{field.field_id}"
    return ""


def _same_values(before: str, after: str, kind: str) -> bool:
    if before == after:
        return True
    old, new = before.split(","), after.split(",")
    return len(old) == len(new) and all(_same_number(o, n, kind) for o, n in zip(old, new, strict=True))


def _same_number(before: str, after: str, kind: str) -> bool:
    if before == after or not before:
        return True
    if after in {".", ""} or "_" in before:
        return False
    try:
        return int(before) == int(after) if kind == "Integer" else float(before) is not None
    except ValueError:
        return False

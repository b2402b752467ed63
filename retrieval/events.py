"""Clinical events of one person as a reader wants them: drugs, procedures and devices one by one, results by day."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from retrieval.reader import Reader

MOST_RESULTS = 12
"""How many codes of a day's results are told; of a year's, under safe_harbor."""
_VACCINES = "CVX"
"""The terminology of vaccines: what is coded in it was given as an immunisation."""
_MOST_CHARACTERS = 80


@dataclass(frozen=True)
class Event:
    """Something that happened at a time.

    Attributes:
        kind: visit, condition, drug, immunisation, procedure, device, measurement, observation, note, study or death.
        id: of the row in its table; of the first of a day's results; the person's for a death.
        date: as the profile keeps it; None where the source does not say.
        time: local wall time, where known and kept.
        title: what it is.
        detail: what more is to be said of it.
    """

    kind: str
    id: int
    date: dt.date | None
    time: dt.time | None
    title: str
    detail: str = ""


def clinical_events(reader: Reader, person_id: int) -> list[Event]:
    """A person's drugs, immunisations, procedures, devices, and measurements and observations by day, in no order."""
    return [
        *_single(reader, "omop.drug_exposure", _DRUG, person_id, _tell_drug),
        *_single(reader, "omop.procedure_occurrence", _PROCEDURE, person_id, _tell_procedure),
        *_single(reader, "omop.device_exposure", _DEVICE, person_id, _tell_device),
        *_daily(reader, "omop.measurement", _MEASUREMENT, person_id, "measurement"),
        *_daily(reader, "omop.observation", _OBSERVATION, person_id, "observation"),
    ]


_DRUG = """
    drug_exposure_id AS id, drug_exposure_start_date AS day, drug_exposure_start_datetime AS moment,
    coalesce(source_display, drug_source_value) AS words, source_vocabulary, verbatim_end_date AS until,
    quantity, days_supply, refills, route_source_value, stop_reason"""
_PROCEDURE = """
    procedure_occurrence_id AS id, procedure_date AS day, procedure_datetime AS moment,
    coalesce(source_display, procedure_source_value) AS words, modifier_source_value, quantity"""
_DEVICE = """
    device_exposure_id AS id, device_exposure_start_date AS day, device_exposure_start_datetime AS moment,
    coalesce(source_display, device_source_value) AS words, device_exposure_end_date AS until, quantity"""
_MEASUREMENT = """
    measurement_id AS id, measurement_date AS day, measurement_datetime AS moment,
    coalesce(source_display, measurement_source_value) AS words, value_as_number AS number,
    value_source_value AS text, unit_source_value AS unit"""
_OBSERVATION = """
    observation_id AS id, observation_date AS day, observation_datetime AS moment,
    coalesce(source_display, observation_source_value) AS words, value_as_number AS number,
    coalesce(value_as_string, value_source_value) AS text, unit_source_value AS unit"""

Row = dict[str, Any]


def _rows(reader: Reader, table: str, columns: str, person_id: int) -> list[Row]:
    if not reader.has(table):
        return []
    return reader.rows(f"SELECT {columns} FROM {table} WHERE person_id = ?", [person_id])


def _single(
    reader: Reader,
    table: str,
    columns: str,
    person_id: int,
    tell: Callable[[Reader, Row], tuple[str, list[str]]],
) -> Iterable[Event]:
    for row in _rows(reader, table, columns, person_id):
        kind, detail = tell(reader, row)
        told = ", ".join(part for part in detail if part)
        yield Event(kind, row["id"], row["day"], time_of(row["moment"]), row["words"] or kind, told)


def _tell_drug(reader: Reader, row: Row) -> tuple[str, list[str]]:
    supply = f"for {_count(row['days_supply'], 'day')}" if row["days_supply"] else ""
    refills = _count(row["refills"], "refill") if row["refills"] else ""
    detail = [row["route_source_value"] or "", _amount(row["quantity"]), supply, refills]
    kind = "immunisation" if row["source_vocabulary"] == _VACCINES else "drug"
    return kind, [*detail, _until(reader, row), row["stop_reason"] or ""]


def _tell_procedure(reader: Reader, row: Row) -> tuple[str, list[str]]:
    return "procedure", [row["modifier_source_value"] or "", _amount(row["quantity"])]


def _tell_device(reader: Reader, row: Row) -> tuple[str, list[str]]:
    return "device", [_amount(row["quantity"]), _until(reader, row)]


def _until(reader: Reader, row: Row) -> str:
    return f"until {reader.show_date(row['until'])}" if row["until"] and row["until"] != row["day"] else ""


def _amount(quantity: float | None) -> str:
    return f"quantity {quantity:g}" if quantity and quantity != 1 else ""


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'s' * (number != 1)}"


def _daily(reader: Reader, table: str, columns: str, person_id: int, kind: str) -> Iterable[Event]:
    """One event a day. A single result is its title; several are told by their codes, in the order of their words."""
    rows = _rows(reader, table, columns, person_id)
    rows.sort(key=lambda row: (row["day"] or dt.date.max, row["words"] or "", row["id"]))
    for day, found in groupby(rows, key=lambda row: row["day"]):
        results = list(found)
        by_code = [
            (words, list(group)) for words, group in groupby(results, key=lambda r: r["words"] or kind)
        ]
        told = [_tell_results(words, group) for words, group in by_code[:MOST_RESULTS]]
        if len(by_code) > MOST_RESULTS:
            told.append(f"{len(by_code) - MOST_RESULTS:,} more")
        number, times = min(row["id"] for row in results), {time_of(row["moment"]) for row in results}
        time = times.pop() if len(times) == 1 else None
        if len(results) == 1:
            yield Event(kind, number, day, time, told[0])
        else:
            yield Event(kind, number, day, time, _count(len(results), kind), "; ".join(told))


def _tell_results(words: str, rows: list[Row]) -> str:
    """What a code's results of a day are: the value, or from the lowest to the highest."""
    numbers = [row["number"] for row in rows if row["number"] is not None]
    units = {row["unit"] or "" for row in rows}
    if len(rows) > 1 and len(numbers) == len(rows) and len(units) == 1:
        low, high = f"{min(numbers):g}", f"{max(numbers):g}"
        value = (low if low == high else f"{low} to {high}") + f" {units.pop()}".rstrip()
        return f"{words} {value} ({len(rows):,} times)"
    values = dict.fromkeys(_value(row) for row in rows)
    told = ", ".join(value for value in values if value)
    return f"{words} {_shorten(told)}" if told else words


def _value(row: Row) -> str:
    if row["number"] is not None:
        return f"{row['number']:g} {row['unit'] or ''}".rstrip()
    return row["text"] or ""


def _shorten(text: str) -> str:
    return text if len(text) <= _MOST_CHARACTERS else text[: _MOST_CHARACTERS - 1] + "…"


def time_of(moment: dt.datetime | None) -> dt.time | None:
    """The time of day; none where midnight sharp stands for "not known"."""
    return moment.time() if moment is not None and moment.time() != dt.time() else None

"""Clinical events before they have a table: what every format's records are brought to, de-identified.

A format's mapping `events.<name>.sql` makes rows of `EVENT` from one of its source tables. They get their concepts, and
the domain of the concept decides the OMOP table (`tasks.routing`); the mappings in `tasks/mappings/events/` make the
table's rows of them. So no format has to know OMOP's tables, and all of them are routed alike.
"""

from __future__ import annotations

import pyarrow as pa

from contracts.schemas.omop import parse_columns

DOMAINS = ("Condition", "Drug", "Procedure", "Device", "Measurement", "Observation", "Specimen")
"""What an event can be by its source's own kind, in the words of OMOP's domains."""

EVENT = parse_columns(
    # whose it is, and where it belongs
    "event_id:id! person_id:id! visit_occurrence_id:id visit_detail_id:id provider_id:id "
    # what it is: `domain` by the source's own kind; `vocabulary` is OMOP's id of the terminology, else its URL;
    # `display` is the terminology's words, or the source's where there is no code
    "domain:text! type_concept_id:id! vocabulary:text code:text display:text "
    "start_date:date! start_datetime:datetime end_date:date end_datetime:datetime "
    "status:text stop_reason:text "
    # a result: at most one of number, text and code; `operator` is one of < <= = >= >
    "value_number:float value_text:text value_vocabulary:text value_code:text value_display:text "
    "operator:text unit:text unit_code:text range_low:float range_high:float "
    # what was given or done
    "quantity:float days_supply:int refills:int sig:text route_vocabulary:text route_code:text route_display:text "
    "dose_unit:text lot_number:text device_id:text "
    # a procedure's modifier, an observation's qualifier, a specimen's site
    "modifier_vocabulary:text modifier_code:text modifier_display:text "
    # the event that it is a part of (a component's observation)
    "parent_event_id:id"
)
"""`unit` is as the source writes it, `unit_code` its UCUM code where the source says so. `event_id` is unique within a
record's name space: parts of one record (components) have ids of their own."""

CODED = {
    "": ("vocabulary", "code"),
    "value_": ("value_vocabulary", "value_code"),
    "route_": ("route_vocabulary", "route_code"),
    "modifier_": ("modifier_vocabulary", "modifier_code"),
}
"""The coded elements of an event: prefix of its concept columns, and the columns that name vocabulary and code."""

ROUTED = pa.schema(
    [
        *EVENT,
        # unique over all rows of all tables: the event's own id for its first concept
        *parse_columns(
            "row_id:id! target:text! concept_id:id! source_concept_id:id! value_concept_id:id "
            "route_concept_id:id modifier_concept_id:id unit_concept_id:id unit_source_concept_id:id "
            "operator_concept_id:id"
        ),
    ]
)
"""An event once for each standard concept that its code maps to, with the OMOP table that it goes to."""

"""Which identifiers are ordinary words too, and why they cannot be matched alone.

A stop list is a hole in the test, so each entry of it carries its reason into the report, and a stopped name
still matches next to another name of the same person ("Grace Young", "YOUNG^GRACE").
"""

from __future__ import annotations

import re

EVERYDAY = frozenset(
    re.findall(
        r"\w+",
        """young grace white brown black green short small large march april august summer autumn marsh
        price stone cross graves wilson addison cushing turner hodgkin marfan barrett parkinson bishop
        walker mason hunter fields banks woods rivers faith brooks blood court place north south""",
    )
)
"""Names that English or medicine uses as words (eponyms among them)."""

PLACEHOLDERS = frozenset(
    re.findall(
        r"\S+",
        """anonymized anonymised anonymous anonymize unknown removed deidentified de-identified redacted
        patient person modality ordinary testing sample samples subject empty number hospital ward private
        accepted example image images series study instance normal default local clinic doctor physician
        exam""",
    )
)
"""What exporters write where a value was taken out, and the standards' own words."""

TABLES = frozenset(
    re.findall(
        r"\w+",
        """person observation_period visit_occurrence visit_detail condition_occurrence drug_exposure
        procedure_occurrence device_exposure measurement observation death note note_nlp specimen fact_relationship
        location care_site provider payer_plan_period cost drug_era dose_era condition_era episode episode_event
        metadata cdm_source concept vocabulary domain concept_class concept_relationship relationship
        concept_synonym concept_ancestor source_to_concept_map drug_strength cohort cohort_definition allergies
        careplans claims claims_transactions conditions devices encounters imaging_studies immunizations medications
        observations organizations patients payer_transitions payers procedures providers supplies""",
    )
)
"""Names of tables, and so of files, in OMOP's and Synthea's own specifications."""

_GENERIC = re.compile(
    r"(?:sample|subject|patient|tumou?r|test|tsk|chr|chrom|file|image|img|series|study)[ _.-]?[0-9xym]{0,4}"
)
_WORDS = re.compile(r"[^\W\d_]{4,}")
_LOWER_WORDS = re.compile(r"(?<![\w])[a-z]{4,}(?![\w])")


def words_of_text(text: str) -> set[str]:
    """The words that a clinical text spells in lower case: no names, as those are capitalised."""
    return set(_LOWER_WORDS.findall(text))


def words_of_display(display: str) -> set[str]:
    """All the words of a code's display, folded."""
    return {word.casefold() for word in _WORDS.findall(display)}


def ambiguity(kind: str, value: str, ordinary: set[str]) -> str:
    """Why `value` cannot be matched alone, or "" when it can.

    Args:
        kind: the identifier's kind.
        value: the value as the input spells it.
        ordinary: words and phrases, folded, that the inputs use for other things than people.
    """
    folded = " ".join(value.casefold().split())
    if not any(character.isalnum() for character in folded.replace("0", "")):
        return "placeholder: nothing but zeros and punctuation"
    if len(set(folded)) == 1:
        return "placeholder: one character, repeated, which pixels are too"
    if kind == "birth_date":
        return "January 1 is how a year is spelled under safe_harbor" if folded.endswith("-01-01") else ""
    if kind in ("uid", "resource_id", "ssn", "phone"):
        return ""
    if kind in ("file_name", "file_stem") and folded.partition(".")[0] in TABLES:
        return "a table's name in its standard"
    if folded in PLACEHOLDERS:
        return "placeholder or a standard's own word"
    if folded in EVERYDAY:
        return "everyday word"
    if folded in ordinary:
        return "the inputs use it as a clinical word, a vendor or a device"
    if kind == "file_stem" and folded.isalpha():
        return "a file named by one plain word; its full name is matched"
    if _GENERIC.fullmatch(folded):
        return "generic name (a counter or a contig), says nothing of a person"
    words = _WORDS.findall(folded)
    if (
        words
        and all(word in PLACEHOLDERS or word in ordinary for word in words)
        and not re.search(r"\d{3}", folded)
    ):
        return "made of ordinary words only"
    return ""

"""Initials of people: who dictated and typed, who signed, and those of a name that the same text spells out."""

from __future__ import annotations

import re

from tasks.deidentification.spans import Span
from tasks.deidentification.words import word_lists

_TYPED = re.compile(
    r"^[ \t]*(?:[A-Z]{2,3}(?:[ \t]?/[ \t]?|:)[A-Za-z]{2,3}|[A-Z][a-z]{1,2}[/:][A-Z]{2,3}|"
    r"[a-z]{2,3}/[a-z]{2,3}(?=\n))(?=[ \t]*(?:$|[/,]|[ \t](?:[A-Z]:|\d)))",
    re.MULTILINE,
)
"""Who dictated, and who typed: "ABC/de" at the beginning of a line."""
_SHORT = re.compile(r"[A-Z](?<![\w.'-].)[A-Z]{1,2}(?![\w'-]|\.\w)", re.DOTALL)
_TITLED = re.compile(r",?[ \t](?:RN|LPN|LVN|MD|DO|NP|PA|CNA|MA|PA-C|CRNA|RRT|PharmD)\b")
"""After initials: a credential."""
_SIGNED = re.compile(
    r"(?:\b(?:signed|initials?|initialed|transcribed|typed|transcriptionist|technologist|tech|typist)(?:[ "
    r"\t]+by)?[ \t]*:?[ \t]*"
    r"|/[ \t]?|--[ \t]?)$"
)
"""Before initials: what tells that somebody signed."""
_ENDED = re.compile(r"[ \t]*(?:$|/|\.[ \t]|\.$|on\b|\d|RN\b)", re.MULTILINE)
_LONE = re.compile(r"\.(?:[ \n]|$)|[ \t]*$", re.MULTILINE)
"""After three letters that are a sentence: who looked at a specimen."""
_WORD = re.compile(r"[^\W\d_]+")
_ABBREVIATIONS = frozenset(
    "ICU ED ER OR PT OT SLP RT IV IM CCU NP PA MD DO RN GI GU ID EP ENT EMS OSH LTC SNF PCP CT MRI US XR EKG ECG MA "
    "BP HR "
    "RR PRN PO NPO BID TID QID SOB ROS PE HPI CXR LAB VS WNL NAD NKA ADL DNR DNI GYN OB PMH FH SH CC DX RX TX HX FX SX "
    "MS ROM LLE RLE LUE RUE RUQ LUQ RLQ LLQ CBC BMP CMP LFT INR PTT TSH UA UTI CHF MI CAD DM HTN HLD CKD AKI AF PE DVT "
    "COPD TIA CVA MVC ON AT BY IN TO OF NO AM PM ST RD DR AVE AN AS IS IT WE HE DAY NEW PRE POST ABD EXT NEW HIP LEG "
    "ARM EYE "
    "WBC RBC HGB HCT PLT MCV BUN GLU TSH LDL HDL AST ALT ALP PSA BNP CRP ESR TIBC ANA HIV HCV HBV RPR MRN DOB HI SI "
    "RM DD DT MM TEL FAX LOC ACC DOS ID NEG POS SEM JVD ROS CV RES GEN MSK DTR LUL RUL RLL LLL RML SW CM MSW QD SQ SC "
    "GTT TPN NG OG PEG RA NC BKA AKA TKA THA ORIF EGD ERCP TTE TEE EF EEG EMG NCS BMI".split()
)  # fmt: skip


def initials_spans(text: str, names: list[Span]) -> list[Span]:
    """Initials by their place, and, where they may sign, those of the names that were found in the text."""
    found = [Span(*m.span(), "NAME") for m in _TYPED.finditer(text) if not _is_abbreviation(m.group())]
    spelled: set[str] | None = None
    words = word_lists()
    for short in _SHORT.finditer(text):
        letters = short.group()
        if letters in _ABBREVIATIONS:
            continue
        start, end = short.span()
        if (text[start - 1 : start] != "/" and _TITLED.match(text, end)) or (
            _ENDED.match(text, end) and _SIGNED.search(text[max(0, start - 24) : start].lower())
        ):
            found.append(Span(start, end, "NAME"))
        elif not words.is_ordinary(letters.lower()) and _signs(text, start, end):
            if spelled is None:
                spelled = _of_names(text, names)
            is_alone = (
                len(letters) == 3 and text[start - 2 : start] in {". ", ") "} and _LONE.match(text, end)
            )
            if is_alone or letters in spelled:
                found.append(Span(start, end, "NAME"))
    return found


def _is_abbreviation(pair: str) -> bool:
    return all(word.upper() in _ABBREVIATIONS for word in _WORD.findall(pair))


def _of_names(text: str, names: list[Span]) -> set[str]:
    """Initials of the full names: first and last, and with those between."""
    found: set[str] = set()
    ordered = sorted(names, key=lambda s: s.start)
    runs: list[tuple[int, int]] = []
    for span in ordered:
        if runs and text[runs[-1][1] : span.start].strip(" \t-") == "" and span.start - runs[-1][1] < 4:
            runs[-1] = (runs[-1][0], max(span.end, runs[-1][1]))
        else:
            runs.append((span.start, span.end))
    for start, end in runs:
        first = [word[0].upper() for word in _WORD.findall(text[start:end])]
        if len(first) > 1:
            found |= {"".join(first[:3]), first[0] + first[-1]}
    return found - _ABBREVIATIONS


def _signs(text: str, start: int, end: int) -> bool:
    """Whether initials stand where people sign: after a stop, a bracket or a line's end, and before one."""
    before = text[max(0, start - 3) : start].rstrip(" \t")[-1:]
    after = text[end : end + 3].lstrip(" \t")[:1]
    return (not before or before in "\n.(/-:") and (not after or after in "\n.)/:,")

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
_AT_END = re.compile(
    r"(?<=[ \t])(?P<both>[A-Z]{2,3}[/:][a-z]{2,3})(?=/\S+[ \t]*$|[ \t]*$)|"
    r"^[A-Z][a-z'\u2019-]+/(?P<typist>[a-z]{2,3})(?=[ \t]*$)|"
    r"^(?P<dated>[A-Z]{2,3})[ \t]+\d{1,2}(?:[/\-.]\d{1,2}(?:[/\-.]\d{2,4})?|"
    r":\d\d)?(?:[ \t-]?[A-Z][a-z]{2,8}\.?[ \t-]?\d{2,4})?"
    r"(?:[ \t]+\d{1,2}:?\d\d)?[ \t]*$",
    re.MULTILINE,
)
"""At a line's end, who dictated and who typed ("T: 5/6/20  ABC/de", "Reddy/cp"); a line that is initials and a date."""
_NAMED_SIGN = re.compile(
    r"(?:^|[ \t/,;(])(?i:rn|md|do|np|pa|sw|pt|ot|rt|lpn|cna|ma|pharmd|rph|reviewed|read|typed|initials?|"
    r"witness(?:ed)?|tech|"
    r"scribe|author|dictated|transcribed|checked|prepared|entered|clerk|drawn|given|sign(?:ed|ature)?)"
    r"(?:[ \t]+by)?[ \t]*:[ \t]*(?P<n>[A-Z]{2,3}|(?<=yped: )[a-z]{2,3}|(?<=ribed: )[a-z]{2,3})(?=[ \t]*(?:$|"
    r"[/,;)]|[ \t]{2}|\d))",
    re.MULTILINE,
)
"""After the label of who signs: "RN: AB   MD: CD", "Typed: ef"."""
_BY = re.compile(
    r"(?i:\b(?:verified|witnessed|checked|initialed|typed|entered|scribed|transcribed|dictated|countersigned|"
    r"qa'd|proofed|"
    r"drawn|administered|placed|removed|read back|counted|wasted|reported|given)"
    r"(?:[ \t]+(?:by|with|w/)))[ \t]+(?P<n>[A-Z]{2,3})(?:[ \t]*(?:and|&|/|,)[ \t]*(?P<m>[A-Z]{2,3}))?(?![\w'-])"
)
"""Who verified something together: "verified by AB and CD"."""
_SHORT = re.compile(r"[A-Z](?<![\w.'-].)[A-Z]{1,2}(?![\w'-]|\.\w)", re.DOTALL)
_TITLED = re.compile(r",?[ \t](?:RN|LPN|LVN|MD|DO|NP|PA|CNA|MA|PA-C|CRNA|RRT|PharmD)\b")
"""After initials: a credential."""
_NURSED = re.compile(r",?[ \t](?:RN|LPN|LVN|CNA|CMA|BSN)\b|/(?:RN|LPN|CNA)\b")
_WHERE = frozenset(
    "NA NO OK MD RN DO TBD YES ER ED OR ICU PCP PT OT LAB OSH EMS NONE PHN HH SNF SW NP PA".split()
)
"""What is no initials even where initials stand."""
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
ABBREVIATIONS = frozenset(
    "ICU ED ER OR PT OT SLP RT IV IM CCU NP PA MD DO RN GI GU ID EP ENT EMS OSH LTC SNF PCP CT MRI US XR EKG ECG MA "
    "BP HR "
    "RR PRN PO NPO BID TID QID SOB ROS PE HPI CXR LAB VS WNL NAD NKA ADL DNR DNI GYN OB PMH FH SH CC DX RX TX "
    "HX FX SX "
    "MS ROM LLE RLE LUE RUE RUQ LUQ RLQ LLQ CBC BMP CMP LFT INR PTT TSH UA UTI CHF MI CAD DM HTN HLD CKD AKI AF "
    "PE DVT "
    "COPD TIA CVA MVC ON AT BY IN TO OF NO AM PM ST RD DR AVE AN AS IS IT WE HE DAY NEW PRE POST ABD EXT NEW HIP LEG "
    "ARM EYE "
    "WBC RBC HGB HCT PLT MCV BUN GLU TSH LDL HDL AST ALT ALP PSA BNP CRP ESR TIBC ANA HIV HCV HBV RPR MRN DOB HI SI "
    "RM DD DT MM TEL FAX LOC ACC DOS ID NEG POS SEM JVD ROS CV RES GEN MSK DTR LUL RUL RLL LLL RML SW CM MSW QD SQ SC "
    "GTT TPN NG OG PEG RA NC BKA AKA TKA THA ORIF EGD ERCP TTE TEE EF EEG EMG NCS BMI "
    "MRA PET DXA PFT EUS CTA UGI IR NSG VNA DME AMA POC HEP STE RTC RTW FU LVM VM NC RA ETT LMA SCD TED ABG VBG "
    "BNP CK HCG UDS "
    "NKDA AAO AOX EOM PERRL MMM RRR CTA CTAB NT ND BS CVA CN DTRS MAE FROM AROM PROM WBAT NWB TTWB PWB FWB LOB "
    "SBA CGA MIN "
    "MOD MAX IND DEP FWW RW SPC WC HOB OOB BRP BSC DAT ADA NPO NAS CHO TF PEG JP EBL UOP IO FHT FHR SVE GBS RPR "
    "PIH GDM "
    "VBAC LTCS NSVD TOL AROM SROM IUP EDD LMP EDC GA BW AGA SGA LGA NICU SCN OCD MDD GAD BPD PTSD ETOH THC TOB "
    "PPD IVDU SI "
    "HI AH VH AVH SIB CBT DBT ECT IOP PHP AMA SNF ALF ILF LTAC IRF HH HHA VA SSI SSDI APS CPS DCF POA HCP DPOA "
    "MOLST POLST "
    "BCBS HMO PPO US UK USA ASAP FYI TBD NA WNL NOS NEC SP HX TX RX DX SX FX PX TID QID QHS QAM QPM AC HS PC PR "
    "SL IM SC "
    "TO VO RBV MAR EMR EHR HIM ROI CT XR US NM RT LT BIL BL UE LE LUE LAD LCX RCA EF LV RV LA PA AV MV TV AI MR "
    "AS TR PFO "
    "ASD VSD PDA NSR SR AFL SVT VT VF PVC PAC LBBB RBBB AVB OK".split()
)  # fmt: skip


def initials_spans(text: str, names: list[Span]) -> list[Span]:
    """Initials by their place, and, where they may sign, those of the names that were found in the text."""
    found = [Span(*m.span(), "NAME") for m in _TYPED.finditer(text) if not _is_abbreviation(m.group())]
    for pattern in (_AT_END, _NAMED_SIGN, _BY):
        for match in pattern.finditer(text):
            spans = (match.span(name) for name, value in match.groupdict().items() if value)
            found += [Span(*x, "NAME") for x in spans if not _is_other(text[slice(*x)], pattern)]
    spelled: set[str] | None = None
    words = word_lists()
    for short in _SHORT.finditer(text):
        letters = short.group()
        start, end = short.span()
        if text[start - 1 : start] in {"", "\n"} and letters not in _WHERE and _NURSED.match(text, end):
            found.append(Span(start, end, "NAME"))
        if letters in ABBREVIATIONS:
            continue
        if (
            (text[start - 1 : start] != "/" and _TITLED.match(text, end))
            or (_ENDED.match(text, end) and _SIGNED.search(text[max(0, start - 24) : start].lower()))
            or _closes(text, start, end)
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


def _closes(text: str, start: int, end: int) -> bool:
    """Whether letters stand alone behind the last sentence of a line of several words: who wrote it."""
    if text[end : end + 1] not in {"", "\n", "."} or text[end : end + 2] not in {"", ".", ".\n"} | {
        "\n" + text[end + 1 : end + 2]
    }:
        return False
    line = text[text.rfind("\n", 0, start) + 1 : start]
    return line.rstrip(" \t")[-1:] in {".", "-", ")"} and line.count(" ") > 1 and line[-1:] == " "


def _is_other(written: str, pattern: re.Pattern[str]) -> bool:
    """Whether what stands where initials would is something else: after a label of who signs hardly anything is."""
    if pattern is _AT_END:
        return _is_abbreviation(written)
    return written.upper() in _WHERE


def _is_abbreviation(pair: str) -> bool:
    return all(word.upper() in ABBREVIATIONS for word in _WORD.findall(pair))


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
    return found - ABBREVIATIONS


def _signs(text: str, start: int, end: int) -> bool:
    """Whether initials stand where people sign: after a stop, a bracket or a line's end, and before one."""
    before = text[max(0, start - 3) : start].rstrip(" \t")[-1:]
    after = text[end : end + 3].lstrip(" \t")[:1]
    return (not before or before in "\n.(/-:") and (not after or after in "\n.)/:,")

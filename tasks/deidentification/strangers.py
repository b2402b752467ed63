"""Names of people whom the vault does not know: by what stands beside them, by lists of names, by being no word.

A capitalised word is a name where a title, a label, a relation or a credential says so; where it is a name and no
ordinary word; where it is neither, unless it reads like a drug or a thing named after somebody; or where it stands
beside a name. Ordinary words that are names too ("Hope", "Young") count in the middle of a sentence alone.
"""

from __future__ import annotations

import re

from tasks.deidentification.spans import Span
from tasks.deidentification.tokens import Text, Token

_TITLES = frozenset(
    "dr drs mr mrs ms miss mx prof professor doctor nurse sister rev reverend pastor father rabbi judge "
    "officer capt sgt chaplain patient pt client md np pa pharmacist resident attending".split()
)
_SURE_TITLES = frozenset("dr drs mr mrs ms miss mx prof professor".split())
_RELATIONS = frozenset(
    "husband wife son daughter mother father brother sister partner spouse friend neighbor neighbour "
    "boyfriend girlfriend fiance fiancee aunt uncle cousin niece nephew grandson granddaughter grandmother "
    "grandfather mom dad stepson stepdaughter stepmother stepfather roommate caregiver guardian interpreter "
    "aide therapist counselor twins twin named name nicknamed called goes widow widower ex-husband ex-wife "
    "daughter-in-law son-in-law mother-in-law".split()
)
_LABELS = frozenset(
    "patient pt name attending provider physician surgeon pcp author by cc to resident fellow nurse assistant "
    "contact kin proxy guardian interpreter re spouse mother father wife husband son daughter referring "
    "consultant anesthesiologist anesthetist cosigner cosigned signed dictated transcribed reviewed "
    "radiologist pathologist hospitalist agent member clinician practitioner pharmacist therapist "
    "transcriptionist dictator requester doctor md rn witness relative subscriber insured guarantor employer "
    "informant operator technologist preceptor supervisor cardiologist oncologist neurologist".split()
)
_ACTS = frozenset(
    "signed seen evaluated examined dictated transcribed reviewed performed verified authored cosigned "
    "approved referred followed read interpreted entered edited prepared written ordered accompanied assisted "
    "supervised staffed attested administered placed removed completed obtained brought driven told spoke met "
    "discussed talked visited contacted".split()
)
_CREDENTIAL = re.compile(
    r"(?:[ \t]*,[ \t]*|[ \t]+)\(?(?:M\.?D|D\.?O|R\.?N|N\.?P|P\.?A(?:-C)?|Ph\.?D|PHD|LCSW|LICSW|MSW|DDS|DMD|DPM|OD|"
    r"Pharm\.?D|PHARMD|CRNA|CNM|FNP(?:-\w+)?|APRN|ARNP|LPN|LVN|CNS|CNA|BSN|MSN|DNP|RD|RDN|PT|DPT|OT|OTR(?:/L)?|SLP|RT|"
    r"RRT|EMT|MBBS|FACP|FACS|Esq)\b(?!\s*:)"
)
_GENERATION = re.compile(r"[ \t]*,?[ \t]+(?:Jr|Sr|II|III|IV)\b\.?")
_PARTICLES = "van von de la der den del di da dos du le el al bin ibn ten ter"
_PARTICLE_WORDS = frozenset(_PARTICLES.split())
_TITLED = re.compile(
    rf"\b(?:dr|mr|mrs|ms|miss|prof)\.?[ \t]+(?:(?:{_PARTICLES.replace(' ', '|')})[ \t]+){{1,2}}$"
)
_PARTICLE = "(?:" + "|".join(f"[{p[0].upper()}{p[0]}]{p[1:]}" for p in _PARTICLES.split()) + ")"
_JOIN = re.compile(
    rf"[ \t]+|[ \t]*-[ \t]*|[ \t]+(?:[A-Z]\.?[ \t]+){{1,2}}|[ \t]+(?:{_PARTICLE}[ \t]+){{1,2}}"
    r"|[ \t]*/[ \t]*|\d{1,4}[ \t]+|-[^\W\d_]{2,}[ \t]+(?:[A-Z]\.?[ \t]+)?"
)
_COMMA = re.compile(r"[ \t]*,[ \t]*|\^")
_INITIAL_BEFORE = re.compile(
    rf"(?:(?<![\w.'])[A-Z]\.?[ \t]*){{1,3}}(?<=[. \t])(?:{_PARTICLE}[ \t]+){{0,2}}$"
    rf"|(?<![\w'])(?:{_PARTICLE}[ \t]+){{1,2}}$"
)
_INITIAL_AFTER = re.compile(r"(?:,?[ \t]+[A-Z](?:\.(?![A-Z])|(?=[ \t]*(?:,|$|\n)))){1,2}")
_DOSE = re.compile(
    r"['\u2019]?\w*[ \t]*(?:\(|\[)?[ \t]*\d+(?:\.\d+)?[ \t]*(?:mg|mcg|g|ml|units?|iu|%|meq)\b"
    r"|[ \t]+(?:tablets?|tabs?|capsules?|injection|cream|inhaler|pen|patch|drops|spray|suspension|ointment|infusion|"
    r"therapy|daily|bid)\b"
)
_MEDICAL_ENDS = tuple(
    (
        "itis osis emia uria oma pathy ectomy otomy ostomy plasty scopy graphy gram algia megaly rrhea plegia paresis "
        "trophy plasia philia penia lysis stasis cillin mycin cycline azole olol pril sartan statin mab nib vir tide "
        "gliptin gliflozin prazole azepam zolam barbital caine dronate setron triptan thiazide floxacin sone solone "
        "lukast parin grel xaban"
    ).split()
)
_FOLLOWING = re.compile(
    r"(?:['\u2019]s?)?(?:(?:[ \t]and[ \t]|[ \t]&[ \t]|[ \t]|-|\u2013|/)([^\W\d_]+)(?:['\u2019]s)?)?"
    r"(?:[ \t\-]([^\W\d_]+))?"
)
_VERB = re.compile(
    r"[ \t]+(?:reports?|reported|states?|stated|denies|denied|says?|said|presents?|presented|complains?|lives|called|"
    r"calls|came|returned|returns|tolerated|ambulated|verbalized|agrees?|agreed|asked|asks|told|notes|noted|endorses|"
    r"refused|will (?:call|follow|return|see|need|be|continue|have)|was (?:seen|admitted|discharged|born|transferred)|"
    r"(?:is|was|has been) \w+(?:ed|ing|en)\b|is an? \d+|has been|c/o|prefers|wants|needs|feels|takes|requests|"
    r"requested|continues to|remains|understands|declines|declined|did|does|who|arrived|visited|works|"
    r"drove|brought|accompanied)\b"
)
_ROLES = frozenset(
    "md do rn np pa phd hospital clinic medical center university practitioner physician surgeon nurse "
    "manager coordinator attending resident fellow service team unit department office phone fax date time "
    "patient room street avenue road age sex dob mrn visit note report provider signed electronically page "
    "admission discharge male female address account test sign disease syndrome notified aware updated "
    "present here called agrees is was has and or the with for from".split()
)


_SCORED = re.compile(r"[ \t]*:?[ \t]*\d{1,2}/\d{1,2}(?![\d/])")
_COMPOUND = re.compile(r"-[a-z]{3,}")
_COLOURS = frozenset("black white brown green grey gray blue".split())
_MIXED = re.compile(r"(?<!Mc)(?<!Mac)(?<!De)(?<!La)(?<!Le)(?<!Di)(?<!Fitz)(?<=[a-z])[A-Z]")
_HYPHENED = re.compile(r"(?:-[^\W\d_]{2,})+")
_DIGITS = re.compile(r"\d{1,4}")


def mark_names(seen: Text) -> None:
    """Mark the tokens that are names."""
    for i, token in enumerate(seen.tokens):
        if not token.sure and _is_told(seen, token):
            token.sure = token.given = True
        elif not token.sure and not is_thing(seen, i):
            token.sure = _is_listed(seen, token)
            token.given = token.sure and token.low in seen.words.given
    for i in range(len(seen.tokens) - 1):
        first, second = seen.tokens[i], seen.tokens[i + 1]
        if not (first.sure and second.sure) and _is_pair(seen, i):
            first.sure = second.sure = first.given = True
    for order in (range(1, len(seen.tokens)), range(len(seen.tokens) - 2, -1, -1)):
        step = 1 if order.step == 1 else -1
        for i in order:
            if not seen.tokens[i].sure:
                seen.tokens[i].sure = _goes_on(seen, i - step, i)


def name_runs(seen: Text) -> list[Span]:
    """The marked names, each with the initials and generator's digits about it."""
    spans: list[Span] = []
    for token in seen.tokens:
        if token.sure:
            start, end = token.start, token.end
            before = _INITIAL_BEFORE.search(seen.text, max(0, start - 16), start)
            start = before.start() if before and before.group().strip() else start
            digits = _DIGITS.match(seen.text, end)
            end = digits.end() if digits else end
            more = _HYPHENED.match(seen.folded, end)
            if more and not any(map(seen.is_plain, more.group()[1:].split("-"))):
                end = more.end()
            after = _INITIAL_AFTER.match(seen.text, end)
            spans.append(Span(start, after.end() if after else end, "NAME"))
    return spans


def _is_told(seen: Text, token: Token) -> bool:
    """Whether a title, label, relation or credential tells a name, whatever the word."""
    if token.numbered and token.kind != "word" and not token.shouted:
        return True
    if token.low in _ROLES or token.low in _TITLES:
        return False
    if _CREDENTIAL.match(seen.text, token.end) and (token.kind != "word" or _follows_name(seen, token)):
        return not token.shouted or token.kind != "word"
    if token.kind in {"name", "unknown"} and not token.shouted and _GENERATION.match(seen.text, token.end):
        return True
    before = seen.words_before(token)
    if not before:
        return False
    near, far = before[0], before[1] if len(before) > 1 else ""
    if near in _PARTICLE_WORDS and _TITLED.search(seen.folded, max(0, token.start - 24), token.start):
        return True
    gap = seen.text[max(0, token.start - 3) : token.start]
    if near in _SURE_TITLES and ":" not in gap and "\n" not in gap:
        return True
    return token.kind != "word" and _is_led(seen, token, near, far, gap)


def _is_led(seen: Text, token: Token, near: str, far: str, gap: str) -> bool:
    """Whether the words before lead to a name, for what is no ordinary word."""
    if token.kind == "month" and near not in _RELATIONS and near not in _TITLES:
        return False
    if ":" in gap and (near in _LABELS or far in _LABELS):
        return True
    if _is_thing_word(seen, token):
        return False
    if near in _TITLES and gap[-1:] == " ":
        return True
    if near in _RELATIONS and "." not in gap:
        return True
    return near in {"by", "with", "to"} and far in _ACTS


def _follows_name(seen: Text, token: Token) -> bool:
    """Whether a capitalised name stands right before ("Hope Long, MD")."""
    before = seen.words_before(token)
    return bool(before) and seen.words.may_name(before[0]) and seen.text[token.start - 1] in " -"


def _is_thing_word(seen: Text, token: Token) -> bool:
    return token.low in seen.words.eponyms


def is_thing(seen: Text, i: int) -> bool:
    """Whether the token names a thing: a disease, a test, a tube."""
    words, token = seen.words, seen.tokens[i]
    if token.low in words.eponyms or _is_chained(seen, i) or _is_region(seen, i):
        return True
    following = _FOLLOWING.match(seen.folded, token.end)
    if _SCORED.match(seen.folded, token.end):
        return True
    near, far = (following[1] or "", following[2] or "") if following else ("", "")
    if near in words.nouns:
        return True
    is_pair = far in words.nouns and (
        near in words.eponyms or near in words.named_things or words.may_name(near)
    )
    if is_pair and (token.low in words.named_things or seen.text[token.end : token.end + 1] == "-"):
        return True
    if i and token.low in words.named_things:
        left = seen.tokens[i - 1]
        joined = seen.between(left, token) in {"-", " and ", " & ", "/"}
        return joined and (left.low in words.named_things or left.low in words.eponyms)
    return False


def _is_region(seen: Text, i: int) -> bool:
    """Whether the token is part of a state or country of two words ("New Zealand")."""
    pairs = [(j, j + 1) for j in (i - 1, i) if j >= 0 and j + 1 < len(seen.tokens)]
    both = [(seen.tokens[a], seen.tokens[b]) for a, b in pairs]
    return any(f"{a.low} {b.low}" in seen.words.regions and seen.between(a, b) == " " for a, b in both)


def _is_chained(seen: Text, i: int) -> bool:
    """Whether hyphens join the token to an eponym ("Wolff-Parkinson-White")."""
    for step in (-1, 1):
        j = i
        while 0 <= j + step < len(seen.tokens):
            left, right = sorted((j, j + step))
            if seen.between(seen.tokens[left], seen.tokens[right]) not in {"-", "\u2013"}:
                break
            j += step
            if seen.tokens[j].low in seen.words.eponyms:
                return True
    return False


def _is_listed(seen: Text, token: Token) -> bool:
    """Whether the word is a name by the lists, or no word at all."""
    if token.kind == "word" or (len(token.low) < 3 and token.kind != "name"):
        return False
    if token.shouted and (token.kind == "unknown" or len(token.low) < 4 or not _is_loud(seen, token)):
        return False
    if _DOSE.match(seen.folded, token.end):
        return False
    if _COMPOUND.match(seen.text, token.end):
        return False  # "Grant-funded"
    if token.kind == "name":
        return len(token.low) > 2 or not token.shouted
    if token.kind == "month":
        return _VERB.match(seen.folded, token.end) is not None
    if token.kind == "unknown":
        if seen.text[token.end : token.end + 1].isdecimal() or _MIXED.search(
            seen.text, token.start, token.end
        ):
            return False
        return not token.low.endswith(_MEDICAL_ENDS) and token.low not in seen.words.regions
    return (token.low not in _COLOURS and _is_inside(seen, token)) or _VERB.match(
        seen.folded, token.end
    ) is not None


def _is_pair(seen: Text, i: int) -> bool:
    """Whether the token and the one after make a name together, though neither does alone.

    A given and a family name, both ordinary words ("June Long", "Will A. Park"); or, in capitals, a word that is in no
    list beside what may be a name ("SHISKA LONG").
    """
    first, second = seen.tokens[i], seen.tokens[i + 1]
    between = seen.between(first, second)
    if (
        len(between) > 5
        or first.low in _ROLES
        or second.low in _ROLES
        or is_thing(seen, i)
        or is_thing(seen, i + 1)
    ):
        return False
    if "word" in {first.kind, second.kind} or first.shouted != second.shouted:
        return False
    if (
        first.shouted
        and {first.kind, second.kind} == {"name"}
        and not {first.low, second.low} & seen.words.ordinary
    ):
        return between in {" ", ", "}
    if first.shouted and "unknown" in {first.kind, second.kind}:
        return (
            between in {" ", ", ", "-"}
            and min(len(first.low), len(second.low)) > 2
            and len(first.low + second.low) > 8
        )
    if _JOIN.fullmatch(between):
        return first.low in seen.words.given and second.low in seen.words.family
    return (
        between == ", "
        and first.low in seen.words.family
        and second.low in seen.words.given
        and first.shouted
    )


def _is_loud(seen: Text, token: Token) -> bool:
    """Whether all of the line is in capitals, where a word in capitals is no abbreviation."""
    start = seen.text.rfind("\n", 0, token.start) + 1
    line = seen.text[start : token.start] + seen.text[token.end :].partition("\n")[0]
    letters = [c for c in line if c.isalpha()]
    return sum(c.isupper() for c in letters) * 5 >= len(letters) * 3


def _is_inside(seen: Text, token: Token) -> bool:
    """Whether the token stands within a sentence of ordinary words, where no word is capitalised but a name."""
    before = seen.text[max(0, token.start - 24) : token.start]
    last = before.rstrip(" \t")[-1:]
    word = before.rstrip(" \t").rpartition(" ")[2]
    if seen.text[token.end : token.end + 2].strip()[:1].isdecimal():
        return False  # "on Day 3"
    return (
        before[-1:] == " "
        and (last.isalnum() or last == "," or word in {"incl.", "w/", "&", "+"})
        and (word.islower() or word in {"w/", "&", "+"})
    )


def _is_labelled(seen: Text, token: Token) -> bool:
    """Whether a label and a colon stand before the token ("Name: West, Marquis")."""
    before = seen.words_before(token)
    return bool(before) and before[0] in _LABELS and ":" in seen.text[max(0, token.start - 3) : token.start]


def _goes_on(seen: Text, sure: int, other: int) -> bool:
    """Whether the token beside a name is part of it."""
    there, token = seen.tokens[sure], seen.tokens[other]
    if not there.sure or token.low in _ROLES or token.low in _TITLES:
        return False
    left, right = (there, token) if sure < other else (token, there)
    between = seen.between(left, right)
    if len(between) > 16:
        return False
    joined, comma = _JOIN.fullmatch(between), _COMMA.fullmatch(between)
    if token.kind != "word":
        if joined:
            return token.kind != "unknown" or not (token.shouted and not there.shouted)
        is_labelled = sure < other and _is_labelled(seen, there)
        return comma is not None and (
            (token.kind != "unknown" and token.shouted == there.shouted) or is_labelled
        )
    if comma and sure < other and _is_labelled(seen, there):
        return not _CREDENTIAL.match(seen.text, there.end)
    # An ordinary word is a family name after a given one alone: "John Long", and never "Long John".
    if (
        not joined
        or sure > other
        or not there.given
        or token.shouted != there.shouted
        or token.low in seen.words.nouns
    ):
        return False
    return token.low not in seen.words.kept and token.low not in seen.words.institution

"""Names of people whom the vault does not know: by what stands beside them, by lists of names, by being no word.

A capitalised word is a name where a title, a label, a relation or a credential says so; where it is a name and no
ordinary word; where it is neither, unless it reads like a drug or a thing named after somebody; or where it stands
beside a name. Ordinary words that are names too ("Hope", "Young") count in the middle of a sentence alone.
"""

from __future__ import annotations

import re

from tasks.deidentification.spans import Span
from tasks.deidentification.tokens import COMMONEST, Text, Token

_TITLES = frozenset(
    "dr drs mr mrs ms miss mx prof professor doctor nurse sister rev reverend pastor father rabbi judge cna "
    "officer trooper detective deputy sheriff sergeant lieutenant captain imam deacon fr bishop attorney coach capt sgt chaplain patient pt client md np pa pharmacist resident attending".split()
)
_SURE_TITLES = frozenset("dr drs mr mrs ms miss mx prof professor".split())
_HEARD_TITLES = frozenset("doctor pastor rabbi imam chaplain officer trooper".split())
"""Titles that ordinary words follow as well: in capitals they tell nothing of those."""
_RELATIONS = frozenset(
    "husband wife son daughter mother father brother sister partner spouse friend neighbor neighbour "
    "boyfriend girlfriend fiance fiancee aunt uncle cousin niece nephew grandson granddaughter grandmother "
    "grandfather mom dad stepson stepdaughter stepmother stepfather roommate caregiver guardian interpreter "
    "aide therapist counselor twins twin named name nicknamed called goes widow widower ex-husband ex-wife "
    "daughter-in-law son-in-law mother-in-law father-in-law brother-in-law sister-in-law grandma grandpa grandparents "
    "grandkids children child kids baby infant newborn sons daughters brothers sisters siblings aunts uncles cousins friends "
    "parents lawyer attorney supervisor worker landlord landlady teacher principal coach sponsor boss manager employer coworker "
    "co-worker classmate colleague colleagues partners assistant secretary payee liaison representative rep technician tech scribe intern "
    "fellow student technologist transporter sitter babysitter nanny psychologist psychiatrist dentist podiatrist "
    "optometrist nephrologist urologist hygienist coordinator adjuster trustee executor advocate pastor priest minister "
    "rabbi imam deacon minister firefighter medic paramedic driver barber tenant victim suspect assailant "
    "surrogate agent alternate proxy".split()
)
_LABELS = frozenset(
    "patient pt name attending provider physician surgeon pcp author by cc to resident fellow nurse assistant "
    "contact kin proxy guardian interpreter re spouse mother father wife husband son daughter referring "
    "consultant anesthesiologist anesthetist cosigner cosigned signed dictated transcribed reviewed "
    "radiologist pathologist hospitalist agent member clinician practitioner pharmacist therapist "
    "transcriptionist dictator requester doctor md rn witness relative subscriber insured guarantor employer "
    "informant operator technologist preceptor supervisor cardiologist oncologist neurologist requesting submitting caller "
    "from source routed referred ordering collector reader scribe taken completed forwarded circulator assist assistance liaison "
    "intern student author primary sender recipient attn copies copy secretary worker pharmd parent caretaker next emergency "
    "interviewer evaluator reporter reported examiner client dear prepared verified performed read drawn given endoscopist "
    "anesthesia circulating tech sitter seen covering accepting sending dictating submitted supervising".split()
)
_ACTS = frozenset(
    "signed seen evaluated examined dictated transcribed reviewed performed verified authored cosigned "
    "approved referred followed read interpreted entered edited prepared written ordered accompanied assisted "
    "supervised staffed attested administered placed removed completed obtained brought driven told spoke met "
    "discussed talked visited contacted".split()
)
_WORD_LEADS = (
    _SURE_TITLES
    | _HEARD_TITLES
    | _RELATIONS
    | _TITLES
    | _LABELS
    | {"by", "with", "to", *"van von de la der den del di da dos du le el al bin ibn ten ter".split()}
)
_CREDENTIAL = re.compile(
    r"(?:[ \t]*,[ \t]*|[ \t]+)\(?(?:M\.?D|D\.?O|R\.?N|N\.?P|P\.?A(?:-C)?|Ph\.?D|PHD|LCSW|LICSW|MSW|DDS|DMD|DPM|OD|"
    r"Pharm\.?D|PHARMD|CRNA|CNM|FNP(?:-\w+)?|APRN|ARNP|LPN|LVN|CNS|CNA|BSN|MSN|DNP|RD|RDN|PT|DPT|OT|OTR(?:/L)?|SLP|RT|"
    r"RRT|EMT|MBBS|FACP|FACS|FACC|FAAFP|Esq|MA|CMA|RMA|CST|CCM|LSW|LMSW|LMFT|LPC|LCPC|LCSW-\w|LISW|ACNP(?:-\w+)?|AGNP(?:-\w+)?|PMHNP|WHNP|"
    r"MS[34]|MS ?IV|PGY-?\d|PsyD|EdD|MPH|MBA|MEd|RPh|BCPS|CPhT|CHW|CTRS|CCC-SLP|RDMS|APP|QMHP)\b(?!\s*:)"
)
_GENERATION = re.compile(r"[ \t]*,?[ \t]+(?:Jr|Sr|II|III|IV)\b\.?")
_PARTICLES = "van von de la der den del di da dos du le el al bin ibn ten ter"
_PARTICLE_WORDS = frozenset(_PARTICLES.split())
_TITLED = re.compile(
    rf"\b(?:drs?|mr|mrs|ms|miss|prof|doctor)\.?[ \t]+(?:(?:(?:{_PARTICLES.replace(' ', '|')}|st\.?)[ \t]+|al-|el-|ben-)){{1,2}}$"
)
_LEADING = r"(?:S[Tt]\.[ \t]*|(?:[AaEe][Ll]|[Bb]en)-|M[Aa]?c[ \t]+)"
_PARTICLE = "(?:" + "|".join(f"[{p[0].upper()}{p[0]}]{p[1:]}" for p in _PARTICLES.split()) + ")"
_JOIN = re.compile(
    rf"[ \t]+|[ \t]*-[ \t]*|[ \t]+(?:[A-Z]\.?[ \t]+){{1,2}}|[ \t]+(?:{_PARTICLE}[ \t]+){{1,2}}"
    rf"|[ \t]+(?:[A-Z]\.?[ \t]+)?{_LEADING}"
    r"|[ \t]*/[ \t]*|\d{1,4}[ \t]+|-[^\W\d_]{2,}[ \t]+(?:[A-Z]\.?[ \t]+)?"
)
_COMMA = re.compile(r"[ \t]*,[ \t]*|\^")
_INITIAL_BEFORE = re.compile(
    rf"(?<![\w.'])(?![AI][ \t])[A-Z](?:\.[ \t]*|[ \t]+)(?:[A-Z]\.[ \t]*){{0,2}}(?<=[. \t])(?:{_PARTICLE}[ \t]+|{_LEADING}){{0,2}}$"
    rf"|(?<![\w'])(?:{_PARTICLE}[ \t]+|{_LEADING}){{1,2}}$"
)
_INITIAL_AFTER = re.compile(
    r"(?:,?[ \t]+[A-Z](?:\.(?![A-Z])|(?=[ \t]*(?:[,;|/()]|$|\n)|[ \t]{2}|\t"
    r"|[ \t]+(?:MD|DO|RN|NP|PA|MA|PhD|LPN|Jr|Sr|II|III)\b))){1,2}"
)
_DOSE = re.compile(
    r"['\u2019]?\w*[ \t]*(?:\(|\[)?[ \t]*\d+(?:\.\d+)?[ \t]*(?:mg|mcg|g|ml|units?|iu|%|meq)\b"
    r"|[ \t]+(?:tablets?|tabs?|capsules?|injection|cream|inhaler|pen|patch|drops|spray|suspension|ointment|infusion|"
    r"therapy)\b"
)
_DAILY = re.compile(r"[ \t]+(?:daily|bid|tid)\b")
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
    r"requested|continues to|remains|understands|declines|declined|did|does|who|arrived|visited|works|tells|calling|checks|told|thinks|feels|likes|hopes|enjoys|moved|died|passed|smokes|drinks|sleeps|eats|walks|"
    r"drove|brought|accompanied)\b"
)
_ROLES = frozenset(
    "md do rn np pa phd hospital clinic medical center university practitioner physician surgeon nurse "
    "manager coordinator attending resident fellow service team unit department office phone fax date time "
    "patient room street avenue road age sex dob mrn visit note report provider signed electronically page "
    "ems vna neurology cardiology oncology urology surgery gi pharmacy tel dob lpn lvn rm mrn fax ext acct cell lab labs "
    "best regards sincerely thanks thank warmly yours truly dear cordially respectfully kind "
    "radiology pathology dermatology nephrology psychiatry pediatrics orthopedics ortho ent ob gyn icu ed er or "
    "loc sex admitted referring requesting submitting copy caller doctor drs lcsw msw lpn cna "
    "admission discharge male female address account test sign disease syndrome notified aware updated "
    "present here called agrees is was has and or the with for from".split()
)


_SCORED = re.compile(r"[ \t]*:?[ \t]*\d{1,2}/\d{1,2}(?![\d/])")
_COMPOUND = re.compile(r"-[a-z]{3,}")
_COLOURS = frozenset("black white brown green grey gray blue".split())
_MIXED = re.compile(r"(?<!Mc)(?<!Mac)(?<!De)(?<!La)(?<!Le)(?<!Di)(?<!Fitz)(?<=[a-z])[A-Z]")
_HYPHENED = re.compile(r"(?:-[^\W\d_]{2,})+")
_DIGITS = re.compile(r"\d{1,4}")


_ARTICLE_JOIN = re.compile(r"[ \t]+[AI][ \t]+")
_SMALL_JOIN = re.compile(r"[ \t]+[a-z]\.?[ \t]+")
_SMALL_AFTER = re.compile(r",?[ \t]+(?!w/)[b-z](?:\.(?![a-z])|(?=[ \t]*(?:[,;|/()]|$|\n)|[ \t]{2}|\t))")
_ENDS_NAME = re.compile(r"['\u2019]s|[ \t]*(?:[,.;:()/|\n]|$)|[ \t]{2}|[ \t]+-")
_MONTH_NAMES = frozenset("march april may june august".split())
_DAY_AFTER = re.compile(r"[ \t]+(?:of[ \t]+)?\d|/\d")


def mark_names(seen: Text) -> None:
    """Mark the tokens that are names."""
    for i, token in enumerate(seen.tokens):
        if not token.sure and _is_told(seen, token):
            token.sure = token.given = True
        elif not token.sure and token.kind != "word" and not is_thing(seen, i):
            token.sure = _is_listed(seen, token)
            token.given = token.sure and token.low in seen.words.given
    _mark_called(seen)
    _mark_sorted(seen)
    for i in range(len(seen.tokens) - 1):
        first, second = seen.tokens[i], seen.tokens[i + 1]
        if not (first.sure and second.sure) and _is_pair(seen, i):
            first.sure = second.sure = first.given = True
    for order in (range(1, len(seen.tokens)), range(len(seen.tokens) - 2, -1, -1)):
        step = 1 if order.step == 1 else -1
        for i in order:
            if not seen.tokens[i].sure:
                seen.tokens[i].sure = _goes_on(seen, i - step, i)


_BELONGS = re.compile(
    r"['\u2019]s (?:wife|husband|spouse|mother|father|mom|dad|sister|brother|son|daughter|sons|daughters|family|parents|children|"
    r"boyfriend|girlfriend|partner|aunt|uncle|friend|prior|last|recent|current|previous|home|blood|pain|labs?|medications?|meds|"
    r"symptoms|condition|care|diagnosis|appointment|visit|refill|insurance|school|room|roommate)\b"
)
_CALLED = re.compile(
    r"(?:\bknown as|\bgoes by|\bnicknamed|\bprefers|\bpreferred name:?|\ba\.?k\.?a\.?|\bto be called|\bgo by|\bname is|"
    r"\bcall(?:s|ed)? (?:him|her|them|me)|\bnamed)[ \t:]+(?:the name )?[\"'\u201c\u2018]?$"
)
_CLOSING = re.compile(
    r"(?:regards|sincerely(?: yours)?|thank(?:s| you)|thx|warmly|yours(?: truly| sincerely)?|respectfully(?: submitted)?|"
    r"cheers|cordially|best(?: wishes)?)(?:,[ \t]*|,?[ \t]*\n+[ \t]*)-{0,2}$"
)
_QUOTED = re.compile(r"[ \t]+[\"'(\u201c\u2018]|[\"')\u201d\u2019][ \t]+")
_OWNED = re.compile(
    r"['\u2019]s (?:office|team|service|clinic|note|recs?|recommendations|consult)\b|[ \t](?:note|recs)\b"
)
_PERSON_LABEL = re.compile(
    r"(?:\b(?:patient(?:'?s)?(?: name)?|pt(?: name)?|name|re|client|member|regarding)[ \t]*(?::|#|\()[ \t]*|\bdear (?:dr\.? |doctor |mr\.? |ms\.? |mrs\.? )?)$"
)
_BRACKETED = re.compile(r"[ \t]*[()\"][ \t]*|[ \t]*,[ \t]+")


_SORTED = re.compile(
    r"^(?P<l>[A-Z][A-Z'\u2019 -]{1,24}), ?(?P<f>[A-Z][A-Z'\u2019-]+)(?= {2,}|\t| \d)", re.MULTILINE
)


def _mark_sorted(seen: Text) -> None:
    """Mark a name that heads a line in capitals, the family name first ("HEAD,ESTHER  42F")."""
    for match in _SORTED.finditer(seen.text):
        within = [t for t in seen.tokens if match.start() <= t.start < match.end()]
        if within and within[-1].low in seen.words.given and not any(t.low in _ROLES for t in within):
            for token in within:
                token.sure = True


def _mark_called(seen: Text) -> None:
    """Mark what a text says somebody is called, whatever the word: nicknames, closings of letters, headings."""
    for i, token in enumerate(seen.tokens):
        if token.sure or token.low in _ROLES or token.low in _TITLES:
            continue
        near = seen.words_before(token)
        if not near or not near[0] or near[0].strip("(\u201c\u2018") in _LEADERS:
            before = seen.folded[max(0, token.start - 40) : token.start]
            is_quoted = before[-1:] in {*"\"'\u201c\u2018"}
            if (_CALLED.search(before) and (token.kind != "word" or is_quoted)) or _CLOSING.search(before):
                token.sure = token.given = not is_thing(seen, i)
            elif not seen.small and _PERSON_LABEL.search(before) and not _is_heading(seen, token):
                _mark_heading(seen, i)
                if near and near[0] == "dear" and token.low not in _ADDRESSED:
                    token.sure = True
        is_doubtful = token.kind in {"both", "month"} and not token.sure and not seen.small
        if is_doubtful and token.low in seen.words.family:
            if _OWNED.match(seen.folded, token.end):
                left = seen.text[max(0, token.start - 2) : token.start]
                token.sure = left[-1:] == "(" or (left[:1].islower() and left[1:] in {" ", "\t"})


_DISCUSSED = frozenset(
    "plan discussed case reviewed spoke d/c'd seen rounded staffed appt appointment findings results meeting".split()
)
_ADDRESSED = frozenset(
    "sir madam sirs colleague colleagues patient parents parent team all doctor friend family member".split()
)
_LEADERS = frozenset(
    "as by nicknamed prefers name aka a.k.a called go is him her them me named regards sincerely you thanks thx warmly yours truly "
    "respectfully submitted cheers cordially best wishes patient patient's patients pt re client member regarding dear dr doctor mr ms mrs".split()
)
"""What stands right before a name that `_mark_called` tells: a cheap look."""


def _mark_heading(seen: Text, first: int) -> None:
    """Mark the words after the label of a person, where one of them at least is a name ("Name: HEAD, ESTHER")."""
    run = [seen.tokens[first]]
    for token in seen.tokens[first + 1 : first + 4]:
        between = seen.between(run[-1], token)
        if not (_JOIN.fullmatch(between) or _COMMA.fullmatch(between)) or token.low in _ROLES | _TITLES:
            break
        run.append(token)
    if _CREDENTIAL.match(seen.text, run[-1].start - 1):
        run.pop()
    named = [t for t in run if t.kind == "name" or (t.kind != "word" and t.low in seen.words.given)]
    if named and len(run) > 1:
        for token in run:
            token.sure = True


def name_runs(seen: Text) -> list[Span]:
    """The marked names, each with the initials and generator's digits about it."""
    spans: list[Span] = []
    last = -9
    for token in seen.tokens:
        if token.sure:
            start, end = token.start, token.end
            if _ARTICLE_JOIN.fullmatch(seen.text, max(last, 0), start):
                start = last + 1  # "Ann A Cole", where "A" might be a word
            if seen.small:
                if _SMALL_JOIN.fullmatch(seen.text, last, start):
                    start = last + 1
                after = _SMALL_AFTER.match(seen.text, end)
                end = after.end() if after else end
            last = end
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


def _may_be_told(seen: Text, token: Token) -> bool:
    """Whether it is worth to look closer at an ordinary word: most are not."""
    before = seen.words_before(token)
    if before and (before[0] in _WORD_LEADS or before[0][:2] in {"st", "al", "el", "be"}):
        return True
    if (
        seen.text[max(0, token.start - 2) : token.start].rstrip(" \t")[-1:] in {".", ":"}
        and token.low in seen.words.family
    ):
        return True
    return bool(before) and seen.words.may_name(before[0])


def _is_heading(seen: Text, token: Token) -> bool:
    """Whether the token is itself a label ("Consultant:"), or a relation ("Ex-husband")."""
    return (token.low in _LABELS and seen.text[token.end : token.end + 1] == ":") or token.low in _RELATIONS


def _is_told(seen: Text, token: Token) -> bool:
    """Whether a title, label, relation or credential tells a name, whatever the word."""
    if token.numbered and token.kind != "word" and not token.shouted:
        return True
    if token.kind == "word" and not _may_be_told(seen, token):
        return False
    if token.low in _ROLES or token.low in _TITLES or _is_heading(seen, token):
        return False
    if _CREDENTIAL.match(seen.text, token.end) and (token.kind != "word" or _follows_name(seen, token)):
        return not token.shouted or token.kind != "word"
    if token.kind in {"name", "unknown"} and not token.shouted and _GENERATION.match(seen.text, token.end):
        return True
    before = seen.words_before(token)
    if not before:
        return False
    near, far = before[0], before[1] if len(before) > 1 else ""
    after = seen.text[token.end : token.end + 1]
    named = token.kind == "both" or (after and after in ",/)\n" and token.low not in seen.words.nouns)
    if named and not seen.small and token.low in seen.words.family:
        begin = max(0, token.start - 9)
        if _BY_INITIAL.search(seen.text, begin if begin == 0 else begin, token.start) and begin:
            return True
    if (
        near in _PARTICLE_WORDS or near.startswith(("st", "al-", "el-", "al", "el", "ben"))
    ) and _TITLED.search(seen.folded, max(0, token.start - 24), token.start):
        return True
    gap = seen.text[max(0, token.start - 3) : token.start]
    if near in _HEARD_TITLES and gap[-1:] == " " and not token.shouted and token.low not in _RELATIONS:
        return seen.text[token.end : token.end + 1] not in "-/"
    if near in _SURE_TITLES and ":" not in gap and "\n" not in gap:
        return True
    if (
        near in _RELATIONS
        and gap[-1:] == " "
        and not token.shouted
        and not seen.small
        and not seen.words.kept & {token.low}
    ):
        start = token.start - 1 - len(near)
        if seen.text[start : token.start - 1] == near and token.low not in seen.words.regions:
            return not _is_thing_word(seen, token)  # "her sister Chance"
    named_region = token.low in seen.words.regions and token.low in seen.words.family
    return (token.kind != "word" or named_region) and _is_led(seen, token, near, far, gap)


def _is_led(seen: Text, token: Token, near: str, far: str, gap: str) -> bool:
    """Whether the words before lead to a name, for what is no ordinary word."""
    if token.kind == "month" and near not in _RELATIONS and near not in _TITLES:
        return False
    if ":" in gap and (near in _LABELS or far in _LABELS):
        return True
    if _is_thing_word(seen, token):
        return False
    if near == "d/w" or (near == "w/" and far in _DISCUSSED):
        return True
    if near in _TITLES and gap[-1:] == " ":
        return True
    if near in _RELATIONS and "." not in gap and gap[-1:] != "-":
        return True
    return near in {"by", "with", "to"} and far in _ACTS


_BY_INITIAL = re.compile(r"(?:[a-z(/\-][ \t]?|^)[A-Z]\.[ \t]?(?:[A-Z]\.[ \t]?)?$")


def _follows_name(seen: Text, token: Token) -> bool:
    """Whether a capitalised name stands right before ("Hope Long, MD")."""
    before = seen.words_before(token)
    return bool(before) and seen.words.may_name(before[0]) and seen.text[token.start - 1] in " -"


def _is_thing_word(seen: Text, token: Token) -> bool:
    return token.low in seen.words.eponyms


_OF_THING = re.compile(
    r"\b(?:circle|ligament|sphincter|loop|islets?|pouch|nodes?|sign|angle|crypts?|canal|bundle|lines?|zone|tetralogy|foramen|ampulla|"
    r"triangle|organ|fossa|space|triad|chorea|disease|bodies|sinus|tubercle|tubules?) of $"
)


def is_thing(seen: Text, i: int) -> bool:
    """Whether the token names a thing: a disease, a test, a tube."""
    words, token = seen.words, seen.tokens[i]
    if seen.folded.endswith("of ", 0, token.start) and _OF_THING.search(
        seen.folded, max(0, token.start - 16), token.start
    ):
        return True
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
    if seen.tokens[i].low not in seen.words.region_words:
        return False
    pairs = [(j, j + 1) for j in (i - 1, i) if j >= 0 and j + 1 < len(seen.tokens)]
    both = [(seen.tokens[a], seen.tokens[b]) for a, b in pairs]
    return any(f"{a.low} {b.low}" in seen.words.regions and seen.between(a, b) == " " for a, b in both)


_HYPHENS = frozenset("-\u2013")


def _is_chained(seen: Text, i: int) -> bool:
    """Whether hyphens join the token to an eponym ("Wolff-Parkinson-White")."""
    token = seen.tokens[i]
    if (
        seen.text[token.end : token.end + 1] not in _HYPHENS
        and seen.text[max(0, token.start - 1) : token.start] not in _HYPHENS
    ):
        return False
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
    if token.kind == "word" or _is_heading(seen, token) or (len(token.low) < 3 and token.kind != "name"):
        return False
    if token.shouted and (token.kind == "unknown" or len(token.low) < 4 or not _is_loud(seen, token)):
        return False
    if _DOSE.match(seen.folded, token.end):
        return False
    if token.low not in seen.words.given and _DAILY.match(seen.folded, token.end):
        return False
    if seen.small:
        return token.kind == "name"
    if _COMPOUND.match(seen.text, token.end):
        return False  # "Grant-funded"
    if token.kind == "name":
        return len(token.low) > 2 or not token.shouted
    if token.kind == "both" and token.low in seen.words.given and not token.shouted:
        if _BELONGS.match(seen.folded, token.end):
            return True
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
    if seen.small and "name" not in {first.kind, second.kind}:
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


def _is_verb_in_capitals(seen: Text, token: Token) -> bool:
    """Whether an ordinary word in a line of capitals may go on with the sentence ("KYLE WANTS TO KNOW")."""
    if token.low in _PARTICLE_WORDS or _ENDS_NAME.match(seen.text, token.end) or not _is_loud(seen, token):
        return False
    return token.low in COMMONEST or token.low not in seen.words.family or token.low.endswith(("ing", "ed"))


def _goes_on(seen: Text, sure: int, other: int) -> bool:
    """Whether the token beside a name is part of it."""
    there, token = seen.tokens[sure], seen.tokens[other]
    if not there.sure or token.low in _ROLES or token.low in _TITLES or _is_heading(seen, token):
        return False
    left, right = (there, token) if sure < other else (token, there)
    between = seen.between(left, right)
    if len(between) > 16:
        return False
    joined, comma = _JOIN.fullmatch(between), _COMMA.fullmatch(between)
    if token.low in _MONTH_NAMES and joined and sure < other and there.given and not there.shouted:
        return _DAY_AFTER.match(seen.text, token.end) is None
    if token.kind != "word":
        if seen.small and (joined or _SMALL_JOIN.fullmatch(between)):
            ends = _ENDS_NAME.match(seen.text, token.end) is not None
            return token.kind == "name" or (
                ends and there.given and sure < other and token.low in seen.words.family
            )
        if joined:
            return token.kind != "unknown" or not (token.shouted and not there.shouted)
        is_labelled = sure < other and _is_labelled(seen, there)
        return comma is not None and (
            (token.kind != "unknown" and token.shouted == there.shouted) or is_labelled
        )
    if seen.small or (token.shouted and _is_verb_in_capitals(seen, token)):
        return False
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

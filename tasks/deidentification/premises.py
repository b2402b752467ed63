"""Hospitals, homes, schools and firms of no list: by what leads to them, by two last words, by a letter's head."""

from __future__ import annotations

import re
from collections.abc import Sequence

from tasks.deidentification.cues import CREDENTIAL, RELATIONS, ROLES, TITLES
from tasks.deidentification.spans import Span
from tasks.deidentification.things import is_thing
from tasks.deidentification.tokens import COMMONEST, Text, Token

_PAIRS = frozenset(
    "family medicine|family practice|urgent care|memory care|day center|day centre|care center|women health|men "
    "health|"
    "family health|behavioral health|mental health|primary care|home care|home health|home healthcare|auto body|"
    "auto repair|auto parts|iron works|steel works|school district|credit union|and die|health system|health network|"
    "health partners|medical group|senior care|foster care|adult care|elder care|child care|day care|power company|"
    "police department|fire department|public schools|water works|public works|family services|human services|"
    "community services|rest home|senior living|retirement community|recovery center|treatment center|food bank|"
    "fire rescue|family dentistry|sports medicine|hair salon|body shop|machine shop|coffee shop|tire center|"
    "truck stop|box company|insurance agency|law firm|real estate|and sons|and associates|and daughters".split(
        "|"
    )
)
"""Two words by which a name of an institution or firm ends, where one of them alone says too little."""
_LASTS = frozenset(pair.split()[1] for pair in _PAIRS)
_RUN = re.compile(
    r"(?:['\u2019]s)?(?:[ \t]|-|[ \t]*&[ \t]*|[ \t]+(?:of|and|for|the|at|or)[ \t]+(?:the[ \t]+)?)"
)
_LABEL = re.compile(
    r"(?:\b(?:facility|hospital|pharmacy|school|employer|clinic|practice|agency|laboratory|vendor|institution|"
    r"organization|company|daycare|church|home care|vna|dme|snf|occupation|workplace|college)[ \t]*:|"
    r"\b(?:works?|worked|working|volunteers|volunteered|job|shifts?|nights|days|evenings|laid off|retired|hired|"
    r"employed|formerly|previously|career|letter|form|note|excuse|rx|script|refills?(?: needed)?|prescription) "
    r"(?:[a-z ]{0,24} )?(?:at|for|with|by|from|to|in)|\bthen|\bdropped out of|\bexpelled from|\bgraduated from|"
    r"\benrolled (?:in|at)|\bstudent at|\battends|\battended|\bowner of|\bowns|\bmanages|\b(?:rn|md|do|np|lpn|"
    r"pa|nurse|"
    r"teacher|professor|cook|clerk|driver|guard|cashier|manager|rep|interpreter|pastor|chaplain|coach|resident|"
    r"inpatient|patient|member|employee|counselor|principal|vendor|sponsor) (?:at|from|of|for|with|in))"
    r"[ \t]+(?:the[ \t]+)?$"
)
"""What leads to an institution or a firm, whatever its words."""
_PLACED = re.compile(
    r"(?:\b(?:at|from|via|outside|near)[ \t]+(?:the[ \t]+)?|\((?:[a-z]{2,16}[,:]?[ \t]+)?|\|[ \t]*|"
    r"\b(?:rn|md|do|np|pa|lpn|cna|pt|ot|rt|sw|msw|lcsw|lsw|pharmd|dpm|dds|phd),[ \t]+|"
    r"\b(?:seen|treated|hospitalized|admitted|transferred|done|performed|followed|drawn|read|stays?|staying|fell|"
    r"residing|lives?|living|imaging|scan|films?|study|surgery|visit|dialysis|hd|records) "
    r"(?:at|to|by|in|from|with)[ \t]+"
    r"(?:the[ \t]+)?)$"
)
"""What leads to a place of any kind: names of places, and names that no list has, are believed after it."""
_MARKS = frozenset(":,|(")
_NEAR = frozenset(
    "at for with by from to in of the then via outside near attends attended owns manages".split()
)
"""What stands right before a name in every lead: looked for first, as it is cheap."""
_NOWHERE = frozenset(
    "none unknown same self retired unemployed disabled home student na n/a other see per denies yes no bedside night "
    "noon midnight rest risk baseline present least last first discharge admission birth times time work school "
    "triage clinic hospital church floor unit icu ed er or pacu us usa america spanish english".split()
)
_BOX = re.compile(r"p\.?[ \t]?o\.?[ \t]?box", re.IGNORECASE)
_FARTHEST = 44


def premises(seen: Text, streets: Sequence[Span]) -> list[Span]:
    """Names of institutions and firms.

    Args:
        seen: the text and its tokens.
        streets: the addresses found in it; the line before one in the head of a letter names who sits there.
    """
    found = _above(seen, streets)
    if seen.small:
        return found
    done = -1
    for i, token in enumerate(seen.tokens):
        if token.start < done or token.low in TITLES or token.low in RELATIONS:
            continue
        lead = _lead(seen, token)
        if lead:
            run = _run(seen, i)
            if run and _is_believed(seen, i, run, lead):
                done = _end(seen, run[-1])
                found.append(Span(token.start, done, "PLACE"))
    return found


def ends_name(seen: Text, i: int) -> bool:
    """Whether a name of an institution ends by the token: by the word alone, or with the one before it."""
    token = seen.tokens[i]
    if token.low in seen.words.institution:
        return True
    if i == 0 or token.low not in _LASTS or _RUN.fullmatch(seen.between(seen.tokens[i - 1], token)) is None:
        return False
    between = seen.between(seen.tokens[i - 1], token)
    before = "and" if "&" in between or " and " in between else seen.tokens[i - 1].low
    return f"{before} {token.low}" in _PAIRS


def _above(seen: Text, streets: Sequence[Span]) -> list[Span]:
    """The line above an address that begins a line."""
    found = []
    for street in streets:
        start = street.start
        if start < 4 or seen.text[start - 1] != "\n":
            continue
        line = seen.text.rfind("\n", 0, start - 1) + 1
        name = seen.text[line : start - 1].strip(" \t,")
        if 2 < len(name) < 60 and not set(":;|=") & set(name) and (name[0].isupper() or seen.small):
            label = not any(c.isdecimal() for c in name) and not CREDENTIAL.search(name)
            if label and not (name.isupper() and len(name.split()) == 1):
                found.append(Span(line, line + len(name), "PLACE"))
    return found


def _lead(seen: Text, token: Token) -> str:
    """`label` where any words are a name after it, `placed` where names are, empty where neither."""
    before = seen.folded[max(0, token.start - _FARTHEST) : token.start].rpartition("\n")[2]
    last = before[-1:]
    if last not in {" ", "(", "|", "\t"} or (last == " " and before[-2:-1] == "."):
        return ""
    if before.rstrip(" \t")[-1:] not in _MARKS and "(" not in before[-20:]:
        near, *_ = seen.words_before(token) or [""]
        if near not in _NEAR:
            return ""
    if _LABEL.search(before):
        return "label"
    return "placed" if _PLACED.search(before) else ""


def _run(seen: Text, first: int) -> list[Token]:
    """The capitalised words from the token on that one name may hold."""
    run = [seen.tokens[first]]
    for token in seen.tokens[first + 1 : first + 6]:
        left = run[-1]
        between = seen.between(left, token)
        if not _RUN.fullmatch(between) or len(between) > 10 or token.low in TITLES - {"resident", "patient"}:
            break
        if left.shouted != token.shouted and min(len(left.low), len(token.low)) > 3:
            break
        if between.strip() in {"for", "at", "or"} and token.kind == "word" and not ends_name(seen, first):
            break
        run.append(token)
    return run


def _is_believed(seen: Text, first: int, run: list[Token], lead: str) -> bool:
    """Whether the words make the name of a place here."""
    words, head = seen.words, run[0]
    if head.low in _NOWHERE or head.low in COMMONEST or head.low in words.regions or head.kind == "month":
        return False
    if head.shouted and (len(run) > 3 or len(head.low) < 3 or len(run) == 1):
        return False  # capitals: lists and last words tell more
    if is_thing(seen, first) or CREDENTIAL.match(seen.text, run[-1].end) or head.low in words.kept:
        return False
    own = [t for t in run if t.low not in words.generic | words.institution | ROLES | words.kept]
    if not own:
        return False
    if lead == "label":
        return len(run) > 1 or head.kind != "word" or head.low in words.cities
    told = any(t.kind in {"name", "unknown"} or t.low in words.cities for t in own)
    told = told or (len(run) > 1 and any(t.kind == "both" for t in own))
    ended = len(run) > 1 and ends_name(seen, first + len(run) - 1)
    return ended or (told and not any(is_thing(seen, first + n) for n in range(len(run))))


def _end(seen: Text, last: Token) -> int:
    """Where the name ends, with its genitive ("Saint Anthony's")."""
    return last.end + 2 if seen.text[last.end : last.end + 2] in {"'s", "\u2019s"} else last.end

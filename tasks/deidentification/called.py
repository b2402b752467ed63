"""What a text says somebody is called, whatever the word: in headings, letters, by nicknames."""

from __future__ import annotations

import re

from tasks.deidentification.cues import COMMA, CREDENTIAL, JOIN, ROLES, TITLES, is_heading
from tasks.deidentification.things import is_thing
from tasks.deidentification.tokens import Text

_CALLED = re.compile(
    r"(?:\bknown as|\bgoes by|\bnicknamed|\bprefers|\bpreferred name:?|\ba\.?k\.?a\.?|\bto be called|\bgo by|"
    r"\bname is|"
    r"\bcall(?:s|ed)? (?:him|her|them|me)|\bnamed)[ \t:]+(?:the name )?[\"'\u201c\u2018]?$"
)
_CLOSING = re.compile(
    r"(?:regards|sincerely(?: yours)?|thank(?:s| you)|thx|warmly|yours(?: truly| sincerely)?|respectfully(?: "
    r"submitted)?|"
    r"cheers|cordially|best(?: wishes)?)(?:,[ \t]*|,?[ \t]*\n+[ \t]*)-{0,2}$"
)
_OWNED = re.compile(
    r"['\u2019]s (?:office|team|service|clinic|note|recs?|recommendations|consult)\b|[ \t](?:note|recs)\b"
)
_PERSON_LABEL = re.compile(
    r"(?:\b(?:patient(?:'?s)?(?: name)?|pt(?: name)?|name|re|client|member|regarding|attending|resident|surgeon|"
    r"(?:(?:ordering|referring|attending|requesting|primary|accepting|admitting|supervising|consulting) )?"
    r"(?:physician|provider|md|doctor)|assistants?|fellow|nurse|rn|therapist|clinician|signed by|read by|dictated by|"
    r"referring|contact|proxy|guardian|mother|father|spouse|wife|husband|next of kin|verified w/|seen w/|author|cc)"
    r"[ \t]*(?::|#|\(|(?<=w/))[ \t]*|\bdear "
    r"(?:dr\.? |doctor |mr\.? |ms\.? |mrs\.? )?)$"
)
_SORTED = re.compile(
    r"^(?P<l>[A-Z][A-Z'\u2019 -]{1,24}), ?(?P<f>[A-Z][A-Z'\u2019-]+)(?= {2,}|\t| \d)", re.MULTILINE
)


def mark_sorted(seen: Text) -> None:
    """Mark a name that heads a line in capitals, the family name first ("HEAD,ESTHER  42F")."""
    for match in _SORTED.finditer(seen.text):
        within = [t for t in seen.tokens if match.start() <= t.start < match.end()]
        if within and within[-1].low in seen.words.given and not any(t.low in ROLES for t in within):
            for token in within:
                token.sure = True


def mark_called(seen: Text) -> None:
    """Mark what a text says somebody is called, whatever the word: nicknames, closings of letters, headings."""
    for i, token in enumerate(seen.tokens):
        if token.sure or token.low in ROLES or token.low in TITLES:
            continue
        near = seen.words_before(token)
        if not near or not near[0] or near[0].strip("(\u201c\u2018") in _LEADERS:
            before = seen.folded[max(0, token.start - 40) : token.start]
            is_quoted = before[-1:] in {*"\"'\u201c\u2018"}
            if (_CALLED.search(before) and (token.kind != "word" or is_quoted)) or _CLOSING.search(before):
                token.sure = token.given = not is_thing(seen, i)
            elif not seen.small and _PERSON_LABEL.search(before) and not is_heading(seen, token):
                _mark_heading(seen, i)
                if near and near[0] == "dear" and token.low not in _ADDRESSED:
                    token.sure = True
        is_doubtful = token.kind in {"both", "month"} and not token.sure and not seen.small
        if is_doubtful and token.low in seen.words.family and _OWNED.match(seen.folded, token.end):
            left = seen.text[max(0, token.start - 2) : token.start]
            token.sure = left[-1:] == "(" or (left[:1].islower() and left[1:] in {" ", "\t"})


_ADDRESSED = frozenset(
    "sir madam sirs colleague colleagues patient parents parent team all doctor friend family member".split()
)
_LEADERS = frozenset(
    "as by nicknamed prefers name aka a.k.a called go is him her them me named regards sincerely you thanks thx "
    "warmly yours truly attending resident surgeon physician provider md doctor assistant assistants fellow nurse rn "
    "therapist clinician by referring contact proxy guardian mother father spouse wife husband kin w/ author cc "
    "respectfully submitted cheers cordially best wishes patient patient's patients pt re client member regarding "
    "dear dr doctor mr ms mrs".split()
)
"""What stands right before a name that `mark_called` tells: a cheap look."""


def _mark_heading(seen: Text, first: int) -> None:
    """Mark the words after the label of a person, where one of them at least is a name ("Name: HEAD, ESTHER")."""
    run = [seen.tokens[first]]
    for token in seen.tokens[first + 1 : first + 4]:
        between = seen.between(run[-1], token)
        if not (JOIN.fullmatch(between) or COMMA.fullmatch(between)) or token.low in ROLES | TITLES:
            break
        run.append(token)
    if CREDENTIAL.match(seen.text, run[-1].start - 1):
        run.pop()
    named = [t for t in run if t.kind == "name" or (t.kind != "word" and t.low in seen.words.given)]
    if named and len(run) > 1:
        for token in run:
            token.sure = True

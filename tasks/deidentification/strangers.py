"""Names of people whom the vault does not know: by what stands beside them, by lists of names, by being no word.

A capitalised word is a name where a title, a label, a relation or a credential says so; where it is a name and no
ordinary word; where it is neither, unless it reads like a drug or a thing named after somebody; or where it stands
beside a name. Ordinary words that are names too ("Hope", "Young") count in the middle of a sentence alone.
"""

from __future__ import annotations

from tasks.deidentification.called import mark_called, mark_sorted
from tasks.deidentification.cues import (
    ACTS,
    ARTICLE_JOIN,
    BELONGS,
    BY_INITIAL,
    CALLED_SO,
    COLOURS,
    COMMA,
    COMPOUND,
    CREDENTIAL,
    DAILY,
    DAY_AFTER,
    DIGITS,
    DISCUSSED,
    DOSE,
    ENDS_NAME,
    GENERATION,
    HEARD_TITLES,
    HYPHENED,
    INITIAL_AFTER,
    INITIAL_BEFORE,
    JOIN,
    LABELS,
    MEDICAL_ENDS,
    MIXED,
    MONTH_NAMES,
    PARTICLE_WORDS,
    RELATIONS,
    ROLES,
    SMALL_AFTER,
    SMALL_JOIN,
    SURE_TITLES,
    TITLED,
    TITLES,
    TYPIST,
    VERB,
    WORD_LEADS,
    is_heading,
)
from tasks.deidentification.spans import Span
from tasks.deidentification.things import is_thing
from tasks.deidentification.tokens import COMMONEST, Text, Token


def mark_names(seen: Text) -> None:
    """Mark the tokens that are names."""
    for i, token in enumerate(seen.tokens):
        if not token.sure and _is_told(seen, token):
            token.sure = token.given = True
        elif not token.sure and token.kind != "word" and not is_thing(seen, i):
            token.sure = _is_listed(seen, token)
            token.given = token.sure and token.low in seen.words.given
    mark_called(seen)
    mark_sorted(seen)
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
    last = -9
    for token in seen.tokens:
        if token.sure:
            start, end = token.start, token.end
            if ARTICLE_JOIN.fullmatch(seen.text, max(last, 0), start):
                start = last + 1  # "Ann A Cole", where "A" might be a word
            if seen.small:
                if SMALL_JOIN.fullmatch(seen.text, last, start):
                    start = last + 1
                after = SMALL_AFTER.match(seen.text, end)
                end = after.end() if after else end
            last = end
            before = INITIAL_BEFORE.search(seen.text, max(0, start - 16), start)
            start = before.start() if before and before.group().strip() else start
            digits = DIGITS.match(seen.text, end)
            end = digits.end() if digits else end
            more = HYPHENED.match(seen.folded, end)
            if more and not any(map(seen.is_plain, more.group()[1:].split("-"))):
                end = more.end()
            after = INITIAL_AFTER.match(seen.text, end)
            spans.append(Span(start, after.end() if after else end, "NAME"))
    return spans


def _may_be_told(seen: Text, token: Token) -> bool:
    """Whether it is worth to look closer at an ordinary word: most are not."""
    before = seen.words_before(token)
    if before and (before[0] in WORD_LEADS or before[0][:2] in {"st", "al", "el", "be"}):
        return True
    if (
        seen.text[max(0, token.start - 2) : token.start].rstrip(" \t")[-1:] in {".", ":"}
        and token.low in seen.words.family
    ):
        return True
    return bool(before) and seen.words.may_name(before[0])


def _is_told(seen: Text, token: Token) -> bool:
    """Whether a title, label, relation or credential tells a name, whatever the word."""
    if token.numbered and token.kind != "word" and not token.shouted:
        return True
    if token.kind == "word" and not _may_be_told(seen, token):
        return False
    if token.low in ROLES or token.low in TITLES or is_heading(seen, token):
        return False
    if CREDENTIAL.match(seen.text, token.end) and (token.kind != "word" or _follows_name(seen, token)):
        return not token.shouted or token.kind != "word"
    if token.kind in {"name", "unknown"} and not token.shouted and GENERATION.match(seen.text, token.end):
        return True
    if token.kind != "word" and TYPIST.match(seen.text, token.end):
        return seen.text[max(0, token.start - 1) : token.start] in {"", "\n", "."}
    before = seen.words_before(token)
    if not before:
        return False
    return _is_titled(seen, token, before[0], before[1] if len(before) > 1 else "")


def _is_titled(seen: Text, token: Token, near: str, far: str) -> bool:
    """Whether what stands before tells a name: an initial, a title, a relation, a label."""
    after = seen.text[token.end : token.end + 1]
    named = token.kind == "both" or (after and after in ",/)\n" and token.low not in seen.words.nouns)
    if named and not seen.small and token.low in seen.words.family:
        begin = max(0, token.start - 9)
        if begin and BY_INITIAL.search(seen.text, begin, token.start):
            return True
    if (near in PARTICLE_WORDS or near.startswith(("st", "al-", "el-", "al", "el", "ben"))) and TITLED.search(
        seen.folded, max(0, token.start - 24), token.start
    ):
        return True
    gap = seen.text[max(0, token.start - 3) : token.start]
    if near in HEARD_TITLES and gap[-1:] == " " and not token.shouted and token.low not in RELATIONS:
        return seen.text[token.end : token.end + 1] not in "-/"
    if near in SURE_TITLES and ":" not in gap and "\n" not in gap:
        return True
    if (
        near in RELATIONS
        and gap[-1:] == " "
        and not token.shouted
        and not seen.small
        and token.low not in seen.words.kept
    ):
        start = token.start - 1 - len(near)
        if seen.text[start : token.start - 1] == near and token.low not in seen.words.regions:
            return not _is_thing_word(seen, token)  # "her sister Chance"
    named_region = token.low in seen.words.regions and token.low in seen.words.family
    return (token.kind != "word" or named_region) and _is_led(seen, token, near, far, gap)


def _is_led(seen: Text, token: Token, near: str, far: str, gap: str) -> bool:
    """Whether the words before lead to a name, for what is no ordinary word."""
    if token.kind == "month" and near not in RELATIONS and near not in TITLES:
        return False
    if ":" in gap and (near in LABELS or far in LABELS):
        return True
    if _is_thing_word(seen, token):
        return False
    if near == "d/w" or (near == "w/" and far in DISCUSSED):
        return True
    if (near in TITLES or (near in CALLED_SO and not token.shouted)) and gap[-1:] == " ":
        return True
    if near == "per" and gap[-1:] == " " and not token.shouted and token.kind != "unknown":
        return seen.text[token.end : token.end + 1] in {*",;.)\n", ""}
    if near in RELATIONS and "." not in gap and gap[-1:] != "-":
        return True
    return near in {"by", "with", "to"} and far in ACTS


def _follows_name(seen: Text, token: Token) -> bool:
    """Whether a capitalised name stands right before ("Hope Long, MD")."""
    before = seen.words_before(token)
    return bool(before) and seen.words.may_name(before[0]) and seen.text[token.start - 1] in " -"


def _is_thing_word(seen: Text, token: Token) -> bool:
    return token.low in seen.words.eponyms


def _is_listed(seen: Text, token: Token) -> bool:
    """Whether the word is a name by the lists, or no word at all."""
    if token.kind == "word" or is_heading(seen, token) or (len(token.low) < 3 and token.kind != "name"):
        return False
    if token.shouted and (token.kind == "unknown" or len(token.low) < 4 or not _is_loud(seen, token)):
        return False
    if DOSE.match(seen.folded, token.end):
        return False
    if token.low not in seen.words.given and DAILY.match(seen.folded, token.end):
        return False
    if seen.small:
        return token.kind == "name"
    if COMPOUND.match(seen.text, token.end):
        return False  # "Grant-funded"
    if token.kind == "name":
        return len(token.low) > 2 or not token.shouted
    is_given = token.kind == "both" and token.low in seen.words.given and not token.shouted
    if is_given and BELONGS.match(seen.folded, token.end):
        return True
    if token.kind == "month":
        return VERB.match(seen.folded, token.end) is not None
    if token.kind == "unknown":
        if seen.text[token.end : token.end + 1].isdecimal() or MIXED.search(
            seen.text, token.start, token.end
        ):
            return False
        return not token.low.endswith(MEDICAL_ENDS) and token.low not in seen.words.regions
    return (token.low not in COLOURS and _is_inside(seen, token)) or VERB.match(
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
        or first.low in ROLES
        or second.low in ROLES
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
    if JOIN.fullmatch(between):
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
    return bool(before) and before[0] in LABELS and ":" in seen.text[max(0, token.start - 3) : token.start]


def _is_verb_in_capitals(seen: Text, token: Token) -> bool:
    """Whether an ordinary word in a line of capitals may go on with the sentence ("KYLE WANTS TO KNOW")."""
    if token.low in PARTICLE_WORDS or ENDS_NAME.match(seen.text, token.end) or not _is_loud(seen, token):
        return False
    return token.low in COMMONEST or token.low not in seen.words.family or token.low.endswith(("ing", "ed"))


def _goes_on(seen: Text, sure: int, other: int) -> bool:
    """Whether the token beside a name is part of it."""
    there, token = seen.tokens[sure], seen.tokens[other]
    if not there.sure or token.low in ROLES or token.low in TITLES or is_heading(seen, token):
        return False
    left, right = (there, token) if sure < other else (token, there)
    between = seen.between(left, right)
    if len(between) > 16:
        return False
    joined, comma = JOIN.fullmatch(between), COMMA.fullmatch(between)
    if token.low in MONTH_NAMES and joined and sure < other and there.given and not there.shouted:
        return DAY_AFTER.match(seen.text, token.end) is None
    if token.kind != "word":
        if seen.small and (joined or SMALL_JOIN.fullmatch(between)):
            ends = ENDS_NAME.match(seen.text, token.end) is not None
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
        return not CREDENTIAL.match(seen.text, there.end)
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

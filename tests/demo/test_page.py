"""The demo from end to end, and its page: honest, offline, and free of identifiers but the invented one's."""

from __future__ import annotations

import html
import json
import os
import re
from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest

from nightrounds.demo.evaluation import measure_linkage
from nightrounds.demo.page import SECTIONS, make_environment
from retrieval.reader import Reader, open_reader
from stores.home import open_home
from tests.demo.made import Made, make_demo, run_demo
from tests.leaks.identifiers import Identifiers
from tests.leaks.matcher import Matcher, fold_text

HERO = "maria-garcia"
_LEFT = re.compile(r'<article class="card disguise">.*?</article>', re.DOTALL)
_LINE = re.compile(r'<div class="card line">.*?</div>', re.DOTALL)
_KINDS = {"birth_date": "birth_date", "ssn": "ssn", "phone": "phone", "study_uid": "uid"}


@pytest.fixture(scope="module")
def made() -> Made:
    return make_demo()


@pytest.fixture(scope="module")
def readers(made: Made) -> list[Reader]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NIGHTROUNDS_KEY_DIR", str(made.out / "keys"))
        home = open_home(made.out / "home")
        return [open_reader(home, number) for number in (1, 2, 3)]


def _found(made: Made, text: str) -> set[str]:
    """The identifiers of the truth that a piece of HTML holds, as whole tokens in all their spellings."""
    identifiers = Identifiers()
    common = set(made.truth["common_word_names"]) | {"demo"}
    for kind, values in made.truth["identifiers_by_kind"].items():
        if kind in ("zip", "city", "clinician", "birth_date_spelling"):
            continue
        for value in values:
            if value.lower() not in common:
                identifiers.add(_KINDS.get(kind, kind), value)
    plain = html.unescape(re.sub(r"<[^>]+>", " ", text))
    return {hit.identifier.value for hit in Matcher(identifiers).find(fold_text(plain))}


def test_it_comes_to_what_it_should(made: Made) -> None:
    expectations = re.findall(r"^  (yes|NO )  (.+)$", made.printed, re.MULTILINE)
    assert len(expectations) == 16
    assert [what for met, what in expectations if met != "yes"] == []
    assert made.code == 0


def test_all_parts_are_there_and_every_link_leads_somewhere(made: Made) -> None:
    ids = re.findall(r' id="([^"]+)"', made.page)
    assert {section.name for section in SECTIONS} <= set(ids)
    assert [name for name, count in Counter(ids).items() if count > 1] == []
    targets = re.findall(r'<a\b[^>]*? href="([^"]*)"', made.page)
    assert {t for t in targets if t[0] != "#" or t[1:] not in ids} == set()
    assert any(t.startswith("#note-") for t in targets), "an answer points to the record"


def test_it_loads_nothing(made: Made) -> None:
    assert "default-src 'none'; style-src 'unsafe-inline'; img-src data:\"" in made.page
    assert not re.search(r"https?://|<script|<link|<iframe|@import|url\(", made.page)
    sources = re.findall(r'<(?:img|image)\b[^>]*? (?:src|href)="([^"]*)"', made.page)
    assert len(sources) == len(re.findall(r"<(?:img|image)\b", made.page)) > 20
    assert all(re.fullmatch(r"data:image/png;base64,[A-Za-z0-9+/]+=*", source) for source in sources)


def test_headings_come_in_order(made: Made) -> None:
    levels = [int(level) for level in re.findall(r"<h([1-6])", made.page)]
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    assert 'lang="en"' in made.page and re.search(
        r'<svg class="across"[^>]*aria-label="[^"]{20,}"', made.page
    )


def test_the_left_side_shows_the_invented_person_and_nobody_else(made: Made) -> None:
    left = " ".join(_LEFT.findall(made.page))
    hero = next(p for p in made.truth["persons"] if p["key"] == HERO)
    assert {i for _, i, kind in hero["identities"] if kind != "record"} <= _found(made, left)
    own = {*hero["identifiers"], hero["birth"]} | {e["id"] for e in hero["timeline"] if "id" in e}
    others = {v for p in made.truth["persons"] if p is not hero for v in p["identifiers"]} - own
    assert _found(made, left) & others == set()


def test_the_rest_holds_no_identifier(made: Made) -> None:
    rest = _LINE.sub("", _LEFT.sub("", made.page))
    assert len(_LEFT.findall(made.page)) == 8 and "[NAME]" in rest
    assert _found(made, rest) == set()
    assert _found(made, rest + " Whitaker ") == {"Whitaker"}, "the search would find one"


def test_accounting_on_the_page_is_the_truth(made: Made) -> None:
    part = re.search(r'<section class="part" id="account".*?</section>', made.page, re.DOTALL)
    assert part is not None
    first = re.search(r"<table.*?</table>", part[0], re.DOTALL)
    assert first is not None
    rows = re.findall(r'<tr><th scope="row">(\w+)</th>(.*?)</tr>', first[0], re.DOTALL)
    shown = {
        name: [int(n.replace(",", "")) for n in re.findall(r">([\d,]+)</td>", cells)] for name, cells in rows
    }
    for source, counts in made.truth["counts"]["night-1"].items():
        unmapped = counts["unmapped"] + counts["ignored"]
        expected = [counts["accepted"], counts["quarantined"], counts["merged"], unmapped, 0, 0]
        assert shown[source] == [sum(expected), *expected], source


def test_all_kinds_of_records_are_on_the_page(made: Made) -> None:
    part = re.search(r'<section class="part" id="records".*?</section>', made.page, re.DOTALL)
    record = re.search(r'<div class="card" id="record">.*', made.page, re.DOTALL)
    assert part is not None and record is not None
    for name in ("FHIR R4", "HL7 v2", "C-CDA", "Synthea CSV", "OMOP CSV", "CSV by mapping"):
        assert f'<th scope="row">{name} ' in part[0] and f'<th scope="row">{name}</th>' in part[0], name
        assert re.search(rf'<span class="origin">(?:[^<]*, )?{name}', record[0]), name
    assert "with a standard concept" in part[0] and ">NO<" not in part[0]
    assert re.search(r"All \d+ intervals are the true ones", made.page)


def test_rows_by_kind_are_those_of_the_lake(made: Made, readers: list[Reader]) -> None:
    from nightrounds.demo.feeds import measure_feeds

    summaries = [
        json.loads(path.read_text()) for path in sorted((made.out / "home" / "reports").glob("round-*.json"))
    ]
    feeds = measure_feeds(readers[2], summaries[:3], None)
    for table in ("omop.measurement", "omop.visit_occurrence", "omop.note", "records.unmapped"):
        assert sum(feed.tables.get(table, 0) for feed in feeds) == readers[2].count(table), table
    for feed in feeds:
        accounts = [summaries[2]["sources"][name]["account"] for name in feed.sources]
        assert feed.read == sum(account["read"] for account in accounts)


def test_persons_against_truth_by_night(
    made: Made, readers: list[Reader], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NIGHTROUNDS_KEY_DIR", str(made.out / "keys"))
    key = readers[0].home.load_key()
    measured = [measure_linkage(reader, key, made.truth, night) for night, reader in enumerate(readers, 1)]
    assert [m.precision for m in measured] == [1, 1, 1]
    assert [m.found_pairs for m in measured] == [m.known_pairs for m in measured]
    assert measured[1].recall == 1 and {m.unknown for m in measured} == {0}
    assert measured[0].found_pairs < measured[2].found_pairs < measured[1].found_pairs
    # without the link, her imaging number is apart from her MRN, the search for it, her record's id and her sample
    assert measured[1].found_pairs - measured[2].found_pairs == 4
    assert measure_linkage(readers[0], key, made.truth, 2).known_pairs > measured[0].found_pairs
    twins = [p for p in made.truth["persons"] if "twin" in p["labels"]]
    joined = {**made.truth, "persons": [*made.truth["persons"]]}
    joined["persons"].remove(twins[1])
    joined["persons"].remove(twins[0])
    joined["persons"].append(
        {
            name: twins[0][name] + twins[1][name]
            for name in ("key", "labels", "identities", "aliases", "resource_ids")
        }
    )
    assert measure_linkage(readers[1], key, joined).recall < 1, (
        "two persons kept apart that were one would show"
    )


def test_unlinking_restores_whole_tables(readers: list[Reader]) -> None:
    second, third = readers[1:]
    table = "imaging.instance"
    digests = [r.lake.content_digest(table, r.release.tables[table]) for r in readers]
    assert digests[1] != digests[2]
    rows = "SELECT person_id, study_date FROM imaging.instance ORDER BY instance_id"
    before = {tuple(row.values()) for row in readers[0].rows(rows)}
    assert before <= {tuple(row.values()) for row in third.rows(rows)}
    assert not before <= {tuple(row.values()) for row in second.rows(rows)}


def test_the_search_of_all_tables_would_find_an_identifier(readers: list[Reader]) -> None:
    from nightrounds.demo.leaks import search_identifiers

    found = search_identifiers(readers[1], ["Solitary nodule of lung", "Quillfeather"])
    assert found.held and "omop.condition_occurrence.source_display" in found.where
    assert found.texts > 1_000 and search_identifiers(readers[1], ["Quillfeather"]).held == 0


def test_values_are_escaped() -> None:
    hostile = "<script>alert('x')</script>"
    hit = {"anchor": "", "person": 1, "date": "", "score": 0.5, "title": hostile, "snippet": hostile}
    template = make_environment().get_template("section_answer.html.j2")
    page = template.render(question=hostile, encoder="e", hero=1, notes=1, lists=[("all", [hit])])
    assert "<script" not in page and page.count("&lt;script&gt;") == 3


def test_going_on_changes_nothing(made: Made) -> None:
    releases = sorted(os.listdir(made.out / "home" / "releases"))
    again = run_demo("--out", str(made.out), "--unlink", "--keep")
    assert again.returncode == 0, again.stdout[-2000:] + again.stderr[-2000:]
    assert "nothing changed" in again.stderr
    assert sorted(os.listdir(made.out / "home" / "releases")) == releases


def test_a_folder_of_somebody_s_is_refused(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    refused = run_demo("--out", str(tmp_path))
    assert refused.returncode == 1 and "holds other files" in refused.stderr
    assert [p.name for p in tmp_path.iterdir()] == ["thesis.txt"]

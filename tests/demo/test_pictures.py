"""The page's pictures: a burned-in name that is gone, thumbnails, and variants beside image and notes."""

from __future__ import annotations

import base64
import io
import re
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from nightrounds.demo.burned_in import BurnedIn, changed_boxes, squeeze, telling_words
from nightrounds.demo.images import holds_text, measure_images, search_objects, study_pictures, thumbnail
from nightrounds.demo.marking import mark_text
from nightrounds.demo.page import make_environment
from retrieval.reader import Reader, open_reader
from stores.home import open_home
from tests.demo.made import Made, make_demo

if TYPE_CHECKING:
    from numpy.typing import NDArray

HOSTILE = "<script>alert('x')</script>"


@pytest.fixture(scope="module")
def made() -> Made:
    return make_demo()


@pytest.fixture(scope="module")
def reader(made: Made) -> Reader:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NIGHTROUNDS_KEY_DIR", str(made.out / "keys"))
        return open_reader(open_home(made.out / "home"))


def _part(made: Made, name: str) -> str:
    found = re.search(rf'<section class="part" id="{name}".*?</section>', made.page, re.DOTALL)
    assert found is not None, name
    return found[0]


def _pngs(html: str) -> list[bytes]:
    return [base64.b64decode(text) for text in re.findall(r'"data:image/png;base64,([^"]+)"', html)]


def _levels(png: bytes) -> NDArray[np.uint8]:
    from PIL import Image

    with Image.open(io.BytesIO(png)) as image:
        image.load()
        return np.asarray(image.convert("L"))


def _png(image: NDArray[np.uint8], **options: Any) -> bytes:
    from PIL import Image

    data = io.BytesIO()
    Image.fromarray(image).save(data, "PNG", **options)
    return data.getvalue()


def test_the_burned_in_name_is_gone_and_nothing_else_changed(made: Made) -> None:
    part = _part(made, "images")
    before, after = (_levels(png) for png in _pngs(part)[:2])
    boxes = [
        tuple(map(int, found))
        for found in re.findall(
            r'<rect class="gone" x="(\d+)" y="(\d+)" width="(\d+)" height="(\d+)"/>', part
        )
    ]
    assert before.shape == after.shape and len(boxes) >= 2
    outside = np.ones(before.shape, dtype=bool)
    for left, top, width, height in boxes:
        assert np.ptp(after[top : top + height, left : left + width]) == 0, "a box is one colour"
        outside[top : top + height, left : left + width] = False
    assert (before[outside] == after[outside]).all() and (before != after).any()
    assert "invented, identifiers and all" in part and "is gone." in part and "this is a fault" not in part


def test_ocr_reads_the_name_before_and_not_after(made: Made) -> None:
    from tasks.dicom.burned_in.reading import reader as ocr

    hero = next(p for p in made.truth["persons"] if p["key"] == "maria-garcia")
    words = telling_words([*hero["identifiers"], *hero["birth_spellings"]])
    told = []
    for png in _pngs(_part(made, "images"))[:2]:
        text = squeeze(" ".join(line.text for line in ocr().read(_levels(png))))
        told.append({word for word in words if word in text})
    assert {"thompson", "maria", "99627993", "05141961"} <= told[0] and told[1] == set()


def test_the_picture_before_lies_in_the_demos_exports_alone(made: Made) -> None:
    before = _levels(_pngs(_part(made, "images"))[0]).tobytes()
    holding = {
        path.relative_to(made.out).parts[0] for path in made.out.rglob("*.dcm") if before in path.read_bytes()
    }
    assert holding == {"exports", "arrivals"}


def test_there_is_a_thumbnail_of_each_series_of_an_invented_person(made: Made, reader: Reader) -> None:
    part = _part(made, "images").split("thumbs", 1)[1]
    names = re.findall(r'<img src="[^"]+" alt="([^"]+)"', part)
    shown = reader.rows(
        """SELECT DISTINCT series_id, i.modality || ' ' || i.body_part_examined AS name FROM imaging.object AS o
        JOIN imaging.instance AS i USING (series_id, instance_id)
        WHERE o.status = 'written' AND o.has_preview AND i.manufacturer = 'Demo Imaging' AND o.person_id IS NOT NULL"""
    )
    assert sorted(names) == sorted(row["name"] for row in shown) and len(names) > 15
    assert {name.split()[0] for name in names} == {"CR", "CT", "US"}, "a head with a face is held"
    for png in _pngs(part):
        image = _levels(png)
        assert max(image.shape) <= 104 and image.std() > 10 and not holds_text(png)


def test_what_is_held_is_told_with_its_reason(made: Made, reader: Reader) -> None:
    rows = re.findall(r'<code class="soft">([\w-]+)</code></td><td class="n">(\d+)<', _part(made, "images"))
    held = reader.rows("SELECT reason, count(*) AS n FROM imaging.object WHERE status = 'held' GROUP BY 1")
    assert {reason: int(count) for reason, count in rows} == {row["reason"]: row["n"] for row in held}
    assert ("face", "12") in rows


def test_a_person_s_pictures_may_be_left_out(reader: Reader) -> None:
    everybody, nobody = measure_images(reader, None, None), measure_images(reader, None, None, [])
    assert everybody is not None and nobody is not None
    assert nobody.pictures == () and nobody.published == everybody.published
    assert len(everybody.pictures) > 26, "with those that ship with pydicom"
    ultrasound = next(p for p in everybody.pictures if p.modality == "US" and p.images == 3)
    assert [p.number for p in study_pictures(reader, ultrasound.study_id)] == [1, 2, 3]


def test_variants_stand_beside_their_image_and_notes(made: Made, reader: Reader) -> None:
    part = _part(made, "beside")
    assert "US BREAST" in part and len(_pngs(part)) == 3
    assert '<b class="gene">BRCA1</b>' in part and "<mark>[NAME]</mark>" in part
    assert re.search(r"2 days before the images.*?33 days after the images", part, re.DOTALL)
    first = re.search(r'<li class="told">.*?</li>', part, re.DOTALL)
    assert first is not None
    for told in ("BRCA1", "frameshift variant", "0/1", "chr17:43124027 ACT&gt;A", "c.68_69del"):
        assert told in first[0], told
    person = re.search(r'person <span class="code">(\d+)</span>', part)
    assert person is not None
    rows = reader.rows(
        "SELECT count(*) AS n FROM imaging.study WHERE person_id = ? AND study_description LIKE 'US BREAST%'",
        [int(person[1])],
    )
    assert rows[0]["n"] == 1, "the record, the image and the variants are one person's"


@pytest.mark.parametrize(
    ("told_before", "told_after", "hidden", "gone"),
    [(2, 0, 3, True), (2, 1, 3, False), (0, 0, 3, False), (2, 0, 0, False)],
)
def test_a_name_is_gone_only_if_it_was_read_and_hidden(
    told_before: int, told_after: int, hidden: int, gone: bool
) -> None:
    assert BurnedIn(b"", b"", 1, 1, (), 3, 1, told_before, told_after, hidden).gone is gone


def test_a_file_that_kept_an_identifier_is_told(reader: Reader) -> None:
    searched, leaky = search_objects(reader, ["Demo Imaging"])
    assert searched > leaky > 20, "the scanners' maker stays, and is found"
    assert search_objects(reader, ["Quillfeather"]) == (searched, 0)


def test_boxes_are_around_what_differs() -> None:
    before = np.full((40, 200), 9, dtype=np.uint8)
    after = before.copy()
    after[3:9, 10:60] = after[3:9, 64:80] = after[3:9, 150:170] = 0
    after[30, 5] = 0
    assert changed_boxes(before, before.copy()) == ()
    assert changed_boxes(before, after) == ((10, 3, 80, 9), (150, 3, 170, 9), (5, 30, 6, 31))


def test_words_that_tell_survive_what_ocr_loses() -> None:
    words = telling_words(["Maria Thompson", "05/14/1961", "(978) 555-0100", "Li"])
    assert words == {"maria", "thompson", "05141961", "9785550100"}
    assert "thompson" in squeeze("THOMPSON.MARIAMRN") and "05141961" in squeeze("DOB05/14/1961")


def test_text_in_a_png_is_found() -> None:
    from PIL.PngImagePlugin import PngInfo

    image, info = np.zeros((300, 300), dtype=np.uint8), PngInfo()
    info.add_text("Comment", "Maria")
    assert holds_text(_png(image, pnginfo=info)) and not holds_text(_png(image))
    assert not holds_text(thumbnail(_png(image, pnginfo=info)))


def test_a_note_falls_into_its_pieces() -> None:
    assert mark_text("[NAME] has BRCA1, not BRCA12", ["BRCA1"]) == [
        ("[NAME]", "hidden"), (" has ", ""), ("BRCA1", "word"), (", not BRCA12", ""),
    ]  # fmt: skip
    assert mark_text("a [b] <i>", ["i"]) == [("a [b] <", ""), ("i", "word"), (">", "")]


def test_words_of_images_notes_and_variants_are_escaped() -> None:
    variant = {
        "genes": [HOSTILE], "effect": HOSTILE, "coding": HOSTILE, "protein": HOSTILE, "place": HOSTILE,
        "alleles": HOSTILE, "names": HOSTILE, "genotype": HOSTILE, "told": True,
    }  # fmt: skip
    note = {
        "title": HOSTILE,
        "date": HOSTILE,
        "belongs": HOSTILE,
        "pieces": [(HOSTILE, "word"), (HOSTILE, "")],
    }
    study = {"name": HOSTILE, "date": HOSTILE, "first": HOSTILE, "others": [HOSTILE], "hidden": 1}
    told = {
        "person": 1,
        "study": study,
        "notes": [note],
        "variants": [variant],
        "more": 0,
        "named": [HOSTILE],
    }
    images = {
        "invented": False, "published": 1, "changed": 0, "held": [(HOSTILE, HOSTILE, 1)], "burned": None, "before": "",
        "after": "", "thumbnails": [{"link": HOSTILE, "name": HOSTILE, "images": 1, "boxes": 0}], "more": 0,
        "searched": 0, "leaky": 0, "identifiers": 0,
    }  # fmt: skip
    for name, values in (("beside", told), ("images", images)):
        page = make_environment().get_template(f"section_{name}.html.j2").render(values)
        assert "<script" not in page and page.count("&lt;script&gt;") > 4, name

from __future__ import annotations

import pickle
import stat
from pathlib import Path

import pytest

from contracts.errors import Fatal
from contracts.keys import make_key
from contracts.privacy import Profile
from stores.home import FOLDERS, Home, create_home, is_home, open_home


def test_a_home_opens_as_it_was_made(tmp_path: Path) -> None:
    made = create_home(tmp_path / "h", Profile.SAFE_HARBOR, buckets=4)
    assert open_home(tmp_path / "h") == made
    assert made.profile is Profile.SAFE_HARBOR and made.buckets == 4 and made.seed is None
    assert made.key_id.startswith("k-") and len(made.key_id) == 10
    assert is_home(tmp_path / "h") and not is_home(tmp_path)
    assert pickle.loads(pickle.dumps(made)) == made


def test_only_the_owner_may_enter(home: Home) -> None:
    for path in [home.path, *(home.path / name for name in FOLDERS)]:
        assert stat.S_IMODE(path.stat().st_mode) == 0o700, path
    for path in [home.path / "home.json", home.catalog]:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
    assert {getattr(home, name) for name in FOLDERS} == {home.path / name for name in FOLDERS}


def test_the_key_lies_outside_and_nowhere_in_the_home(home: Home, key_dir: Path) -> None:
    text = (key_dir / f"{home.key_id}.key").read_text().strip()
    assert text not in (home.path / "home.json").read_text()
    assert home.load_key().material.hex() == text


def test_a_home_is_never_made_twice_or_given_another_profile(home: Home) -> None:
    with pytest.raises(Fatal, match="a home here already"):
        create_home(home.path, Profile.EXPERT)
    with pytest.raises(Fatal, match="made for the profile expert"):
        open_home(home.path, Profile.SAFE_HARBOR)
    assert open_home(home.path, Profile.EXPERT) == home


def test_a_folder_that_is_no_home_says_so(tmp_path: Path, home: Home) -> None:
    with pytest.raises(Fatal, match="nightrounds init"):
        open_home(tmp_path)
    (home.path / "home.json").write_text("{")
    with pytest.raises(Fatal, match=r"home\.json cannot be read"):
        open_home(home.path)


def test_a_later_format_is_refused(home: Home) -> None:
    settings = home.path / "home.json"
    settings.write_text(settings.read_text().replace('"format": 1', '"format": 2'))
    with pytest.raises(Fatal, match="format 2"):
        open_home(home.path)


def test_two_homes_of_one_seed_have_one_key(tmp_path: Path) -> None:
    first, second = (create_home(tmp_path / n, Profile.EXPERT, seed="x") for n in "ab")
    other = create_home(tmp_path / "c", Profile.EXPERT, seed="y")
    assert first.load_key() == second.load_key() != other.load_key()
    assert first.key_id == second.key_id


def test_without_a_seed_every_home_has_its_own_key(tmp_path: Path) -> None:
    first, second = (create_home(tmp_path / n, Profile.EXPERT) for n in "ab")
    assert first.load_key().material != second.load_key().material


def test_a_named_key_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(Fatal, match="no key by this id"):
        create_home(tmp_path / "h", Profile.EXPERT, key_id="mine")
    make_key("mine")
    assert create_home(tmp_path / "h", Profile.EXPERT, key_id="mine").key_id == "mine"


def test_another_key_is_noticed(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NIGHTROUNDS_KEY", "ab" * 32)
    with pytest.raises(Fatal, match="not the key that the home was made with"):
        home.load_key()


def test_the_key_of_the_environment_is_taken(
    tmp_path: Path, key_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NIGHTROUNDS_KEY", "ab" * 32)
    home = create_home(tmp_path / "h", Profile.EXPERT)
    assert home.load_key().material == b"\xab" * 32
    assert not key_dir.exists()

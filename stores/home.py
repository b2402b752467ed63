"""The home: one folder that holds all that Nightrounds keeps, with the privacy profile and key id it was made for."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path

from contracts.errors import Fatal
from contracts.keys import Key, key_folder, load_key, make_key
from contracts.privacy import Profile
from stores.files import make_folder, touch_private, write_json

FORMAT = 1
"""Version of the layout under a home."""

FOLDERS = (
    "lake",
    "vectors",
    "objects",
    "releases",
    "vault",
    "landing",
    "quarantine",
    "staging",
    "reports",
    "prefect",
    "logs",
)


@dataclass(frozen=True)
class Home:
    """A home that exists. Picklable; holds no secret but the seed of a demo.

    Attributes:
        path: the folder, absolute.
        profile: how this home de-identifies; fixed when it was made.
        key_id: the id of its key; the key itself lies elsewhere.
        buckets: how many person buckets partition a lake table.
        seed: makes allotments repeatable in demo and tests; None in real use.
        key_check: keyed digest that tells whether a key is this home's.
    """

    path: Path
    profile: Profile
    key_id: str
    buckets: int = 8
    seed: str | None = field(default=None, repr=False)
    key_check: str = field(default="", repr=False)

    @property
    def lake(self) -> Path:
        """Delta tables."""
        return self.path / "lake"

    @property
    def vectors(self) -> Path:
        """LanceDB tables."""
        return self.path / "vectors"

    @property
    def objects(self) -> Path:
        """De-identified files and previews."""
        return self.path / "objects"

    @property
    def meds(self) -> Path:
        """The MEDS data set, where the home keeps one."""
        return self.path / "meds"

    @property
    def releases(self) -> Path:
        """What readers see, night by night."""
        return self.path / "releases"

    @property
    def catalog(self) -> Path:
        """The SQLite file of the catalog, where no other database is configured."""
        return self.path / "catalog.db"

    @property
    def vault(self) -> Path:
        """Who is who; sealed."""
        return self.path / "vault"

    @property
    def landing(self) -> Path:
        """Copies of remote objects; sealed."""
        return self.path / "landing"

    @property
    def quarantine(self) -> Path:
        """Rejected records; sealed."""
        return self.path / "quarantine"

    @property
    def staging(self) -> Path:
        """De-identified rows on their way to the lake."""
        return self.path / "staging"

    @property
    def reports(self) -> Path:
        """One report for each round."""
        return self.path / "reports"

    @property
    def vocabulary(self) -> Path:
        """OMOP's vocabularies and the site's source-to-concept map; no patient data."""
        return self.path / "vocabulary"

    @property
    def prefect(self) -> Path:
        """Prefect's database and settings."""
        return self.path / "prefect"

    @property
    def logs(self) -> Path:
        """Logs, free of patient data."""
        return self.path / "logs"

    def load_key(self) -> Key:
        """This home's key, checked to be the one it was made with.

        Raises:
            Fatal: the key is missing, malformed, or another one than this home's.
        """
        key = load_key(self.key_id)
        self.check_key(key)
        return key

    def check_key(self, key: Key) -> None:
        """Raise `Fatal` when `key` is not the one that this home was made with."""
        if self.key_check and not hmac.compare_digest(self.key_check, _check_of(key)):
            raise Fatal("this is not the key that the home was made with", f"key {self.key_id}", _KEY_FIX)


_KEY_FIX = "restore the right key from escrow, or unset NIGHTROUNDS_KEY"


def create_home(
    path: Path | str, profile: Profile, key_id: str | None = None, seed: str | None = None, buckets: int = 8
) -> Home:
    """Make a home, and its key where no `key_id` is given.

    Args:
        path: the folder; made where missing, mode 0700.
        profile: how this home will de-identify, for ever.
        key_id: a key that exists; None makes one (`NIGHTROUNDS_KEY`, where set, is taken instead).
        seed: for demo and tests only: key and allotments follow from it, so that two homes compare equal.
        buckets: how many person buckets partition a lake table.

    Raises:
        Fatal: there is a home already, the key is missing, or `buckets` is below 1.
    """
    root = Path(path).expanduser().absolute()
    settings = root / "home.json"
    if settings.exists():
        raise Fatal("there is a home here already", "home", "open it, or choose an empty folder")
    if buckets < 1:
        raise Fatal("a home needs at least one bucket", "buckets", "1 or more")
    key_id = key_id or _make_key(seed)
    home = Home(root, Profile(profile), key_id, buckets, seed, _check_of(load_key(key_id)))
    for name in FOLDERS:
        make_folder(root / name)
        os.chmod(root / name, 0o700)
    os.chmod(root, 0o700)
    touch_private(home.catalog)
    write_json(settings, _to_json(home))
    return home


def open_home(path: Path | str, profile: Profile | None = None) -> Home:
    """Open the home at `path`.

    Args:
        path: the folder.
        profile: where given, the profile that the caller expects; a home is never re-profiled.

    Raises:
        Fatal: this is no home, it was made by a later version, or its profile is another one.
    """
    root = Path(path).expanduser().absolute()
    try:
        data = json.loads((root / "home.json").read_text())
        version, home = int(data["format"]), _from_json(root, data)
    except (FileNotFoundError, NotADirectoryError):
        raise Fatal("this folder is no home", "home", "make one with `nightrounds init`") from None
    except (ValueError, KeyError, TypeError):
        raise Fatal("home.json cannot be read", "home", "restore it from a backup") from None
    if version > FORMAT:
        raise Fatal(
            f"this home has format {version}", "home", f"a release that reads it; this one reads {FORMAT}"
        )
    if profile is not None and Profile(profile) is not home.profile:
        fix = f"use {home.profile.value} here, or make another home for {Profile(profile).value}"
        raise Fatal(f"this home was made for the profile {home.profile.value}", "home", fix)
    return home


def is_home(path: Path | str) -> bool:
    """Whether a home was made at `path`."""
    return (Path(path).expanduser() / "home.json").is_file()


def _to_json(home: Home) -> dict[str, object]:
    return {
        "format": FORMAT,
        "profile": home.profile.value,
        "key_id": home.key_id,
        "key_check": home.key_check,
        "buckets": home.buckets,
        "seed": home.seed,
    }


def _from_json(root: Path, data: dict[str, object]) -> Home:
    seed = data["seed"]
    return Home(
        root,
        Profile(str(data["profile"])),
        str(data["key_id"]),
        int(str(data["buckets"])),
        None if seed is None else str(seed),
        str(data["key_check"]),
    )


def _check_of(key: Key) -> str:
    return key.digest("home", "check")


def _make_key(seed: str | None) -> str:
    """Make a key and return its id. One from a seed may be there already, made for another home."""
    if os.environ.get("NIGHTROUNDS_KEY"):
        # The environment's key is what every later load returns: name it by a digest, and make no file.
        return "k-" + load_key("environment").digest("home", "id")[:8]
    if seed is None:
        key_id = "k-" + secrets.token_hex(4)
        make_key(key_id)
        return key_id
    material = hmac.new(b"nightrounds demo key", seed.encode(), hashlib.sha256).digest()
    key_id = "k-" + hashlib.sha256(material).hexdigest()[:8]
    if not (key_folder() / f"{key_id}.key").exists():
        make_key(key_id, material=material)
    if load_key(key_id).material != material:
        raise Fatal(
            "another key has the id that follows from this seed", f"key {key_id}", "choose another seed"
        )
    return key_id

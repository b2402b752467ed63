"""Mapping files: which column of a site's CSV goes where. Read strictly, since a data manager writes them by hand.

Every error names the file, the block and the key, and says what would be legal. Nothing in a mapping file is patient
data: names of columns, codes, formats. The language is described in `docs/how-to/csv.md`.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import lru_cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from connectors.tabular.moments import ISO, moment_reader
from connectors.tabular.rows import Dialect
from contracts.errors import Fatal
from contracts.schemas.csv_table import KINDS, TARGETS, WORDS

ENCODINGS = ("utf-8", "latin-1", "cp1252", "utf-16")
DELIMITERS = {"tab": "\t", "comma": ",", "semicolon": ";", "pipe": "|"}
TRAITS = ("name", "identifier", "phone", "email", "address", "zip", "birth_date", "death_date", "contact")
_GENERAL = (
    *"files ignore name delimiter encoding header decimal thousands dates nulls".split(),
    *"patient_number authority hide".split(),
)
_EXTRA = ("name", "when")


@dataclass(frozen=True)
class Cell:
    """Where a field's value comes from: columns (joined where there are several), or a constant.

    Attributes:
        columns: names of columns of the file.
        constant: the value of every row; used where there are no columns.
        replace: values to be written otherwise, before the field reads them.
    """

    columns: tuple[str, ...] = ()
    constant: str = ""
    replace: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Block:
    """One `[[event]]`, `[[visit]]`, `[[note]]` or `[[patient]]`.

    Attributes:
        target: which of them.
        name: tells it apart from others of its target in the file; its number where none is given.
        cells: by field.
        when: column and values: the rows that it takes; all rows where there is none.
    """

    target: str
    name: str
    cells: Mapping[str, Cell]
    when: tuple[str, tuple[str, ...]] | None = None


@dataclass(frozen=True)
class FileMapping:
    """How the files of one pattern are read."""

    path: Path
    digest: str
    files: tuple[str, ...]
    ignore: bool
    name: str
    dialect: Dialect
    decimal: str
    thousands: str
    dates: tuple[str, ...]
    nulls: tuple[str, ...]
    patient: str
    authority: str
    hide: Mapping[str, tuple[str, ...]]
    blocks: tuple[Block, ...]

    @property
    def columns(self) -> tuple[str, ...]:
        """All columns that it names, in order, each once."""
        found = [self.patient, *(name for names in self.hide.values() for name in names)]
        for block in self.blocks:
            found += [name for cell in block.cells.values() for name in cell.columns]
            found += [block.when[0]] if block.when else []
        return tuple(dict.fromkeys(name for name in found if name))

    def takes(self, name: str) -> bool:
        """Whether a file of this name is its."""
        plain = name.lower().removesuffix(".gz")
        return any(fnmatchcase(n, pattern.lower()) for n in (name.lower(), plain) for pattern in self.files)


def load_mapping(path: Path) -> FileMapping:
    """Read a mapping file.

    Raises:
        Fatal: it is not there, is no TOML, or says something that cannot be; the message says where and what would be.
    """
    try:
        return _load(path, path.stat().st_mtime_ns)
    except OSError as error:
        what = f"the mapping file cannot be read: {type(error).__name__}"
        raise Fatal(what, path.name, "an existing TOML file") from None


@lru_cache(maxsize=64)
def _load(path: Path, _modified: int) -> FileMapping:
    data = path.read_bytes()
    try:
        said = tomllib.loads(data.decode("utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Fatal(f"this is no TOML: {error}", path.name, "see docs/how-to/csv.md") from None
    return _Parser(path, hashlib.sha256(data).hexdigest()[:16], said).parse()


class _Parser:
    """Reads what a mapping file says; `fail` tells where it cannot be."""

    def __init__(self, path: Path, digest: str, said: Mapping[str, Any]) -> None:
        self.path, self.digest, self.said = path, digest, said

    def fail(self, what: str, key: str, legal: str) -> Fatal:
        return Fatal(what, f"{self.path.name}: {key}", legal)

    def parse(self) -> FileMapping:
        self._keys(self.said, (*_GENERAL, *TARGETS), "")
        ignore, blocks = self._flag("ignore", False), self._blocks()
        if "files" not in self.said:
            raise self.fail("no files are named", "files", 'names of files, as in files = "lab_*.csv"')
        mapping = FileMapping(
            path=self.path,
            digest=self.digest,
            files=self._strings(self.said.get("files"), "files"),
            ignore=ignore,
            name=self._text("name", self.path.stem),
            dialect=self._dialect(),
            decimal=self._one_of("decimal", ".", (".", ",")),
            thousands=self._text("thousands", ""),
            dates=self._strings(self.said.get("dates", ISO), "dates"),
            nulls=("", *self._strings(self.said.get("nulls", []), "nulls", empty=True)),
            patient=self._text("patient_number", ""),
            authority=self._text("authority", ""),
            hide=self._hide(),
            blocks=blocks,
        )
        if not ignore and not mapping.patient:
            raise self.fail("no column of patient numbers is named", "patient_number", "the name of a column")
        if not ignore and not mapping.blocks and not mapping.hide:
            targets = ", ".join(f"[[{name}]]" for name in TARGETS)
            raise self.fail(
                "nothing is to become of the rows", "blocks", f"one of {targets}, or ignore = true"
            )
        if mapping.thousands and mapping.thousands == mapping.decimal:
            raise self.fail(
                "one character marks both thousands and decimals", "thousands", "another character"
            )
        self._check_dates(mapping.dates)
        return mapping

    def _check_dates(self, formats: Sequence[str]) -> None:
        try:
            moment_reader(formats, ZoneInfo("UTC"))
        except Fatal as error:
            raise self.fail(error.message, f"dates: {error.place}", error.legal) from None

    def _dialect(self) -> Dialect:
        said = self._text("delimiter", ",")
        delimiter = DELIMITERS.get(said, said)
        if len(delimiter) != 1 or delimiter in '"\r\n':
            raise self.fail(
                "this delimits no cells", "delimiter", f"one character, or {', '.join(DELIMITERS)}"
            )
        encoding = self._one_of("encoding", "utf-8", ENCODINGS)
        return Dialect(delimiter, encoding, self._flag("header", True))

    def _hide(self) -> dict[str, tuple[str, ...]]:
        said = self.said.get("hide", {})
        if not isinstance(said, dict):
            raise self.fail("this is no table", "hide", 'as in [hide] and name = ["surname", "given"]')
        self._keys(said, TRAITS, "hide")
        return {trait: self._strings(value, f"hide: {trait}") for trait, value in said.items()}

    def _blocks(self) -> tuple[Block, ...]:
        found = []
        for target in TARGETS:
            said = self.said.get(target, [])
            blocks = said if isinstance(said, list) else [said]
            for number, block in enumerate(blocks, 1):
                found.append(self._block(target, block, f"{target} {number}", str(number)))
        names = [(block.target, block.name) for block in found]
        for target, name in names:
            if names.count((target, name)) > 1:
                raise self.fail("two blocks have one name", f"{target} {name}", "names that differ")
        return tuple(found)

    def _block(self, target: str, said: Any, place: str, number: str) -> Block:
        if not isinstance(said, dict):
            raise self.fail("this is no block", place, f"[[{target}]] and its fields below")
        fields = TARGETS[target].fields
        self._keys(said, (*fields, *_EXTRA), place)
        cells = {
            name: self._cell(value, f"{place}: {name}", fields[name])
            for name, value in said.items()
            if name not in _EXTRA
        }
        for name in TARGETS[target].required:
            if name not in cells:
                kind = KINDS[fields[name]]
                raise self.fail("a required field is not named", f"{place}: {name}", f"a column with {kind}")
        for name, words in WORDS.items():
            self._check_words(cells.get(name) if name in fields else None, words, f"{place}: {name}")
        label = said.get("name", number)
        if not isinstance(label, str) or not label:
            raise self.fail("this is no name", f"{place}: name", "a text")
        return Block(target, label, cells, self._when(said.get("when"), place))

    def _cell(self, said: Any, place: str, kind: str) -> Cell:
        legal = 'a column\'s name, or { column = "...", map = { "a" = "b" } }, or { constant = "..." }'
        if isinstance(said, (str, list)):
            return Cell(self._several(said, place, kind))
        if not isinstance(said, dict):
            raise self.fail("this is neither a column nor a constant", place, legal)
        self._keys(said, ("column", "constant", "map"), place)
        if ("column" in said) == ("constant" in said):
            raise self.fail("this needs a column or a constant", place, legal)
        if "constant" in said:
            if not isinstance(said["constant"], str) or kind in {"moment", "id", "text", "value"}:
                raise self.fail(
                    "no constant can stand here", place, "a text; dates, ids and texts come from columns"
                )
            return Cell(constant=said["constant"])
        replace = said.get("map", {})
        if not isinstance(replace, dict) or not all(isinstance(v, str) for v in replace.values()):
            raise self.fail("this maps nothing", f"{place}: map", 'texts to texts: { "1" = "M", "2" = "F" }')
        return Cell(self._several(said["column"], place, kind), replace=replace)

    def _several(self, said: Any, place: str, kind: str) -> tuple[str, ...]:
        names = self._strings(said, place)
        if len(names) > 1 and kind not in {"id", "text", "display"}:
            raise self.fail("only ids and words are joined of several columns", place, "one column")
        return names

    def _check_words(self, cell: Cell | None, words: Sequence[str], place: str) -> None:
        if cell is None:
            return
        said = [cell.constant] if not cell.columns else cell.replace.values()
        for word in said:
            if word not in words:
                raise self.fail("this word is not known", place, f"one of {', '.join(words)}")

    def _when(self, said: Any, place: str) -> tuple[str, tuple[str, ...]] | None:
        if said is None:
            return None
        legal = 'when = { column = "...", is = ["a", "b"] }'
        if not isinstance(said, dict) or set(said) != {"column", "is"} or not isinstance(said["column"], str):
            raise self.fail("this chooses no rows", f"{place}: when", legal)
        return said["column"], self._strings(said["is"], f"{place}: when: is", empty=True)

    def _keys(self, said: Mapping[str, Any], known: Sequence[str], place: str) -> None:
        for key in said:
            where = f"{place}: {key}" if place else key
            if key not in known and place and key in _GENERAL:  # TOML: what follows a block belongs to it
                raise self.fail(
                    "this key says something of the files", where, "above the first [block] of the file"
                )
            if key not in known:
                raise self.fail("this key is not known", where, f"one of {', '.join(known)}")

    def _strings(self, said: Any, key: str, *, empty: bool = False) -> tuple[str, ...]:
        found = [said] if isinstance(said, str) else said
        good = isinstance(found, list) and all(isinstance(v, str) and (v or empty) for v in found)
        if not good or not (found or empty):
            raise self.fail("a text or several are needed here", key, 'a text, or ["a", "b"]')
        return tuple(found)

    def _text(self, key: str, default: str) -> str:
        said = self.said.get(key, default)
        if not isinstance(said, str):
            raise self.fail("a text is needed here", key, "a text in quotes")
        return said

    def _flag(self, key: str, default: bool) -> bool:
        said = self.said.get(key, default)
        if not isinstance(said, bool):
            raise self.fail("this is neither true nor false", key, "true or false")
        return said

    def _one_of(self, key: str, default: str, words: Sequence[str]) -> str:
        said = self._text(key, default)
        if said not in words:
            raise self.fail("this is not known", key, f"one of {', '.join(words)}")
        return said

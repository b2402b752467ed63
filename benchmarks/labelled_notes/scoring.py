"""How well labels were found: recall by identifier, precision by word, notes with any leak."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from benchmarks.labelled_notes.generator import Label, Note

_WORD = re.compile(r"[^\W_]+")


@dataclass
class Score:
    """Counts over notes.

    An identifier counts as found when every word of it lies in a find, whatever the find's type: half a name is a leak.
    A word of a find that lies in no identifier is a false find.
    """

    total: Counter[str] = field(default_factory=Counter)
    found: Counter[str] = field(default_factory=Counter)
    words_right: int = 0
    words_wrong: int = 0
    notes: int = 0
    notes_leaking: int = 0
    missed: list[tuple[str, str]] = field(default_factory=list)
    wrong: Counter[str] = field(default_factory=Counter)

    def add(
        self, note: Note, finds: Iterable[tuple[int, int]], ignored: frozenset[str] = frozenset()
    ) -> None:
        """Count a note. Types of `ignored` need not be found, and finding them is not wrong."""
        covered, labelled = bytearray(len(note.text)), bytearray(len(note.text))
        for start, end in finds:
            covered[start:end] = b"\x01" * (end - start)
        for label in note.labels:
            labelled[label.start : label.end] = b"\x01" * (label.end - label.start)
        leaks = [x for x in note.labels if x.kind not in ignored and not self._is_found(note, x, covered)]
        for word in _WORD.finditer(note.text):
            if covered[word.start()]:
                if labelled[word.start()]:
                    self.words_right += 1
                else:
                    self.words_wrong += 1
                    self.wrong[word.group()] += 1
        self.notes += 1
        self.notes_leaking += bool(leaks)

    def _is_found(self, note: Note, label: Label, covered: bytearray) -> bool:
        self.total[label.kind] += 1
        value = note.text[label.start : label.end]
        is_found = all(
            all(covered[label.start + m.start() : label.start + m.end()]) for m in _WORD.finditer(value)
        )
        self.found[label.kind] += is_found
        if not is_found:
            self.missed.append((label.kind, note.text[max(0, label.start - 30) : label.end + 20]))
        return is_found

    def recall(self, kind: str | None = None) -> float:
        """Share of identifiers found, of one type or of all."""
        total = self.total[kind] if kind else self.total.total()
        return (self.found[kind] if kind else self.found.total()) / total if total else 1.0

    @property
    def precision(self) -> float:
        """Share of replaced words that were identifiers."""
        return self.words_right / max(1, self.words_right + self.words_wrong)

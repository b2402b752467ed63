"""Who is in an export: identities, persons and what must be hidden of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

_SEPARATOR = "\x1f"

SUBJECT_SYSTEMS = ("", "fhir", "omop")
"""Name spaces inside an authority: "" for the authority's own patient number (MRN, PatientID, sample name),
"fhir" for the logical id of a Patient resource on that authority's server, "omop" for `person_id` in its OMOP CDM."""


@dataclass(frozen=True)
class Identity:
    """An identity is (assigning authority, identifier). Patient data: lives in workers' memory and the vault only.

    Attributes:
        authority: who assigned the identifier ("hospital-a").
        identifier: the number or name assigned.
        system: the name space inside the authority (see `SUBJECT_SYSTEMS`).
        kind: connector kind that brought it.
        aliases: other identities that the same source record states to be the same person (a Patient's MRN, a
            `Patient.link` with type `replaced-by`, `replaces` or `seealso`).
        traits: what is known of the person and must be hidden: keys `name` (one value a name part or full name),
            `identifier`, `phone`, `email`, `address`, `zip`, `birth_date` (ISO), `death_date` (ISO), `contact`.
        record: what tells the record apart that states the aliases, under whichever unit: of its statements only the
            newest joins anybody. Empty: what is stated holds while its unit is there.
        version: when the record was stated so, in a form whose order is that of time; the newest holds.
        tie: orders statements of one version (a digest of the record's content).
        retracted: the record is no more: it names nobody and joins nobody.
    """

    authority: str = field(repr=False)
    identifier: str = field(repr=False)
    system: str = field(default="", repr=False)
    kind: str = ""
    aliases: tuple[Identity, ...] = field(default=(), repr=False)
    traits: Mapping[str, tuple[str, ...]] = field(default_factory=dict, repr=False)
    record: str = field(default="", repr=False)
    version: str = field(default="", repr=False)
    tie: int = field(default=0, repr=False)
    retracted: bool = False

    @property
    def subject(self) -> str:
        """The identity as one string: what `subject` columns of source tables hold before de-identification."""
        return encode_subject(self.authority, self.identifier, self.system)


def encode_subject(authority: str, identifier: str, system: str = "") -> str:
    """Encode an identity for a `subject` column."""
    return _SEPARATOR.join((authority, system, identifier))


def decode_subject(subject: str) -> tuple[str, str, str]:
    """The inverse of `encode_subject`: (authority, identifier, system)."""
    authority, system, identifier = subject.split(_SEPARATOR, 2)
    return authority, identifier, system


@dataclass(frozen=True)
class Person:
    """What de-identification needs of one person. Lives in workers' memory only.

    Attributes:
        person_id: 63-bit id, stored in the vault.
        shift_days: added to every date of this person under the `expert` profile; never 0.
        traits: all traits of all of the person's identities, as in `Identity.traits`.
        tied: False of a sample that nothing says whose it is: no link, and no record under its name.
    """

    person_id: int
    shift_days: int = field(repr=False)
    traits: Mapping[str, tuple[str, ...]] = field(default_factory=dict, repr=False)
    tied: bool = True


@dataclass(frozen=True)
class Link:
    """A statement of a crosswalk, a merge message or a linkage rule about two identities. Patient data.

    Attributes:
        a: one identity.
        b: the other; the order carries no meaning.
        action: "link": both are the same person; "unlink": they are not, and every link of this very pair, from
            whatever source, is void.
    """

    a: Identity = field(repr=False)
    b: Identity = field(repr=False)
    action: Literal["link", "unlink"] = "link"

"""Settings: `nightrounds.toml` in the home, overridden by the environment (`NIGHTROUNDS_DASK__WORKERS=4`)."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from contracts.errors import Fatal, Usage
from contracts.units import Source
from tasks.deidentification.policy import TextPolicy
from tasks.dicom.policy import OPTIONS, BurnedIn, Faces, ImagePolicy, Limits
from tasks.meds.options import MedsOptions
from tasks.vcf.policy import Untied, VariantPolicy
from tasks.vcf.release.policy import ASSEMBLIES, Suppression

CONFIG_NAME = "nightrounds.toml"


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid")


class SourceSettings(_Section):
    """One named export."""

    name: str = Field(
        pattern=r"^[a-z][a-z0-9_-]{0,39}$", description="shown in logs and the UI: no patient data"
    )
    kind: str
    location: str = Field(
        description="a file, a folder or a URL; no name or path of it leaves the workers", repr=False
    )
    authority: str = Field("", description="who assigns the patient numbers; the source's name where empty")
    time_zone: str = Field("UTC", description="IANA name; date-times in UTC are brought to its wall time")
    snapshot: bool = Field(
        False, description="true: what is absent is gone; false: each export adds to the last"
    )
    kept_days: float = Field(
        365,
        ge=0,
        description="incremental exports of records: how long a sealed copy of each file is kept, by which a late "
        "link of two people rewrites what files long gone had told; 0: none",
    )
    options: dict[str, str] = {}

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError):
            raise ValueError("no such time zone; use an IANA name such as Europe/Vienna") from None
        return value

    def to_source(self) -> Source:
        """The contract's view of it."""
        return Source(**self.model_dump())


class PrivacySettings(_Section):
    """The profile is chosen once, at `init`; the home remembers it. How free text is treated may change at any time:
    the next round rewrites what it touches."""

    profile: Literal["safe_harbor", "expert"] | None = None
    key_id: str | None = None
    text: Literal["tags", "surrogates"] = "tags"
    recogniser: Literal["none", "spacy"] = "none"

    def text_policy(self) -> TextPolicy:
        """How free text is treated."""
        return TextPolicy(self.text, self.recogniser)


class ImagingSettings(_Section):
    """How images are de-identified: options of PS3.15, burned-in text, faces. The next round rewrites what a change
    touches."""

    options: dict[str, bool] = Field(
        {}, description="changes to the profile's options of PS3.15 E.3, by name"
    )
    burned_in: BurnedIn = "default"
    faces: Faces = "hold"
    seconds_per_file: float = Field(600, gt=0, description="what takes longer is held")
    memory_per_file_mib: int = Field(3072, ge=512, description="what needs more is held")

    @field_validator("options")
    @classmethod
    def _known_options(cls, value: dict[str, bool]) -> dict[str, bool]:
        if unknown := sorted(value.keys() - OPTIONS):
            raise ValueError(f"no option {unknown[0]}; one of {', '.join(sorted(OPTIONS))}")
        return value

    def policy(self) -> ImagePolicy:
        """How images are treated."""
        return ImagePolicy(self.options, self.burned_in, self.faces)

    def limits(self) -> Limits:
        """What one file may take."""
        return Limits(self.seconds_per_file, self.memory_per_file_mib << 20)


class DaskSettings(_Section):
    """Where units are worked on."""

    mode: Literal["local", "sync", "address"] = "local"
    workers: int = Field(2, ge=1, le=1024)
    address: str = ""
    memory_limit: str = "4GiB"

    @model_validator(mode="after")
    def _needs_address(self) -> DaskSettings:
        if self.mode == "address" and not self.address:
            raise ValueError("dask.mode is 'address' but dask.address is empty; set tcp://host:8786")
        return self


class EncoderSettings(_Section):
    """Names of the encoders, or "none" to leave a modality out."""

    text: str = "minilm-l6-v2"
    image: str = "efficientnet-lite0"


class StoreSettings(_Section):
    """The stores that can live elsewhere."""

    catalog_url: str = Field("", description="SQLAlchemy URL; the home's catalog.db where empty", repr=False)
    landing_days: float = Field(7, gt=0, description="how long sealed copies of remote objects are kept")
    quarantine_days: float = Field(365, gt=0, description="how long sealed records in quarantine are kept")


class MedsSettings(_Section):
    """The MEDS data set under the home's `meds/`: whether the round keeps one, and what goes in."""

    enabled: bool = False
    notes: bool = False
    images: bool = False
    variants: bool = False
    tuning: float = Field(0.1, ge=0, le=1, description="share of persons in the split tuning")
    held_out: float = Field(0.1, ge=0, le=1, description="share of persons in the split held_out")

    @model_validator(mode="after")
    def _shares_of_one(self) -> MedsSettings:
        if self.tuning + self.held_out > 1:
            raise ValueError("meds.tuning and meds.held_out are together more than 1")
        return self

    def options(self) -> MedsOptions:
        """What goes in, for the exporter."""
        return MedsOptions(**self.model_dump(exclude={"enabled"}))


class GenomicsSettings(_Section):
    """What becomes of samples that nothing says whose they are, and what of the genomics tables readers see: the lake
    keeps all, a release names what is released."""

    untied: Untied = "publish"
    release: Literal["all", "no-genotypes", "none"] = "all"
    suppress_singletons: bool = Field(
        False, description="hide records with an allele that one person alone carries in the lake"
    )
    suppress_genes: list[str] = Field([], description="hide records in these genes, by symbol or id")
    suppress_regions: dict[str, str] = Field(
        {}, description="hide records that overlap the intervals of a BED file, by assembly"
    )

    @field_validator("suppress_regions")
    @classmethod
    def _known_assemblies(cls, value: dict[str, str]) -> dict[str, str]:
        if unknown := sorted(set(value) - set(ASSEMBLIES)):
            raise ValueError(f"no such assembly: {unknown[0]}; one of {', '.join(ASSEMBLIES)}")
        return value

    def suppression(self) -> Suppression:
        """Which records readers and exports do not see."""
        return Suppression(self.suppress_singletons, tuple(self.suppress_genes), self.suppress_regions)

    def policy(self) -> VariantPolicy:
        """How files are treated."""
        return VariantPolicy(self.untied)


class ScheduleSettings(_Section):
    """When the night round starts, and when it must be over."""

    cron: str = "0 1 * * *"
    time_zone: str = "UTC"
    deadline_minutes: int = Field(300, ge=1)


class ServerSettings(_Section):
    """Where `serve` puts the Prefect server."""

    host: str = "127.0.0.1"
    port: int = Field(4200, ge=1, le=65535)


class Settings(BaseSettings):
    """All settings of a home."""

    model_config = SettingsConfigDict(env_prefix="NIGHTROUNDS_", env_nested_delimiter="__", extra="ignore")

    sources: list[SourceSettings] = []
    privacy: PrivacySettings = PrivacySettings()
    imaging: ImagingSettings = ImagingSettings()
    dask: DaskSettings = DaskSettings()
    encoders: EncoderSettings = EncoderSettings()
    stores: StoreSettings = StoreSettings()
    meds: MedsSettings = MedsSettings()
    genomics: GenomicsSettings = GenomicsSettings()
    schedule: ScheduleSettings = ScheduleSettings()
    server: ServerSettings = ServerSettings()
    overlay: str = Field("", description="a site's folder of mappings and suites; the same file name wins")

    @model_validator(mode="after")
    def _names_once(self) -> Settings:
        names = [s.name for s in self.sources]
        if twice := sorted({n for n in names if names.count(n) > 1}):
            raise ValueError(f"source names are used once: {', '.join(twice)}")
        return self

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return env_settings, init_settings

    def chosen(self, names: list[str] | None) -> list[SourceSettings]:
        """The sources by name, or all of them.

        Raises:
            Usage: an unknown name; the message lists the known ones.
        """
        known = {s.name: s for s in self.sources}
        for name in names or []:
            if name not in known:
                raise Usage(
                    "no such source", name, f"one of {', '.join(sorted(known)) or 'none is configured'}"
                )
        return [known[n] for n in names] if names else list(self.sources)


def load_settings(home: Path) -> Settings:
    """Read the home's `nightrounds.toml`, if there is one, under the environment.

    Raises:
        Fatal: a setting is wrong; each place is named with what would be legal.
    """
    path = home / CONFIG_NAME
    values: dict[str, Any] = {}
    if path.is_file():
        try:
            values = TomlConfigSettingsSource(Settings, toml_file=path)()
        except ValueError as error:
            raise Fatal(f"not valid TOML: {error}", CONFIG_NAME, "see docs/configuration.md") from None
    unknown = sorted(values.keys() - Settings.model_fields.keys())
    if unknown:
        raise Fatal(
            "unknown setting", f"{CONFIG_NAME}: {unknown[0]}", f"one of {', '.join(Settings.model_fields)}"
        )
    try:
        return Settings(**values)
    except ValidationError as error:
        first = error.errors(include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise Fatal(first["msg"], f"{CONFIG_NAME}: {place}", "see docs/configuration.md") from None


_TEMPLATE = """# Nightrounds: what is read every night, and how.
# Every setting can be overridden by the environment: NIGHTROUNDS_DASK__WORKERS=4, NIGHTROUNDS_SERVER__PORT=4300.

[privacy]
# Chosen once, when the home was made; the home remembers it.
#   safe_harbor  years only, ages over 89 grouped, 3-digit ZIP (45 CFR 164.514(b)(2))
#   expert       dates shifted by person, intervals kept; needs an expert's determination (164.514(b)(1))
profile = "{profile}"
key_id = "{key_id}"  # the key lies outside the home; without it nothing runs: keep it in escrow
text = "tags"         # what is found in notes becomes [NAME], [DATE] …; or "surrogates": invented stand-ins
recogniser = "none"   # or "spacy": a model looks for names too (pip install "nightrounds[recogniser]")

# One block for each export. `authority` is who assigns the patient numbers: the same number under two
# authorities is two people. `snapshot = true` says that what is absent from the export is gone.
#
# [[sources]]
# name = "ehr"
# kind = "fhir"                      # fhir, omop, synthea, csv, dicom, vcf or crosswalk
# location = "/exports/fhir"         # a file, a folder or a URL (s3://bucket/prefix)
# authority = "st-elsewhere"
# time_zone = "America/New_York"
# snapshot = false
# kept_days = 365                    # sealed copies of an incremental export's files, for links that come late
#
# A source of kind vcf may be read strictly: what the specification frowns on is then held back too.
# options = {{ strict = "true" }}
#
# A FHIR server is asked for an export every night (docs/how-to/fhir-bulk.md). The key itself has no place here.
#
# [[sources]]
# name = "live"
# kind = "fhir_bulk"
# location = "https://fhir.st-elsewhere.example/r4"
# authority = "st-elsewhere"
# options = {{ client_id = "nightrounds", private_key = "secret:fhir-key", group = "research-cohort" }}

[dask]
mode = "local"       # local (a cluster of `workers` on this machine), sync (no cluster) or address
workers = 2
# address = "tcp://scheduler:8786"

[imaging]
burned_in = "default"  # text in pixels: "strict" looks at every frame and hides all of it; "off" does not look
faces = "hold"         # series of heads: "release" writes them, though a face can be rebuilt from them
# options = {{ clean_graphics = true }}   # of PS3.15 E.3, see docs/how-to/imaging.md

[encoders]
text = "minilm-l6-v2"         # or "none"
image = "efficientnet-lite0"  # or "none"

[stores]
# catalog_url = "postgresql+psycopg://nightrounds@db/nightrounds"   # SQLite in the home where unset
landing_days = 7       # sealed copies of remote objects
quarantine_days = 365  # sealed records that were held back

[meds]
enabled = false  # true: every round brings the MEDS data set under meds/ up to date
notes = false    # with the (scrubbed) text of notes

[genomics]
untied = "publish"  # samples that nothing says whose they are have no person; or "hold": they wait for a sheet
release = "all"  # or "no-genotypes" (variants without who has them), or "none": what readers and exports see
suppress_singletons = false  # true: hide records with an allele that one person alone carries
# suppress_genes = ["BRCA1", "ENSG00000139618"]
# suppress_regions = {{ GRCh38 = "/policies/hidden.grch38.bed" }}

[schedule]
cron = "0 1 * * *"
time_zone = "UTC"
deadline_minutes = 300

[server]
host = "127.0.0.1"
port = 4200
"""


def write_template(home: Path, profile: str, key_id: str) -> Path:
    """Write a commented `nightrounds.toml` into the home, unless there is one; return its path."""
    path = home / CONFIG_NAME
    if not path.exists():
        path.write_text(_TEMPLATE.format(profile=profile, key_id=key_id))
        path.chmod(0o600)
    return path


def source_name(kind: str, taken: set[str]) -> str:
    """A name for a source given without one on the command line: its kind, numbered where that is taken."""
    name, number = kind, 2
    while name in taken:
        name, number = f"{kind}-{number}", number + 1
    return re.sub(r"[^a-z0-9_-]", "-", name)

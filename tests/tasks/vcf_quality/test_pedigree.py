"""What is declared of samples, and what the steward is told where genotypes say otherwise."""

from __future__ import annotations

from pathlib import Path

from contracts.privacy import Profile
from stores.home import create_home
from stores.vault import Vault
from tasks.vcf.quality.pedigree import Pedigree, keep_pedigree, read_header, read_pedigree


def test_relatives_follow_from_parents() -> None:
    declared = Pedigree.of(
        [(1, "male", ()), (3, "", (1, 2)), (4, "female", (2, 1)), (5, "", (2,)), (6, "", (1, 9))]
    )
    assert declared.relatives == {
        **{frozenset(two): "parent" for two in ((3, 1), (3, 2), (4, 1), (4, 2), (5, 2), (6, 1), (6, 9))},
        frozenset((3, 4)): "sibling",  # 5 and 6 have one parent with them, or an unknown one
    }
    assert declared.sexes == {1: "male", 4: "female"}


def test_a_sex_of_which_two_are_told_is_none() -> None:
    assert Pedigree.of([(1, "male", ()), (1, "female", ()), (1, "male", ())]).sexes == {}
    assert (Pedigree({1: "male", 2: "male"}) | Pedigree({1: "female"})).sexes == {2: "male"}


def test_headers_declare_by_keyed_ids() -> None:
    header = "##PEDIGREE=<Child=11,Father=12,Mother=13>\n##PEDIGREE=<ID=14,Original=11>\n##PEDIGREE=<ID=15,Mother=13>\n"
    assert read_header(header).parents == {11: (12, 13), 15: (13,)}


def test_it_is_kept_sealed_by_source(tmp_path: Path) -> None:
    home = create_home(tmp_path / "home", Profile.EXPERT, seed="pedigree")
    with Vault.open(home, home.load_key()) as vault:
        keep_pedigree(vault, "sheets", Pedigree.of([(7_770_001, "male", (7_770_002,))]))
        keep_pedigree(vault, "lims", Pedigree({5: "female"}))
        found = read_pedigree(vault, ["lims", "sheets", "none"])
        assert found.sexes == {5: "female", 7_770_001: "male"} and found.parents == {7_770_001: (7_770_002,)}
        keep_pedigree(vault, "sheets", Pedigree())
        assert read_pedigree(vault, ["sheets"]) == Pedigree()
    assert b"7770001" not in (home.vault / "vault.db").read_bytes()

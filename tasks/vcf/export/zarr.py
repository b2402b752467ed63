"""VCF Zarr (VCF Zarr specification 0.4): an exported VCF encoded by bio2zarr, which is an optional extra."""

from __future__ import annotations

import shutil
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from contracts.errors import Fatal


def require_bio2zarr() -> None:
    """Make sure that the extra is installed.

    Raises:
        Fatal: it is not.
    """
    if find_spec("bio2zarr") is None or find_spec("cyvcf2") is None:
        raise Fatal("bio2zarr and cyvcf2 are not installed", "export zarr", 'pip install "nightrounds[zarr]"')


def write_zarr(vcf: Path, store: Path) -> None:
    """Encode an indexed VCF; a store that is there already is replaced once the new one is whole.

    Args:
        vcf: bgzipped, with an index beside it.
        store: the Zarr store's folder.

    Raises:
        Fatal: bio2zarr has no place for what the file holds, such as `Number=G` in INFO.
    """
    encoder = import_module("bio2zarr.vcf")
    part = store.with_name(f".{store.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    try:
        encoder.convert([str(vcf)], str(part), worker_processes=0, show_progress=False)
        shutil.rmtree(store, ignore_errors=True)
        part.rename(store)
    except Exception as error:  # noqa: BLE001 - whatever it stumbles over; its words may quote values
        problem = f"bio2zarr cannot encode it ({type(error).__name__})"
        raise Fatal(problem, store.name, "export it as VCF") from None
    finally:
        shutil.rmtree(part, ignore_errors=True)

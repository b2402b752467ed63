"""What modalities are called (codes of DICOM PS3.3, C.7.3.1.1.1)."""

from __future__ import annotations

_NAMES: dict[str, tuple[str, ...]] = {
    "CR": ("computed radiography", "x-ray", "xray"),
    "CT": ("computed tomography",),
    "DX": ("digital radiography", "x-ray", "xray"),
    "ECG": ("electrocardiography",),
    "ES": ("endoscopy",),
    "MG": ("mammography", "mammogram"),
    "MR": ("magnetic resonance", "mri"),
    "NM": ("nuclear medicine", "scintigraphy"),
    "OPT": ("ophthalmic tomography",),
    "PT": ("positron emission tomography", "pet"),
    "RF": ("radio fluoroscopy",),
    "RTDOSE": ("radiotherapy dose",),
    "RTPLAN": ("radiotherapy plan",),
    "RTSTRUCT": ("radiotherapy structure set",),
    "SEG": ("segmentation",),
    "SM": ("slide microscopy", "pathology"),
    "SR": ("structured report",),
    "US": ("ultrasound", "sonography"),
    "XA": ("x-ray angiography", "angiogram"),
}


def names_of(code: str | None) -> tuple[str, ...]:
    """What a modality is called besides its code; empty for an unknown one."""
    return _NAMES.get(code or "", ())

"""pydicom, loaded once and kept quiet: its warnings and log lines quote values of patients."""

from __future__ import annotations

import logging
import struct
import warnings
from functools import lru_cache

_QUIET = r"(pydicom|pylibjpeg|openjpeg|libjpeg|rle|jpeg_ls|gdcm)(\.|$)"

CONVERSION_ERRORS: tuple[type[Exception], ...] = (
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    ArithmeticError,
    NotImplementedError,
    EOFError,
    struct.error,
)
"""What pydicom raises on converting a value that is not what its VR promises: the element is left out."""


@lru_cache(maxsize=1)
def quiet_pydicom() -> None:
    """Import pydicom so that it judges no value and tells nobody of what it reads."""
    from pydicom import config

    config.settings.reading_validation_mode = config.IGNORE
    warnings.filterwarnings("ignore", module=_QUIET)
    for name in ("pydicom", "pylibjpeg"):
        logger = logging.getLogger(name)
        logger.handlers = [logging.NullHandler()]
        logger.propagate = False

"""`python -m tasks.vcf.normalise.warm`: compile the kernels of normalisation, and keep them for later."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from tasks.vcf.normalise.alleles import check_reference, normalise
from tasks.vcf.normalise.reference import FileReference, Reference


def warm_up() -> None:
    """Normalise one allele against a reference of a few bases."""
    sequence = np.frombuffer(b">chr1\nACGTTTA\n", np.uint8)
    reference = Reference(sequence, {"chr1": 0}, np.array([[6, 7, 8, 7]], dtype=np.int64))
    file = FileReference(reference, {"chr1": 0})
    contigs, positions, references = pa.array(["chr1"]), pa.array([5]), pa.array(["TT"])
    fits = check_reference(contigs, positions, references, file)
    normalise(contigs, positions, references, pa.array([["T", "<DEL>"]]), file, fits)


if __name__ == "__main__":
    warm_up()

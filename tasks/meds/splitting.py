"""Who goes where: a person's split and shard follow from a keyed hash of the id, whoever else there is."""

from __future__ import annotations

import numpy as np

from contracts.keys import Key
from tasks.meds.options import MedsOptions

_RANGE = float(2**63)
_PURPOSE = "meds split"
_SHARD_ROWS = 2_000_000


def place_subjects(key: Key, subjects: np.ndarray, options: MedsOptions, parts: int) -> np.ndarray:
    """The shard of each person within a bucket, as number: `split * parts + part`.

    Args:
        key: the home's key.
        subjects: person ids, int64.
        options: with the shares of the splits.
        parts: how many shards a bucket has in each split; a power of two.

    Returns:
        int32, as many as `subjects`; splits are numbered as in `options.SPLITS`. A person who is held out stays so
        when persons come and go; other shares move as few as they can.
    """
    hashes = np.array(key.id63_each(_PURPOSE, map(str, subjects.tolist())), dtype=np.int64)
    share = hashes / _RANGE  # from the upper bits; the part is from the lowest ones
    split = np.where(share < options.held_out, 2, np.where(share < options.held_out + options.tuning, 1, 0))
    return np.asarray(split * parts + (hashes & (parts - 1)), dtype=np.int32)


def count_parts(rows: int, buckets: int, before: int) -> int:
    """How many shards a bucket has in each split: a power of two, and never fewer than before, so that shards stay.

    Args:
        rows: of all tables.
        buckets: of the lake.
        before: how many there were; 0 for a new data set.
    """
    parts = max(before, 1)
    limit = _SHARD_ROWS * (2 if before else 1)
    while rows > parts * buckets * limit:
        parts *= 2
    return parts

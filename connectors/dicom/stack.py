"""Where the frames of a multi-frame image lie (PS3.3 C.7.6.16): their places along the normal of the first one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from connectors.dicom.columns import FRAME_GROUPS, SHARED_GROUPS
from connectors.dicom.values import first_item, items_of, numbers_of

if TYPE_CHECKING:
    from connectors.dicom.values import Header

_PLANE_POSITION, _PLANE_ORIENTATION = 0x00209113, 0x00209116
_POSITION, _ORIENTATION = 0x00200032, 0x00200037
_DIGITS = 4


def read_stack(header: Header) -> dict[str, Any]:
    """`frame_positions_mm`, one for each frame in order, and `number_of_orientations` among the frames.

    Null where the frames do not all state where they lie: a cine loop, a single frame.
    """
    frames = items_of(header, FRAME_GROUPS)
    shared = first_item(header, SHARED_GROUPS)
    nothing = {"frame_positions_mm": None, "number_of_orientations": None}
    if not frames:
        return nothing
    planes = [_plane(frame, shared) for frame in frames]
    if any(len(position) != 3 or len(orientation) != 6 for position, orientation in planes):
        return nothing
    normal = normal_of(planes[0][1])
    places = [
        round(sum(a * b for a, b in zip(position, normal, strict=True)), _DIGITS) for position, _ in planes
    ]
    kinds = {tuple(round(cosine, 3) + 0.0 for cosine in orientation) for _, orientation in planes}
    return {"frame_positions_mm": places, "number_of_orientations": len(kinds)}


def normal_of(orientation: Sequence[float]) -> tuple[float, float, float]:
    """The normal of a plane, from the cosines of its row and its column (PS3.3 C.7.6.2.1.1)."""
    a, b, c, d, e, f = orientation
    return b * f - c * e, c * d - a * f, a * e - b * d


def _plane(frame: Header, shared: Header | None) -> tuple[list[float], list[float]]:
    """Position and orientation of a frame, its own or the shared one."""
    found = []
    for group, tag in ((_PLANE_POSITION, _POSITION), (_PLANE_ORIENTATION, _ORIENTATION)):
        item = first_item(frame, group)
        if item is None and shared is not None:
            item = first_item(shared, group)
        found.append(numbers_of(item, tag) if item is not None else [])
    return found[0], found[1]

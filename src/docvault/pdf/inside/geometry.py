"""Reads a page's frame from its dictionaries, inherited entries included (ISO 32000-2, 7.7.3.4)."""

from typing import Any

import pikepdf

from docvault.pdf.geometry import Box, Frame, frame

DEPTH = 64  # of the page tree; deeper is a loop or an attack


def frame_of(page: pikepdf.Page) -> Frame:
    """What a viewer shows of this page."""
    return frame(_box(page, "/MediaBox"), _box(page, "/CropBox"), _turn(page))


def settle(page: pikepdf.Page) -> None:
    """Write the inherited boxes and rotation into the page itself, so that every reader sees the same."""
    seen = frame_of(page)
    box = pikepdf.Array([seen.left, seen.bottom, seen.right, seen.top])
    page.obj["/MediaBox"] = _as_array(_box(page, "/MediaBox")) or box
    page.obj["/CropBox"] = box
    page.obj["/Rotate"] = seen.turn


def shows_nothing(page: pikepdf.Page) -> bool:
    """Tell whether a page is cropped to what lies beside it: viewers disagree about what to show then."""
    media, crop = frame(_box(page, "/MediaBox"), None, 0), _box(page, "/CropBox")
    if crop is None:
        return False
    inner = frame(crop, None, 0)
    across = min(media.right, inner.right) > max(media.left, inner.left)
    return not (across and min(media.top, inner.top) > max(media.bottom, inner.bottom))


def inherited(page: pikepdf.Page, key: str) -> Any:
    """The nearest value of `key` on the way from the page to the root of the tree, or None."""
    node: Any = page.obj
    for _ in range(DEPTH):
        if not isinstance(node, pikepdf.Dictionary):
            return None
        if key in node:
            return node[key]
        node = node.get("/Parent")
    return None


def _box(page: pikepdf.Page, key: str) -> Box | None:
    value = inherited(page, key)
    if not isinstance(value, pikepdf.Array):
        return None
    try:
        left, bottom, right, top = (float(each) for each in value)
    except (TypeError, ValueError):
        return None
    return left, bottom, right, top


def _as_array(box: Box | None) -> pikepdf.Array | None:
    return pikepdf.Array(list(box)) if box and box[0] < box[2] and box[1] < box[3] else None


def _turn(page: pikepdf.Page) -> int:
    try:
        return int(inherited(page, "/Rotate") or 0)
    except (TypeError, ValueError):
        return 0

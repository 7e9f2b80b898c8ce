"""Where things are on a page: as a viewer shows it, and as the file counts it. Pure.

Displayed points: origin top left, y down, the page cropped and turned as a viewer shows it. User space: ISO
32000-2, 8.3.2.3. `turn` is /Rotate: clockwise degrees, one of 0, 90, 180, 270.
"""

from dataclasses import dataclass

QUARTER, HALF, THREE_QUARTERS = 90, 180, 270  # degrees of /Rotate
LETTER = (0.0, 0.0, 612.0, 792.0)  # what viewers assume without a usable MediaBox, PDFium among them

Box = tuple[float, float, float, float]  # left, bottom, right, top
Matrix = tuple[float, float, float, float, float, float]


@dataclass(frozen=True, slots=True)
class Frame:
    """The visible part of a page in user space, and how it is turned."""

    left: float
    bottom: float
    right: float
    top: float
    turn: int

    @property
    def size(self) -> tuple[float, float]:
        """Width and height as displayed, in points."""
        width, height = self.right - self.left, self.top - self.bottom
        return (height, width) if self.turn in (QUARTER, THREE_QUARTERS) else (width, height)

    def to_user(self, x: float, y: float) -> tuple[float, float]:
        """A displayed point in user space."""
        if self.turn == QUARTER:
            return self.left + y, self.bottom + x
        if self.turn == HALF:
            return self.right - x, self.bottom + y
        if self.turn == THREE_QUARTERS:
            return self.right - y, self.top - x
        return self.left + x, self.top - y

    def to_displayed(self, x: float, y: float) -> tuple[float, float]:
        """A point of user space as displayed."""
        if self.turn == QUARTER:
            return y - self.bottom, x - self.left
        if self.turn == HALF:
            return self.right - x, y - self.bottom
        if self.turn == THREE_QUARTERS:
            return self.top - y, self.right - x
        return x - self.left, self.top - y

    def rectangle_to_user(self, x: float, y: float, width: float, height: float) -> Box:
        """A displayed rectangle (top left corner, size) as a user space box."""
        (x0, y0), (x1, y1) = self.to_user(x, y), self.to_user(x + width, y + height)
        return min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1)


def frame(media: Box | None, crop: Box | None, rotate: int) -> Frame:
    """What a viewer shows of a page with these (inherited) boxes; unusable ones count as missing."""
    outer = _ordered(media) or LETTER
    inner = _ordered(crop) or outer
    shared = (
        max(outer[0], inner[0]),
        max(outer[1], inner[1]),
        min(outer[2], inner[2]),
        min(outer[3], inner[3]),
    )
    visible = _ordered(shared) if shared[0] < shared[2] and shared[1] < shared[3] else None
    return Frame(*(visible or outer), turn=rotate // QUARTER * 90 % 360)


def upright(turn: int, width: float, height: float) -> Matrix:
    """The matrix that makes a `width` x `height` drawing (as displayed) upright on a page turned by `turn`.

    For the /Matrix of an appearance, or for `cm` on a canvas of the annotation's /Rect: both start at 0 0.
    """
    return {
        0: (1.0, 0.0, 0.0, 1.0, 0.0, 0.0),
        QUARTER: (0.0, 1.0, -1.0, 0.0, height, 0.0),
        HALF: (-1.0, 0.0, 0.0, -1.0, width, height),
        THREE_QUARTERS: (0.0, -1.0, 1.0, 0.0, 0.0, width),
    }[turn]


def _ordered(box: Box | None) -> Box | None:
    if box is None:
        return None
    left, right = sorted((box[0], box[2]))
    bottom, top = sorted((box[1], box[3]))
    return (left, bottom, right, top) if right > left and top > bottom else None

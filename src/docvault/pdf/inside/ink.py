"""Turns what a person drew or uploaded into a small SVG that typst can place. Runs in a worker.

A picture is decoded and encoded anew: nothing of the uploaded file but its visible points reaches the
document.
"""

import base64
import io
import math
from collections.abc import Sequence

from PIL import Image

from docvault.pdf.errors import AppearanceRefused

COLOUR = "#10213f"
WIDE, NARROW = 0.014, 0.005  # line width of slow and fast strokes, in widths of the drawing area
SPEED = 0.22  # how much of the way between two points comes off the width
POINTS = 20_000
PIXELS = 8_000_000  # of an uploaded picture
LARGEST = (1200, 600)  # pixels that are kept of it
OPAQUE = 255
WHITE = 235  # grey level from which white paper counts as paper
DARKEST = 110  # grey level of the darkest paper; what is darker is not taken out
SHARE = 0.3  # of a picture that has to be about as light as its paper
NEAR = 20  # grey levels around those of most of the paper

Stroke = Sequence[Sequence[float]]  # points x, y in widths of the drawing area


def from_strokes(strokes: Sequence[Stroke]) -> str:
    """Smooth curves with the width of a pen, cropped to the ink. Raises AppearanceRefused."""
    points = [point for stroke in strokes for point in stroke]
    if (
        not points
        or len(points) > POINTS
        or not all(math.isfinite(part) for point in points for part in point)
    ):
        raise AppearanceRefused("There is no drawn signature. Please draw it again.")
    left, right = min(point[0] for point in points) - WIDE, max(point[0] for point in points) + WIDE
    top, bottom = min(point[1] for point in points) - WIDE, max(point[1] for point in points) + WIDE
    scale = 1000 / (right - left)
    moved = [[((x - left) * scale, (y - top) * scale) for x, y, *_ in stroke] for stroke in strokes if stroke]
    curves = "".join(_curves(stroke, scale) for stroke in moved)
    box = f"0 0 1000 {(bottom - top) * scale:.1f}"
    style = f'fill="none" stroke="{COLOUR}" stroke-linecap="round" stroke-linejoin="round"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{box}"><g {style}>{curves}</g></svg>'


def _curves(points: Sequence[tuple[float, float]], scale: float) -> str:
    """One quadratic curve for each point, from middle to middle, each with its own width."""
    if len(points) == 1:
        x, y = points[0]
        return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{WIDE * scale / 2:.1f}" fill="{COLOUR}" stroke="none"/>'
    drawn = []
    width = WIDE * scale * 0.7
    last = points[0]
    for index, (x, y) in enumerate(points):
        following = points[min(index + 1, len(points) - 1)]
        middle = ((x + following[0]) / 2, (y + following[1]) / 2)
        way = math.dist(last, middle)
        width += 0.35 * (max(NARROW * scale, WIDE * scale - SPEED * way) - width)
        path = f"M{last[0]:.1f} {last[1]:.1f}Q{x:.1f} {y:.1f} {middle[0]:.1f} {middle[1]:.1f}"
        drawn.append(f'<path d="{path}" stroke-width="{width:.1f}"/>')
        last = middle
    return "".join(drawn)


def from_picture(content: bytes) -> str:
    """The picture without its paper and margins. Raises AppearanceRefused."""
    try:
        with Image.open(io.BytesIO(content), formats=("PNG",)) as opened:
            if opened.width * opened.height > PIXELS:
                raise AppearanceRefused("This picture has too many pixels. Please use a smaller one.")
            picture = _without_paper(opened.convert("RGBA"))
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise AppearanceRefused("This picture cannot be read. Please use a PNG file.") from error
    visible = picture.getchannel("A").getbbox()
    if visible is None:
        raise AppearanceRefused("This picture is empty. Please use one that shows your signature.")
    picture = picture.crop(visible)
    picture.thumbnail(LARGEST, Image.Resampling.LANCZOS)
    encoded = io.BytesIO()
    picture.save(encoded, "PNG", optimize=True)
    width, height = picture.size
    data = base64.b64encode(encoded.getvalue()).decode()
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}">'
        f'<image width="{width}" height="{height}" href="data:image/png;base64,{data}"/></svg>'
    )


def _without_paper(picture: Image.Image) -> Image.Image:
    """Ink on paper becomes ink on nothing; a picture that is already transparent stays."""
    if _opacities(picture) != {OPAQUE}:
        return picture
    greys = picture.convert("L")
    paper = _lightness_of_paper(greys)
    opacity = [OPAQUE if level < paper // 2 else max(0, 2 * (paper - level)) for level in range(256)]
    picture.putalpha(greys.point(opacity))
    return picture


def _lightness_of_paper(greys: Image.Image) -> int:
    """Return the grey level from which a picture is paper: white, or tinted where most of it is."""
    counts = greys.histogram()
    most = max(range(DARKEST, 256), key=lambda level: (counts[level], level))
    near = sum(counts[max(0, most - NEAR) : most + NEAR])
    return min(WHITE, most - NEAR) if near > SHARE * greys.width * greys.height else WHITE


def _opacities(picture: Image.Image) -> set[int]:
    return {level for level, count in enumerate(picture.getchannel("A").histogram()) if count}

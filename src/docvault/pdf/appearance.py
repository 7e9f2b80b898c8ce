"""What a filled field looks like to a reader: one-page PDFs of the field's displayed size, drawn in a worker.

Measures are displayed points. With `turn` the page of the drawing has the size of the field's /Rect on a page
turned by that many degrees, and stands upright for its reader; without it the drawing is for whoever turns
it.
"""

import base64
from collections.abc import Sequence
from typing import Any

from docvault.pdf.scratch import Scratch
from docvault.pdf.workers import Workers
from docvault.rules.answers import DrawnSignature, PictureSignature, Signature, TypedSignature

SECONDS = 10


def signature(
    workers: Workers, ink: Signature, *, lines: Sequence[str], width: float, height: float, turn: int = 0
) -> Scratch:
    """A signature. lines: beside or below the ink, the signer's name first, then the time. Raises
    AppearanceRefused.

    A typed name whose letters the script font lacks is drawn as a whole in the plain font.
    """
    return _draw(
        workers, {"kind": "signature", "ink": _plain(ink), "lines": list(lines)}, width, height, turn
    )


def initials(workers: Workers, ink: Signature, *, width: float, height: float, turn: int = 0) -> Scratch:
    """Initials, drawn or typed, without further words. Raises AppearanceRefused."""
    return _draw(workers, {"kind": "signature", "ink": _plain(ink), "lines": []}, width, height, turn)


def text(
    workers: Workers, value: str, *, width: float, height: float, turn: int = 0, centred: bool = False
) -> Scratch:
    """What was written into a field, wrapped and then made smaller until it fits. Raises
    AppearanceRefused.
    """
    return _draw(workers, {"kind": "text", "value": value, "centred": centred}, width, height, turn)


def tick(
    workers: Workers,
    *,
    width: float,
    height: float,
    turn: int = 0,
    ticked: bool = True,
    round_one: bool = False,
) -> Scratch:
    """A box with its tick, or with ticked=False without. round_one: a radio button."""
    return _draw(workers, {"kind": "box", "ticked": ticked, "round": round_one}, width, height, turn)


def missing_letters(workers: Workers, words: str) -> set[str]:
    """The letters of `words` that no font at hand can draw."""
    result, _ = workers.run("missing_letters", [], {"words": words}, timeout=SECONDS)
    return set(result)


def _draw(workers: Workers, options: dict[str, Any], width: float, height: float, turn: int) -> Scratch:
    size = {"width": width, "height": height, "turn": turn}
    _, outputs = workers.run("draw", [], options | size, timeout=SECONDS)
    return outputs[0]


def _plain(ink: Signature) -> dict[str, Any]:
    match ink:
        case DrawnSignature(strokes):
            return {"strokes": [list(stroke) for stroke in strokes]}
        case TypedSignature(words, style):
            return {"typed": words, "style": style}
        case PictureSignature(png):
            return {"picture": base64.b64encode(png).decode()}

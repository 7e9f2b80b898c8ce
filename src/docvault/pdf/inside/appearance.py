"""Draws what filled fields look like. Runs in a worker."""

import base64
import io
import json
import unicodedata
from functools import cache
from pathlib import Path
from typing import Any

import pikepdf

from docvault.pdf.errors import AppearanceRefused
from docvault.pdf.geometry import QUARTER, THREE_QUARTERS, upright
from docvault.pdf.inside import ink
from docvault.pdf.inside.glyphs import letters_of
from docvault.pdf.inside.typesetting import CHAIN, font_files, set_page
from docvault.pdf.tasks import Job

SCRIPTS = {"caveat": "Caveat", "dancing-script": "Dancing Script", "great-vibes": "Great Vibes"}
SMALLEST, LARGEST = 4.0, 2000.0  # points a drawing may measure
_NO_GLYPH = {"Cc", "Cf", "Zs", "Zl", "Zp"}  # categories of characters that are never drawn


def draw(job: Job) -> object:
    """Task: one drawing into the only output."""
    options = job.options
    width, height, turn = options["width"], options["height"], options["turn"]
    if not all(SMALLEST <= side <= LARGEST for side in (width, height)):
        raise AppearanceRefused("The field is too small or too large to be drawn.")
    source, inputs = DRAWINGS[options["kind"]](options)
    inputs |= {"width": f"{width:.3f}", "height": f"{height:.3f}"}
    drawn = set_page(_source(source), inputs)
    job.output().write(turned(drawn, width, height, turn) if turn else drawn)
    return None


def missing_letters(job: Job) -> object:
    """Task: the letters of `words` that no font at hand has."""
    return sorted(_missing(job.options["words"], CHAIN))


def turned(drawing: bytes, width: float, height: float, turn: int) -> bytes:
    """The drawing on a page of the size of /Rect, turned so that it is upright on a page turned by `turn`."""
    wide, high = (height, width) if turn in (QUARTER, THREE_QUARTERS) else (width, height)
    with pikepdf.open(io.BytesIO(drawing)) as source, pikepdf.new() as target:
        page = target.add_blank_page(page_size=(wide, high))
        form = target.copy_foreign(source.pages[0].as_form_xobject())
        page.obj["/Resources"] = pikepdf.Dictionary(XObject=pikepdf.Dictionary(Drawing=form))
        matrix = " ".join(f"{part:g}" for part in upright(turn, width, height))
        page.obj["/Contents"] = target.make_stream(f"q {matrix} cm /Drawing Do Q".encode())
        output = io.BytesIO()
        target.save(output)
    return output.getvalue()


def _signature(options: dict[str, Any]) -> tuple[str, dict[str, str]]:
    inputs = {"lines": json.dumps(options["lines"]), "fonts": _fonts()}
    for line in options["lines"]:
        _require(line)
    adopted = options["ink"]
    if "strokes" in adopted:
        inputs["picture"] = ink.from_strokes(adopted["strokes"])
    elif "picture" in adopted:
        inputs["picture"] = ink.from_picture(base64.b64decode(adopted["picture"]))
    else:
        inputs["typed"] = _require(adopted["typed"].strip())
        inputs["script"] = _script(adopted["typed"], adopted["style"])
    return "signature", inputs


def _text(options: dict[str, Any]) -> tuple[str, dict[str, str]]:
    at = "center" if options["centred"] else "start"
    return "text", {"value": _require(options["value"]), "fonts": _fonts(), "at": at}


def _box(options: dict[str, Any]) -> tuple[str, dict[str, str]]:
    shape = "round" if options["round"] else "square"
    return "box", {"shape": shape, "ticked": "yes" if options["ticked"] else "no"}


DRAWINGS = {"signature": _signature, "text": _text, "box": _box}


def _script(typed: str, style: str) -> str:
    """The script font if it has every letter, else the plain font for the whole: half a name looks forged."""
    if style not in SCRIPTS:
        raise AppearanceRefused("This style of writing is not offered.")
    if not _missing(typed, (SCRIPTS[style],)):
        return SCRIPTS[style]
    return next((family for family in CHAIN if not _missing(typed, (family,))), CHAIN[0])


def _require(words: str) -> str:
    """Return the words if every letter can be drawn. Raises AppearanceRefused."""
    if not words.strip():
        raise AppearanceRefused("There is nothing to write.")
    if missing := _missing(words, CHAIN):
        listed = " ".join(sorted(missing))
        raise AppearanceRefused(f"These letters cannot be written into the document: {listed}")
    return words


def _missing(words: str, families: tuple[str, ...]) -> set[str]:
    at_hand = [letters_of(font_files()[family]) for family in families if family in font_files()]
    return {
        letter
        for letter in unicodedata.normalize("NFC", words)
        if unicodedata.category(letter) not in _NO_GLYPH and not any(ord(letter) in each for each in at_hand)
    }


def _fonts() -> str:
    return json.dumps([family for family in CHAIN if family in font_files()])


@cache
def _source(name: str) -> str:
    return Path(__file__).with_name("drawings").joinpath(f"{name}.typ").read_text(encoding="utf-8")

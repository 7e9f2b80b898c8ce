"""Finds fields in a document that is about to be cleaned: in its form and in its text. Runs in a worker.

What is broken is passed over: a suggestion less harms nobody.
"""

from collections.abc import Iterator
from typing import Any, BinaryIO

import pikepdf
import pypdfium2 as pdfium
from pikepdf import Array, Dictionary, Name, String

from docvault.pdf.inside.geometry import frame_of
from docvault.pdf.inside.render import open_document
from docvault.pdf.inside.text import displayed
from docvault.rules.found import FOUND_MOST, TAG_LONGEST, Tag, tag_at

HIDDEN, READ_ONLY, REQUIRED = 2, 1, 2  # /F of annotations; /Ff of fields, twice
RADIO, PUSH = 1 << 15, 1 << 16  # /Ff of buttons
DEPTH = 16  # of fields in fields
LABEL_LONGEST = 200  # characters; the rules shorten further
LONGEST = 500  # characters of a text; more is no limit

Found = dict[str, object]


def in_form(pdf: pikepdf.Pdf) -> list[Found]:
    """Return the fields of an old form that people could fill in, as plain maps of rules.found.FoundField."""
    found: list[Found] = []
    if not isinstance(pdf.Root.get("/AcroForm"), Dictionary):
        return found
    for number, page in enumerate(pdf.pages, start=1):
        annotations = page.obj.get("/Annots")
        for widget in annotations if isinstance(annotations, Array) else ():
            if len(found) == FOUND_MOST:
                return found
            try:
                one = _widget(widget, page)
            except (ValueError, TypeError, KeyError, ArithmeticError):
                continue
            if one is not None:
                found.append({"page": number, **one})
    return found


def _widget(widget: Any, page: pikepdf.Page) -> Found | None:
    if not isinstance(widget, Dictionary) or widget.get("/Subtype") != Name.Widget:
        return None
    flags = int(_inherited(widget, "/Ff") or 0)
    if int(widget.get("/F", 0)) & HIDDEN or flags & READ_ONLY or _is_filled(widget):
        return None
    said = _said(widget, flags)
    if said is None:
        return None
    left, bottom, right, top = (float(edge) for edge in widget["/Rect"])
    seen = frame_of(page)
    (x0, y0), (x1, y1) = seen.to_displayed(left, bottom), seen.to_displayed(right, top)
    place = {"x": min(x0, x1), "y": min(y0, y1), "w": abs(x1 - x0), "h": abs(y1 - y0)}
    label = _text(_inherited(widget, "/TU")) or _text(_inherited(widget, "/T"))
    return {"label": label, "required": bool(flags & REQUIRED), **place, **said}


def _is_filled(widget: Any) -> bool:
    """Whether somebody filled it in already: what it shows becomes part of the page."""
    value = _inherited(widget, "/V")
    return bool(_text(value)) or (isinstance(value, Name) and value != Name.Off)


def _said(widget: Any, flags: int) -> Found | None:
    """Return what follows from the type of the field; None for what nobody fills in."""
    kind = _inherited(widget, "/FT")
    if kind == Name.Sig:
        return {"kind": "signature", "required": True}
    if kind == Name.Ch:
        options = _inherited(widget, "/Opt")
        return (
            {"kind": "dropdown", "choices": [_choice(each) for each in options][:FOUND_MOST]}
            if options
            else None
        )
    if kind == Name.Btn:
        return None if flags & PUSH else _box(widget, flags)
    if kind != Name.Tx:
        return None
    name = f"{_text(_inherited(widget, '/TU'))} {_text(_inherited(widget, '/T'))}".lower()
    if "date" in name.replace("_", " ").split():
        return {"kind": "date"}
    longest = int(_inherited(widget, "/MaxLen") or 0)
    return {"kind": "text", "longest": longest if 0 < longest <= LONGEST else None}


def _box(widget: Any, flags: int) -> Found:
    if not flags & RADIO:
        return {"kind": "checkbox", "required": False}
    states = widget.get("/AP", {}).get("/N", {})
    answers = (
        [str(state)[1:] for state in states if state != "/Off"] if isinstance(states, Dictionary) else []
    )
    return {"kind": "radio", "group": _text(_inherited(widget, "/T")), "label": (answers or [""])[0]}


def _inherited(field: Any, key: str) -> Any:
    for _ in range(DEPTH):
        if not isinstance(field, Dictionary):
            return None
        if key in field:
            return field[key]
        field = field.get("/Parent")
    return None


def _choice(option: Any) -> str:
    """The words of a choice; what the form would have sent stands before them."""
    return _text(option[-1] if isinstance(option, Array) and len(option) else option)


def _text(value: Any) -> str:
    return str(value)[:LABEL_LONGEST] if isinstance(value, (String, str)) else ""


def in_text(file: BinaryIO) -> list[Found]:
    """Return a field for every tag in the text, where that stands."""
    document = open_document(file)
    found: list[Found] = []
    for index in range(len(document)):
        try:
            found += _on_page(document[index], index + 1, FOUND_MOST - len(found))
        except pdfium.PdfiumError:
            continue
    return found


def _on_page(page: Any, number: int, most: int) -> list[Found]:
    textpage = page.get_textpage()
    search = textpage.search("{{")
    found: list[Found] = []
    while len(found) < most and (hit := search.get_next()) is not None:
        start = hit[0]
        read = tag_at(textpage.get_text_range(start, min(TAG_LONGEST, textpage.count_chars() - start)))
        if read is not None:
            tag, length = read
            found.append(
                {"page": number, **_place(page, list(_boxes(textpage, start, length)), tag), **_plain(tag)}
            )
    return found


def _boxes(textpage: Any, start: int, length: int) -> Iterator[tuple[float, float, float, float]]:
    for index in range(start, start + length):
        yield textpage.get_charbox(index)


def _place(page: Any, boxes: list[tuple[float, float, float, float]], tag: Tag) -> Found:
    """Stand on the line of the tag, and begin where it begins."""
    left, low = min(box[0] for box in boxes), min(box[1] for box in boxes)
    right, high = max(box[2] for box in boxes), max(box[3] for box in boxes)
    (x0, y0), (x1, y1) = displayed(page, left, low), displayed(page, right, high)
    top, bottom = min(y0, y1), max(y0, y1)
    width, height = tag.size
    y = (top + bottom - height) / 2 if height <= 2 * (bottom - top) + 10 else bottom - height + 2
    return {"x": min(x0, x1), "y": y, "w": width, "h": height}


def _plain(tag: Tag) -> Found:
    return {
        "kind": tag.kind.value,
        "label": tag.label,
        "number": tag.number,
        "required": tag.required and tag.kind.value != "checkbox",
        "choices": list(tag.choices),
    }

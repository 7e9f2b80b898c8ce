"""Writes the form of an envelope into a PDF. Runs in a worker.

Locks (ISO 32000-2, 12.7.5.5): a person's signature locks that person's fields and nobody else's; the seal
locks all and forbids every further change (/P 1), which whoever signs that field has to honour.
"""

import re
from itertools import pairwise
from typing import Any

import pikepdf
from pikepdf import Array, Dictionary, Name, String

from docvault.pdf.errors import FieldRefused, PageMissing
from docvault.pdf.geometry import upright
from docvault.pdf.inside import saving
from docvault.pdf.inside.geometry import frame_of
from docvault.pdf.tasks import Job

PRINTED = 4  # annotation flag: part of the printed page
LOCKED = 128  # annotation flag: viewers do not move it
REQUIRED = 2  # field flag
MULTILINE = 4096  # field flag of text fields
TALL = 24  # points from which a text field has more than one line
SIGNATURES_EXIST, APPEND_ONLY = 1, 2  # /SigFlags
WRITING = "/Helv 10 Tf 0.063 0.129 0.247 rg"
INK = "0.063 0.129 0.247 RG 0.063 0.129 0.247 rg"
SLACK = 0.5  # points beyond the page that count as on it: browsers count in whole pixels
SMALLEST = 1  # point
_NAME = re.compile(r"[A-Za-z0-9_-]{1,100}")


def place_fields(job: Job) -> object:
    """Task: the fields into a copy of the only file."""
    options = job.options
    with pikepdf.open(job.files[0]) as pdf:
        form = _form(pdf)
        for spec in options["fields"]:
            _add(pdf, form, _page(pdf, spec), _field(pdf, spec, options))
        placed = {spec["name"] for spec in options["fields"]}
        for signer, name in options["signatures"].items():
            if name not in placed:
                _add(pdf, form, pdf.pages[0], _invisible(pdf, name, _lock_of(signer, options)))
        lock = Dictionary(Type=Name.SigFieldLock, Action=Name.All, P=1)
        _add(pdf, form, pdf.pages[0], _invisible(pdf, options["seal"], lock))
        if options["title"]:
            _entitle(pdf, options["title"])
        saving.save(pdf, job.output(), min_version="1.7")
    return None


def _form(pdf: pikepdf.Pdf) -> Any:
    """A fresh form; normalising took away any other."""
    if "/AcroForm" in pdf.Root:
        raise FieldRefused(
            "This PDF still has a form of its own; only a cleaned copy can have fields placed on it."
        )
    latin = pdf.make_indirect(
        Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica, Encoding=Name.WinAnsiEncoding)
    )
    form = Dictionary(
        Fields=Array(),
        DR=Dictionary(Font=Dictionary(Helv=latin)),
        DA=String(WRITING),
        SigFlags=SIGNATURES_EXIST | APPEND_ONLY,
    )
    pdf.Root["/AcroForm"] = pdf.make_indirect(form)
    return pdf.Root["/AcroForm"]


def _page(pdf: pikepdf.Pdf, spec: dict[str, Any]) -> pikepdf.Page:
    if not 1 <= spec["page"] <= len(pdf.pages):
        raise PageMissing
    if not _NAME.fullmatch(spec["name"]):
        raise FieldRefused("A field has a name that cannot stand in a PDF.")
    page: pikepdf.Page = pdf.pages[spec["page"] - 1]
    width, height = frame_of(page).size
    right, bottom = spec["x"] + spec["w"], spec["y"] + spec["h"]
    off = min(spec["x"], spec["y"]) < -SLACK or right > width + SLACK or bottom > height + SLACK
    if off or spec["w"] < SMALLEST or spec["h"] < SMALLEST:
        raise FieldRefused(f"A field on page {spec['page']} reaches beyond the page.")
    return page


def _field(pdf: pikepdf.Pdf, spec: dict[str, Any], options: dict[str, Any]) -> Any:
    """The widget and field in one dictionary, with an appearance that is upright on a turned page."""
    seen = frame_of(_page(pdf, spec))
    field = Dictionary(
        Type=Name.Annot,
        Subtype=Name.Widget,
        T=String(spec["name"]),
        TU=String(spec["label"] or spec["kind"]),
        Rect=Array(list(seen.rectangle_to_user(spec["x"], spec["y"], spec["w"], spec["h"]))),
        F=PRINTED,
        Ff=REQUIRED if spec["required"] else 0,
    )
    if seen.turn:
        field["/MK"] = Dictionary(R=seen.turn)
    if spec["kind"] in {"checkbox", "radio"}:
        _as_box(pdf, field, spec, seen.turn)
    elif spec["name"] == options["signatures"].get(spec["signer"]):
        field["/FT"] = Name.Sig
        field["/F"] = PRINTED | LOCKED
        _lock(pdf, field, _lock_of(spec["signer"], options))
        field["/AP"] = Dictionary(N=_drawing(pdf, b"", spec, seen.turn))
    else:
        field["/FT"] = Name.Tx
        field["/DA"] = String(WRITING)
        field["/AP"] = Dictionary(N=_drawing(pdf, b"/Tx BMC EMC", spec, seen.turn))
        # Without a state pyHanko takes an appearance older than a lock for one changed after it.
        field["/AS"] = Name.N
        if spec["kind"] == "text" and spec["h"] >= TALL:
            field["/Ff"] = int(field["/Ff"]) | MULTILINE
    return field


def _as_box(pdf: pikepdf.Pdf, field: Any, spec: dict[str, Any], turn: int) -> None:
    """A tick box; a radio button is a round one, for which of a question is chosen is settled at signing."""
    box, mark = _round(spec) if spec["kind"] == "radio" else _square(spec)
    field["/FT"] = Name.Btn
    field["/V"] = field["/AS"] = Name.Off
    field["/AP"] = Dictionary(
        N=Dictionary(
            Yes=_drawing(pdf, f"q {INK} {box} {mark} Q".encode(), spec, turn),
            Off=_drawing(pdf, f"q {INK} {box} Q".encode() if spec["drawn"] else b"", spec, turn),
        )
    )


def _square(spec: dict[str, Any]) -> tuple[str, str]:
    side = min(spec["w"], spec["h"]) - 1
    left, low = (spec["w"] - side) / 2, (spec["h"] - side) / 2
    points = ((0.24, 0.46), (0.43, 0.27), (0.77, 0.71))
    way = [f"{left + x * side:.2f} {low + y * side:.2f}" for x, y in points]
    box = f"0.8 w {left:.2f} {low:.2f} {side:.2f} {side:.2f} re S"
    return box, f"{side * 0.12:.2f} w 1 J 1 j {way[0]} m {way[1]} l {way[2]} l S"


def _round(spec: dict[str, Any]) -> tuple[str, str]:
    radius = (min(spec["w"], spec["h"]) - 1) / 2
    x, y = spec["w"] / 2, spec["h"] / 2
    return f"0.8 w {_circle(x, y, radius)} S", f"{_circle(x, y, radius / 2)} f"


def _circle(x: float, y: float, radius: float) -> str:
    """Four Bézier curves; a circle's handles are this long."""
    handle = radius * 0.5523
    turns = ((1, 0), (0, 1), (-1, 0), (0, -1), (1, 0))
    way = [f"{x + radius:.2f} {y:.2f} m"]
    for (from_x, from_y), (to_x, to_y) in pairwise(turns):
        points = (
            (from_x * radius + to_x * handle, from_y * radius + to_y * handle),
            (to_x * radius + from_x * handle, to_y * radius + from_y * handle),
            (to_x * radius, to_y * radius),
        )
        way.append(" ".join(f"{x + right:.2f} {y + up:.2f}" for right, up in points) + " c")
    return " ".join(way)


def _drawing(pdf: pikepdf.Pdf, content: bytes, spec: dict[str, Any], turn: int) -> Any:
    drawing = pdf.make_stream(content)
    drawing["/Type"], drawing["/Subtype"] = Name.XObject, Name.Form
    drawing["/BBox"] = Array([0, 0, spec["w"], spec["h"]])
    drawing["/Matrix"] = Array(list(upright(turn, spec["w"], spec["h"])))
    drawing["/Resources"] = Dictionary()
    return drawing


def _lock_of(signer: str, options: dict[str, Any]) -> Any:
    """What this person's signature locks; None when they have no other field."""
    own = [spec["name"] for spec in options["fields"] if spec["signer"] == signer]
    names = [String(name) for name in own if name != options["signatures"][signer]]
    return Dictionary(Type=Name.SigFieldLock, Action=Name.Include, Fields=Array(names)) if names else None


def _lock(pdf: pikepdf.Pdf, field: Any, lock: Any) -> None:
    if lock is not None:
        field["/Lock"] = pdf.make_indirect(lock)


def _invisible(pdf: pikepdf.Pdf, name: str, lock: Any) -> Any:
    """A signature field without a place on the page (ISO 32000-2, 12.7.5.5: both sides of /Rect are zero)."""
    field = Dictionary(
        Type=Name.Annot,
        Subtype=Name.Widget,
        FT=Name.Sig,
        T=String(name),
        Rect=Array([0, 0, 0, 0]),
        F=PRINTED | LOCKED,
    )
    _lock(pdf, field, lock)
    return field


def _add(pdf: pikepdf.Pdf, form: Any, page: pikepdf.Page, field: Any) -> None:
    field["/P"] = page.obj
    reference = pdf.make_indirect(field)
    form["/Fields"].append(reference)
    if "/Annots" not in page.obj:
        page.obj["/Annots"] = Array()
    page.obj["/Annots"].append(reference)


def _entitle(pdf: pikepdf.Pdf, title: str) -> None:
    """Have viewers show the document's title instead of a file name."""
    with pdf.open_metadata(set_pikepdf_as_editor=False) as metadata:
        metadata["dc:title"] = title
    pdf.docinfo["/Title"] = title
    if "/ViewerPreferences" not in pdf.Root:
        pdf.Root["/ViewerPreferences"] = Dictionary()
    pdf.Root["/ViewerPreferences"]["/DisplayDocTitle"] = True

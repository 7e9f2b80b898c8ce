"""Whether a document that arrived signed may be signed on top of what it carries. Runs in a worker.

Asked here is what its signatures permit (ISO 32000-2, 12.8.2: DocMDP and FieldMDP) and whether something
signs what nobody sees. Whether the signatures hold is the validator's to say. A certified document takes no
new signature that shows: that is the rule of changes.py, stricter than the standard.
"""

from collections.abc import Iterator
from typing import Any, BinaryIO

import pikepdf
from pikepdf import Array, Dictionary, Name
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.fields import MDPPerm
from pyhanko.sign.validation import read_certification_data
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature

from docvault.pdf.errors import AlreadySigned
from docvault.pdf.inside import active, trust
from docvault.pdf.inside.geometry import frame_of

CARRIES = "This PDF already carries a signature, and nothing can be signed on top of it: "
BEFORE = " It is kept exactly as it is. To collect new signatures, ask for the version before it was signed."
ODD = "the file breaks rules of PDF that signing on top relies on."
HIDDEN = "it is not where or what a signature in a PDF has to be."
PROTECTED = "the file is protected."
RIGHTS = "it was prepared for Adobe Reader with usage rights, which end with the first change."
CLOSED = "{signer} closed it, and allows no further change."
LOCKED = "{signer} locked all its fields, and with them every further signature."
ACTING = "it contains {what}, so it could show something else than what is signed."
HARMLESS = {  # a reader is asked first, or nothing is shown differently
    "attached files",
    "actions on opening",  # what they do is found by itself
    "actions on events",
    "actions that open another file",
    "actions that run a menu command",
    "page transitions",
}
NEW = "signature-0"  # stands for the fields that are added: no document of others has such names
HIDE = 2  # /F of annotations
SMALLEST = 20  # points: a signature's own field below that is not shown to be signed in


def look(file: BinaryIO, pdf: pikepdf.Pdf) -> dict[str, Any]:
    """Return the plain map of rules.arrivals.Arrival. Raises AlreadySigned, which says why not."""
    reader = _reader(file)
    acting = sorted(set(active.find(pdf)) - HARMLESS)
    if acting:
        raise AlreadySigned(CARRIES + ACTING.format(what=", ".join(acting)) + BEFORE)
    found = _signatures(reader)
    for each in found:
        _require_open(each)
    certified = _certification(reader)
    if certified is MDPPerm.NO_CHANGES:
        raise AlreadySigned(CARRIES + CLOSED.format(signer="its author") + BEFORE)
    return {"signatures": len(found), "visible": certified is None and not any(map(_level, found))}


def _reader(file: BinaryIO) -> PdfFileReader:
    try:
        reader = PdfFileReader(file, strict=True)
        trouble = _trouble(reader)
    except Exception as error:  # whatever a reader trips over
        raise AlreadySigned(CARRIES + ODD + BEFORE) from error
    if trouble is not None:
        raise AlreadySigned(CARRIES + trouble + BEFORE)
    return reader


def _trouble(reader: PdfFileReader) -> str | None:
    if reader.encrypted:
        return PROTECTED
    if reader.xrefs.hybrid_xrefs_present:
        return ODD
    return RIGHTS if "/UR3" in reader.root.get("/Perms", {}) else None


def _signatures(reader: PdfFileReader) -> list[EmbeddedPdfSignature]:
    try:
        found = list(reader.embedded_signatures)
        for each in found:
            trust.name_of(each.signer_cert)
            _level(each)
            _ = each.fieldmdp
        _certification(reader)
    except Exception as error:  # the same
        raise AlreadySigned(CARRIES + ODD + BEFORE) from error
    if not found:
        raise AlreadySigned(CARRIES + HIDDEN + BEFORE)
    return found


def _level(each: EmbeddedPdfSignature) -> MDPPerm | None:
    level: MDPPerm | None = each.docmdp_level
    return level


def _certification(reader: PdfFileReader) -> MDPPerm | None:
    data = read_certification_data(reader)
    return None if data is None else data.permission


def _require_open(each: EmbeddedPdfSignature) -> None:
    signer = trust.name_of(each.signer_cert)
    if _level(each) is MDPPerm.NO_CHANGES:
        raise AlreadySigned(CARRIES + CLOSED.format(signer=signer) + BEFORE)
    if each.fieldmdp is not None and each.fieldmdp.is_locked(NEW):
        raise AlreadySigned(CARRIES + LOCKED.format(signer=signer) + BEFORE)


def own_fields(pdf: pikepdf.Pdf) -> Iterator[dict[str, Any]]:
    """Yield the empty signature fields of the document that people can sign in, where they are displayed.

    One that brings conditions of its own is left alone: a lock could close the document for the next person.
    """
    form = pdf.Root.get("/AcroForm")
    if not isinstance(form, Dictionary) or not isinstance(form.get("/Fields"), Array):
        return
    top = {field.objgen for field in form["/Fields"] if isinstance(field, Dictionary) and field.is_indirect}
    for number, page in enumerate(pdf.pages, start=1):
        annotations = page.obj.get("/Annots")
        for widget in annotations if isinstance(annotations, Array) else ():
            if isinstance(widget, Dictionary) and widget.objgen in top and _is_free(widget):
                place = _place(widget, page)
                if place is not None:
                    name = str(widget["/T"])
                    yield {"page": number, "name": name, "label": str(widget.get("/TU", name)), **place}


def _is_free(widget: Any) -> bool:
    conditions = {"/V", "/SV", "/Lock", "/Kids", "/Parent"} & set(widget.keys())
    shown = not int(widget.get("/F", 0)) & HIDE
    return bool(widget.get("/FT") == Name.Sig and "/T" in widget and not conditions and shown)


def _place(widget: Any, page: pikepdf.Page) -> dict[str, float] | None:
    seen = frame_of(page)
    if int(widget.get("/MK", {}).get("/R", 0)) % 360 != seen.turn:
        return None  # what is drawn in it would lie on its side
    left, bottom, right, top = (float(edge) for edge in widget["/Rect"])
    (x0, y0), (x1, y1) = seen.to_displayed(left, bottom), seen.to_displayed(right, top)
    place = {"x": min(x0, x1), "y": min(y0, y1), "w": abs(x1 - x0), "h": abs(y1 - y0)}
    return place if min(place["w"], place["h"]) >= SMALLEST else None

"""Writing one person's answers into their fields, in the update that their signature closes.

Fields were created by fields.py before the first signature. A drawing is a PDF page of the field's displayed
size; on a turned page its form XObject is turned too (ISO 32000-2, 12.5.5: the viewer fits the turned box
into the rectangle).
"""

from collections.abc import Mapping, Sequence
from typing import Any, BinaryIO, cast

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader

from docvault.pdf.errors import CannotSign

READ_ONLY = 1  # /Ff bit 1 (ISO 32000-2, table 227)

TURNS = {0: None, 90: (0, 1, -1, 0, 0, 0), 180: (-1, 0, 0, -1, 0, 0), 270: (0, -1, 1, 0, 0, 0)}  # by /MK /R


def fill(
    writer: IncrementalPdfFileWriter, answers: Sequence[Mapping[str, Any]], files: Sequence[BinaryIO]
) -> None:
    """Write every answer. `drawing` of an answer is a position in `files`. Raises CannotSign."""
    fields = _fields(writer)
    for answer in answers:
        reference = fields.get(answer["name"])
        if reference is None:
            raise CannotSign("An answer names a field that the document does not have.")
        _write(writer, reference, answer, files)


def _fields(writer: IncrementalPdfFileWriter) -> dict[str, generic.IndirectObject]:
    try:
        references = writer.root["/AcroForm"]["/Fields"]
    except KeyError:
        return {}
    return {
        str(each.get_object().get("/T")): each for each in map(references.raw_get, range(len(references)))
    }


def _is_shown(field: generic.DictionaryObject) -> bool:
    """Tell whether a field has a place on its page; a signature without one stays without a picture."""
    left, bottom, right, top = (float(edge) for edge in field["/Rect"])
    return left != right and bottom != top


def _write(
    writer: IncrementalPdfFileWriter,
    reference: generic.IndirectObject,
    answer: Mapping[str, Any],
    files: Sequence[BinaryIO],
) -> None:
    field = reference.get_object()
    kind = field.get("/FT")
    if answer["checked"] is not None:
        if kind != "/Btn":
            raise CannotSign("A tick was given for a field that is no tick box.")
        field["/V"] = field["/AS"] = pdf_name("/Yes" if answer["checked"] else "/Off")
    if answer["text"] is not None and kind == "/Tx":
        field["/V"] = generic.TextStringObject(answer["text"])
    if answer["drawing"] is not None and _is_shown(field):
        appearance: generic.PdfObject = _drawing(
            writer, files[answer["drawing"]], int(field.get("/MK", {}).get("/R", 0)) % 360
        )
        if kind == "/Btn":
            # A box without an appearance by the name of its state is not drawn by PDFium, and so by Chrome.
            appearance = generic.DictionaryObject({pdf_name(str(field["/AS"])): appearance})
        field["/AP"] = generic.DictionaryObject({pdf_name("/N"): appearance})
        if kind == "/Tx":
            # Without a state pyHanko takes an appearance older than a lock for one changed after it.
            field["/AS"] = pdf_name("/N")
    if kind != "/Sig":
        field["/Ff"] = generic.NumberObject(int(field.get("/Ff", 0)) | READ_ONLY)
    writer.mark_update(reference.reference)


def _drawing(writer: IncrementalPdfFileWriter, page: BinaryIO, turn: int) -> generic.IndirectObject:
    """Import the only page of a drawing as a form XObject, turned with the page it stands on."""
    form = writer.import_page_as_xobject(PdfFileReader(page))
    matrix = TURNS.get(turn)
    if matrix is not None:
        form.get_object()["/Matrix"] = generic.ArrayObject(generic.NumberObject(each) for each in matrix)
    return cast("generic.IndirectObject", form)

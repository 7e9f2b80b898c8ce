"""More files that are small to bring and much to work on, for readers of their own; crafted.py has the others."""

import random
import re
import zipfile
import zlib
from io import BytesIO

import pikepdf
from pikepdf import Array, Dictionary, Name, String

from . import crafted

PACKED = pikepdf.ObjectStreamMode.generate


def heavy_pages():
    """Forty pages, each of which takes a moment, of one drawing."""
    pdf = crafted.pdf_with()
    points = random.Random(1)
    lines = b"".join(b"%d %d m %d %d l S " % tuple(points.choices(range(800), k=4)) for _ in range(4000))
    drawing = pdf.make_stream(b"0.2 w " + lines)
    drawing.Type, drawing.Subtype, drawing.BBox = Name.XObject, Name.Form, Array([0, 0, 900, 900])
    for _ in range(40):
        page = pdf.add_blank_page(page_size=crafted.A4)
        page.obj.Resources = Dictionary(XObject=Dictionary(F=drawing))
        page.obj.Contents = pdf.make_stream(b"/F Do " * 120)
    return crafted.saved(pdf)


def huge_index():
    """An index of ten million places, twice deflated."""
    content = crafted.saved(crafted.pdf_with(), object_stream_mode=pikepdf.ObjectStreamMode.disable)
    places = zlib.compress(zlib.compress(bytes(5 * 10_000_000), 9), 9)
    before = int(content[content.rindex(b"startxref") :].split()[1])
    root = re.search(rb"/Root (\d+ 0 R)", content)[1]
    head = b"/Type /XRef /Size 10000000 /W [1 3 1] /Root %s /Prev %d" % (root, before)
    packed = b"/Filter [/FlateDecode /FlateDecode] /Length %d" % len(places)
    index = b"99 0 obj\n<< %s %s >>\nstream\n%s\nendstream\nendobj\n" % (head, packed, places)
    return content + index + b"startxref\n%d\n%%%%EOF\n" % len(content)


def many_ranges():
    """A comment of forty thousand signatures."""
    return crafted.plain().replace(b"\n1 0 obj", b"\n% " + b"/ByteRange[0 1 2 3] " * 40_000 + b"\n1 0 obj", 1)


def wide_tree():
    """Objects that name the next one twice: 2 to the power of 28 ways to the last."""
    pdf = crafted.pdf_with()
    last = pdf.make_indirect(Dictionary())
    for _ in range(28):
        last = pdf.make_indirect(Dictionary(A=last, B=last))
    pdf.Root.Tree = last
    return crafted.saved(pdf)


def many_fields():
    """Twenty thousand fields on one page."""
    pdf = crafted.pdf_with()
    fields = [
        pdf.make_indirect(
            Dictionary(
                Type=Name.Annot,
                Subtype=Name.Widget,
                FT=Name.Tx,
                T=String(f"f{number}"),
                V=String("x"),
                DA=String("/Helv 12 Tf"),
                Rect=Array([0, 0, 100, 100]),
            )
        )
        for number in range(20_000)
    ]
    pdf.Root.AcroForm = Dictionary(Fields=Array(fields))
    pdf.pages[0].obj.Annots = Array(fields)
    return crafted.saved(pdf, object_stream_mode=PACKED)


def zip_of_one():
    """An office file whose parts all are the same bytes."""
    made = BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.text")
        archive.writestr("content.xml", bytes(50_000_000), zipfile.ZIP_DEFLATED)
        archive.filelist += [archive.filelist[1]] * 5_000
    return made.getvalue()


def letters_of_nothing():
    """A text of every byte, so that each of its letters is doubtful."""
    return bytes(range(256)) * 40_000


BOMBS = (
    *crafted.BOMBS,
    heavy_pages,
    huge_index,
    many_ranges,
    wide_tree,
    many_fields,
    zip_of_one,
    letters_of_nothing,
)

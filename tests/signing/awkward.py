"""Awkward PDFs, each made here: odd structure, written byte by byte or by another library. By name, with its maker."""

import io
import itertools
import re
import zlib
from collections.abc import Callable, Mapping

import pikepdf
from pikepdf import Array, Dictionary, Name, String
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.fields import MDPPerm
from tests.pdf import crafted
from tests.pdf.crafted import pdf_with, saved

from . import attacks
from .arrivals import PEKKA, letter, signed

TEXT = b"BT /F 14 Tf 72 742 Td (The parties agree.) Tj ET 72 300 200 40 re S"
PAGE = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<</Font<</F 5 0 R>>>>>>"
FONT = b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>"


def stream(body: bytes, extra: bytes = b"", length: bytes | None = None) -> bytes:
    return b"<<%s/Length %s>>\nstream\n%s\nendstream" % (extra, length or b"%d" % len(body), body)


OBJECTS = (b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Kids[3 0 R]/Count 1>>", PAGE, stream(TEXT), FONT)


def raw(
    changed: Mapping[int, bytes] | None = None,
    *,
    version: bytes = b"1.4",
    end: bytes = b"\n",
    trailer: bytes = b"",
    first: bytes = b"0000000000 65535 f ",
) -> bytes:
    """One page, written by hand. changed: other objects by number. end: what ends a line."""
    objects = dict(enumerate(OBJECTS, start=1)) | dict(changed or {})
    made = b"%PDF-" + version + end
    offsets = {}
    for number, body in sorted(objects.items()):
        offsets[number] = len(made)
        made += b"%d 0 obj" % number + end + body + end + b"endobj" + end
    table = len(made)
    made += b"xref" + end + b"0 1" + end + first + (b"\n" if len(end) == 1 and first.endswith(b" ") else b"")
    for number in sorted(offsets):
        made += b"%d 1" % number + end + b"%010d 00000 n \n" % offsets[number]
    made += b"trailer" + end + b"<</Root 1 0 R/Size %d%s>>" % (max(objects) + 1, trailer) + end
    return made + b"startxref" + end + b"%d" % table + end + b"%%EOF" + end


def page(extra: bytes = b"", **changed: bytes) -> bytes:
    """One page whose dictionary says more. Later keys would win in some readers, so earlier ones are taken out."""
    mine = PAGE
    for key in re.findall(rb"/(\w+)", extra)[:1]:
        mine = re.sub(rb"/" + key + rb"\s*(\[[^\]]*\]|\d+ 0 R|[^/>]+)", b"", mine, count=1)
    return raw({3: mine[:-2] + extra + b">>"} | {int(key[1:]): body for key, body in changed.items()})


def content(body: bytes, extra: bytes = b"", **objects: bytes) -> bytes:
    return raw({4: stream(body, extra)} | {int(key[1:]): value for key, value in objects.items()})


def updated(times: int) -> bytes:
    """A document that was changed by so many incremental updates."""
    file = io.BytesIO(crafted.plain(2))
    for number in range(times):
        writer = IncrementalPdfFileWriter(file)
        found = writer.root["/Pages"]["/Kids"][0].get_object()
        body = TEXT + b" BT /F 9 Tf 72 %d Td (change %d) Tj ET" % (700 - 20 * number, number)
        found["/Contents"] = writer.add_object(generic.StreamObject(stream_data=body))
        writer.update_container(found)
        writer.write_in_place()
    return file.getvalue()


def hybrid() -> bytes:
    """A table for old readers and a stream that only new ones ask."""
    plain = raw()
    at = plain.rindex(b"xref\n0 1")
    body = zlib.compress(b"\x00\x00\x00\xff")
    extra = b"/Type/XRef/Size 7/W[1 2 1]/Index[6 1]/Filter/FlateDecode/Root 1 0 R"
    made = plain[:at] + b"6 0 obj\n" + stream(body, extra) + b"\nendobj\n"
    table = plain[at:].replace(b"/Size 6", b"/Size 7/XRefStm %d" % at)
    return made + re.sub(rb"startxref\n\d+", b"startxref\n%d" % len(made), table)


def tree(depth: int) -> bytes:
    """A page under so many nodes, each of which says one thing more."""
    objects = {
        2: b"<</Type/Pages/Kids[10 0 R]/Count 1/MediaBox[0 0 595 842]/Resources<</Font<</F 5 0 R>>>>>>"
    }
    for number in range(10, 10 + depth):
        up = 2 if number == 10 else number - 1
        down = 3 if number == 9 + depth else number + 1
        objects[number] = b"<</Type/Pages/Parent %d 0 R/Kids[%d 0 R]/Count 1>>" % (up, down)
    objects[3] = b"<</Type/Page/Parent %d 0 R/Contents 4 0 R>>" % (9 + depth)
    return raw(objects)


def edited(change: Callable[[pikepdf.Pdf], object], pages: int = 1, **options) -> bytes:
    pdf = pdf_with(pages)
    change(pdf)
    return saved(pdf, **options)


def _set(path: str, value: object) -> Callable[[pikepdf.Pdf], object]:
    def change(pdf: pikepdf.Pdf) -> None:
        (pdf.pages[0].obj if path.startswith("page") else pdf.Root)["/" + path.split("/")[1]] = value

    return change


def locked(**options) -> bytes:
    return saved(pdf_with(), encryption=pikepdf.Encryption(user="", owner="owner", **options))


def twice(pdf: pikepdf.Pdf) -> None:
    pdf.Root.Pages.Kids.append(pdf.Root.Pages.Kids[0])
    pdf.Root.Pages.Count = 2


def annotated(*annotations: Dictionary) -> bytes:
    return edited(
        lambda pdf: _set("page/Annots", Array([pdf.make_indirect(one) for one in annotations]))(pdf)
    )


def note(kind: Name, **more: object) -> Dictionary:
    return Dictionary(Type=Name.Annot, Subtype=kind, Rect=Array([100, 500, 200, 540]), F=4, **more)


def fields(*specs: Dictionary, **form: object) -> bytes:
    def change(pdf: pikepdf.Pdf) -> None:
        made = [pdf.make_indirect(spec) for spec in specs]
        pdf.pages[0].obj.Annots = Array(made)
        pdf.Root.AcroForm = Dictionary(Fields=Array(made), DA=String("/Helv 0 Tf 0 g"), **form)

    return edited(change)


def field(kind: Name, name: str, **more: object) -> Dictionary:
    return Dictionary(
        Type=Name.Annot,
        Subtype=Name.Widget,
        FT=kind,
        T=String(name),
        Rect=Array([100, 500, 260, 530]),
        F=4,
        **more,
    )


def usage_rights() -> bytes:
    rights = Dictionary(Type=Name.Sig, ByteRange=Array([0, 10, 20, 30]), Contents=String("x" * 20))
    return edited(lambda pdf: _set("root/Perms", Dictionary(UR3=pdf.make_indirect(rights)))(pdf))


STRUCTURE: Mapping[str, Callable[[], bytes]] = {
    "an empty file": lambda: b"",
    "a text": lambda: b"Only words.\n" * 40,
    "a header alone": lambda: b"%PDF-1.7\n",
    **{f"PDF {one}": (lambda one=one: raw(version=one.encode())) for one in ("1.0", "1.3", "1.7", "2.0", "9.9")},
    "line ends of old Macs": lambda: raw(end=b"\r"),
    "line ends of DOS": lambda: raw(end=b"\r\n"),
    "a table of 19 byte lines": lambda: raw().replace(b" n \n", b" n\n"),
    "no table at all": lambda: raw()[: raw().rindex(b"xref\n0 1")] + b"%%EOF\n",
    "a table that points elsewhere": crafted.wrong_index,
    "no end mark": lambda: raw().replace(b"%%EOF\n", b""),
    "half a file": crafted.cut_off,
    "noise": crafted.garbled,
    "a head of mail before it": lambda: b"From: a\r\nTo: b\r\n\r\n" + raw(),
    "bytes after the end": lambda: raw() + b"\x00" * 300,
    "a page of HTML after the end": lambda: raw() + b"<html>" + b" " * 3000 + b"</html>",
    "a second PDF after the end": lambda: raw() + crafted.plain(),
    "also a ZIP": crafted.polyglot,
    "object streams": lambda: edited(lambda _: None, 3, object_stream_mode=pikepdf.ObjectStreamMode.generate),
    "linearised": lambda: edited(lambda _: None, 3, linearize=True),
    "a hybrid file": hybrid,
    "one incremental update": lambda: updated(1),
    "twenty incremental updates": lambda: updated(20),
    "a loop in the table": crafted.index_loop,
    "a wrong stream length": lambda: raw({4: stream(TEXT, length=b"9")}),
    "a stream length kept elsewhere": lambda: raw({4: stream(TEXT, length=b"6 0 R"), 6: b"%d" % len(TEXT)}),
    "no pages": crafted.without_pages,
    "a page tree in a circle": crafted.page_loop,
    "a page tree 50 deep": lambda: tree(50),
    "a page tree 200 deep": lambda: tree(200),
    "a wrong count of pages": lambda: raw({2: b"<</Type/Pages/Kids[3 0 R]/Count 7>>"}),
    "a negative count of pages": lambda: raw({2: b"<</Type/Pages/Kids[3 0 R]/Count -1>>"}),
    "a page that is null": lambda: raw({2: b"<</Type/Pages/Kids[3 0 R null 9 0 R]/Count 1>>"}),
    "one page twice": lambda: edited(twice),
    "no types": lambda: raw({1: b"<</Pages 2 0 R>>", 2: b"<</Kids[3 0 R]/Count 1>>"}),
    "keys said twice": lambda: page(b"/Rotate 90/Rotate 0"),
    "names with escapes": lambda: raw({3: PAGE.replace(b"/Contents", b"/C#6fntents")}),
    "500 pages": lambda: crafted.plain(500),
    "501 pages": lambda: crafted.plain(501),
    "a password": crafted.protected,
    "no password, RC4 40": lambda: locked(R=2, aes=False, metadata=False),
    "no password, RC4 128": lambda: locked(R=3, aes=False, metadata=False),
    "no password, AES 128": lambda: locked(R=4),
    "no password, AES 256": lambda: locked(R=6),
    "usage rights": usage_rights,
    "broken metadata": lambda: raw({1: b"<</Type/Catalog/Pages 2 0 R/Metadata 6 0 R>>", 6: stream(b"<x:xmpmeta", b"/Type/Metadata/Subtype/XML")}),
    "entities in its metadata": crafted.metadata_entities,
    "a title in UTF-16": lambda: raw({6: b"<</Title<FEFF4F60597D0645>>>"}, trailer=b"/Info 6 0 R"),
    "objects nested deeply": crafted.deep_nesting,
    "objects in a circle": crafted.object_loop,
}  # fmt: skip

ARRIVALS: Mapping[str, Callable[[], bytes]] = {
    "signed by another": lambda: signed(letter()),
    "signed by two, with pictures": lambda: signed(
        signed(letter(), box=(320, 60, 480, 110)), PEKKA, field="B", box=(320, 160, 480, 210)
    ),
    "signed, with a form": lambda: signed(letter(text_field=True)),
    "certified, P1": lambda: signed(letter(), certify=MDPPerm.NO_CHANGES),
    "certified, P2": lambda: signed(letter(), certify=MDPPerm.FILL_FORMS),
    "certified, P3": lambda: signed(letter(), certify=MDPPerm.ANNOTATE),
    "signed on a turned page": lambda: signed(letter(turn=90)),
    "signed, then changed": lambda: attacks.updated(signed(letter()), attacks.overlay),
    "signed, one byte changed": lambda: signed(letter()).replace(b"/Rotate 0", b"/Rotate 9", 1),
    "signed, with object streams": lambda: signed(
        edited(lambda _: None, 2, object_stream_mode=pikepdf.ObjectStreamMode.generate)
    ),
    "signed, a hybrid file": lambda: signed_leniently(hybrid()),
    "signed, one page under 50 nodes": lambda: signed(tree(50)),
    "no real signature": crafted.signed,
    "a signature that nothing leads to": crafted.signed_behind_a_wrong_index,
}


def signed_leniently(source: bytes) -> bytes:
    """A signature on what the signer's program should have refused."""
    mark = b"\n6 0 obj\n<</Type/Sig/ByteRange [0 10 20 30]/Contents<00>>>\nendobj\n"
    return source.replace(b"\n5 0 obj", mark + b"5 0 obj", 1)


def every() -> Mapping[str, Callable[[], bytes]]:
    """Return all makers, those of odd contents among them."""
    from .awkward_contents import CONTENTS

    return dict(itertools.chain(STRUCTURE.items(), CONTENTS.items(), ARRIVALS.items()))

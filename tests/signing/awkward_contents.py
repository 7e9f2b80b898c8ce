"""Awkward PDFs by what is on their pages: boxes, turns, fonts, scripts, pictures, forms, comments, layers."""

import io
import zlib
from collections.abc import Callable, Mapping

import pikepdf
import typst
from pikepdf import Array, Dictionary, Name, String
from PIL import Image
from tests.pdf import crafted

from .awkward import FONT, PAGE, TEXT, annotated, content, edited, field, fields, note, page, raw, stream


def set_in(words: str, pages: int = 1, before: str = "", **options) -> bytes:
    source = f'#set page(paper: "a4")\n{before}\n' + "#pagebreak()\n".join([words] * pages)
    return typst.compile(source.encode(), **options)


def picture(mode: str, kind: str, size: tuple[int, int] = (200, 280)) -> bytes:
    """A scanned page as imaging programs write it."""
    output = io.BytesIO()
    image = (
        Image.effect_noise(size, 30).convert(mode)
        if mode != "1"
        else Image.effect_noise(size, 90).convert("1")
    )
    image.save(output, kind, resolution=72.0)
    return output.getvalue()


def image(extra: bytes, body: bytes) -> bytes:
    drawn = stream(body, b"/Type/XObject/Subtype/Image" + extra)
    mine = PAGE.replace(b"/Font", b"/XObject<</I 6 0 R>>/Font")
    return raw({3: mine, 4: stream(TEXT + b" q 200 0 0 200 72 400 cm /I Do Q"), 6: drawn})


def resources(said: bytes, body: bytes, **objects: bytes) -> bytes:
    mine = PAGE.replace(b"/Font<<", said + b"/Font<<")
    return raw({3: mine, 4: stream(body)} | {int(key[1:]): value for key, value in objects.items()})


def run_length(body: bytes) -> bytes:
    return (
        b"".join(
            bytes([len(body[at : at + 128]) - 1]) + body[at : at + 128] for at in range(0, len(body), 128)
        )
        + b"\x80"
    )


def ascii_hex(body: bytes) -> bytes:
    return body.hex().encode() + b">"


def layers(*, off: bool, switching: bool = False) -> bytes:
    def change(pdf: pikepdf.Pdf) -> None:
        layer = pdf.make_indirect(Dictionary(Type=Name.OCG, Name=String("Draft")))
        plan = Dictionary(ON=Array(), OFF=Array([layer] if off else []))
        if switching:
            event = Dictionary(Event=Name.Print, OCGs=Array([layer]), Category=Array([Name.Print]))
            plan.AS = Array([event])
        pdf.Root.OCProperties = Dictionary(OCGs=Array([layer]), D=plan)
        pdf.pages[0].obj.Resources.Properties = Dictionary(L=layer)
        more = pdf.make_stream(b"/OC /L BDC BT /F 40 Tf 100 400 Td (DRAFT) Tj ET EMC")
        pdf.pages[0].obj.Contents = Array([pdf.pages[0].obj.Contents, more])

    return edited(change)


def portfolio() -> bytes:
    def change(pdf: pikepdf.Pdf) -> None:
        pdf.attachments["inner.pdf"] = pikepdf.AttachedFileSpec(pdf, crafted.plain(), filename="inner.pdf")
        pdf.Root.Collection = Dictionary(Type=Name.Collection, View=Name.T)

    return edited(change)


def bookmarks() -> bytes:
    pdf = crafted.pdf_with()
    with pdf.open_outline() as outline:
        outline.root.extend(pikepdf.OutlineItem(f"Clause {number}", 0) for number in range(400))
    return crafted.saved(pdf)


def xfa_beside_fields() -> bytes:
    return fields(field(Name.Tx, "a", V=String("value")), XFA=Array([String("template"), String("<t/>")]))


BOX = b"/MediaBox[%s]"
CONTENTS: Mapping[str, Callable[[], bytes]] = {
    **{f"turned by {turn}": (lambda turn=turn: page(b"/Rotate %d" % turn)) for turn in (90, 180, 270, -90, 450, 45)},
    "cropped": lambda: page(b"/CropBox[50 200 400 800]"),
    "cropped and turned": lambda: page(b"/CropBox[50 200 400 800]/Rotate 90"),
    "cropped beyond the page": lambda: page(b"/CropBox[-100 -100 900 1200]"),
    "cropped to nothing": lambda: page(b"/CropBox[700 900 800 1000]"),
    "an origin below zero": lambda: page(BOX % b"-300 -400 295 442"),
    "corners the other way": lambda: page(BOX % b"595 842 0 0"),
    "a page as large as a wall": lambda: page(BOX % b"0 0 14400 14400"),
    "a page larger than the limit": lambda: page(BOX % b"0 0 200000 200000"),
    "a page as small as a stamp": lambda: page(BOX % b"0 0 30 30"),
    "a page without size": lambda: page(BOX % b"0 0 0 0"),
    "a page of numbers with points": lambda: page(BOX % b"0.0 .5 595.276 841.89"),
    "no size anywhere": lambda: raw({3: PAGE.replace(b"/MediaBox[0 0 595 842]", b"")}),
    "a size kept elsewhere": lambda: raw({3: PAGE.replace(b"[0 0 595 842]", b" 6 0 R"), 6: b"[0 0 595 842]"}),
    "user units": lambda: page(b"/UserUnit 2.5"),
    "a page without contents": lambda: raw({3: PAGE.replace(b"/Contents 4 0 R", b"")}),
    "contents in many pieces": lambda: raw(
        {3: PAGE.replace(b"4 0 R", b"[4 0 R 6 0 R 7 0 R]"), 4: stream(TEXT[:20]), 6: stream(b""), 7: stream(TEXT[20:])}
    ),
    "contents by run length": lambda: content(run_length(TEXT), b"/Filter/RunLengthDecode"),
    "contents in hexadecimal, packed": lambda: content(
        ascii_hex(zlib.compress(TEXT)), b"/Filter[/ASCIIHexDecode/FlateDecode]"
    ),
    "contents packed and cut off": lambda: content(zlib.compress(TEXT * 40)[:-30], b"/Filter/FlateDecode"),
    "contents with a filter nobody knows": lambda: content(TEXT, b"/Filter/SecretDecode"),
    "operators nobody knows": lambda: content(TEXT + b" 1 2 3 bogus BX what EX"),
    "states never given back": lambda: content(b"q q q q " + TEXT),
    "states given back too often": lambda: content(TEXT + b" Q Q Q"),
    "no fonts": lambda: raw({3: PAGE.replace(b"/Font<</F 5 0 R>>", b"")}),
    "a font that is not there": lambda: raw({5: b"null"}),
    "an Asian font that is not embedded": lambda: raw(
        {
            4: stream(b"BT /F 20 Tf 72 700 Td <82A082A2> Tj ET"),
            5: b"<</Type/Font/Subtype/Type0/BaseFont/HeiseiMin-W3/Encoding/90ms-RKSJ-H/DescendantFonts[6 0 R]>>",
            6: b"<</Type/Font/Subtype/CIDFontType0/BaseFont/HeiseiMin-W3"
            b"/CIDSystemInfo<</Registry(Adobe)/Ordering(Japan1)/Supplement 2>>/FontDescriptor 7 0 R>>",
            7: b"<</Type/FontDescriptor/FontName/HeiseiMin-W3/Flags 4/FontBBox[0 -200 1000 900]/ItalicAngle 0"
            b"/Ascent 800/Descent -200/CapHeight 700/StemV 80>>",
        }
    ),
    "a font that is drawn": lambda: raw(
        {
            4: stream(b"BT /F 30 Tf 72 700 Td (aa) Tj ET"),
            5: b"<</Type/Font/Subtype/Type3/FontBBox[0 0 1 1]/FontMatrix[1 0 0 1 0 0]/FirstChar 97/LastChar 97"
            b"/Widths[1]/Encoding<</Differences[97/box]>>/CharProcs<</box 6 0 R>>>>",
            6: stream(b"1 0 d0 0 0 .8 .8 re f"),
        }
    ),
    "Persian": lambda: set_in('#set text(lang: "fa")\nقرارداد خدمات میان دو طرف، ۱۴۰۵'),
    "Japanese": lambda: set_in("契約書 甲と乙は合意する"),
    "as PDF/A": lambda: set_in("= Contract\n#lorem(60)", 2, pdf_standards="a-2b"),
    "tagged, with links and headings": lambda: set_in('= One\n#link("https://example.org")[here] @a\n= Two <a>', before='#set heading(numbering: "1.")'),
    "a scan in grey": lambda: picture("L", "PDF"),
    "a scan in colour": lambda: picture("RGB", "PDF"),
    "a scan for print": lambda: picture("CMYK", "PDF"),
    "a scan in black and white": lambda: picture("1", "PDF"),
    "a picture of 16 bits": lambda: image(
        b"/Width 8/Height 8/BitsPerComponent 16/ColorSpace/DeviceGray", bytes(range(128))
    ),
    "a picture with a palette": lambda: image(
        b"/Width 8/Height 8/BitsPerComponent 8/ColorSpace[/Indexed/DeviceRGB 1<FF000000FF00>]", bytes([0, 1] * 32)
    ),
    "a picture that is cut off": lambda: image(
        b"/Width 800/Height 800/BitsPerComponent 8/ColorSpace/DeviceRGB", bytes(300)
    ),
    "a picture in the text": lambda: content(
        TEXT + b" q 90 0 0 90 72 400 cm BI /W 4 /H 4 /CS /G /BPC 8 ID " + bytes(range(16)) + b" EI Q"
    ),
    "a picture bomb": crafted.picture_bomb,
    "a bomb": crafted.flate_bomb,
    "a form in itself": crafted.form_recursion,
    "an endless shading": crafted.endless_shading,
    "a shading": lambda: resources(
        b"/Shading<</S<</ShadingType 2/ColorSpace/DeviceRGB/Coords[0 0 500 0]"
        b"/Function<</FunctionType 2/Domain[0 1]/C0[1 0 0]/C1[0 0 1]/N 1>>>>>>",
        TEXT + b" q 72 400 200 100 re W n /S sh Q",
    ),
    "see-through colours": lambda: resources(
        b"/ExtGState<</G<</ca .4/BM/Multiply>>>>", TEXT + b" /G gs 1 0 0 rg 72 720 300 60 re f"
    ),
    "a colour for print alone": lambda: resources(
        b"/ColorSpace<</C[/Separation/Gold/DeviceCMYK<</FunctionType 2/Domain[0 1]/C0[0 0 0 0]/C1[0 .2 .8 .1]/N 1>>]>>",
        TEXT + b" /C cs .8 scn 72 400 100 100 re f",
    ),
    "a layer that is shown": lambda: layers(off=False),
    "a layer that is hidden": lambda: layers(off=True),
    "a layer that shows in print": lambda: layers(off=True, switching=True),
    "all that acts": crafted.active,
    "a portfolio": portfolio,
    "a form that is filled in": crafted.filled_form,
    "a form without looks": lambda: fields(field(Name.Tx, "a", V=String("Hilda Berg")), NeedAppearances=True),
    "a form without looks, not asked for": lambda: fields(field(Name.Tx, "a", V=String("Hilda Berg"))),
    "a form with a list": lambda: fields(field(Name.Ch, "a", V=String("b"), Opt=Array([String("a"), String("b")]))),
    "a form with a tick": lambda: fields(field(Name.Btn, "a", V=Name.On, AS=Name.On)),
    "a form off the page": lambda: fields(_far()),
    "an empty field to sign": lambda: fields(field(Name.Sig, "sign here")),
    "fields that lie on no page": lambda: edited(
        lambda pdf: pdf.Root.__setitem__("/AcroForm", Dictionary(Fields=Array([pdf.make_indirect(field(Name.Tx, "a"))])))
    ),
    "XFA beside fields": xfa_beside_fields,
    "XFA alone": crafted.dynamic_form,
    "comments": crafted.commented,
    "a comment without looks": lambda: annotated(note(Name.Square, C=Array([1, 0, 0]))),
    "a note with its window": lambda: annotated(note(Name.Text, Contents=String("Look here"), Open=True)),
    "a stamp of a kind nobody knows": lambda: annotated(note(Name("/Hologram"))),
    "a link": lambda: annotated(note(Name.Link, A=Dictionary(S=Name.URI, URI=String("https://example.org")))),
    "comments that are a number": lambda: page(b"/Annots 7"),
    "comments that are null": lambda: page(b"/Annots[null 9 0 R]"),
    "lines of any kind": lambda: content(TEXT + b" [3 2] 0 d 0 w 10 M 2 j 72 100 m 500 100 l S " * 300),
    "400 bookmarks": bookmarks,
    "a font under another name": lambda: raw({5: FONT.replace(b"Helvetica", b"Comic#20Sans")}),
}  # fmt: skip


def _far() -> Dictionary:
    far = field(Name.Tx, "a", V=String("far away"))
    far.Rect = Array([5000, 5000, 5100, 5020])
    return far

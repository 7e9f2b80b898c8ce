"""A file is shown only if name, first bytes and parser agree (promise 29), and nothing built to overload does (30)."""

import struct
import time
import zipfile
import zlib
from io import BytesIO

import pytest
from PIL import Image

from docvault.actions.documents import PreviewKind, open_preview, show_document
from docvault.actions.renditions import make_renditions
from docvault.rules.media_types import UNKNOWN

from .test_documents import brought, written_pdf
from .test_scans import version_of
from .world import NOW, standing

DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


@pytest.fixture
def world(tmp_path):
    yield from standing(tmp_path)


def archive(*parts):
    made = BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as content:
        for name, data in parts:
            content.writestr(name, data)
    return made.getvalue()


def word(*more):
    return archive(("[Content_Types].xml", "<Types/>"), ("word/document.xml", "<document/>"), *more)


def picture(kind):
    made = BytesIO()
    Image.linear_gradient("L").convert("RGB").save(made, kind)
    return made.getvalue()


def overlapping():
    """Let two entries of a ZIP's list name the same bytes."""
    made = bytearray(word(("a", b"x" * 100), ("b", b"x" * 100)))
    first, second = (made.index(b"PK\x01\x02", at) for at in (0, made.rindex(b"PK\x01\x02")))
    made[second + 42 : second + 46] = made[first + 42 : first + 46]
    return bytes(made)


def boasting(size):
    """Make a ZIP whose list says that a part unpacks to `size` bytes."""
    made = bytearray(word(("word/media.bin", b"x")))
    at = made.rindex(b"PK\x01\x02")
    made[at + 24 : at + 28] = struct.pack("<I", size)
    return bytes(made)


def pixels(width, height):
    """Make a PNG that says it is this large, and holds next to nothing."""

    def chunk(name, data):
        body = name + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    header = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(bytes(1000)))
        + chunk(b"IEND", b"")
    )


def found(world, pdf, name, data):
    """Bring a file, let the worker look at it; return its version as people see it, and how it is shown."""
    view = brought(world, pdf, name, data)
    make_renditions(world.db, world.vault, pdf, None, version_id=version_of(world, view), now=NOW)
    version = show_document(world.db, acting=world.client, document_id=view.id).versions[0]
    shown = open_preview(world.db, world.vault, acting=world.client, document_id=view.id, now=NOW)
    return version, shown.kind


@pytest.mark.promise(29)
@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("invoice.pdf", b"MZ" + bytes(200)),
        ("photo.jpg", b"\x7fELF" + bytes(200)),
        ("photo.jpg", picture("PNG")),
        ("notes.txt", b"\x00\x01\x02 binary"),
        (
            "contract.docx",
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600),
        ),  # as Word protects it by a password
        ("contract.docx", archive(("something.txt", "else"))),
        ("contract.xlsx", word()),
        ("contract.odt", archive(("mimetype", "text/html"))),
        ("page.html", b"<html><script>1</script>" + written_pdf("x")),  # a PDF that is a page as well
        ("script.js", b"GIF89a/*" + bytes(50) + b"*/=1;alert(1)"),
        ("photo.gif", written_pdf("x")),
    ],
)
def test_what_is_not_what_its_name_says_is_kept_for_download_only_and_says_so(world, pdf, name, data):
    version, shown = found(world, pdf, name, data)
    assert (version.media_type, shown) == (UNKNOWN, PreviewKind.NONE)
    assert "download only" in version.findings["notes"][0]


@pytest.mark.promise(29)
@pytest.mark.parametrize(
    ("name", "data", "kind"),
    [
        ("a.pdf", written_pdf("x"), "application/pdf"),
        ("a.jpeg", picture("JPEG"), "image/jpeg"),
        ("a.WEBP", picture("WEBP"), "image/webp"),
        ("a.bmp", picture("BMP"), "image/bmp"),
        ("a.tif", picture("TIFF"), "image/tiff"),
        ("a.gif", picture("GIF"), "image/gif"),
        ("a.txt", b"MZ and BM are letters, too", "text/plain"),
        ("a.docx", word(), DOCX),
        (
            "a.odt",
            archive(("mimetype", "application/vnd.oasis.opendocument.text")),
            "application/vnd.oasis.opendocument.text",
        ),
        ("tool.exe", b"MZ" + bytes(200), UNKNOWN),
        ("drawing.dwg", b"AC1032" + bytes(200), UNKNOWN),
    ],
)
def test_what_is_what_its_name_says_needs_no_word(world, pdf, name, data, kind):
    version, _ = found(world, pdf, name, data)
    assert version.media_type == kind
    assert not (version.findings or {}).get("notes")


@pytest.mark.promise(29)
def test_macros_are_named(world, pdf):
    version, _ = found(world, pdf, "contract.docx", word(("word/vbaProject.bin", b"code")))
    assert version.media_type == DOCX
    assert "macros" in version.findings["notes"][0]


@pytest.mark.promise(30)
@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("bomb.docx", word(*((f"word/{number}", b"") for number in range(20_001)))),
        ("bomb.docx", overlapping()),
        ("bomb.docx", boasting(4_000_000_000)),
        ("bomb.docx", word()[:-40] + bytes(40)),
        ("bomb.png", pixels(100_000, 100_000)),
        ("bomb.png", pixels(7_000, 7_000)),  # not too many points, but they are not there
        ("bomb.svg", b"<svg><!DOCTYPE x [<!ENTITY a 'aaaaaaaaaa'>]>&a;</svg>"),
        ("bomb.xml", b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]><x>&b;</x>'),
    ],
)
def test_what_is_built_to_overload_ends_soon_and_is_not_shown(world, pdf, name, data):
    view = brought(world, pdf, name, data)
    started = time.monotonic()
    make_renditions(world.db, world.vault, pdf, None, version_id=version_of(world, view), now=NOW)
    assert time.monotonic() - started < 10  # two pictures of at most 4.5 seconds
    shown = open_preview(world.db, world.vault, acting=world.client, document_id=view.id, now=NOW)
    assert shown.kind in {PreviewKind.NONE, PreviewKind.TEXT}
    assert shown.kind is PreviewKind.NONE or "&b;" in shown.text  # shown as it is written, never expanded

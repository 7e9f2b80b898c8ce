"""Office files that are small to bring and much to lay out."""

import itertools
import zipfile
from io import BytesIO

KINDS = "http://schemas.openxmlformats.org"
ODF = "urn:oasis:names:tc:opendocument:xmlns"
TYPES = (
    f'<Types xmlns="{KINDS}/package/2006/content-types"><Default Extension="rels" ContentType='
    '"application/vnd.openxmlformats-package.relationships+xml"/><Override PartName="/word/document.xml" '
    'ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>'
)
RELATIONS = (
    f'<Relationships xmlns="{KINDS}/package/2006/relationships"><Relationship Id="r" Type='
    f'"{KINDS}/officeDocument/2006/relationships/officeDocument" Target="word/document.xml"/></Relationships>'
)


def zipped(**parts):
    made = BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return made.getvalue()


def docx(body, before=""):
    """A Word file of this body."""
    text = f'{before}<w:document xmlns:w="{KINDS}/wordprocessingml/2006/main"><w:body>{body}</w:body></w:document>'
    return zipped(**{"[Content_Types].xml": TYPES, "_rels/.rels": RELATIONS, "word/document.xml": text})


def paragraph(words):
    return f"<w:p><w:r><w:t>{words}</w:t></w:r></w:p>"


def nested_tables():
    """Tables in tables, fourteen deep and two wide."""
    inner = paragraph("x")
    for _ in range(14):
        cell = f"<w:tc>{inner}{paragraph('x')}</w:tc>"
        inner = f"<w:tbl><w:tr>{cell}{cell}</w:tr></w:tbl>"
    return docx(inner)


def endless_text():
    """Two hundred megabytes of one word, which pack into two hundred kilobytes."""
    return docx(paragraph("word " * 40_000_000))


def entities():
    """A word that would grow to a gigabyte."""
    names = [f"e{number}" for number in range(10)]
    grown = "".join(f"<!ENTITY {name} '{f'&{of};' * 10}'>" for of, name in itertools.pairwise(names))
    return docx(paragraph("&e9;"), f"<!DOCTYPE x [<!ENTITY e0 'aaaaaaaaaa'>{grown}]>")


def huge_sheet():
    """A sheet with every cell there can be, in a line."""
    row = (
        '<table:table-cell table:number-columns-repeated="1024" office:value-type="float" office:value="1"/>'
    )
    rows = f'<table:table-row table:number-rows-repeated="1048576">{row}</table:table-row>'
    spaces = "".join(f' xmlns:{name}="{ODF}:{name}:1.0"' for name in ("office", "table"))
    kind = "application/vnd.oasis.opendocument.spreadsheet"
    sheet = (
        f'<office:document-content{spaces} office:version="1.2"><office:body><office:spreadsheet>'
        f'<table:table table:name="a">{rows}</table:table></office:spreadsheet></office:body></office:document-content>'
    )
    listed = (
        f'<manifest:manifest xmlns:manifest="{ODF}:manifest:1.0"><manifest:file-entry manifest:full-path="/" '
        f'manifest:media-type="{kind}"/><manifest:file-entry manifest:full-path="content.xml" '
        'manifest:media-type="text/xml"/></manifest:manifest>'
    )
    return zipped(**{"mimetype": kind, "content.xml": sheet, "META-INF/manifest.xml": listed})


SUFFIXES = {nested_tables: ".docx", endless_text: ".docx", entities: ".docx", huge_sheet: ".ods"}

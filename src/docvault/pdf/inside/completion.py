"""Draws the certificate of completion and attaches its proofs. Runs in a worker.

PDF/A-3b (ISO 19005-3): typst writes the page, and each attachment is an associated file of the document.
"""

import io
import json
import unicodedata
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

import pikepdf
from pikepdf import Array, Dictionary, Name, String

from docvault.pdf.inside import saving
from docvault.pdf.inside.glyphs import letters_of
from docvault.pdf.inside.typesetting import CHAIN, font_files, set_page
from docvault.pdf.tasks import Job

PAGE = Path(__file__).with_name("drawings") / "certificate.typ"
_JOINERS = "\u200c\u200d"  # invisible, but part of how several scripts are written
_NEVER_DRAWN = {"Cc", "Cf", "Co", "Cs", "Cn"}  # categories that would break the page or turn its direction


def certificate(job: Job) -> None:
    """Task: the certificate with all files attached, into the only output."""
    options = job.options
    inputs = {
        "facts": json.dumps(_drawable(options["facts"])),
        "files": json.dumps(options["attachments"]),
        "fonts": json.dumps([family for family in CHAIN if family in font_files()]),
    }
    drawn = set_page(PAGE.read_text(encoding="utf-8"), inputs, ["a-3b"], options["created"])
    made = datetime.fromtimestamp(options["created"], UTC)
    with pikepdf.open(io.BytesIO(drawn)) as pdf:
        for file, described in zip(job.files, options["attachments"], strict=True):
            _attach(pdf, file, described, made)
        saving.save(pdf, job.output())


def _drawable(value: Any) -> Any:
    """Return the facts with every letter that cannot be drawn as its number, e.g. [U+13000].

    Titles and the names of browsers come from outside, and PDF/A allows no letter without a glyph: one of
    them must not keep an envelope from being completed. The attached entries have them as they were.
    """
    if isinstance(value, dict):
        return {name: _drawable(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_drawable(each) for each in value]
    if isinstance(value, str):
        return "".join(each if _can_be_drawn(each) else f"[U+{ord(each):04X}]" for each in value)
    return value


def _can_be_drawn(letter: str) -> bool:
    if letter in _JOINERS or letter == "\n":
        return True
    if unicodedata.category(letter) in _NEVER_DRAWN:
        return False
    return letter.isspace() or any(
        ord(letter) in letters_of(font_files()[family]) for family in CHAIN if family in font_files()
    )


def _attach(pdf: pikepdf.Pdf, file: BinaryIO, described: Any, made: datetime) -> None:
    content = file.read()
    moment = String(made.strftime("D:%Y%m%d%H%M%SZ"))
    stream = pdf.make_stream(content)
    stream["/Type"] = Name.EmbeddedFile
    stream["/Subtype"] = Name("/" + described["media_type"])
    stream["/Params"] = Dictionary(Size=len(content), ModDate=moment, CreationDate=moment)
    specification = pdf.make_indirect(
        Dictionary(
            Type=Name.Filespec,
            F=String(described["name"]),
            UF=String(described["name"]),
            Desc=String(described["description"]),
            AFRelationship=Name("/" + described["relationship"]),
            EF=Dictionary(F=stream, UF=stream),
        )
    )
    if "/Names" not in pdf.Root:
        pdf.Root["/Names"] = pdf.make_indirect(Dictionary())
    pikepdf.NameTree(_embedded_files(pdf))[described["name"]] = specification
    if "/AF" not in pdf.Root:
        pdf.Root["/AF"] = Array()
    pdf.Root["/AF"].append(specification)


def _embedded_files(pdf: pikepdf.Pdf) -> Any:
    names = pdf.Root["/Names"]
    if "/EmbeddedFiles" not in names:
        names["/EmbeddedFiles"] = pikepdf.NameTree.new(pdf).obj
    return names["/EmbeddedFiles"]

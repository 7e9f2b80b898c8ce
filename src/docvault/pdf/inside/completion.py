"""Draws the certificate of completion and attaches its proofs. Runs in a worker.

PDF/A-3b (ISO 19005-3): typst writes the page, and each attachment is an associated file of the document.
"""

import io
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

import pikepdf
from pikepdf import Array, Dictionary, Name, String

from docvault.pdf.inside.typesetting import CHAIN, font_files, set_page
from docvault.pdf.tasks import Job

PAGE = Path(__file__).with_name("drawings") / "certificate.typ"


def certificate(job: Job) -> None:
    """Task: the certificate with all files attached, into the only output."""
    options = job.options
    inputs = {
        "facts": json.dumps(options["facts"]),
        "files": json.dumps(options["attachments"]),
        "fonts": json.dumps([family for family in CHAIN if family in font_files()]),
    }
    drawn = set_page(PAGE.read_text(encoding="utf-8"), inputs, ["a-3b"], options["created"])
    made = datetime.fromtimestamp(options["created"], UTC)
    with pikepdf.open(io.BytesIO(drawn)) as pdf:
        for file, described in zip(job.files, options["attachments"], strict=True):
            _attach(pdf, file, described, made)
        pdf.save(job.output(), object_stream_mode=pikepdf.ObjectStreamMode.disable, deterministic_id=True)


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

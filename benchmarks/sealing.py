"""The seal alone, of files up to 300 MB, against bare pyHanko; and what memory the confined process takes.

Both read a file and write another one. Ours goes from memory file to memory file; pyHanko copies within
/dev/shm, so that neither waits for a disk.
"""

import asyncio
import gc
import io
import logging
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pikepdf
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.signers.pdf_signer import PdfSigner
from sizes import size
from table import AtMost, Row, in_turns, ratio, typical

import signing
from docvault import wiring
from docvault.pdf.fields import SEAL_FIELD, place_fields
from docvault.pdf.reasons import Verdict
from docvault.pdf.scratch import Scratch
from docvault.settings import Settings
from docvault.wiring import Portal

LARGE = size(300_000_000, small=3_000_000)  # bytes
KINDS = {  # rounds and the most that the ratio may be
    "1 page": (15, 1.5),
    "1000 pages": (7, 1.5),
    "300 MB": (5, 1.3),
}
MIB = 2**20
SCANS = 50  # pages of the large file


def rows(folder: Path) -> Iterator[Row]:
    logging.getLogger("pyhanko").setLevel(logging.ERROR)
    portal = wiring.prepare(Settings(data=folder))
    try:
        portal.pdf.warm()
        for name, (times, most) in KINDS.items():
            yield from of_kind(portal, name, size(times, small=2), most)
    finally:
        portal.close()


def of_kind(portal: Portal, name: str, times: int, most: float) -> Iterator[Row]:
    with prepared(portal, name) as source, tempfile.TemporaryDirectory(dir="/dev/shm") as shared:
        plain = Path(shared, "plain.pdf")
        plain.write_bytes(source.read())
        assert name != "300 MB" or plain.stat().st_size >= LARGE
        with portal.authority.seal(portal.pdf, source) as made:
            report = portal.authority.validate(portal.pdf, made)
            assert report.verdict is Verdict.VALID, report.reasons
        bare(portal, plain)
        gc.collect()
        gc.freeze()
        before = peak(portal, fresh=True)
        taken, floor = in_turns(times, lambda: ours(portal, source), lambda: bare(portal, plain))
        grown = peak(portal) - before
    yield Row(
        f"seal {name} / bare pyHanko", typical(taken), typical(floor), ratio(taken, floor), AtMost(most)
    )
    yield Row(
        "   growth of the confined process", f"{grown / MIB:.0f} MiB", "", grown / MIB, AtMost(100), " MiB"
    )


def prepared(portal: Portal, name: str) -> Scratch:
    content = heavy() if name == "300 MB" else signing.document(int(name.split(maxsplit=1)[0]))
    with Scratch.create(content) as source:
        return place_fields(portal.pdf, source, [])


def heavy() -> bytes:
    """Return scanned pages: pictures that nothing can make smaller."""
    pdf = pikepdf.new()
    for _ in range(SCANS):
        page = pdf.add_blank_page(page_size=(595, 842))
        picture = pdf.make_stream(os.urandom(LARGE // SCANS))
        picture.Type, picture.Subtype = pikepdf.Name.XObject, pikepdf.Name.Image
        picture.Width, picture.Height = LARGE // SCANS // 3000, 1000
        picture.ColorSpace, picture.BitsPerComponent = pikepdf.Name.DeviceRGB, 8
        page.Resources = pikepdf.Dictionary(XObject=pikepdf.Dictionary(P=picture))
        page.Contents = pdf.make_stream(b"q 500 0 0 700 40 70 cm /P Do Q")
    buffer = io.BytesIO()
    pdf.save(buffer, object_stream_mode=pikepdf.ObjectStreamMode.disable, compress_streams=False)
    return buffer.getvalue()


def ours(portal: Portal, source: Scratch) -> None:
    portal.authority.seal(portal.pdf, source).close()


def bare(portal: Portal, plain: Path) -> None:
    """In this process, with the key in it."""
    authority = portal.authority
    seal = authority._authority.seal
    credentials = authority.credentials(seal.der)
    signer = PdfSigner(
        signing.metadata(credentials, SEAL_FIELD, True),
        signing.SigningHere(seal.key, credentials),
        timestamper=signing.StampingHere(authority.timestamp),
        stamp_style=signing.NothingDrawn(),
    )
    target = plain.with_name("sealed.pdf")
    shutil.copyfile(plain, target)
    with target.open("r+b") as file:
        writer = IncrementalPdfFileWriter(file)
        asyncio.run(signer.async_sign_pdf(writer, existing_fields_only=True, in_place=True))
    target.unlink()


def peak(portal: Portal, *, fresh: bool = False) -> int:
    """Return the largest memory that a confined process has had, in bytes. fresh: begin anew."""
    found = 0
    for worker in portal.pdf._live:
        process = Path("/proc", str(worker.process.pid))
        if fresh:
            (process / "clear_refs").write_text("5")  # proc(5): forget the peak
        status = (process / "status").read_text()
        found = max(found, int(status.partition("VmHWM:")[2].split(maxsplit=1)[0]) * 1024)
    return found

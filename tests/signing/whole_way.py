"""One file on its whole way: taken in, given a field, signed, sealed, judged by us and by poppler. Or refused."""

import re
import subprocess
import tempfile
from pathlib import Path
from typing import NamedTuple

from docvault.pdf import intake, on_top, render
from docvault.pdf.errors import PdfError
from docvault.pdf.fields import FieldSpec, place_fields
from docvault.pdf.scratch import Scratch
from docvault.pdf.sign import FieldValue

from .desks import ANNA, Desk, drawing

MOST_PAGES = 500


class Outcome(NamedTuple):
    """signed: and valid. words: why not, or what is wrong with what was made."""

    signed: bool
    words: str
    at: str = ""  # "refused", or where it went wrong


def outcome(desk: Desk, content: bytes, *, independently: bool) -> Outcome:
    """independently: ask pdfsig as well."""
    with Scratch.create(content) as source:
        before = source.sha256()
        found = intake.inspect(desk.workers, source, max_pages=MOST_PAGES)
        try:
            sealed, arrived = _signed(desk, source)
        except PdfError as refusal:
            return Outcome(signed=False, words=found.reason or str(refusal), at="refused")
        assert source.sha256() == before
    if not found.signable:
        return Outcome(signed=False, words=f"Refused at first: {found.reason}", at="inspect")
    problem = on_top.objection(desk.validate(sealed), arrived)
    if problem is not None:
        return Outcome(signed=False, words=problem, at="our own check")
    words = _of_pdfsig(sealed) if independently else ""
    return Outcome(signed=not words, words=words, at="pdfsig" if words else "")


def _signed(desk: Desk, source: Scratch) -> tuple[bytes, int]:
    """Sign at the middle of the last page and seal. Raises PdfError."""
    taken = intake.normalise(desk.workers, source, max_pages=MOST_PAGES)
    with taken.prepared as prepared:
        width, height = render.page_sizes(desk.workers, prepared)[-1]
        size = min(160.0, width / 2), min(40.0, height / 2)
        place = ((width - size[0]) / 2, (height - size[1]) / 2)
        spec = FieldSpec("f", "signature", taken.pages, *place, *size, "Signature", "anna")
        arrival = taken.findings.arrival
        if arrival is None:
            made = place_fields(desk.workers, prepared, [spec])
        else:
            made, arrival = on_top.add_signature_fields(
                desk.workers, prepared, [spec], arrival, signers=["anna"]
            )
    field = on_top.field_of(arrival, "anna")
    with made, Scratch.create(drawing()) as picture:
        answers = [FieldValue(field, drawing=picture)]
        signed = desk.sign(made.read(), ANNA, "anna", certify=arrival is None, field=field, answers=answers)
    return desk.seal(signed), arrival.signatures if arrival else 0


def _of_pdfsig(sealed: bytes) -> str:
    """Return what poppler has against it."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "sealed.pdf")
        file.write_bytes(sealed)
        done = subprocess.run(
            ["pdfsig", "-nocert", file], capture_output=True, text=True, check=False, timeout=60
        )
    found = done.stdout.split("Signature #")[1:]
    wrong = [one for one in found[:-1] if "Signature is Valid." not in one]
    if len(found) < 3 or wrong:
        return f"pdfsig: {len(found)} signatures, {len(wrong)} not valid. {done.stderr[:200]}"
    return "" if re.search("Total document signed", found[-1]) else "pdfsig: not the total document is signed"

"""What may follow the last signature: proofs for the long term, object by object, and nothing else."""

import io
import re

import pytest
from asn1crypto.x509 import Certificate
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.validation.dss import DocumentSecurityStore
from pyhanko_certvalidator import ValidationContext

from docvault.pdf.reasons import Verdict

from . import attacks


@pytest.fixture(scope="module")
def with_later_proofs(revisions, office):
    """As many other programs make B-LT: the security store grows in an update after the signature."""
    output = io.BytesIO(revisions.anna)
    credentials = office.credentials(office.ca.timestamp.der)
    context = ValidationContext(
        trust_roots=[Certificate.load(office.ca.root.der)], crls=list(credentials.crls), allow_fetching=False
    )
    DocumentSecurityStore.add_dss(
        output_stream=output,
        sig_contents=None,
        certs=[Certificate.load(office.ca.seal.der)],
        ocsps=[],
        crls=context.crls,
        embed_roots=False,
        validation_context=context,
    )
    assert len(output.getvalue()) > len(revisions.anna)
    return output.getvalue()


@pytest.mark.promise(67)
def test_proofs_added_after_the_last_signature_are_accepted(desk, with_later_proofs):
    report = desk.validate(with_later_proofs)
    assert report.verdict is Verdict.VALID, report.codes
    assert (report.signatures[0].coverage, report.signatures[0].modification) == (
        "entire-revision",
        "maintenance",
    )


def stray_object(writer: IncrementalPdfFileWriter) -> None:
    writer.add_object(generic.StreamObject(stream_data=b"BT (the price is 9 euros) Tj ET"))
    writer._force_write_when_empty = True


@pytest.mark.promise(67)
@pytest.mark.parametrize("revision", ["anna", "sealed"])
def test_an_object_that_nothing_refers_to_is_refused(desk, revisions, revision):
    """Shadow attack, first step: hidden content waits for a later switch."""
    report = desk.validate(attacks.updated(getattr(revisions, revision), stray_object))
    assert report.verdict in {Verdict.MODIFIED, Verdict.INVALID}
    assert {"changed-after-last", "trailing-bytes"} & set(report.codes), report.codes


@pytest.mark.promise(67)
@pytest.mark.promise(68)
@pytest.mark.parametrize("place", ["before the first object", "behind the last object"])
def test_bytes_between_the_objects_of_a_harmless_update_are_refused(
    desk, revisions, with_later_proofs, place
):
    """The hidden object stands where no table of contents speaks of it."""
    size = len(revisions.anna)
    hidden = b"99 0 obj\n(hidden)\nendobj\n"
    tail = with_later_proofs[size:]
    at = 0 if place == "before the first object" else tail.index(b"\nxref") + 1
    moved = _shifted(tail, size + at, len(hidden))
    report = desk.validate(revisions.anna + moved[:at] + hidden + moved[at:])
    assert report.verdict is Verdict.INVALID
    assert report.codes[0] == "trailing-bytes", report.codes


def _shifted(tail: bytes, begins: int, by: int) -> bytes:
    """Move an update by some bytes and correct its table of contents, as an attacker would."""

    def entry(match):
        offset = int(match[1])
        return b"%010d %s n" % (offset + by if offset >= begins else offset, match[2])

    def start(match):
        return b"startxref\n%d" % (int(match[1]) + by)

    tail = re.sub(rb"(\d{10}) (\d{5}) n", entry, tail)
    return re.sub(rb"startxref\s+(\d+)", start, tail)

"""Promises 71 and 73: the certificate of completion says everything and carries its proofs."""

import io
import subprocess
from datetime import UTC, date, datetime

import pikepdf
import pytest

from docvault.pdf.completion import Attachment, Deed, Document, Facts, Signer, certificate_of_completion
from docvault.pdf.reasons import Verdict
from docvault.pdf.scratch import Scratch

MOMENT = datetime(2026, 11, 21, 9, 14, 7, tzinfo=UTC)
HASHES = {
    name: character * 64
    for name, character in zip(("original", "sent", "sealed", "consent", "signing"), "12345", strict=True)
}
TRAIL = b'{"entries": [], "note": "\xc5\x81\xc3\xb3d\xc5\xba"}'

ANNA = Signer(
    name="Anna Lindqvist",
    email="anna@nordlicht.example",
    organisation="Nordlicht AB",
    role="Signer",
    turn=1,
    identity="Invited by Maria Keller at this address",
    authentication="Password and one-time code at 09:14:01 UTC",
    level="Advanced",
    consent_id="en-1",
    consent_sha256=HASHES["consent"],
    consent_language="English",
    consented_at=MOMENT,
    signed_at=MOMENT,
    certificate_sha256=HASHES["signing"],
    certificate_index=41,
    deeds=(
        Deed(MOMENT, "Opened the document", "203.0.113.24", "Mozilla/5.0 Firefox/145.0", 38),
        Deed(MOMENT, "Signed", "203.0.113.24", "Mozilla/5.0 Firefox/145.0", 42),
    ),
)
REZA = Signer(**{name: getattr(ANNA, name) for name in Signer.__slots__} | {"name": "محمد رضایی", "turn": 2})


@pytest.fixture(scope="module")
def facts(desk, sealed):
    return Facts(
        envelope_id="e" * 26,
        title="Master Services Agreement",
        organisation="Harbour & Pine Oy",
        portal="DocVault",
        sender="Maria Keller",
        sender_email="maria@harbour.example",
        sent_at=MOMENT,
        completed_at=MOMENT,
        documents=(
            Document(
                "Agreement #1 [final].pdf",
                3,
                HASHES["original"],
                HASHES["sent"],
                HASHES["sealed"],
                desk.validate(sealed),
            ),
        ),
        signers=(ANNA, REZA),
        log_origin="vault.example/audit",
        log_size=1234,
        checkpoint="vault.example/audit\n1234\nroot=\n\n— vault.example/audit signature=\n",
        retained_until=date(2036, 11, 21),
    )


@pytest.fixture(scope="module")
def certificate(workers, desk, facts, sealed):
    with Scratch.create(sealed) as document, Scratch.create(TRAIL) as trail:
        attachments = [
            Attachment(
                "Agreement #1 [final].pdf", "application/pdf", "The sealed document", document, "Source"
            ),
            Attachment("audit.json", "application/json", "Audit entries and proofs", trail),
        ]
        with certificate_of_completion(workers, facts, attachments) as drawn:
            return desk.seal(drawn.read(), certify=True)


@pytest.fixture(scope="module")
def words(certificate):
    done = subprocess.run(
        ["pdftotext", "-layout", "-", "-"], input=certificate, capture_output=True, check=True
    )
    return done.stdout.decode()


@pytest.mark.promise(71)
def test_the_certificate_is_sealed_with_an_archive_timestamp(desk, certificate):
    report = desk.validate(certificate)
    assert report.verdict is Verdict.VALID, report.codes
    assert [each.level for each in report.signatures] == ["B-LTA", "timestamp"]


@pytest.mark.promise(71)
@pytest.mark.parametrize(
    "evidence",
    [
        "Master Services Agreement", "e" * 26, "Maria Keller", "maria@harbour.example", "Harbour & Pine Oy",
        "21 November 2026, 09:14:07 UTC", "All times are in UTC", "21 November 2036", "Agreement #1 [final].pdf",
        "3 pages", *(" ".join([each[:8]] * 8) for each in HASHES.values()), "Anna Lindqvist", "Nordlicht AB",
        "anna@nordlicht.example", "Signer, turn 1", "Invited by Maria Keller at this address",
        "Password and one-time code at 09:14:01 UTC", "Text en-1 (English)", "203.0.113.24", "Mozilla/5.0",
        "Opened the document", "entry 41 of the audit log", "PAdES B-LTA", "RFC 3161", "proven by Harbour",
        "vault.example/audit", "1234", "audit.json", "How to check this without us",
    ],
)  # fmt: skip
def test_the_certificate_says(words, evidence):
    assert evidence in words


@pytest.mark.promise(73)
def test_the_certificate_states_the_level_and_never_claims_qualified(words):
    assert "Advanced electronic signature" in words
    assert "qualified" not in words.lower()


@pytest.mark.promise(71)
def test_the_attachments_come_out_byte_for_byte(certificate, sealed):
    with pikepdf.open(io.BytesIO(certificate)) as pdf:
        files = pdf.attachments
        found = {name: files[name].get_file().read_bytes() for name in files}
        relations = {str(each["/UF"]): str(each["/AFRelationship"]) for each in pdf.Root["/AF"]}
    assert found == {"Agreement #1 [final].pdf": sealed, "audit.json": TRAIL}
    assert relations == {"Agreement #1 [final].pdf": "/Source", "audit.json": "/Supplement"}


@pytest.mark.promise(71)
def test_the_attached_document_is_valid_on_its_own(desk, certificate):
    with pikepdf.open(io.BytesIO(certificate)) as pdf:
        files = pdf.attachments
        content = files["Agreement #1 [final].pdf"].get_file().read_bytes()
    assert desk.validate(content).verdict is Verdict.VALID


def test_the_certificate_is_pdf_a_3b_on_a4(certificate):
    with pikepdf.open(io.BytesIO(certificate)) as pdf:
        metadata = pdf.open_metadata()
        assert (metadata["pdfaid:part"], metadata["pdfaid:conformance"]) == ("3", "B")
        assert pdf.Root["/OutputIntents"]
        assert [round(float(each)) for each in pdf.pages[0].mediabox] == [0, 0, 595, 842]
    fonts = subprocess.run(
        ["pdffonts", "-"], input=certificate, capture_output=True, check=True
    ).stdout.decode()
    embedded = [line.split()[-5] for line in fonts.splitlines()[2:]]
    assert set(embedded) == {"yes"}


def test_words_from_people_are_never_markup(workers, desk, facts):
    import dataclasses

    sly = dataclasses.replace(facts, title='#panic("x") *bold* $1/0$ \\ <label> @ref [', sender='#eval("1")')
    with certificate_of_completion(workers, sly, []) as drawn:
        done = subprocess.run(["pdftotext", "-", "-"], input=drawn.read(), capture_output=True, check=True)
    assert '#panic("x") *bold* $1/0$' in done.stdout.decode()

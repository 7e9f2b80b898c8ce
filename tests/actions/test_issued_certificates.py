"""The status of a certificate is good only if it was issued here (RFC 6960, 2.2)."""

import hashlib

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.x509 import ocsp
from cryptography.x509.ocsp import OCSPCertStatus
from sqlalchemy import select

from docvault.certificates.status import NAMING
from docvault.database import issued_certificates, tables
from docvault.pdf.parts import signature_parts
from docvault.vault import authority_keys

from . import envelope_world as signing
from .world import NOW


@pytest.fixture
def made(tmp_path, pdf, database_url):
    yield from signing.standing(tmp_path, pdf, database_url)


def issuing(made):
    return made.authority._authority.issuing.certificate


def status(made, serial, issuer=None):
    issuer = issuer or issuing(made)
    key = issuer.public_key().public_bytes(
        serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
    )
    names = [hashlib.sha256(one).digest() for one in (issuer.subject.public_bytes(), key)]
    asked = ocsp.OCSPRequestBuilder().add_certificate_by_hash(*names, serial, NAMING["sha256"]())
    answer = made.authority.answer_status(asked.build().public_bytes(serialization.Encoding.DER))
    return ocsp.load_der_ocsp_response(answer.der).certificate_status


def certificates_in(made, envelope_id):
    signed = signing.content(made, made.world.client, envelope_id, "signed")
    with signing.as_scratch(signed) as source:
        return [x509.load_der_x509_certificate(one.certificate) for one in signature_parts(made.pdf, source)]


def test_all_that_was_issued_is_good_and_nothing_else(made):
    envelope_id = signing.sent(made, (made.world.client, 1))
    signing.sign(made, made.world.client, envelope_id)
    signing.advance(made, envelope_id)
    found = {one.serial_number for one in certificates_in(made, envelope_id)}
    assert len(found) == 3  # of the person, the seal and the timestamp
    units = [getattr(made.authority._authority, name).certificate for name in ("responder", "seal")]
    for serial in found | {one.serial_number for one in units}:
        assert status(made, serial) is OCSPCertStatus.GOOD
    for serial in (1, max(found) + 1, 2**159 - 1):
        assert status(made, serial) is OCSPCertStatus.UNKNOWN
    before = issuing(made)
    with made.db.transaction() as tx:
        authority_keys.renew(tx, made.vault.records, "issuing", NOW)
    made.authority.refresh()
    assert issuing(made) != before
    assert {status(made, serial, before) for serial in found} == {OCSPCertStatus.GOOD}
    assert status(made, 1, before) is status(made, 1) is OCSPCertStatus.UNKNOWN


def test_after_a_restore_nobody_knows_all_numbers_of_the_authorities_of_then(made):
    with made.db.transaction() as tx:
        issued_certificates.distrust_lists(tx)
        issued_certificates.distrust_lists(tx)
        rows = tx.connection.execute(select(tables.unlisted_issuers.c.issuer)).scalars().all()
    assert rows == [hashlib.sha256(issuing(made).public_bytes(serialization.Encoding.DER)).hexdigest()]
    assert status(made, 1) is OCSPCertStatus.GOOD
    with made.db.transaction() as tx:
        authority_keys.renew(tx, made.vault.records, "issuing", NOW)
    made.authority.refresh()
    assert status(made, 1) is OCSPCertStatus.UNKNOWN

"""What certificates point to, asked over HTTP by readers who have no account."""

import base64
import hashlib
from urllib.parse import quote

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.x509 import ocsp
from cryptography.x509.ocsp import OCSPCertStatus, OCSPResponseStatus

from docvault.certificates.status import NAMING

KEEP = "max-age=3600, public, no-transform, must-revalidate"
OCSP = {"content-type": "application/ocsp-request"}


@pytest.fixture(scope="module")
def reader(house):
    return house.visitor("nobody")


@pytest.fixture(scope="module")
def question(house, reader):
    issuing = x509.load_der_x509_certificate(reader.get("/pki/issuing.cer").content)
    seal = house.site.portal.authority._authority.seal.certificate
    builder = ocsp.OCSPRequestBuilder().add_certificate(seal, issuing, NAMING["sha1"]())
    return builder.build().public_bytes(serialization.Encoding.DER)


def test_a_status_is_answered_to_a_post_and_not_kept(reader, question):
    answer = reader.post("/pki/ocsp", content=question, headers=OCSP)
    assert answer.headers["content-type"] == "application/ocsp-response"
    assert answer.headers["cache-control"] == "no-store"
    assert ocsp.load_der_ocsp_response(answer.content).certificate_status is OCSPCertStatus.GOOD


@pytest.mark.parametrize("safe", ["", "/"], ids=["escaped", "plain slashes"])
def test_a_status_is_answered_to_a_get_and_may_be_kept(reader, question, safe):
    answer = reader.get("/pki/ocsp/" + quote(base64.b64encode(question), safe=safe))
    assert answer.headers["cache-control"] == KEEP
    assert {"last-modified", "expires"} <= set(answer.headers)
    assert ocsp.load_der_ocsp_response(answer.content).certificate_status is OCSPCertStatus.GOOD


@pytest.mark.parametrize("safe", ["", "/"], ids=["escaped", "plain slashes"])
def test_a_question_with_two_slashes_in_a_row_is_answered_as_well(house, reader, safe):
    """About a serial number whose base64 has them: one question in some hundred has."""
    issuing = x509.load_der_x509_certificate(reader.get("/pki/issuing.cer").content)
    name, key = (
        hashlib.sha1(issuing.subject.public_bytes(), usedforsecurity=False).digest(),
        hashlib.sha1(
            issuing.public_key().public_bytes(
                serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
            ),
            usedforsecurity=False,
        ).digest(),
    )
    number = int.from_bytes(b"\x7f" + b"\xff" * 15)
    builder = ocsp.OCSPRequestBuilder().add_certificate_by_hash(name, key, number, NAMING["sha1"]())
    asked = base64.b64encode(builder.build().public_bytes(serialization.Encoding.DER)).decode()
    assert "//" in asked
    answer = reader.get("/pki/ocsp/" + quote(asked, safe=safe))
    assert ocsp.load_der_ocsp_response(answer.content).serial_number == number


@pytest.mark.parametrize("content", [b"", b"no request"], ids=["empty", "not DER"])
def test_a_bad_request_gets_an_answer_of_the_protocol(reader, content):
    answer = reader.post("/pki/ocsp", content=content, headers=OCSP)
    assert answer.status_code == 200
    refused = ocsp.load_der_ocsp_response(answer.content).response_status
    assert refused is OCSPResponseStatus.MALFORMED_REQUEST


def test_a_status_request_is_small_and_says_what_it_is(reader, question):
    assert reader.post("/pki/ocsp", content=bytes(1025), headers=OCSP).status_code == 413
    assert reader.post("/pki/ocsp", content=question).status_code == 415
    assert reader.get("/pki/ocsp/not*base64").status_code == 404


def test_lists_and_certificates_may_be_kept_for_an_hour(reader):
    for name in ("root.cer", "issuing.cer", "root.crl", "issuing.crl"):
        assert reader.get(f"/pki/{name}").headers["cache-control"] == KEEP

"""The OCSP responder, asked by openssl and by the library's own requests."""

import dataclasses
import subprocess
from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.x509 import ocsp
from cryptography.x509.ocsp import OCSPCertStatus, OCSPResponseStatus

from docvault.certificates import authority, status
from docvault.certificates.authority import Revocation, SignerIdentity
from docvault.certificates.status import NAMING, REQUEST_MOST

ANNA = SignerIdentity("a" * 26, "Anna Lindqvist", "anna@nordlicht.example", "Nordlicht AB")


def every(issuer, serial):
    return True


@pytest.fixture(scope="module")
def person(ca, now):
    return x509.load_der_x509_certificate(ca.issue(ANNA, now).certificate)


def question(certificate, issuer, algorithm=None, nonce: bytes | None = None) -> bytes:
    builder = ocsp.OCSPRequestBuilder().add_certificate(certificate, issuer, algorithm or NAMING["sha1"]())
    if nonce is not None:
        builder = builder.add_extension(x509.OCSPNonce(nonce), critical=False)
    return builder.build().public_bytes(serialization.Encoding.DER)


def asked(request, authorities, now):
    return ocsp.load_der_ocsp_response(status.answer(request, authorities, now, is_issued=every).der)


def test_openssl_accepts_the_answers_about_good_and_revoked_certificates(ca, now, person, tmp_path):
    revoked = dataclasses.replace(ca, revoked={person.serial_number: Revocation(now)})
    for name, certificate in (("root", ca.root), ("issuing", ca.issuing)):
        (tmp_path / f"{name}.pem").write_bytes(
            certificate.certificate.public_bytes(serialization.Encoding.PEM)
        )
    (tmp_path / "chain.pem").write_bytes(
        (tmp_path / "root.pem").read_bytes() + (tmp_path / "issuing.pem").read_bytes()
    )
    (tmp_path / "person.pem").write_bytes(person.public_bytes(serialization.Encoding.PEM))
    openssl("ocsp", "-issuer", "issuing.pem", "-cert", "person.pem", "-reqout", "q", cwd=tmp_path)
    for ours, said in ((ca, "Cert Status: good"), (revoked, "Cert Status: revoked")):
        (tmp_path / "a").write_bytes(
            status.answer((tmp_path / "q").read_bytes(), [ours], now, is_issued=every).der
        )
        checked = openssl(
            "ocsp", "-reqin", "q", "-respin", "a", "-resp_text", "-CAfile", "chain.pem", "-issuer", "issuing.pem",
            "-attime", str(int(now.timestamp())), "-validity_period", str(10**9), cwd=tmp_path,
        )  # fmt: skip
        assert "Response verify OK" in checked.stderr
        assert said in checked.stdout


def openssl(*arguments, cwd):
    return subprocess.run(["openssl", *arguments], cwd=cwd, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("algorithm", [named() for named in NAMING.values()], ids=list(NAMING))
def test_an_answer_names_what_was_asked_in_the_askers_own_digest(ca, now, person, algorithm):
    answer = asked(question(person, ca.issuing.certificate, algorithm), [ca], now)
    assert answer.certificate_status is OCSPCertStatus.GOOD
    assert (answer.serial_number, answer.hash_algorithm.name) == (person.serial_number, algorithm.name)
    assert answer.next_update_utc - answer.this_update_utc == timedelta(hours=24)


def test_a_revocation_comes_with_its_moment_and_reason(ca, now, person):
    why = Revocation(now.replace(microsecond=0), x509.ReasonFlags.key_compromise)
    revoked = dataclasses.replace(ca, revoked={person.serial_number: why})
    answer = asked(question(person, ca.issuing.certificate), [revoked], now)
    assert answer.certificate_status is OCSPCertStatus.REVOKED
    assert (answer.revocation_time_utc, answer.revocation_reason) == (why.at, why.reason)


def test_a_nonce_comes_back_and_makes_the_answer_fit_nobody_else(ca, now, person):
    request = question(person, ca.issuing.certificate, nonce=b"n" * 32)
    answer = status.answer(request, [ca], now, is_issued=every)
    read = ocsp.load_der_ocsp_response(answer.der)
    assert read.extensions.get_extension_for_class(x509.OCSPNonce).value.nonce == b"n" * 32
    assert answer.until is None
    assert (
        status.answer(question(person, ca.issuing.certificate), [ca], now, is_issued=every).until is not None
    )


def test_certificates_of_others_are_none_of_our_business(ca, now, person):
    other = authority.create("Somebody Else", "https://other.example", now)
    foreign = question(other.seal.certificate, other.issuing.certificate)
    assert asked(foreign, [ca], now).response_status is OCSPResponseStatus.UNAUTHORIZED
    assert asked(foreign, [ca, other], now).certificate_status is OCSPCertStatus.GOOD


def test_a_number_that_was_never_given_out_is_unknown_and_nobody_keeps_that(ca, now, person):
    """What a forger makes up is not good (RFC 6960, 2.2); a revocation counts whatever the list says."""
    seen = []

    def listed(issuer, serial):
        seen.append((issuer, serial))
        return False

    request = question(person, ca.issuing.certificate)
    answer = status.answer(request, [ca], now, is_issued=listed)
    assert ocsp.load_der_ocsp_response(answer.der).certificate_status is OCSPCertStatus.UNKNOWN
    assert answer.until is None
    assert seen == [(ca.issuing.certificate, person.serial_number)]
    revoked = dataclasses.replace(ca, revoked={person.serial_number: Revocation(now)})
    answer = status.answer(request, [revoked], now, is_issued=listed)
    assert ocsp.load_der_ocsp_response(answer.der).certificate_status is OCSPCertStatus.REVOKED


@pytest.mark.parametrize("nonce", [b"", b"n" * 129], ids=["empty", "too long"])
def test_a_nonce_of_a_length_that_is_not_allowed_is_refused(ca, now, person, nonce):
    request = question(person, ca.issuing.certificate, nonce=nonce)
    assert asked(request, [ca], now).response_status is OCSPResponseStatus.MALFORMED_REQUEST


@pytest.mark.parametrize("request_der", [b"", b"0", b"\x30\x80", b"GET / HTTP/1.1", bytes(REQUEST_MOST + 1)])
def test_what_is_no_request_is_answered_as_malformed(ca, now, request_der):
    assert asked(request_der, [ca], now).response_status is OCSPResponseStatus.MALFORMED_REQUEST


def test_issued_certificates_say_where_their_status_is_answered(ca, person):
    for certificate in (person, ca.seal.certificate, ca.timestamp.certificate):
        places = certificate.extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
        assert [each.access_location.value for each in places] == [
            "https://vault.example/pki/ocsp",
            "https://vault.example/pki/issuing.cer",
        ]

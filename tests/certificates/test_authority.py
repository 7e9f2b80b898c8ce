import dataclasses
import subprocess
from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from docvault.certificates import authority
from docvault.certificates.authority import Revocation, SignerIdentity
from docvault.certificates.keys import CertificateError, KeyAlreadyUsed, KeyPair, KeyUnreadable

ANNA = SignerIdentity("a" * 26, "Anna Lindqvist", "anna@nordlicht.example", "Nordlicht AB")


def certificate_of(key) -> x509.Certificate:
    return x509.load_der_x509_certificate(key.certificate)


def common_name(certificate: x509.Certificate) -> str:
    return certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value


@pytest.mark.promise(59)
def test_every_key_is_p256_and_every_certificate_is_signed_with_sha256(ca, now):
    signer = certificate_of(ca.issue(ANNA, now))
    for certificate in (*(pair.certificate for pair in pairs(ca)), signer):
        assert isinstance(certificate.public_key().curve, ec.SECP256R1)
        assert isinstance(certificate.signature_hash_algorithm, hashes.SHA256)


def pairs(ca):
    return ca.root, ca.issuing, ca.timestamp, ca.responder, ca.seal


def test_names_carry_the_organisation_and_the_configured_country(ca, now):
    assert common_name(ca.root.certificate) == "Harbour & Pine Oy Root CA"
    assert ca.seal.certificate.subject.get_attributes_for_oid(NameOID.COUNTRY_NAME)[0].value == "FI"
    without = authority.create("Harbour & Pine Oy", "https://vault.example", now)
    assert without.root.certificate.subject.get_attributes_for_oid(NameOID.COUNTRY_NAME) == []


def test_two_installations_share_no_key(ca, now):
    other = authority.create("Harbour & Pine Oy", "https://vault.example", now)
    ours = {pair.private_der() for pair in pairs(ca)}
    assert len(ours) == 5
    assert ours.isdisjoint(pair.private_der() for pair in pairs(other))


@pytest.mark.promise(61)
def test_a_signer_certificate_names_the_person_and_is_no_authority(ca, now):
    certificate = certificate_of(ca.issue(ANNA, now))
    extensions = certificate.extensions
    usage = extensions.get_extension_for_class(x509.KeyUsage).value
    alternative = extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert common_name(certificate) == "Anna Lindqvist"
    assert certificate.subject.get_attributes_for_oid(NameOID.SERIAL_NUMBER)[0].value == ANNA.person_id
    assert certificate.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)[0].value == "Nordlicht AB"
    assert alternative.get_values_for_type(x509.RFC822Name) == ["anna@nordlicht.example"]
    assert usage.digital_signature
    assert usage.content_commitment
    assert not usage.key_cert_sign
    assert not extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    assert certificate.not_valid_before_utc < now
    assert certificate.not_valid_after_utc > now + timedelta(days=4 * 365)


@pytest.mark.promise(61)
@pytest.mark.promise(62)
def test_a_signing_key_signs_exactly_once(ca, now):
    key = ca.issue(ANNA, now)
    signature = key.sign(b"the digest of what was shown")
    certificate_of(key).public_key().verify(
        signature, b"the digest of what was shown", ec.ECDSA(hashes.SHA256())
    )
    assert key.used
    with pytest.raises(KeyAlreadyUsed):
        key.sign(b"the digest of what was shown")


def test_a_destroyed_key_never_signs(ca, now):
    key = ca.issue(ANNA, now)
    key.destroy()
    with pytest.raises(KeyAlreadyUsed):
        key.sign(b"anything")


@pytest.mark.promise(61)
def test_two_signatures_of_one_person_have_different_keys(ca, now):
    first, second = certificate_of(ca.issue(ANNA, now)), certificate_of(ca.issue(ANNA, now))
    assert first.public_key() != second.public_key()
    assert first.serial_number != second.serial_number


@pytest.mark.parametrize("name", ["山田 太郎", "محمد رضایی", "Łukasz Żółć", "x" * 200])
def test_any_name_fits_into_a_certificate(ca, now, name):
    person = dataclasses.replace(ANNA, name=name)
    written = common_name(certificate_of(ca.issue(person, now)))
    assert written == name if len(name) <= 64 else (written == "x" * 61 + "…")


def test_a_long_organisation_keeps_the_roles_of_its_certificates_apart(now):
    long = authority.create("組織" * 40, "https://vault.example", now)
    names = [common_name(pair.certificate) for pair in pairs(long)]
    assert len(set(names)) == len(names)
    assert common_name(long.root.certificate).endswith("… Root CA")


def test_an_address_beyond_ascii_fits_into_a_certificate(ca, now):
    person = dataclasses.replace(ANNA, email="żółć@przykład.pl")
    names = certificate_of(ca.issue(person, now)).extensions.get_extension_for_class(
        x509.SubjectAlternativeName
    )
    assert names.value.get_values_for_type(x509.OtherName)[0].value.endswith("żółć@przykład.pl".encode())


def test_openssl_accepts_the_chains_for_their_purposes(ca, now, tmp_path):
    signer = ca.issue(ANNA, now)
    save(tmp_path / "root.pem", ca.root.certificate)
    save(tmp_path / "issuing.pem", ca.issuing.certificate)
    save(tmp_path / "signer.pem", certificate_of(signer))
    save(tmp_path / "tsa.pem", ca.timestamp.certificate)
    for name, purpose in (("signer", "smimesign"), ("tsa", "timestampsign")):
        verify = subprocess.run(
            ["openssl", "verify", "-x509_strict", "-purpose", purpose, "-attime", str(int(now.timestamp())),
             "-CAfile", "root.pem", "-untrusted", "issuing.pem", f"{name}.pem"],
            cwd=tmp_path, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert verify.stdout == f"{name}.pem: OK\n", verify.stderr


def save(path, certificate):
    path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))


def test_the_revocation_list_names_what_was_revoked(ca, now):
    serial = certificate_of(ca.issue(ANNA, now)).serial_number
    revoked = dataclasses.replace(ca, revoked={serial: Revocation(now, x509.ReasonFlags.key_compromise)})
    crl = x509.load_der_x509_crl(revoked.issuing_crl(now))
    assert crl.is_signature_valid(ca.issuing.certificate.public_key())
    assert crl.get_revoked_certificate_by_serial_number(serial) is not None
    assert len(x509.load_der_x509_crl(ca.issuing_crl(now))) == 0
    assert x509.load_der_x509_crl(ca.root_crl(now)).issuer == ca.root.certificate.subject


def test_status_answers_follow_the_revocations(ca, now):
    certificate = certificate_of(ca.issue(ANNA, now))
    revoked = dataclasses.replace(ca, revoked={certificate.serial_number: Revocation(now)})
    assert status(ca.status(certificate, now)) is ocsp.OCSPCertStatus.GOOD
    assert status(revoked.status(certificate, now)) is ocsp.OCSPCertStatus.REVOKED


def status(answer: bytes) -> ocsp.OCSPCertStatus:
    return ocsp.load_der_ocsp_response(answer).certificate_status


def test_only_the_timestamp_unit_may_stamp_times(ca):
    usages = {
        name: ca_pair.certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
        for name, ca_pair in (("timestamp", ca.timestamp), ("seal", ca.seal))
    }
    assert usages["timestamp"].critical
    assert list(usages["timestamp"].value) == [ExtendedKeyUsageOID.TIME_STAMPING]
    assert ExtendedKeyUsageOID.TIME_STAMPING not in usages["seal"].value


def test_a_stored_key_pair_comes_back_and_a_mismatch_is_refused(ca):
    assert KeyPair.load(ca.seal.der, ca.seal.private_der()).certificate == ca.seal.certificate
    with pytest.raises(KeyUnreadable):
        KeyPair.load(ca.seal.der, ca.root.private_der())
    with pytest.raises(KeyUnreadable):
        KeyPair.load(b"damaged", ca.root.private_der())


def test_a_broken_or_late_chain_is_refused(ca, now):
    chain = [ca.seal.certificate, ca.issuing.certificate, ca.root.certificate]
    authority.verify_chain(chain, now)
    with pytest.raises(CertificateError, match="was not issued by"):
        authority.verify_chain([ca.seal.certificate, ca.root.certificate], now)
    with pytest.raises(CertificateError, match="not valid at this time"):
        authority.verify_chain(chain, now + timedelta(days=365 * 16))


def test_a_certificate_never_outlives_its_issuer(ca, now):
    late = certificate_of(ca.issue(ANNA, now + timedelta(days=365 * 18)))
    assert late.not_valid_after_utc <= ca.issuing.certificate.not_valid_after_utc

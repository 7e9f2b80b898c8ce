"""What the authorities' keys sign for a process that asks: lists and certificates of people, no authority."""

from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from docvault.certificates import authority, making
from docvault.certificates.keys import KeyPair, new_key
from docvault.certificates.profiles import issuing_profile, signing_profile
from docvault.encryption.errors import KeyKept
from docvault.encryption.masters import SealedKey
from docvault.keyholder import limits
from docvault.values import utc_now

YEAR = timedelta(days=365)


class Checked(ec.EllipticCurvePrivateKey):
    """A key that signs what the holder would sign under that name."""

    def __init__(self, name):
        self._key, self._sealed = new_key(), SealedKey(f"key:{name}", b"")

    def sign(self, data, signature_algorithm):
        limits.check(self._sealed, data)
        return self._key.sign(data, signature_algorithm)

    def public_key(self):
        return self._key.public_key()

    curve = key_size = exchange = private_numbers = private_bytes = __copy__ = __deepcopy__ = None


@pytest.fixture(scope="module")
def ca():
    return authority.create("Acme", "https://vault.example.com", utc_now())


def with_key(pair, name):
    return KeyPair(pair.certificate, Checked(name))


@pytest.mark.parametrize("name", ["ca-root", "ca-issuing", "ca-issuing:2"])
def test_lists_are_signed(ca, name):
    revoked = {7: making.Revocation(utc_now())}
    assert making.crl(with_key(ca.issuing, name), revoked, utc_now(), YEAR)


def test_the_issuing_authority_certifies_people_and_seals(ca):
    issuing = with_key(ca.issuing, "ca-issuing")
    profile = signing_profile("https://vault.example.com", "issuing", "anna@example.com")
    assert making.issue(ca.seal.certificate.subject, issuing, profile, utc_now(), YEAR)


@pytest.mark.promise(55)
@pytest.mark.parametrize("name", ["ca-root", "ca-issuing", "ca-root:3"])
def test_no_authority_is_certified_for_whoever_asks(ca, name):
    profile = issuing_profile("https://vault.example.com", "root")
    with pytest.raises(KeyKept):
        making.issue(ca.issuing.certificate.subject, with_key(ca.root, name), profile, utc_now(), YEAR)


@pytest.mark.promise(55)
def test_the_root_certifies_nobody_and_neither_signs_what_is_no_certificate(ca):
    root = with_key(ca.root, "ca-root")
    profile = signing_profile("https://vault.example.com", "issuing", None)
    with pytest.raises(KeyKept):
        making.issue(ca.seal.certificate.subject, root, profile, utc_now(), YEAR)
    for key in ("key:ca-root", "key:ca-issuing"):
        for message in (b"", b"anything", b"\x30\x03\x02\x01\x01", ca.seal.der, ca.root_crl(utc_now())):
            with pytest.raises(KeyKept):
                limits.check(SealedKey(key, b""), message)


@pytest.mark.promise(55)
def test_the_key_of_a_request_signs_nothing_before_it_is_in_service(ca):
    for message in (b"anything", ca.seal.certificate.tbs_certificate_bytes):
        with pytest.raises(KeyKept):
            limits.check(SealedKey("key:ca-issuing-request", b""), message)


def test_other_keys_sign_what_they_are_asked_for():
    for name in ("log", "ca-seal", "ca-timestamp", "ca-responder"):
        limits.check(SealedKey(f"key:{name}", b""), b"anything")

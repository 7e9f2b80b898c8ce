"""Seals in a file, in a token and in a key service: they sign, and what is wrong with one is said in words."""

import dataclasses
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    pkcs12,
)
from cryptography.x509.oid import NameOID

from docvault.certificates import authority, chains, mechanisms
from docvault.certificates.chains import ChainOutOfTime, ChainUnfit
from docvault.certificates.mechanisms import KeyUnfit
from docvault.seals.errors import SealAway, SealLies, SealUnclear
from docvault.seals.seal import open_seal
from key_service import KeyService, serving
from softhsm import MODULE, PIN, address
from tsa import standing

NOW = datetime.now(UTC)
P256 = ec.generate_private_key(ec.SECP256R1())
RSA = rsa.generate_private_key(65537, 3072)
OTHERS = authority.create("Trust Services Ltd", "https://ca.example", NOW)
MESSAGE = b"the attributes of a signature"


def chain_of(key, ca=OTHERS):
    return ca.certify_seal(key.public_key(), NOW), ca.issuing.certificate, ca.root.certificate


def p12(path, key=P256, chain=None, passphrase=b"quite secret"):
    own, *upper = chain_of(key) if chain is None else chain or [None]
    how = BestAvailableEncryption(passphrase) if passphrase else NoEncryption()
    path.write_bytes(pkcs12.serialize_key_and_certificates(b"seal", key, own, upper, how))
    return f"pkcs12:{path}"


def pem(path, certificates, crls=()):
    path.write_bytes(chains.dump(certificates) + b"".join(_crl(each) for each in crls))
    return str(path)


def _crl(der):
    return x509.load_der_x509_crl(der).public_bytes(Encoding.PEM)


@pytest.fixture
def service(aws, monkeypatch):
    found = KeyService({"alias/seal": P256, "alias/rsa": RSA})
    with serving(found) as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL_KMS", url)
        yield found


@pytest.fixture(params=["pkcs12 P-256", "pkcs12 RSA", "pkcs11 P-256", "pkcs11 RSA", "kms P-256", "kms RSA"])
def seal(request, tmp_path):
    kind, _, family = request.param.partition(" ")
    if kind == "pkcs12":
        where = p12(tmp_path / "seal.p12", P256 if family == "P-256" else RSA)
        return open_seal(where, passphrase="quite secret")
    if kind == "pkcs11":
        folder = request.getfixturevalue("token")
        return open_seal(address(folder, "seal" if family == "P-256" else "rsa-seal"))
    request.getfixturevalue("service")
    return open_seal("kms:alias/seal" if family == "P-256" else "kms:alias/rsa")


@pytest.mark.promise(59)
def test_a_seal_signs_with_its_own_key_and_by_no_old_padding(seal):
    public = seal.holder.public_key()
    mechanisms.verify(public, MESSAGE, seal.sign(MESSAGE, public))
    with pytest.raises(SealLies, match="another key"):
        seal.sign(MESSAGE, ec.generate_private_key(ec.SECP256R1()).public_key())


@pytest.mark.promise(55)
def test_a_seal_prints_neither_key_nor_pin_nor_passphrase(token, tmp_path):
    where = f"pkcs11:token=docvault;object=seal?module-path={MODULE}&pin-value={PIN}"
    for seal in (open_seal(where), open_seal(p12(tmp_path / "s.p12"), passphrase="quite secret")):
        for text in (repr(seal), seal.holder.name, repr(seal.holder)):
            assert PIN not in text
            assert "quite secret" not in text
            assert "rivate" not in text


def test_a_chain_is_put_in_order_whatever_order_it_comes_in(tmp_path):
    own, issuing, root = chain_of(P256)
    stray = authority.create("Nobody", "https://nobody.example", NOW).root.certificate
    where = p12(tmp_path / "seal.p12", chain=(own,))
    found = open_seal(where, passphrase="quite secret", chain=pem(tmp_path / "c.pem", [stray, root, issuing]))
    assert found.chain == (own, issuing, root)


def unfit_certificate(key=P256, *, usage=("digital_signature",), issuer=None, days=(-1, 9)):
    issuer = issuer or OTHERS.issuing
    names = ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment",
        "key_agreement", "key_cert_sign", "crl_sign", "encipher_only", "decipher_only")  # fmt: skip
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Unfit")]))
        .issuer_name(issuer.certificate.subject)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(NOW + timedelta(days=days[0]))
        .not_valid_after(NOW + timedelta(days=days[1]))
        .add_extension(x509.KeyUsage(**{name: name in usage for name in names}), critical=True)
        .sign(issuer.key, hashes.SHA256())
    )


def forgeable_certificate():
    """Return one that says that it is signed with SHA-1, which no library of today writes any more."""
    issuer = SimpleNamespace(certificate=OTHERS.issuing.certificate, key=RSA)
    der = unfit_certificate(issuer=issuer).public_bytes(Encoding.DER)
    sha256, sha1 = (bytes.fromhex(f"2a864886f70d0101{last}") for last in ("0b", "05"))  # RFC 8017, A.2.4
    assert der.count(sha256) == 2
    return x509.load_der_x509_certificate(der.replace(sha256, sha1))


UPPER = (OTHERS.issuing.certificate, OTHERS.root.certificate)


@pytest.mark.parametrize(
    ("key", "chain", "refusal", "words"),
    [
        (rsa.generate_private_key(65537, 2048), (), KeyUnfit, "RSA key of 2048 bits is too weak"),
        (ec.generate_private_key(ec.SECP384R1()), (), KeyUnfit, "use P-256"),
        (ed25519.Ed25519PrivateKey.generate(), (), KeyUnfit, "of this kind cannot seal"),
        (P256, chain_of(P256)[:1], ChainUnfit, "issuer “CN=Trust Services Ltd Issuing CA.* is missing"),
        (P256, chain_of(P256)[:2], ChainUnfit, "issuer .*Root CA.* is missing"),
        (P256, (forgeable_certificate(), *UPPER), ChainUnfit, "SHA1 and can be forged"),
        (P256, (unfit_certificate(usage=("key_agreement",)), *UPPER), ChainUnfit, "not for signing"),
        (
            P256,
            (unfit_certificate(issuer=OTHERS.seal), OTHERS.seal.certificate, *UPPER),
            ChainUnfit,
            "not the certificate of an authority",
        ),
        (OTHERS.root.key, (OTHERS.root.certificate,), ChainUnfit, "vouches only for itself"),
    ],
    ids=["RSA 2048", "P-384", "Ed25519", "no issuing", "no root", "SHA-1", "usage", "no authority", "itself"],
)
@pytest.mark.promise(59)
def test_what_is_weak_or_incomplete_is_refused_in_words(tmp_path, key, chain, refusal, words):
    where = p12(tmp_path / "seal.p12", key, chain)
    with pytest.raises(refusal, match=words):
        open_seal(where, passphrase="quite secret")


def test_a_file_that_does_not_open_says_what_to_look_at(tmp_path):
    where = p12(tmp_path / "seal.p12")
    with pytest.raises(SealUnclear, match="DOCVAULT_SIGNER_PASSPHRASE is wrong"):
        open_seal(where, passphrase="another")
    with pytest.raises(SealUnclear, match="cannot be read"):
        open_seal(f"pkcs12:{tmp_path / 'none.p12'}")
    (tmp_path / "only.p12").write_bytes(
        pkcs12.serialize_key_and_certificates(b"x", None, chain_of(P256)[0], None, NoEncryption())
    )
    with pytest.raises(SealUnclear, match="no private key"):
        open_seal(f"pkcs12:{tmp_path / 'only.p12'}")
    for content in (b"nothing", P256.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())):
        (tmp_path / "chain.pem").write_bytes(content)
        with pytest.raises(ChainUnfit, match="no certificates"):
            open_seal(where, passphrase="quite secret", chain=str(tmp_path / "chain.pem"))


def test_certificates_of_another_key_are_refused_wherever_the_key_is(token, service, tmp_path):
    strangers = pem(tmp_path / "chain.pem", chain_of(ec.generate_private_key(ec.SECP256R1())))
    for where in (p12(tmp_path / "s.p12", chain=()), address(token, "seal"), "kms:alias/seal"):
        with pytest.raises(ChainUnfit, match="None of the certificates belongs to the seal's key"):
            open_seal(where, passphrase="quite secret", chain=strangers)


def test_a_certificate_out_of_its_time_is_said_with_its_date():
    for days, words in (((-9, -2), "ended on"), ((2, 9), "begins on")):
        chain = chains.arrange(P256.public_key(), (unfit_certificate(days=days), *UPPER))
        with pytest.raises(ChainOutOfTime, match=words):
            chains.check_dates(chain, NOW)


@pytest.mark.promise(85)
def test_a_token_that_is_away_or_has_no_such_key_is_said_in_words(token, tmp_path):
    for where, refusal, words in (
        (address(token, "seal", "nowhere"), SealAway, "no PKCS#11 token called nowhere"),
        (address(token, "none"), SealUnclear, "not exactly one public key called none"),
        (address(token, "weak-seal"), KeyUnfit, "RSA key of 2048 bits"),
        (address(tmp_path, "seal"), SealAway, "PIN of the token cannot be read"),
    ):
        with pytest.raises(refusal, match=words):
            open_seal(where).holder.public_key()
    with pytest.raises(SealUnclear, match="pin-source"):
        open_seal("pkcs11:token=a;object=b")


@pytest.mark.promise(85)
def test_a_key_service_that_is_away_or_has_no_such_key_is_said_in_words(service):
    seal = open_seal("kms:alias/seal")
    for refusal, error in (("DisabledException", SealAway), ("InvalidKeyUsageException", SealUnclear)):
        service.refusal = refusal
        with pytest.raises(error, match="key service"):
            seal.holder.sign(MESSAGE)
    service.refusal = ""
    with pytest.raises(SealUnclear, match="no key that can seal"):
        open_seal("kms:alias/none").holder.public_key()
    service.usage = "KEY_AGREEMENT"
    with pytest.raises(SealUnclear, match="SIGN_VERIFY"):
        open_seal("kms:alias/seal").holder.public_key()


def test_one_signature_is_one_request_and_carries_a_digest_only(service):
    seal = open_seal("kms:alias/seal")
    public = seal.holder.public_key()
    del service.asked[:]
    seal.sign(MESSAGE, public)
    ((deed, asked),) = service.asked
    assert (deed, asked["MessageType"], asked["SigningAlgorithm"]) == ("Sign", "DIGEST", "ECDSA_SHA_256")


def test_revocation_lists_come_from_listed_hosts_or_from_the_chain_file(tmp_path):
    with standing() as others:
        own, *upper = chain = chain_of(P256, others.ca)
        where = p12(tmp_path / "seal.p12", chain=chain)
        seal = open_seal(where, passphrase="quite secret", hosts=[others.host])
        now = datetime.now(UTC)
        assert len(seal.proofs(now).crls) == 2
        with pytest.raises(SealAway, match="DOCVAULT_SIGNER_HOSTS"):
            open_seal(where, passphrase="quite secret").proofs(now)
        lists = [others.ca.root_crl(now), others.ca.issuing_crl(now)]
        offline = open_seal(
            where, passphrase="quite secret", chain=pem(tmp_path / "c.pem", [own, *upper], lists)
        )
        assert offline.proofs(now).crls == tuple(lists)
        with pytest.raises(ChainUnfit, match="cannot be proven"):
            offline.proofs(now + timedelta(days=30))
        revoked = {own.serial_number: authority.Revocation(now)}
        lists = [others.ca.root_crl(now), _revoking(others.ca, revoked).issuing_crl(now)]
        gone = open_seal(
            where, passphrase="quite secret", chain=pem(tmp_path / "c.pem", [own, *upper], lists)
        )
        with pytest.raises(ChainUnfit, match="was revoked"):
            gone.proofs(now + timedelta(seconds=2))


def _revoking(ca, revoked):
    return dataclasses.replace(ca, revoked=revoked)

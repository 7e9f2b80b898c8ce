"""The trust list: who may change it, what may stand on it, and what it does to the verdict."""

from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from sqlalchemy import select

from actions import envelope_world as signing
from actions.world import NOW
from docvault.certificates.keys import sign_bytes
from docvault.database import tables
from docvault.pdf import sign
from docvault.pdf.scratch import Scratch
from signing.desks import Office

PDF = {"content-type": "application/pdf"}
WHY = "The bank signs its contracts with it."


@pytest.fixture(scope="module")
def bank():
    """Another installation with an authority of its own."""
    return Office("Nordbank AG", clock=lambda: NOW)


@pytest.fixture
def contract(site, bank):
    """What the bank has signed."""
    seal = bank.ca.seal
    with (
        Scratch.create(signing.contract()) as plain,
        sign.seal(
            site.portal.pdf,
            plain,
            certify=True,
            credentials=bank.credentials(seal.der),
            sign=lambda message: sign_bytes(seal.key, message),
            timestamp=bank.timestamp,
        ) as made,
    ):
        return made.read()


def pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def add(browser, certificates: str, reason: str = WHY):
    return browser.post("/api/v1/trust", json={"certificates": certificates, "reason": reason})


def verdict(site, content):
    return site.visit().post("/api/v1/verifications", content=content, headers=PDF).json()


def made(*, ca: bool = True, days: int = 3650, key=None, usage: bool = True) -> x509.Certificate:
    """Make a certificate as somebody might bring it."""
    key = key or ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Some Root")])
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(NOW - timedelta(days=4000))
        .not_valid_after(NOW + timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
    )
    flags = dict.fromkeys(
        ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
         "crl_sign", "encipher_only", "decipher_only"), False,
    )  # fmt: skip
    builder = builder.add_extension(x509.KeyUsage(key_cert_sign=usage, **flags), critical=True)
    return builder.sign(key, hashes.SHA256())


@pytest.mark.promise(69)
@pytest.mark.promise(70)
def test_an_authority_that_an_administrator_trusts_turns_the_verdict_and_is_named_in_it(site, bank, contract):
    administrator = site.sign_in(site.world.administrator)
    assert verdict(site, contract)["verdict"] == "not-trusted"
    added = add(administrator, pem(bank.ca.root.certificate))
    assert added.status_code == 201, added.text
    report = verdict(site, contract)
    assert report["verdict"] == "valid"
    seal = report["signatures"][0]
    assert (seal["anchor"], [seal["anchor_sha256"]]) == ("Nordbank AG Root CA", added.json()["added"])
    assert seal["assurance"] == "simple", "only this installation asks its people for a second factor"
    listed = administrator.get("/api/v1/trust").json()["items"]
    assert [each["added_by"] for each in listed] == [None, site.world.administrator.name]
    assert (listed[1]["reason"], listed[0]["id"]) == (WHY, None)
    gone = administrator.delete(f"/api/v1/trust/{listed[1]['id']}")
    assert gone.status_code == 204
    assert administrator.delete(f"/api/v1/trust/{listed[1]['id']}").status_code == 404
    assert verdict(site, contract)["verdict"] == "not-trusted"
    with site.world.db.reading() as tx:
        chosen = select(tables.audit_entries.c.kind).order_by(tables.audit_entries.c.index.desc()).limit(2)
        assert list(tx.connection.execute(chosen).scalars()) == ["trust:removed", "trust:added"]


@pytest.mark.parametrize(
    ("certificates", "words"),
    [
        (lambda: "nothing", "holds no certificate"),
        (lambda: pem(made(ca=False)), "not the certificate of an authority"),
        (lambda: pem(made(usage=False)), "not the certificate of an authority"),
        (lambda: pem(made(days=-1)), "has expired"),
        (lambda: pem(made(key=ec.generate_private_key(ec.SECP192R1()))), "too weak"),
        (lambda: pem(made()) + "-----BEGIN PRIVATE KEY-----", "private key"),
        (lambda: pem(made()) + pem(made(ca=False)), "not the certificate of an authority"),
    ],
    ids=["text", "no authority", "may not issue", "expired", "weak", "private key", "one of two"],
)
def test_what_is_no_authority_is_refused_in_words_and_nothing_is_added(site, certificates, words):
    administrator = site.sign_in(site.world.administrator)
    answer = add(administrator, certificates())
    assert answer.status_code == 400
    assert words in answer.json()["detail"]
    assert site.count("trust_anchors") == 0


def test_what_is_trusted_already_is_said_and_not_added_twice(site):
    administrator = site.sign_in(site.world.administrator)
    certificate = pem(made())
    assert add(administrator, certificate + certificate).status_code == 201
    assert "trusted already" in add(administrator, certificate).json()["detail"]
    own = x509.load_der_x509_certificate(site.portal.authority.roots[0])
    assert "trusted already" in add(administrator, pem(own)).json()["detail"]
    assert "say why" in add(administrator, pem(made()), reason=" x ").json()["detail"]
    assert site.count("trust_anchors") == 1


def test_the_page_takes_a_file_and_says_what_trusting_means(site):
    administrator = site.sign_in(site.world.administrator)
    page = administrator.get("/trust").text
    assert "can make signatures, in any name, that this portal calls trusted" in page
    file = {"file": ("root.der", made().public_bytes(serialization.Encoding.DER))}
    token = administrator.headers["x-csrf-token"]
    sent = administrator.post(
        "/trust", data={"csrf": token, "reason": WHY}, files=file, follow_redirects=False
    )
    assert sent.headers["location"] == "/trust"
    assert "Some Root" in administrator.get("/trust").text
    wrong = administrator.post(
        "/trust", data={"csrf": token, "reason": WHY}, files={"file": ("x.pem", b"no")}
    )
    assert wrong.status_code == 400
    assert "holds no certificate" in wrong.text
    officer = site.sign_in(site.world.officer).get("/trust")
    assert "Some Root" in officer.text
    assert "Trust an authority" not in officer.text

"""Documents whose times are proven by timestamp authorities of others, with failover to the built-in one."""

import dataclasses
import subprocess

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from pyhanko.pdf_utils.reader import PdfFileReader

from docvault.blobs.filesystem import FileBlobs
from docvault.certificates.algorithms import OLD_SUITES_END
from docvault.database.engine import Database
from docvault.database.migrate import migrate
from docvault.encryption.held import HeldKeys
from docvault.encryption.keyring import FileKeyring
from docvault.pdf.reasons import Verdict
from docvault.pdf.scratch import Scratch
from docvault.pdf.validate import validate
from docvault.policy.engine import Policy, default_folder
from docvault.timestamps.clocks import Clocks
from docvault.vault.authority import Authority
from docvault.vault.files import Vault
from docvault.vault.stamping import Stamping
from tsa import by_openssl, now, pem, rsa_unit, standing

from .desks import ANNA, Desk, Office, contract

OWN, OTHER = "Harbour & Pine Oy Timestamps", "Northern Clocks Timestamps"


@pytest.fixture(scope="module")
def tsa():
    with standing() as found:
        yield found


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    """Return what makes an authority of one installation that asks these clocks."""
    folder = tmp_path_factory.mktemp("house")
    db = Database(f"sqlite:///{folder / 'docvault.db'}", Policy.load(default_folder()))
    migrate(db)
    FileKeyring.create(folder / "root.key")
    vault = Vault(HeldKeys.before_masters(FileKeyring.open(folder / "root.key")), FileBlobs(folder / "blobs"))
    names = {"organisation_name": "Harbour & Pine Oy", "base_url": "https://vault.example"}
    Authority.create(db, vault, now=now(), **names)
    yield lambda clocks: Authority.load(db, vault, clock=now, clocks=clocks)
    db.close()


@pytest.fixture(scope="module")
def authority(house, tsa):
    return house(Clocks([tsa.url], (tsa.root,)))


@pytest.fixture(scope="module")
def sealed(authority, workers, tsa):
    key = authority.issue(ANNA, now=now())
    with (
        Scratch.create(contract()) as prepared,
        authority.sign(workers, prepared, key, field="anna-signature", certify=True) as signed,
        authority.seal(workers, signed) as whole,
    ):
        return whole.read()


@pytest.mark.promise(60)
def test_the_times_of_everything_are_proven_by_the_authority_of_others(authority, workers, sealed):
    with Scratch.create(sealed) as file:
        report = authority.validate(workers, file)
    assert report.verdict is Verdict.VALID, report.reasons
    assert [(each.kind, each.level) for each in report.signatures] == [
        ("signature", "B-LTA"), ("signature", "B-LTA"), ("timestamp", "timestamp")
    ]  # fmt: skip
    assert {(each.clock, each.time_source) for each in report.signatures} == {(OTHER, "timestamp")}


@pytest.mark.promise(60)
def test_what_proves_the_authority_s_certificates_is_in_the_file(sealed, tsa):
    with Scratch.create(sealed) as file:
        store = PdfFileReader(file.file).root["/DSS"]
        lists = [x509.load_der_x509_crl(each.get_object().data) for each in store["/CRLs"]]
    issuers = {each.issuer for each in lists}
    assert {tsa.ca.issuing.certificate.subject, tsa.ca.root.certificate.subject} <= issuers


def test_who_does_not_know_the_authority_s_root_is_told_so(authority, workers, sealed, tsa):
    with Scratch.create(sealed) as file:
        report = validate(workers, file, roots=authority.roots, now=now())
        known = validate(workers, file, roots=authority.roots, clock_roots=[tsa.root], now=now())
    assert report.verdict is Verdict.NOT_TRUSTED
    assert "unknown-clock" in report.codes
    assert known.verdict is Verdict.VALID


def test_the_root_of_a_clock_vouches_for_nobody_s_signature(workers, tsa):
    """Who sells timestamps may sell certificates for signing as well; those are not trusted by the way."""
    office = Office()
    office.ca = tsa.ca
    with Scratch.create(Desk(workers, office).seal(contract(), certify=True)) as sealed:
        report = validate(workers, sealed, roots=[], clock_roots=[tsa.root], now=now())
    assert report.verdict is Verdict.NOT_TRUSTED
    assert report.signatures[0].code == "unknown-signer"


@pytest.mark.promise(85)
@pytest.mark.parametrize("lie", ["fails", "garbage", "another nonce", "forged"])
def test_with_no_other_clock_the_built_in_one_is_used_and_shown(house, workers, tsa, lie):
    clocks = Clocks([tsa.url], (tsa.root,))
    degraded = house(clocks)
    tsa.lie = lie
    try:
        with Scratch.create(contract()) as plain, degraded.seal(workers, plain, certify=True) as whole:
            report = degraded.validate(workers, whole)
    finally:
        tsa.lie = ""
    assert report.verdict is Verdict.VALID, report.reasons
    assert {each.clock for each in report.signatures} == {OWN}


@pytest.mark.promise(85)
def test_a_clock_that_fails_between_two_stamps_of_one_seal_leaves_a_valid_document(
    house, authority, workers, tsa, monkeypatch
):
    """The signature has its time from one clock, the archive from the other."""
    given = []

    def twice(request):
        given.append(request)
        return tsa.ours(request) if len(given) <= 3 else b"gone"  # the look, the size, the signature

    monkeypatch.setattr(tsa, "stamp", twice)
    with Scratch.create(contract()) as plain, authority.seal(workers, plain, certify=True) as whole:
        report = house(Clocks([], (tsa.root,))).validate(workers, whole)
    assert report.verdict is Verdict.VALID, report.reasons
    assert [each.clock for each in report.signatures] == [OTHER, OWN]


def test_a_clock_that_failed_is_not_taken_back_within_one_deed(authority, tsa):
    stamping = Stamping.begin(lambda _: b"own", Clocks([tsa.url], (tsa.root,)))
    tsa.lie = "fails"
    assert stamping.answer(b"request") == b"own"
    tsa.lie = ""
    assert stamping.answer(b"request") == b"own"


@pytest.mark.promise(60)
def test_openssl_verifies_the_archive_timestamp_with_the_authority_s_root_alone(sealed, tsa, tmp_path):
    with Scratch.create(sealed) as file:
        last = PdfFileReader(file.file).embedded_timestamp_signatures[-1]
        first, size, after, rest = (int(each) for each in last.byte_range)
        (tmp_path / "data").write_bytes(sealed[first : first + size] + sealed[after : after + rest])
        (tmp_path / "token").write_bytes(last.pkcs7_content)
    (tmp_path / "root.pem").write_bytes(pem(tsa.root))
    issuing = tsa.ca.issuing.certificate.public_bytes(Encoding.PEM)
    (tmp_path / "issuing.pem").write_bytes(issuing)
    command = ["openssl", "ts", "-verify", "-in", "token", "-token_in", "-data", "data", "-CAfile", "root.pem",
               "-untrusted", "issuing.pem"]  # fmt: skip
    verify = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "Verification: OK" in verify.stdout, verify.stderr


@pytest.mark.promise(59)
def test_a_timestamp_made_with_rsa_lasts_until_its_algorithm_ends(house, workers, tsa, tmp_path, monkeypatch):
    monkeypatch.setattr(tsa, "stamp", by_openssl(tsa, tmp_path, unit=rsa_unit(tsa, 2048)))
    authority = house(Clocks([tsa.url], (tsa.root,)))  # for which nothing rests
    with Scratch.create(contract()) as plain, authority.seal(workers, plain, certify=True) as whole:
        report = authority.validate(workers, whole)
    assert report.verdict is Verdict.VALID, report.reasons
    assert {each.clock for each in report.signatures} == {OTHER}
    assert report.signatures[-1].good_until == OLD_SUITES_END


def test_a_timestamp_says_how_long_it_lasts(authority, workers, sealed, tsa):
    with Scratch.create(sealed) as file:
        report = authority.validate(workers, file)
    assert report.signatures[-1].good_until == tsa.ca.timestamp.certificate.not_valid_after_utc
    assert report.signatures[0].good_until is None
    assert dataclasses.asdict(report)["signatures"][-1]["clock"] == OTHER

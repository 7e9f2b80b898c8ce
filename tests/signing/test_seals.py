"""Documents that the organisation closes with a key of its own: in a file, in a token, in a key service."""

import subprocess
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, pkcs12

from docvault.blobs.filesystem import FileBlobs
from docvault.certificates import authority as certificates
from docvault.certificates import chains
from docvault.certificates.chains import ChainOutOfTime
from docvault.database import audit_trail, keys
from docvault.database.audit_trail import Filters
from docvault.database.engine import Database
from docvault.database.migrate import migrate
from docvault.encryption.held import HeldKeys
from docvault.encryption.keyring import FileKeyring
from docvault.pdf.reasons import Verdict
from docvault.pdf.scratch import Scratch
from docvault.pdf.validate import validate
from docvault.policy.engine import Policy, default_folder
from docvault.seals.errors import SealAway
from docvault.seals.seal import open_seal
from docvault.vault import seals
from docvault.vault.authority import Authority
from docvault.vault.files import Vault
from key_service import KeyService, serving
from softhsm import address

from .desks import ANNA, contract
from .test_independent import cut_out, pdfsig, run

P256 = ec.generate_private_key(ec.SECP256R1())
RSA = rsa.generate_private_key(65537, 3072)


def now():
    return datetime.now(UTC)


OTHERS = certificates.create("Trust Services Ltd", "https://ca.example", now())


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    folder = tmp_path_factory.mktemp("house")
    db = Database(f"sqlite:///{folder / 'docvault.db'}", Policy.load(default_folder()))
    migrate(db)
    FileKeyring.create(folder / "root.key")
    vault = Vault(HeldKeys.before_masters(FileKeyring.open(folder / "root.key")), FileBlobs(folder / "blobs"))
    Authority.create(
        db, vault, organisation_name="Harbour & Pine Oy", base_url="https://vault.example", now=now()
    )
    yield db, vault
    db.close()


@pytest.fixture(scope="module")
def signed(house, workers):
    """A contract that Anna signed."""
    authority = Authority.load(*house)
    key = authority.issue(ANNA, now=now())
    with (
        Scratch.create(contract()) as prepared,
        authority.sign(workers, prepared, key, field="anna-signature", certify=True) as made,
    ):
        return made.read()


def in_file(folder, key):
    """Return a seal that others certified, with their revocation lists."""
    own = OTHERS.certify_seal(key.public_key(), now())
    made = pkcs12.serialize_key_and_certificates(b"seal", key, own, None, NoEncryption())
    (folder / "seal.p12").write_bytes(made)
    lists = [x509.load_der_x509_crl(each) for each in (OTHERS.root_crl(now()), OTHERS.issuing_crl(now()))]
    upper = chains.dump([OTHERS.issuing.certificate, OTHERS.root.certificate])
    (folder / "chain.pem").write_bytes(upper + b"".join(each.public_bytes(Encoding.PEM) for each in lists))
    return open_seal(f"pkcs12:{folder / 'seal.p12'}", chain=str(folder / "chain.pem"))


@pytest.fixture
def service(aws, monkeypatch):
    with serving(KeyService({"alias/seal": RSA})) as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL_KMS", url)
        yield "kms:alias/seal"


@pytest.fixture(params=["file, P-256", "file, RSA", "token, P-256", "service, RSA"])
def seal(request, tmp_path):
    if request.param.startswith("file"):
        return in_file(tmp_path, P256 if request.param.endswith("P-256") else RSA)
    if request.param.startswith("token"):
        return open_seal(address(request.getfixturevalue("token"), "seal"))
    return open_seal(request.getfixturevalue("service"))


def sealed_with(house, workers, seal, signed):
    authority = Authority.load(*house)
    authority.use(seal)
    with Scratch.create(signed) as source, authority.seal(workers, source) as made:
        return authority, made.read()


def judged(authority, workers, content):
    with Scratch.create(content) as source:
        return authority.validate(workers, source)


@pytest.mark.promise(59, 60)
def test_everybody_accepts_what_any_kind_of_seal_closed(house, workers, seal, signed, tmp_path):
    authority, content = sealed_with(house, workers, seal, signed)
    report = judged(authority, workers, content)
    assert report.verdict is Verdict.VALID, report.reasons
    assert [each.level for each in report.signatures] == ["B-LTA", "B-LTA", "timestamp"]
    assert report.signatures[1].assurance == "simple", "a seal is no person"

    roots = [x509.load_der_x509_certificate(each) for each in (*authority.roots, *authority.seals.values())]
    (tmp_path / "roots.pem").write_bytes(chains.dump(roots))
    (tmp_path / "sealed.pdf").write_bytes(content)
    _trust_all(tmp_path, roots)
    told = [each for each in pdfsig(tmp_path, "sealed.pdf") if "ETSI.CAdES.detached" in each]
    assert len(told) == 2
    for signature in told:
        assert "Signature is Valid." in signature
        assert "Certificate is Trusted." in signature
    for each in [one for one in cut_out(content) if not one.stamp]:
        (tmp_path / "sig.p7s").write_bytes(each.der)
        (tmp_path / "sig.data").write_bytes(each.signed)
        status, words = run(
            tmp_path, "openssl", "cms", "-verify", "-binary", "-inform", "DER", "-in", "sig.p7s", "-content",
            "sig.data", "-CAfile", "roots.pem", "-purpose", "smimesign", "-cades", "-out", "/dev/null",
        )  # fmt: skip
        assert status == 0, words


def _trust_all(folder, roots):
    (folder / "nss").mkdir()
    run(folder, "certutil", "-N", "-d", "sql:nss", "--empty-password")
    for number, root in enumerate(roots):
        (folder / "one.pem").write_bytes(chains.dump([root]))
        made = ["certutil", "-A", "-d", "sql:nss", "-n", f"Root {number}", "-t", "CT,C,C", "-i", "one.pem"]
        subprocess.run(made, cwd=folder, check=True, capture_output=True)


def test_what_an_earlier_seal_closed_stays_valid_and_a_strangers_does_not(
    house, workers, signed, token, tmp_path
):
    """Rotation is a change of the setting; the certificates of earlier ones are remembered."""
    _, first = sealed_with(house, workers, in_file(tmp_path, P256), signed)
    _, second = sealed_with(house, workers, open_seal(address(token, "another-seal")), signed)
    _, third = sealed_with(house, workers, open_seal(address(token, "seal")), signed)
    built_in = Authority.load(*house)
    for content in (first, second, third):
        assert judged(built_in, workers, content).verdict is Verdict.VALID
    with Scratch.create(first) as source:  # without that memory the seal is a stranger
        report = validate(workers, source, roots=built_in.roots)
    assert report.verdict is Verdict.NOT_TRUSTED
    # Its authority is believed about that very seal, and about nothing else that it certified.
    authority = Authority.load(*house)
    stranger = in_file(tmp_path, ec.generate_private_key(ec.SECP256R1()))
    authority._outside = seals.SealUsed(stranger, stranger.chain)
    with Scratch.create(signed) as source, authority.seal(workers, source) as made:
        forged = made.read()
    assert judged(built_in, workers, forged).verdict is Verdict.NOT_TRUSTED


def test_naming_the_same_seal_again_changes_nothing_and_each_new_one_is_in_the_trail(
    house, workers, token, service
):
    db, vault = house
    with db.reading() as tx:
        before = len(keys.generations(tx, seals.NAME))
        entries = _noted(tx)
    for address_ in (address(token, "rsa-seal"), address(token, "rsa-seal"), service):
        Authority.load(db, vault).use(open_seal(address_))
    with db.reading() as tx:
        rows = keys.generations(tx, seals.NAME)
        assert len(rows) == before + 2
        assert _noted(tx) == entries + 2
        assert all(row.wrapped == b"" for row in rows), "no secret of a seal is kept here"


def _noted(tx):
    end = audit_trail.size(tx)
    return sum(
        row.facts["kind"] == seals.NAME
        for row in audit_trail.batch(tx, Filters(kind="key:rotation:done"), start=0, below=end)
    )


def test_a_server_starts_without_its_token_and_says_so_before_anything_is_sent(
    house, workers, token, tmp_path
):
    Authority.load(*house).use(open_seal(address(token, "seal")))
    away = address(token, "seal").replace(str(token / "pin"), str(tmp_path / "no-pin"))
    authority = Authority.load(*house)
    authority.use(open_seal(away))
    with Scratch.create(contract()) as prepared:
        (problem,) = authority.preflight(workers, prepared, [])
        assert "PIN of the token cannot be read" in problem.detail
        assert "does not answer. Please tell whoever runs this portal" in problem.words
        assert "no-pin" not in problem.words
        with pytest.raises(SealAway):
            authority.seal(workers, prepared)


def test_an_expired_seal_closes_nothing_and_is_named_among_what_ends(house, workers, tmp_path):
    seal = in_file(tmp_path, P256)
    late = Authority.load(*house, clock=lambda: seal.chain[0].not_valid_after_utc + timedelta(days=1))
    late.use(seal)
    with Scratch.create(contract()) as prepared:
        assert any("ended on" in each.detail for each in late.preflight(workers, prepared, []))
        with pytest.raises(ChainOutOfTime, match="DOCVAULT_SIGNER"):
            late.seal(workers, prepared)
    names = [end.name for end in late.ends()]
    assert names.count(seals.NAME) == 3
    assert "ca-seal" not in names

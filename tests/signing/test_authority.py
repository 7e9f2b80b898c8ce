"""The authority of a real, freshly made installation on disk."""

from datetime import UTC, datetime

import pytest
from cryptography import x509

from docvault.blobs.filesystem import FileBlobs
from docvault.certificates.keys import KeyAlreadyUsed
from docvault.database import keys
from docvault.database.engine import Database
from docvault.database.migrate import migrate
from docvault.encryption.errors import EncryptionError
from docvault.encryption.held import HeldKeys
from docvault.encryption.keyring import FileKeyring
from docvault.pdf.reasons import Verdict
from docvault.pdf.scratch import Scratch
from docvault.policy.engine import Policy, default_folder
from docvault.vault.authority import Authority
from docvault.vault.files import Vault
from every_key import every_key

from .desks import ANNA, contract


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    folder = tmp_path_factory.mktemp("house")
    db = Database(f"sqlite:///{folder / 'docvault.db'}", Policy.load(default_folder()))
    migrate(db)
    FileKeyring.create(folder / "root.key")
    vault = Vault(HeldKeys.before_masters(FileKeyring.open(folder / "root.key")), FileBlobs(folder / "blobs"))
    yield db, vault, folder
    db.close()


@pytest.fixture(scope="module")
def authority(house):
    db, vault, _ = house
    assert not Authority.exists(db)
    Authority.create(
        db,
        vault,
        organisation_name="Harbour & Pine Oy",
        base_url="https://vault.example",
        now=datetime.now(UTC),
    )
    assert Authority.exists(db)
    return Authority.load(db, vault)


@pytest.mark.promise(55)
def test_no_private_key_lies_in_the_database_in_clear(house, authority):
    folder = house[2]
    stored = b"".join(path.read_bytes() for path in folder.glob("docvault.db*"))
    secrets = every_key(house[0], (folder / "root.key").read_text())
    for pair in (authority._authority.root, authority._authority.issuing, authority._authority.seal):
        assert pair.der in stored, "the search looks in the right place"
    assert {"key:ca-root", "key:ca-issuing", "key:ca-seal"} <= secrets.keys()
    for secret in secrets.values():
        assert secret not in stored


def test_a_wrapped_key_moved_to_another_name_does_not_open(house, authority):
    db, vault, _ = house
    with db.reading() as tx:
        wrapped = keys.get(tx, "ca-root").wrapped
    with pytest.raises(EncryptionError):
        vault.records.open("key:ca-seal", wrapped)


def test_loading_twice_gives_the_same_root(house, authority):
    db, vault, _ = house
    assert Authority.load(db, vault).roots == authority.roots


def test_a_person_signs_once_and_the_seal_closes_the_document(authority, workers):
    key = authority.issue(ANNA, now=datetime.now(UTC))
    with (
        Scratch.create(contract()) as prepared,
        authority.sign(workers, prepared, key, field="anna-signature", certify=True) as signed,
        authority.seal(workers, signed) as sealed,
    ):
        report = authority.validate(workers, sealed)
        assert report.verdict is Verdict.VALID
        assert [each.signer for each in report.signatures] == [
            "Anna Lindqvist",
            "Harbour & Pine Oy Seal",
            "Harbour & Pine Oy Timestamps",
        ]
        with pytest.raises(KeyAlreadyUsed):
            authority.sign(workers, signed, key, field="tomas-signature", certify=False)


def test_preflight_passes_a_document_that_can_be_completed(authority, workers):
    before = contract()
    with Scratch.create(before) as prepared:
        assert authority.preflight(workers, prepared, ["Anna Lindqvist", "Łukasz Żółć", "محمد رضایی"]) == []
        assert prepared.read() == before, "the trial leaves the document as it was"


def test_preflight_names_letters_that_cannot_be_drawn(authority, workers):
    with Scratch.create(contract()) as prepared:
        problems = authority.preflight(workers, prepared, ["Anna \U0001f9ff"])
    words = "No installed font can draw these letters of the name Anna \U0001f9ff: \U0001f9ff"
    assert [one.words for one in problems] == [words]


def test_preflight_says_why_a_document_cannot_be_sealed(authority, workers):
    with Scratch.create(b"%PDF-1.7 but nothing else") as broken:
        problems = authority.preflight(workers, broken, [])
    assert len(problems) == 1
    assert problems[0].words.startswith("A trial signature failed: ")


def test_preflight_refuses_certificates_out_of_their_time(house, authority, workers):
    db, vault, _ = house
    late = Authority.load(db, vault, clock=lambda: datetime(2060, 1, 1, tzinfo=UTC))
    with Scratch.create(contract()) as prepared:
        problems = late.preflight(workers, prepared, [])
    assert any("not valid at this time" in each.words for each in problems)


def test_published_files_are_the_certificates_and_fresh_lists(authority):
    assert authority.published("root.cer") == authority.roots[0]
    issuing = x509.load_der_x509_certificate(authority.published("issuing.cer"))
    assert x509.load_der_x509_crl(authority.published("issuing.crl")).is_signature_valid(issuing.public_key())

"""Evidence to take away: whole, true, and checked by programs that are not ours; no change goes unseen."""

import hashlib
import io
import json
import subprocess
import zipfile

import pytest
from typer.testing import CliRunner

from docvault.actions import envelopes, evidence_bundles
from docvault.audit import evidence
from docvault.audit.evidence import EvidenceRefused
from docvault.audit.verdict import BundleRefused
from docvault.cli.audit import app
from docvault.policy.engine import Forbidden
from docvault.rules import evidence as paths
from docvault.values import NotFound

from . import envelope_world as signing
from .test_several_documents import sent, signed
from .world import NOW


@pytest.fixture(scope="module")
def world(tmp_path_factory, pdf):
    built = signing.build_signing(tmp_path_factory.mktemp("evidence"), pdf)
    yield built
    built.vault.close()
    built.db.close()


def take(made, envelope_id, acting=None):
    found = evidence_bundles.take_evidence(
        made.db,
        made.vault,
        made.pdf,
        made.authority,
        made.log_key,
        acting=acting or made.world.manager,
        envelope_id=envelope_id,
        now=NOW,
    )
    return b"".join(found.parts)


@pytest.fixture(scope="module")
def completed(world):
    envelope_id = signed(world)
    return world, envelope_id, take(world, envelope_id)


@pytest.fixture(scope="module")
def unpacked(completed, tmp_path_factory):
    folder = tmp_path_factory.mktemp("unpacked")
    with zipfile.ZipFile(io.BytesIO(completed[2])) as archive:
        archive.extractall(folder)
    return folder


def verify(body, key=None):
    return evidence.verify(io.BytesIO(body), key=key)


def run(folder, *command, **options):
    return subprocess.run(command, cwd=folder, capture_output=True, check=False, **options)


@pytest.mark.promise(71)
def test_the_evidence_of_a_completed_envelope_holds(completed):
    made, envelope_id, body = completed
    found = verify(body, made.log_key.public)
    assert found.completed
    assert found.envelope == envelope_id
    assert [name[:12] for name in found.documents] == ["documents/01", "documents/02", "documents/03"]
    assert found.trail.trusted


def test_it_has_every_file_that_its_format_names(completed):
    with zipfile.ZipFile(io.BytesIO(completed[2])) as archive:
        names = archive.namelist()
    assert names[-1] == "SHA256SUMS"
    for part in ("README.txt", "certificate-of-completion.pdf", "audit/trail.zip", "signatures/index.json"):
        assert part in names
    for ending in ("p7s", "signature", "tst", "cer"):
        assert f"signatures/03-01.{ending}" in names
    assert {"consents/en-2.txt"} == {name for name in names if name.startswith("consents/")}
    assert any(name.startswith("roots/") for name in names)


def test_sha256sum_finds_it_whole(unpacked):
    assert run(unpacked, "sha256sum", "--check", "--strict", "SHA256SUMS").returncode == 0


@pytest.fixture(scope="module")
def pem(unpacked):
    """The roots, and all other certificates, as PEM: what README.txt says to make."""
    for kind in ("roots", "certificates"):
        found = sorted((unpacked / kind).glob("*.cer"))
        whole = b"".join(
            run(unpacked, "openssl", "x509", "-inform", "DER", "-in", str(each)).stdout for each in found
        )
        (unpacked / f"{kind}.pem").write_bytes(whole)
    return unpacked


def covered(folder, one):
    body = (folder / one["document"]).read_bytes()
    return b"".join(body[start : start + length] for start, length in one["covers"])


def test_openssl_accepts_every_signature_that_was_taken_out(pem):
    index = json.loads((pem / "signatures/index.json").read_text())
    signatures = [one for one in index if one["kind"] == "signature"]
    assert [one["who"] for one in signatures[:2]] == ["Clara Client", "Maya Manager"]
    assert len(signatures) == 9
    for one in signatures:
        (pem / "signed.bin").write_bytes(covered(pem, one))
        given = (
            "-in",
            f"signatures/{one['signature']}.p7s",
            "-content",
            "signed.bin",
            "-CAfile",
            "roots.pem",
        )
        options = ("-binary", "-cades", "-purpose", "any", "-inform", "DER", "-out", "/dev/null")
        assert run(pem, "openssl", "cms", "-verify", *options, *given).returncode == 0, one


def test_openssl_accepts_every_timestamp_over_a_signature(pem):
    tokens = sorted((pem / "signatures").glob("*.tst"))
    assert len(tokens) == 9
    for token in tokens:
        given = ("-in", str(token), "-data", str(token.with_suffix(".signature")), "-CAfile", "roots.pem")
        options = ("-token_in", "-untrusted", "certificates.pem")
        assert run(pem, "openssl", "ts", "-verify", *given, *options).returncode == 0, token.name


def rewritten(body, change, *, sums=True):
    """Return the bundle with its files changed by `change`, and SHA256SUMS made to fit."""
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        files = {name: archive.read(name) for name in archive.namelist() if name != "SHA256SUMS"}
        kept = archive.read("SHA256SUMS")
    change(files)
    digests = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
        archive.writestr("SHA256SUMS", paths.sums(digests) if sums else kept)
    return made.getvalue()


def test_a_changed_byte_in_any_file_is_named(completed):
    body = completed[2]
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        names = [name for name in archive.namelist() if name != "SHA256SUMS"]
    for name in names:

        def flip(files, name=name):
            files[name] = files[name][:-1] + bytes([files[name][-1] ^ 1])

        with pytest.raises(EvidenceRefused, match="is not the file that was exported"):
            verify(rewritten(body, flip, sums=False))


def swap(one, other):
    def change(files):
        first, second = (next(name for name in files if name.startswith(part)) for part in (one, other))
        files[first], files[second] = files[second], files[first]

    return change


def drop(part):
    def change(files):
        files.pop(next(name for name in files if name.startswith(part)))

    return change


FORGERIES = {
    "two signed documents change places": swap(
        "documents/01 Agreement (signed)", "documents/02 Annex (signed)"
    ),
    "a signed document is the empty one": swap(
        "documents/01 Agreement (signed)", "documents/01 Agreement (as"
    ),
    "a signed document is left out": drop("documents/03 Prices (signed)"),
    "what was sent is left out": drop("documents/03 Prices (as"),
    "the certificate is left out": drop("certificate-of-completion"),
    "the text they agreed to is left out": drop("consents/en-2"),
    "the text they agreed to is another": lambda files: files.update({"consents/en-2.txt": b"I pay twice."}),
    "a signer's certificate is left out": drop("signatures/02-01.cer"),
    "the trail is of another envelope": lambda files: files.update(
        {"audit/trail.zip": b"PK\x05\x06" + bytes(18)}
    ),
}


@pytest.mark.parametrize("forgery", FORGERIES)
def test_a_bundle_that_was_put_together_anew_is_refused(completed, forgery):
    made, _, body = completed
    verify(rewritten(body, lambda _: None), made.log_key.public)
    with pytest.raises((EvidenceRefused, BundleRefused)):
        verify(rewritten(body, FORGERIES[forgery]), made.log_key.public)


def test_the_trail_of_another_envelope_in_the_same_log_is_refused(completed):
    made, _, body = completed
    with zipfile.ZipFile(io.BytesIO(take(made, sent(made)))) as archive:
        other = archive.read("audit/trail.zip")
    with pytest.raises(EvidenceRefused, match=r"of which the log speaks|the archive has"):
        verify(rewritten(body, lambda files: files.update({"audit/trail.zip": other})), made.log_key.public)


def test_an_envelope_that_was_voided_has_evidence_too(world):
    envelope_id = sent(world)
    envelopes.void_envelope(
        world.db, world.vault, acting=world.world.manager, envelope_id=envelope_id, reason="Wrong", now=NOW
    )
    found = verify(take(world, envelope_id), world.log_key.public)
    assert not found.completed
    assert len(found.documents) == 3


@pytest.mark.promise(66)
def test_half_signed_documents_are_not_in_it(world):
    envelope_id = sent(world)
    signing.sign(world, world.world.client, envelope_id)
    signing.advance(world, envelope_id)
    with zipfile.ZipFile(io.BytesIO(take(world, envelope_id))) as archive:
        assert not [
            name for name in archive.namelist() if "(signed)" in name or name.startswith("signatures")
        ]


@pytest.mark.parametrize(("who", "refusal"), [("other_client", NotFound), ("officer", Forbidden)])
def test_whoever_may_not_read_the_documents_gets_no_evidence(completed, who, refusal):
    made, envelope_id, _ = completed
    with pytest.raises(refusal):
        take(made, envelope_id, made.world.everybody[who])


def test_the_command_says_what_holds_and_what_does_not(completed, tmp_path):
    made, envelope_id, body = completed
    whole, key, forged = tmp_path / "evidence.zip", tmp_path / "log.key", tmp_path / "forged.zip"
    whole.write_bytes(body)
    key.write_text(made.log_key.public.text)
    forged.write_bytes(rewritten(body, FORGERIES["a signed document is left out"]))
    good = CliRunner().invoke(app, ["verify", str(whole), "--key", str(key), "--json"])
    assert good.exit_code == 0
    assert json.loads(good.output)["envelope"] == envelope_id
    bad = CliRunner().invoke(app, ["verify", str(forged), "--key", str(key)])
    assert bad.exit_code == 1
    assert "NOT verified. The log speaks of 3 documents" in bad.output

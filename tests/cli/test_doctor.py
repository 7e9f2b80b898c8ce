"""`docvault doctor --deep` as an operator and a program run it."""

import json
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption
from cryptography.hazmat.primitives.serialization.pkcs12 import serialize_key_and_certificates
from structlog.testing import capture_logs
from typer.testing import CliRunner

from docvault import wiring
from docvault.blobs.filesystem import FileBlobs
from docvault.blobs.store import StoreFailed
from docvault.cli import examination, serving
from docvault.cli.main import app
from docvault.settings import Settings, SettingsInvalid, load
from tsa import pem, standing


def test_a_left_over_object_is_named_and_the_exit_code_says_so(tmp_path):
    settings = Settings(data=tmp_path / "data")
    wiring.prepare(settings).close()
    left_over = f"{'ab' * 16}/000000"
    FileBlobs(settings.blob_folder).put(left_over, b"nobody's")
    done = CliRunner().invoke(app, ["doctor", "--deep", "--json", "--data", str(settings.data)])
    assert done.exit_code == 1, done.output
    findings = json.loads(done.output)["findings"]
    assert [one["name"] for one in findings if not one["well"]] == ["orphan"]
    assert left_over in findings[-1]["words"]
    FileBlobs(settings.blob_folder).delete(left_over)
    done = CliRunner().invoke(app, ["doctor", "--deep", "--data", str(settings.data)])
    assert done.exit_code == 0, done.output
    assert "0 versions open" in done.output


def test_timestamp_authorities_are_looked_at_one_by_one(tmp_path):
    roots = tmp_path / "tsa.pem"
    with standing() as tsa:
        roots.write_bytes(pem(tsa.root))
        settings = Settings(data=tmp_path / "data", tsa_urls=(tsa.url,), tsa_roots=str(roots))
        portal = wiring.prepare(settings)
        try:
            assert examination._timestamps(portal) == (
                f"{tsa.host} answers as Northern Clocks Timestamps; 0 files wait for a timestamp of theirs"
            )
            tsa.lie = "another nonce"
            with pytest.raises(examination.NotWell, match=r"another question .* built-in clock until"):
                examination._timestamps(portal)
        finally:
            portal.close()


def test_a_seal_from_elsewhere_is_tried_or_says_why_it_cannot_be(tmp_path, monkeypatch):
    settings = Settings(data=tmp_path / "data")
    wiring.prepare(settings).close()
    key = ec.generate_private_key(ec.SECP256R1())
    lock = BestAvailableEncryption(b"quite secret")
    (tmp_path / "seal.p12").write_bytes(serialize_key_and_certificates(b"seal", key, None, None, lock))
    monkeypatch.setenv("DOCVAULT_SIGNER", f"pkcs12:{tmp_path / 'seal.p12'}")
    for passphrase, words in (("wrong", "PASSPHRASE is wrong"), ("quite secret", "the seal is pkcs12:")):
        monkeypatch.setenv("DOCVAULT_SIGNER_PASSPHRASE", passphrase)
        done = CliRunner().invoke(app, ["doctor", "--data", str(settings.data)])
        assert words in done.output
        assert passphrase not in done.output.replace(words, "")
    assert done.exit_code == 0, done.output


@pytest.mark.parametrize("signer", ["seal.p12", "pkcs12", "file:/seal.p12", "kms"])
def test_a_signer_that_is_none_is_refused_with_what_to_write(signer):
    with pytest.raises(SettingsInvalid, match=r"built-in, pkcs12:/path/of/seal\.p12, pkcs11:… or kms:…"):
        load({"DOCVAULT_SIGNER": signer})


def test_a_start_tries_one_signature_and_says_what_would_keep_documents_from_being_completed(
    tmp_path, monkeypatch
):
    portal = wiring.prepare(Settings(data=tmp_path / "data"))

    def away():
        raise StoreFailed

    try:
        with capture_logs() as told:
            serving._try_signing(portal)
        assert [one["event"] for one in told] == ["preflight.passed"]
        monkeypatch.setattr(portal.blobs, "probe", away)
        last = min(end.at for end in portal.authority.ends())
        monkeypatch.setattr(portal.authority, "_clock", lambda: last + timedelta(days=1))
        with capture_logs() as told:
            serving._try_signing(portal)
    finally:
        portal.close()
    words = [one["words"] for one in told if one["event"] == "preflight.failed"]
    assert any("Stored files cannot be reached" in each for each in words)
    assert any("not valid at this time" in each for each in words)


def test_roots_that_cannot_be_read_stop_the_start_in_words(tmp_path):
    (tmp_path / "empty.pem").write_text("nothing")
    for name in ("empty.pem", "missing.pem"):
        settings = Settings(tsa_roots=str(tmp_path / name))
        with pytest.raises(SettingsInvalid, match="TSA_ROOTS cannot be used"):
            wiring.trusted_clocks(settings)

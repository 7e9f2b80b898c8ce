import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from docvault.audit import checkpoints
from docvault.audit.checkpoints import (
    LogKey,
    PublicKey,
    open_checkpoint,
    open_note,
    sign_checkpoint,
    sign_note,
)
from docvault.audit.errors import NoteInvalid

from .bundles import ORIGIN, log_key

ROOT = bytes(range(32))

# The example of golang.org/x/mod/sumdb/note, which c2sp.org/signed-note describes.
GO_KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
GO_TEXT = (
    "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
)
GO_NOTE = (
    GO_TEXT
    + "\n— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)


@pytest.mark.promise(75)
def test_a_note_signed_by_another_implementation_is_opened():
    assert open_note(GO_NOTE, PublicKey.read(GO_KEY)) == GO_TEXT


def test_a_checkpoint_is_opened_again():
    found = open_checkpoint(sign_checkpoint(log_key(), 42, ROOT), log_key().public)
    assert (found.origin, found.size, found.root) == (ORIGIN, 42, ROOT)


def test_a_checkpoint_is_a_note_of_three_lines_and_one_signature():
    lines = sign_checkpoint(log_key(), 42, ROOT).split("\n")
    assert lines[:4] == [ORIGIN, "42", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=", ""]
    assert lines[4].startswith(f"— {ORIGIN} ")
    assert lines[5:] == [""]


def test_signatures_of_witnesses_may_stand_beside_ours():
    note = sign_checkpoint(log_key(), 42, ROOT)
    witness = sign_note(log_key(9, "witness.example"), note.partition("\n\n")[0] + "\n").split("\n")[-2]
    assert open_checkpoint(note + witness + "\n", log_key().public).size == 42


@pytest.mark.parametrize(
    "key", [log_key(2).public, log_key(1, "other.example/audit").public], ids=["another key", "another name"]
)
def test_a_note_of_another_key_is_refused(key):
    with pytest.raises(NoteInvalid, match="not signed by this"):
        open_note(sign_checkpoint(log_key(), 42, ROOT), key)


def test_a_changed_text_is_refused():
    with pytest.raises(NoteInvalid, match="signature"):
        open_note(sign_checkpoint(log_key(), 42, ROOT).replace("\n42\n", "\n43\n"), log_key().public)


@pytest.mark.parametrize(
    "note",
    [
        "",
        "text",
        "text\n",
        "text\n\n",
        "\n\n— a b\n",
        "text\n\n— name\n",
        "text\n\n- name AAAAAAAA\n",
        "text\n\n— name AAAA\n",
        "text\n\n— name A===\n",
        "text\n\n— name AAAAAAB=\n",
        "text\n\n— na+me AAAAAAAA\n",
        "te\x00xt\n\n— name AAAAAAAA\n",
        "text\n\n— name AAAAAAAA",
    ],
)
def test_a_malformed_note_is_refused(note):
    with pytest.raises(NoteInvalid):
        open_note(note, log_key().public)


@pytest.mark.parametrize(
    "text",
    [
        f"{ORIGIN}\n42\n",
        f"{ORIGIN}\n042\nAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n",
        f"{ORIGIN}\n-1\nAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n",
        f"{ORIGIN}\n42\nc2hvcnQ=\n",
        f"{ORIGIN}\n42\n***\n",
        "other.example\n42\nAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n",
    ],
)
def test_a_signed_note_that_is_no_checkpoint_is_refused(text):
    with pytest.raises(NoteInvalid):
        open_checkpoint(sign_note(log_key(), text), log_key().public)


def test_a_key_line_is_read_again():
    key = log_key().public
    assert PublicKey.read(key.text + "\n") == key
    assert len(key.fingerprint.replace(" ", "")) == 64


@pytest.mark.parametrize(
    "text",
    [
        "",
        "name",
        "name+00000000+AAAA",
        GO_KEY.replace("c74f20a3", "c74f20a4"),
        GO_KEY.replace("PeterNeumann", "PeterNeuman"),
        GO_KEY[:-1] + "X",
        "name+12345678+" + checkpoints.base64.b64encode(b"\x02" + ROOT).decode(),
        "name+12345678+" + checkpoints.base64.b64encode(b"\x01" + ROOT[1:]).decode(),
        "name+12345678+A",
    ],
)
def test_a_malformed_key_line_is_refused(text):
    with pytest.raises(NoteInvalid):
        PublicKey.read(text)


@pytest.mark.parametrize("origin", ["", "with space", "with+plus", "new\nline"])
def test_an_origin_that_no_note_can_carry_is_refused(origin):
    with pytest.raises(NoteInvalid):
        LogKey(origin, Ed25519PrivateKey.generate())

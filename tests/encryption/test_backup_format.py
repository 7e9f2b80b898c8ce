"""Another program reads a backup with nothing but docs/formats/backup.md; and frames are bound to their place."""

import base64
import hashlib
import io
import json
import os
from datetime import UTC, datetime

import msgspec
import pytest
from argon2.low_level import Type, hash_secret_raw
from hypothesis import given
from hypothesis import strategies as st

from docvault.credentials import passphrases
from docvault.credentials.passphrases import Cost
from docvault.encryption.errors import EncryptionError
from docvault.encryption.streams import FRAME, FrameReader, FrameWriter
from docvault.vault import backups

from . import independent

WORDS = "orchard lantern tugboat 47 pewter"
NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


def read_backup(file: bytes, secret: str) -> bytes:
    """Return the content, as the page describes it; shares no code with the product."""
    title, line, frames = file.split(b"\n", 2)
    assert title == b"docvault-backup-v1"
    header = json.loads(line)
    key = header["key"]
    if key["kind"] == "passphrase":
        slot = hash_secret_raw(
            secret.encode(),
            base64.b64decode(key["salt"]),
            time_cost=key["passes"],
            memory_cost=key["memory_kib"],
            parallelism=key["lanes"],
            hash_len=32,
            type=Type.ID,
            version=0x13,
        )
    else:
        slot = base64.b32decode(secret.replace("-", "").upper() + "====")
    said = json.dumps(key, sort_keys=True, separators=(",", ":"))
    about = f"docvault/backup-key/v1\nid {header['id']}\nkey {said}\n".encode()
    wrapped = base64.b64decode(header["wrapped"])
    data_key = independent.open_record(independent.derive(slot, "backup-slot"), about, wrapped)
    frame_key = independent.derive(data_key, "backup-frame")
    before = hashlib.sha256(title + b"\n" + line + b"\n").hexdigest()
    content, number = b"", 0
    while frames:
        length = int.from_bytes(frames[:4], "big")
        sealed, frames = frames[4 : 4 + length], frames[4 + length :]
        about = (
            f"docvault/backup-frame/v1\nheader {before}\nframe {number}\nlast {int(not frames)}\n".encode()
        )
        content += independent.open_record(frame_key, about, sealed)
        number += 1
    return content


@pytest.fixture(params=[False, True], ids=["passphrase", "recovery key"])
def written(request, monkeypatch):
    monkeypatch.setattr(backups, "COST", Cost(memory_kib=64, passes=1, lanes=1))
    secret = passphrases.new_recovery_key() if request.param else WORDS
    target = io.BytesIO()
    _, writer = backups.begin(target, secret, recovery=request.param, now=NOW)
    backups._write(writer, "manifest", {"format": 1})
    backups._write(writer, "object", "ab/000000", os.urandom(2 * FRAME))
    writer.close()
    return target.getvalue(), secret


def test_an_independent_reader_finds_the_same_parts(written):
    file, secret = written
    source = io.BytesIO(file)
    ours = list(backups.parts_of(source, backups.head_of(source), secret))
    content, theirs = read_backup(file, secret), []
    while content:
        size = int.from_bytes(content[:4], "big")
        theirs.append(msgspec.msgpack.decode(content[4 : 4 + size]))
        content = content[4 + size :]
    assert theirs == ours
    assert [part[0] for part in ours] == ["manifest", "object"]


def frames_of(content: bytes) -> tuple[bytes, list[bytes]]:
    key, target = os.urandom(32), io.BytesIO()
    writer = FrameWriter(target, key, b"head")
    writer.write(content)
    writer.close()
    whole, found = target.getvalue(), []
    while whole:
        length = 4 + int.from_bytes(whole[:4], "big")
        found.append(whole[:length])
        whole = whole[length:]
    return key, found


def opened(key, frames, head=b"head"):
    return FrameReader(io.BytesIO(b"".join(frames)), key, head).read(10 * FRAME)


@pytest.mark.parametrize("size", [0, 1, FRAME - 1, FRAME, FRAME + 1, 3 * FRAME])
def test_any_length_comes_back_and_only_the_last_frame_is_short(size):
    content = os.urandom(size)
    key, frames = frames_of(content)
    assert opened(key, frames) == content
    assert len(frames) == max(1, -(-size // FRAME))


@pytest.mark.parametrize(
    "change",
    [
        lambda frames: frames[:-1],
        lambda frames: [frames[1], frames[0], *frames[2:]],
        lambda frames: [frames[0], *frames],
        lambda frames: [*frames, frames[-1]],
        lambda frames: frames[1:],
        lambda frames: [*frames, b"\0\0\0\0"],
        lambda frames: [*frames, b"x"],
        lambda frames: frames[:0],
        lambda frames: [b"\xff" + frames[0][1:], *frames[1:]],
    ],
    ids=["cut", "swapped", "twice", "last twice", "beginning", "empty frame", "a byte", "nothing", "length"],
)
def test_frames_that_were_moved_added_or_taken_away_do_not_open(change):
    key, frames = frames_of(os.urandom(2 * FRAME + 5))
    with pytest.raises(EncryptionError):
        opened(key, change(frames))


def test_frames_do_not_open_under_another_header():
    key, frames = frames_of(b"x")
    with pytest.raises(EncryptionError):
        opened(key, frames, b"another head")


@pytest.mark.parametrize(
    ("name", "value"),
    [("memory_kib", 2**21), ("passes", 99), ("lanes", 0), ("salt", "AAAA"), ("kind", "none")],
)
def test_a_header_cannot_make_its_reader_work_for_ever(written, name, value, monkeypatch):
    file, secret = written
    source = io.BytesIO(file)
    head = backups.head_of(source)
    given = {"kind": "passphrase", "memory_kib": 64, "passes": 1, "lanes": 1, "salt": "A" * 22 + "=="}
    head = backups.Head(head.id, head.made_at, given | {name: value}, head.wrapped, head.raw)
    monkeypatch.setattr(passphrases, "key_of_passphrase", None)
    with pytest.raises(backups.NotABackup):
        next(backups.parts_of(source, head, secret))


@given(st.sampled_from(["lower", "upper", "spaces", "lookalikes"]))
def test_a_recovery_key_is_read_however_it_was_written_down(way):
    key = passphrases.new_recovery_key()
    typed = {
        "lower": key,
        "upper": key.upper(),
        "spaces": f" {key.replace('-', ' ')}\n",
        "lookalikes": key.replace("o", "0").replace("l", "1").replace("b", "8"),
    }[way]
    assert passphrases.key_of_recovery(typed) == passphrases.key_of_recovery(key)
    assert len(passphrases.key_of_recovery(key)) == 32


@pytest.mark.parametrize("text", ["", "abc", "a" * 51, "a" * 60, "!" * 52, "é" * 52])
def test_what_is_no_recovery_key_opens_nothing(text):
    assert passphrases.key_of_recovery(text) is None

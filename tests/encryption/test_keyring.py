import os
import subprocess
import sys

import pytest

from docvault.encryption.held import HeldKeys
from docvault.encryption.keyring import (
    FileKeyring,
    KeyringDamaged,
    KeyringExists,
    KeyringExposed,
    KeyringMissing,
)

from . import independent


@pytest.fixture
def path(tmp_path):
    return tmp_path / "root.key"


def test_a_key_file_gives_the_same_keys_again(path):
    sealed = HeldKeys.before_masters(FileKeyring.create(path)).seal("folder-key", b"about", b"x")
    again = HeldKeys.before_masters(FileKeyring.open(path))
    assert again.unseal("folder-key", b"about", sealed) == b"x"
    assert path.stat().st_mode & 0o777 == 0o600


def test_the_key_file_is_what_the_specification_says(path):
    sealed = HeldKeys.before_masters(FileKeyring.create(path)).seal("folder-key", b"about", b"x")
    root = independent.read_key_file(path.read_text())
    assert independent.open_under_master({1: root}, "folder-key", b"about", sealed) == b"x"


def test_two_key_files_are_never_the_same(tmp_path):
    made = {FileKeyring.create(tmp_path / f"{n}.key").name for n in range(50)}
    assert len(made) == 50


def test_a_key_file_is_never_overwritten(path):
    FileKeyring.create(path)
    before = path.read_bytes()
    with pytest.raises(KeyringExists, match=str(path)):
        FileKeyring.create(path)
    assert path.read_bytes() == before


def test_a_missing_key_file_says_what_to_do(path):
    with pytest.raises(KeyringMissing, match="backup"):
        FileKeyring.open(path)


AS_NOBODY = """
import os, sys
from pathlib import Path
from docvault.encryption.keyring import FileKeyring, KeyringMissing
if os.geteuid() == 0:
    os.setgid(65534)
    os.setuid(65534)
try:
    FileKeyring.open(Path(sys.argv[1]))
except KeyringMissing as missing:
    print(missing)
"""


def test_a_key_file_of_somebody_else_is_refused_in_plain_words(path):
    FileKeyring.create(path)
    path.chmod(0o000)
    done = subprocess.run(
        [sys.executable, "-c", AS_NOBODY, str(path)], capture_output=True, text=True, check=True
    )
    assert "may not be read by this user" in done.stdout


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602, 0o610, 0o644, 0o666])
def test_a_key_file_that_others_may_use_is_refused(path, mode):
    FileKeyring.create(path)
    path.chmod(mode)
    with pytest.raises(KeyringExposed, match=f"chmod 600 {path}"):
        FileKeyring.open(path)


def test_every_changed_or_missing_byte_of_a_key_file_is_noticed(path):
    FileKeyring.create(path)
    content = path.read_bytes()
    for at in range(len(content)):
        for changed in (content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :], content[:at]):
            path.write_bytes(changed)
            with pytest.raises(KeyringDamaged, match="backup"):
                FileKeyring.open(path)


def test_a_key_file_is_not_any_other_file(path):
    for content in (b"", b"\n\n\n", os.urandom(100), b"docvault-root-key-v1\n" * 3):
        path.write_bytes(content)
        path.chmod(0o600)
        with pytest.raises(KeyringDamaged):
            FileKeyring.open(path)


def test_a_folder_in_the_place_of_a_key_file_is_refused_in_plain_words(path):
    path.mkdir(mode=0o700)
    with pytest.raises(KeyringDamaged, match="folder"):
        FileKeyring.open(path)


@pytest.mark.promise(55)
def test_the_key_is_not_in_what_is_printed(path):
    made = FileKeyring.create(path)
    root = independent.read_key_file(path.read_text())
    assert root.hex() not in repr(made)
    assert repr(root) not in repr(made)

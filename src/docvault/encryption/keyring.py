"""The root key and where it is kept. The key itself never leaves this file: others get one-purpose keys.

Format: "Key file" of docs/formats/file-encryption.md.
"""

import base64
import binascii
import hashlib
import hmac
import os
import stat
from pathlib import Path
from typing import Self

from docvault.encryption import masters, records
from docvault.encryption.contexts import MasterContext
from docvault.encryption.errors import EncryptionError
from docvault.encryption.masters import WrappedMaster

TITLE = "docvault-root-key-v1"
OTHERS = stat.S_IRWXG | stat.S_IRWXO
MOST = 1024  # bytes of a key file that are read


class KeyringError(EncryptionError):
    """The key file cannot be used; the message is for whoever starts DocVault and says what to do."""


class KeyringMissing(KeyringError):
    """There is no key file where one should be, or it may not be read."""


class KeyringExists(KeyringError):
    """A key file is there already; it is never overwritten."""


class KeyringExposed(KeyringError):
    """Others than its owner may use the key file."""


class KeyringDamaged(KeyringError):
    """The file is not a whole key file of ours."""


class WrongKeyring(KeyringError):
    """The root key is whole, but belongs to other data."""

    def __init__(self) -> None:
        super().__init__(
            "This root key belongs to other data: nothing stored here opens with it. "
            "Put back the key file from your backup, or correct DOCVAULT_ROOT_KEY."
        )


class RootKeyAway(KeyringError):
    """The place that keeps the root key does not answer, or does not let us use it."""


class RootKeyLies(KeyringError):
    """The place that keeps the root key gave back something else than it was given."""

    def __init__(self) -> None:
        super().__init__("What keeps the root key gave back another key than it was given. Nothing opens.")


class FileKeyring:
    """A root key in a file that only its owner may read."""

    def __init__(self, root: bytes) -> None:
        self._root = root

    @classmethod
    def create(cls, path: Path) -> Self:
        """Make a new root key and write it durably to `path` with mode 0600. Raises KeyringExists."""
        root = os.urandom(records.KEY)
        text = f"{TITLE}\n{base64.b64encode(root).decode()}\n{_check(root)}\n"
        return cls.put_back(path, text.encode())

    @classmethod
    def put_back(cls, path: Path, content: bytes) -> Self:
        """Write a key file durably to `path`, with mode 0600. Raises KeyringDamaged or KeyringExists."""
        root = _parse(content, path)
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            raise KeyringExists(f"There is already a key file at {path}. It was left as it is.") from None
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(descriptor)
        _settle(path.parent)
        return cls(root)

    @classmethod
    def open(cls, path: Path) -> Self:
        """Read the root key from `path`. Raises KeyringMissing, KeyringExposed or KeyringDamaged."""
        try:
            descriptor = os.open(path, os.O_RDONLY)
        except FileNotFoundError:
            raise KeyringMissing(
                f"There is no key file at {path}. Without it nothing stored can be read: "
                "put it back from your backup."
            ) from None
        except PermissionError:
            raise KeyringMissing(
                f"The key file {path} may not be read by this user. Its owner must start DocVault."
            ) from None
        mode = os.fstat(descriptor).st_mode
        if not stat.S_ISREG(
            mode
        ):  # a container makes a folder of a file that it was to mount and did not find
            os.close(descriptor)
            raise KeyringDamaged(f"{path} is not a DocVault key file, but a folder or something else.")
        with os.fdopen(descriptor, "rb") as file:
            if mode & OTHERS:
                raise KeyringExposed(f"The key file {path} can be read by others. Run: chmod 600 {path}")
            return cls(_parse(file.read(MOST), path))

    @property
    def name(self) -> str:
        """The name of a root key in a file: `file:` and the check digits of the file."""
        return f"file:{_check(self._root)}"

    def wrap(self, master: bytes, context: MasterContext) -> bytes:
        """Return the master wrapped for its context."""
        return records.seal(records.derive(self._root, "master-key"), context.encode(), master)

    def unwrap(self, wrapped: bytes, context: MasterContext) -> bytes:
        """Return the master again. Raises UnknownAlgorithm or Tampered."""
        return records.unseal(records.derive(self._root, "master-key"), context.encode(), wrapped)

    def as_first_master(self) -> WrappedMaster:
        """Return itself as the first master of an installation that had none, wrapped under itself."""
        wrapped = self.wrap(self._root, MasterContext(masters.FIRST))
        return WrappedMaster(masters.FIRST, self.name, wrapped, masters.digest(self._root))

    def __repr__(self) -> str:
        return "FileKeyring(…)"  # never the key, wherever this is printed


def old_path(path: Path) -> Path:
    """Return where the key file goes that another one replaces."""
    return path.with_name(f"{path.name}.old")


def put_in_place(new: Path, path: Path) -> Path:
    """Let the key file `new` take the place of the one at `path`, which is kept; return where.

    There is a whole key file at `path` at every moment, also after a power cut.
    """
    old = old_path(path)
    old.unlink(missing_ok=True)
    os.link(path, old)
    new.replace(path)
    _settle(path.parent)
    return old


def _settle(folder: Path) -> None:
    """Let names survive a power cut as well: without its key file nothing opens."""
    directory = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def _check(root: bytes) -> str:
    return hashlib.sha256(b"docvault/root-key-check/v1\n" + root).hexdigest()[:16]


def _parse(content: bytes, path: Path) -> bytes:
    damaged = KeyringDamaged(f"{path} is not a whole DocVault key file. Put it back from your backup.")
    lines = content.split(b"\n")
    if len(lines) != 4 or lines[0] != TITLE.encode() or lines[3]:  # noqa: PLR2004 - three lines and the end of the last
        raise damaged
    try:
        root = base64.b64decode(lines[1], validate=True)
    except binascii.Error:
        raise damaged from None
    if base64.b64encode(root) != lines[1]:  # two spellings of one key: the spare bits of base64 were changed
        raise damaged
    if len(root) != records.KEY or not hmac.compare_digest(_check(root).encode(), lines[2]):
        raise damaged
    return root

"""Objects as files in a folder: one directory per name, one file per part. Knows only bytes.

A file is written under a temporary name in its own directory, flushed to the disk, linked to its name (which
fails if the name is taken), and the directory is flushed: after `put` returned a power cut loses nothing,
before that there is nothing to see.
"""

import errno
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path

from docvault.blobs.store import (
    Abilities,
    BlobError,
    BlobExists,
    BlobMissing,
    CannotLock,
    Octets,
    StorageFull,
    StoreFailed,
    checked,
    trial,
)

FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})  # no room, no quota, larger than may be
TEMPORARY = ".new-"  # no key starts with a dot, so a half-written file is never taken for an object

NO_LOCK = "A folder cannot lock files: whoever may write there can remove them before their retention ends."


class FileBlobs:
    """A folder of objects, readable by its owner only; the contents are ciphertext anyway."""

    def __init__(self, root: Path) -> None:
        self._root = root
        root.mkdir(mode=0o700, parents=True, exist_ok=True)

    def put(self, key: str, data: Octets) -> None:
        path = self._path(key)
        temporary = path.with_name(f"{TEMPORARY}{secrets.token_hex(8)}")
        with _translated(missing=StoreFailed):  # what could be missing is a directory, not an object
            try:
                self._make_directory(path.parent)
                _write(temporary, data)
                os.link(temporary, path)  # unlike a rename it never replaces: objects are written once
            finally:
                with suppress(FileNotFoundError):
                    temporary.unlink()
            _flush_directory(path.parent)

    def get(self, key: str) -> bytes:
        with _translated():
            return self._path(key).read_bytes()

    def delete(self, key: str) -> None:
        path = self._path(key)
        with _translated():
            with suppress(FileNotFoundError):
                path.unlink()
                _flush_directory(path.parent)
            with suppress(OSError):  # other parts are still there, or the directory is gone already
                path.parent.rmdir()

    def list(self, prefix: str) -> Iterator[str]:
        name, _, part = prefix.partition("/")
        if "/" in prefix:
            yield from self._parts(self._root / name[:2] / name, part)
            return
        for shelf in sorted(self._root.glob(f"{prefix[:2]}*")):
            for directory in sorted(shelf.glob(f"{prefix}*")):
                yield from self._parts(directory, "")

    def lock(self, key: str, until: datetime) -> None:
        del key, until  # whoever may remove a file of this folder may take any lock off it as well
        raise CannotLock

    def can_lock(self) -> bool:
        return False

    def locked_until(self, key: str) -> datetime | None:
        del key  # none of them has a lock, those that are not there neither
        return None

    def sweep(self, before: datetime) -> int:
        left = [
            path
            for path in self._root.glob(f"*/*/{TEMPORARY}*")
            if path.stat(follow_symlinks=False).st_mtime < before.timestamp()
        ]
        with _translated():
            for path in left:
                path.unlink(missing_ok=True)
        return len(left)

    def probe(self) -> Abilities:
        key, content = trial()
        self.put(key, content)
        try:
            if self.get(key) != content:
                raise StoreFailed
        finally:
            self.delete(key)
        return Abilities(str(self._root.resolve()), notes=(NO_LOCK,))

    def answers(self) -> bool:
        return os.access(self._root, os.R_OK | os.W_OK | os.X_OK)

    def _parts(self, directory: Path, start: str) -> Iterator[str]:
        if directory.is_dir():
            for path in sorted(directory.iterdir()):
                if path.name.startswith(start) and not path.name.startswith("."):
                    yield f"{directory.name}/{path.name}"

    def _path(self, key: str) -> Path:
        name, part = checked(key).split("/")
        return self._root / name[:2] / name / part

    def _make_directory(self, directory: Path) -> None:
        for step in (directory.parent, directory):
            if not step.is_dir():
                step.mkdir(mode=0o700, exist_ok=True)
                _flush_directory(step.parent)


@contextmanager
def _translated(missing: type[BlobError] = BlobMissing) -> Iterator[None]:
    """Say what went wrong in the words of the store: no error of the system leaves this room."""
    try:
        yield
    except FileExistsError:
        raise BlobExists from None
    except FileNotFoundError as error:
        raise missing from error
    except OSError as error:
        raise (StorageFull if error.errno in FULL else StoreFailed) from error


def _write(path: Path, data: Octets) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        rest = memoryview(data)
        while rest.nbytes:
            rest = rest[os.write(descriptor, rest) :]
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _flush_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

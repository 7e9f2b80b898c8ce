"""Objects as files in a folder: one directory per name, one file per part. Knows only bytes.

A file is written under a temporary name in its own directory, flushed to the disk, linked to its name (which
fails if the name is taken), and the directory is flushed: after `put` returned a power cut loses nothing,
before that there is nothing to see.
"""

import errno
import os
import secrets
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from docvault.blobs.store import BlobExists, BlobMissing, Octets, StorageFull, checked

FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})  # no room, no quota, larger than may be
TEMPORARY = ".new-"  # no key starts with a dot, so a half-written file is never taken for an object


class FileBlobs:
    """A folder of objects, readable by its owner only; the contents are ciphertext anyway."""

    def __init__(self, root: Path) -> None:
        self._root = root
        root.mkdir(mode=0o700, parents=True, exist_ok=True)

    def put(self, key: str, data: Octets) -> None:
        path = self._path(key)
        temporary = path.with_name(f"{TEMPORARY}{secrets.token_hex(8)}")
        try:
            self._make_directory(path.parent)
            _write(temporary, data)
            os.link(temporary, path)  # unlike a rename it never replaces: objects are written once
        except FileExistsError:
            raise BlobExists from None
        except FileNotFoundError:  # its directory was removed meanwhile: the file was given up
            raise BlobMissing from None
        except OSError as error:
            if error.errno in FULL:
                raise StorageFull from error
            raise
        finally:
            with suppress(FileNotFoundError):
                temporary.unlink()
        _flush_directory(path.parent)

    def get(self, key: str) -> bytes:
        try:
            return self._path(key).read_bytes()
        except FileNotFoundError:
            raise BlobMissing from None

    def delete(self, key: str) -> None:
        path = self._path(key)
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

    def _parts(self, directory: Path, start: str) -> Iterator[str]:
        if directory.is_dir():
            for path in sorted(directory.iterdir()):
                if path.name.startswith(start) and not path.name.startswith("."):
                    yield f"{directory.name}/{path.name}"

    def _path(self, key: str) -> Path:
        name, part = checked(key).split("/")
        return self._root / name[:2] / name / part

    def _make_directory(self, directory: Path) -> None:
        if directory.is_dir():
            return
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        _flush_directory(directory.parent)
        _flush_directory(self._root)


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

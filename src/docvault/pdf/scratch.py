"""Anonymous memory files that carry PDFs between the vault and the workers. Never touches a disk.

A scratch is a Linux memfd (memfd_create(2)): it has no name, is counted as memory of its holders and is gone
with the last handle. Sealed, its bytes can no longer be changed by anybody who holds a handle, so a worker
that was taken over cannot alter a file after the parent looked at it.
"""

import fcntl
import hashlib
import os
import stat
from typing import BinaryIO, Self

_PART = 1024 * 1024  # bytes read at a time
_FROZEN = fcntl.F_SEAL_WRITE | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SHRINK


class NotAScratch(OSError):
    """A descriptor that is no memory file, or one that somebody can still write through."""


class Scratch:
    """One anonymous memory file. `file` is at the caller's disposal until `seal`; readers open their own
    handle.
    """

    def __init__(self, descriptor: int) -> None:
        self.file: BinaryIO = os.fdopen(descriptor, "w+b")

    @classmethod
    def create(cls, content: bytes = b"") -> Self:
        """Make an empty one, or one that holds `content` and stands at its start."""
        scratch = cls(os.memfd_create("docvault", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING))
        if content:
            scratch.file.write(content)
            scratch.file.seek(0)
        return scratch

    @classmethod
    def adopt(cls, descriptor: int) -> Self:
        """Take over and seal a memory file that came from elsewhere. Raises NotAScratch; the descriptor is
        then closed.

        Only memory files know seals, so a pipe, a device or a disk file fails here and cannot make a reader
        wait.
        """
        try:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise NotAScratch("not a regular file")
            fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, _FROZEN)
        except OSError as error:
            os.close(descriptor)
            raise NotAScratch("not a sealable memory file") from error
        return cls(descriptor)

    def seal(self) -> None:
        """Flush, and make the bytes unchangeable for every holder. Twice is once."""
        self.file.flush()
        fcntl.fcntl(self.file.fileno(), fcntl.F_ADD_SEALS, _FROZEN)

    def open(self) -> BinaryIO:
        """Return a new read-only handle with a position of its own; the caller closes it."""
        return os.fdopen(self.reading_descriptor(), "rb")

    def reading_descriptor(self) -> int:
        """Flush, and return a new read-only descriptor with a position of its own; the caller closes it."""
        self.file.flush()
        return os.open(f"/proc/self/fd/{self.file.fileno()}", os.O_RDONLY | os.O_CLOEXEC)

    def size(self) -> int:
        """Bytes written so far."""
        self.file.flush()
        return os.fstat(self.file.fileno()).st_size

    def sha256(self, first: int | None = None) -> str:
        """Lower-case hex SHA-256 of the whole content, or of its `first` bytes; moves no position."""
        digest, left = hashlib.sha256(), self.size() if first is None else first
        with os.fdopen(self.reading_descriptor(), "rb") as reader:
            while left and (part := reader.read(min(left, _PART))):
                digest.update(part)
                left -= len(part)
        return digest.hexdigest()

    def read(self) -> bytes:
        """The whole content; moves no position."""
        with self.open() as reader:
            return reader.read()

    def close(self) -> None:
        """Give the memory back. Twice is once."""
        self.file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

"""A stream of any length under one key, in frames of 1 MiB, each bound to its place. Holds one frame.

Format: "The file" of docs/formats/backup.md. Reads and writes only what it is given.
"""

import hashlib
from typing import BinaryIO

from docvault.encryption import records
from docvault.encryption.errors import Tampered

FRAME = 1024 * 1024  # plaintext bytes of every frame but the last
LENGTH = 4  # bytes before each frame
SEALED_MOST = len(records.ALGORITHM) + records.SALT + FRAME + records.TAG

Octets = bytes | bytearray | memoryview


class FrameWriter:
    """Seals what is written to `target`; `close` writes the last frame and leaves `target` open."""

    def __init__(self, target: BinaryIO, key: bytes, head: bytes) -> None:
        """head: everything that `target` holds already."""
        self._target = target
        self._key = key
        self._head = hashlib.sha256(head).hexdigest()
        self._waiting = bytearray()
        self._index = 0

    def write(self, data: Octets) -> None:
        self._waiting += data
        while len(self._waiting) > FRAME:  # a whole frame rests until it is known not to be the last
            self._seal(bytes(self._waiting[:FRAME]), last=False)
            del self._waiting[:FRAME]

    def close(self) -> None:
        self._seal(bytes(self._waiting), last=True)
        self._waiting.clear()

    def _seal(self, plaintext: bytes, *, last: bool) -> None:
        sealed = records.seal(self._key, _context(self._head, self._index, last=last), plaintext)
        self._target.write(len(sealed).to_bytes(LENGTH, "big"))
        self._target.write(sealed)
        self._index += 1


class FrameReader:
    """Opens what FrameWriter wrote. Nothing is returned that was not authenticated."""

    def __init__(self, source: BinaryIO, key: bytes, head: bytes) -> None:
        self._source = source
        self._key = key
        self._head = hashlib.sha256(head).hexdigest()
        self._opened = bytearray()
        self._index = 0
        self._next = source.read(LENGTH)
        self._ended = False

    def read(self, size: int) -> bytes:
        """Return `size` bytes, or fewer at the end. Raises UnknownAlgorithm or Tampered."""
        while len(self._opened) < size and not self._ended:
            self._open()
        found = bytes(self._opened[:size])
        del self._opened[:size]
        return found

    def _open(self) -> None:
        length = int.from_bytes(self._next, "big")
        if len(self._next) < LENGTH or length > SEALED_MOST:
            raise Tampered
        sealed = self._source.read(length)
        self._next = self._source.read(LENGTH)
        last = not self._next
        plaintext = records.unseal(self._key, _context(self._head, self._index, last=last), sealed)
        if not last and len(plaintext) != FRAME:
            raise Tampered
        self._opened += plaintext
        self._index += 1
        self._ended = last


def _context(head: str, index: int, *, last: bool) -> bytes:
    return f"docvault/backup-frame/v1\nheader {head}\nframe {index}\nlast {int(last)}\n".encode()

"""A document's bytes as the stream that the protocol reads: from a place on, in pieces, nothing kept."""

from collections.abc import Iterator

from docvault.actions.documents import Content


class Reader:
    """Reads a version from where it was sought to; every byte was authenticated before it is released."""

    def __init__(self, content: Content) -> None:
        self._content = content
        self._start = 0
        self._parts: Iterator[bytes] | None = None
        self._rest = memoryview(b"")

    def seek(self, start: int) -> None:
        """Go on from byte `start`."""
        self._start, self._parts, self._rest = start, None, memoryview(b"")

    def read(self, size: int) -> bytes:
        """Return at least one byte, at most `size`, and nothing at the end."""
        if self._parts is None:
            self._parts = self._content.open_range(self._start, self._content.size)
        while not self._rest:
            part = next(self._parts, None)
            if part is None:
                return b""
            self._rest = memoryview(part)
        piece, self._rest = self._rest[:size], self._rest[size:]
        return bytes(piece)

    def close(self) -> None:
        """Drop what was not read."""
        self._parts, self._rest = None, memoryview(b"")

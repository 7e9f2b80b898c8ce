"""Two corrections to asn1crypto 1.5.1, the encoder under pyHanko. Applied to exactly that version and to no
other.

Without them a signature sometimes takes half a minute. Both are known upstream (asn1crypto issues 249 and
256):

1. `dump()` takes every header that ends in 0x80 for BER's indefinite length, also `30 82 07 80`, which is the
definite length 1920, and encodes the whole tree anew, in time exponential in its depth. 2. `dump()` reads
`contents` two or three times, and on a tree built by hand each read encodes the sub-tree again.
"""

import asn1crypto
from asn1crypto import core

CORRECTED = "1.5.1"
INDEFINITE = 0x80  # the length byte that announces an end marker instead of a length (X.690 8.1.3.6)


def correct() -> bool:
    """Correct the library in this process; return whether this is the version with the defects. Twice is
    once.
    """
    if asn1crypto.__version__ != CORRECTED:
        return False
    core.Asn1Value.dump = _dump_once
    for cls in list(vars(core).values()):
        if isinstance(cls, type) and issubclass(cls, core.Asn1Value) and cls is not core.Asn1Value:
            own = cls.__dict__.get("dump")
            if own is not None and not hasattr(own, "corrected"):
                cls.dump = _keep_definite(own)  # type: ignore[attr-defined, no-untyped-call]
    return True


def is_indefinite(header: bytes) -> bool:
    """Tell whether the last of the headers (explicit tags come in a row) has the indefinite length."""
    position = 0
    while position < len(header):
        position = _after_tag(header, position)
        length = header[position]
        position += 1 + (length & 0x7F if length > INDEFINITE else 0)
    return length == INDEFINITE


def _after_tag(header: bytes, position: int) -> int:
    """Return where the length begins; tag numbers above 30 take several bytes (X.690 8.1.2.4)."""
    if header[position] & 0x1F == 0x1F:  # noqa: PLR2004 - all five bits: the number follows
        position += 1
        while header[position] & 0x80:
            position += 1
    return position + 1


def _keep_definite(original):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - as untyped as what it wraps
    """Wrap a class's own `dump`: a definite header is kept, all else goes the original way (defect 1)."""

    def dump(self, force=False):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
        header = self._header
        if not force and header is not None and header[-1:] == b"\x80" and not is_indefinite(header):
            contents = self.contents  # drops the header when something was changed
            if self._header is not None:
                return self._header + contents + self._trailer
        return original(self, force=force)

    dump.corrected = True  # type: ignore[attr-defined]
    return dump


def _dump_once(self, force=False):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """`Asn1Value.dump` with both corrections: `contents` is read once (defect 2)."""
    contents = self.contents
    if self._header is not None and self._header[-1:] == b"\x80" and is_indefinite(self._header):
        force = True
    if self._header is None or force:
        if isinstance(self, core.Constructable) and self._indefinite:
            self.method = 0
        header = core._dump_header(self.class_, self.method, self.tag, contents)  # noqa: SLF001 - a correction
        for class_, tag in self.explicit or ():
            header = core._dump_header(class_, 1, tag, header + contents) + header  # noqa: SLF001
        self._header = header
        self._trailer = b""
    return self._header + contents + self._trailer


_dump_once.corrected = True  # type: ignore[attr-defined]

"""Writing DER, as much of it as a timestamp token needs. Never reads.

Source: ITU-T X.690, sections 8 and 10 (definite lengths, shortest form) and 11.6 (a SET OF is sorted).
"""

from collections.abc import Iterable
from datetime import UTC, datetime

SHORT_LENGTH = 0x80  # lengths below this are one byte (X.690 8.1.3.4)


def tagged(tag: int, content: bytes) -> bytes:
    """Return one value: `tag` is the whole identifier byte, e.g. 0x30 for a SEQUENCE."""
    size = len(content)
    if size < SHORT_LENGTH:
        return bytes((tag, size)) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, SHORT_LENGTH | len(length))) + length + content


def sequence(*parts: bytes) -> bytes:
    """Return a SEQUENCE of values already encoded."""
    return tagged(0x30, b"".join(parts))


def set_of(parts: Iterable[bytes]) -> bytes:
    """Return a SET OF values already encoded, sorted as X.690 11.6 asks."""
    return tagged(0x31, b"".join(sorted(parts)))


def explicit(number: int, content: bytes) -> bytes:
    """Return `content` under the constructed context tag [number]."""
    return tagged(0xA0 | number, content)


def integer(value: int) -> bytes:
    """Return a non-negative or negative INTEGER in the shortest two's complement form."""
    return tagged(0x02, value.to_bytes(value.bit_length() // 8 + 1, "big", signed=True))


def octets(value: bytes) -> bytes:
    """Return an OCTET STRING."""
    return tagged(0x04, value)


def utf8(text: str) -> bytes:
    """Return a UTF8String."""
    return tagged(0x0C, text.encode())


def oid(dotted: str) -> bytes:
    """Return an OBJECT IDENTIFIER; arcs may be of any size (X.690 8.19)."""
    first, second, *rest = (int(arc) for arc in dotted.split("."))
    content = bytearray()
    for arc in (first * 40 + second, *rest):
        septets = [arc & 0x7F]
        while arc := arc >> 7:
            septets.append(0x80 | arc & 0x7F)
        content += bytes(reversed(septets))
    return tagged(0x06, bytes(content))


def generalized_time(moment: datetime) -> bytes:
    """Return a GeneralizedTime in UTC, whole seconds (RFC 3161, 2.4.2 allows no trailing zero fraction)."""
    return tagged(0x18, moment.astimezone(UTC).strftime("%Y%m%d%H%M%SZ").encode())


def bit_flags(*positions: int) -> bytes:
    """Return a named-bit BIT STRING with these bits set; bit 0 is the first, trailing zeros are dropped."""
    size = max(positions) + 1
    value = sum(1 << (size - 1 - position) for position in positions)
    unused = -size % 8
    return tagged(0x03, bytes((unused,)) + (value << unused).to_bytes((size + unused) // 8, "big"))

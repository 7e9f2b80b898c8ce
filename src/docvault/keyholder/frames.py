"""What is said between the key holder and those who ask it: a length, then MessagePack of known shape.

A deed that is not in DEEDS does not exist, and none of them answers with a key.
"""

import socket
import struct
from typing import Any, TypeVar

import msgspec

from docvault.encryption.masters import SealedKey, WrappedMaster

MOST = 3 * 1024 * 1024  # bytes of a frame: the largest record with what goes around it
LENGTH = struct.Struct(">I")
PEER = struct.Struct("3i")  # process, user and group of who is at the other end: struct ucred, unix(7)

# By name: what is given, and what comes back. Those of a keyring are described in encryption/masters.py.
DEEDS: dict[str, tuple[Any, Any]] = {
    "root_name": (tuple[()], str),
    "learn": (tuple[tuple[WrappedMaster, ...]], None),
    "known": (tuple[()], frozenset[int]),
    "seal": (tuple[str, bytes, bytes, int], bytes),
    "unseal": (tuple[str, bytes, bytes], bytes),
    "unseal_all": (tuple[str, tuple[tuple[bytes, bytes], ...]], tuple[bytes, ...]),
    "mac": (tuple[SealedKey, bytes], bytes),
    "seal_with": (tuple[SealedKey, bytes, bytes], bytes),
    "unseal_with": (tuple[SealedKey, bytes, bytes], bytes),
    "public_key": (tuple[SealedKey], bytes),
    "sign": (tuple[SealedKey, bytes], bytes),
    "new_signer": (tuple[()], tuple[str, bytes]),
    "sign_once": (tuple[str, bytes], bytes),
    "forget_signer": (tuple[str], None),
    # Of the seal that the settings name: what lies beside its key (DER), its public half (DER), a signature.
    "seal_certificates": (tuple[()], tuple[bytes, ...]),
    "seal_public": (tuple[()], bytes),
    "seal_sign": (tuple[bytes], bytes),
}

Shape = TypeVar("Shape")


class Ask(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One deed that is asked for."""

    deed: str
    given: msgspec.Raw


class Answer(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """refused: the name of the error, and words: what it says; empty where the deed was done."""

    value: msgspec.Raw = msgspec.Raw(b"\xc0")
    refused: str = ""
    words: str = ""


class FrameWrong(Exception):
    """The other end does not speak as it should."""


def pack(value: object) -> bytes:
    """Return the value as MessagePack."""
    return msgspec.msgpack.encode(value)


def unpack(content: bytes | msgspec.Raw, shape: type[Shape]) -> Shape:
    """Return the value. Raises FrameWrong."""
    try:
        return msgspec.msgpack.decode(content, type=shape)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise FrameWrong from error


def send(connection: socket.socket, content: bytes) -> None:
    """Send a frame. Raises FrameWrong for one that is too long, OSError."""
    if len(content) > MOST:
        raise FrameWrong
    connection.sendall(LENGTH.pack(len(content)) + content)


def receive(connection: socket.socket) -> bytes | None:
    """Return the next frame, or None at the end. Raises FrameWrong, OSError."""
    head = _exactly(connection, LENGTH.size)
    if head is None:
        return None
    (length,) = LENGTH.unpack(head)
    if length > MOST:
        raise FrameWrong
    body = _exactly(connection, length)
    if body is None:
        raise FrameWrong
    return body


def user_of(connection: socket.socket) -> int:
    """Return the user that the process at the other end runs as, as the kernel says it."""
    raw = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, PEER.size)
    return int(PEER.unpack(raw)[1])


def _exactly(connection: socket.socket, count: int) -> bytes | None:
    parts: list[bytes] = []
    while count:
        part = connection.recv(count)
        if not part:
            if parts:
                raise FrameWrong
            return None
        parts.append(part)
        count -= len(part)
    return b"".join(parts)

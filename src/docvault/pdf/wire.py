"""The messages between the portal and its PDF workers, and the socket they travel on. Never unpickles
anything.

Every message is one tagged msgpack map behind a header of five bytes: length (32 bits, big endian) and number
of descriptors that came with the header (SCM_RIGHTS, unix(7)). Types are checked by msgspec on both sides.
"""

import array
import os
import socket
import struct
import time
from collections.abc import Sequence
from typing import Any

import msgspec

HEADER = struct.Struct(">IB")
LONGEST = 64 * 1024 * 1024  # bytes of one message; whole files travel as descriptors
DESCRIPTORS = 16  # at most with one message


class Ready(msgspec.Struct, tag="ready", frozen=True):
    """The child has set its limits; `network` says whether it could still reach one."""

    network: bool


class Begin(msgspec.Struct, tag="begin", frozen=True):
    """Carry out a task; `seconds` is when the parent gives up, `processor` how much of its time is there at
    first.
    """

    task: str
    options: Any
    seconds: float
    processor: float


class Question(msgspec.Struct, tag="question", frozen=True):
    """The child needs something only the parent may do, such as a signature."""

    name: str
    payload: bytes


class Answer(msgspec.Struct, tag="answer", frozen=True):
    payload: bytes


class Done(msgspec.Struct, tag="done", frozen=True):
    result: Any


class Refused(msgspec.Struct, tag="refused", frozen=True):
    """One of the errors in `PdfError.known`, by its name."""

    error: str
    message: str


class Failed(msgspec.Struct, tag="failed", frozen=True):
    """Any other exception: its class and the places in code it passed, no content."""

    detail: str


FromParent = Begin | Answer
FromChild = Ready | Question | Done | Refused | Failed


class Broken(Exception):
    """The other side is gone, or does not speak this protocol."""


class Channel:
    """One end of the socket pair."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._deadline: float | None = None

    def set_deadline(self, deadline: float | None) -> None:
        """Everything below raises TimeoutError from this moment of time.monotonic on; a trickle does not
        extend it.
        """
        self._deadline = deadline

    def _patiently(self) -> socket.socket:
        patience = None if self._deadline is None else max(0.001, self._deadline - time.monotonic())
        self._connection.settimeout(patience)
        return self._connection

    def send(self, message: FromParent | FromChild, descriptors: Sequence[int] = ()) -> None:
        """Send one message; the descriptors stay open here. Raises Broken, TimeoutError."""
        payload = msgspec.msgpack.encode(message)
        if len(payload) > LONGEST or len(descriptors) > DESCRIPTORS:
            raise Broken("message too large")
        rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", descriptors))]
        header = HEADER.pack(len(payload), len(descriptors))
        try:
            sent = self._patiently().sendmsg([header], rights if descriptors else [])
            self._patiently().sendall(header[sent:] + payload)
        except TimeoutError:
            raise
        except OSError as error:
            raise Broken("the other side is gone") from error

    def receive(self, types: Any) -> tuple[Any, list[int]]:
        """Wait for one message of `types` and its descriptors. Raises Broken, TimeoutError."""
        header, descriptors = self._receive_header()
        try:
            return msgspec.msgpack.decode(
                self._receive_body(header, len(descriptors)), type=types
            ), descriptors
        except BaseException as error:
            for descriptor in descriptors:
                os.close(descriptor)
            if isinstance(error, (msgspec.MsgspecError, RecursionError, UnicodeDecodeError)):
                raise Broken("not our protocol") from error
            raise

    def _receive_header(self) -> tuple[bytes, list[int]]:
        room = socket.CMSG_SPACE(DESCRIPTORS * array.array("i").itemsize)
        try:
            header, rights, flags, _ = self._patiently().recvmsg(HEADER.size, room, socket.MSG_CMSG_CLOEXEC)
        except TimeoutError:
            raise
        except OSError as error:
            raise Broken("the other side is gone") from error
        descriptors = array.array("i")
        for level, kind, data in rights:
            if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
                descriptors.frombytes(data[: len(data) - len(data) % descriptors.itemsize])
        if flags & socket.MSG_CTRUNC or not header:
            for descriptor in descriptors:
                os.close(descriptor)
            raise Broken("the other side is gone")
        return header + self._receive_exactly(HEADER.size - len(header)), list(descriptors)

    def _receive_body(self, header: bytes, arrived: int) -> bytes:
        length, announced = HEADER.unpack(header)
        if length > LONGEST or announced != arrived:
            raise Broken("not our protocol")
        return self._receive_exactly(length)

    def _receive_exactly(self, length: int) -> bytes:
        received = bytearray()
        while len(received) < length:
            try:
                piece = self._patiently().recv(min(length - len(received), 1 << 20))
            except TimeoutError:
                raise
            except OSError as error:
                raise Broken("the other side is gone") from error
            if not piece:
                raise Broken("the other side is gone")
            received += piece
        return bytes(received)

    def close(self) -> None:
        """Close this end; the other side then sees the end."""
        self._connection.close()

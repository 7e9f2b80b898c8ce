"""Files at rest: segments of 8 MiB, each one Cobblestone-256 message bound to its place. No I/O.

Format: "Files: segments" of docs/formats/file-encryption.md, over c2sp.org/chunked-encryption@v1.
"""

from cryptography.cobblestone import Cobblestone256Decryptor, Cobblestone256Encryptor
from cryptography.exceptions import InvalidTag

from docvault.encryption.contexts import FileContext
from docvault.encryption.errors import Tampered, UnknownAlgorithm

Octets = bytes | bytearray | memoryview

SEGMENT = 8 * 1024 * 1024  # plaintext bytes of every segment but the last
SEGMENTS_MOST = 999_999  # six digits in an object's name
HEADER = b"DVSEG\x01\x00\x01"  # layout 1, algorithm 1: Cobblestone-256 (promise 58)
CHUNK = 16 * 1024  # plaintext bytes of a chunk within a message
TAG = 16  # bytes added to every chunk
PREFIX = 56  # bytes before the chunks: 24 salt, 32 key commitment
HEAD = len(HEADER) + PREFIX  # bytes with which an object begins; no two sealings have the same


def segment_count(size: int) -> int:
    """Return how many segments a file of `size` plaintext bytes has; an empty file has one."""
    return max(1, -(-size // SEGMENT))


def segment_size(size: int, index: int) -> int:
    """Return the plaintext bytes of segment `index` of a file of `size` bytes."""
    return min(SEGMENT, size - index * SEGMENT)


def sealed_size(size: int) -> int:
    """Return the stored bytes of a segment of `size` plaintext bytes; its last chunk is always short, even
    empty.
    """
    return HEAD + size + TAG * (size // CHUNK + 1)


def head_of(sealed: Octets) -> bytes:
    """Return how a stored object begins: with the salt and the commitment of this one sealing."""
    return bytes(memoryview(sealed)[:HEAD])


def seal_segment(key: bytes, file: FileContext, index: int, plaintext: Octets, *, last: bool) -> bytearray:
    """Return the stored object of one segment. Every call uses a fresh salt, so sealing twice is safe."""
    sealed = bytearray(sealed_size(memoryview(plaintext).nbytes))
    sealed[: len(HEADER)] = HEADER
    encryptor = Cobblestone256Encryptor(key, file.segment(index, last=last))
    with memoryview(sealed) as view:
        written = len(HEADER) + encryptor.update_into(plaintext, view[len(HEADER) :])
        view[written:] = encryptor.finalize()
    return sealed


def open_segment(
    key: bytes, file: FileContext, index: int, sealed: Octets, *, last: bool, size: int
) -> bytes:
    """Return the `size` plaintext bytes of one stored object, or none of them.

    Raises UnknownAlgorithm or Tampered, tried in that order.
    """
    stored = memoryview(sealed)
    if stored[: len(HEADER)] != HEADER:
        raise UnknownAlgorithm
    if stored.nbytes != sealed_size(size):
        raise Tampered
    decryptor = Cobblestone256Decryptor(key, file.segment(index, last=last))
    try:
        body = decryptor.update(stored[len(HEADER) :])
        rest = decryptor.finalize()
    except InvalidTag:
        raise Tampered from None
    return body + rest if rest else body

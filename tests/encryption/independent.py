"""A second reader and writer of docs/formats/file-encryption.md, written from that page alone.

Uses the standard library, AES-GCM and nothing of docvault: if both sides agree, the page says what the code does.
"""

import base64
import hashlib
import hmac
import os

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

SEGMENT = 8 * 1024 * 1024
CHUNK = 16 * 1024
HEADER = b"DVSEG" + bytes([1]) + (1).to_bytes(2, "big")


class Refused(Exception): ...


def hkdf(algorithm, key, salt, info, length):
    """RFC 5869, both steps."""
    size = hashlib.new(algorithm).digest_size
    return hkdf_expand(algorithm, hmac.digest(salt or bytes(size), key, algorithm), info, length)


def hkdf_expand(algorithm, prk, info, length):
    output, block = b"", b""
    for counter in range(1, 256):
        block = hmac.digest(prk, block + info + bytes([counter]), algorithm)
        output += block
        if len(output) >= length:
            return output[:length]
    raise ValueError("too long")


def context(title, *lines):
    return "".join([f"{title}\n", *(f"{name} {value}\n" for name, value in lines)]).encode()


def derive(key, purpose):
    return hkdf("sha256", key, b"", b"docvault/key/v1\n" + purpose.encode() + b"\n", 32)


def seal_record(key, about, plaintext, salt=None):
    salt = salt or os.urandom(24)
    material = hkdf("sha256", key, salt, b"docvault/record/v1\n", 44)
    return b"\x01" + salt + AESGCM(material[:32]).encrypt(material[32:], plaintext, b"\x01" + about)


def open_record(key, about, record):
    if record[0] != 1:
        raise Refused("algorithm")
    material = hkdf("sha256", key, record[1:25], b"docvault/record/v1\n", 44)
    try:
        return AESGCM(material[:32]).decrypt(material[32:], record[25:], b"\x01" + about)
    except Exception as error:
        raise Refused("record") from error


def master_context(generation):
    return context("docvault/master-key/v1", ("generation", generation))


def open_master(root, generation, wrapped):
    return open_record(derive(root, "master-key"), master_context(generation), wrapped)


def seal_under_master(generation, master, purpose, about, plaintext, salt=None):
    record = seal_record(derive(master, purpose), about, plaintext, salt)
    return b"\x02" + generation.to_bytes(4, "big") + record


def open_under_master(masters, purpose, about, sealed):
    """Open what is sealed under one of `masters`, which are by generation."""
    if sealed[0] != 2:
        raise Refused("layout")
    generation = int.from_bytes(sealed[1:5], "big")
    if generation not in masters:
        raise Refused("master")
    return open_record(derive(masters[generation], purpose), about, sealed[5:])


def read_key_file(text):
    title, encoded, check, end = text.split("\n")
    root = base64.b64decode(encoded)
    if (title, end) != ("docvault-root-key-v1", ""):
        raise Refused("key file")
    if hashlib.sha256(b"docvault/root-key-check/v1\n" + root).hexdigest()[:16] != check:
        raise Refused("key file")
    return root


def write_key_file(root):
    check = hashlib.sha256(b"docvault/root-key-check/v1\n" + root).hexdigest()[:16]
    return f"docvault-root-key-v1\n{base64.b64encode(root).decode()}\n{check}\n"


def folder_context(row):
    return context(
        "docvault/folder-key/v1",
        ("organisation", row["organisation"]),
        ("folder", row["folder"]),
        ("generation", row["generation"]),
    )


def version_context(row):
    names = (
        "algorithm",
        "organisation",
        "folder",
        "generation",
        "document",
        "version",
        "purpose",
        "number",
        "blob",
        "state",
        "size",
        "segments",
        "media-type",
        "sha256",
    )
    heads = ("heads",) if row.get("heads") else ()  # not kept of older versions
    moved = ("sealed-in",) if row.get("sealed-in") else ()  # its document lies elsewhere now
    return context("docvault/data-key/v1", *((name, row[name]) for name in (*names, *heads, *moved)))


def segment_context(row, index):
    names = ("algorithm", "organisation", "folder", "document", "version", "purpose", "number")
    row = {**row, "folder": row.get("sealed-in") or row["folder"]}
    last = "yes" if index == row["segments"] - 1 else "no"
    return context(
        "docvault/segment/v1", *((name, row[name]) for name in names), ("segment", index), ("last", last)
    )


def message_keys(data_key, about, salt):
    info = b"c2sp.org/chunked-encryption@v1+AEAD_AES_256_GCM\x00" + salt + about
    material = hkdf_expand("sha512", data_key, info, 76)
    return AESGCM(material[:32]), int.from_bytes(material[32:44], "big"), material[44:]


def seal_segment(data_key, about, plaintext, salt=None):
    salt = salt or os.urandom(24)
    aead, base, commitment = message_keys(data_key, about, salt)
    chunks = [plaintext[start : start + CHUNK] for start in range(0, len(plaintext) + 1, CHUNK)]
    sealed = [aead.encrypt((base ^ k).to_bytes(12, "big"), chunk, None) for k, chunk in enumerate(chunks)]
    return HEADER + salt + commitment + b"".join(sealed)


def open_segment(data_key, about, sealed):
    if sealed[:8] != HEADER:
        raise Refused("header")
    salt, commitment, body = sealed[8:32], sealed[32:64], sealed[64:]
    aead, base, expected = message_keys(data_key, about, salt)
    if not hmac.compare_digest(commitment, expected):
        raise Refused("commitment")
    chunks = [body[start : start + CHUNK + 16] for start in range(0, len(body), CHUNK + 16)]
    if not chunks or len(chunks[-1]) >= CHUNK + 16:
        raise Refused("truncated")
    try:
        return b"".join(
            aead.decrypt((base ^ k).to_bytes(12, "big"), chunk, None) for k, chunk in enumerate(chunks)
        )
    except Exception as error:
        raise Refused("chunk") from error


def open_data_key(masters, row):
    folder_key = open_under_master(masters, "folder-key", folder_context(row), row["wrapped-folder-key"])
    return open_record(derive(folder_key, "data-key"), version_context(row), row["wrapped-key"])


def read_file(masters, row, get):
    """Read a whole version; `get(name)` returns a stored object."""
    if row["algorithm"] != "cobblestone-256" or row["segments"] != max(1, -(-row["size"] // SEGMENT)):
        raise Refused("row")
    data_key = open_data_key(masters, row)
    parts, heads = {}, {}
    for index in [row["segments"] - 1, *range(row["segments"] - 1)]:
        sealed = get(f"{row['blob']}/{index:06d}")
        plaintext = open_segment(data_key, segment_context(row, index), sealed)
        if len(plaintext) != min(SEGMENT, row["size"] - index * SEGMENT):
            raise Refused("length")
        parts[index], heads[index] = plaintext, sealed[:64]
    whole = b"".join(parts[index] for index in range(row["segments"]))
    if hashlib.sha256(whole).hexdigest() != row["sha256"]:
        raise Refused("digest")
    if row.get("heads") and heads_of([heads[index] for index in range(row["segments"])]) != row["heads"]:
        raise Refused("heads")
    return whole


def heads_of(sealed):
    """Return what a row says of how its objects, given in their order, begin."""
    return hashlib.sha256(b"".join(each[:64] for each in sealed)).hexdigest()

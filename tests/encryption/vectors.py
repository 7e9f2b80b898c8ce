"""The vectors of tests/vectors/file-encryption: where they lie, how each reader takes them, and how they are written.

`python -m encryption.vectors`, run in tests/, writes them again (deterministically; those of WebCrypto are random and
written by `--webcrypto`; those of its vectors that have no heads are from before rows had any). One file per
failure, named by the attack.
"""

import base64
import copy
import hashlib
import json
import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.sync_api import sync_playwright

from docvault.blobs.store import BlobMissing
from docvault.database.folder_keys import FolderKeyRow
from docvault.database.versions import VersionRow
from docvault.encryption.contexts import MasterContext
from docvault.encryption.held import HeldKeys
from docvault.encryption.keyring import FileKeyring
from docvault.encryption.masters import WrappedMaster, digest
from docvault.vault import keyring as keys
from docvault.vault.reading import OpenVersion, place_of, row_context

from . import independent

FOLDER = Path(__file__).parents[1] / "vectors" / "file-encryption"
SCRIPT = Path(__file__).with_name("webcrypto.js")
CHROMIUM = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
]
CHUNK = independent.CHUNK + 16  # stored bytes of a full chunk
BODY = 64  # where the chunks begin


def counted(size):
    return (bytes(range(251)) * (size // 251 + 1))[:size]


def load(name):
    return json.loads((FOLDER / f"{name}.json").read_text())


def names(*, valid):
    return sorted(
        path.stem for path in FOLDER.glob("*.json") if json.loads(path.read_text())["valid"] is valid
    )


# --- reading ------------------------------------------------------------------------------------------------------


def object_of(vector, data_key, index):
    """Return a stored object; one that is too large for a file is written again from its salt."""
    stored = vector["objects"].get(f"{index:06d}")
    if stored is None or isinstance(stored, str):
        return None if stored is None else base64.b64decode(stored)
    start = index * independent.SEGMENT
    plaintext = counted(vector["row"]["size"])[start : start + independent.SEGMENT]
    about = independent.segment_context(vector["row"], index)
    sealed = independent.seal_segment(data_key, about, plaintext, bytes.fromhex(stored["salt"]))
    assert hashlib.sha256(sealed).hexdigest() == stored["sha256"]
    return sealed


def read_independently(vector):
    row = {
        **vector["row"],
        "wrapped-folder-key": bytes.fromhex(vector["wrapped_folder_key"]),
        "wrapped-key": bytes.fromhex(vector["wrapped_key"]),
    }
    masters = independent_masters(vector)

    def get(name):
        found = object_of(vector, independent.open_data_key(masters, row), int(name.partition("/")[2]))
        if found is None:
            raise independent.Refused("missing")
        return found

    return independent.read_file(masters, row, get)


def independent_masters(vector):
    root = independent.read_key_file(vector["key_file"])
    return {
        int(generation): independent.open_master(root, int(generation), bytes.fromhex(wrapped))
        for generation, wrapped in vector["masters"].items()
    }


def vector_keyring(vector):
    """Return the masters of one vector, held by the product."""
    root = key_file(vector["key_file"])
    made = HeldKeys(root)
    made.learn([_master(root, int(number), wrapped) for number, wrapped in vector["masters"].items()])
    return made


def _master(root, generation, wrapped):
    plain = root.unwrap(bytes.fromhex(wrapped), MasterContext(generation))
    return WrappedMaster(generation, root.name, bytes.fromhex(wrapped), digest(plain))


def key_file(text):
    with TemporaryDirectory() as folder:
        path = Path(folder) / "root.key"
        path.touch(0o600)
        path.write_text(text)
        return FileKeyring.open(path)


class VectorBlobs:
    """The objects of one vector, as a store."""

    def __init__(self, vector: Mapping, data_key: bytes) -> None:
        self._vector, self._data_key = vector, data_key

    def get(self, key):
        found = object_of(self._vector, self._data_key, int(key.partition("/")[2]))
        if found is None:
            raise BlobMissing
        return found


def read_with_the_product(vector):
    row = vector["row"]
    stored = VersionRow(
        id=row["version"],
        organisation_id=row["organisation"],
        folder_id=row["folder"],
        document_id=row["document"],
        document_name="",
        purpose=row["purpose"],
        number=row["number"],
        state=row["state"],
        media_type=row["media-type"],
        size=row["size"],
        sha256=row["sha256"],
        pages=None,
        findings=None,
        generation=row["generation"],
        wrapped_key=bytes.fromhex(vector["wrapped_key"]),
        wrapped_folder_key=bytes.fromhex(vector["wrapped_folder_key"]),
        blob=row["blob"],
        segments=row["segments"],
        algorithm=row["algorithm"],
        heads=row.get("heads"),
        sealed_in=row.get("sealed-in"),
        scan="unscanned",
        scan_note=None,
    )
    context = row_context(stored)
    keyring = vector_keyring(vector)
    folder = FolderKeyRow(row["organisation"], row["folder"], row["generation"], stored.wrapped_folder_key)
    key = keys.open_data_key(keys.open_folder_key(keyring, folder), context, stored.wrapped_key)
    with ThreadPoolExecutor(1) as ahead:
        opened = OpenVersion(
            id=stored.id,
            document_id=stored.document_id,
            name="",
            purpose=stored.purpose,
            number=stored.number,
            media_type=stored.media_type,
            size=stored.size,
            sha256=stored.sha256,
            heads=stored.heads,
            pages=None,
            findings=None,
            blob=stored.blob,
            place=place_of(stored),
            key=key,
            store=VectorBlobs(vector, key),
            ahead=ahead,
        )
        parts = [*opened.range(0, opened.size)]
        return b"".join(parts) if parts else opened.segment(0)


@contextmanager
def webcrypto():
    """Lend a page of a real browser that knows tests/encryption/webcrypto.js; no network."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=CHROMIUM)
        page = browser.new_page()
        page.route("**/*", lambda route: route.fulfill(body="<!doctype html>", content_type="text/html"))
        page.goto("https://vectors.invalid/")  # WebCrypto needs a secure origin; the answer is the line above
        page.add_script_tag(content=SCRIPT.read_text())
        yield page
        browser.close()


# --- writing ------------------------------------------------------------------------------------------------------


def fixed(label, size=32):
    """Return bytes that are the same at every run: vectors are no secrets."""
    return hashlib.shake_256(b"docvault vectors: " + label.encode()).digest(size)


def an_id(label):
    return base64.b32encode(fixed(label, 16)).decode().rstrip("=").lower()


def place(**changes):
    return {
        "organisation": an_id("organisation"),
        "folder": an_id("folder"),
        "generation": 1,
        "document": an_id("document"),
        "version": an_id("version"),
        "purpose": "original",
        "number": 2,
        "blob": fixed("blob", 16).hex(),
        "media-type": "application/pdf",
        **changes,
    }


def make(title, size, **changes):
    plaintext = counted(size)
    segments = max(1, -(-size // independent.SEGMENT))
    row = {
        **place(),
        "algorithm": "cobblestone-256",
        "state": "stored",
        "size": size,
        "segments": segments,
        "sha256": hashlib.sha256(plaintext).hexdigest(),
        **changes,
    }
    vector = {"title": title, "valid": True, **root_and_masters(), "row": row}
    wrap(vector)
    vector["objects"] = {f"{index:06d}": seal(row, plaintext, index) for index in range(segments)}
    return vector


def with_heads(vector):
    """Add how the objects begin, as the rows of versions say that are kept today."""
    objects = [object_of(vector, fixed("data key"), index) for index in range(vector["row"]["segments"])]
    vector["row"]["heads"] = independent.heads_of(objects)
    wrap(vector)
    return vector


GENERATION = 2  # of the master that the vectors' folder keys are under; an older one is there as well


def root_and_masters():
    """Return a key file and the masters that it wraps, as they lie in a file and in rows."""
    wrapping = independent.derive(fixed("root"), "master-key")
    return {
        "key_file": independent.write_key_file(fixed("root")),
        "masters": {
            str(generation): independent.seal_record(
                wrapping,
                independent.master_context(generation),
                fixed(f"master {generation}"),
                fixed(f"salt of master {generation}", 24),
            ).hex()
            for generation in (1, GENERATION)
        },
    }


def wrap(vector):
    """Seal the keys for the row as it stands."""
    row = vector["row"]
    folder_purpose = independent.derive(fixed("folder key"), "data-key")
    wrapped = independent.seal_under_master(
        GENERATION,
        fixed(f"master {GENERATION}"),
        "folder-key",
        independent.folder_context(row),
        fixed("folder key"),
        fixed("salt of the folder key", 24),
    )
    vector["wrapped_folder_key"] = wrapped.hex()
    salt = fixed(f"salt of the data key {json.dumps(row, sort_keys=True)}", 24)
    vector["wrapped_key"] = independent.seal_record(
        folder_purpose, independent.version_context(row), fixed("data key"), salt
    ).hex()


def seal(row, plaintext, index):
    salt = fixed(f"salt {row['version']} {index} {row['size']}", 24)
    part = plaintext[index * independent.SEGMENT : (index + 1) * independent.SEGMENT]
    sealed = independent.seal_segment(fixed("data key"), independent.segment_context(row, index), part, salt)
    if len(sealed) > 256 * 1024:
        return {"salt": salt.hex(), "sha256": hashlib.sha256(sealed).hexdigest()}
    return base64.b64encode(sealed).decode()


def attacked(base, title, change):
    vector = copy.deepcopy(base)
    vector.update(title=title, valid=False)
    change(vector)
    return vector


def on_object(change):
    def apply(vector):
        sealed = bytearray(base64.b64decode(vector["objects"]["000000"]))
        vector["objects"]["000000"] = base64.b64encode(bytes(change(sealed))).decode()

    return apply


def on_row(**changes):
    return lambda vector: vector["row"].update(changes)


def moved(**changes):
    """The row and its keys are genuine, for another place than the object's."""

    def apply(vector):
        vector["row"].update(changes)
        wrap(vector)

    return apply


def flip(at):
    def change(sealed):
        sealed[at] ^= 1
        return sealed

    return change


def record_change(name, change):
    def apply(vector):
        vector[name] = bytes(change(bytearray(bytes.fromhex(vector[name])))).hex()

    return apply


def to_generation(generation):
    return lambda sealed: sealed[:1] + generation.to_bytes(4, "big") + sealed[5:]


def chunk_of(sealed, k):
    return sealed[BODY + k * CHUNK : BODY + (k + 1) * CHUNK]


def valid_vectors():
    return {
        "file-empty": make("an empty file", 0),
        "file-one-byte": make("one byte", 1),
        "file-one-chunk": make("exactly one chunk, so a second one that is empty", independent.CHUNK),
        "file-two-chunks": make("a chunk and a bit", independent.CHUNK + 100),
        "file-two-segments": make("a segment and a bit", independent.SEGMENT + 1000),
        "file-full-segment": make("exactly one segment", independent.SEGMENT),
        "heads-empty": with_heads(make("an empty file whose row says how its object begins", 0)),
        "heads-two-segments": with_heads(
            make("two segments, and how their objects begin", independent.SEGMENT + 9)
        ),
        "heads-moved": with_heads(
            make("the same of a document that was moved", 9, **{"sealed-in": an_id("other")})
        ),
        "file-moved": make(
            "a document that was moved to another folder", 100, **{"sealed-in": an_id("other")}
        ),
    }


def invalid_vectors():
    short = make("a hundred bytes", 100)
    long = make("three chunks", 2 * independent.CHUNK + 100)
    two = make("two segments", independent.SEGMENT + 1000)
    other = an_id("other")
    away = make("a document that was moved", 100, **{"sealed-in": other})
    begun = with_heads(make("a hundred bytes, and how their object begins", 100))
    two_begun = with_heads(make("two segments, and how their objects begin", independent.SEGMENT + 1000))

    def swap(sealed):
        return sealed[:BODY] + chunk_of(sealed, 1) + chunk_of(sealed, 0) + sealed[BODY + 2 * CHUNK :]

    def last_as_first(vector):
        vector["row"].update(size=1000, segments=1)
        vector["objects"] = {"000000": vector["objects"]["000001"]}
        wrap(vector)

    def first_dropped(vector):
        vector["objects"].pop("000000")

    def sealed_again(index, plaintext):
        def apply(vector):
            about = independent.segment_context(vector["row"], index)
            again = independent.seal_segment(fixed("data key"), about, plaintext, fixed("another salt", 24))
            vector["objects"][f"{index:06d}"] = base64.b64encode(again).decode()

        return apply

    attacks = {
        "heads-object-sealed-again": (begun, sealed_again(0, counted(100))),
        "heads-object-sealed-with-other-bytes": (begun, sealed_again(0, bytes(100))),
        "heads-last-object-sealed-again": (
            two_begun,
            sealed_again(1, counted(independent.SEGMENT + 1000)[-1000:]),
        ),
        "heads-other": (begun, moved(heads="0" * 64)),
        "row-heads-added": (short, on_row(heads=begun["row"]["heads"])),
        "row-heads-removed": (begun, lambda vector: vector["row"].pop("heads")),
        "row-heads-another": (begun, on_row(heads="0" * 64)),
        "object-unknown-algorithm": (short, on_object(flip(7))),
        "object-unknown-layout": (short, on_object(flip(5))),
        "object-other-magic": (short, on_object(flip(0))),
        "object-salt-changed": (short, on_object(flip(8))),
        "object-commitment-changed": (short, on_object(flip(32))),
        "object-bit-flipped-in-a-chunk": (short, on_object(flip(BODY + 50))),
        "object-bit-flipped-in-a-tag": (short, on_object(flip(-1))),
        "object-truncated-by-a-byte": (short, on_object(lambda sealed: sealed[:-1])),
        "object-truncated-to-its-header": (short, on_object(lambda sealed: sealed[:8])),
        "object-without-chunks": (short, on_object(lambda sealed: sealed[:BODY])),
        "object-empty": (short, on_object(lambda _: b"")),
        "object-extended-by-a-byte": (short, on_object(lambda sealed: sealed + b"\0")),
        "object-missing": (short, lambda vector: vector["objects"].clear()),
        "chunks-swapped": (long, on_object(swap)),
        "chunk-dropped": (long, on_object(lambda sealed: sealed[:BODY] + sealed[BODY + CHUNK :])),
        "chunk-duplicated": (long, on_object(lambda sealed: sealed[: BODY + CHUNK] + sealed[BODY:])),
        "last-chunk-cut-off": (long, on_object(lambda sealed: sealed[: BODY + 2 * CHUNK])),
        "segment-dropped": (two, first_dropped),
        "last-segment-as-the-whole-file": (two, last_as_first),
        "place-other-organisation": (short, moved(organisation=other)),
        "place-other-folder": (short, moved(folder=other)),
        "place-other-document": (short, moved(document=other)),
        "place-other-version": (short, moved(version=other)),
        "place-other-purpose": (short, moved(purpose="signed")),
        "place-other-number": (short, moved(number=3)),
        "row-other-organisation": (short, on_row(organisation=other)),
        "row-other-folder": (short, on_row(folder=other)),
        "row-other-generation": (short, on_row(generation=2)),
        "row-other-document": (short, on_row(document=other)),
        "row-other-version": (short, on_row(version=other)),
        "row-other-purpose": (short, on_row(purpose="prepared")),
        "row-other-number": (short, on_row(number=1)),
        "row-other-blob": (short, on_row(blob="00" * 16)),
        "row-other-size": (short, on_row(size=99)),
        "row-other-segments": (short, on_row(segments=2)),
        "row-other-media-type": (short, on_row(**{"media-type": "text/html"})),
        "row-other-digest": (short, on_row(sha256="0" * 64)),
        "row-sealed-in-added": (short, on_row(**{"sealed-in": other})),
        "row-sealed-in-removed": (away, lambda vector: vector["row"].pop("sealed-in")),
        "row-sealed-in-another": (away, on_row(**{"sealed-in": an_id("third")})),
        "row-sealed-in-and-folder-exchanged": (away, on_row(folder=other, **{"sealed-in": an_id("folder")})),
        "place-sealed-in-another": (away, moved(**{"sealed-in": an_id("third")})),
        "place-sealed-in-its-own": (away, moved(**{"sealed-in": None})),
        "row-still-receiving": (short, on_row(state="receiving")),
        "row-unknown-algorithm": (short, on_row(algorithm="none")),
        "row-downgraded-algorithm": (short, on_row(algorithm="cobblestone-128")),
        "data-key-unknown-algorithm": (short, record_change("wrapped_key", flip(0))),
        "data-key-salt-changed": (short, record_change("wrapped_key", flip(1))),
        "data-key-bit-flipped": (short, record_change("wrapped_key", flip(30))),
        "data-key-truncated": (short, record_change("wrapped_key", lambda record: record[:20])),
        "folder-key-unknown-algorithm": (short, record_change("wrapped_folder_key", flip(5))),
        "folder-key-bit-flipped": (short, record_change("wrapped_folder_key", flip(-1))),
        "folder-key-in-place-of-data-key": (
            short,
            lambda vector: vector.update(wrapped_key=vector["wrapped_folder_key"]),
        ),
        "folder-key-unknown-layout-algorithm": (short, record_change("wrapped_folder_key", flip(0))),
        "folder-key-of-another-master": (short, record_change("wrapped_folder_key", to_generation(1))),
        "folder-key-of-a-master-that-is-gone": (short, record_change("wrapped_folder_key", to_generation(3))),
        "folder-key-truncated": (short, record_change("wrapped_folder_key", lambda sealed: sealed[:4])),
        "masters-swapped": (
            short,
            lambda vector: vector.update(masters={"1": vector["masters"]["2"], "2": vector["masters"]["1"]}),
        ),
        "root-key-other": (
            short,
            lambda vector: vector.update(key_file=independent.write_key_file(fixed("another root"))),
        ),
    }
    return {name: attacked(base, name.replace("-", " "), change) for name, (base, change) in attacks.items()}


def write(vectors):
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, vector in vectors.items():
        (FOLDER / f"{name}.json").write_text(json.dumps(vector, indent=1) + "\n")


def main():
    if "--webcrypto" in sys.argv:
        with webcrypto() as page:
            sizes = {"empty": 0, "one-byte": 1, "three-chunks": 2 * independent.CHUNK + 100}
            write(
                {
                    f"webcrypto-heads-{name}": page.evaluate(
                        "([place, size]) => writeVector(place, size)", [place(), size]
                    )
                    for name, size in sizes.items()
                }
            )
        return
    write(valid_vectors())
    write(invalid_vectors())


if __name__ == "__main__":
    main()

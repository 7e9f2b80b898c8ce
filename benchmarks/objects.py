"""The two stores themselves, with nothing of DocVault: durable files in a folder, objects in a bucket.

And AES-256-GCM over the same 8 MiB segments that DocVault seals.
"""

import os
from pathlib import Path
from typing import Any, Protocol

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from docvault.blobs.bucket import Bucket
from docvault.settings import load

SEGMENT = 8 * 1024 * 1024  # bytes, as DocVault's
CIPHER = AESGCM(bytes(32))


class Objects(Protocol):
    def put(self, name: str, data: bytes) -> None: ...

    def get(self, name: str) -> bytes: ...


class Files:
    """One file each: on the disk, and its name in the directory, before `put` returns."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(exist_ok=True)

    def put(self, name: str, data: bytes) -> None:
        with (self._folder / name).open("xb", buffering=0) as target:
            target.write(data)
            os.fsync(target.fileno())
        directory = os.open(self._folder, os.O_RDONLY)
        os.fsync(directory)
        os.close(directory)

    def get(self, name: str) -> bytes:
        return (self._folder / name).read_bytes()


class InBucket:
    """One PUT each, by the client library alone."""

    def __init__(self, bucket: Bucket) -> None:
        self._name = bucket.name
        self._client: Any = bucket.client()

    def put(self, name: str, data: bytes) -> None:
        self._client.put_object(Bucket=self._name, Key=f"floor/{name}", Body=data)

    def get(self, name: str) -> bytes:
        return self._client.get_object(Bucket=self._name, Key=f"floor/{name}")["Body"].read()


def of_the_environment() -> Objects:
    """Return the store that DocVault, in the same environment, would keep its files in."""
    bucket = load().bucket
    return InBucket(bucket) if bucket else Files(Path(os.environ["BENCH_FOLDER"]) / "floor")


def put_sealed(store: Objects, file: str, index: int, segment: bytes | bytearray) -> None:
    store.put(f"{file}-{index:06}", CIPHER.encrypt(index.to_bytes(12, "big"), segment, None))


def get_opened(store: Objects, file: str, index: int) -> bytes:
    return CIPHER.decrypt(index.to_bytes(12, "big"), store.get(f"{file}-{index:06}"), None)

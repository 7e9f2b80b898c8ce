"""The bucket that the log is published to: objects by path, written once, locked as they are written.

It asks for no right to remove anything, and tries nothing out: what it could not remove again would stay.
"""

import re
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from typing import Any

from docvault.blobs.bucket import Bucket
from docvault.blobs.s3 import PAUSE, S3Blobs, whole_second
from docvault.blobs.store import BlobExists, Copy, PublishedOtherwise, StoreFailed

PATH = re.compile(r"checkpoints/[0-9]{20}|tile/[0-9]{1,2}/(?:x[0-9]{3}/)*[0-9]{3}(?:\.p/[0-9]{1,3})?")
NEVER = datetime.min.replace(tzinfo=UTC)


class LogBucket(S3Blobs):
    """The objects of a log under a bucket's prefix. Shared between threads."""

    def __init__(self, bucket: Bucket, *, pause: float = PAUSE) -> None:
        super().__init__(bucket, pause=pause)
        self._conditional = True  # asked for, and looked at before and after as well

    @property
    def place(self) -> str:
        return self._place

    def keep(self, path: str, data: bytes, until: datetime) -> None:
        if not self._is_there(self._name(path)):
            self._add(path, data, until)
        if self.get(path) != data:
            raise PublishedOtherwise(path)
        if self.can_lock() and (self.locked_until(path) or NEVER) < until:
            self.lock(path, until)

    def copies(self, prefix: str) -> Iterator[Copy]:
        start = self._bucket.prefix + prefix
        if not self._has_versions():
            for page in self._pages("list_objects_v2", start):
                yield from self._found(page.get("Contents", ()))
            return
        for page in self._pages("list_object_versions", start):
            yield from self._found(page.get("Versions", ()))
            yield from self._found(page.get("DeleteMarkers", ()), hides=True)

    def read(self, copy: Copy) -> bytes:
        whole = {"Bucket": self._bucket.name, "Key": self._name(copy.path)}
        if copy.version:
            whole["VersionId"] = copy.version
        return self._ask(lambda: self._read_whole(whole))

    def _add(self, path: str, data: bytes, until: datetime) -> None:
        lock: dict[str, object] = {}
        if self.can_lock():
            mode = self._bucket.lock.upper()
            lock = {"ObjectLockMode": mode, "ObjectLockRetainUntilDate": whole_second(until)}
        try:
            self._ask(lambda: self._put(self._name(path), data, also=lock), missing=StoreFailed)
        except BlobExists:  # another worker, or a first try whose answer was lost: the caller compares
            return

    def _read_whole(self, whole: dict[str, str]) -> bytes:
        with closing(self._client.get_object(**whole)["Body"]) as body:
            content: bytes = body.read()
        return content

    def _found(self, entries: Any, *, hides: bool = False) -> Iterator[Copy]:
        for found in entries:
            path = found["Key"].removeprefix(self._bucket.prefix)
            if PATH.fullmatch(path):  # the bucket may hold what is not the log's
                yield Copy(path, found.get("VersionId", ""), hides)

    def _name(self, key: str) -> str:
        if not PATH.fullmatch(key):
            raise ValueError("not a path of a log: checkpoints/… or tile/…")
        return self._bucket.prefix + key

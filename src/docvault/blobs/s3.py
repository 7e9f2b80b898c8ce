"""Objects in a bucket of any S3-compatible store. Knows only bytes.

One object is one PUT, with its SHA-256 and on the condition that the name is free. No error of the client's
library leaves this room: it is chained as the cause, for the log.
"""

import hashlib
import threading
import time
from base64 import b64encode
from collections.abc import Callable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from docvault.blobs.bucket import MODES, TOGETHER, TRIES, Bucket
from docvault.blobs.gate import Gate, StoreAway
from docvault.blobs.store import (
    KEY,
    Abilities,
    BlobError,
    BlobExists,
    BlobLocked,
    BlobMissing,
    CannotLock,
    Octets,
    StorageFull,
    StoreFailed,
    checked,
    trial,
)

OFF = MODES[-1]
PAUSE = 3  # seconds that a store is left alone after it did not answer
FRESH = 5  # seconds that an answer to "does it answer" counts
QUICK = 2  # seconds such a question may take to connect, and again to be answered
PAGE = 1000  # keys of one answer; the most that S3 gives
MISSING = {"NoSuchKey", "NoSuchVersion", "404"}
TAKEN = {"PreconditionFailed", "412"}
AGAIN = {
    "ConditionalRequestConflict",
    "OperationAborted",
    "409",
}  # two writers at once: one of them asks again
FULL = {
    "InsufficientStorage",
    "InsufficientCapacity",
    "QuotaExceeded",
    "StorageFull",
    "XMinioStorageFull",
    "507",
}
NO_LOCK_SET = {  # on this object; each store has its own word
    "InvalidRequest",
    "NoSuchObjectLockConfiguration",
    "ObjectLockConfigurationNotFoundError",
}
NO_LOCKS = {"ObjectLockConfigurationNotFoundError", "NotImplemented", "MethodNotAllowed", "404", "501", "405"}
NO_CONDITIONS = (
    "It writes over objects that are there (no conditional writes). DocVault looks before it writes instead; "
    "let only one server use it, or choose another store."
)
NO_CHECKSUMS = (
    "It keeps bytes that do not match their checksum. Damage on the way is found when a file is read, not "
    "when it is stored."
)

Result = TypeVar("Result")


class S3Blobs:
    """The objects under a bucket's prefix. Shared between threads; at most TOGETHER requests at once."""

    def __init__(self, bucket: Bucket, *, pause: float = PAUSE, page: int = PAGE) -> None:
        self._bucket = bucket
        self._client = bucket.client()
        self._quick = bucket.client(tries=1, connect=QUICK, read=QUICK)
        self._gate = Gate(TOGETHER, pause)
        self._page = page
        self._conditional: bool | None = None  # whether it refuses to write over an object: tried once
        self._learning = threading.Lock()
        self._versioned: bool | None = None  # asked once, when it first matters
        self._locking: bool | None = None
        self._answered: tuple[float, bool] = (-FRESH, True)
        self._asking = threading.Lock()

    def put(self, key: str, data: Octets) -> None:
        name = self._name(key)
        body = data.tobytes() if isinstance(data, memoryview) else data
        if not self._writes_once() and self._is_there(name):
            raise BlobExists
        for attempt in range(TRIES):
            try:
                return self._ask(lambda: self._put(name, body), missing=StoreFailed)
            except BlobExists as error:
                # Our own first try may have arrived and only its answer was lost.
                if _tries(error) > 1 and self.get(key) == body:
                    return None
                raise
            except _Conflict:
                if attempt == TRIES - 1:
                    raise
        return None

    def get(self, key: str) -> bytes:
        name = self._name(key)
        for attempt in range(TRIES):
            try:
                return self._ask(lambda: self._read(name))
            except StoreAway as error:  # the library asks again for an answer, but not for the rest of one
                if attempt == TRIES - 1 or not isinstance(error.__cause__, _cut_off()):
                    raise
        raise StoreFailed

    def delete(self, key: str) -> None:
        name = self._name(key)
        if not self._has_versions():
            self._ask(lambda: self._client.delete_object(Bucket=self._bucket.name, Key=name))
            return
        for version in self._versions(name):
            self._delete_version(name, version)

    def list(self, prefix: str) -> Iterator[str]:
        for page in self._pages("list_objects_v2", self._bucket.prefix + prefix):
            for found in page.get("Contents", ()):
                key = found["Key"].removeprefix(self._bucket.prefix)
                if KEY.fullmatch(key):  # the bucket may hold what is not ours
                    yield key

    def lock(self, key: str, until: datetime) -> None:
        if not self.can_lock():
            raise CannotLock
        whole = {"Bucket": self._bucket.name, "Key": self._name(key)}
        kept = {"Mode": self._bucket.lock.upper(), "RetainUntilDate": whole_second(until)}
        refused: StoreFailed | None = None
        try:
            self._ask(lambda: self._client.put_object_retention(**whole, Retention=kept))
        except StoreAway:
            raise
        except StoreFailed as error:  # no lock is made shorter, so one that lasts longer is left as it is
            refused = error
        found = self._retained_until(whole)
        if found is None or found < until:  # said, but not done
            raise refused or StoreFailed

    def can_lock(self) -> bool:
        return self._bucket.lock != OFF and self._has_locks()

    def locked_until(self, key: str) -> datetime | None:
        whole = {"Bucket": self._bucket.name, "Key": self._name(key)}
        return self._retained_until(whole) if self._has_locks() else None

    def sweep(self, before: datetime) -> int:
        """Give up multipart uploads: DocVault makes none, but each costs room and is listed nowhere."""
        aborted = 0
        for page in self._pages("list_multipart_uploads", self._bucket.prefix):
            for upload in page.get("Uploads", ()):
                if upload["Initiated"] < before:
                    self._abort(upload["Key"], upload["UploadId"])
                    aborted += 1
        return aborted

    def probe(self) -> Abilities:
        self._conditional = self._versioned = self._locking = None
        lacks = [] if self._writes_once() else [NO_CONDITIONS]
        lacks += [NO_CHECKSUMS] if self._takes_damaged() else []
        return Abilities(self._place, tuple(lacks), tuple(self._notes()), self.can_lock())

    def answers(self) -> bool:
        at, well = self._answered
        if time.monotonic() - at >= FRESH and self._asking.acquire(blocking=False):
            try:
                well = self._greet()
                self._answered = (time.monotonic(), well)
            finally:
                self._asking.release()
        return well  # while somebody else asks, what was known before

    # --- one request each ----------------------------------------------------------------------------------

    def _put(self, name: str, body: Octets, digest: bytes | None = None, also: Any = None) -> None:
        condition = {} if self._conditional is False else {"IfNoneMatch": "*"}
        self._client.put_object(
            Bucket=self._bucket.name,
            Key=name,
            Body=body,
            ChecksumSHA256=b64encode(digest or hashlib.sha256(body).digest()).decode(),
            ContentType="application/octet-stream",
            **condition,
            **(also or {}),
        )

    def _read(self, name: str) -> bytes:
        with closing(self._client.get_object(Bucket=self._bucket.name, Key=name)["Body"]) as body:
            content: bytes = body.read()
        return content

    def _is_there(self, name: str) -> bool:
        try:
            self._ask(lambda: self._client.head_object(Bucket=self._bucket.name, Key=name))
        except BlobMissing:
            return False
        return True

    def _greet(self) -> bool:
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - see Bucket.client

        try:
            self._quick.head_bucket(Bucket=self._bucket.name)
        except (BotoCoreError, ClientError):
            return False
        return True

    def _pages(self, operation: str, prefix: str) -> Iterator[dict[str, Any]]:
        pages = iter(
            self._client.get_paginator(operation).paginate(
                Bucket=self._bucket.name, Prefix=prefix, PaginationConfig={"PageSize": self._page}
            )
        )
        while (page := self._ask(lambda: next(pages, None), missing=StoreFailed)) is not None:
            yield page

    def _abort(self, name: str, upload_id: str) -> None:
        with suppress(BlobMissing):  # somebody else was faster
            self._ask(
                lambda: self._client.abort_multipart_upload(
                    Bucket=self._bucket.name, Key=name, UploadId=upload_id
                )
            )

    # --- versions and locks --------------------------------------------------------------------------------

    def _versions(self, name: str) -> Sequence[str]:
        """Return every version of the object, the oldest first, and markers of earlier deletions after them.

        A marker removes no byte. The oldest is the one that DocVault wrote and locked: if it is refused,
        nothing was removed yet.
        """
        kept: list[str] = []
        markers: list[str] = []
        for page in self._pages("list_object_versions", name):
            kept += [found["VersionId"] for found in page.get("Versions", ()) if found["Key"] == name]
            markers += [found["VersionId"] for found in page.get("DeleteMarkers", ()) if found["Key"] == name]
        return kept[::-1] + markers

    def _delete_version(self, name: str, version: str) -> None:
        whole = {"Bucket": self._bucket.name, "Key": name, "VersionId": version}
        try:
            self._ask(lambda: self._client.delete_object(**whole))
        except StoreFailed as error:
            if self._has_locks() and self._retained(whole):
                raise BlobLocked from error
            raise

    def _retained(self, whole: dict[str, str]) -> bool:
        try:
            until = self._retained_until(whole)
        except BlobError:
            return False
        return until is not None and until > datetime.now(UTC)

    def _retained_until(self, whole: dict[str, str]) -> datetime | None:
        try:
            found = self._ask(lambda: self._client.get_object_retention(**whole), unable=NO_LOCK_SET)
        except CannotLock:
            return None
        until: datetime | None = found.get("Retention", {}).get("RetainUntilDate")
        return until

    def _has_versions(self) -> bool:
        if self._versioned is None:
            found = self._asked_if_able(lambda: self._client.get_bucket_versioning(Bucket=self._bucket.name))
            self._versioned = found.get("Status") in {"Enabled", "Suspended"}
        return self._versioned

    def _has_locks(self) -> bool:
        if self._locking is None:
            found = self._asked_if_able(
                lambda: self._client.get_object_lock_configuration(Bucket=self._bucket.name)
            )
            chosen = found.get("ObjectLockConfiguration", {})
            self._locking = chosen.get("ObjectLockEnabled") == "Enabled"
        return self._locking

    def _asked_if_able(self, ask: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """Ask what not every store understands; one that does not has nothing of the kind."""
        try:
            return self._ask(ask, unable=NO_LOCKS)
        except CannotLock:
            return {}

    # --- the probe -----------------------------------------------------------------------------------------

    @property
    def _place(self) -> str:
        return f"bucket {self._bucket.name}/{self._bucket.prefix} at {self._client.meta.endpoint_url}"

    def _writes_once(self) -> bool:
        """Tell whether the store keeps what is there from being written over: four of five ignore it."""
        with self._learning:
            if self._conditional is None:
                key, content = trial()
                self._ask(lambda: self._put(self._name(key), content))
                try:
                    self._conditional = not self._overwrites(key)
                finally:
                    self.delete(key)
            return self._conditional

    def _overwrites(self, key: str) -> bool:
        try:
            self._ask(lambda: self._put(self._name(key), b"a second object of this name"))
        except BlobExists:
            return False
        return True

    def _takes_damaged(self) -> bool:
        key, content = trial()
        try:
            self._ask(lambda: self._put(self._name(key), content, hashlib.sha256(b"other bytes").digest()))
        except StoreAway:
            raise
        except StoreFailed:
            return False
        self.delete(key)
        return True

    def _notes(self) -> Iterator[str]:
        if self._has_versions():
            yield "The bucket keeps versions; what DocVault removes is removed with all of its versions."
        else:
            yield "The bucket keeps no versions: what is removed there is gone."
        if self.can_lock():
            who = "whoever may bypass locks there" if self._bucket.lock == MODES[0] else "nobody"
            yield (
                f"It has Object Lock ({self._bucket.lock}): signed documents are locked until their "
                f"retention ends, and before that {who} can remove them."
            )
        elif self._has_locks():
            yield "It has Object Lock, which is switched off by lock=off."
        else:
            yield "It has no Object Lock: whoever may write there can remove files before their time."

    # --- errors --------------------------------------------------------------------------------------------

    def _name(self, key: str) -> str:
        return self._bucket.prefix + checked(key)

    def _ask(
        self,
        ask: Callable[[], Result],
        *,
        missing: type[BlobError] = BlobMissing,
        unable: AbstractSet[str] = frozenset(),
    ) -> Result:
        """Do one request inside the gate, and say what went wrong in the words of the store."""
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - see Bucket.client

        with self._gate.passing():
            try:
                return ask()
            except ClientError as error:
                code = str(error.response.get("Error", {}).get("Code", ""))
                raise (CannotLock if code in unable else _meaning(error, code, missing)) from error
            except BotoCoreError as error:
                raise StoreAway from error


class _Conflict(StoreFailed):
    """Another writer of the same name was at work; it may have failed, so asking again is right."""


def _meaning(error: Any, code: str, missing: type[BlobError]) -> type[BlobError]:
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    table = ((MISSING, missing), (TAKEN, BlobExists), (AGAIN, _Conflict), (FULL, StorageFull))
    for codes, meaning in table:
        if code in codes or (str(status) in codes and code != "NoSuchBucket"):
            return meaning
    return StoreAway if status >= 500 else StoreFailed  # noqa: PLR2004 - the class of answers that blame the server


def whole_second(moment: datetime) -> datetime:
    """Return the moment in UTC, not earlier: stores keep whole seconds."""
    return moment.astimezone(UTC) + timedelta(microseconds=-moment.microsecond % 1_000_000)


def _tries(error: BlobExists) -> int:
    cause: Any = error.__cause__
    return 1 + int(cause.response.get("ResponseMetadata", {}).get("RetryAttempts", 0)) if cause else 1


def _cut_off() -> tuple[type[Exception], ...]:
    from botocore.exceptions import (  # noqa: PLC0415 - see Bucket.client
        IncompleteReadError,
        ReadTimeoutError,
        ResponseStreamingError,
    )

    return IncompleteReadError, ReadTimeoutError, ResponseStreamingError

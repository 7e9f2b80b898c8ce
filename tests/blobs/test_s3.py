"""What only a bucket does: conditions, checksums, versions, locks, leftovers, and a provider that cannot."""

import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from types import SimpleNamespace

import httpx
import pytest
import structlog
from botocore.exceptions import ClientError

import faults
import seaweed
from docvault.blobs import gate
from docvault.blobs.bucket import Bucket, BucketUnclear
from docvault.blobs.s3 import NO_CHECKSUMS, NO_CONDITIONS, S3Blobs
from docvault.blobs.store import (
    BlobExists,
    BlobLocked,
    BlobMissing,
    CannotLock,
    StorageFull,
    StoreFailed,
)
from docvault.cli import examination, serving

from .contract import NAME, StoreContract

KEY = f"{NAME}/000000"
PLACES = count(1)


class TestS3Blobs(StoreContract):
    @pytest.fixture
    def store(self, bucket):
        return S3Blobs(bucket, page=2)  # so that every list takes more than one answer

    @pytest.fixture
    def leave_half_written(self, bucket, s3_server):
        def leave():
            name = f"{bucket.prefix}{KEY}"
            begun = s3_server.client.create_multipart_upload(Bucket=bucket.name, Key=name)
            s3_server.client.upload_part(
                Bucket=bucket.name, Key=name, UploadId=begun["UploadId"], PartNumber=1, Body=b"half"
            )

        return leave


# --- what a bucket can --------------------------------------------------------------------------------------


def test_only_what_is_under_the_prefix_is_ours(bucket, s3_server):
    store = S3Blobs(bucket)
    store.put(KEY, b"ours")
    s3_server.client.put_object(Bucket=bucket.name, Key=f"{bucket.prefix}Notes of somebody.txt", Body=b"x")
    s3_server.client.put_object(Bucket=bucket.name, Key=f"other-{bucket.prefix}{KEY}", Body=b"x")
    assert list(store.list("")) == [KEY]


def test_damage_on_the_way_is_refused_by_the_store(bucket):
    store = S3Blobs(bucket)
    with pytest.raises(StoreFailed):
        store._ask(lambda: store._put(store._name(KEY), b"what was sent", b"0" * 32))
    assert list(store.list("")) == []


def test_the_probe_finds_nothing_missing_in_a_capable_store_and_leaves_nothing(bucket):
    store = S3Blobs(bucket)
    found = store.probe()
    assert found.lacks == ()
    assert bucket.name in found.place
    assert seaweed.SECRET not in repr(found) + repr(bucket)
    assert "keeps no versions" in " ".join(found.notes)
    assert list(store.list("")) == []


@pytest.fixture(scope="module")
def locking(s3_server):
    return s3_server.locking_bucket()


def test_a_locked_object_stays_until_its_day_and_is_not_even_hidden(locking):
    store = S3Blobs(replace(locking, prefix="locked/"))
    store.put(KEY, b"kept")
    store.lock(KEY, datetime.now(UTC) + timedelta(days=1))
    with pytest.raises(BlobLocked, match="retention"):
        store.delete(KEY)
    assert store.get(KEY) == b"kept"
    assert "Object Lock (governance)" in " ".join(store.probe().notes)


def test_what_is_removed_from_a_bucket_with_versions_is_gone_from_it(locking, s3_server):
    store = S3Blobs(replace(locking, prefix="gone/"))
    store.put(KEY, b"x")
    s3_server.client.delete_object(
        Bucket=locking.name, Key=f"gone/{KEY}"
    )  # as a careless tool does: a marker
    store.put(KEY, b"y")
    store.delete(KEY)
    left = s3_server.client.list_object_versions(Bucket=locking.name, Prefix="gone/")
    assert not left.get("Versions")
    assert not left.get("DeleteMarkers")


def test_a_bucket_without_locks_says_so_before_it_is_relied_on(bucket):
    store = S3Blobs(bucket)
    store.put(KEY, b"x")
    with pytest.raises(CannotLock):
        store.lock(KEY, datetime.now(UTC) + timedelta(days=1))


class TestLockingBucket(StoreContract):
    """The same store with versions and Object Lock; each test has a place of its own in one bucket."""

    @pytest.fixture
    def store(self, locking):
        return S3Blobs(replace(locking, prefix=f"contract-{next(PLACES)}/"), page=2)

    @pytest.fixture
    def leave_half_written(self, store, s3_server):
        def leave():
            where = {"Bucket": store._bucket.name, "Key": f"{store._bucket.prefix}{KEY}"}
            begun = s3_server.client.create_multipart_upload(**where)
            part = {"UploadId": begun["UploadId"], "PartNumber": 1, "Body": b"half"}
            s3_server.client.upload_part(**where, **part)

        return leave


@pytest.mark.parametrize("mode", ["governance", "compliance"])
def test_the_mode_of_a_lock_is_the_one_that_was_chosen(locking, s3_server, mode):
    store = S3Blobs(replace(locking, prefix=f"{mode}/", lock=mode))
    store.put(KEY, b"kept")
    store.lock(KEY, datetime.now(UTC) + timedelta(days=1))
    found = s3_server.client.get_object_retention(Bucket=locking.name, Key=f"{mode}/{KEY}")
    assert found["Retention"]["Mode"] == mode.upper()


def test_locks_can_be_switched_off(locking):
    store = S3Blobs(replace(locking, prefix="off/", lock="off"))
    store.put(KEY, b"x")
    with pytest.raises(CannotLock):
        store.lock(KEY, datetime.now(UTC) + timedelta(days=1))
    assert "switched off" in " ".join(store.probe().notes)


def test_written_over_and_hidden_a_locked_object_is_still_there_and_no_part_of_it_is_removed(
    locking, s3_server
):
    """Whoever has the application's key may write and delete; the version that was locked stays."""
    store = S3Blobs(replace(locking, prefix="over/"))
    store.put(KEY, b"kept")
    store.lock(KEY, datetime.now(UTC) + timedelta(days=1))
    where = {"Bucket": locking.name, "Key": f"over/{KEY}"}
    s3_server.client.put_object(**where, Body=b"another")
    s3_server.client.delete_object(**where)
    before = s3_server.client.list_object_versions(Bucket=locking.name, Prefix="over/")
    with pytest.raises(BlobLocked):
        store.delete(KEY)
    after = s3_server.client.list_object_versions(Bucket=locking.name, Prefix="over/")
    assert [one["VersionId"] for one in after["Versions"]] == [one["VersionId"] for one in before["Versions"]]
    first = after["Versions"][-1]["VersionId"]
    assert s3_server.client.get_object(**where, VersionId=first)["Body"].read() == b"kept"


class Says(S3Blobs):
    """Answers that it locked, and did not."""

    def _retained_until(self, whole):
        return None


def test_a_store_that_only_says_that_it_locks_is_not_believed(locking):
    store = Says(replace(locking, prefix="says/"))
    store.put(KEY, b"x")
    with pytest.raises(StoreFailed):
        store.lock(KEY, datetime.now(UTC) + timedelta(days=1))


# --- a provider that cannot ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def incapable(tmp_path_factory):
    """`rclone serve s3`: no conditions, no checksums, no versions, no locks."""
    folder = tmp_path_factory.mktemp("rclone")
    (folder / "data" / "first").mkdir(parents=True)
    with socket.create_server(("127.0.0.1", 0)) as held:
        port = held.getsockname()[1]
    ends = ["setpriv", "--pdeathsig", "KILL"] if shutil.which("setpriv") else []
    program = str(Path(sys.executable).parent / "rclone")
    options = ["--addr", f"127.0.0.1:{port}", "--auth-key", f"{seaweed.ACCESS},{seaweed.SECRET}"]
    with (folder / "log").open("w") as log:
        served = subprocess.Popen(
            [*ends, program, "serve", "s3", *options, "--config", os.devnull, str(folder / "data")],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
    address = f"http://127.0.0.1:{port}"
    deadline = time.monotonic() + 30
    while True:
        with suppress(httpx.TransportError):
            httpx.get(address)
            break
        assert time.monotonic() < deadline, (folder / "log").read_text()
        time.sleep(0.05)  # waiting for another process: there is nothing to be told by
    yield Bucket("first", "vault/", address, access_key=seaweed.ACCESS, secret_key=seaweed.SECRET)
    served.kill()
    served.wait(10)


def test_what_a_store_lacks_is_found_out_and_said(incapable):
    found = S3Blobs(incapable).probe()
    assert found.lacks == (NO_CONDITIONS, NO_CHECKSUMS)
    assert "no Object Lock" in " ".join(found.notes)


def test_doctor_and_the_start_say_what_a_store_lacks(incapable, capsys):
    blobs = S3Blobs(incapable)
    portal = SimpleNamespace(blobs=blobs)
    with pytest.raises(examination.NotWell, match=r"writes over objects.*do not match their checksum"):
        examination._storage(portal)
    with structlog.testing.capture_logs() as said:
        serving._try_store(blobs)
    assert [entry["words"] for entry in said if entry["event"] == "store.lacks"] == [
        NO_CONDITIONS,
        NO_CHECKSUMS,
    ]


@pytest.mark.promise(85)
def test_a_start_and_doctor_say_why_a_store_is_away(bucket):
    blobs = S3Blobs(replace(bucket, secret_key="wrong"))
    with pytest.raises(examination.NotWell, match=r"cannot be reached.*SignatureDoesNotMatch"):
        examination._storage(SimpleNamespace(blobs=blobs))
    with structlog.testing.capture_logs() as said:
        serving._try_store(blobs)  # and the start goes on
    assert "SignatureDoesNotMatch" in said[0]["why"]
    assert seaweed.SECRET not in repr(said)


def test_doctor_is_content_with_a_capable_store(bucket):
    words = examination._storage(SimpleNamespace(blobs=S3Blobs(bucket)))
    assert "writes, reads and removes" in words
    assert bucket.name in words


def test_an_incapable_store_is_not_written_over_by_us(incapable):
    store = S3Blobs(incapable)
    store.put(KEY, b"first")
    with pytest.raises(BlobExists):
        store.put(KEY, b"second")
    assert store.get(KEY) == b"first"
    store.delete(KEY)
    with pytest.raises(CannotLock):
        store.lock(KEY, datetime.now(UTC))


# --- in trouble ---------------------------------------------------------------------------------------------


@pytest.fixture
def between(s3_server):
    with faults.proxy(s3_server.port) as proxy:
        yield proxy


@pytest.fixture
def through(bucket, between):
    return S3Blobs(replace(bucket, endpoint=between.address), pause=0)


@pytest.mark.promise(85)
def test_a_lost_answer_is_no_second_object_and_no_error(through, between, bucket):
    through.put(f"{NAME}/000001", b"so that it has learnt what the store can")
    between.lost = 1
    through.put(KEY, b"arrived, but its answer did not")
    assert between.lost == 0
    assert S3Blobs(bucket).get(KEY) == b"arrived, but its answer did not"


@pytest.mark.promise(85)
def test_a_lost_answer_does_not_hide_that_another_was_there_first(through, between, bucket):
    S3Blobs(bucket).put(KEY, b"first")
    through.put(f"{NAME}/000001", b"x")
    between.lost = 1
    with pytest.raises(BlobExists):
        through.put(KEY, b"second")
    assert through.get(KEY) == b"first"


@pytest.mark.promise(85)
def test_an_answer_that_is_cut_off_is_asked_for_again_and_never_returned_short(through, between):
    data = os.urandom(300_000)
    through.put(KEY, data)
    between.cut_after = 100_000
    with pytest.raises(StoreFailed):
        through.get(KEY)
    between.cut_after = 0
    assert through.get(KEY) == data


@pytest.mark.promise(85)
def test_a_store_that_hangs_up_fails_in_words_and_works_again(through, between):
    through.put(KEY, b"x")
    between.trouble("reset")
    for attempt in (lambda: through.get(KEY), lambda: through.put(f"{NAME}/000002", b"y")):
        with pytest.raises(StoreFailed, match="cannot be reached right now"):
            attempt()
    with pytest.raises(StoreFailed):
        list(through.list(""))
    assert not through.answers()
    between.trouble("pass")
    assert through.get(KEY) == b"x"
    assert list(through.list("")) == [KEY]


@pytest.mark.promise(85)
def test_after_no_answer_the_next_are_refused_at_once(bucket, between, monkeypatch):
    store = S3Blobs(replace(bucket, endpoint=between.address), pause=60)
    store.put(KEY, b"x")
    between.trouble("reset")
    with pytest.raises(StoreFailed):
        store.get(KEY)
    asked = between.connections
    with pytest.raises(StoreFailed):
        store.get(KEY)
    assert between.connections == asked


@pytest.mark.promise(85)
def test_only_so_many_wait_for_a_store(monkeypatch):
    monkeypatch.setattr(gate, "WAIT", 0.01)
    door = gate.Gate(1, pause=0)
    inside, done = threading.Event(), threading.Event()

    def stay():
        with door.passing():
            inside.set()
            done.wait(10)

    first = threading.Thread(target=stay)
    first.start()
    inside.wait(10)
    with pytest.raises(StoreFailed), door.passing():
        pass
    done.set()
    first.join()
    with door.passing():
        pass


@pytest.mark.promise(85)
@pytest.mark.parametrize(
    ("status", "code", "meaning"),
    [
        (507, "InsufficientStorage", StorageFull),
        (403, "QuotaExceeded", StorageFull),
        (403, "AccessDenied", StoreFailed),
        (404, "NoSuchBucket", StoreFailed),
        (400, "BadDigest", StoreFailed),
        (500, "InternalError", StoreFailed),
    ],
)
def test_what_a_store_says_is_understood(status, code, meaning, monkeypatch):
    monkeypatch.setattr("docvault.blobs.s3.TRIES", 1)
    with faults.answering(status, code) as address:
        bucket = Bucket("first", "", address, access_key="someone", secret_key="secret")
        store = S3Blobs(bucket, pause=0)
        with pytest.raises(meaning) as refused:
            store.put(KEY, b"x")
        assert type(refused.value) is not BlobMissing
        assert isinstance(refused.value.__cause__, ClientError)


@pytest.mark.promise(85)
@pytest.mark.parametrize(
    "changed", [{"secret_key": "wrong"}, {"access_key": "NOBODY"}, {"name": "elsewhere"}]
)
def test_wrong_credentials_and_buckets_are_trouble_of_the_store_not_missing_files(bucket, changed):
    S3Blobs(bucket).put(KEY, b"x")
    store = S3Blobs(replace(bucket, **changed))
    for attempt in (lambda: store.put(KEY, b"y"), lambda: list(store.list("")), store.probe):
        with pytest.raises(StoreFailed):
            attempt()


def test_credentials_that_may_only_read_write_nothing(bucket):
    S3Blobs(bucket).put(KEY, b"x")
    reader = S3Blobs(replace(bucket, access_key=seaweed.READER))
    assert reader.get(KEY) == b"x"
    with pytest.raises(StoreFailed):
        reader.put(f"{NAME}/000001", b"y")


# --- its address --------------------------------------------------------------------------------------------


def test_an_address_names_bucket_prefix_endpoint_and_region():
    made = Bucket.parse("s3://files/of/acme?endpoint=https://s3.example.com&region=eu-central-1")
    assert made == Bucket("files", "of/acme/", "https://s3.example.com", "eu-central-1")
    assert Bucket.parse("s3://files") == Bucket("files")


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("s3://", "name a bucket"),
        ("s3://key:secret@bucket/x", "without a password"),
        ("s3://bucket/a b", "prefix"),
        ("s3://bucket/../x", "prefix"),
        ("s3://bucket?endpoint=ftp://x", "endpoint"),
        ("s3://bucket?colour=blue", "it knows endpoint"),
        ("s3://bucket?region=a&region=b", "once each"),
        ("s3://bucket?credentials=none", "instance"),
        ("s3://bucket?lock=always", "governance, compliance, off"),
    ],
)
def test_an_address_that_cannot_be_used_says_why(url, said):
    with pytest.raises(BucketUnclear, match=said):
        Bucket.parse(url)


@pytest.mark.promise(36)
@pytest.mark.parametrize("allowed", [False, True])
def test_the_metadata_service_is_asked_only_where_that_was_chosen(monkeypatch, tmp_path, allowed):
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    asked = []

    def note(fetcher, *_arguments, **_options):
        asked.append(fetcher)
        return {}

    monkeypatch.setattr("botocore.utils.InstanceMetadataFetcher.retrieve_iam_role_credentials", note)
    with faults.answering(403, "AccessDenied") as address:
        store = S3Blobs(Bucket("first", "", address, instance_role=allowed), pause=0)
        with pytest.raises(StoreFailed):
            store.put(KEY, b"x")
    assert bool(asked) is allowed

"""One throwaway S3 store for a run of the tests: a real SeaweedFS on loopback, one place in its bucket per test.

It keeps everything in a folder of its own, tells nobody of itself, and is killed at the end: it has nothing
that anybody needs.
"""

import json
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import replace
from itertools import count
from pathlib import Path

import httpx
from botocore.exceptions import BotoCoreError, ClientError

from docvault.blobs.bucket import Bucket

PROGRAM = Path(sys.executable).parent / "weed"
ACCESS, SECRET = "DOCVAULTTESTS", "a-secret-of-the-tests-0123456789"
READER = "DOCVAULTREADER"
LOG, LOG_NAME = "DOCVAULTLOG", "log"  # may nothing but what a bucket's policy gives it
TEMPORARY = tempfile.gettempdir()  # looked at once: a test may give itself another one
START = 60  # seconds the server gets to answer
HIGHER = 10_000  # each of its ports has a second one that much higher
WHO = {
    "identities": [
        {
            "name": "app",
            "credentials": [{"accessKey": ACCESS, "secretKey": SECRET}],
            "actions": ["Admin", "Read", "Write", "List", "Tagging"],
        },
        {
            "name": "reader",
            "credentials": [{"accessKey": READER, "secretKey": SECRET}],
            "actions": ["Read", "List"],
        },
        {
            "name": LOG_NAME,
            "credentials": [{"accessKey": LOG, "secretKey": SECRET}],
            "actions": [],
        },
    ]
}


class Server:
    """A running store. Ask it for buckets; `stop` ends it and removes everything."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="docvault-s3-", dir=TEMPORARY))
        self._numbers = count(1)
        (self.folder / "data").mkdir()
        (self.folder / "who.json").write_text(json.dumps(WHO))
        self.port, master, volume, filer = _free_ports(4)
        with (self.folder / "log").open("w") as log:
            self._process = subprocess.Popen(
                self._command(master, volume, filer),
                cwd=self.folder,  # it would read security.toml and filer.toml from where it starts
                env={"WEED_MASTER_VOLUME_GROWTH_COPY_1": "1", "HOME": str(self.folder)},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        self.root = Bucket("first", "", f"http://127.0.0.1:{self.port}", access_key=ACCESS, secret_key=SECRET)
        self.client = self.root.client(tries=1)
        self._wait()

    def bucket(self) -> Bucket:
        """Return an empty part of the one bucket: each new bucket takes the server long to find room for."""
        return replace(self.root, prefix=f"test-{next(self._numbers)}/")

    def locking_bucket(self) -> Bucket:
        """Make a bucket that keeps versions and has Object Lock."""
        name = f"locking-{next(self._numbers)}"
        self.client.create_bucket(Bucket=name, ObjectLockEnabledForBucket=True)
        return replace(self.root, name=name, prefix="vault/")

    def stop(self) -> None:
        self._process.kill()  # a polite end takes 17 seconds
        self._process.wait(30)
        self.client.close()
        shutil.rmtree(self.folder)

    def _command(self, master: int, volume: int, filer: int) -> list[str]:
        options = {
            "ip": "127.0.0.1",
            "ip.bind": "127.0.0.1",
            "dir": self.folder / "data",
            "master.telemetry": "false",
            "master.port": master,
            "master.volumeSizeLimitMB": 64,
            "master.electionTimeout": "1s",
            "volume.port": volume,
            "volume.max": 4000,
            "volume.minFreeSpace": "200MiB",
            "volume.preStopSeconds": 0,
            "filer": "true",
            "filer.port": filer,
            "filer.localSocket": self.folder / "filer.sock",
            "s3": "true",
            "s3.port": self.port,
            "s3.config": self.folder / "who.json",
            "s3.port.iceberg": 0,
            "s3.port.lance": 0,
            "s3.localSocket": self.folder / "s3.sock",
            "s3.autoCreateBucket": "false",
        }
        ends = ["setpriv", "--pdeathsig", "KILL"] if shutil.which("setpriv") else []
        return [
            *ends,
            str(PROGRAM),
            "-logtostderr=true",
            "server",
            *(f"-{k}={v}" for k, v in options.items()),
        ]

    def _wait(self) -> None:
        """Wait until a signed write and a read work: its door opens long before there is room behind it."""
        deadline = time.monotonic() + START
        while not self._works():
            log = (self.folder / "log").read_text()
            assert self._process.poll() is None, log
            assert time.monotonic() < deadline, log
            time.sleep(0.1)  # waiting for another process: there is nothing to be told by

    def _works(self) -> bool:
        with suppress(httpx.TransportError, BotoCoreError, ClientError):
            httpx.get(f"http://127.0.0.1:{self.port}")
            with suppress(self.client.exceptions.BucketAlreadyExists):
                self.client.create_bucket(Bucket="first")
            self.client.put_object(Bucket="first", Key="ready", Body=b"x")
            return True
        return False


def _free_ports(wanted: int) -> list[int]:
    """Return ports of loopback that are free together with the ones HIGHER."""
    held: list[socket.socket] = []
    found: list[int] = []
    try:
        while len(found) < wanted:
            first = socket.create_server(("127.0.0.1", 0))
            held.append(first)
            port = first.getsockname()[1]
            with suppress(OSError, OverflowError):
                held.append(socket.create_server(("127.0.0.1", port - HIGHER)))
                found.append(port - HIGHER)
    finally:
        for one in held:
            one.close()
    return found

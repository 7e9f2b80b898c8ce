"""What tests run on: SQLite in a folder or a copy in one PostgreSQL; files in a folder or in one S3 store."""

import gc
import hashlib
import os
from contextlib import ExitStack

import pytest

import clamd
import compiled
import postgres
import seaweed
import softhsm
from docvault.blobs.filesystem import FileBlobs
from docvault.blobs.s3 import S3Blobs
from docvault.database import engine
from docvault.pdf.workers import Workers

# Nobody pulls the machine's plug here: commits need not wait for the disk. Programs that tests start do wait.
SHIPPED, engine.SYNCHRONOUS = engine.SYNCHRONOUS, "OFF"
os.fsync = lambda _descriptor: None  # nor does a file in this process: five milliseconds each time

compiled.share()

# By its own measure the collector of rubbish takes a seventh of a run: seldom is enough.
gc.set_threshold(20_000, 20, 20)

# Where a file takes a second or two. These come last, so that no process ends long after the other one.
QUICK_ROOMS = {
    "audit",
    "blobs",
    "certificates",
    "credentials",
    "encryption",
    "house",
    "identity",
    "mail",
    "rules",
}
# Where a file of few tests takes a minute: xdist by itself would leave these to the end.
LONG_ROOMS = {"journeys", "jobs", "limits", "security", "signing"}


def pytest_addoption(parser):
    parser.addoption(
        "--web-database",
        choices=["spread", "sqlite", "postgresql"],
        default="spread",
        help="what tests/web keeps its rows in: one kind for all, or each test always the same of the two",
    )
    parser.addoption(
        "--databases",
        choices=["both", "spread"],
        default="both",
        help="what tests/actions runs on: SQLite and PostgreSQL, or each test always on the same of the two",
    )


def pytest_collection_finish():
    """Spare the collector what stays to the end anyway: it would look at all of it each time."""
    gc.collect()
    gc.freeze()


def pytest_collection_modifyitems(config, items):
    """Let every process find work until the end: neither the longest files first nor last, the shortest last.

    Not first, as a portal that a journey starts runs on until the end.
    """
    if config.getoption("--databases") == "spread":
        left_out = [item for item in items if not _is_its_database(item)]
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if _is_its_database(item)]
    items.sort(key=lambda item: _when(item.path.parent.name))  # keeps the order within a room


def _is_its_database(item):
    """Tell whether a test of the actions, or of two servers, is the one of its two that a spread run asks."""
    given = item.callspec.params if hasattr(item, "callspec") else {}
    wanted = given.get("database_url") if item.path.parent.name == "actions" else given.get("pair")
    if wanted is None:
        return True
    name = item.nodeid.replace("sqlite", "").replace("postgresql", "")
    return wanted == ("sqlite", "postgresql")[hashlib.sha256(name.encode()).digest()[0] % 2]


def _when(room: str) -> int:
    return 1 if room in LONG_ROOMS else 2 if room in QUICK_ROOMS else 0


@pytest.fixture
def as_shipped(monkeypatch):
    """Let SQLite wait for the disk, as it does for everybody but the tests."""
    monkeypatch.setattr(engine, "SYNCHRONOUS", SHIPPED)


@pytest.fixture(scope="session")
def postgres_server():
    """Start PostgreSQL at the first test that wants it."""
    programs = postgres.binaries()
    if programs is None:
        pytest.skip("PostgreSQL is not installed: tools/install_system_packages.sh installs it")
    server = postgres.Server(programs)
    try:
        server.prepare_template()
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="session")
def clamd_address():
    """Start ClamAV's daemon at the first test that wants it; what DOCVAULT_CLAMD would be."""
    found = clamd.program()
    if found is None:
        pytest.skip("clamd is not installed: tools/install_system_packages.sh installs it")
    daemon = clamd.Daemon(found)
    try:
        yield daemon.address
    finally:
        daemon.stop()


@pytest.fixture
def postgres_url(postgres_server):
    """Lend a PostgreSQL database that has every table."""
    with postgres_server.copy() as url:
        yield url


@pytest.fixture
def empty_postgres_url(postgres_server):
    """Lend a PostgreSQL database without any table."""
    with postgres_server.empty() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request, tmp_path):
    """Run the test once per database, in one that has every table on PostgreSQL and none yet on SQLite."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'docvault.sqlite'}"
        return
    with ExitStack() as lent:
        server = request.getfixturevalue("postgres_server")
        yield lent.enter_context(server.copy())


@pytest.fixture(scope="session")
def pdf():
    """Lend the processes in which files are opened; the second one starts when two threads want one."""
    with Workers(2) as workers:
        yield workers


@pytest.fixture(scope="session")
def s3_server():
    """Start SeaweedFS at the first test that wants it."""
    server = seaweed.Server()
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture
def bucket(s3_server):
    """Lend an empty place in a bucket of a real S3 store."""
    return s3_server.bucket()


@pytest.fixture(params=["folder", "s3"])
def blobs(request, tmp_path):
    """Run the test once per kind of store for files, in an empty one."""
    if request.param == "folder":
        return FileBlobs(tmp_path / "blobs")
    return S3Blobs(request.getfixturevalue("bucket"))


@pytest.fixture
def blobs_beside(database_url, request, tmp_path):
    """Lend a folder for files beside SQLite, and a bucket beside PostgreSQL: both kinds at no further run."""
    if database_url.startswith("sqlite"):
        return FileBlobs(tmp_path / "blobs")
    return S3Blobs(request.getfixturevalue("bucket"))


@pytest.fixture(scope="session")
def token(tmp_path_factory):
    """The folder of a PKCS#11 token; the PIN lies in a file in it."""
    with softhsm.lent(tmp_path_factory.mktemp("softhsm")) as folder:
        yield folder


@pytest.fixture
def aws(monkeypatch):
    """What the AWS tools take from the environment."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    monkeypatch.delenv("AWS_CA_BUNDLE", raising=False)

"""`docvault serve` and `docvault worker`: prepare the data folder, start the web server, keep a worker
beside it.
"""

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path

import structlog

from docvault import logs, wiring
from docvault import settings as settings_module
from docvault.actions import people, preflight
from docvault.blobs.store import BlobError, BlobStore
from docvault.keyholder.hiding import end_with_parent, hide
from docvault.settings import Settings
from docvault.values import DocVaultError

WEB = "docvault.web.main:application"  # named, not imported: doors do not need each other
WORKER = [sys.executable, "-m", "docvault.jobs"]
BESIDE = "--beside"  # this worker ends with the server that started it
WARNED = 90  # days before a certificate ends
_FORK = multiprocessing.get_context("fork")  # no thread runs yet, and nothing is imported again
GRACE = 10  # seconds a worker gets to finish its step, and the web process what it was asked


def chosen(data: Path | None, port: int | None = None) -> Settings:
    """Return the settings with what the command line said on top, and put them where child processes read
    them.
    """
    if data is not None:
        os.environ["DOCVAULT_DATA"] = str(data.resolve())
    if port is not None and "DOCVAULT_BASE_URL" not in os.environ:
        os.environ.setdefault("DOCVAULT_BASE_URL", f"http://127.0.0.1:{port}")
    return settings_module.load()


def serve(*, data: Path | None, host: str, port: int) -> None:
    """Prepare the data folder and serve until stopped."""
    os.umask(0o077)  # what we make belongs to this user alone
    logs.configure()
    settings = chosen(data, port)
    token = apart(lambda: _prepared(settings))
    print(f"DocVault serves {settings.base_url} from {settings.data.resolve()}")
    if token:
        print("\nNobody can sign in yet. The first administrator starts here, once:")
        print(f"  {settings.base_url}/welcome#{token}\n")
    run(settings, host, port)


def apart(deed: Callable[[], str]) -> str:
    """Do what needs keys in a process of its own that ends with it, and return what it came to.

    The web process is made from our memory, where a key that was used once would still lie (promise 55).
    Raises DocVaultError in the words of the error there.
    """
    here, there = _FORK.Pipe(duplex=False)
    child = _FORK.Process(target=_apart, args=(deed, there))
    sys.stdout.flush()
    child.start()
    there.close()
    try:
        done, words = here.recv()
    except EOFError:
        child.join()
        sys.exit(child.exitcode or 1)  # it has said why
    child.join()
    if not done:
        raise DocVaultError(words)
    return str(words)


def _apart(deed: Callable[[], str], out: Connection) -> None:
    end_with_parent()
    hide()
    try:
        said = (True, deed())
    except DocVaultError as error:
        said = (False, str(error))
    out.send(said)


def _prepared(settings: Settings) -> str:
    """Prepare the data folder, say what is amiss, and return the token of the first administrator, if any."""
    portal = wiring.prepare(settings)
    try:
        token = people.first_administrator(portal.db, now=portal.clock())
        _try_store(portal.blobs)
        _try_signing(portal)
    finally:
        portal.close()
    return token or ""


def _try_store(blobs: BlobStore) -> None:
    """Say what the store for files lacks. One that is away stops nobody from signing in."""
    log = structlog.get_logger()
    try:
        found = blobs.probe()
    except BlobError as error:
        log.warning("store.away", words=str(error), why=why(error))
        return
    for words in found.lacks:
        log.warning("store.lacks", place=found.place, words=words)
    log.info("store.ready", place=found.place, notes=found.notes)


def _try_signing(portal: wiring.Portal) -> None:
    """Say what would keep envelopes from being completed. People may read their files all the same."""
    log = structlog.get_logger()
    found = preflight.examine(portal.blobs, portal.pdf, portal.authority, clock=portal.clock)
    for one in found:
        log.error("preflight.failed", words=one.detail)
    if not found:
        log.info("preflight.passed", seal=portal.authority.seal_key)
    for end in portal.authority.ends():
        days = (end.at - portal.clock()).days
        if days <= WARNED:
            log.warning("certificate.ends", certificate=end.title, on=f"{end.at:%Y-%m-%d}", days=days)


def why(error: BaseException) -> str:
    """Return the last reason behind an error, for whoever runs the machine."""
    while error.__cause__ is not None:
        error = error.__cause__
    return str(error) or type(error).__name__


def work(*, data: Path | None) -> None:
    """Run one more worker until stopped."""
    chosen(data)
    os.execv(WORKER[0], WORKER)  # noqa: S606 - our own interpreter and module


def run(settings: Settings, host: str, port: int) -> None:
    """Serve the prepared installation: one web process, one worker and the process that holds their keys, all
    restarted when they die.
    """
    from granian import Granian
    from granian.constants import Interfaces
    from granian.log import LogLevels

    sys.stdout.flush()
    holder = wiring.key_holder(settings)
    holder.start()
    os.environ["DOCVAULT_KEY_HOLDER"] = str(holder.charge.socket)
    keeper = _WorkerKeeper()
    keeper.start()
    try:
        Granian(
            WEB,
            address=host,
            port=port,
            interface=Interfaces.ASGI,
            factory=True,
            workers=1,
            respawn_failed_workers=True,
            workers_kill_timeout=GRACE,  # without it a web process that hangs keeps the server from ending
            log_level=LogLevels.warning,
            websockets=False,
        ).serve()
    finally:
        keeper.stop()
        holder.stop()


class _WorkerKeeper:
    """Keeps one worker process running beside the web server."""

    def __init__(self) -> None:
        self._stopping = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        self._thread = threading.Thread(target=self._keep, name="worker-keeper", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        process = self._process
        if process is not None and process.poll() is None:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(GRACE)
            except subprocess.TimeoutExpired:
                process.kill()  # its work is durable: the next worker goes on where this one was
        self._thread.join(GRACE)

    def _keep(self) -> None:
        pause = 1.0
        while not self._stopping.is_set():
            self._process = subprocess.Popen(  # noqa: S603 - our own module
                [*WORKER, BESIDE, str(os.getpid())], stdin=subprocess.DEVNULL
            )
            code = self._process.wait()
            if self._stopping.is_set():
                return
            print(f"The worker stopped with code {code}; starting it again.", file=sys.stderr)
            self._stopping.wait(pause)
            pause = min(pause * 2, 60.0)

"""Starts the key holder beside a server or worker, and starts it again when it dies."""

import os
import socket
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path

import structlog

from docvault.keyholder.charge import READY, Charge
from docvault.keyholder.places import address_of
from docvault.values import DocVaultError

HOLDER = [sys.executable, "-P", "-m", "docvault.keyholder"]  # -P: nothing of the folder where it starts
ENDING = ".socket"
GRACE = 5  # seconds to end in
PAUSE_MOST = 30.0  # seconds between two starts of one that dies at once

_log = structlog.get_logger(__name__)


def place_in(folder: Path) -> Path:
    """Return where the holder of this process listens, in a folder that is made for it; removes what holders
    that were killed left there.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for left in folder.glob(f"*{ENDING}"):
        if not _answers(left):
            left.unlink(missing_ok=True)
    return (folder / f"{os.getpid()}{ENDING}").resolve()


class Keeper:
    """Keeps one key holder running."""

    def __init__(self, charge: Charge) -> None:
        self.charge = charge
        self._stopping = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        self._thread = threading.Thread(target=self._keep, name="holder-keeper", daemon=True)

    def start(self) -> None:
        """Start it; it answers within a moment, and those who ask wait for that."""
        self._process = self._started()
        self._thread.start()

    def start_surely(self) -> None:
        """Start it, and wait until it has opened the root key. Raises DocVaultError with what keeps it."""
        self._process = self._started()
        said = self._process.stdout.readline().decode() if self._process.stdout else ""
        if said != READY:
            self.stop()
            raise DocVaultError(said.strip() or "The key holder cannot start; standard error says why.")
        self._thread.start()

    def stop(self) -> None:
        """End it, after all who ask have ended."""
        self._stopping.set()
        process = self._process
        if process is not None:
            _close(process)
            try:
                process.wait(GRACE)
            except subprocess.TimeoutExpired:
                process.kill()
        if self._thread.is_alive():
            self._thread.join(GRACE)
        self.charge.socket.unlink(missing_ok=True)

    def _keep(self) -> None:
        pause = 0.1
        while self._process is not None:
            code = self._process.wait()
            if self._stopping.is_set():
                return
            said = self._process.stdout.read().decode() if self._process.stdout else ""
            _log.error("keyholder.stopped", code=code, words=said.removeprefix(READY).strip())
            _close(self._process)
            self._stopping.wait(pause)
            pause = min(pause * 4, PAUSE_MOST)
            self._process = None if self._stopping.is_set() else self._started()

    def _started(self) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(HOLDER, stdin=subprocess.PIPE, stdout=subprocess.PIPE)  # noqa: S603 - our own module
        if process.stdin is not None:
            with suppress(BrokenPipeError):  # it died already: `_keep` sees it
                process.stdin.write(self.charge.line())
                process.stdin.flush()
        return process


def _close(process: subprocess.Popen[bytes]) -> None:
    """End the holder's input, and so the holder."""
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with suppress(BrokenPipeError):  # it was gone before
                pipe.close()


def _answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        try:
            with address_of(path) as address:
                connection.connect(address)
        except OSError:
            return False
        return True

"""A real clamd with a tiny signature file of its own: EICAR by pattern, and one that is only ours."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

from docvault.malware.clamd import EICAR

OURS = b"DOCVAULT-TEST-MALWARE-7f1c"
STREAM_MOST = 4 * 1024**2  # bytes that this clamd takes


def program() -> str | None:
    """Return where clamd is; Debian keeps it out of many people's PATH."""
    return shutil.which("clamd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")


class Daemon:
    """clamd on a socket of its own; `address` is what DOCVAULT_CLAMD takes."""

    def __init__(self, found: str) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="clamd-")  # short: a socket's path has its limit
        folder = Path(self._folder.name)
        self.socket = folder / "s"
        self.address = f"unix:{self.socket}"
        signatures = folder / "db"
        signatures.mkdir()
        names = {"Eicar-Test-Signature": EICAR, "DocVault-Test-Malware": OURS}
        lines = [f"{name}:0:*:{pattern.hex()}\n" for name, pattern in names.items()]
        (signatures / "local.ndb").write_text("".join(lines))
        settings = folder / "clamd.conf"
        settings.write_text(
            f"DatabaseDirectory {signatures}\nTemporaryDirectory {folder}\nLocalSocket {self.socket}\n"
            f"Foreground yes\nStreamMaxLength {STREAM_MOST}\nMaxScanSize 100M\nMaxFileSize 400M\n"
            "MaxThreads 2\nReadTimeout 20\nSelfCheck 0\nOfficialDatabaseOnly no\nAlertExceedsMax yes\n"
            f"PidFile {folder / 'pid'}\nLogFile {folder / 'log'}\n"
        )
        self._process = subprocess.Popen(
            [found, "-c", str(settings)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        self._wait()

    def _wait(self) -> None:
        end = time.monotonic() + 30
        while time.monotonic() < end and self._process.poll() is None:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
                if line.connect_ex(str(self.socket)) == 0:
                    return
            time.sleep(0.02)
        raise RuntimeError("clamd does not start")

    def stop(self) -> None:
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()
        self._folder.cleanup()

"""The process of a worker: one for the installation of the settings, until SIGTERM or SIGINT.

With `--beside PID` it also ends with that process, which started it: a killed server leaves no worker behind.
"""

import os
import select
import signal
import sys
import threading
from contextlib import suppress

from docvault import logs, settings, wiring
from docvault.jobs.worker import run_worker
from docvault.values import DocVaultError


def main() -> None:
    """Work until asked to stop; the job under way ends first."""
    logs.configure()
    stop = threading.Event()
    for wanted in (signal.SIGTERM, signal.SIGINT):
        signal.signal(wanted, lambda *_: stop.set())
    if sys.argv[1:2] == ["--beside"]:
        threading.Thread(target=_end_with, args=(int(sys.argv[2]), stop), daemon=True).start()
    try:
        portal = wiring.build_asking(settings.load())
    except DocVaultError as error:
        sys.exit(f"docvault: {error}")  # one plain line on standard error, and exit code 1
    try:
        run_worker(portal, stop=stop)
    finally:
        portal.close()


def _end_with(parent: int, stop: threading.Event) -> None:
    """Set `stop` once the parent has ended, however it went."""
    with suppress(ProcessLookupError):  # it has ended already
        watched = os.pidfd_open(parent)
        if os.getppid() == parent:  # and its number is not another's by now
            select.select([watched], [], [])
        os.close(watched)
    stop.set()

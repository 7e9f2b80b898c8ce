"""`python -m docvault.jobs`: one worker for the installation of the settings, until SIGTERM or SIGINT."""

import signal
import sys
import threading

from docvault import logs, settings, wiring
from docvault.jobs.worker import run_worker
from docvault.values import DocVaultError


def main() -> None:
    """Work until asked to stop; the job under way ends first."""
    logs.configure()
    stop = threading.Event()
    for wanted in (signal.SIGTERM, signal.SIGINT):
        signal.signal(wanted, lambda *_: stop.set())
    try:
        portal = wiring.build(settings.load())
    except DocVaultError as error:
        sys.exit(f"docvault: {error}")  # one plain line on standard error, and exit code 1
    try:
        run_worker(portal, stop=stop)
    finally:
        portal.close()


if __name__ == "__main__":
    main()

"""`python -m docvault.jobs`: one worker for the installation of the settings, until SIGTERM or SIGINT."""

import signal
import threading

from docvault import settings, wiring
from docvault.jobs.worker import run_worker


def main() -> None:
    """Work until asked to stop; the job under way ends first."""
    stop = threading.Event()
    for wanted in (signal.SIGTERM, signal.SIGINT):
        signal.signal(wanted, lambda *_: stop.set())
    portal = wiring.build(settings.load())
    try:
        run_worker(portal, stop=stop)
    finally:
        portal.close()


if __name__ == "__main__":
    main()

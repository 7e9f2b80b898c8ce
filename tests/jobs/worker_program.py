"""A worker as `docvault worker` runs it, but quicker to notice a dead one: for tests that kill it."""

import signal
import sys
import threading

from docvault import settings, wiring
from docvault.jobs.worker import Pace, run_worker

stop = threading.Event()
signal.signal(signal.SIGTERM, lambda *_: stop.set())
portal = wiring.build(settings.load())
print("ready", flush=True)  # noqa: T201 - the test waits for this word
run_worker(portal, stop=stop, pace=Pace(pulse=0.3, dead_after=float(sys.argv[1])))
portal.close()

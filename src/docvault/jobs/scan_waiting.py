"""Job, every minute: ask again for versions that wait for their malware scan, once the scanner works."""

import structlog

from docvault.actions import scans
from docvault.malware.clamd import ScannerTrouble
from docvault.wiring import Portal

EVERY = 60  # seconds

_log = structlog.get_logger(__name__)


def scan_waiting(portal: Portal) -> None:
    """Enqueue what waits; a scanner that does not work is an alarm in the log."""
    if portal.scanner is None:
        return
    try:
        scans.scan_waiting(portal.db, portal.scanner, now=portal.clock())
    except ScannerTrouble as trouble:
        _log.error("scanner.trouble", obstacle=trouble.obstacle.value, detail=str(trouble))

"""Job: have the malware scanner look at a version, so that people may read it."""

from contextlib import suppress

from docvault.actions import scans
from docvault.malware.clamd import ScannerTrouble
from docvault.rules.scans import Obstacle
from docvault.values import NotFound
from docvault.vault.errors import Destroyed
from docvault.wiring import Portal


def scan_version(portal: Portal, version_id: str) -> None:
    """Run as often as asked: a version with a verdict is left alone. Without a scanner it goes on waiting."""
    if portal.scanner is None:
        raise ScannerTrouble(Obstacle.AWAY, "This worker was started without DOCVAULT_CLAMD.")
    with suppress(NotFound, Destroyed):  # it is too late: nothing is left to look at
        scans.scan_version(portal.db, portal.vault, portal.scanner, version_id=version_id, now=portal.clock())

"""Job: make preview, thumbnail and text of a version that arrived, or that passed its malware scan."""

from docvault.actions import renditions
from docvault.wiring import Portal


def make_renditions(portal: Portal, version_id: str) -> None:
    """Run as often as asked: what is made already is not made again."""
    renditions.make_renditions(
        portal.db, portal.vault, portal.pdf, portal.office, version_id=version_id, now=portal.clock()
    )

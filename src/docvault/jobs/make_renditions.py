"""Job: make preview, thumbnail and text of a version that arrived, or that passed its malware scan."""

from contextlib import suppress

from docvault.actions import renditions
from docvault.values import NotFound
from docvault.vault.errors import Destroyed
from docvault.wiring import Portal


def make_renditions(portal: Portal, version_id: str) -> None:
    """Run as often as asked: what is made already is not made again."""
    with suppress(NotFound, Destroyed):  # it is too late: nothing is left to make them of
        renditions.make_renditions(
            portal.db, portal.vault, portal.pdf, portal.office, version_id=version_id, now=portal.clock()
        )

"""Job: send the rows of a bulk send, some at a time, so that other jobs come in between."""

from docvault.actions import bulk_rows
from docvault.wiring import Portal

AT_A_TIME = 20  # rows


def send_bulk(portal: Portal, bulk_id: str) -> None:
    """Run as often as asked: a row that was sent is not ready any more."""
    for _ in range(AT_A_TIME):
        more = bulk_rows.send_next(
            portal.db, portal.vault, portal.pdf, portal.authority, bulk_id=bulk_id, now=portal.clock()
        )
        if not more:
            return
    bulk_rows.go_on(portal.db, bulk_id)

"""Job, every few seconds: carry out what two people decided and is due; let lapse what no longer stands."""

from docvault.actions import proposals
from docvault.wiring import Portal

EVERY = 15  # seconds


def carry_out_proposals(portal: Portal) -> None:
    """Settle what is due; both people's rights are asked again (promise 25)."""
    proposals.carry_out_due(portal.db, portal.vault.records, now=portal.clock())

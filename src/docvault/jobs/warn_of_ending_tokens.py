"""Job, once an hour: tell owners of API tokens that one of them ends soon."""

from docvault.actions import tokens
from docvault.wiring import Portal

EVERY = 3600  # seconds


def warn_of_ending_tokens(portal: Portal) -> None:
    """Run as often as asked: nobody is told twice of the same."""
    tokens.warn_of_ending_tokens(portal.db, portal.vault.records, now=portal.clock())

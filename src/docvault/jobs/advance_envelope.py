"""Job: put the pending signatures into an envelope's document, and complete it after the last."""

from docvault.actions import completions
from docvault.values import EnvelopeId
from docvault.wiring import Portal


def advance_envelope(portal: Portal, envelope_id: EnvelopeId) -> None:
    """Run as often as asked: what is done already is not done again."""
    completions.advance_envelope(
        portal.db,
        portal.vault,
        portal.pdf,
        portal.authority,
        portal.log_key,
        envelope_id=envelope_id,
        now=portal.clock(),
    )

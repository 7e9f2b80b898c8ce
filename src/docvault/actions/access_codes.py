"""A new access code for somebody without an account, made by the portal and told by the sender."""

from datetime import datetime

from docvault.audit.kinds import Kind
from docvault.database import envelope_history, envelope_messages, envelopes, outsiders
from docvault.database.engine import Database
from docvault.policy.vocabulary import Acting
from docvault.rules import envelopes as rules
from docvault.rules.envelopes import NotReady
from docvault.values import EnvelopeId, NotFound, RecipientId
from docvault.vault.files import Vault


def set_access_code(
    db: Database,
    vault: Vault,
    *,
    acting: Acting,
    envelope_id: EnvelopeId,
    recipient_id: RecipientId,
    now: datetime,
) -> str:
    """Make the code that a recipient owes, and return it this once; one made before counts no more.

    Whoever took over a part and waited for the code is invited now.
    Raises NotFound, Forbidden, EnvelopeClosed, NotReady.
    """
    with db.transaction() as tx:
        row = envelopes.for_managing(tx, acting, envelope_id)
        recipient = next((one for one in row.recipients if one.id == recipient_id), None)
        if recipient is None:
            raise NotFound
        rules.require_sent(envelopes.to_decide(tx, row))
        if not recipient.owes_code:
            raise NotReady(f"No access code is asked of {recipient.name}, or they have given it already.")
        code = outsiders.set_code(tx, vault.records, recipient_id)
        facts: dict[str, object] = {"recipient": recipient_id, "invited": recipient.needs_code}
        envelope_history.record(
            tx,
            Kind.ENVELOPE_ACCESS_CODE_SET,
            row,
            at=now,
            acting=acting,
            facts=facts,
            private={"person": recipient.name},
        )
        if recipient.needs_code:
            again = envelopes.for_managing(tx, acting, envelope_id)
            envelope_messages.hand_to(tx, vault.records, again, recipient_id, now)
        return code

"""What a signer does instead of agreeing: asks for paper, or takes back that they agreed (promise 72).

Agreeing itself is a step of the ceremony: ceremonies.py.
"""

from datetime import datetime

from docvault.audit.kinds import Kind
from docvault.database import envelope_history, envelope_messages, envelopes, paper_wishes, recipients
from docvault.database.engine import Database
from docvault.policy.vocabulary import Acting
from docvault.rules import consents
from docvault.values import EnvelopeId
from docvault.vault.files import Vault


def prefer_paper(
    db: Database, vault: Vault, *, acting: Acting, envelope_id: EnvelopeId, note: str = "", now: datetime
) -> None:
    """Tell the sender that `acting` would rather sign on paper; what they agreed to before is taken back.

    Nothing ends by it: they can agree again; until then nobody reminds them. note: to the sender, or empty.
    Raises EnvelopeIncomplete, NotFound, Forbidden, EnvelopeClosed, SigningRefused.
    """
    note = consents.check_note(note)
    with db.transaction() as tx:
        row, recipient = envelopes.for_signing(tx, acting, envelope_id)
        before = envelopes.to_decide(tx, row)
        after = consents.prefer_paper(before, recipient.id, now)
        if recipient.wished_at is not None:
            return  # a second click
        envelopes.save(tx, row, before, after, now)
        recipients.change(tx, recipient.id, consented_at=None, consent_text=None, consent_sha256=None)
        withdrew = recipient.consented_at is not None
        paper_wishes.add(tx, recipient.id, now, withdrew=withdrew)
        envelope_messages.tell_paper_wished(tx, vault.records, row, recipient, note, now)
        kind = Kind.ENVELOPE_CONSENT_WITHDRAWN if withdrew else Kind.ENVELOPE_PAPER_ASKED
        facts: dict[str, object] = {"recipient": recipient.id}
        if withdrew:
            facts |= {"consent": recipient.consent_text, "consent_sha256": recipient.consent_sha256}
        private = {"reason": note} if note else {}
        envelope_history.record(tx, kind, row, at=now, acting=acting, facts=facts, private=private)

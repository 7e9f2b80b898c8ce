"""Save and finish later: what a signer filled in so far waits until they go on, on any device.

A signature is never kept before it is given. Keeping has no audit entry: it says nothing to anybody.
"""

from collections.abc import Mapping
from datetime import datetime

from docvault.database import envelopes
from docvault.database.engine import Database
from docvault.policy.vocabulary import Acting
from docvault.rules import envelopes as rules
from docvault.rules.answers import Answer
from docvault.rules.filling import visible_answers
from docvault.values import EnvelopeId, FieldId
from docvault.vault import fields
from docvault.vault import kept_answers as vault_answers
from docvault.vault.files import Vault


def keep_answers(
    db: Database,
    vault: Vault,
    *,
    acting: Acting,
    envelope_id: EnvelopeId,
    answers: Mapping[FieldId, Answer],
    now: datetime,
) -> None:
    """Keep what `acting` filled in so far in the place of what was kept before; nothing is signed.

    What does not fit is refused as signing would refuse it, so that a slip is told where it happened.
    Raises NotFound, Forbidden, EnvelopeClosed, AlreadySigned, NotYourTurn, AnswerRefused.
    """
    with db.transaction() as tx:
        row, recipient = envelopes.for_signing(tx, acting, envelope_id)
        rules.require_turn(envelopes.to_decide(tx, row), recipient.id, rules.SIGNING, now)
        placed = fields.of_envelope(tx, vault.records, row.id)
        own = [field for field in placed if field.recipient_id == recipient.id]
        fitting = visible_answers(own, answers, tx.policy.numbers.signing.max_text_characters)
        vault_answers.keep(tx, vault.records, recipient.id, vault_answers.to_keep(own, fitting), now)

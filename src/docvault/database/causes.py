"""Whether a queued mail may still leave: its cause and its reader are asked again (promise 25).

Between asking and sending lie queues, retries and days; whoever lost a right meanwhile sends nothing by it.
"""

from datetime import datetime

from docvault.database import acting as actors
from docvault.database import envelopes, people
from docvault.database.engine import Transaction
from docvault.database.messages import Cause, Message
from docvault.database.people import PersonState
from docvault.policy.engine import Forbidden
from docvault.policy.vocabulary import PORTAL, Permission
from docvault.rules.deliveries import Withheld, may_read
from docvault.values import EnvelopeId, NotFound

SWITCHED_OFF = frozenset({PersonState.DISABLED, PersonState.FROZEN})


def objection(tx: Transaction, message: Message, now: datetime) -> Withheld | None:
    """Return why this message must not leave, or None."""
    reader = people.by_id(tx, message.person_id) if message.person_id else None
    is_off = reader is not None and reader.state in SWITCHED_OFF
    if not may_read(message.template, has_link="path" in message.values, reader_is_off=is_off):
        return Withheld.READER_OFF
    return None if message.cause is None else _objection_to(tx, message.cause, now)


def _objection_to(tx: Transaction, cause: Cause, now: datetime) -> Withheld | None:
    asker = actors.again(tx, cause.person_id, now)
    if asker is None:
        return Withheld.ASKER_LEFT
    try:
        if cause.permission is Permission.ENVELOPE_MANAGE:
            envelopes.for_managing(tx, asker, EnvelopeId(cause.about or ""))
        else:
            tx.policy.require(asker, cause.permission, PORTAL)
    except (Forbidden, NotFound):
        return Withheld.ASKER_MAY_NOT
    return None

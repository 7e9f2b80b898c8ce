"""Codes on their way to people without an account: mailed, counted and recorded, whoever asks for one."""

from datetime import datetime

from docvault.audit.kinds import Kind
from docvault.database import envelope_history, envelopes, messages, outsiders, throttles
from docvault.database.engine import Transaction
from docvault.database.messages import Records
from docvault.database.outsiders import Asked
from docvault.database.sessions import Source
from docvault.rules.outsiders import grouped


def send(tx: Transaction, records: Records, asked: Asked, source: Source, now: datetime) -> tuple[str, int]:
    """Mail a code and return the secret of the browser that may give it; or the seconds to wait first."""
    wait = throttles.take(tx, throttles.mailed(tx.policy.numbers.passwords.throttle, asked.recipient_id), now)
    if wait:
        return "", wait
    secret, code = outsiders.begin(tx, records, asked, now)
    messages.add(
        tx,
        records,
        person_id=asked.person.id,
        recipient=asked.person.email,
        template="mail_code",
        values={"name": asked.person.name, "code": grouped(code)},
        now=now,
    )
    note(tx, Kind.ENVELOPE_CODE_MAILED, asked, source, now)
    return secret, 0


def forgive(tx: Transaction, asked: Asked) -> None:
    """Forget what was counted: whoever gave a right code reads that mail."""
    limits = tx.policy.numbers.passwords.throttle
    for bucket in (
        throttles.mail_code(limits, asked.recipient_id),
        throttles.mailed(limits, asked.recipient_id),
    ):
        throttles.clear(tx, bucket)


def note(tx: Transaction, kind: Kind, asked: Asked, source: Source, now: datetime, **facts: bool) -> None:
    """Record what became of a code."""
    row = envelopes.for_completion(tx, asked.envelope_id)
    envelope_history.record(
        tx,
        kind,
        row,
        at=now,
        facts={"recipient": asked.recipient_id, **facts},
        private={
            "person": asked.person.name,
            "email": asked.person.email,
            "address": source.address,
            "user_agent": source.user_agent,
        },
    )

"""Passkeys: the sealed credentials, and the ceremonies under way. Says yes to a challenge exactly once.

A credential is sealed with its person and its row: in another row, or changed, it does not open (ASVS 6.7.1).
A ceremony is bound to its purpose and to whoever began it: the secret of a cookie, or a session.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import Row, delete, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from docvault.credentials import passkeys as rules
from docvault.credentials.passkeys import Credential, Fresh, RelyingParty, Signed
from docvault.credentials.refusals import PasskeyCopied, PasskeyRefused, PasskeyUnusable
from docvault.credentials.tokens import token_hash
from docvault.database import throttles
from docvault.database.engine import Transaction
from docvault.database.factors import ACCEPTED, Judgement, take_try
from docvault.database.messages import Records
from docvault.database.tables import passkey_challenges, passkeys
from docvault.values import NotFound, PersonId, new_id

LIFE = timedelta(minutes=5)  # of a ceremony: as long as its browser waits for the person


class Purpose(StrEnum):
    ENROL = "enrol"
    SIGN_IN = "sign-in"  # alone
    FACTOR = "factor"  # after the password
    STEP_UP = "step-up"


@dataclass(frozen=True, slots=True)
class PasskeyRow:
    id: str
    person_id: PersonId
    name: str
    synced: bool
    sign_count: int
    created_at: datetime
    used_at: datetime | None


def begin(tx: Transaction, purpose: Purpose, holder: str, person_id: PersonId | None, now: datetime) -> bytes:
    """Begin a ceremony and return its nonce; an earlier one of the same holder and purpose ends.

    holder: a secret of this browser, or the session that asks. person_id: who must answer, None for anybody.
    """
    nonce = rules.new_nonce()
    over = or_(
        passkey_challenges.c.expires_at <= now, passkey_challenges.c.token_hash == _key(purpose, holder)
    )
    tx.connection.execute(delete(passkey_challenges).where(over))
    tx.connection.execute(
        insert(passkey_challenges).values(
            token_hash=_key(purpose, holder),
            purpose=purpose.value,
            person_id=person_id,
            challenge=nonce,
            expires_at=now + LIFE,
        )
    )
    return nonce


def answer(
    tx: Transaction, purpose: Purpose, holder: str, person_id: PersonId | None, now: datetime
) -> bytes | None:
    """Use a ceremony up and return its nonce; None if there is none, it is too old, or somebody else's."""
    mine = (passkey_challenges.c.token_hash == _key(purpose, holder), passkey_challenges.c.purpose == purpose)
    taken = delete(passkey_challenges).where(*mine).returning(*passkey_challenges.c)
    row = tx.connection.execute(taken).one_or_none()
    if row is None or row.expires_at <= now or row.person_id != person_id:
        return None
    nonce: bytes = row.challenge
    return nonce


def known(tx: Transaction, credential_id: bytes) -> PasskeyRow | None:
    """Return the passkey that a browser names, whoever's it is."""
    chosen = select(passkeys).where(passkeys.c.credential_hash == rules.credential_hash(credential_id))
    row = tx.connection.execute(chosen).one_or_none()
    return None if row is None else _passkey(row)


def of_person(tx: Transaction, person_id: PersonId) -> Sequence[PasskeyRow]:
    """Return a person's passkeys, oldest first."""
    chosen = select(passkeys).where(passkeys.c.person_id == person_id)
    ordered = chosen.order_by(passkeys.c.created_at, passkeys.c.id)
    return [_passkey(row) for row in tx.connection.execute(ordered)]


def credentials(tx: Transaction, records: Records, person_id: PersonId) -> list[Credential]:
    """Return a person's credentials, for a browser to choose from. Raises Tampered."""
    return [_open(tx, records, row) for row in of_person(tx, person_id)]


def mine(tx: Transaction, person_id: PersonId, passkey_id: str) -> PasskeyRow:
    """Return one of a person's own. Raises NotFound."""
    chosen = select(passkeys).where(passkeys.c.id == passkey_id, passkeys.c.person_id == person_id)
    row = tx.connection.execute(chosen).one_or_none()
    if row is None:
        raise NotFound
    return _passkey(row)


def judge(
    tx: Transaction,
    records: Records,
    party: RelyingParty,
    row: PasskeyRow,
    challenge: bytes,
    signed: Signed,
    now: datetime,
    *,
    device_id: str | None = None,
) -> Judgement:
    """Accept an answer of this passkey to this challenge, or count a failure. Raises Tampered.

    device_id: the person's known device that it comes from, if it is one.
    """
    bucket = throttles.passkey(tx.policy.numbers.passwords.throttle, row.person_id, device_id)
    refusal = take_try(tx, bucket, now)
    if refusal is not None:
        return refusal
    handle = handle_of(row.person_id)
    try:
        seen = rules.check_signed(party, challenge, _open(tx, records, row), handle, signed)
        rules.check_counter(row.sign_count, seen.sign_count)
        _use(tx, row, seen, now)
    except PasskeyRefused as refused:
        return Judgement(refused)
    throttles.clear(tx, bucket)
    return ACCEPTED


def add(
    tx: Transaction, records: Records, person_id: PersonId, fresh: Fresh, name: str, now: datetime
) -> PasskeyRow:
    """Keep a passkey that was just proven. Raises PasskeyUnusable for one that is kept already."""
    passkey_id = new_id()
    row = {
        "id": passkey_id,
        "person_id": person_id,
        "credential_hash": rules.credential_hash(fresh.credential.id),
        "sealed": records.seal(_context(person_id, passkey_id), fresh.credential.encode()),
        "sign_count": fresh.sign_count,
        "name": name,
        "synced": fresh.synced,
        "created_at": now,
        "used_at": None,
    }
    if known(tx, fresh.credential.id) is not None:
        raise PasskeyUnusable
    try:
        tx.connection.execute(insert(passkeys).values(**row))
    except IntegrityError as error:  # the same one twice at the same moment, on PostgreSQL
        raise PasskeyUnusable from error
    return mine(tx, person_id, passkey_id)


def rename(tx: Transaction, row: PasskeyRow, name: str) -> None:
    """Call it something else."""
    tx.connection.execute(update(passkeys).where(passkeys.c.id == row.id).values(name=name))


def remove(tx: Transaction, row: PasskeyRow) -> None:
    """Forget it: from now on it is as unknown as any other."""
    tx.connection.execute(delete(passkeys).where(passkeys.c.id == row.id))


def end_ceremonies(tx: Transaction, person_id: PersonId) -> None:
    """End every ceremony of a person that is under way."""
    tx.connection.execute(delete(passkey_challenges).where(passkey_challenges.c.person_id == person_id))


def handle_of(person_id: PersonId) -> bytes:
    """Return what a passkey says at sign-in about whose it is: an id that means nothing elsewhere."""
    return person_id.encode()


def _use(tx: Transaction, row: PasskeyRow, seen: rules.Seen, now: datetime) -> None:
    """Note the use; of two answers with one counter only one gets through. Raises PasskeyCopied."""
    counter = passkeys.c.sign_count
    goes_on = counter < seen.sign_count if seen.sign_count else counter == 0
    changed = update(passkeys).where(passkeys.c.id == row.id, goes_on)
    noted = changed.values(sign_count=seen.sign_count, synced=seen.synced, used_at=now)
    if tx.connection.execute(noted).rowcount != 1:
        raise PasskeyCopied


def _open(tx: Transaction, records: Records, row: PasskeyRow) -> Credential:
    sealed = tx.connection.execute(select(passkeys.c.sealed).where(passkeys.c.id == row.id)).scalar_one()
    return Credential.decode(records.open(_context(row.person_id, row.id), sealed))


def _context(person_id: PersonId, passkey_id: str) -> str:
    return f"passkey:{person_id}:{passkey_id}"


def _key(purpose: Purpose, holder: str) -> bytes:
    return token_hash(f"{purpose}:{holder}")


def _passkey(row: Row[Any]) -> PasskeyRow:
    return PasskeyRow(**{name: getattr(row, name) for name in PasskeyRow.__slots__})

"""How somebody without an account comes to the envelope that asks them: a link, a mailed code, their factor.

The link and the codes stand in for a password. What they open is what a password opens: a challenge that the
second factor answers, or the first time a session that may only set one up. The sender learns nothing of it.
"""

from dataclasses import dataclass
from datetime import datetime

from docvault.audit.kinds import Kind
from docvault.credentials.refusals import ChallengeOver, Throttled
from docvault.database import (
    challenges,
    code_mails,
    envelope_lists,
    in_person,
    outsiders,
    sessions,
    throttles,
)
from docvault.database.engine import Database, Transaction
from docvault.database.envelopes import EnvelopeRow
from docvault.database.in_person import Handing
from docvault.database.messages import Records
from docvault.database.outsiders import MailCode
from docvault.database.people import PersonState
from docvault.database.sessions import ENROL, IN_PERSON, NewSession, Source
from docvault.policy.vocabulary import Acting, Role
from docvault.rules.outsiders import CodesWrong, digits
from docvault.values import EnvelopeId

MOST = 20  # envelopes looked at for the one that waits


@dataclass(frozen=True, slots=True)
class Entered:
    """What right codes give: a challenge, whose factor is owed, or a session that may set the first one up.

    Beside a host they give a session for the ceremony of this one envelope. challenge: a secret of this
    browser.
    """

    envelope_id: EnvelopeId
    challenge: str | None
    session: NewSession | None


def ask_for_code(db: Database, records: Records, *, token: str, source: Source, now: datetime) -> str:
    """Mail a code to whom the link is for, and return the secret of this browser, for its cookie.

    Raises Throttled, or LinkRefused: one answer for every link that leads nowhere (promise 39).
    """
    with db.transaction() as tx:
        wait = throttles.take(tx, throttles.asked(tx.policy.numbers.passwords.throttle, source.address), now)
    if wait:
        raise Throttled(wait)
    with db.transaction() as tx:
        asked = outsiders.of_link(tx, token, now)
        secret, wait = code_mails.send(tx, records, asked, source, now)
    if wait:
        raise Throttled(wait)
    return secret


def what_is_asked(db: Database, *, secret: str, now: datetime) -> bool:
    """Tell whether the access code is asked beside the mailed one. Raises ChallengeOver."""
    with db.reading() as tx:
        waiting = outsiders.of_browser(tx, secret, now)
    if waiting is None:
        raise ChallengeOver
    return waiting.asked.access_code is not None


def give_codes(
    db: Database,
    records: Records,
    *,
    secret: str,
    code: str,
    access_code: str,
    source: Source,
    now: datetime,
) -> Entered:
    """Check what was mailed, and what was told where that is asked; every try counts (promise 41).

    Raises ChallengeOver, Throttled or CodesWrong; tried in that order.
    """
    entered, wait = None, 0
    with db.transaction() as tx:
        waiting = outsiders.use_try(tx, secret, now)
        if waiting is not None:
            bucket = throttles.mail_code(tx.policy.numbers.passwords.throttle, waiting.asked.recipient_id)
            wait = throttles.take(tx, bucket, now)
            if not wait and outsiders.is_right(records, waiting, digits(code), digits(access_code)):
                entered = _let_in(tx, waiting, source, now)
            elif not wait:
                code_mails.note(tx, Kind.ENVELOPE_CODE_REFUSED, waiting.asked, source, now)
    if waiting is None:
        raise ChallengeOver
    if wait:
        raise Throttled(wait)
    if entered is None:
        raise CodesWrong
    return entered


def next_envelope(db: Database, *, acting: Acting) -> EnvelopeId | None:
    """Return the envelope that waits for somebody without an account, if one does."""
    if acting.role is not Role.OUTSIDER:
        return None
    with db.reading() as tx:
        waiting = envelope_lists.waiting_for(tx, acting, MOST)
        mine = [row.id for row in waiting if _is_open(row, acting)]
    return mine[0] if mine else None


def _is_open(row: EnvelopeRow, acting: Acting) -> bool:
    recipient = row.recipient_of(acting.person_id)
    return recipient is not None and recipient.done_at is None and recipient.host is None


def _let_in(tx: Transaction, waiting: MailCode, source: Source, now: datetime) -> Entered:
    asked = waiting.asked
    outsiders.accept(tx, waiting, now)
    code_mails.forgive(tx, asked)
    told = asked.access_code is not None
    code_mails.note(tx, Kind.ENVELOPE_CODE_ACCEPTED, asked, source, now, access_code=told)
    handing = in_person.of_link(tx, asked.link_hash)
    if handing is not None:
        return Entered(asked.envelope_id, None, _at_their_host(tx, waiting, handing, source, now))
    if asked.person.state == PersonState.ACTIVE:
        return Entered(asked.envelope_id, challenges.start(tx, asked.person.id, now, "mail"), None)
    session = sessions.start(tx, asked.person, kind=ENROL, factors="mail", source=source, now=now)
    return Entered(asked.envelope_id, None, session)


def _at_their_host(
    tx: Transaction, waiting: MailCode, handing: Handing, source: Source, now: datetime
) -> NewSession:
    """Open a session for the ceremony of one envelope, at the device of the host who vouched."""
    session = sessions.start(
        tx,
        waiting.asked.person,
        kind=IN_PERSON,
        factors="mail+host",
        source=source,
        now=now,
        scopes=in_person.scopes(waiting.asked.envelope_id),
    )
    in_person.begin(tx, handing, session.acting.session_id)
    return session

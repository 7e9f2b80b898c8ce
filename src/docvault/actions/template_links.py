"""Links to a template: made, listed and closed; and what whoever opens one goes through.

They say who they are, prove the address with a mailed code, and get an envelope of their own. From there all
is as for everybody whom an envelope asks: outsiders.py, or the account that has the address.
"""

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from docvault.audit.kinds import Kind
from docvault.credentials.refusals import ChallengeOver, Throttled
from docvault.database import (
    audit,
    challenges,
    envelope_history,
    messages,
    outsiders,
    people,
    sessions,
    template_links,
    templates,
    throttles,
)
from docvault.database.engine import Database, Transaction
from docvault.database.people import PersonRow, PersonState
from docvault.database.sessions import ENROL, NewSession, Source
from docvault.database.template_links import LinkCode, TemplateLink
from docvault.database.templates import TemplateRow
from docvault.database.throttles import Bucket
from docvault.pdf.errors import PdfError
from docvault.pdf.workers import Workers
from docvault.policy.vocabulary import Acting, Role
from docvault.rules import requests as guests
from docvault.rules import template_links as rules
from docvault.rules.envelopes import EnvelopeRefused
from docvault.rules.outsiders import CodesWrong, Outsider, digits, grouped
from docvault.rules.template_links import Filled, LinkUnusable
from docvault.values import EnvelopeId, PersonId
from docvault.vault import bulk_rows, sending, template_drafts
from docvault.vault.authority import Authority
from docvault.vault.files import Vault
from docvault.vault.records import Records
from docvault.vault.sending import Ready
from docvault.vault.template_drafts import Plan


@dataclass(frozen=True, slots=True)
class LinkView:
    """state: open | used up | over | closed."""

    id: str
    maker_name: str
    role: str
    state: str
    uses: int
    most_uses: int
    created_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class Begun:
    """The envelope of somebody who came by a link, and how they go on.

    challenge: a secret of this browser, for whoever owes the factor they have. session: one to set the first
    up. Neither for an account, which signs in.
    """

    envelope_id: EnvelopeId
    challenge: str | None
    session: NewSession | None


def make_link(
    db: Database,
    vault: Vault,
    *,
    acting: Acting,
    template_id: str,
    people: Sequence[str],
    values: Mapping[str, str],
    last_day: date,
    most_uses: int,
    now: datetime,
) -> str:
    """Make a link and return its secret, which is shown this once. people: by role, empty for the open one.

    Raises NotFound, Forbidden, KindUnsaid, KindExcluded, TemplateRefused, EnvelopeIncomplete, MergeRefused,
    FieldRefused.
    """
    with db.transaction() as tx:
        known = templates.find(tx, acting, template_id)
        template_drafts.require_kind(tx, known)
        rules.open_role(known.roles, people)
        filled = Filled(people, values)
        ends_at, most = rules.end_of(last_day, now), rules.check_uses(most_uses)
        _plan(tx, vault.records, acting, known, filled, Outsider("Somebody", "somebody@link.invalid"), now)
        link_id, token = template_links.add(
            tx, vault.records, acting, known, filled, ends_at=ends_at, most_uses=most, now=now
        )
        facts = {"link": link_id, "version": known.number, "ends_at": ends_at.isoformat(), "most_uses": most}
        _record(tx, Kind.TEMPLATE_LINK_MADE, known, now, facts, acting=acting)
    return token


def list_links(
    db: Database, vault: Vault, *, acting: Acting, template_id: str, now: datetime
) -> list[LinkView]:
    """Return the links of a template, newest first. Raises NotFound, Forbidden."""
    with db.reading() as tx:
        known = templates.find(tx, acting, template_id)
        return [_view(vault.records, known, one, now) for one in template_links.of_template(tx, template_id)]


def close_link(db: Database, *, acting: Acting, link_id: str, now: datetime) -> str:
    """Let nobody come by a link any more; return the id of its template. Raises NotFound, Forbidden."""
    with db.transaction() as tx:
        link, known = template_links.for_managing(tx, acting, link_id)
        if template_links.close(tx, link_id, now):
            facts = {"link": link_id, "uses": link.uses}
            _record(tx, Kind.TEMPLATE_LINK_CLOSED, known, now, facts, acting=acting)
        return link.template_id


def ask_for_code(
    db: Database, records: Records, *, token: str, name: str, email: str, source: Source, now: datetime
) -> str:
    """Mail a code to whoever opened a link, and return the secret of this browser, for its cookie.

    Raises GuestInvalid, Throttled, or LinkRefused: one answer for every link that leads nowhere (promise 39).
    """
    said, address = guests.guest(name, email)
    with db.transaction() as tx:
        limits = tx.policy.numbers.passwords.throttle
        wait = throttles.take(tx, throttles.asked(limits, source.address), now)
    if wait:
        raise Throttled(wait)
    with db.transaction() as tx:
        link = template_links.of_link(tx, token, now)
        wait, secret = throttles.take(tx, throttles.mailed(limits, _whose(address)), now), ""
        if not wait:
            secret, code = template_links.begin(tx, records, link, said, address, now)
            values = {"name": address, "code": grouped(code)}  # no words of a stranger in a mail of ours
            messages.add(
                tx, records, person_id=None, recipient=address, template="mail_code", values=values, now=now
            )
            _, known = template_links.lent(tx, link, now)
            _note(tx, Kind.TEMPLATE_LINK_CODE_MAILED, known, link.id, said, address, source, now)
    if wait:
        raise Throttled(wait)
    return secret


def waits_for_code(db: Database, *, secret: str, now: datetime) -> None:
    """Return only while this browser waits for a code. Raises ChallengeOver."""
    with db.reading() as tx:
        if not template_links.waits(tx, secret, now):
            raise ChallengeOver


def give_code(
    db: Database,
    vault: Vault,
    pdf: Workers,
    authority: Authority,
    *,
    secret: str,
    code: str,
    source: Source,
    now: datetime,
) -> Begun:
    """Check the mailed code; every try counts. Then send whoever gave it an envelope of their own.

    Raises ChallengeOver, Throttled, CodesWrong, LinkRefused or LinkUnusable; tried in that order.
    """
    waiting = _accepted(db, vault.records, secret, code, source, now)
    try:
        with db.reading() as tx:
            link = template_links.by_id(tx, waiting.link_id, now)
            acting, template = template_links.lent(tx, link, now)
            filled = template_links.filled_of(vault.records, link)
            who = Outsider(waiting.name, waiting.email)
            made = _plan(tx, vault.records, acting, template, filled, who, now)
            what = bulk_rows.outgoing(tx, acting, template, made)
        with sending.staged(db, vault, pdf, authority, what, now) as ready, db.transaction() as tx:
            template_links.count_use(tx, link.id, now)
            return _send(tx, vault, link, made, ready, waiting, source, now)
    except (EnvelopeRefused, PdfError) as refused:
        raise LinkUnusable from refused


def _accepted(
    db: Database, records: Records, secret: str, code: str, source: Source, now: datetime
) -> LinkCode:
    right, wait = False, 0
    with db.transaction() as tx:
        waiting = template_links.use_try(tx, records, secret, now)
        if waiting is not None:
            bucket = _codes(tx, waiting.email)
            wait = throttles.take(tx, bucket, now)
            right = not wait and secrets.compare_digest(waiting.code.encode(), digits(code).encode())
            if right:
                template_links.accept(tx, waiting)
                throttles.clear(tx, bucket)
            elif not wait:
                link = template_links.by_id(tx, waiting.link_id, now)
                _, known = template_links.lent(tx, link, now)
                said = (waiting.name, waiting.email)
                _note(tx, Kind.TEMPLATE_LINK_CODE_REFUSED, known, link.id, *said, source, now)
    if waiting is None:
        raise ChallengeOver
    if wait:
        raise Throttled(wait)
    if not right:
        raise CodesWrong
    return waiting


def _plan(
    tx: Transaction,
    records: Records,
    acting: Acting,
    template: TemplateRow,
    filled: Filled,
    who: Outsider,
    now: datetime,
) -> Plan:
    asked = [PersonId(one) if one else who for one in filled.people]
    known = template_drafts.possible(tx, acting, template).keys()
    return template_drafts.plan(tx, records, template, asked, filled.values, None, known=known, now=now)


def _send(
    tx: Transaction,
    vault: Vault,
    link: TemplateLink,
    made: Plan,
    ready: Sequence[Ready],
    waiting: LinkCode,
    source: Source,
    now: datetime,
) -> Begun:
    """Write and send the envelope in one transaction, and let whoever it is for go on (promises 19, 25)."""
    acting, template = template_links.lent(tx, link, now)
    template_drafts.check_again(tx, made, template_drafts.possible(tx, acting, template).keys())
    envelope = template_drafts.write(tx, vault.records, acting, template, made, now)
    facts = template_drafts.facts_of(tx, template, envelope) | {"link": link.id}
    envelope_history.record(tx, Kind.ENVELOPE_CREATED, envelope, at=now, acting=acting, facts=facts)
    sending.freeze(tx, vault, acting, envelope, bulk_rows.as_kept(made.placed), ready, now)
    person = people.by_email(tx, waiting.email)
    recipient = envelope.recipient_of(person.id) if person else None
    if person is None or recipient is None or person.role is not Role.OUTSIDER:
        return Begun(envelope.id, None, None)
    outsiders.confirm(tx, recipient.id, now)
    envelope_history.record(
        tx,
        Kind.ENVELOPE_CODE_ACCEPTED,
        envelope,
        at=now,
        facts={"recipient": recipient.id, "access_code": False},
        private=_seen(person.name, person.email, source),
    )
    return _let_in(tx, envelope.id, person, source, now)


def _let_in(
    tx: Transaction, envelope_id: EnvelopeId, person: PersonRow, source: Source, now: datetime
) -> Begun:
    if person.state == PersonState.ACTIVE:
        return Begun(envelope_id, challenges.start(tx, person.id, now, "mail"), None)
    session = sessions.start(tx, person, kind=ENROL, factors="mail", source=source, now=now)
    return Begun(envelope_id, None, session)


def _view(records: Records, known: TemplateRow, link: TemplateLink, now: datetime) -> LinkView:
    state = "open" if link.is_open(now) else "used up"
    if link.ends_at <= now:
        state = "over"
    if link.closed_at is not None:
        state = "closed"
    role = ""
    if link.sealed is not None and link.number == known.number:
        role = known.roles[list(template_links.filled_of(records, link).people).index("")].name
    return LinkView(
        link.id,
        link.maker_name,
        role,
        state,
        link.uses,
        link.most_uses,
        link.created_at,
        link.ends_at,
    )


def _whose(email: str) -> str:
    return f"link:{hashlib.sha256(email.encode()).hexdigest()}"


def _codes(tx: Transaction, email: str) -> Bucket:
    return throttles.mail_code(tx.policy.numbers.passwords.throttle, _whose(email))


def _seen(name: str, email: str, source: Source) -> dict[str, object]:
    return {"person": name, "email": email, "address": source.address, "user_agent": source.user_agent}


def _note(
    tx: Transaction,
    kind: Kind,
    known: TemplateRow,
    link_id: str,
    name: str,
    email: str,
    source: Source,
    now: datetime,
) -> None:
    _record(tx, kind, known, now, {"link": link_id}, private=_seen(name, email, source))


def _record(
    tx: Transaction,
    kind: Kind,
    known: TemplateRow,
    now: datetime,
    facts: Mapping[str, object],
    *,
    acting: Acting | None = None,
    private: Mapping[str, object] | None = None,
) -> None:
    audit.append(
        tx,
        kind,
        at=now,
        acting=acting,
        object_type="template",
        object_id=known.id,
        organisation_id=known.documents[0].organisation_id,
        facts=facts,
        private={"title": known.name, **(private or {})},
    )

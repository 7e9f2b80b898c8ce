"""Links to templates and the codes on their way. A link lends the rights of its maker, as they are now.

Whoever may use a template sees and closes its links. A code belongs to the browser that opened the link, is
right once, and opens nothing by itself (promise 41).
"""

import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Row, delete, insert, select, update

from docvault.credentials.refusals import LinkRefused
from docvault.credentials.tokens import new_token, token_hash
from docvault.database import acting as actors
from docvault.database import templates
from docvault.database.engine import PAGE_MOST, Transaction
from docvault.database.messages import Records
from docvault.database.tables import link_codes, people, template_links
from docvault.database.templates import TemplateRow
from docvault.policy.engine import Forbidden
from docvault.policy.vocabulary import Acting
from docvault.rules.outsiders import DIGITS, MINUTES, TRIES
from docvault.rules.template_links import Filled
from docvault.values import NotFound, PersonId, new_id


@dataclass(frozen=True, slots=True)
class TemplateLink:
    """sealed: what its maker has filled in; None once it is closed."""

    id: str
    template_id: str
    number: int
    person_id: PersonId
    maker_name: str
    sealed: bytes | None
    ends_at: datetime
    most_uses: int
    uses: int
    created_at: datetime
    closed_at: datetime | None

    def is_open(self, now: datetime) -> bool:
        return self.closed_at is None and now < self.ends_at and self.uses < self.most_uses


@dataclass(frozen=True, slots=True)
class LinkCode:
    """Who says they opened a link, and the code that was mailed to the address they said."""

    id: str
    link_id: str
    name: str
    email: str
    code: str


def add(
    tx: Transaction,
    records: Records,
    acting: Acting,
    template: TemplateRow,
    filled: Filled,
    *,
    ends_at: datetime,
    most_uses: int,
    now: datetime,
) -> tuple[str, str]:
    """Write a link; return its id and its secret."""
    link_id, token = new_id(), new_token()
    tx.connection.execute(
        insert(template_links).values(
            id=link_id,
            template_id=template.id,
            number=template.number,
            person_id=acting.person_id,
            token_hash=token_hash(token),
            sealed=records.seal(f"template-link:{link_id}", filled.dump()),
            ends_at=ends_at,
            most_uses=most_uses,
            uses=0,
            created_at=now,
        )
    )
    return link_id, token


def of_template(tx: Transaction, template_id: str) -> Sequence[TemplateLink]:
    """Return the links of a template, newest first; the caller has asked for the template."""
    newest = template_links.c.created_at.desc(), template_links.c.id
    chosen = _QUESTION.where(template_links.c.template_id == template_id).order_by(*newest).limit(PAGE_MOST)
    return [_link(row) for row in tx.connection.execute(chosen)]


def for_managing(tx: Transaction, acting: Acting, link_id: str) -> tuple[TemplateLink, TemplateRow]:
    """Return a link and its template, which `acting` may use. Raises NotFound, Forbidden."""
    row = tx.connection.execute(_QUESTION.where(template_links.c.id == link_id)).one_or_none()
    if row is None:
        raise NotFound
    return _link(row), templates.find(tx, acting, row.template_id, row.number, retired=True)


def of_link(tx: Transaction, token: str, now: datetime) -> TemplateLink:
    """Return what a link leads to. Raises LinkRefused, one answer for all that lead nowhere."""
    row = tx.connection.execute(
        _QUESTION.where(template_links.c.token_hash == token_hash(token))
    ).one_or_none()
    if row is None or not _link(row).is_open(now):
        raise LinkRefused
    lent(tx, _link(row), now)
    return _link(row)


def by_id(tx: Transaction, link_id: str, now: datetime) -> TemplateLink:
    """Return a link that somebody has opened, while it is open. Raises LinkRefused."""
    row = tx.connection.execute(_QUESTION.where(template_links.c.id == link_id)).one()
    if not _link(row).is_open(now):
        raise LinkRefused
    return _link(row)


def lent(tx: Transaction, link: TemplateLink, now: datetime) -> tuple[Acting, TemplateRow]:
    """Return whose rights the link lends and the template, as they are now (promise 19).

    Raises LinkRefused.
    """
    maker = actors.again(tx, link.person_id, now)
    try:
        if maker is not None:
            return maker, templates.find(tx, maker, link.template_id, link.number)
    except (NotFound, Forbidden) as error:
        raise LinkRefused from error
    raise LinkRefused


def filled_of(records: Records, link: TemplateLink) -> Filled:
    """Return what its maker has filled in. Raises LinkRefused for a closed one."""
    if link.sealed is None:
        raise LinkRefused
    return Filled.load(records.open(f"template-link:{link.id}", link.sealed))


def count_use(tx: Transaction, link_id: str, now: datetime) -> None:
    """Count one more use, if there is one left. Raises LinkRefused."""
    left = (
        template_links.c.id == link_id,
        template_links.c.closed_at.is_(None),
        template_links.c.ends_at > now,
        template_links.c.uses < template_links.c.most_uses,
    )
    more = update(template_links).where(*left).values(uses=template_links.c.uses + 1)
    if tx.connection.execute(more).rowcount != 1:
        raise LinkRefused


def close(tx: Transaction, link_id: str, now: datetime) -> bool:
    """Close a link for good; False if it was closed."""
    mine = (template_links.c.id == link_id, template_links.c.closed_at.is_(None))
    closing = update(template_links).where(*mine).values(closed_at=now, sealed=None)
    tx.connection.execute(delete(link_codes).where(link_codes.c.link_id == link_id))
    return tx.connection.execute(closing).rowcount == 1


def begin(
    tx: Transaction, records: Records, link: TemplateLink, name: str, email: str, now: datetime
) -> tuple[str, str]:
    """Make a code for one browser; return that browser's secret and the code."""
    code_id, secret = new_id(), new_token()
    code = f"{secrets.randbelow(10**DIGITS):0{DIGITS}d}"
    said = json.dumps({"name": name, "email": email, "code": code}).encode()
    forget(tx, now)
    tx.connection.execute(
        insert(link_codes).values(
            id=code_id,
            token_hash=token_hash(secret),
            link_id=link.id,
            sealed=records.seal(f"link-code:{code_id}", said),
            tries_left=TRIES,
            expires_at=now + timedelta(minutes=MINUTES),
        )
    )
    return secret, code


def forget(tx: Transaction, now: datetime) -> None:
    """Remove codes that have run out, with who said they were there."""
    tx.connection.execute(delete(link_codes).where(link_codes.c.expires_at <= now))


def waits(tx: Transaction, secret: str, now: datetime) -> bool:
    """Tell whether this browser waits for a code that counts."""
    counts = (link_codes.c.tries_left > 0, link_codes.c.expires_at > now)
    chosen = select(link_codes.c.id).where(link_codes.c.token_hash == token_hash(secret), *counts)
    return tx.connection.execute(chosen).one_or_none() is not None


def use_try(tx: Transaction, records: Records, secret: str, now: datetime) -> LinkCode | None:
    """Take one try from a code and return it, or None where there is none to try; its row stays locked."""
    mine = link_codes.c.token_hash == token_hash(secret)
    counts = (link_codes.c.tries_left > 0, link_codes.c.expires_at > now)
    taken = update(link_codes).where(mine, *counts).values(tries_left=link_codes.c.tries_left - 1)
    if tx.connection.execute(taken).rowcount != 1:
        return None
    row = tx.connection.execute(select(link_codes).where(mine)).one()
    said = json.loads(records.open(f"link-code:{row.id}", row.sealed))
    return LinkCode(row.id, row.link_id, **said)


def accept(tx: Transaction, waiting: LinkCode) -> None:
    """Use the code up."""
    tx.connection.execute(delete(link_codes).where(link_codes.c.id == waiting.id))


_QUESTION = select(template_links, people.c.name.label("maker_name")).join_from(
    template_links, people, people.c.id == template_links.c.person_id
)


def _link(row: Row[tuple[object, ...]]) -> TemplateLink:
    names = TemplateLink.__dataclass_fields__
    return TemplateLink(**{name: getattr(row, name) for name in names})

"""API tokens: what programs act with. Made after a step-up, shown once, never more than their owner.

An administrator ends anybody's; nobody makes one for somebody else.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from docvault.audit.kinds import Kind
from docvault.database import audit, notices, people, sessions, step_ups, tokens
from docvault.database.engine import Database, Transaction
from docvault.database.messages import Records
from docvault.database.sessions import TOKEN
from docvault.database.tokens import TokenRow
from docvault.policy import residuals
from docvault.policy.vocabulary import PORTAL, Acting, Permission, ResourceType
from docvault.rules import tokens as rules
from docvault.rules.notices import Notice
from docvault.rules.tokens import TokenRefused
from docvault.values import PersonId

__all__ = [
    "NewToken",
    "TokenRefused",
    "TokenRow",
    "create_token",
    "list_all_tokens",
    "list_tokens",
    "offered_scopes",
    "revoke_anybodys_token",
    "revoke_token",
    "warn_of_ending_tokens",
]


@dataclass(frozen=True, slots=True)
class NewToken:
    """secret: shown this once, to its owner."""

    id: str
    secret: str = field(repr=False)
    expires_at: datetime


def offered_scopes(db: Database, *, acting: Acting) -> list[Permission]:
    """Return what a token of this person could be for: what rules that know of tokens leave of their rights.

    Raises Forbidden.
    """
    with db.reading() as tx:
        tx.policy.require(acting, Permission.ACCOUNT_CHANGE, PORTAL)
        return _offered(tx, acting)


def list_tokens(db: Database, *, acting: Acting, now: datetime) -> list[TokenRow]:
    """Return one's own tokens that are in force, newest first. Raises Forbidden."""
    with db.reading() as tx:
        tx.policy.require(acting, Permission.ACCOUNT_CHANGE, PORTAL)
        return tokens.of_person(tx, acting.person_id, now)


def list_all_tokens(db: Database, *, acting: Acting, now: datetime) -> list[TokenRow]:
    """Return everybody's tokens that are in force, for those who may disable people. Raises Forbidden."""
    with db.reading() as tx:
        tx.policy.require(acting, Permission.PERSON_CHANGE, PORTAL)
        return tokens.of_everybody(tx, now)


def create_token(
    db: Database,
    records: Records,
    *,
    acting: Acting,
    name: str,
    scopes: Collection[str],
    days: int | None,
    step_up_id: str,
    now: datetime,
) -> NewToken:
    """Make a token for oneself; the step-up is used up. days: its life, by default the policy's.

    step_up_id: a proof of a factor for `token:create` on `rules.tokens.digest` of name, scopes and days.
    Raises Forbidden, TokenRefused, StepUpInvalid; tried in that order.
    """
    with db.transaction() as tx:
        tx.policy.require(acting, Permission.ACCOUNT_CHANGE, PORTAL)
        people.lock(tx, acting.person_id)
        person = people.by_id(tx, acting.person_id)
        limits = tx.policy.numbers.tokens
        life = rules.days(limits.default_days if days is None else days, limits)
        plain, chosen = rules.name(name), rules.scopes(scopes, _offered(tx, acting))
        if tokens.count(tx, acting.person_id, now) >= limits.max_per_person:
            raise TokenRefused(f"You have {limits.max_per_person} tokens. Please revoke one of them first.")
        step_ups.spend(tx, acting, step_up_id, rules.PURPOSE, rules.digest(name, scopes, life), now)
        expires_at = now + timedelta(days=life)
        token_id, secret = tokens.add(tx, acting, name=plain, scopes=chosen, expires_at=expires_at, now=now)
        facts = {"token": token_id, "scopes": [each.value for each in chosen], "days": life}
        _note(tx, Kind.TOKEN_CREATED, acting, acting.person_id, now, facts, {"token": plain})
        if person is not None:
            notices.tell(tx, records, person, Notice.TOKEN_CREATED, now)
    return NewToken(token_id, secret, expires_at)


def revoke_token(db: Database, *, acting: Acting, token_id: str, now: datetime) -> None:
    """End one of one's own tokens, from the next request on. Raises Forbidden, NotFound."""
    with db.transaction() as tx:
        tx.policy.require(acting, Permission.ACCOUNT_CHANGE, PORTAL)
        _revoke(tx, acting, tokens.find(tx, token_id, now, owner=acting.person_id), now)


def revoke_anybodys_token(db: Database, *, acting: Acting, token_id: str, now: datetime) -> None:
    """End somebody's token, as one who may disable them. Raises Forbidden, NotFound."""
    with db.transaction() as tx:
        tx.policy.require(acting, Permission.PERSON_CHANGE, PORTAL)
        _revoke(tx, acting, tokens.find(tx, token_id, now), now)


def warn_of_ending_tokens(db: Database, records: Records, *, now: datetime) -> int:
    """Tell owners by mail that a token ends soon, once on each day of the policy; return how many."""
    with db.reading() as tx:
        days = tx.policy.numbers.tokens.warn_days
        candidates = tokens.ending(tx, now, now + timedelta(days=max(days, default=0)))
    return sum(_warn(db, records, token, now) for token in candidates if _is_due(token, days, now))


def _is_due(token: TokenRow, days: tuple[int, ...], now: datetime) -> bool:
    return rules.is_warning_due(
        created_at=token.created_at,
        expires_at=token.expires_at,
        warned_at=token.warned_at,
        warn_days=days,
        now=now,
    )


def _warn(db: Database, records: Records, token: TokenRow, now: datetime) -> bool:
    with db.transaction() as tx:
        person = people.by_id(tx, token.person_id)
        if person is None or not tokens.note_warning(tx, token, now):
            return False
        notices.tell_of_ending_token(tx, records, person, token.name, token.expires_at, now)
        named = {"token": token.name, "person": person.name}
        _note(tx, Kind.TOKEN_ENDS_SOON, None, person.id, now, {"token": token.id}, named)
    return True


def _offered(tx: Transaction, acting: Acting) -> list[Permission]:
    """Ask the policy, as a token for each permission alone, whether it could ever be allowed anything."""

    def possible(permission: Permission) -> bool:
        token = replace(acting, session_kind=TOKEN, scopes=frozenset({permission.value}))
        found = (tx.policy.residual(token, permission, each) for each in ResourceType)
        return any(residual != residuals.NEVER for residual in found)

    return [permission for permission in Permission if possible(permission)]


def _revoke(tx: Transaction, acting: Acting, token: TokenRow, now: datetime) -> None:
    if sessions.end(tx, token.id, now):
        facts = {"token": token.id}
        _note(tx, Kind.TOKEN_REVOKED, acting, token.person_id, now, facts, {"token": token.name})


def _note(
    tx: Transaction,
    kind: Kind,
    acting: Acting | None,
    person_id: PersonId,
    now: datetime,
    facts: Mapping[str, object],
    private: dict[str, str],
) -> None:
    owner = people.by_id(tx, person_id)
    audit.append(
        tx,
        kind,
        at=now,
        acting=acting,
        object_type="person",
        object_id=person_id,
        organisation_id=owner.organisation_id if owner else None,
        facts=facts,
        private=private,
    )

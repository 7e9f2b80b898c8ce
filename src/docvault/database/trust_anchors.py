"""The authorities that administrators trust, as periods. Who may see or change them was asked before."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from docvault.certificates.anchors import Anchor
from docvault.database import periods
from docvault.database.engine import Transaction
from docvault.database.tables import people, trust_anchors
from docvault.values import NotFound, PersonId

MOST = 1_000  # of the list


@dataclass(frozen=True, slots=True)
class AnchorRow:
    id: str
    name: str
    organisation: str
    sha256: str
    not_after: datetime
    reason: str
    added_at: datetime
    added_by: str | None  # a name


def add(tx: Transaction, anchor: Anchor, reason: str, *, by: PersonId, now: datetime) -> str | None:
    """Trust an authority from now on and return the id of that; None if it is trusted already."""
    begun = periods.begin(
        tx,
        trust_anchors,
        {"sha256": anchor.sha256},
        by=by,
        now=now,
        certificate=anchor.der,
        name=anchor.name,
        organisation=anchor.organisation,
        not_after=anchor.not_after,
        reason=reason,
    )
    if not begun:
        return None
    chosen = select(trust_anchors.c.id).where(
        trust_anchors.c.sha256 == anchor.sha256, trust_anchors.c.ended_at.is_(None)
    )
    return str(tx.connection.execute(chosen).scalar_one())


def end(tx: Transaction, anchor_id: str, *, by: PersonId, now: datetime) -> AnchorRow:
    """Trust it no longer. Raises NotFound, also for one that is not trusted any more."""
    found = next((each for each in listed(tx) if each.id == anchor_id), None)
    if found is None or not periods.finish(tx, trust_anchors, {"id": anchor_id}, by=by, now=now):
        raise NotFound
    return found


def listed(tx: Transaction) -> Sequence[AnchorRow]:
    """Return those that are trusted, by name."""
    chosen = (
        select(trust_anchors, people.c.name.label("by"))
        .outerjoin(people, people.c.id == trust_anchors.c.started_by)
        .where(trust_anchors.c.ended_at.is_(None))
        .order_by(trust_anchors.c.name, trust_anchors.c.id)
        .limit(MOST)
    )
    return [
        AnchorRow(
            id=row.id,
            name=row.name,
            organisation=row.organisation,
            sha256=row.sha256,
            not_after=row.not_after,
            reason=row.reason,
            added_at=row.starts_at,
            added_by=row.by,
        )
        for row in tx.connection.execute(chosen)
    ]


def certificates(tx: Transaction) -> tuple[bytes, ...]:
    """Return the certificates of those that are trusted, DER."""
    chosen = select(trust_anchors.c.certificate).where(trust_anchors.c.ended_at.is_(None)).limit(MOST)
    return tuple(bytes(each) for each in tx.connection.execute(chosen).scalars())

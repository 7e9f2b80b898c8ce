"""What is kept, since when, until when and why: of one document, and for compliance officers of everything.

Each report is an entry of the trail (promise 88).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from docvault.audit import entries, listing
from docvault.audit.kinds import Kind
from docvault.database import audit, documents, holds, retention
from docvault.database.engine import Database, Transaction
from docvault.database.holds import HoldRow
from docvault.database.messages import Records
from docvault.database.retention import Kept, Sum
from docvault.policy.vocabulary import PORTAL, Acting, Permission
from docvault.rules import retention as rules
from docvault.rules.retention import Fate
from docvault.values import NotFound

MOST = 500  # documents of a list of what comes up
HORIZON = timedelta(days=90)

_COLUMNS = (
    *("document", "name", "folder", "kind", "organisation", "bytes", "came", "clock_started", "kept_until"),
    *("destroyed_at", "rule", "in_bin_since", "waits_for", "why"),
)


@dataclass(frozen=True, slots=True)
class Coming:
    """A document with what becomes of it if nothing changes."""

    kept: Kept
    fate: Fate


@dataclass(frozen=True, slots=True)
class Report:
    """upcoming: what leaves within 90 days, or would if nothing held it; the earliest first."""

    at: datetime
    sums: Sequence[Sum]
    upcoming: Sequence[Coming]
    more: bool  # there are more than the list holds
    holds: Sequence[HoldRow]


def report(db: Database, records: Records, *, acting: Acting, now: datetime) -> Report:
    """Return what is kept by organisation and kind, what comes up, and the holds. Raises Forbidden."""
    with db.transaction() as tx:
        tx.policy.require(acting, Permission.HOLD_MANAGE, PORTAL)
        _note(tx, acting, "page", now)
    with db.snapshot() as tx:
        upcoming, more = _upcoming(tx, now)
        return Report(now, retention.sums(tx, now), upcoming, more, holds.in_force(tx, records, now))


def kept_as_csv(db: Database, *, acting: Acting, now: datetime) -> Iterator[bytes]:
    """Return every document that is kept, since when, until when and why, as a table. Raises Forbidden."""
    with db.transaction() as tx:
        tx.policy.require(acting, Permission.HOLD_MANAGE, PORTAL)
        _note(tx, acting, "csv", now)
    return listing.csv(_lines(db, now), _COLUMNS)


def fate_of(db: Database, *, acting: Acting, document_id: str, now: datetime) -> Fate:
    """Return how long a document is kept and what then, for whoever may see it. Raises NotFound."""
    with db.reading() as tx:
        found = documents.for_seeing(tx, acting, document_id)
        kept = retention.of(tx, [found.id], now).get(found.id)
        if kept is None:
            raise NotFound
        return rules.fate(kept.life, tx.policy.numbers.retention)


def _upcoming(tx: Transaction, now: datetime) -> tuple[Sequence[Coming], bool]:
    numbers, found, last = tx.policy.numbers.retention, list[Coming](), ""
    while page := retention.page(tx, now, after=last, due_by=now + HORIZON):
        coming = (Coming(kept, rules.fate(kept.life, numbers)) for kept in page)
        found += [one for one in coming if one.fate.destroyed_at <= now + HORIZON]
        found = sorted(found, key=lambda one: (one.fate.destroyed_at, one.kept.id))[: MOST + 1]
        last = page[-1].id
    return found[:MOST], len(found) > MOST


def _lines(db: Database, now: datetime) -> Iterator[Mapping[str, object]]:
    last = ""
    while True:
        with db.reading() as tx:
            page = retention.page(tx, now, after=last)
            numbers = tx.policy.numbers.retention
        if not page:
            return
        yield from (_line(kept, rules.fate(kept.life, numbers)) for kept in page)
        last = page[-1].id


def _line(kept: Kept, fate: Fate) -> Mapping[str, object]:
    binned = kept.life.binned_at
    return {
        "document": kept.id,
        "name": kept.name,
        "folder": kept.folder_name,
        "kind": kept.life.kind,
        "organisation": kept.organisation_name,
        "bytes": kept.size,
        "came": entries.moment(kept.life.created_at),
        "clock_started": entries.moment(fate.starts_at),
        "kept_until": entries.moment(fate.kept_until),
        "destroyed_at": "" if fate.waits else entries.moment(fate.destroyed_at),
        "rule": fate.rule.value,
        "in_bin_since": entries.moment(binned) if binned else "",
        "waits_for": " ".join(sorted(fate.waits)),
        "why": fate.why,
    }


def _note(tx: Transaction, acting: Acting, form: str, now: datetime) -> None:
    audit.append(tx, Kind.RETENTION_REPORTED, at=now, acting=acting, facts={"form": form})

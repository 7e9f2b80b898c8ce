"""The inbox: what waits for a person, what is under way, what came lately."""

from dataclasses import dataclass
from datetime import datetime

from docvault.database import documents, envelope_lists, envelope_views
from docvault.database.documents import DocumentSummary
from docvault.database.engine import Database
from docvault.database.envelope_views import EnvelopeSummary
from docvault.policy.vocabulary import Acting

LATELY = 8  # documents shown
MOST = 100  # envelopes of each kind


@dataclass(frozen=True, slots=True)
class InboxView:
    waiting: tuple[EnvelopeSummary, ...]  # it is this person's turn
    in_progress: tuple[EnvelopeSummary, ...]  # sent or signed by them, and not completed
    recent_documents: tuple[DocumentSummary, ...]


def inbox(db: Database, *, acting: Acting, now: datetime) -> InboxView:
    """Return what `acting` should look at; those due first come first."""
    with db.reading() as tx:
        unsigned = [
            envelope_views.summary(row, acting) for row in envelope_lists.waiting_for(tx, acting, MOST)
        ]
        under_way = [
            envelope_views.summary(row, acting) for row in envelope_lists.in_progress(tx, acting, MOST)
        ]
        recent = documents.newest(tx, acting, LATELY)
    waiting = sorted(
        (one for one in unsigned if one.your_turn), key=lambda one: (one.due_at is None, one.due_at or now)
    )
    return InboxView(tuple(waiting), tuple(under_way), tuple(recent))

"""What lies in the recycle bin for whoever may bring it back. Bringing back is in places.py."""

from docvault.database import bin as bins
from docvault.database.bin import BinItem
from docvault.database.engine import PAGE, Database, Page
from docvault.policy.vocabulary import Acting


def list_bin(db: Database, *, acting: Acting, after: str | None = None, limit: int = PAGE) -> Page[BinItem]:
    """Return what `acting` may bring back, what went into the bin last coming first. Raises BadCursor."""
    with db.reading() as tx:
        return bins.page(tx, acting, after=after, limit=limit)

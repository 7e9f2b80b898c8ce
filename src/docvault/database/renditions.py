"""Which renditions a version has. Each is a version of the same document; who may was asked before."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import and_, delete, exists, select
from sqlalchemy.dialects import postgresql, sqlite

from docvault.database.engine import Transaction
from docvault.database.tables import documents, renditions, versions
from docvault.database.versions import READABLE, STORED
from docvault.values import NotFound

PREVIEW = "preview"
THUMBNAIL = "thumbnail"
TEXT = "text"
PURPOSES = frozenset({PREVIEW, THUMBNAIL, TEXT})
UNCONVERTED = "unconverted"  # a note: nothing was made of it only because no program could convert it


def of_version(tx: Transaction, version_id: str) -> Mapping[str, str | None]:
    """Return the renditions of a version by purpose; None stands for one that cannot be made."""
    chosen = select(renditions.c.purpose, renditions.c.rendition_id).where(
        renditions.c.version_id == version_id
    )
    return {row.purpose: row.rendition_id for row in tx.connection.execute(chosen)}


def find(tx: Transaction, version_id: str, purpose: str) -> str:
    """Return the rendition of a version. Raises NotFound: it is not made yet, or cannot be."""
    found = of_version(tx, version_id).get(purpose)
    if found is None:
        raise NotFound
    return found


def add(tx: Transaction, version_id: str, purpose: str, rendition_id: str | None, now: datetime) -> bool:
    """Note what was made of a version, or that nothing can be; False if somebody did so before."""
    make = postgresql.insert if tx.connection.dialect.name == "postgresql" else sqlite.insert
    row = make(renditions).values(
        version_id=version_id, purpose=purpose, rendition_id=rendition_id, created_at=now
    )
    first = row.on_conflict_do_nothing().returning(renditions.c.version_id)
    return tx.connection.execute(first).one_or_none() is not None


def missing(tx: Transaction, before: datetime, limit: int) -> list[str]:
    """Return readable newest versions from before `before` that nothing was made of, newest first."""
    some = exists().where(renditions.c.version_id == versions.c.id)
    newest = and_(versions.c.document_id == documents.c.id, versions.c.number == documents.c.latest)
    chosen = (
        select(versions.c.id)
        .join_from(versions, documents, newest)
        .where(
            versions.c.purpose == "original",
            versions.c.state == STORED,
            versions.c.scan.in_(READABLE),
            versions.c.created_at < before,
            documents.c.disposed_at.is_(None),
            ~some,
        )
        .order_by(versions.c.created_at.desc())
        .limit(limit)
    )
    return list(tx.connection.execute(chosen).scalars())


def unconverted(tx: Transaction, limit: int) -> list[str]:
    """Return versions that nothing was made of because no program could convert them, newest first."""
    chosen = (
        select(renditions.c.version_id)
        .where(renditions.c.purpose == UNCONVERTED)
        .order_by(renditions.c.created_at.desc(), renditions.c.version_id)
        .limit(limit)
    )
    return list(tx.connection.execute(chosen).scalars())


def try_again(tx: Transaction, version_id: str) -> None:
    """Forget that nothing could be made of a version; what was made stays."""
    nothing = (renditions.c.version_id == version_id, renditions.c.rendition_id.is_(None))
    tx.connection.execute(delete(renditions).where(*nothing))

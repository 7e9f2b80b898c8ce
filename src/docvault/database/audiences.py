"""Who can get at a folder, as one value that changes when somebody leaves. Decides nothing.

A folder's key remembers the value it was made for. It is counted from the periods themselves, so nobody has
to remember to mark a folder: an ended share, a denial, a membership or portfolio that ended or ran out,
somebody disabled or given another role, and a folder that was moved all show.
"""

import hashlib
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, Table, func, or_, select, union

from docvault.database.engine import Transaction
from docvault.database.residuals import DENIED
from docvault.database.tables import (
    break_glass,
    documents,
    folder_members,
    folder_paths,
    folders,
    memberships,
    portfolios,
    standings,
)


def fingerprint(tx: Transaction, folder_id: str, at: datetime) -> str:
    """Return 64 hex digits that differ once somebody who could get at the folder no longer can.

    They may also differ for less: then the folder gets a key that it did not need.
    """
    above = select(folder_paths.c.ancestor_id).where(folder_paths.c.folder_id == folder_id)
    path = tx.connection.execute(above.order_by(folder_paths.c.ancestor_id)).scalars().all()
    counts = tx.connection.execute(_counts(folder_id, at)).one()
    return hashlib.sha256(repr((list(path), list(counts))).encode()).hexdigest()


def _counts(folder_id: str, at: datetime) -> Select[Any]:
    path = select(folder_paths.c.ancestor_id).where(folder_paths.c.folder_id == folder_id)
    organisation = select(folders.c.organisation_id).where(folders.c.id == folder_id).scalar_subquery()
    inside = select(documents.c.id).where(documents.c.folder_id == folder_id)
    on_path = folder_members.c.folder_id.in_(path)
    members = memberships.c.organisation_id == organisation
    managers = portfolios.c.organisation_id == organisation
    near = union(
        select(memberships.c.person_id).where(members),
        select(portfolios.c.person_id).where(managers),
        select(folder_members.c.person_id).where(on_path),
    )
    left = (standings.c.state == "active") & standings.c.ended_at.is_not(None)
    return select(
        _count(folder_members, on_path & (folder_members.c.role != DENIED) & _over(folder_members, at)),
        _count(folder_members, on_path & (folder_members.c.role == DENIED)),
        _count(memberships, members & _over(memberships, at)),
        _count(portfolios, managers & _over(portfolios, at)),
        _count(standings, left & standings.c.person_id.in_(near)),
        _count(break_glass, break_glass.c.document_id.in_(inside) & _over(break_glass, at)),
    )


def _over(periods: Table, at: datetime) -> ColumnElement[bool]:
    return or_(periods.c.ended_at.is_not(None), periods.c.ends_at <= at)


def _count(periods: Table, condition: ColumnElement[bool]) -> Any:
    return select(func.count()).select_from(periods).where(condition).scalar_subquery()

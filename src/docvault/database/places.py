"""Where folders and documents lie: the shape of a client's tree, changed by one at a time, and the bin.

Whoever changes the shape takes the tree first, then what moves: two who move, bin or bring back the same
thing do it one after the other. Who may was asked before.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, func, insert, select, update

from docvault.database import folder_members, periods, tables
from docvault.database.engine import Transaction
from docvault.database.folders import FolderRow
from docvault.database.residuals import DENIED
from docvault.database.tables import documents, folder_paths, folders, organisations
from docvault.policy.vocabulary import Acting, Resource
from docvault.values import NotFound, OrganisationId

paths = folder_paths


def hold_tree(tx: Transaction, organisation_id: str) -> None:
    """Keep the folders of a client as they lie until the end of the transaction."""
    locked = select(organisations.c.id).where(organisations.c.id == organisation_id)
    tx.connection.execute(locked.with_for_update(key_share=True))


def client_of_folder(tx: Transaction, folder_id: str) -> OrganisationId:
    """Return whose folder this is, which never changes: only to hold its tree. Raises NotFound."""
    chosen = select(folders.c.organisation_id).where(folders.c.id == folder_id)
    return _known(tx.connection.execute(chosen).scalar_one_or_none())


def client_of_document(tx: Transaction, document_id: str) -> OrganisationId:
    """Return whose document this is, which never changes: only to hold its tree. Raises NotFound."""
    chosen = (
        select(folders.c.organisation_id)
        .join_from(documents, folders, folders.c.id == documents.c.folder_id)
        .where(documents.c.id == document_id)
    )
    return _known(tx.connection.execute(chosen).scalar_one_or_none())


def inside(tx: Transaction, acting: Acting, folder: FolderRow) -> list[Resource]:
    """Return a folder and all that lie in it, also those in the bin: only to ask what `acting` may do."""
    tree = select(paths.c.folder_id).where(paths.c.ancestor_id == folder.id).order_by(paths.c.folder_id)
    ids = tx.connection.execute(tree).scalars().all()
    return _resources(tx, acting, ids, folder.organisation_id)


def height(tx: Transaction, folder: FolderRow) -> int:
    """Return how many levels of folders a folder holds, itself counted."""
    tree = select(paths.c.folder_id).where(paths.c.ancestor_id == folder.id)
    levels = (
        select(func.count().label("level"))
        .where(paths.c.folder_id.in_(tree), paths.c.ancestor_id.in_(tree))
        .group_by(paths.c.folder_id)
        .subquery()
    )
    return int(tx.connection.execute(select(func.max(levels.c.level))).scalar_one())


def freeing(
    tx: Transaction, acting: Acting, client: str, here_id: str | None, there: FolderRow | None
) -> list[Resource]:
    """Return the folders on the way to `here` that keep somebody out whom nothing on the way to `there` does.

    here_id: the folder it lies in now, None for the top of the client.
    """
    if here_id is None:
        return []
    out = {person_id for _, person_id in _denials(tx, acting, there.id)} if there else set()
    kept = {each for each, person_id in _denials(tx, acting, here_id) if person_id not in out}
    return _resources(tx, acting, sorted(kept), client)


def put_folder(tx: Transaction, folder: FolderRow, parent: FolderRow | None) -> None:
    """Place a folder, with all that lies in it, in another one or at the top."""
    place = update(folders).where(folders.c.id == folder.id)
    tx.connection.execute(place.values(parent_id=parent.id if parent else None))
    tree = tx.connection.execute(select(paths.c.folder_id).where(paths.c.ancestor_id == folder.id))
    moved = tree.scalars().all()
    tx.connection.execute(
        delete(paths).where(paths.c.folder_id.in_(moved), paths.c.ancestor_id.not_in(moved))
    )
    if parent is not None:
        above = paths.alias()
        pairs = (
            select(paths.c.folder_id, above.c.ancestor_id)
            .join_from(paths, above, above.c.folder_id == parent.id)
            .where(paths.c.ancestor_id == folder.id)
        )
        tx.connection.execute(insert(paths).from_select(["folder_id", "ancestor_id"], pairs))


def hold_envelopes(tx: Transaction, document_id: str) -> None:
    """Hold the envelopes of a document still. Before the document: signing takes them in that order, too."""
    enclosed = tables.envelope_documents
    its_own = select(enclosed.c.envelope_id).where(enclosed.c.document_id == document_id)
    chosen = (
        select(tables.envelopes.c.id)
        .where(tables.envelopes.c.id.in_(its_own))
        .order_by(tables.envelopes.c.id)
    )
    tx.connection.execute(chosen.with_for_update(key_share=True))


def share_an_envelope(tx: Transaction, document_id: str) -> bool:
    """Tell whether a document is in an envelope with others."""
    own, other = tables.envelope_documents.alias("own"), tables.envelope_documents.alias("other")
    together = (
        select(other.c.document_id)
        .join(own, own.c.envelope_id == other.c.envelope_id)
        .where(own.c.document_id == document_id, other.c.document_id != document_id)
    )
    return tx.connection.execute(together.limit(1)).first() is not None


def bin_folder(tx: Transaction, acting: Acting, folder: FolderRow, now: datetime) -> int:
    """Put a folder and the folders inside into the bin; return how many were not there yet."""
    tree = select(paths.c.folder_id).where(paths.c.ancestor_id == folder.id)
    binned = update(folders).where(folders.c.id.in_(tree), folders.c.trashed_at.is_(None))
    values = {"trashed_at": now, "trashed_by": acting.person_id, "trashed_with": folder.id}
    return tx.connection.execute(binned.values(values)).rowcount


def unbin_folder(tx: Transaction, folder_id: str) -> int:
    """Bring back a folder, and the folders that went into the bin with it; return how many."""
    with_it = update(folders).where(folders.c.trashed_with == folder_id)
    nothing = {"trashed_at": None, "trashed_by": None, "trashed_with": None}
    return tx.connection.execute(with_it.values(nothing)).rowcount


def bin_document(tx: Transaction, acting: Acting, document_id: str, now: datetime) -> None:
    """Put a document into the bin."""
    binned = update(documents).where(documents.c.id == document_id)
    tx.connection.execute(binned.values(trashed_at=now, trashed_by=acting.person_id))


def unbin_document(tx: Transaction, document_id: str) -> None:
    """Bring a document back to the folder it lies in."""
    back = update(documents).where(documents.c.id == document_id)
    tx.connection.execute(back.values(trashed_at=None, trashed_by=None))


def _denials(tx: Transaction, acting: Acting, folder_id: str) -> Sequence[tuple[str, str]]:
    """Return folder and person of every denial on the way to a folder, its own as well."""
    grants = tables.folder_members
    chosen = (
        select(grants.c.folder_id, grants.c.person_id)
        .join_from(grants, paths, paths.c.ancestor_id == grants.c.folder_id)
        .where(paths.c.folder_id == folder_id, grants.c.role == DENIED, periods.in_force(grants, acting.at))
    )
    return [(row.folder_id, row.person_id) for row in tx.connection.execute(chosen)]


def _resources(tx: Transaction, acting: Acting, ids: Sequence[str], organisation_id: str) -> list[Resource]:
    return [folder_members.resource(tx, each, organisation_id, acting.at) for each in ids]


def _known(organisation_id: str | None) -> OrganisationId:
    if organisation_id is None:
        raise NotFound
    return OrganisationId(organisation_id)

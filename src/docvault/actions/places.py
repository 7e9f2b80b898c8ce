"""Folders and documents get another name or another place, or go into the recycle bin and
come back. What lies in the bin is in bin.py.

A selection is one deed: all of it is done, or nothing.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from docvault.audit.kinds import Kind
from docvault.database import audit, documents, folders, holds, places, search_index
from docvault.database import bin as bins
from docvault.database.documents import DocumentRow
from docvault.database.engine import Database, Transaction
from docvault.database.folders import FolderRow
from docvault.policy.vocabulary import Acting, Permission, Resource, ResourceType
from docvault.rules import names
from docvault.rules import places as rules
from docvault.rules.places import PlaceRefused
from docvault.values import FolderId, OrganisationId
from docvault.vault import moves
from docvault.vault.files import Vault


def rename_folder(db: Database, *, acting: Acting, folder_id: str, name: str, now: datetime) -> None:
    """Give a folder another name. Raises NotFound, Forbidden or BadName."""
    with db.transaction() as tx:
        places.hold_tree(tx, places.client_of_folder(tx, folder_id))
        folder = _folder(tx, acting, folder_id)
        kept = names.folder_name(name)
        if kept == folder.name:
            return
        folders.rename(tx, folder, kept)
        _note(tx, Kind.FOLDER_RENAMED, folder, acting, now, {}, {"name": kept, "was": folder.name})


def rename_document(db: Database, *, acting: Acting, document_id: str, name: str, now: datetime) -> None:
    """Give a document another name; its bytes and its kind stay. Raises NotFound, Forbidden or BadName."""
    with db.transaction() as tx:
        places.hold_tree(tx, places.client_of_document(tx, document_id))
        document = _document(tx, acting, document_id)
        kept = names.file_name(name)
        if kept == document.name:
            return
        documents.rename(tx, document, kept)
        facts = {"folder": document.folder_id}
        _note(tx, Kind.DOCUMENT_RENAMED, document, acting, now, facts, {"name": kept, "was": document.name})


def move_things(
    db: Database,
    vault: Vault,
    *,
    acting: Acting,
    document_ids: Sequence[str] = (),
    folder_ids: Sequence[str] = (),
    into: str | None,
    now: datetime,
) -> None:
    """Move documents and folders into another folder of the same client; None: folders, to the client's top.

    Who sees them is said by the new place from then on. What lies there already stays and is no error.
    Raises NotFound, Forbidden or PlaceRefused.
    """
    with db.transaction() as tx:
        client = _hold(tx, document_ids, folder_ids)
        target = _target(tx, acting, into, client, documents=bool(document_ids))
        for document_id in document_ids:
            _move_document(tx, vault, acting, _document(tx, acting, document_id), target, now)
        for folder_id in folder_ids:
            _move_folder(tx, acting, _folder(tx, acting, folder_id), target, now)


def bin_things(
    db: Database,
    *,
    acting: Acting,
    document_ids: Sequence[str] = (),
    folder_ids: Sequence[str] = (),
    now: datetime,
) -> None:
    """Put documents, and folders with all that lies in them, into the recycle bin.

    From then on nobody sees, finds, reads or fills them; envelopes that were made go on. Raises NotFound,
    Forbidden or PlaceRefused.
    """
    with db.transaction() as tx:
        client = _hold(tx, document_ids, folder_ids)
        for document_id in document_ids:
            document = _document(tx, acting, document_id)
            rules.check_same_client(document.organisation_id, client)
            places.bin_document(tx, acting, document.id, now)
            _note(tx, Kind.DOCUMENT_TRASHED, document, acting, now, {"folder": document.folder_id}, {})
        for folder_id in folder_ids:
            folder = _folder(tx, acting, folder_id)
            rules.check_same_client(folder.organisation_id, client)
            _check_tree(tx, acting, folder)
            count = places.bin_folder(tx, acting, folder, now)
            _note(tx, Kind.FOLDER_TRASHED, folder, acting, now, {"folders": count}, {})


def bring_back_document(
    db: Database, vault: Vault, *, acting: Acting, document_id: str, into: str | None = None, now: datetime
) -> FolderId:
    """Take a document out of the bin, to where it lay or into another folder; return which that is.

    Raises NotFound, Forbidden or PlaceRefused.
    """
    with db.transaction() as tx:
        client = places.client_of_document(tx, document_id)
        places.hold_tree(tx, client)
        found = bins.document(tx, acting, document_id)
        rules.check_place_is_there(found.place_is_there or into is not None)
        target = found.row.folder if into is None else _target(tx, acting, into, client, documents=True)
        places.unbin_document(tx, document_id)
        facts = {"folder": found.row.folder_id}
        _note(tx, Kind.DOCUMENT_RESTORED, found.row, acting, now, facts, {})
        _move_document(tx, vault, acting, found.row, target, now)
        return FolderId(into) if into is not None else found.row.folder_id


def bring_back_folder(
    db: Database, *, acting: Acting, folder_id: str, into: str | None = None, now: datetime
) -> FolderId:
    """Take a folder, and all that went there with it, out of the bin: to where it lay or elsewhere.

    Raises NotFound, Forbidden or PlaceRefused.
    """
    with db.transaction() as tx:
        client = places.client_of_folder(tx, folder_id)
        places.hold_tree(tx, client)
        found = bins.folder(tx, acting, folder_id)
        rules.check_place_is_there(found.place_is_there or into is not None)
        count = places.unbin_folder(tx, folder_id)
        _note(tx, Kind.FOLDER_RESTORED, found.row, acting, now, {"folders": count}, {})
        if into is not None:
            target = _target(tx, acting, into, client, documents=False)
            _move_folder(tx, acting, found.row, target, now)
        return found.row.id


def _hold(tx: Transaction, document_ids: Sequence[str], folder_ids: Sequence[str]) -> OrganisationId:
    """Take the tree of whose things these are; what is of another client is refused in its turn."""
    if folder_ids:
        client = places.client_of_folder(tx, folder_ids[0])
    elif document_ids:
        client = places.client_of_document(tx, document_ids[0])
    else:
        raise PlaceRefused("Please choose at least one document or folder.")
    places.hold_tree(tx, client)
    return client


def _target(
    tx: Transaction, acting: Acting, into: str | None, client: OrganisationId, *, documents: bool
) -> FolderRow | None:
    """Return the folder that things go to, None for the client's top.

    Raises NotFound, Forbidden or PlaceRefused.
    """
    if into is None:
        if documents:
            raise PlaceRefused("A document lies in a folder. Please choose one.")
        top = Resource(ResourceType.ORGANISATION, client)
        tx.policy.require(acting, Permission.FOLDER_CREATE, top)
        return None
    target = folders.for_seeing(tx, acting, into)
    if documents:
        tx.policy.require(acting, Permission.FOLDER_UPLOAD, target.resource)
    return target


def _move_folder(
    tx: Transaction, acting: Acting, folder: FolderRow, target: FolderRow | None, now: datetime
) -> None:
    if target is not None:
        tx.policy.require(acting, Permission.FOLDER_ARRANGE, target.resource)
        rules.check_same_client(folder.organisation_id, target.organisation_id)
    if folder.parent_id == (target.id if target else None):
        return
    tree = _check_tree(tx, acting, folder)
    if target is not None:
        rules.check_not_inside(target.id, tree)
    depth = (folders.depth(tx, target) if target else 0) + places.height(tx, folder)
    rules.check_depth(depth, tx.policy.numbers.access.folder_depth)
    _check_freed(tx, acting, folder.organisation_id, folder.parent_id, target)
    places.put_folder(tx, folder, target)
    facts = {"from": folder.parent_id, "to": target.id if target else None}
    _note(tx, Kind.FOLDER_MOVED, folder, acting, now, facts, {})


def _move_document(
    tx: Transaction,
    vault: Vault,
    acting: Acting,
    document: DocumentRow,
    target: FolderRow | None,
    now: datetime,
) -> None:
    if target is None:
        raise AssertionError("_target returned a folder, as documents were to be moved")
    rules.check_same_client(document.organisation_id, target.organisation_id)
    if document.folder_id == target.id:
        return
    _check_freed(tx, acting, document.organisation_id, document.folder_id, target)
    places.hold_envelopes(tx, document.id)
    rules.check_alone(shares_an_envelope=places.share_an_envelope(tx, document.id))
    count = moves.move_document(tx, vault, document.id, target.id, now)
    search_index.ask(tx, document.id, now)
    facts = {"from": document.folder_id, "to": target.id, "versions": count}
    _note(tx, Kind.DOCUMENT_MOVED, document, acting, now, facts, {})


def _check_tree(tx: Transaction, acting: Acting, folder: FolderRow) -> frozenset[str]:
    """Return the ids of a folder and of all in it, which `acting` may arrange. Raises PlaceRefused.

    Whoever is kept out of a folder moves or bins it no more than they read it (promise 27).
    """
    tree = places.inside(tx, acting, folder)
    everything = frozenset(one.id for one in tree)
    rules.check_all_arranged(everything, _may(tx, acting, Permission.FOLDER_ARRANGE, tree))
    return everything


def _check_freed(
    tx: Transaction, acting: Acting, client: str, here_id: str | None, target: FolderRow | None
) -> None:
    """Return only if nobody gets in who is kept out, or `acting` could let them in anyway (promise 27), and
    no legal hold is escaped (promise 88).
    """
    there = holds.of_folder(tx, target.id if target else None, acting.at)
    rules.check_no_hold_is_left(holds.of_folder(tx, here_id, acting.at), there)
    freed = places.freeing(tx, acting, client, here_id, target)
    rules.check_nobody_is_freed({one.id for one in freed}, _may(tx, acting, Permission.FOLDER_MANAGE, freed))


def _may(tx: Transaction, acting: Acting, permission: Permission, asked: Sequence[Resource]) -> set[str]:
    return {one.id for one in asked if tx.policy.decide(acting, permission, one).allowed}


def _folder(tx: Transaction, acting: Acting, folder_id: str) -> FolderRow:
    folder = folders.for_seeing(tx, acting, folder_id)
    tx.policy.require(acting, Permission.FOLDER_ARRANGE, folder.resource)
    return folder


def _document(tx: Transaction, acting: Acting, document_id: str) -> DocumentRow:
    document = documents.for_seeing(tx, acting, document_id)
    tx.policy.require(acting, Permission.DOCUMENT_CHANGE, document.resource)
    return document


def _note(
    tx: Transaction,
    kind: Kind,
    thing: FolderRow | DocumentRow,
    acting: Acting,
    now: datetime,
    facts: Mapping[str, Any],
    private: Mapping[str, Any],
) -> None:
    audit.append(
        tx,
        kind,
        at=now,
        acting=acting,
        object_type="folder" if isinstance(thing, FolderRow) else "document",
        object_id=thing.id,
        organisation_id=thing.organisation_id,
        facts=facts,
        private={"name": thing.name, **private},
    )

"""Choosing a place: the folders of one client, level by level, for moving something or bringing it back."""

from collections.abc import Sequence
from dataclasses import dataclass

from docvault.database import bin as bins
from docvault.database import documents, folders
from docvault.database.engine import PAGE_MOST, Database, Transaction
from docvault.database.folders import FolderName, FolderRow, FolderSummary
from docvault.policy.vocabulary import Acting, Permission, Resource, ResourceType
from docvault.values import NotFound, OrganisationId


@dataclass(frozen=True, slots=True)
class Chosen:
    """Something that is to get a place."""

    kind: str  # document | folder
    id: str
    name: str


@dataclass(frozen=True, slots=True)
class PlaceView:
    """One level of a client's folders; `here` is None at the top."""

    chosen: Sequence[Chosen]
    here: FolderName | None
    above: Sequence[FolderName]
    folders: Sequence[FolderSummary]  # inside, as far as they may be seen
    may: bool  # put them here
    from_id: str | None  # the folder they lie in now


def show_places(
    db: Database,
    *,
    acting: Acting,
    document_ids: Sequence[str],
    folder_ids: Sequence[str],
    into: str | None,
    binned: bool = False,
) -> PlaceView:
    """Return what is to get a place, and one level of the folders it may get. binned: it lies in the bin.

    Raises NotFound.
    """
    with db.reading() as tx:
        found = _documents(tx, acting, document_ids, binned=binned)
        moved = _folders(tx, acting, folder_ids, binned=binned)
        client, from_id = _whose(found, moved)
        here = None if into is None else folders.for_seeing(tx, acting, into)
        if here is not None and here.organisation_id != client:
            raise NotFound
        return PlaceView(
            chosen=[
                *(Chosen("folder", one.id, one.name) for one in moved),
                *(Chosen("document", one.id, one.name) for one in found),
            ],
            here=FolderName(here.id, here.name) if here else None,
            above=folders.above(tx, acting, here) if here else [],
            folders=_level(tx, acting, client, here, {one.id for one in moved}),
            may=_may(tx, acting, client, here, documents=bool(found), folders=bool(moved)),
            from_id=from_id,
        )


def _documents(
    tx: Transaction, acting: Acting, ids: Sequence[str], *, binned: bool
) -> list[documents.DocumentRow]:
    if binned:
        return [bins.document(tx, acting, each).row for each in ids]
    return [documents.for_seeing(tx, acting, each) for each in ids]


def _folders(tx: Transaction, acting: Acting, ids: Sequence[str], *, binned: bool) -> list[FolderRow]:
    if binned:
        return [bins.folder(tx, acting, each).row for each in ids]
    return [folders.for_seeing(tx, acting, each) for each in ids]


def _whose(
    found: Sequence[documents.DocumentRow], moved: Sequence[FolderRow]
) -> tuple[OrganisationId, str | None]:
    if moved:
        return moved[0].organisation_id, moved[0].parent_id
    if not found:
        raise NotFound
    return found[0].organisation_id, found[0].folder_id


def _level(
    tx: Transaction, acting: Acting, client: OrganisationId, here: FolderRow | None, moved: set[str]
) -> list[FolderSummary]:
    """Return the folders of a level by name; at the top also those whose outer folder may not be seen."""
    inside = here.id if here else None
    page = folders.page(tx, acting, organisation_id=client, parent_id=inside, limit=PAGE_MOST)
    level = [one for one in page.items if one.id not in moved and (inside or one.parent_id is None)]
    return sorted(level, key=lambda one: one.name.casefold())


def _may(
    tx: Transaction,
    acting: Acting,
    client: OrganisationId,
    here: FolderRow | None,
    *,
    documents: bool,
    folders: bool,
) -> bool:
    if here is None:
        top = Resource(ResourceType.ORGANISATION, client)
        return not documents and tx.policy.decide(acting, Permission.FOLDER_CREATE, top).allowed
    needed = {Permission.FOLDER_UPLOAD: documents, Permission.FOLDER_ARRANGE: folders}
    return all(
        tx.policy.decide(acting, permission, here.resource).allowed
        for permission, asked in needed.items()
        if asked
    )

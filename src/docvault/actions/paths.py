"""What lies where, for doors that speak in paths: `/Acme/Contracts/Offer.pdf`. Reads only.

A path leads to the same thing as its id would, for whoever may see it; for everybody else it leads nowhere.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from docvault.database import paths
from docvault.database.engine import Database, Transaction
from docvault.database.paths import DocumentAt, FolderAt, OrganisationAt
from docvault.policy.vocabulary import Acting
from docvault.rules import paths as rules
from docvault.values import DocVaultError, FolderId, OrganisationId

__all__ = ["DocumentAt", "FolderAt", "Found", "Member", "OrganisationAt", "TooManyFiles", "find", "members"]

MOST = 20_000  # documents of one folder that a file manager is told of


class TooManyFiles(DocVaultError):
    """A folder has more documents than can be listed at once; a part of them would look like the whole."""

    def __init__(self) -> None:
        super().__init__(
            f"This folder has more than {MOST} documents, too many for a file manager. Open it in the portal."
        )


@dataclass(frozen=True, slots=True)
class Member:
    """Something by the name it has in a path."""

    name: str
    thing: OrganisationAt | FolderAt | DocumentAt


Found = OrganisationAt | FolderAt | DocumentAt | None


def find(db: Database, *, acting: Acting, parts: Sequence[str]) -> Found:
    """Return what a path leads to, or None. parts: at least one name, from the organisation down."""
    names = [rules.kept(part) for part in parts]
    with db.reading() as tx:
        at: Found = _organisation(tx, acting, names[0])
        for name in names[1:]:
            at = _inside(tx, acting, at, name)
        return at


def members(db: Database, *, acting: Acting, place: OrganisationAt | FolderAt | None) -> list[Member]:
    """Return what lies at a place, None being the top, as far as `acting` may see it. Raises TooManyFiles."""
    with db.reading() as tx:
        if place is None:
            return _organisations(tx, acting)
        organisation_id, parent = _place(place)
        folders = paths.folders_at(tx, acting, organisation_id, parent)
        found = [Member(name, each) for each, name in zip(folders, _spelled(folders), strict=True)]
        if parent is None:
            return found
        documents = paths.documents_at(tx, acting, parent, most=MOST)
        if len(documents) > MOST:
            raise TooManyFiles
        names = _spelled(documents, [each.name for each in found])
        return found + [Member(name, each) for each, name in zip(documents, names, strict=True)]


def _organisations(tx: Transaction, acting: Acting) -> list[Member]:
    seen = paths.organisations_seen(tx, acting)
    return [Member(name, each) for each, name in zip(seen, _spelled(seen), strict=True)]


def _organisation(tx: Transaction, acting: Acting, part: str) -> Found:
    return next((each.thing for each in _organisations(tx, acting) if each.name == part), None)


def _inside(tx: Transaction, acting: Acting, place: Found, part: str) -> Found:
    if place is None or isinstance(place, DocumentAt):
        return None
    organisation_id, parent = _place(place)
    # Only what could be called so is asked for: a folder may hold very many.
    start = rules.id_start(part)
    wanted = {"name": None, "id_start": start} if start else {"name": part, "id_start": None}
    folders = paths.folders_at(tx, acting, organisation_id, parent, **wanted)
    found = _first(folders, part)
    if found is not None or parent is None:
        return found
    documents = paths.documents_at(tx, acting, parent, most=MOST, **wanted)
    return _first(documents, part)


def _first(things: Sequence[FolderAt] | Sequence[DocumentAt], part: str) -> FolderAt | DocumentAt | None:
    """Return the thing of this path name: the oldest of a name has it plain, any can be had by its id."""
    plain = next((each for each in things if rules.is_plain(each.name) and each.name == part), None)
    return plain or next((each for each in things if rules.tagged(each.id, each.name) == part), None)


def _place(place: OrganisationAt | FolderAt) -> tuple[OrganisationId, FolderId | None]:
    if isinstance(place, FolderAt):
        return place.organisation_id, place.id
    return place.id, None


def _spelled(
    things: Sequence[OrganisationAt] | Sequence[FolderAt] | Sequence[DocumentAt], taken: Sequence[str] = ()
) -> list[str]:
    return list(rules.spell([(each.id, each.name) for each in things], taken))

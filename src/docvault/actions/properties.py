"""Properties that file managers keep on folders and documents (RFC 4918, 4.2): as they came, without meaning.

Whoever may change a thing may change its properties; whoever sees it reads them.
"""

from collections.abc import Sequence
from datetime import datetime

from docvault.audit.kinds import Kind
from docvault.database import audit, dav_properties, documents, folders
from docvault.database.documents import DocumentRow
from docvault.database.engine import Database, Transaction
from docvault.database.folders import FolderRow
from docvault.policy.vocabulary import Acting, Permission
from docvault.values import DocVaultError

NAME_MOST = 200  # characters of {namespace}name
VALUE_MOST = 4096  # bytes of XML
MOST = 50  # properties of one thing


class PropertyRefused(DocVaultError):
    """The property is not kept; the message says why."""


def property_names(db: Database, *, acting: Acting, kind: str, thing_id: str) -> Sequence[str]:
    """Return the names of a thing's properties. kind: document | folder. Raises NotFound."""
    with db.reading() as tx:
        return dav_properties.names(tx, _thing(tx, acting, kind, thing_id).id)


def get_property(db: Database, *, acting: Acting, kind: str, thing_id: str, name: str) -> bytes | None:
    """Return a property's XML, or None. Raises NotFound."""
    with db.reading() as tx:
        return dav_properties.get(tx, _thing(tx, acting, kind, thing_id).id, name)


def set_property(
    db: Database, *, acting: Acting, kind: str, thing_id: str, name: str, value: bytes | None, now: datetime
) -> None:
    """Set a property, or remove it with None; one that is not there is removed already.

    Raises NotFound, Forbidden, PropertyRefused; tried in that order.
    """
    with db.transaction() as tx:
        thing = _changeable(tx, acting, kind, thing_id)
        if value is None:
            changed = dav_properties.remove(tx, thing.id, name)
        else:
            _check(tx, thing.id, name, value)
            changed = dav_properties.get(tx, thing.id, name) != value
            dav_properties.put(tx, thing.id, name, value)
        if changed:
            _note(tx, acting, kind, thing, now)


def copy_properties(
    db: Database, *, acting: Acting, kind: str, thing_id: str, to_kind: str, to_id: str, now: datetime
) -> None:
    """Give a thing the properties of another one, in place of its own. Raises NotFound, Forbidden."""
    with db.transaction() as tx:
        source = _thing(tx, acting, kind, thing_id)
        target = _changeable(tx, acting, to_kind, to_id)
        if dav_properties.copy(tx, source.id, target.id):
            _note(tx, acting, to_kind, target, now)


def _check(tx: Transaction, thing_id: str, name: str, value: bytes) -> None:
    if len(name) > NAME_MOST or len(value) > VALUE_MOST:
        raise PropertyRefused(
            f"A property has at most {NAME_MOST} characters of name and {VALUE_MOST} bytes."
        )
    if dav_properties.get(tx, thing_id, name) is None and dav_properties.count(tx, thing_id) >= MOST:
        raise PropertyRefused(f"A file or folder has at most {MOST} properties.")


def _thing(tx: Transaction, acting: Acting, kind: str, thing_id: str) -> FolderRow | DocumentRow:
    if kind == "folder":
        return folders.for_seeing(tx, acting, thing_id)
    return documents.for_seeing(tx, acting, thing_id)


def _changeable(tx: Transaction, acting: Acting, kind: str, thing_id: str) -> FolderRow | DocumentRow:
    found = _thing(tx, acting, kind, thing_id)
    wanted = Permission.FOLDER_ARRANGE if kind == "folder" else Permission.DOCUMENT_CHANGE
    tx.policy.require(acting, wanted, found.resource)
    return found


def _note(tx: Transaction, acting: Acting, kind: str, thing: FolderRow | DocumentRow, now: datetime) -> None:
    audit.append(
        tx,
        Kind.PROPERTIES_CHANGED,
        at=now,
        acting=acting,
        object_type=kind,
        object_id=thing.id,
        organisation_id=thing.organisation_id,
        private={"name": thing.name},
    )

"""Organisations, folders and documents as the resources of wsgidav: `/dav/Acme/Contracts/Offer.pdf`."""

from collections.abc import Sequence
from typing import Any

from wsgidav import util
from wsgidav.dav_error import HTTP_CONFLICT, HTTP_FORBIDDEN, HTTP_NOT_FOUND, DAVError
from wsgidav.dav_provider import DAVCollection, DAVNonCollection, DAVProvider

from docvault.actions import documents, folders, paths, places, quotas
from docvault.actions.paths import DocumentAt, FolderAt, Found, OrganisationAt
from docvault.policy.vocabulary import Acting
from docvault.web.dav.errors import translated
from docvault.web.dav.reading import Reader
from docvault.web.dav.writing import Writer, announced_size
from docvault.wiring import Portal

Environ = dict[str, Any]
KIND = "general"  # of a folder that a file manager makes at the top; below, it is the upper folder's
USED = "{DAV:}quota-used-bytes"
ROOM = (USED, "{DAV:}quota-available-bytes")


class Tree(DAVProvider):  # type: ignore[misc] # wsgidav has no types
    """Finds what a path leads to for whoever asks in this request."""

    def __init__(self, portal: Portal) -> None:
        super().__init__()
        self.portal = portal

    def get_resource_inst(self, path: str, environ: Environ) -> "Place | File | None":
        parts = [part for part in path.split("/") if part]
        if not parts:
            return Place(path, environ, None, self.portal)
        acting: Acting = environ["docvault.acting"]
        return self.made(path, environ, paths.find(self.portal.db, acting=acting, parts=parts))

    def made(self, path: str, environ: Environ, thing: Found) -> "Place | File | None":
        """Return the resource of what was found."""
        if thing is None:
            return None
        if isinstance(thing, DocumentAt):
            return File(path, environ, thing, self.portal)
        return Place(path, environ, thing, self.portal)


class Place(DAVCollection):  # type: ignore[misc] # wsgidav has no types
    """The top, an organisation or a folder."""

    def __init__(
        self, path: str, environ: Environ, thing: OrganisationAt | FolderAt | None, portal: Portal
    ) -> None:
        super().__init__(path, environ)
        self.thing = thing
        self._portal = portal
        self._acting: Acting = environ["docvault.acting"]

    def get_creation_date(self) -> float | None:
        return self.thing.created_at.timestamp() if self.thing else None

    def get_last_modified(self) -> float | None:
        return self.get_creation_date()

    def get_property_value(self, name: str) -> Any:
        """Return the value of a property; how much room a folder has (RFC 4331) only when asked by name."""
        if name not in ROOM or not isinstance(self.thing, FolderAt):
            return super().get_property_value(name)
        with translated():
            room = quotas.folder_room(self._portal.db, acting=self._acting, folder_id=self.thing.id)
        if room is None:  # they may not save here
            raise DAVError(HTTP_NOT_FOUND)
        storage = room.narrower
        return str(storage.used if name == USED else max(0, storage.most - storage.used))

    def get_member_names(self) -> Sequence[str]:
        return [member.name for member in self._members()]

    def get_member_list(self) -> Sequence[Any]:
        """Return the members from one look: asking for each by its path would take a question each."""
        return [
            self.provider.made(util.join_uri(self.path, member.name), self.environ, member.thing)
            for member in self._members()
        ]

    def get_member(self, name: str) -> Any:
        return self.provider.get_resource_inst(util.join_uri(self.path, name), self.environ)

    def create_empty_resource(self, name: str) -> Any:
        """Return a file to write into. A LOCK of a name that is free makes an empty one (RFC 4918, 7.3)."""
        folder = self._folder()
        if self.environ["REQUEST_METHOD"] == "LOCK":
            _writer(self._portal, self._acting, folder, name, 0, None).close()
            return self.get_member(name)
        return NewFile(util.join_uri(self.path, name), self.environ, folder, self._portal)

    def create_collection(self, name: str) -> None:
        given: dict[str, Any] = {"name": name, "now": self._portal.clock(), "acting": self._acting}
        db, vault = self._portal.db, self._portal.vault
        with translated():
            if isinstance(self.thing, FolderAt):
                folders.create_folder_inside(
                    db, vault, parent_id=self.thing.id, kind=self.thing.kind, **given
                )
            elif self.thing is not None:
                folders.create_folder(db, vault, organisation_id=self.thing.id, kind=KIND, **given)
            else:
                raise DAVError(HTTP_FORBIDDEN, "Organisations are added in the portal.")

    def support_recursive_delete(self) -> bool:
        return True

    def delete(self) -> list[Any]:
        folder = self._folder("Organisations are changed in the portal.")
        with translated():
            places.bin_things(
                self._portal.db, acting=self._acting, folder_ids=[folder.id], now=self._portal.clock()
            )
        self.remove_all_locks(recursive=True)
        return []

    def copy_move_single(self, dest_path: str, *, is_move: bool) -> None:  # noqa: ARG002 - moves are one deed
        if self.provider.get_resource_inst(dest_path, self.environ) is None:
            parent = self.provider.get_resource_inst(util.get_uri_parent(dest_path), self.environ)
            parent.create_collection(util.get_uri_name(dest_path))
        _copy_properties(self, dest_path)

    def support_recursive_move(self, dest_path: str) -> bool:  # noqa: ARG002 - wherever it goes
        return True

    def move_recursive(self, dest_path: str) -> list[Any]:
        folder = self._folder("Organisations are changed in the portal.")
        parent = self.provider.get_resource_inst(util.get_uri_parent(dest_path), self.environ)
        target, name = parent.thing, util.get_uri_name(dest_path)
        db, now = self._portal.db, self._portal.clock()
        with translated():
            here = self.provider.get_resource_inst(util.get_uri_parent(self.path), self.environ)
            if not _same(here.thing, target):
                places.move_things(
                    db,
                    self._portal.vault,
                    acting=self._acting,
                    folder_ids=[folder.id],
                    into=_into(folder, target),
                    now=now,
                )
            if util.get_uri_name(self.path) != name:
                places.rename_folder(db, acting=self._acting, folder_id=folder.id, name=name, now=now)
        self.remove_all_locks(recursive=True)
        return []

    def _members(self) -> Sequence[paths.Member]:
        with translated():
            return paths.members(self._portal.db, acting=self._acting, place=self.thing)

    def _folder(self, otherwise: str = "A file lies in a folder. Please open one first.") -> FolderAt:
        if not isinstance(self.thing, FolderAt):
            raise DAVError(HTTP_FORBIDDEN, otherwise)
        return self.thing


class File(DAVNonCollection):  # type: ignore[misc] # wsgidav has no types
    """A document, as its newest version."""

    def __init__(self, path: str, environ: Environ, thing: DocumentAt, portal: Portal) -> None:
        super().__init__(path, environ)
        self.thing = thing
        self._portal = portal
        self._acting: Acting = environ["docvault.acting"]
        self._writing: Writer | None = None

    def get_content_length(self) -> int:
        return self.thing.size

    def get_content_type(self) -> str:
        return self.thing.media_type

    def get_creation_date(self) -> float:
        return self.thing.created_at.timestamp()

    def get_last_modified(self) -> float:
        return self.thing.changed_at.timestamp()

    def get_etag(self) -> str:
        return f"{self.thing.number}-{self.thing.sha256}"

    def support_etag(self) -> bool:
        return True

    def support_ranges(self) -> bool:
        return True

    def get_content(self) -> Reader:
        """Open the bytes; this is a download, and the log says so."""
        with translated():
            return Reader(
                documents.read_document(
                    self._portal.db,
                    self._portal.vault,
                    acting=self._acting,
                    document_id=self.thing.id,
                    number=self.thing.number,
                    now=self._portal.clock(),
                )
            )

    def begin_write(self, *, content_type: str | None = None) -> Writer:  # noqa: ARG002 - the bytes say what it is
        self._writing = Writer(
            self._portal,
            self._acting,
            folder_id=self.thing.folder_id,
            name=self.thing.name,
            size=announced_size(self.environ),
            document_id=self.thing.id,
        )
        return self._writing

    def end_write(self, *, with_errors: bool) -> None:
        _end(self._writing, with_errors=with_errors)
        if not with_errors:  # the answer carries the ETag of what is there now
            self.thing = self.provider.get_resource_inst(self.path, self.environ).thing

    def delete(self) -> None:
        with translated():
            places.bin_things(
                self._portal.db, acting=self._acting, document_ids=[self.thing.id], now=self._portal.clock()
            )
        self.remove_all_locks(recursive=True)

    def copy_move_single(self, dest_path: str, *, is_move: bool) -> None:  # noqa: ARG002 - moves are one deed
        """Save the same bytes elsewhere; over another document they are its next version."""
        parent = self.provider.get_resource_inst(util.get_uri_parent(dest_path), self.environ)
        there = self.provider.get_resource_inst(dest_path, self.environ)
        folder = _target(parent)
        over = there.thing.id if isinstance(there, File) else None
        source = self.get_content()
        name = there.thing.name if isinstance(there, File) else util.get_uri_name(dest_path)
        writer = _writer(self._portal, self._acting, folder, name, self.thing.size, over)
        try:
            while piece := source.read(1024 * 1024):
                writer.write(piece)
            writer.close()
        except BaseException:
            writer.give_up()
            raise
        _copy_properties(self, dest_path)

    def support_recursive_move(self, dest_path: str) -> bool:  # noqa: ARG002 - wherever it goes
        return True

    def move_recursive(self, dest_path: str) -> list[Any]:
        folder = _target(self.provider.get_resource_inst(util.get_uri_parent(dest_path), self.environ))
        name = util.get_uri_name(dest_path)
        db, now = self._portal.db, self._portal.clock()
        with translated():
            if folder.id != self.thing.folder_id:
                places.move_things(
                    db,
                    self._portal.vault,
                    acting=self._acting,
                    document_ids=[self.thing.id],
                    into=folder.id,
                    now=now,
                )
            if util.get_uri_name(self.path) != name:
                places.rename_document(db, acting=self._acting, document_id=self.thing.id, name=name, now=now)
        self.remove_all_locks(recursive=True)
        return []


class NewFile(DAVNonCollection):  # type: ignore[misc] # wsgidav has no types
    """A name that a document is about to be saved under; nothing of it exists yet."""

    def __init__(self, path: str, environ: Environ, folder: FolderAt, portal: Portal) -> None:
        super().__init__(path, environ)
        self._folder = folder
        self._portal = portal
        self._writing: Writer | None = None

    def begin_write(self, *, content_type: str | None = None) -> Writer:  # noqa: ARG002 - the bytes say what it is
        name, size = util.get_uri_name(self.path), announced_size(self.environ)
        acting: Acting = self.environ["docvault.acting"]
        self._writing = _writer(self._portal, acting, self._folder, name, size, None)
        return self._writing

    def end_write(self, *, with_errors: bool) -> None:
        _end(self._writing, with_errors=with_errors)

    def support_etag(self) -> bool:
        return True

    def get_etag(self) -> str | None:
        saved = self.provider.get_resource_inst(self.path, self.environ)
        return saved.get_etag() if saved else None

    def get_content(self) -> Reader:
        raise DAVError(HTTP_NOT_FOUND)  # there is nothing to read before it was saved

    def get_content_length(self) -> int:
        return 0

    def get_content_type(self) -> str:
        return "application/octet-stream"


def _writer(
    portal: Portal, acting: Acting, folder: FolderAt, name: str, size: int, document_id: str | None
) -> Writer:
    return Writer(portal, acting, folder_id=folder.id, name=name, size=size, document_id=document_id)


def _end(writing: Writer | None, *, with_errors: bool) -> None:
    if with_errors and writing is not None:
        writing.give_up()


def _target(parent: Any) -> FolderAt:
    """Return the folder that a file is to lie in."""
    if not isinstance(parent, Place) or not isinstance(parent.thing, FolderAt):
        raise DAVError(HTTP_CONFLICT, "A file lies in a folder. Please choose one.")
    return parent.thing


def _same(here: Found, there: Found) -> bool:
    return here is not None and there is not None and here.id == there.id


def _into(folder: FolderAt, target: Found) -> str | None:
    """Return the folder that another one moves into, None for the top of its own organisation."""
    if isinstance(target, FolderAt):
        return target.id
    if isinstance(target, OrganisationAt) and target.id == folder.organisation_id:
        return None
    raise DAVError(HTTP_FORBIDDEN, "Folders are moved within one client only.")


def _copy_properties(source: Any, dest_path: str) -> None:
    target = source.provider.get_resource_inst(dest_path, source.environ)
    if target is not None:
        source.provider.prop_manager.copy_properties(
            source.get_ref_url(), target.get_ref_url(), source.environ
        )

"""Folders with small files in them, for tests of what happens to files: everything by the actions themselves."""

from docvault.actions.documents import read_document
from docvault.actions.folders import create_folder, create_folder_inside, list_folders, show_folder
from docvault.actions.uploads import begin_upload, finish_upload, store_segment
from docvault.vault.files import SEGMENT

from .world import NOW


def folder(world, name="Folder", acting=None, organisation=None, inside=None):
    about = {"acting": acting or world.manager, "name": name, "kind": "general", "now": NOW}
    if inside is not None:
        return create_folder_inside(world.db, world.vault, parent_id=inside, **about)
    return create_folder(world.db, world.vault, organisation_id=organisation or world.acme, **about)


def file(world, folder_id, data=b"bytes", name="a.txt", acting=None, document_id=None, comment="", now=NOW):
    """Upload a file that is no PDF, so that no worker is needed; return the document's id."""
    acting = acting or world.manager
    state = begin_upload(
        world.db,
        world.vault,
        acting=acting,
        folder_id=folder_id,
        filename=name,
        size=len(data),
        document_id=document_id,
        comment=comment,
        now=now,
    )
    part = {"acting": acting, "upload_id": state.id, "now": now}
    for start in range(0, len(data), SEGMENT):
        segment = data[start : start + SEGMENT]
        store_segment(world.db, world.vault, offset=start, plaintext=segment, **part)
    return finish_upload(world.db, world.vault, None, **part).id


def read(world, document_id, number=None, acting=None):
    content = read_document(
        world.db,
        world.vault,
        acting=acting or world.manager,
        document_id=document_id,
        number=number,
        now=NOW,
    )
    return b"".join(content.open_range(0, content.size))


def names_in(world, folder_id, acting=None):
    """Return the names of what somebody sees in a folder: of its folders, and of its documents."""
    view = show_folder(world.db, acting=acting or world.manager, folder_id=folder_id)
    return [one.name for one in view.folders.items], [one.name for one in view.documents.items]


def folders_seen(world, acting):
    return {one.id for one in list_folders(world.db, acting=acting, limit=200).items}

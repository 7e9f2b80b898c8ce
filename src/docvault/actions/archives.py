"""Taking away many documents, or whole folders, as one ZIP. Every document in it has an entry of its own."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from docvault.audit.kinds import Kind
from docvault.database import archives as rows
from docvault.database import audit, documents, folders
from docvault.database.archives import Wanted
from docvault.database.engine import Database, Transaction
from docvault.database.folders import FolderRow
from docvault.policy.vocabulary import Acting
from docvault.rules.archives import MANIFEST, Names
from docvault.values import DocVaultError
from docvault.vault import archives
from docvault.vault.archives import HELD_BACK, LeftOut, Member
from docvault.vault.files import Vault

MOST = 10_000  # documents in one archive: each of them is an entry of the log in one transaction
NOT_YOURS = "you may see it, but not take it away"


class ArchiveRefused(DocVaultError):
    """There is nothing to take away, or too much at once; the message says which."""


@dataclass(frozen=True, slots=True)
class Archive:
    """A ZIP that is made while it is sent: `parts` can be gone through once."""

    name: str
    parts: Iterator[bytes]


def download_things(
    db: Database,
    vault: Vault,
    *,
    acting: Acting,
    document_ids: Sequence[str] = (),
    folder_ids: Sequence[str] = (),
    now: datetime,
) -> Archive:
    """Return documents, and folders with all in them, as one ZIP of their newest versions.

    What `acting` may not take away is left out and named; what they may not see is not named (promise 27).
    Raises NotFound or ArchiveRefused.
    """
    with db.transaction() as tx:
        gathered = _Gathered()
        found = [documents.for_seeing(tx, acting, each) for each in document_ids]
        gathered.take("", rows.of_documents(tx, acting, found))
        tops = [folders.for_seeing(tx, acting, each) for each in folder_ids]
        for folder in tops:
            _take_folder(tx, acting, folder, gathered, now)
        gathered.check()
        for wanted in gathered.wanted:
            _note_document(tx, acting, wanted, now)
    name = tops[0].name if len(tops) == 1 and not found else "documents"
    parts = archives.stream(db, vault, gathered.members, gathered.left_out, manifest=MANIFEST, now=now)
    return Archive(f"{name}.zip", parts)


@dataclass(frozen=True, slots=True)
class _Gathered:
    names: Names = field(default_factory=Names)
    wanted: list[Wanted] = field(default_factory=list)
    members: list[Member] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)

    def take(self, directory: str, found: Sequence[Wanted]) -> None:
        """Give each document a path in a directory of the archive, or say why it is left out."""
        for one in found:
            path = self.names.claim(directory, one.name)
            if not one.may:
                self.left_out.append(LeftOut(path, NOT_YOURS))
            elif one.held_back:
                self.left_out.append(LeftOut(path, HELD_BACK))
            else:
                self.wanted.append(one)
                self.members.append(Member(path, one.version_id, one.size, one.sha256, one.created_at))

    def check(self) -> None:
        """Raises ArchiveRefused."""
        if len(self.members) > MOST:
            raise ArchiveRefused(f"This is more than {MOST:,} documents. Please download fewer at once.")
        if not self.members:
            raise ArchiveRefused("There is nothing in there that you may download.")


def _take_folder(tx: Transaction, acting: Acting, top: FolderRow, gathered: _Gathered, now: datetime) -> None:
    tree = rows.tree(tx, acting, top)
    found = rows.of_folders(tx, acting, [one.id for one in tree], MOST)
    by_folder: dict[str, list[Wanted]] = {}
    for each in found:
        by_folder.setdefault(each.folder_id, []).append(each)
    directories: dict[str, str] = {}
    for one in tree:
        above = directories.get(one.parent_id or "", "")
        directories[one.id] = f"{gathered.names.claim(above, one.name)}/"
        gathered.take(directories[one.id], by_folder.get(one.id, ()))
    audit.append(
        tx,
        Kind.FOLDER_DOWNLOADED,
        at=now,
        acting=acting,
        object_type="folder",
        object_id=top.id,
        organisation_id=top.organisation_id,
        facts={"documents": len(found)},
        private={"name": top.name},
    )


def _note_document(tx: Transaction, acting: Acting, wanted: Wanted, now: datetime) -> None:
    audit.append(
        tx,
        Kind.DOCUMENT_DOWNLOADED,
        at=now,
        acting=acting,
        object_type="document",
        object_id=wanted.document_id,
        organisation_id=wanted.organisation_id,
        facts={"folder": wanted.folder_id, "number": wanted.number, "archive": True},
        private={"name": wanted.name},
    )

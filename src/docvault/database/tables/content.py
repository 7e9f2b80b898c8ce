"""Folders, documents and their stored versions. Bodies are in the blob store, sealed."""

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
    func,
)

from docvault.database.tables.columns import ID, METADATA, Moment, identifier, reference

folders = Table(
    "folders",
    METADATA,
    identifier(),
    reference("organisation_id", "organisations.id"),
    reference("parent_id", "folders.id", nullable=True),  # null: a folder at the top
    Column("name", String(200), nullable=False),
    Column("kind", String(12), nullable=False),  # rfp | sow | contract | whitepaper | general
    reference("created_by", "people.id"),
    Column("created_at", Moment, nullable=False),
    Column("trashed_at", Moment, nullable=True),  # in the recycle bin since then
    Column("trashed_by", ID, nullable=True),
    Column("trashed_with", ID, nullable=True),  # the folder whose removal took this one along, or its own id
    Index("ix_folders_organisation_id_created_at_id", "organisation_id", "created_at", "id"),
    Index("ix_folders_parent_id_created_at_id", "parent_id", "created_at", "id"),
    Index("ix_folders_created_at_id", "created_at", "id"),
)

folder_paths = Table(  # every folder with itself and each folder it lies in: rights are asked along it
    "folder_paths",
    METADATA,
    Column("folder_id", ID, ForeignKey("folders.id"), primary_key=True),
    Column("ancestor_id", ID, ForeignKey("folders.id"), primary_key=True),
    Index("ix_folder_paths_ancestor_id_folder_id", "ancestor_id", "folder_id"),
)

folder_keys = Table(
    "folder_keys",
    METADATA,
    Column("folder_id", ID, ForeignKey("folders.id"), primary_key=True),
    Column("generation", Integer, primary_key=True),
    Column("wrapped", LargeBinary, nullable=False),
    # whom it was made for, as database/audiences.py says it; empty: nobody knows, so it serves no new version
    Column("audience", String(64), nullable=False, server_default=""),
    Column("created_at", Moment, nullable=False),
)

documents = Table(
    "documents",
    METADATA,
    identifier(),
    reference("folder_id", "folders.id"),
    Column("name", String(255), nullable=False),  # as the person named it; data, never a path (promise 33)
    reference("created_by", "people.id"),
    Column("created_at", Moment, nullable=False),
    Column(
        "latest", Integer, nullable=False
    ),  # the number of the newest original version; 0 before the first is whole
    Column(
        "size", BigInteger, nullable=False, default=0
    ),  # of that version, so that a list can be sorted by it
    Column(
        "trashed_at", Moment, nullable=True
    ),  # in the recycle bin since then; null in a folder that is there
    Column("trashed_by", ID, nullable=True),
    Column("disposed_at", Moment, nullable=True),  # its keys are destroyed; the row stays as evidence
    # The last three say whether a folder shows it: then counting a thousand of them reads no row.
    Index(
        "ix_documents_folder_id_created_at_id_shown",
        *("folder_id", "created_at", "id", "latest", "trashed_at", "disposed_at"),
    ),
    Index("ix_documents_folder_id_size_id", "folder_id", "size", "id"),
    Index("ix_documents_created_at_id", "created_at", "id"),
)

Index(
    "ix_documents_folder_id_lower_name_id",
    documents.c.folder_id,
    func.lower(documents.c.name),
    documents.c.id,
)

versions = Table(
    "versions",
    METADATA,
    identifier(),
    reference("document_id", "documents.id"),
    Column("purpose", String(12), nullable=False),  # see docs/formats/file-encryption.md
    Column("number", Integer, nullable=False),  # counts from 1 within document and purpose
    Column("state", String(10), nullable=False),  # receiving | stored
    Column("media_type", String(100), nullable=False),
    Column("size", BigInteger, nullable=False),  # plaintext bytes
    Column("sha256", String(64), nullable=True),  # hex, of the plaintext; null while receiving
    # hex, SHA-256 of how its objects begin; null while receiving, and of what was kept before 0038
    Column("heads", String(64), nullable=True),
    Column("pages", Integer, nullable=True),  # of a PDF that could be opened
    Column(
        "findings", Text, nullable=True
    ),  # JSON: what intake found (signed, XFA, encrypted, removed parts)
    Column("key_generation", Integer, nullable=False),
    Column("wrapped_key", LargeBinary, nullable=False),
    Column("blob", String(64), nullable=False),  # random prefix in the object store (promise 33)
    Column("segments", Integer, nullable=False),
    Column("algorithm", String(20), nullable=False),  # cobblestone-256 (promise 58)
    Column("sealed_in", ID, nullable=True),  # the folder its segments are bound to; null: the document's own
    Column("comment", String(500), nullable=True),  # what changed, in the words of who brought it
    Column("restored_from", Integer, nullable=True),  # the number of the older version it repeats
    Column("scan", String(12), nullable=False),  # unscanned | waiting | clean | infected | failed
    Column("scanned_at", Moment, nullable=True),  # of the newest verdict
    Column("scan_note", String(200), nullable=True),  # what was found, or why there is no verdict
    Column("scan_signatures", String(100), nullable=True),  # the scanner and its signatures that gave it
    # null: brought by the guest of a visit, or made by DocVault itself
    reference("created_by", "people.id", nullable=True),
    reference("visit_id", "visits.id", nullable=True),
    Column("created_at", Moment, nullable=False),
    UniqueConstraint("document_id", "purpose", "number"),
    Index("ix_versions_scan_created_at", "scan", "created_at"),
)

uploads = Table(
    "uploads",
    METADATA,
    identifier(),
    reference("person_id", "people.id"),  # who sends it, or whose request a guest answers
    reference("visit_id", "visits.id", nullable=True),  # of the guest who sends it
    reference("folder_id", "folders.id"),
    reference("document_id", "documents.id"),
    reference("version_id", "versions.id"),
    Column("filename", String(255), nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("received", BigInteger, nullable=False),  # plaintext bytes in whole segments
    Column("created_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Column("finished_at", Moment, nullable=True),
    Index("ix_uploads_person_id_created_at", "person_id", "created_at"),
    Index("ix_uploads_visit_id_created_at", "visit_id", "created_at"),
)

viewings = Table(  # one audit leaf per session and version: who read what
    "viewings",
    METADATA,
    Column("session_id", ID, ForeignKey("sessions.id"), primary_key=True),
    Column("version_id", ID, ForeignKey("versions.id"), primary_key=True),
    Column("opened_at", Moment, nullable=False),
)

"""Templates of envelopes: their versions, and the documents of each."""

from sqlalchemy import (
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    false,
    true,
)

from docvault.database.tables.columns import ID, METADATA, Moment, identifier, reference

# Where a template lies is where its documents lie: it has no folder of its own that could say otherwise.
templates = Table(
    "templates",
    METADATA,
    identifier(),
    Column("name", String(200), nullable=False),
    Column("version", Integer, nullable=False),  # the newest one
    reference("created_by", "people.id"),
    Column("created_at", Moment, nullable=False),
    Column("changed_at", Moment, nullable=False),
    Column("retired_at", Moment, nullable=True),
    Index("ix_templates_changed_at_id", "changed_at", "id"),
)

template_versions = Table(
    "template_versions",
    METADATA,
    Column("template_id", ID, ForeignKey("templates.id"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),  # from 1
    Column("title", String(200), nullable=False),
    Column("message", Text, nullable=False),
    Column("roles", Text, nullable=False),  # JSON: rules.templates.TemplateRole, in their order
    Column("fields", LargeBinary, nullable=False),  # with what is filled in already, sealed
    reference("changed_by", "people.id"),
    Column("changed_at", Moment, nullable=False),
    Column("note", String(200), nullable=False),  # what changed, in the words of who changed it
    Column("kind", String(30), nullable=True),  # of documents; null: saved before that was asked
    Column("due_days", Integer, nullable=True),  # to sign, from when an envelope is made; null: no end
    Column("reminder_days", Integer, nullable=True),  # between two by itself; null: none
    Column("may_delegate", Boolean, nullable=False, server_default=true()),
    Column("may_use_paper", Boolean, nullable=False, server_default=false()),
    Column("may_delegate_outside", Boolean, nullable=False, server_default=false()),
)

template_documents = Table(
    "template_documents",
    METADATA,
    Column("template_id", ID, ForeignKey("templates.id"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),  # of the template's version
    Column("position", Integer, primary_key=True, autoincrement=False),  # from 1
    reference("document_id", "documents.id", index=True),
    Column("name", String(255), nullable=False),  # of the document when the version was saved
    reference("prepared_version_id", "versions.id"),  # normalised, without fields
    Column("sha256", String(64), nullable=True),  # hex, of what it was made from; null: not kept then
    Column("page_sizes", Text, nullable=False),  # JSON list of [width, height], displayed-page points
    Column(
        "arrival", Text, nullable=True
    ),  # JSON: rules.arrivals.Arrival; null: it arrived without signatures
)

envelope_origins = Table(
    "envelope_origins",
    METADATA,
    Column("envelope_id", ID, ForeignKey("envelopes.id"), primary_key=True),
    reference("template_id", "templates.id", index=True),
    Column("number", Integer, nullable=False),  # the template's version that it was made from
)

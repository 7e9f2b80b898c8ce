"""Keep templates of envelopes with all their versions, and which envelope was made from which of them."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0018"
branch_labels = None
depends_on = None

IDENTIFIER = sa.String(length=26)


def upgrade() -> None:
    op.create_table(
        "templates",
        sa.Column("id", IDENTIFIER, nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_by", IDENTIFIER, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        _reference("templates", "created_by", "people"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_templates")),
    )
    op.create_index("ix_templates_changed_at_id", "templates", ["changed_at", "id"], unique=False)
    op.create_table(
        "template_versions",
        sa.Column("template_id", IDENTIFIER, nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("roles", sa.Text(), nullable=False),
        sa.Column("fields", sa.LargeBinary(), nullable=False),
        sa.Column("changed_by", IDENTIFIER, nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("note", sa.String(length=200), nullable=False),
        _reference("template_versions", "template_id", "templates"),
        _reference("template_versions", "changed_by", "people"),
        sa.PrimaryKeyConstraint("template_id", "number", name=op.f("pk_template_versions")),
    )
    op.create_table(
        "template_documents",
        sa.Column("template_id", IDENTIFIER, nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("document_id", IDENTIFIER, nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("prepared_version_id", IDENTIFIER, nullable=False),
        sa.Column("page_sizes", sa.Text(), nullable=False),
        _reference("template_documents", "template_id", "templates"),
        _reference("template_documents", "document_id", "documents"),
        _reference("template_documents", "prepared_version_id", "versions"),
        sa.PrimaryKeyConstraint("template_id", "number", "position", name=op.f("pk_template_documents")),
    )
    op.create_index(
        op.f("ix_template_documents_document_id"), "template_documents", ["document_id"], unique=False
    )
    op.create_table(
        "envelope_origins",
        sa.Column("envelope_id", IDENTIFIER, nullable=False),
        sa.Column("template_id", IDENTIFIER, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        _reference("envelope_origins", "envelope_id", "envelopes"),
        _reference("envelope_origins", "template_id", "templates"),
        sa.PrimaryKeyConstraint("envelope_id", name=op.f("pk_envelope_origins")),
    )
    op.create_index(
        op.f("ix_envelope_origins_template_id"), "envelope_origins", ["template_id"], unique=False
    )


def _reference(table: str, column: str, other: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{other}.id"], name=op.f(f"fk_{table}_{column}_{other}"))

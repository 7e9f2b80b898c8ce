"""Give an envelope several documents, each with its own revisions, and its people roles beyond signing."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

MOVED = ("document_id", "prepared_version_id", "working_version_id", "signed_version_id")


def upgrade() -> None:
    identifier = sa.String(length=26)
    op.create_table(
        "envelope_documents",
        sa.Column("envelope_id", identifier, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("document_id", identifier, nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("prepared_version_id", identifier, nullable=True),
        sa.Column("working_version_id", identifier, nullable=True),
        sa.Column("signed_version_id", identifier, nullable=True),
        sa.Column("digest", sa.String(length=64), nullable=True),
        sa.Column("page_sizes", sa.Text(), nullable=False),
        _reference("envelope_id", "envelopes"),
        _reference("document_id", "documents"),
        _reference("prepared_version_id", "versions"),
        _reference("working_version_id", "versions"),
        _reference("signed_version_id", "versions"),
        sa.PrimaryKeyConstraint("envelope_id", "position", name=op.f("pk_envelope_documents")),
    )
    op.create_index(
        op.f("ix_envelope_documents_document_id"), "envelope_documents", ["document_id"], unique=False
    )
    op.execute(
        "INSERT INTO envelope_documents (envelope_id, position, document_id, name,"
        " prepared_version_id, working_version_id, signed_version_id, digest, page_sizes)"
        " SELECT e.id, 1, e.document_id, d.name, e.prepared_version_id, e.working_version_id,"
        " e.signed_version_id, e.digest, e.page_sizes"
        " FROM envelopes e JOIN documents d ON d.id = e.document_id"
    )
    with op.batch_alter_table("envelopes", reflect_kwargs={"resolve_fks": False}) as envelopes:
        envelopes.add_column(sa.Column("revision", sa.Integer(), nullable=False, server_default="0"))
        for name in (*MOVED, "pages", "page_sizes"):
            envelopes.drop_column(name)
    with op.batch_alter_table("recipients", reflect_kwargs={"resolve_fks": False}) as recipients:
        recipients.alter_column(
            "role", type_=sa.String(length=16), existing_type=sa.String(length=10), existing_nullable=False
        )
        recipients.add_column(sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True))


def _reference(column: str, table: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_envelope_documents_{column}_{table}")
    return sa.ForeignKeyConstraint([column], [f"{table}.id"], name=name)

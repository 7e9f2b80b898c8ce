"""Send a template to each row of a list: the lists, and what has become of each of their rows."""

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None

IDENTIFIER = sa.String(length=26)


def upgrade() -> None:
    op.create_table(
        "bulk_sends",
        sa.Column("id", IDENTIFIER, nullable=False),
        sa.Column("template_id", IDENTIFIER, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("organisation_id", IDENTIFIER, nullable=False),
        sa.Column("folder_id", IDENTIFIER, nullable=False),
        sa.Column("person_id", IDENTIFIER, nullable=False),
        sa.Column("columns", sa.Text(), nullable=False),
        sa.Column("file_hash", sa.LargeBinary(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cancelled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        _reference("bulk_sends", "template_id", "templates"),
        _reference("bulk_sends", "organisation_id", "organisations"),
        _reference("bulk_sends", "folder_id", "folders"),
        _reference("bulk_sends", "person_id", "people"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bulk_sends")),
    )
    op.create_index(op.f("ix_bulk_sends_template_id"), "bulk_sends", ["template_id"], unique=False)
    op.create_index(
        "ix_bulk_sends_person_id_created_at_id", "bulk_sends", ["person_id", "created_at", "id"], unique=False
    )
    op.create_table(
        "bulk_rows",
        sa.Column("bulk_id", IDENTIFIER, nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("envelope_id", IDENTIFIER, nullable=True),
        _reference("bulk_rows", "bulk_id", "bulk_sends"),
        _reference("bulk_rows", "envelope_id", "envelopes"),
        sa.PrimaryKeyConstraint("bulk_id", "number", name=op.f("pk_bulk_rows")),
    )
    op.create_index(op.f("ix_bulk_rows_envelope_id"), "bulk_rows", ["envelope_id"], unique=False)
    op.create_index(
        "ix_bulk_rows_bulk_id_state_number", "bulk_rows", ["bulk_id", "state", "number"], unique=False
    )


def _reference(table: str, column: str, other: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{other}.id"], name=op.f(f"fk_{table}_{column}_{other}"))

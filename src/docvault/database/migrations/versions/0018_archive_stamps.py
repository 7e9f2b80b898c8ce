"""Keep when the archive timestamp of each sealed file has to be looked at; what is complete is looked at soon."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "archive_stamps",
        sa.Column("version_id", sa.String(length=26), nullable=False),
        sa.Column("envelope_id", sa.String(length=26), nullable=False),
        sa.Column("clock", sa.String(length=200), nullable=True),
        sa.Column("stamped_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("good_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("awaits_others", sa.Boolean(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("trouble", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["version_id"], ["versions.id"], name=op.f("fk_archive_stamps_version_id_versions")
        ),
        sa.ForeignKeyConstraint(
            ["envelope_id"], ["envelopes.id"], name=op.f("fk_archive_stamps_envelope_id_envelopes")
        ),
        sa.PrimaryKeyConstraint("version_id", name=op.f("pk_archive_stamps")),
    )
    op.create_index("ix_archive_stamps_due_at", "archive_stamps", ["due_at"], unique=False)
    op.create_index(op.f("ix_archive_stamps_envelope_id"), "archive_stamps", ["envelope_id"], unique=False)
    op.execute(
        "INSERT INTO archive_stamps (version_id, envelope_id, awaits_others, due_at)"
        " SELECT certificate_version_id, id, false, completed_at FROM envelopes"
        " WHERE certificate_version_id IS NOT NULL AND completed_at IS NOT NULL"
    )
    op.execute(
        "INSERT INTO archive_stamps (version_id, envelope_id, awaits_others, due_at)"
        " SELECT d.signed_version_id, e.id, false, e.completed_at FROM envelope_documents d"
        " JOIN envelopes e ON e.id = d.envelope_id"
        " WHERE d.signed_version_id IS NOT NULL AND e.completed_at IS NOT NULL"
    )

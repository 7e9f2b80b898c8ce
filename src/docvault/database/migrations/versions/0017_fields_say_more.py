"""Let a field say more than its place: limits, choices, when it is shown, what it begins with; keep answers to finish later."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("fields", sa.Column("detail", sa.Text(), nullable=False, server_default="{}"))
    op.add_column("fields", sa.Column("prefilled", sa.LargeBinary(), nullable=True))
    op.create_table(
        "attachments",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("envelope_id", sa.String(length=26), nullable=False),
        sa.Column("recipient_id", sa.String(length=26), nullable=False),
        sa.Column("field_id", sa.String(length=26), nullable=False),
        sa.Column("version_id", sa.String(length=26), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["envelope_id"], ["envelopes.id"], name=op.f("fk_attachments_envelope_id_envelopes")
        ),
        sa.ForeignKeyConstraint(["field_id"], ["fields.id"], name=op.f("fk_attachments_field_id_fields")),
        sa.ForeignKeyConstraint(
            ["recipient_id"], ["recipients.id"], name=op.f("fk_attachments_recipient_id_recipients")
        ),
        sa.ForeignKeyConstraint(
            ["version_id"], ["versions.id"], name=op.f("fk_attachments_version_id_versions")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attachments")),
        sa.UniqueConstraint("field_id", name=op.f("uq_attachments_field_id")),
    )
    op.create_index(op.f("ix_attachments_envelope_id"), "attachments", ["envelope_id"], unique=False)
    op.create_index(op.f("ix_attachments_recipient_id"), "attachments", ["recipient_id"], unique=False)
    op.create_table(
        "found_fields",
        sa.Column("envelope_id", sa.String(length=26), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("found", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["envelope_id"], ["envelopes.id"], name=op.f("fk_found_fields_envelope_id_envelopes")
        ),
        sa.PrimaryKeyConstraint("envelope_id", "position", name=op.f("pk_found_fields")),
    )
    op.create_table(
        "kept_answers",
        sa.Column("recipient_id", sa.String(length=26), nullable=False),
        sa.Column("answers", sa.LargeBinary(), nullable=False),
        sa.Column("kept_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["recipient_id"], ["recipients.id"], name=op.f("fk_kept_answers_recipient_id_recipients")
        ),
        sa.PrimaryKeyConstraint("recipient_id", name=op.f("pk_kept_answers")),
    )

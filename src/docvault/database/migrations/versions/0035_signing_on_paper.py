"""Let a signer sign by hand and hand in a scan, which the sender looks at."""

import sqlalchemy as sa
from alembic import op

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "envelopes", sa.Column("may_use_paper", sa.Boolean(), nullable=False, server_default=sa.false())
    )
    op.add_column(
        "template_versions",
        sa.Column("may_use_paper", sa.Boolean(), nullable=False, server_default=sa.false()),
    )
    op.add_column("recipients", sa.Column("paper_at", sa.DateTime(timezone=True), nullable=True))
    op.create_table(
        "paper_sheets",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("recipient_id", sa.String(length=26), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("version_id", sa.String(length=26), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("pages", sa.Integer(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["recipient_id"], ["recipients.id"], name=op.f("fk_paper_sheets_recipient_id_recipients")
        ),
        sa.ForeignKeyConstraint(
            ["version_id"], ["versions.id"], name=op.f("fk_paper_sheets_version_id_versions")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_paper_sheets")),
        sa.UniqueConstraint("recipient_id", "position", name=op.f("uq_paper_sheets_recipient_id_position")),
    )
    op.create_index(op.f("ix_paper_sheets_recipient_id"), "paper_sheets", ["recipient_id"], unique=False)
    op.create_table(
        "papers",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("envelope_id", sa.String(length=26), nullable=False),
        sa.Column("recipient_id", sa.String(length=26), nullable=False),
        sa.Column("version_id", sa.String(length=26), nullable=False),
        sa.Column("pages", sa.Integer(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("handed_in_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("returned_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False, server_default=""),
        sa.ForeignKeyConstraint(
            ["envelope_id"], ["envelopes.id"], name=op.f("fk_papers_envelope_id_envelopes")
        ),
        sa.ForeignKeyConstraint(
            ["recipient_id"], ["recipients.id"], name=op.f("fk_papers_recipient_id_recipients")
        ),
        sa.ForeignKeyConstraint(["version_id"], ["versions.id"], name=op.f("fk_papers_version_id_versions")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_papers")),
        sa.UniqueConstraint("recipient_id", name=op.f("uq_papers_recipient_id")),
    )
    op.create_index(op.f("ix_papers_envelope_id"), "papers", ["envelope_id"], unique=False)

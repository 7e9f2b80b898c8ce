"""Keep legal holds, days that two people set, and what was disposed of."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

IDENTIFIER, MOMENT = sa.String(length=26), sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "holds",
        sa.Column("id", IDENTIFIER, nullable=False),
        sa.Column("subject_type", sa.String(length=12), nullable=False),
        sa.Column("subject_id", IDENTIFIER, nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        *_period(),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_holds")),
    )
    op.create_index("ix_holds_subject_id", "holds", ["subject_id"])
    op.create_table(
        "retention_overrides",
        sa.Column("id", IDENTIFIER, nullable=False),
        sa.Column("document_id", IDENTIFIER, nullable=False),
        sa.Column("keep_until", MOMENT, nullable=False),
        *_period(),
        sa.ForeignKeyConstraint(
            ["document_id"], ["documents.id"], name=op.f("fk_retention_overrides_document_id_documents")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_retention_overrides")),
    )
    op.create_index(
        "uq_retention_overrides_in_force",
        "retention_overrides",
        ["document_id"],
        unique=True,
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.create_table(
        "disposals",
        sa.Column("epoch", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("document_id", IDENTIFIER, nullable=False),
        sa.Column("rule", sa.String(length=12), nullable=False),
        sa.Column("starts_at", MOMENT, nullable=True),
        sa.Column("kept_until", MOMENT, nullable=True),
        sa.Column("versions", sa.Integer(), nullable=True),
        sa.Column("size", sa.BigInteger(), nullable=True),
        sa.Column("begun_at", MOMENT, nullable=False),
        sa.Column("done_at", MOMENT, nullable=True),
        sa.Column("digest", sa.String(length=64), nullable=True),
        sa.PrimaryKeyConstraint("epoch", name=op.f("pk_disposals")),
        sa.UniqueConstraint("document_id", name=op.f("uq_disposals_document_id")),
    )
    op.create_index("ix_disposals_done_at", "disposals", ["done_at"])


def _period() -> list[sa.Column[Any]]:
    return [
        sa.Column("starts_at", MOMENT, nullable=False),
        sa.Column("ends_at", MOMENT, nullable=True),
        sa.Column("ended_at", MOMENT, nullable=True),
        sa.Column("started_by", IDENTIFIER, nullable=True),
        sa.Column("ended_by", IDENTIFIER, nullable=True),
    ]

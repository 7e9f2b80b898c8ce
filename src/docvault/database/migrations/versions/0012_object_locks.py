"""Keep which stored versions the object store locks, and how far the log is published outside."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "object_locks",
        sa.Column("version_id", sa.String(length=26), nullable=False),
        sa.Column("asked_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("locked_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("look_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["version_id"], ["versions.id"], name=op.f("fk_object_locks_version_id_versions")
        ),
        sa.PrimaryKeyConstraint("version_id", name=op.f("pk_object_locks")),
    )
    op.create_index("ix_object_locks_look_at", "object_locks", ["look_at"], unique=False)
    op.add_column("disposals", sa.Column("ciphertext_until", sa.DateTime(timezone=True), nullable=True))
    op.create_table(
        "audit_publications",
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column(
            "size", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("checkpoint", sa.Boolean(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("place", "size", name=op.f("pk_audit_publications")),
    )

"""Give folders and documents a recycle bin, and versions a place of their own, a comment and a scan."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    moment, identifier = sa.DateTime(timezone=True), sa.String(length=26)
    for table in ("folders", "documents"):
        op.add_column(table, sa.Column("trashed_at", moment, nullable=True))
        op.add_column(table, sa.Column("trashed_by", identifier, nullable=True))
    op.add_column("folders", sa.Column("trashed_with", identifier, nullable=True))
    op.add_column("documents", sa.Column("disposed_at", moment, nullable=True))
    op.add_column("versions", sa.Column("sealed_in", identifier, nullable=True))
    op.add_column("versions", sa.Column("comment", sa.String(length=500), nullable=True))
    op.add_column("versions", sa.Column("restored_from", sa.Integer(), nullable=True))
    # Versions that are there already were never looked at, and say so.
    op.add_column(
        "versions", sa.Column("scan", sa.String(length=12), nullable=False, server_default="unscanned")
    )
    op.add_column("versions", sa.Column("scanned_at", moment, nullable=True))

"""Keep previews, thumbnails and texts as encrypted renditions, and what the malware scanner said."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "renditions",
        sa.Column("version_id", sa.String(length=26), nullable=False),
        sa.Column("purpose", sa.String(length=12), nullable=False),
        sa.Column("rendition_id", sa.String(length=26), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["version_id"],
            ["versions.id"],
            name=op.f("fk_renditions_version_id_versions"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["rendition_id"],
            ["versions.id"],
            name=op.f("fk_renditions_rendition_id_versions"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("version_id", "purpose", name=op.f("pk_renditions")),
    )
    op.create_index("ix_renditions_rendition_id", "renditions", ["rendition_id"], unique=False)
    op.add_column("versions", sa.Column("scan_note", sa.String(length=200), nullable=True))
    op.add_column("versions", sa.Column("scan_signatures", sa.String(length=100), nullable=True))
    op.create_index("ix_versions_scan_created_at", "versions", ["scan", "created_at"], unique=False)

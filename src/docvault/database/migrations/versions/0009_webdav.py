"""Keep the locks and properties of WebDAV."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "dav_locks",
        sa.Column("token", sa.String(length=60), nullable=False),
        sa.Column("root", sa.Text(), nullable=False),
        sa.Column("person_id", sa.String(length=26), nullable=False),
        sa.Column("scope", sa.String(length=10), nullable=False),
        sa.Column("depth", sa.String(length=10), nullable=False),
        sa.Column("owner", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_dav_locks_person_id_people")),
        sa.PrimaryKeyConstraint("token", name=op.f("pk_dav_locks")),
    )
    op.create_index("ix_dav_locks_expires_at", "dav_locks", ["expires_at"], unique=False)
    op.create_table(
        "dav_properties",
        sa.Column("thing_id", sa.String(length=26), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("value", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("thing_id", "name", name=op.f("pk_dav_properties")),
    )

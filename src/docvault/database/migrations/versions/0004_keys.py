"""Keep generations of the installation's keys and how far a rotation has come."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Whom the keys that are there were made for is not known, so the next version of each folder gets a new one.
    op.add_column(
        "folder_keys", sa.Column("audience", sa.String(length=64), server_default="", nullable=False)
    )

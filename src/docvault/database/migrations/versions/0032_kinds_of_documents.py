"""Let a sender say what kind of documents an envelope holds."""

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("envelopes", sa.Column("kind", sa.String(length=30), nullable=True))

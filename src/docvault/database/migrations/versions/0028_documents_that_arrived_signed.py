"""Know of each enclosed document whether it arrived signed, and what its own signatures allow."""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0024"
branch_labels = None
depends_on = None

TABLES = ("envelope_documents", "template_documents")


def upgrade() -> None:
    for table in TABLES:
        op.add_column(table, sa.Column("arrival", sa.Text(), nullable=True))


def downgrade() -> None:
    for table in TABLES:
        op.drop_column(table, "arrival")

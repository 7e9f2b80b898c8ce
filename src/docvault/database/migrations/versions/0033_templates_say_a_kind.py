"""Let a template say what kind of document it holds, and how envelopes made from it are looked after.

It also keeps the digest of each document as it was uploaded, for the certificate of completion.

Of templates that are here already nobody has said a kind: they are asked for it before their next use. Their
envelopes had no reminders and no end by themselves, and keep it so until somebody chooses.
"""

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("template_documents", sa.Column("sha256", sa.String(length=64), nullable=True))
    op.add_column("template_versions", sa.Column("kind", sa.String(length=30), nullable=True))
    op.add_column("template_versions", sa.Column("due_days", sa.Integer(), nullable=True))
    op.add_column("template_versions", sa.Column("reminder_days", sa.Integer(), nullable=True))
    op.add_column(
        "template_versions",
        sa.Column("may_delegate", sa.Boolean(), nullable=False, server_default=sa.true()),
    )

"""Let a part be handed to somebody without an account, to whom the sender tells an access code of their own."""

import sqlalchemy as sa
from alembic import op

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None


def upgrade() -> None:
    no = sa.false()
    op.add_column(
        "envelopes", sa.Column("may_delegate_outside", sa.Boolean(), nullable=False, server_default=no)
    )
    op.add_column(
        "template_versions",
        sa.Column("may_delegate_outside", sa.Boolean(), nullable=False, server_default=no),
    )
    op.add_column("outside_signers", sa.Column("code_due", sa.Boolean(), nullable=False, server_default=no))

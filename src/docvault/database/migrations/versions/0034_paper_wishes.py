"""Let signers say that they would rather sign on paper, and take their consent back."""

import sqlalchemy as sa
from alembic import op

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "paper_wishes",
        sa.Column("recipient_id", sa.String(length=26), nullable=False),
        sa.Column("wished_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("withdrew", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["recipient_id"], ["recipients.id"], name=op.f("fk_paper_wishes_recipient_id_recipients")
        ),
        sa.PrimaryKeyConstraint("recipient_id", name=op.f("pk_paper_wishes")),
    )

"""Let people without an account be asked to sign: links in their mail, codes on their way, access codes."""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "outside_signers",
        sa.Column("recipient_id", sa.String(length=26), nullable=False),
        sa.Column("access_code", sa.LargeBinary(), nullable=True),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["recipient_id"], ["recipients.id"], name=op.f("fk_outside_signers_recipient_id_recipients")
        ),
        sa.PrimaryKeyConstraint("recipient_id", name=op.f("pk_outside_signers")),
    )
    op.create_table(
        "outside_links",
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("recipient_id", sa.String(length=26), nullable=False),
        sa.Column("person_id", sa.String(length=26), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["recipient_id"], ["recipients.id"], name=op.f("fk_outside_links_recipient_id_recipients")
        ),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_outside_links_person_id_people")),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_outside_links")),
    )
    op.create_index(op.f("ix_outside_links_recipient_id"), "outside_links", ["recipient_id"], unique=False)
    op.create_table(
        "mail_codes",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("link_hash", sa.LargeBinary(), nullable=False),
        sa.Column("code", sa.LargeBinary(), nullable=False),
        sa.Column("tries_left", sa.Integer(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["link_hash"], ["outside_links.token_hash"], name=op.f("fk_mail_codes_link_hash_outside_links")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mail_codes")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_mail_codes_token_hash")),
    )

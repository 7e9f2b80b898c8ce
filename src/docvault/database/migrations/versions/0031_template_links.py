"""Let people begin an envelope of their own by the link of a template."""

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None

IDENTIFIER = sa.String(length=26)


def upgrade() -> None:
    op.create_table(
        "template_links",
        sa.Column("id", IDENTIFIER, nullable=False),
        sa.Column("template_id", IDENTIFIER, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("person_id", IDENTIFIER, nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("most_uses", sa.Integer(), nullable=False),
        sa.Column("uses", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        _reference("template_links", "template_id", "templates"),
        _reference("template_links", "person_id", "people"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_template_links")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_template_links_token_hash")),
    )
    op.create_index(op.f("ix_template_links_template_id"), "template_links", ["template_id"], unique=False)
    op.create_table(
        "link_codes",
        sa.Column("id", IDENTIFIER, nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("link_id", IDENTIFIER, nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("tries_left", sa.Integer(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        _reference("link_codes", "link_id", "template_links"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_link_codes")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_link_codes_token_hash")),
    )


def _reference(table: str, column: str, other: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{other}.id"], name=op.f(f"fk_{table}_{column}_{other}"))

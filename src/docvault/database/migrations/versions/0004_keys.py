"""Keep generations of the installation's keys and how far a rotation has come."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


# Columns with something sealed under the root key: from now on each value says under which master it is.
SEALED = (
    ("totp_factors", "secret"),
    ("totp_factors", "pending"),
    ("passkeys", "sealed"),
    ("single_sign_ons", "sealed"),
    ("invitations", "detail"),
    ("proposals", "sealed"),
    ("messages", "body"),
    ("recipients", "answers"),
    ("recipients", "evidence"),
    ("keys", "wrapped"),
    ("folder_keys", "wrapped"),
)


def upgrade() -> None:
    # Whom the keys that are there were made for is not known, so the next version of each folder gets a new one.
    op.add_column(
        "folder_keys", sa.Column("audience", sa.String(length=64), server_default="", nullable=False)
    )
    _give_keys_generations()
    op.create_table(
        "master_keys",
        sa.Column("generation", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("root", sa.String(length=300), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
        sa.Column("digest", sa.String(length=16), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("generation", "root", name=op.f("pk_master_keys")),
    )
    op.create_table(
        "key_rotations",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_key_rotations")),
    )
    for table, column in SEALED:
        _under_the_first_master(table, column)


def _give_keys_generations() -> None:
    """Make the table anew: SQLite cannot change a primary key. It has some ten rows."""
    moment = sa.DateTime(timezone=True)
    names = [sa.column("name"), sa.column("wrapped"), sa.column("public"), sa.column("created_at", moment)]
    rows = op.get_bind().execute(sa.select(*names).select_from(sa.table("keys"))).mappings()
    kept = [{**row, "generation": 1} for row in rows]
    op.drop_table("keys")
    made = op.create_table(
        "keys",
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("generation", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
        sa.Column("public", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", moment, nullable=False),
        sa.PrimaryKeyConstraint("name", "generation", name=op.f("pk_keys")),
    )
    op.bulk_insert(made, kept)


def _under_the_first_master(table: str, column: str) -> None:
    """Put layout and generation before every record; the root key becomes the first master at the start."""
    value = sa.column(column, sa.LargeBinary())
    begins = sa.func.substr(value, 1, 1, type_=sa.LargeBinary())
    longer = sa.cast(sa.literal(b"\x02\0\0\0\x01", sa.LargeBinary()).op("||")(value), sa.LargeBinary())
    changed = sa.update(sa.table(table, value)).where(begins == b"\x01").values({column: longer})
    op.get_bind().execute(changed)

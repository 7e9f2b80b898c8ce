"""Give sent envelopes a life: reminders, an end, more time, parts that change hands, corrected successors."""

from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

GRACE = timedelta(days=14)  # for those whose day to sign by was only a wish and has passed


def upgrade() -> None:
    moment = sa.DateTime(timezone=True)
    for name in ("extended_at", "warned_at", "next_at"):
        op.add_column("envelopes", sa.Column(name, moment, nullable=True))
    op.add_column("envelopes", sa.Column("reminder_days", sa.Integer(), nullable=True))
    op.add_column(
        "envelopes", sa.Column("may_delegate", sa.Boolean(), nullable=False, server_default=sa.true())
    )
    _add_reference("envelopes", "replaces_id", "envelopes")
    op.create_index("ix_envelopes_next_at", "envelopes", ["next_at"], unique=False)
    op.create_index("ix_envelopes_replaces_id", "envelopes", ["replaces_id"], unique=False)
    for name in ("warned_at", "due_at"):
        op.add_column("recipients", sa.Column(name, moment, nullable=True))
    op.add_column("recipients", sa.Column("reminders", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("recipients", sa.Column("message", sa.Text(), nullable=False, server_default=""))
    op.add_column("recipients", sa.Column("chosen_language", sa.String(length=5), nullable=True))
    op.add_column("people", sa.Column("time_zone", sa.String(length=64), nullable=True))
    _make_handovers()
    _end_in_time()


def _make_handovers() -> None:
    identifier = sa.String(length=26)
    op.create_table(
        "handovers",
        sa.Column("id", identifier, nullable=False),
        sa.Column("envelope_id", identifier, nullable=False),
        sa.Column("recipient_id", identifier, nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("from_id", identifier, nullable=False),
        sa.Column("to_id", identifier, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        _reference("envelope_id", "envelopes"),
        _reference("recipient_id", "recipients"),
        _reference("from_id", "people"),
        _reference("to_id", "people"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_handovers")),
    )
    op.create_index(op.f("ix_handovers_envelope_id"), "handovers", ["envelope_id"], unique=False)


def _reference(column: str, table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{table}.id"], name=op.f(f"fk_handovers_{column}_{table}"))


def _add_reference(table: str, column: str, target: str) -> None:
    if op.get_bind().dialect.name == "sqlite":  # it takes a reference with a column, and never later
        named = f"CONSTRAINT fk_{table}_{column}_{target} REFERENCES {target} (id)"
        op.execute(f"ALTER TABLE {table} ADD COLUMN {column} VARCHAR(26) {named}")
        return
    op.add_column(table, sa.Column(column, sa.String(length=26), nullable=True))
    op.create_foreign_key(op.f(f"fk_{table}_{column}_{target}"), table, target, [column], ["id"])


def _end_in_time() -> None:
    """Let what is under way end on its day from now on; what is past it gets time to be noticed."""
    envelopes = sa.table(
        "envelopes",
        sa.column("state", sa.String()),
        sa.column("due_at", sa.DateTime(timezone=True)),
        sa.column("next_at", sa.DateTime(timezone=True)),
    )
    now = datetime.now(UTC)
    sent = envelopes.c.state == "sent"
    late = envelopes.update().where(sent, envelopes.c.due_at < now + GRACE / 7)
    op.execute(late.values(due_at=now + GRACE))
    op.execute(envelopes.update().where(sent, envelopes.c.due_at.is_not(None)).values(next_at=now))

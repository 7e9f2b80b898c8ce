"""Let people sign in person: beside whom, and each time that a host vouched and handed the device over."""

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "in_person_hosts",
        sa.Column("recipient_id", sa.String(length=26), nullable=False),
        sa.Column("host_id", sa.String(length=26), nullable=False),
        sa.ForeignKeyConstraint(
            ["recipient_id"], ["recipients.id"], name=op.f("fk_in_person_hosts_recipient_id_recipients")
        ),
        sa.ForeignKeyConstraint(["host_id"], ["people.id"], name=op.f("fk_in_person_hosts_host_id_people")),
        sa.PrimaryKeyConstraint("recipient_id", name=op.f("pk_in_person_hosts")),
    )
    op.create_index(op.f("ix_in_person_hosts_host_id"), "in_person_hosts", ["host_id"], unique=False)
    op.create_table(
        "in_person_handings",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("recipient_id", sa.String(length=26), nullable=False),
        sa.Column("host_id", sa.String(length=26), nullable=False),
        sa.Column("link_hash", sa.LargeBinary(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("checked", sa.String(length=20), nullable=False),
        sa.Column("factor", sa.String(length=20), nullable=False),
        sa.Column("step_up_id", sa.String(length=26), nullable=False),
        sa.Column("attested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("proven", sa.String(length=20), nullable=False),
        sa.Column("back_hash", sa.LargeBinary(), nullable=False),
        sa.Column("back_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("session_id", sa.String(length=26), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["recipient_id"], ["recipients.id"], name=op.f("fk_in_person_handings_recipient_id_recipients")
        ),
        sa.ForeignKeyConstraint(
            ["host_id"], ["people.id"], name=op.f("fk_in_person_handings_host_id_people")
        ),
        sa.ForeignKeyConstraint(
            ["link_hash"],
            ["outside_links.token_hash"],
            name=op.f("fk_in_person_handings_link_hash_outside_links"),
        ),
        sa.ForeignKeyConstraint(
            ["step_up_id"], ["step_ups.id"], name=op.f("fk_in_person_handings_step_up_id_step_ups")
        ),
        sa.ForeignKeyConstraint(
            ["session_id"], ["sessions.id"], name=op.f("fk_in_person_handings_session_id_sessions")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_in_person_handings")),
        sa.UniqueConstraint("link_hash", name=op.f("uq_in_person_handings_link_hash")),
        sa.UniqueConstraint("back_hash", name=op.f("uq_in_person_handings_back_hash")),
        sa.UniqueConstraint("session_id", name=op.f("uq_in_person_handings_session_id")),
    )
    op.create_index(
        op.f("ix_in_person_handings_recipient_id"), "in_person_handings", ["recipient_id"], unique=False
    )

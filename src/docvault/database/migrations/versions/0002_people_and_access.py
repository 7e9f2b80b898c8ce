"""Keep who had which right as periods; add passkeys, devices, proposals, single sign-on and folders in folders."""

import base64
import secrets
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "single_sign_ons",
        sa.Column("state_hash", sa.LargeBinary(), nullable=False),
        sa.Column("browser_hash", sa.LargeBinary(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("state_hash", name=op.f("pk_single_sign_ons")),
    )
    op.create_table(
        "devices",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("person_id", sa.String(length=26), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("first_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("address", sa.String(length=60), nullable=False),
        sa.Column("user_agent", sa.String(length=300), nullable=False),
        sa.Column("forgotten_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_devices_person_id_people")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_devices")),
        sa.UniqueConstraint("token_hash", "person_id", name=op.f("uq_devices_token_hash_person_id")),
    )
    op.create_index(op.f("ix_devices_person_id"), "devices", ["person_id"], unique=False)
    op.create_table(
        "former_addresses",
        sa.Column("person_id", sa.String(length=26), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("replaced_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("fk_former_addresses_person_id_people")
        ),
        sa.PrimaryKeyConstraint("person_id", "email", name=op.f("pk_former_addresses")),
    )
    op.create_table(
        "identities",
        sa.Column("issuer", sa.String(length=300), nullable=False),
        sa.Column("subject", sa.String(length=255), nullable=False),
        sa.Column("person_id", sa.String(length=26), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_identities_person_id_people")),
        sa.PrimaryKeyConstraint("issuer", "subject", name=op.f("pk_identities")),
    )
    op.create_index(op.f("ix_identities_person_id"), "identities", ["person_id"], unique=False)
    op.create_table(
        "memberships",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("person_id", sa.String(length=26), nullable=False),
        sa.Column("organisation_id", sa.String(length=26), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("started_by", sa.String(length=26), nullable=True),
        sa.Column("ended_by", sa.String(length=26), nullable=True),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisations.id"],
            name=op.f("fk_memberships_organisation_id_organisations"),
        ),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_memberships_person_id_people")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_memberships")),
    )
    op.create_index(op.f("ix_memberships_organisation_id"), "memberships", ["organisation_id"], unique=False)
    op.create_index(
        "ix_memberships_person_id_organisation_id",
        "memberships",
        ["person_id", "organisation_id"],
        unique=False,
    )
    op.create_table(
        "passkey_challenges",
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("purpose", sa.String(length=12), nullable=False),
        sa.Column("person_id", sa.String(length=26), nullable=True),
        sa.Column("challenge", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("fk_passkey_challenges_person_id_people")
        ),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_passkey_challenges")),
    )
    op.create_table(
        "passkeys",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("person_id", sa.String(length=26), nullable=False),
        sa.Column("credential_hash", sa.LargeBinary(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("sign_count", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("synced", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_passkeys_person_id_people")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_passkeys")),
        sa.UniqueConstraint("credential_hash", name=op.f("uq_passkeys_credential_hash")),
    )
    op.create_index(op.f("ix_passkeys_person_id"), "passkeys", ["person_id"], unique=False)
    op.create_table(
        "proposals",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("subject_id", sa.String(length=26), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("proposed_by", sa.String(length=26), nullable=False),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("confirmed_by", sa.String(length=26), nullable=True),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["confirmed_by"], ["people.id"], name=op.f("fk_proposals_confirmed_by_people")
        ),
        sa.ForeignKeyConstraint(["proposed_by"], ["people.id"], name=op.f("fk_proposals_proposed_by_people")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_proposals")),
    )
    op.create_index("ix_proposals_proposed_at_id", "proposals", ["proposed_at", "id"], unique=False)
    op.create_index(
        "ix_proposals_state_proposed_at_id", "proposals", ["state", "proposed_at", "id"], unique=False
    )
    op.create_table(
        "standings",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("person_id", sa.String(length=26), nullable=False),
        sa.Column("role", sa.String(length=30), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("started_by", sa.String(length=26), nullable=True),
        sa.Column("ended_by", sa.String(length=26), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_standings_person_id_people")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_standings")),
    )
    op.create_index(op.f("ix_standings_person_id"), "standings", ["person_id"], unique=False)
    op.create_table(
        "folder_paths",
        sa.Column("folder_id", sa.String(length=26), nullable=False),
        sa.Column("ancestor_id", sa.String(length=26), nullable=False),
        sa.ForeignKeyConstraint(
            ["ancestor_id"], ["folders.id"], name=op.f("fk_folder_paths_ancestor_id_folders")
        ),
        sa.ForeignKeyConstraint(
            ["folder_id"], ["folders.id"], name=op.f("fk_folder_paths_folder_id_folders")
        ),
        sa.PrimaryKeyConstraint("folder_id", "ancestor_id", name=op.f("pk_folder_paths")),
    )
    op.create_index(
        "ix_folder_paths_ancestor_id_folder_id", "folder_paths", ["ancestor_id", "folder_id"], unique=False
    )
    op.create_table(
        "break_glass",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("document_id", sa.String(length=26), nullable=False),
        sa.Column("person_id", sa.String(length=26), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("started_by", sa.String(length=26), nullable=True),
        sa.Column("ended_by", sa.String(length=26), nullable=True),
        sa.ForeignKeyConstraint(
            ["document_id"], ["documents.id"], name=op.f("fk_break_glass_document_id_documents")
        ),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_break_glass_person_id_people")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_break_glass")),
    )
    op.create_index(
        "ix_break_glass_document_id_person_id", "break_glass", ["document_id", "person_id"], unique=False
    )
    _add_columns()
    _turn_into_periods("portfolios", "organisation_id", "organisations")
    _turn_into_periods("folder_members", "folder_id", "folders")
    _allow_one_in_force()
    _begin_histories()


def _add_columns() -> None:
    # Written out: Alembic cannot add a column with a foreign key on SQLite, where a table's row may be referred to.
    for table, column, target in (
        ("folders", "parent_id", "folders"),
        ("sessions", "device_id", "devices"),
        ("messages", "caused_by", "people"),
    ):
        named = f"CONSTRAINT fk_{table}_{column}_{target} REFERENCES {target} (id)"
        op.execute(f"ALTER TABLE {table} ADD COLUMN {column} VARCHAR(26) {named}")
    op.create_index("ix_folders_parent_id_created_at_id", "folders", ["parent_id", "created_at", "id"])
    op.add_column(
        "challenges", sa.Column("proven", sa.String(length=10), server_default="password", nullable=False)
    )
    op.add_column("invitations", sa.Column("detail", sa.LargeBinary(), nullable=True))
    op.add_column("messages", sa.Column("permission", sa.String(length=60), nullable=True))
    op.add_column("messages", sa.Column("about", sa.String(length=26), nullable=True))
    op.add_column("messages", sa.Column("withheld_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("messages", sa.Column("withheld", sa.String(length=20), nullable=True))
    op.add_column("people", sa.Column("language", sa.String(length=5), server_default="en", nullable=False))
    op.add_column("sessions", sa.Column("name", sa.String(length=100), nullable=True))
    op.add_column("sessions", sa.Column("scopes", sa.Text(), nullable=True))
    op.add_column("sessions", sa.Column("warned_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column(
        "step_ups", sa.Column("factor", sa.String(length=10), server_default="totp", nullable=False)
    )


def _turn_into_periods(name: str, thing: str, things: str) -> None:
    """Make a table of pairs into one of periods. When somebody got a client was not kept: since they are here."""
    is_folder = name == "folder_members"
    moment = sa.DateTime(timezone=True)
    since = "added_at" if is_folder else "created_at"
    old = sa.table(
        name, sa.column("person_id"), sa.column(thing), sa.column("role"), sa.column("added_at", moment)
    )
    people = sa.table("people", sa.column("id"), sa.column("created_at", moment))
    chosen = [
        old.c.person_id,
        old.c[thing],
        *([old.c.role, old.c.added_at] if is_folder else [people.c.created_at]),
    ]
    rows = (
        op.get_bind()
        .execute(sa.select(*chosen).join_from(old, people, people.c.id == old.c.person_id))
        .mappings()
    )
    kept = [{**row} for row in rows]
    op.drop_table(name)
    pair = [thing, "person_id"] if is_folder else ["person_id", thing]
    made = op.create_table(
        name,
        sa.Column("id", sa.String(length=26), nullable=False),
        *(sa.Column(column, sa.String(length=26), nullable=False) for column in pair),
        *([sa.Column("role", sa.String(length=12), nullable=False)] if is_folder else []),
        sa.Column("starts_at", moment, nullable=False),
        sa.Column("ends_at", moment, nullable=True),
        sa.Column("ended_at", moment, nullable=True),
        sa.Column("started_by", sa.String(length=26), nullable=True),
        sa.Column("ended_by", sa.String(length=26), nullable=True),
        sa.ForeignKeyConstraint([thing], [f"{things}.id"], name=f"fk_{name}_{thing}_{things}"),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=f"fk_{name}_person_id_people"),
        sa.PrimaryKeyConstraint("id", name=f"pk_{name}"),
    )
    op.create_index(f"ix_{name}_person_id_{thing}", name, ["person_id", thing])
    if is_folder:
        op.create_index(f"ix_{name}_folder_id_person_id", name, ["folder_id", "person_id"])
    else:
        op.create_index(f"ix_{name}_organisation_id", name, ["organisation_id"])
    op.bulk_insert(made, [{"id": _new_id(), "starts_at": row.pop(since), **row} for row in kept])


def _allow_one_in_force() -> None:
    open_ended = sa.text("ended_at IS NULL")
    for table, columns in {
        "standings": ["person_id"],
        "memberships": ["person_id", "organisation_id"],
        "portfolios": ["person_id", "organisation_id"],
        "folder_members": ["folder_id", "person_id"],
        "break_glass": ["document_id", "person_id"],
    }.items():
        op.create_index(
            f"uq_{table}_in_force",
            table,
            columns,
            unique=True,
            sqlite_where=open_ended,
            postgresql_where=open_ended,
        )


def _begin_histories() -> None:
    """Give every person their first membership and standing, and every folder the path of itself alone."""
    moment = sa.DateTime(timezone=True)
    names = ("id", "organisation_id", "role", "state")
    people = sa.table("people", *(sa.column(each) for each in names), sa.column("created_at", moment))
    rows = op.get_bind().execute(sa.select(people)).all()
    _fill("memberships", [_begun(row, organisation_id=row.organisation_id) for row in rows])
    _fill("standings", [_begun(row, role=row.role, state=row.state) for row in rows])
    op.execute("INSERT INTO folder_paths (folder_id, ancestor_id) SELECT id, id FROM folders")


def _begun(person: Any, **values: str) -> dict[str, Any]:
    return {"id": _new_id(), "person_id": person.id, "starts_at": person.created_at, **values}


def _fill(name: str, rows: list[dict[str, Any]]) -> None:
    moments = {"starts_at": sa.DateTime(timezone=True)}
    columns = [sa.column(each, moments.get(each)) for each in (rows[0] if rows else {})]
    if rows:
        op.bulk_insert(sa.table(name, *columns), rows)


def _new_id() -> str:
    return base64.b32encode(secrets.token_bytes(16)).decode().rstrip("=").lower()

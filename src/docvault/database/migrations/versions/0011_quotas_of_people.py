"""Count what each person stores, and keep whose details were erased."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

# What is there already counts from the start: originals that are not destroyed, stored or on their way.
COUNT = """
INSERT INTO person_quotas (person_id, used)
SELECT versions.created_by, SUM(versions.size)
FROM versions
JOIN documents ON documents.id = versions.document_id
WHERE versions.purpose = 'original' AND versions.created_by IS NOT NULL AND documents.disposed_at IS NULL
GROUP BY versions.created_by
"""

# The application's role may not touch the log (promise 82). This alone removes details beside it, and only of
# entries that are on record as those of a person whose erasure two people decided.
ERASE = """
CREATE FUNCTION erase_details(whose varchar) RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
WITH gone AS (
  DELETE FROM audit_details USING erased_details
  WHERE audit_details.index = erased_details.index AND erased_details.person_id = whose
    AND erased_details.erased_at IS NOT NULL
    AND EXISTS (SELECT FROM disposals WHERE document_id = whose AND rule = 'person')
  RETURNING 1
) SELECT count(*) FROM gone
$$
"""


def upgrade() -> None:
    op.create_table(
        "person_quotas",
        sa.Column("person_id", sa.String(length=26), nullable=False),
        sa.Column("used", sa.BigInteger(), nullable=False),
        sa.Column("most", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_person_quotas_person_id_people")),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_person_quotas")),
    )
    op.execute(COUNT)
    op.create_table(
        "erasures",
        sa.Column("person_id", sa.String(length=26), nullable=False),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("entries", sa.Integer(), nullable=False),
        sa.Column("kept", sa.Integer(), nullable=False),
        sa.Column("kept_until", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_erasures_person_id_people")),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_erasures")),
    )
    position = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "erased_details",
        sa.Column("index", position, autoincrement=False, nullable=False),
        sa.Column("person_id", sa.String(length=26), nullable=False),
        sa.Column("erased_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("fk_erased_details_person_id_people")
        ),
        sa.PrimaryKeyConstraint("index", "person_id", name=op.f("pk_erased_details")),
    )
    op.create_index("ix_erased_details_person_id", "erased_details", ["person_id"])
    if op.get_bind().dialect.name == "postgresql":
        op.execute(ERASE)
        op.execute("REVOKE ALL ON FUNCTION erase_details(varchar) FROM PUBLIC")

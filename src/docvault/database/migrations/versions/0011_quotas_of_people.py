"""Count what each person stores."""

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

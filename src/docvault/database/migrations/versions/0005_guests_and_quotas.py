"""Let guests upload by request, and count what organisations store."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

# What is there already counts from the start: originals, stored or on their way.
COUNT = """
INSERT INTO quotas (organisation_id, used)
SELECT folders.organisation_id, SUM(versions.size)
FROM versions
JOIN documents ON documents.id = versions.document_id
JOIN folders ON folders.id = documents.folder_id
WHERE versions.purpose = 'original'
GROUP BY folders.organisation_id
"""


def upgrade() -> None:
    moment, identifier = sa.DateTime(timezone=True), sa.String(length=26)
    op.create_table(
        "file_requests",
        sa.Column("id", identifier, nullable=False),
        sa.Column("folder_id", identifier, nullable=False),
        sa.Column("created_by", identifier, nullable=False),
        sa.Column("created_at", moment, nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("code_hash", sa.String(length=200), nullable=True),
        sa.Column("ends_at", moment, nullable=False),
        sa.Column("closed_at", moment, nullable=True),
        sa.Column("most_files", sa.Integer(), nullable=False),
        sa.Column("most_bytes", sa.BigInteger(), nullable=False),
        sa.Column("files", sa.Integer(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["folder_id"], ["folders.id"], name=op.f("fk_file_requests_folder_id_folders")
        ),
        sa.ForeignKeyConstraint(
            ["created_by"], ["people.id"], name=op.f("fk_file_requests_created_by_people")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_file_requests")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_file_requests_token_hash")),
    )
    op.create_index(op.f("ix_file_requests_folder_id"), "file_requests", ["folder_id"])
    op.create_table(
        "visits",
        sa.Column("id", identifier, nullable=False),
        sa.Column("request_id", identifier, nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("created_at", moment, nullable=False),
        sa.Column("expires_at", moment, nullable=False),
        sa.Column("ended_at", moment, nullable=True),
        sa.Column("told_at", moment, nullable=True),
        sa.ForeignKeyConstraint(
            ["request_id"], ["file_requests.id"], name=op.f("fk_visits_request_id_file_requests")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_visits")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_visits_token_hash")),
    )
    op.create_index(op.f("ix_visits_request_id"), "visits", ["request_id"])
    op.create_table(
        "quotas",
        sa.Column("organisation_id", identifier, nullable=False),
        sa.Column("used", sa.BigInteger(), nullable=False),
        sa.Column("most", sa.BigInteger(), nullable=True),
        sa.Column("told_at", moment, nullable=True),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_quotas_organisation_id_organisations")
        ),
        sa.PrimaryKeyConstraint("organisation_id", name=op.f("pk_quotas")),
    )
    for table in ("versions", "uploads"):  # SQLite adds a column with its reference only by these words
        named = f"CONSTRAINT fk_{table}_visit_id_visits REFERENCES visits (id)"
        op.execute(f"ALTER TABLE {table} ADD COLUMN visit_id VARCHAR(26) {named}")
    for column in ("person_id", "visit_id"):
        op.create_index(f"ix_uploads_{column}_created_at", "uploads", [column, "created_at"])
    op.execute(COUNT)

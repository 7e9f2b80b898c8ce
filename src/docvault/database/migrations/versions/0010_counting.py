"""Put into the index of a folder's documents which of them it shows, so that counting them reads no row."""

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "ix_documents_folder_id_created_at_id_shown",
        "documents",
        ["folder_id", "created_at", "id", "latest", "trashed_at", "disposed_at"],
        unique=False,
    )
    op.drop_index("ix_documents_folder_id_created_at_id", table_name="documents")

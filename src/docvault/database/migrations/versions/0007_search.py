"""Keep keyed hashes of the words of documents, and what the lists of a folder are sorted by."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    identifier, moment = sa.String(length=26), sa.DateTime(timezone=True)
    op.create_table(
        "search_documents",
        sa.Column("number", number, autoincrement=True, nullable=False),
        sa.Column("document_id", identifier, nullable=False),
        sa.Column("asked", identifier, nullable=True),
        sa.Column("due_at", moment, nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("version_id", identifier, nullable=True),
        sa.Column("folder_id", identifier, nullable=True),
        sa.Column("generation", sa.Integer(), nullable=True),
        sa.Column("words", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["document_id"], ["documents.id"], name="fk_search_documents_document_id_documents"
        ),
        sa.PrimaryKeyConstraint("number", name="pk_search_documents"),
        sa.UniqueConstraint("document_id", name="uq_search_documents_document_id"),
    )
    op.create_index("ix_search_documents_due_at", "search_documents", ["due_at"])
    op.create_index(
        "ix_search_documents_folder_id_generation", "search_documents", ["folder_id", "generation"]
    )
    op.create_table(
        "search_words",
        sa.Column("word", sa.String(length=22), nullable=False),
        sa.Column("number", number, nullable=False),
        sa.ForeignKeyConstraint(
            ["number"], ["search_documents.number"], name="fk_search_words_number_search_documents"
        ),
        sa.PrimaryKeyConstraint("word", "number", name="pk_search_words"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_search_words_number", "search_words", ["number"])
    _sorted_lists()


def _sorted_lists() -> None:
    """Keep the size of the newest version with its document: a list is sorted along an index, or not at all."""
    op.add_column("documents", sa.Column("size", sa.BigInteger(), nullable=False, server_default="0"))
    op.execute(
        "UPDATE documents SET size = COALESCE((SELECT versions.size FROM versions WHERE"
        " versions.document_id = documents.id AND versions.purpose = 'original'"
        " AND versions.number = documents.latest), 0)"
    )
    op.create_index("ix_documents_folder_id_size_id", "documents", ["folder_id", "size", "id"])
    op.create_index(
        "ix_documents_folder_id_lower_name_id", "documents", ["folder_id", sa.text("lower(name)"), "id"]
    )

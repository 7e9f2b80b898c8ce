"""Keyed hashes of the words of documents, and which document's words are in: docs/formats/search-index.md."""

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, String, Table, UniqueConstraint

from docvault.database.tables.columns import ID, METADATA, Moment, reference

NUMBER = BigInteger().with_variant(Integer, "sqlite")  # SQLite counts up by itself only in an INTEGER
WORD = String(22)  # base64url of 16 bytes

search_documents = Table(  # one row a document: what of it is indexed, and whether work waits
    "search_documents",
    METADATA,
    Column(
        "number", NUMBER, primary_key=True, autoincrement=True
    ),  # stands for the document: a third of its id
    reference("document_id", "documents.id"),
    Column("asked", ID, nullable=True),  # a random mark while its words wait to be taken; null: nothing waits
    Column("due_at", Moment, nullable=True),  # when the next job for it is put
    Column("tries", Integer, nullable=False),  # of what waits
    Column("version_id", ID, nullable=True),  # whose words are in; null: nobody's yet
    Column("folder_id", ID, nullable=True),  # with the generation: whose key they were hashed under
    Column("generation", Integer, nullable=True),
    Column("words", Integer, nullable=False),
    UniqueConstraint("document_id"),
    Index("ix_search_documents_due_at", "due_at"),
    Index("ix_search_documents_folder_id_generation", "folder_id", "generation"),
)

search_words = Table(
    "search_words",
    METADATA,
    Column("word", WORD, primary_key=True),
    Column("number", NUMBER, ForeignKey("search_documents.number"), primary_key=True),
    Index("ix_search_words_number", "number"),
    sqlite_with_rowid=False,  # the key is the whole row
)

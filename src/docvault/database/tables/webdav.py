"""What file managers leave on things they open by WebDAV: locks for a while, and properties of their own."""

from sqlalchemy import Column, Index, LargeBinary, String, Table, Text

from docvault.database.tables.columns import ID, METADATA, Moment, reference

dav_locks = Table(  # RFC 4918, 6: whoever edits a file keeps others from saving over it
    "dav_locks",
    METADATA,
    Column("token", String(60), primary_key=True),
    Column("root", Text, nullable=False),  # the path that is locked
    reference("person_id", "people.id"),
    Column("scope", String(10), nullable=False),  # exclusive | shared
    Column("depth", String(10), nullable=False),  # 0 | infinity
    Column("owner", LargeBinary, nullable=False),  # XML: what the program says of itself
    Column("expires_at", Moment, nullable=False),
    Index("ix_dav_locks_expires_at", "expires_at"),
)

dav_properties = Table(  # RFC 4918, 4.2: dead properties; DocVault keeps them and gives them no meaning
    "dav_properties",
    METADATA,
    Column("thing_id", ID, primary_key=True),  # a folder's or a document's
    Column("name", String(200), primary_key=True),  # {namespace}name
    Column("value", LargeBinary, nullable=False),  # XML
)

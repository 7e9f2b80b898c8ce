"""What was made of a version so that people can look at it and find it: kept encrypted, once."""

from sqlalchemy import Column, ForeignKey, Index, String, Table

from docvault.database.tables.columns import ID, METADATA, Moment

renditions = Table(
    "renditions",
    METADATA,
    Column("version_id", ID, ForeignKey("versions.id", ondelete="CASCADE"), primary_key=True),
    Column("purpose", String(12), primary_key=True),  # preview | thumbnail | text | unconverted
    # Null: it cannot be made of this file, and is not tried again.
    Column("rendition_id", ID, ForeignKey("versions.id", ondelete="CASCADE"), nullable=True),
    Column("created_at", Moment, nullable=False),
    Index("ix_renditions_rendition_id", "rendition_id"),
)

"""The newest archive timestamp of each sealed file, and when it has to be looked at again."""

from sqlalchemy import Boolean, Column, ForeignKey, Index, String, Table, Text

from docvault.database.tables.columns import ID, METADATA, Moment, reference

archive_stamps = Table(
    "archive_stamps",
    METADATA,
    Column("version_id", ID, ForeignKey("versions.id"), primary_key=True),
    reference("envelope_id", "envelopes.id", index=True),
    Column("clock", String(200), nullable=True),  # who says the time; null until somebody has looked
    Column("stamped_at", Moment, nullable=True),
    Column("good_until", Moment, nullable=True),
    Column("awaits_others", Boolean, nullable=False),  # stamped by our clock while others were wanted
    Column("due_at", Moment, nullable=True),  # when to look again; null: never, another file took its place
    Column("trouble", Text, nullable=True),  # the last failure in words; null when all is well
    Index("ix_archive_stamps_due_at", "due_at"),
)

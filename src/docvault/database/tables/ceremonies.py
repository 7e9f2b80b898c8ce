"""What belongs to a draft or a ceremony under way, and goes when it ends."""

from sqlalchemy import Column, ForeignKey, Integer, LargeBinary, Table

from docvault.database.tables.columns import ID, METADATA, Moment

found_fields = Table(
    "found_fields",
    METADATA,
    Column("envelope_id", ID, ForeignKey("envelopes.id"), primary_key=True),
    Column("position", Integer, primary_key=True, autoincrement=False),  # of the document, from 1
    Column("found", LargeBinary, nullable=False),  # fields to suggest, sealed: words of the document
)

kept_answers = Table(
    "kept_answers",
    METADATA,
    Column("recipient_id", ID, ForeignKey("recipients.id"), primary_key=True),
    Column("answers", LargeBinary, nullable=False),  # values so far, sealed; never a signature
    Column("kept_at", Moment, nullable=False),
)

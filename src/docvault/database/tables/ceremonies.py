"""What belongs to a ceremony under way, and goes when it ends."""

from sqlalchemy import Column, ForeignKey, LargeBinary, Table

from docvault.database.tables.columns import ID, METADATA, Moment

kept_answers = Table(
    "kept_answers",
    METADATA,
    Column("recipient_id", ID, ForeignKey("recipients.id"), primary_key=True),
    Column("answers", LargeBinary, nullable=False),  # values so far, sealed; never a signature
    Column("kept_at", Moment, nullable=False),
)

"""What belongs to a draft or a ceremony under way, and mostly goes when it ends."""

from sqlalchemy import BigInteger, Column, ForeignKey, Integer, LargeBinary, String, Table, UniqueConstraint

from docvault.database.tables.columns import ID, METADATA, Moment, identifier, reference

found_fields = Table(
    "found_fields",
    METADATA,
    Column("envelope_id", ID, ForeignKey("envelopes.id"), primary_key=True),
    Column("position", Integer, primary_key=True, autoincrement=False),  # of the document, from 1
    Column("found", LargeBinary, nullable=False),  # fields to suggest, sealed: words of the document
)

attachments = Table(
    "attachments",
    METADATA,
    identifier(),
    reference("envelope_id", "envelopes.id", index=True),
    reference("recipient_id", "recipients.id", index=True),
    reference("field_id", "fields.id"),
    reference("version_id", "versions.id"),  # its bytes; of the purpose attachment
    Column("name", String(255), nullable=False),
    Column("size", BigInteger, nullable=False),  # bytes
    Column("sha256", String(64), nullable=False),  # hex
    Column("created_at", Moment, nullable=False),
    UniqueConstraint("field_id"),
)

kept_answers = Table(
    "kept_answers",
    METADATA,
    Column("recipient_id", ID, ForeignKey("recipients.id"), primary_key=True),
    Column("answers", LargeBinary, nullable=False),  # values so far, sealed; never a signature
    Column("kept_at", Moment, nullable=False),
)

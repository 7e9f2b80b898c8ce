"""What belongs to a draft or a ceremony under way, and mostly goes when it ends."""

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
)

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

paper_sheets = Table(  # what a signer has added so far of what they signed by hand
    "paper_sheets",
    METADATA,
    identifier(),
    reference("recipient_id", "recipients.id", index=True),
    Column("position", Integer, nullable=False),  # from 1; with gaps where one was taken away
    reference("version_id", "versions.id"),  # a PDF, of the purpose paper
    Column("name", String(255), nullable=False),
    Column("pages", Integer, nullable=False),
    Column("size", BigInteger, nullable=False),  # bytes
    Column("sha256", String(64), nullable=False),  # hex
    UniqueConstraint("recipient_id", "position"),
)

papers = Table(  # a scan that was handed in: the newest of each signer
    "papers",
    METADATA,
    identifier(),
    reference("envelope_id", "envelopes.id", index=True),
    reference("recipient_id", "recipients.id"),
    reference("version_id", "versions.id"),  # one PDF of all sheets
    Column("pages", Integer, nullable=False),
    Column("size", BigInteger, nullable=False),  # bytes
    Column("sha256", String(64), nullable=False),  # hex
    Column("handed_in_at", Moment, nullable=False),
    Column("accepted_at", Moment, nullable=True),
    Column("returned_at", Moment, nullable=True),
    Column("reason", Text, nullable=False, server_default=""),  # why it was sent back
    UniqueConstraint("recipient_id"),
)

kept_answers = Table(
    "kept_answers",
    METADATA,
    Column("recipient_id", ID, ForeignKey("recipients.id"), primary_key=True),
    Column("answers", LargeBinary, nullable=False),  # values so far, sealed; never a signature
    Column("kept_at", Moment, nullable=False),
)

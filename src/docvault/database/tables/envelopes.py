"""Envelopes, whom they ask to sign, and where."""

from sqlalchemy import (
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
    true,
)

from docvault.database.tables.columns import ID, METADATA, Moment, identifier, reference

envelopes = Table(
    "envelopes",
    METADATA,
    identifier(),
    reference("organisation_id", "organisations.id"),  # the client's
    reference("folder_id", "folders.id"),
    reference("sender_id", "people.id"),
    Column("title", String(200), nullable=False),
    Column("message", Text, nullable=False),
    Column("state", String(12), nullable=False),  # a State of rules.envelopes
    Column("reason", Text, nullable=True),  # why it was declined or voided
    reference("certificate_version_id", "versions.id", nullable=True),
    Column("digest", String(64), nullable=True),  # hex SHA-256 of all that was sent
    Column("created_at", Moment, nullable=False),
    Column("changed_at", Moment, nullable=False),
    Column("sent_at", Moment, nullable=True),
    Column("completed_at", Moment, nullable=True),
    Column("due_at", Moment, nullable=True),  # nobody can sign from then on
    Column("extended_at", Moment, nullable=True),
    Column("warned_at", Moment, nullable=True),  # when the sender was told that it expires soon
    Column("reminder_days", Integer, nullable=True),  # between two reminders by itself; null: none
    Column("may_delegate", Boolean, nullable=False, server_default=true()),
    Column("may_use_paper", Boolean, nullable=False, server_default=false()),
    Column("may_delegate_outside", Boolean, nullable=False, server_default=false()),  # to anybody they name
    Column("kind", String(30), nullable=True),  # of documents, as the sender says; null: they have not
    Column("next_at", Moment, nullable=True),  # when to look whether something is due; null: nothing can be
    reference("replaces_id", "envelopes.id", nullable=True),  # which it was made to correct
    Column("trouble", Text, nullable=True),  # the last failure of completion in words; null when all is well
    Column("revision", Integer, nullable=False, server_default="0"),  # counts what was put into the documents
    Index("ix_envelopes_created_at_id", "created_at", "id"),
    Index("ix_envelopes_next_at", "next_at"),
    Index("ix_envelopes_replaces_id", "replaces_id"),
    Index("ix_envelopes_state_changed_at", "state", "changed_at"),
    Index("ix_envelopes_sender_id_created_at_id", "sender_id", "created_at", "id"),
    Index("ix_envelopes_organisation_id_created_at_id", "organisation_id", "created_at", "id"),
)

envelope_documents = Table(
    "envelope_documents",
    METADATA,
    Column("envelope_id", ID, ForeignKey("envelopes.id"), primary_key=True),
    Column("position", Integer, primary_key=True),  # from 1; pages count on from one document to the next
    reference("document_id", "documents.id", index=True),
    Column("name", String(255), nullable=False),  # of the document when the envelope was made
    reference("prepared_version_id", "versions.id", nullable=True),  # normalised; with fields once sent
    reference("working_version_id", "versions.id", nullable=True),  # the newest revision with signatures
    reference("signed_version_id", "versions.id", nullable=True),  # sealed, timestamped, validated
    Column("digest", String(64), nullable=True),  # hex SHA-256 of the prepared version as sent
    Column("page_sizes", Text, nullable=False),  # JSON list of [width, height], displayed-page points
    Column(
        "arrival", Text, nullable=True
    ),  # JSON: rules.arrivals.Arrival; null: it arrived without signatures
)

recipients = Table(
    "recipients",
    METADATA,
    identifier(),
    reference("envelope_id", "envelopes.id", index=True),
    reference("person_id", "people.id"),
    Column("turn", Integer, nullable=False),  # 1 is first; the same turn signs in any order
    Column("role", String(16), nullable=False),  # a Part of rules.envelopes
    Column("notified_at", Moment, nullable=True),
    Column("reminded_at", Moment, nullable=True),
    Column("reminders", Integer, nullable=False, server_default="0"),  # written by itself
    Column("warned_at", Moment, nullable=True),  # that it expires soon
    Column("due_at", Moment, nullable=True),  # a day of their own to act by
    Column("message", Text, nullable=False, server_default=""),  # for them alone
    Column("chosen_language", String(5), nullable=True),  # of mail about this envelope; null: their own
    Column("viewed_at", Moment, nullable=True),
    Column("consented_at", Moment, nullable=True),
    Column("consent_text", String(40), nullable=True),  # id of the text shown, e.g. en-1
    Column("consent_sha256", String(64), nullable=True),
    Column("pages_seen", Text, nullable=False),  # JSON list of page numbers, from 1
    Column("signed_at", Moment, nullable=True),
    Column("approved_at", Moment, nullable=True),  # of those who do not sign: approved, or read
    Column("declined_at", Moment, nullable=True),
    Column(
        "answers", LargeBinary, nullable=True
    ),  # values and signature picture, sealed under the folder key
    Column("evidence", LargeBinary, nullable=True),  # address, user agent, factors at signing, sealed as well
    Column("paper_at", Moment, nullable=True),  # when they handed in a scan of what they signed by hand
    Column("applied_at", Moment, nullable=True),  # when the PAdES signature was in the working version
    Column("certificate_sha256", String(64), nullable=True),  # of the one-time signing certificate
    UniqueConstraint("envelope_id", "person_id"),
    Index("ix_recipients_person_id_envelope_id", "person_id", "envelope_id"),
)

handovers = Table(  # a part that went from one person to another
    "handovers",
    METADATA,
    identifier(),
    reference("envelope_id", "envelopes.id", index=True),
    reference("recipient_id", "recipients.id"),
    Column("kind", String(10), nullable=False),  # delegated | corrected
    reference("from_id", "people.id"),
    reference("to_id", "people.id"),
    Column("reason", Text, nullable=False),
    Column("at", Moment, nullable=False),
)

fields = Table(
    "fields",
    METADATA,
    identifier(),
    reference("envelope_id", "envelopes.id", index=True),
    reference("recipient_id", "recipients.id"),
    Column("kind", String(12), nullable=False),  # one of rules.fields.FieldKind
    Column("page", Integer, nullable=False),  # from 1
    Column("x", Float, nullable=False),  # displayed-page points, crop and rotation applied, origin top left
    Column("y", Float, nullable=False),
    Column("w", Float, nullable=False),
    Column("h", Float, nullable=False),
    Column("required", Boolean, nullable=False),
    Column("label", String(100), nullable=False),
    Column("detail", Text, nullable=False, server_default="{}"),  # JSON: rules.details.Detail
    Column("prefilled", LargeBinary, nullable=True),  # the sender's answer, sealed
)

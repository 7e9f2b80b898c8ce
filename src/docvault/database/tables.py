"""Every table of DocVault, as SQLAlchemy Core. One place, so that migrations can be compared with it.

Moments are aware UTC (`Moment`); ids are the 26-character ids of values.py. Document bodies, answers and
secrets
are ciphertext or hashes here, never readable (promise 56). Correct on SQLite and PostgreSQL alike.
"""

from datetime import UTC, datetime

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

METADATA = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

_FIRST = datetime.min.replace(tzinfo=UTC)
_LAST = datetime.max.replace(tzinfo=UTC)


class Moment(TypeDecorator[datetime]):
    """An aware UTC moment. SQLite keeps no zone, so it is put back on the way out; a naive one is refused."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - the signature is SQLAlchemy's
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment needs a time zone")
        try:
            return value.astimezone(UTC)
        except OverflowError:  # beyond the first or the last moment in UTC: as early or late as can be
            return _FIRST if value.year == _FIRST.year else _LAST

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - the signature is SQLAlchemy's
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


ID = String(26)


def _id(name: str = "id") -> Column[str]:
    return Column(name, ID, primary_key=True)


def _ref(name: str, target: str, *, nullable: bool = False, index: bool = False) -> Column[str]:
    return Column(name, ID, ForeignKey(target), nullable=nullable, index=index)


# --- the installation and its keys --------------------------------------------------------------------

installation = Table(
    "installation",
    METADATA,
    Column("id", Integer, primary_key=True),  # always 1
    Column("name", String(200), nullable=False),
    Column("log_origin", String(200), nullable=False),  # the C2SP origin line of the audit log
    Column("created_at", Moment, nullable=False),
)

keys = Table(  # private keys of the installation (CA, seal, TSA, log), wrapped by the root key
    "keys",
    METADATA,
    Column("name", String(60), primary_key=True),
    Column("wrapped", LargeBinary, nullable=False),
    Column("public", LargeBinary, nullable=False),  # DER certificate, or the raw public key of the log
    Column("created_at", Moment, nullable=False),
)

# --- people -------------------------------------------------------------------------------------------------

organisations = Table(
    "organisations",
    METADATA,
    _id(),
    Column("name", String(200), nullable=False, unique=True),
    Column("kind", String(10), nullable=False),  # operator | client
    Column("created_at", Moment, nullable=False),
)

people = Table(
    "people",
    METADATA,
    _id(),
    _ref("organisation_id", "organisations.id", index=True),
    Column("email", String(254), nullable=False, unique=True),  # lower case
    Column("name", String(200), nullable=False),
    Column(
        "role", String(30), nullable=False
    ),  # administrator | compliance_officer | account_manager | client
    Column("state", String(10), nullable=False),  # invited | active | disabled
    Column("password_hash", Text, nullable=True),
    Column("created_at", Moment, nullable=False),
    Index("ix_people_created_at_id", "created_at", "id"),
)

portfolios = Table(  # which clients an account manager looks after
    "portfolios",
    METADATA,
    Column("person_id", ID, ForeignKey("people.id"), primary_key=True),
    Column("organisation_id", ID, ForeignKey("organisations.id"), primary_key=True),
)

totp_factors = Table(
    "totp_factors",
    METADATA,
    Column("person_id", ID, ForeignKey("people.id"), primary_key=True),
    # Both are AES-256-GCM with the person's id as associated data (promise 4).
    Column("secret", LargeBinary, nullable=True),  # in force
    # shown as a QR code; in force once a code proves possession
    Column("pending", LargeBinary, nullable=True),
    Column("confirmed_at", Moment, nullable=True),
    Column("last_step", BigInteger, nullable=False),  # the last accepted 30-second step (promise 3)
    Column("created_at", Moment, nullable=False),
)

recovery_codes = Table(
    "recovery_codes",
    METADATA,
    Column("hash", LargeBinary, primary_key=True),  # SHA-256 of a code of at least 112 random bits
    _ref("person_id", "people.id", index=True),
    Column("used_at", Moment, nullable=True),
)

throttles = Table(  # counters live in the database: no process, restart or header resets them (promise 7)
    "throttles",
    METADATA,
    Column("key", String(200), primary_key=True),  # account:…, source:…, factor:…
    Column("failures", Integer, nullable=False),
    Column("blocked_until", Moment, nullable=True),
    Column("changed_at", Moment, nullable=False),
)

challenges = Table(  # a password was right; a factor is still owed
    "challenges",
    METADATA,
    Column("token_hash", LargeBinary, primary_key=True),
    _ref("person_id", "people.id"),
    Column("tries_left", Integer, nullable=False),
    Column("expires_at", Moment, nullable=False),
)

invitations = Table(
    "invitations",
    METADATA,
    Column("token_hash", LargeBinary, primary_key=True),
    _ref("person_id", "people.id", index=True),
    Column("purpose", String(30), nullable=False),  # invitation | password-reset
    Column("expires_at", Moment, nullable=False),
    Column("used_at", Moment, nullable=True),
)

sessions = Table(
    "sessions",
    METADATA,
    _id(),
    Column("token_hash", LargeBinary, nullable=False, unique=True),
    Column("csrf_hash", LargeBinary, nullable=False),
    _ref("person_id", "people.id", index=True),
    Column("kind", String(10), nullable=False),  # full | enrol: an enrol session may only enrol a factor
    Column("factors", String(60), nullable=False),  # e.g. password+totp
    Column("created_at", Moment, nullable=False),
    Column("seen_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Column("ended_at", Moment, nullable=True),
    Column("address", String(60), nullable=False),
    Column("user_agent", String(300), nullable=False),
)

step_ups = Table(  # proof of a factor for one deed on one digest, single use (promise 17)
    "step_ups",
    METADATA,
    _id(),
    _ref("person_id", "people.id"),
    _ref("session_id", "sessions.id"),
    Column("purpose", String(40), nullable=False),
    Column("digest", String(64), nullable=False),  # hex SHA-256 of what was shown
    Column("expires_at", Moment, nullable=False),
    Column("used_at", Moment, nullable=True),
)

# --- folders and documents ----------------------------------------------------------------------------------

folders = Table(
    "folders",
    METADATA,
    _id(),
    _ref("organisation_id", "organisations.id"),
    Column("name", String(200), nullable=False),
    Column("kind", String(12), nullable=False),  # rfp | sow | contract | whitepaper | general
    _ref("created_by", "people.id"),
    Column("created_at", Moment, nullable=False),
    Index("ix_folders_organisation_id_created_at_id", "organisation_id", "created_at", "id"),
    Index("ix_folders_created_at_id", "created_at", "id"),
)

folder_members = Table(
    "folder_members",
    METADATA,
    Column("folder_id", ID, ForeignKey("folders.id"), primary_key=True),
    Column("person_id", ID, ForeignKey("people.id"), primary_key=True),
    Column("role", String(12), nullable=False),  # viewer | contributor | manager
    Column("added_at", Moment, nullable=False),
    Index("ix_folder_members_person_id_folder_id", "person_id", "folder_id"),
)

folder_keys = Table(
    "folder_keys",
    METADATA,
    Column("folder_id", ID, ForeignKey("folders.id"), primary_key=True),
    Column("generation", Integer, primary_key=True),
    Column("wrapped", LargeBinary, nullable=False),
    Column("created_at", Moment, nullable=False),
)

documents = Table(
    "documents",
    METADATA,
    _id(),
    _ref("folder_id", "folders.id"),
    Column("name", String(255), nullable=False),  # as the person named it; data, never a path (promise 33)
    _ref("created_by", "people.id"),
    Column("created_at", Moment, nullable=False),
    Column(
        "latest", Integer, nullable=False
    ),  # the number of the newest original version; 0 before the first is whole
    Index("ix_documents_folder_id_created_at_id", "folder_id", "created_at", "id"),
    Index("ix_documents_created_at_id", "created_at", "id"),
)

versions = Table(
    "versions",
    METADATA,
    _id(),
    _ref("document_id", "documents.id"),
    Column("purpose", String(12), nullable=False),  # original | prepared | working | signed | certificate
    Column("number", Integer, nullable=False),  # counts from 1 within document and purpose
    Column("state", String(10), nullable=False),  # receiving | stored
    Column("media_type", String(100), nullable=False),
    Column("size", BigInteger, nullable=False),  # plaintext bytes
    Column("sha256", String(64), nullable=True),  # hex, of the plaintext; null while receiving
    Column("pages", Integer, nullable=True),  # of a PDF that could be opened
    Column(
        "findings", Text, nullable=True
    ),  # JSON: what intake found (signed, XFA, encrypted, removed parts)
    Column("key_generation", Integer, nullable=False),
    Column("wrapped_key", LargeBinary, nullable=False),
    Column("blob", String(64), nullable=False),  # random prefix in the object store (promise 33)
    Column("segments", Integer, nullable=False),
    Column("algorithm", String(20), nullable=False),  # cobblestone-256 (promise 58)
    _ref("created_by", "people.id", nullable=True),  # null: made by DocVault itself
    Column("created_at", Moment, nullable=False),
    UniqueConstraint("document_id", "purpose", "number"),
)

uploads = Table(
    "uploads",
    METADATA,
    _id(),
    _ref("person_id", "people.id"),
    _ref("folder_id", "folders.id"),
    _ref("document_id", "documents.id"),
    _ref("version_id", "versions.id"),
    Column("filename", String(255), nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("received", BigInteger, nullable=False),  # plaintext bytes in whole segments
    Column("created_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Column("finished_at", Moment, nullable=True),
)

viewings = Table(  # one audit leaf per session and version: who read what
    "viewings",
    METADATA,
    Column("session_id", ID, ForeignKey("sessions.id"), primary_key=True),
    Column("version_id", ID, ForeignKey("versions.id"), primary_key=True),
    Column("opened_at", Moment, nullable=False),
)

# --- envelopes ----------------------------------------------------------------------------------------------

envelopes = Table(
    "envelopes",
    METADATA,
    _id(),
    _ref("organisation_id", "organisations.id"),  # the client's
    _ref("folder_id", "folders.id"),
    _ref("document_id", "documents.id"),
    _ref("sender_id", "people.id"),
    Column("title", String(200), nullable=False),
    Column("message", Text, nullable=False),
    Column("state", String(12), nullable=False),  # draft | sent | completing | completed | declined | voided
    Column("reason", Text, nullable=True),  # why it was declined or voided
    _ref("prepared_version_id", "versions.id", nullable=True),  # normalised; with fields once sent
    _ref("working_version_id", "versions.id", nullable=True),  # the newest revision with signatures
    _ref("signed_version_id", "versions.id", nullable=True),  # sealed, timestamped, validated
    _ref("certificate_version_id", "versions.id", nullable=True),
    Column(
        "digest", String(64), nullable=True
    ),  # hex SHA-256 of the prepared version as sent: what signers see
    Column("pages", Integer, nullable=False),
    Column("page_sizes", Text, nullable=False),  # JSON list of [width, height], displayed-page points
    Column("created_at", Moment, nullable=False),
    Column("changed_at", Moment, nullable=False),
    Column("sent_at", Moment, nullable=True),
    Column("completed_at", Moment, nullable=True),
    Column("due_at", Moment, nullable=True),
    Column("trouble", Text, nullable=True),  # the last failure of completion in words; null when all is well
    Index("ix_envelopes_created_at_id", "created_at", "id"),
    Index("ix_envelopes_state_changed_at", "state", "changed_at"),
    Index("ix_envelopes_sender_id_created_at_id", "sender_id", "created_at", "id"),
    Index("ix_envelopes_organisation_id_created_at_id", "organisation_id", "created_at", "id"),
)

recipients = Table(
    "recipients",
    METADATA,
    _id(),
    _ref("envelope_id", "envelopes.id", index=True),
    _ref("person_id", "people.id"),
    Column("turn", Integer, nullable=False),  # 1 is first; the same turn signs in any order
    Column("role", String(10), nullable=False),  # signer
    Column("notified_at", Moment, nullable=True),
    Column("reminded_at", Moment, nullable=True),
    Column("viewed_at", Moment, nullable=True),
    Column("consented_at", Moment, nullable=True),
    Column("consent_text", String(40), nullable=True),  # id of the text shown, e.g. en-1
    Column("consent_sha256", String(64), nullable=True),
    Column("pages_seen", Text, nullable=False),  # JSON list of page numbers, from 1
    Column("signed_at", Moment, nullable=True),
    Column("declined_at", Moment, nullable=True),
    Column(
        "answers", LargeBinary, nullable=True
    ),  # values and signature picture, sealed under the folder key
    Column("evidence", LargeBinary, nullable=True),  # address, user agent, factors at signing, sealed as well
    Column("applied_at", Moment, nullable=True),  # when the PAdES signature was in the working version
    Column("certificate_sha256", String(64), nullable=True),  # of the one-time signing certificate
    UniqueConstraint("envelope_id", "person_id"),
    Index("ix_recipients_person_id_envelope_id", "person_id", "envelope_id"),
)

fields = Table(
    "fields",
    METADATA,
    _id(),
    _ref("envelope_id", "envelopes.id", index=True),
    _ref("recipient_id", "recipients.id"),
    Column("kind", String(12), nullable=False),  # signature | initials | date | text | checkbox
    Column("page", Integer, nullable=False),  # from 1
    Column("x", Float, nullable=False),  # displayed-page points, crop and rotation applied, origin top left
    Column("y", Float, nullable=False),
    Column("w", Float, nullable=False),
    Column("h", Float, nullable=False),
    Column("required", Boolean, nullable=False),
    Column("label", String(100), nullable=False),
)

# --- mail ---------------------------------------------------------------------------------------------------

messages = Table(  # mail to send; without SMTP the outbox page shows them
    "messages",
    METADATA,
    _id(),
    _ref("person_id", "people.id", nullable=True),
    Column("recipient", String(254), nullable=False),
    Column("template", String(60), nullable=False),  # which words: they are rendered when it is sent
    Column("body", LargeBinary, nullable=False),  # the template's values, sealed: links in them are secrets
    Column("created_at", Moment, nullable=False),
    Column("sent_at", Moment, nullable=True),
    Column("failures", Integer, nullable=False),
    Column("claimed_until", Moment, nullable=True),  # a worker is sending it; nobody else does until then
    Index("ix_messages_created_at_id", "created_at", "id"),
)

# --- work for later -----------------------------------------------------------------------------------------

workers = Table(  # the pulse of every running worker: the jobs of one that stopped are taken over
    "workers",
    METADATA,
    Column("executor_id", String(60), primary_key=True),
    Column("started_at", Moment, nullable=False),
    Column("seen_at", Moment, nullable=False),
)

# --- the audit log ------------------------------------------------------------------------------------------

# only INTEGER names the row itself there: no second tree
_POSITION = BigInteger().with_variant(Integer, "sqlite")

audit_entries = Table(
    "audit_entries",
    METADATA,
    Column("index", _POSITION, primary_key=True, autoincrement=False),  # position in the tree, from 0
    Column("at", Moment, nullable=False),
    Column("kind", String(60), nullable=False),
    Column("actor_id", ID, nullable=True),  # no foreign key: the log outlives the rows it speaks of
    Column("organisation_id", ID, nullable=True),
    Column("object_type", String(20), nullable=True),
    Column("object_id", ID, nullable=True),
    Column("leaf", LargeBinary, nullable=False),  # the canonical bytes that are hashed
    Column("leaf_hash", LargeBinary, nullable=False),
    Index("ix_audit_entries_kind_index", "kind", "index"),
    Index("ix_audit_entries_actor_id_index", "actor_id", "index"),
    Index("ix_audit_entries_object_id_index", "object_id", "index"),
    Index("ix_audit_entries_organisation_id_index", "organisation_id", "index"),
    Index("ix_audit_entries_at", "at"),
)

audit_details = Table(  # erasable personal data; the leaf holds only a salted commitment to it (promise 81)
    "audit_details",
    METADATA,
    Column("index", _POSITION, primary_key=True, autoincrement=False),
    Column("salt", LargeBinary, nullable=False),
    Column("body", LargeBinary, nullable=False),
)

audit_state = Table(
    "audit_state",
    METADATA,
    Column("id", Integer, primary_key=True),  # always 1
    Column("size", BigInteger, nullable=False),
    Column(
        "edge", LargeBinary, nullable=False
    ),  # hashes of the full subtrees at the right edge, largest first
)

audit_tiles = Table(  # full 256-wide tiles of c2sp.org/tlog-tiles
    "audit_tiles",
    METADATA,
    Column("level", Integer, primary_key=True),
    Column("index", BigInteger, primary_key=True, autoincrement=False),
    Column("hashes", LargeBinary, nullable=False),
)

audit_checkpoints = Table(
    "audit_checkpoints",
    METADATA,
    Column("size", _POSITION, primary_key=True, autoincrement=False),
    Column("note", Text, nullable=False),
    Column("at", Moment, nullable=False),
)

"""People and how they prove who they are. Secrets are hashes or ciphertext here (promise 56)."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from docvault.database.tables.columns import ID, METADATA, Moment, identifier, reference

organisations = Table(
    "organisations",
    METADATA,
    identifier(),
    Column("name", String(200), nullable=False, unique=True),
    Column("kind", String(10), nullable=False),  # operator | client
    Column("created_at", Moment, nullable=False),
)

people = Table(
    "people",
    METADATA,
    identifier(),
    reference("organisation_id", "organisations.id", index=True),
    Column("email", String(254), nullable=False, unique=True),  # lower case
    Column("name", String(200), nullable=False),
    Column(
        "role", String(30), nullable=False
    ),  # administrator | compliance_officer | account_manager | client
    Column("state", String(10), nullable=False),  # invited | active | disabled | frozen
    Column("password_hash", Text, nullable=True),
    Column("language", String(5), nullable=False, server_default="en"),  # of mail to them: ISO 639-1
    Column("time_zone", String(64), nullable=True),  # e.g. Europe/Helsinki; null: they have not said
    Column("created_at", Moment, nullable=False),
    Index("ix_people_created_at_id", "created_at", "id"),
)

former_addresses = Table(  # where security notices still go for a while after a change (promise 16)
    "former_addresses",
    METADATA,
    Column("person_id", ID, ForeignKey("people.id"), primary_key=True),
    Column("email", String(254), primary_key=True),
    Column("replaced_at", Moment, nullable=False),
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
    reference("person_id", "people.id", index=True),
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

passkeys = Table(  # W3C WebAuthn credentials
    "passkeys",
    METADATA,
    identifier(),
    reference("person_id", "people.id", index=True),
    Column("credential_hash", LargeBinary, nullable=False, unique=True),  # SHA-256 of the credential id
    # JSON of credential id, public key, transports and aaguid; AES-256-GCM bound to the person and this row
    Column("sealed", LargeBinary, nullable=False),
    Column("sign_count", BigInteger, nullable=False),
    Column("name", String(100), nullable=False),  # what its owner calls it
    Column("synced", Boolean, nullable=False),  # backed up by a provider, so on several devices
    Column("created_at", Moment, nullable=False),
    Column("used_at", Moment, nullable=True),
)

passkey_challenges = Table(  # one WebAuthn ceremony under way; the row is deleted when it is answered
    "passkey_challenges",
    METADATA,
    Column("token_hash", LargeBinary, primary_key=True),  # of the secret that this browser or session holds
    Column("purpose", String(12), nullable=False),  # enrol | sign-in | factor | step-up
    reference("person_id", "people.id", nullable=True),  # null: signing in with a passkey alone
    Column("challenge", LargeBinary, nullable=False),
    Column("expires_at", Moment, nullable=False),
)

devices = Table(  # browsers that signed in with both factors before (promises 8 and 16)
    "devices",
    METADATA,
    identifier(),
    reference("person_id", "people.id", index=True),
    Column("token_hash", LargeBinary, nullable=False),
    Column("first_seen_at", Moment, nullable=False),
    Column("seen_at", Moment, nullable=False),
    Column("address", String(60), nullable=False),
    Column("user_agent", String(300), nullable=False),
    Column("forgotten_at", Moment, nullable=True),
    UniqueConstraint("token_hash", "person_id"),
)

identities = Table(  # a person as an identity provider knows them: never by address alone
    "identities",
    METADATA,
    Column("issuer", String(300), primary_key=True),
    Column("subject", String(255), primary_key=True),
    reference("person_id", "people.id", index=True),
    Column("created_at", Moment, nullable=False),
    Column("used_at", Moment, nullable=False),
)

single_sign_ons = Table(  # on the way to the identity provider and back; deleted when it is answered
    "single_sign_ons",
    METADATA,
    Column("state_hash", LargeBinary, primary_key=True),
    Column("browser_hash", LargeBinary, nullable=False),  # of the cookie of the browser that left
    Column("sealed", LargeBinary, nullable=False),  # nonce, PKCE verifier, where to go afterwards
    Column("expires_at", Moment, nullable=False),
)

challenges = Table(  # a password was right, or the identity provider's word; a factor is still owed
    "challenges",
    METADATA,
    Column("token_hash", LargeBinary, primary_key=True),
    reference("person_id", "people.id"),
    Column("proven", String(10), nullable=False, server_default="password"),  # or sso: by the provider
    Column("tries_left", Integer, nullable=False),
    Column("expires_at", Moment, nullable=False),
)

invitations = Table(
    "invitations",
    METADATA,
    Column("token_hash", LargeBinary, primary_key=True),
    reference("person_id", "people.id", index=True),
    # invitation | first-administrator | password-reset | email-change | not-me
    Column("purpose", String(30), nullable=False),
    Column("detail", LargeBinary, nullable=True),  # sealed: the new address of an email-change
    Column("expires_at", Moment, nullable=False),
    Column("used_at", Moment, nullable=True),
)

sessions = Table(
    "sessions",
    METADATA,
    identifier(),
    Column("token_hash", LargeBinary, nullable=False, unique=True),
    Column("csrf_hash", LargeBinary, nullable=False),
    reference("person_id", "people.id", index=True),
    # full | enrol: may only enrol a factor | token: a program's, within its scopes
    Column("kind", String(10), nullable=False),
    Column("factors", String(60), nullable=False),  # e.g. password+totp
    reference("device_id", "devices.id", nullable=True),
    Column("name", String(100), nullable=True),  # of a token: what its owner calls it
    Column("scopes", Text, nullable=True),  # of a token: JSON list of permissions
    Column("warned_at", Moment, nullable=True),  # of a token: when its owner was told that it ends soon
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
    identifier(),
    reference("person_id", "people.id"),
    reference("session_id", "sessions.id"),
    Column("purpose", String(40), nullable=False),
    Column("digest", String(64), nullable=False),  # hex SHA-256 of what was shown
    Column("factor", String(10), nullable=False, server_default="totp"),  # totp | passkey
    Column("expires_at", Moment, nullable=False),
    Column("used_at", Moment, nullable=True),
)

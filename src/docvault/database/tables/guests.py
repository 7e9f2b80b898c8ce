"""Requests for files, the visits of guests who answer them, and how much organisations and people store."""

from sqlalchemy import BigInteger, Column, ForeignKey, Integer, LargeBinary, String, Table, Text

from docvault.database.tables.columns import ID, METADATA, Moment, identifier, reference

file_requests = Table(  # guests may upload into a folder that they cannot read, by a link
    "file_requests",
    METADATA,
    identifier(),
    reference("folder_id", "folders.id", index=True),
    reference("created_by", "people.id"),  # whose rights the link lends, as they are at that moment
    Column("created_at", Moment, nullable=False),
    Column(
        "token_hash", LargeBinary, nullable=False, unique=True
    ),  # SHA-256 of the link's token (promise 37)
    Column("title", String(200), nullable=False),
    Column("message", Text, nullable=False),
    Column("code_hash", String(200), nullable=True),  # argon2id under the pepper; null: no access code
    Column("ends_at", Moment, nullable=False),
    Column("closed_at", Moment, nullable=True),
    Column("most_files", Integer, nullable=False),
    Column("most_bytes", BigInteger, nullable=False),  # plaintext bytes of all files together
    Column("files", Integer, nullable=False),  # arrived or on their way
    Column("bytes", BigInteger, nullable=False),  # the same, in plaintext bytes
)

visits = Table(  # one browser of one guest, from saying who they are until it ends
    "visits",
    METADATA,
    identifier(),
    reference("request_id", "file_requests.id", index=True),
    Column("token_hash", LargeBinary, nullable=False, unique=True),
    Column("name", String(100), nullable=False),  # as the guest says; nobody has checked it
    Column("email", String(254), nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Column("ended_at", Moment, nullable=True),
    Column("told_at", Moment, nullable=True),  # when the requester was told that files came
)

quotas = Table(  # a counter that changes with the rows it counts, in their transaction (promise 35)
    "quotas",
    METADATA,
    Column("organisation_id", ID, ForeignKey("organisations.id"), primary_key=True),
    Column("used", BigInteger, nullable=False),  # plaintext bytes of originals, stored or on their way
    Column("most", BigInteger, nullable=True),  # null: what the policy says
    Column("told_at", Moment, nullable=True),  # when those in charge were told that it is nearly full
)

person_quotas = Table(  # the same of each person: what they brought, wherever it lies
    "person_quotas",
    METADATA,
    Column("person_id", ID, ForeignKey("people.id"), primary_key=True),
    Column("used", BigInteger, nullable=False),
    Column("most", BigInteger, nullable=True),
)

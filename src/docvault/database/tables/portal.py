"""The installation itself: its mail, its workers."""

from sqlalchemy import Column, Index, Integer, LargeBinary, String, Table

from docvault.database.tables.columns import ID, METADATA, Moment, identifier, reference

installation = Table(
    "installation",
    METADATA,
    Column("id", Integer, primary_key=True),  # always 1
    Column("name", String(200), nullable=False),
    Column("log_origin", String(200), nullable=False),  # the C2SP origin line of the audit log
    Column("created_at", Moment, nullable=False),
)

messages = Table(  # mail to send; without SMTP the outbox page shows them
    "messages",
    METADATA,
    identifier(),
    reference("person_id", "people.id", nullable=True),
    Column("recipient", String(254), nullable=False),
    # who asked for it with which right, asked again before it leaves (promise 25); null: the portal itself
    reference("caused_by", "people.id", nullable=True),
    Column("permission", String(60), nullable=True),
    Column("about", ID, nullable=True),  # on which envelope, if the right is one on it
    Column("template", String(60), nullable=False),  # which words: they are rendered when it is sent
    Column("body", LargeBinary, nullable=False),  # the template's values, sealed: links in them are secrets
    Column("created_at", Moment, nullable=False),
    Column("sent_at", Moment, nullable=True),
    Column("withheld_at", Moment, nullable=True),  # it was not sent, for good
    Column("withheld", String(20), nullable=True),  # why: asker-left | asker-may-not | reader-off
    Column("failures", Integer, nullable=False),
    Column("claimed_until", Moment, nullable=True),  # a worker is sending it; nobody else does until then
    Index("ix_messages_created_at_id", "created_at", "id"),
)

workers = Table(  # the pulse of every running worker: the jobs of one that stopped are taken over
    "workers",
    METADATA,
    Column("executor_id", String(60), primary_key=True),
    Column("started_at", Moment, nullable=False),
    Column("seen_at", Moment, nullable=False),
)

"""Signing in person: whom the sender wants beside a signer, and each time the device was handed over."""

from sqlalchemy import Column, ForeignKey, LargeBinary, String, Table

from docvault.database.tables.columns import ID, METADATA, Moment, identifier, reference

in_person_hosts = Table(  # beside the recipient's own row
    "in_person_hosts",
    METADATA,
    Column("recipient_id", ID, ForeignKey("recipients.id"), primary_key=True),
    reference("host_id", "people.id", index=True),
)

in_person_handings = Table(  # one time that a host vouched for a signer and handed the device over
    "in_person_handings",
    METADATA,
    identifier(),
    reference("recipient_id", "recipients.id", index=True),
    reference("host_id", "people.id"),
    Column("link_hash", LargeBinary, ForeignKey("outside_links.token_hash"), nullable=False, unique=True),
    Column("digest", String(64), nullable=False),  # of the documents that the signer is shown
    Column("checked", String(20), nullable=False),  # how the host made sure who it is
    Column("factor", String(20), nullable=False),  # that the host confirmed it with
    Column("step_up_id", ID, ForeignKey("step_ups.id"), nullable=False),
    Column("attested_at", Moment, nullable=False),
    Column("proven", String(20), nullable=False),  # what the host's own session began with
    Column("back_hash", LargeBinary, nullable=False, unique=True),  # of the browser's cookie (promise 18)
    Column("back_until", Moment, nullable=False),  # a password is asked again after that
    Column(
        "session_id", ID, ForeignKey("sessions.id"), nullable=True, unique=True
    ),  # the signer's, once begun
    Column("ended_at", Moment, nullable=True),  # when the host took the device back
)

"""Signers without an account: what their envelope asks of them, links in their mail, codes on their way."""

from sqlalchemy import Boolean, Column, ForeignKey, Integer, LargeBinary, Table, false

from docvault.database.tables.columns import ID, METADATA, Moment, identifier, reference

outside_signers = Table(  # beside the recipient's own row
    "outside_signers",
    METADATA,
    Column("recipient_id", ID, ForeignKey("recipients.id"), primary_key=True),
    Column("access_code", LargeBinary, nullable=True),  # sealed; null: none is asked
    Column("code_due", Boolean, nullable=False, server_default=false()),  # the sender has to set one
    Column("told_at", Moment, nullable=True),  # when the access code was given rightly
    Column("confirmed_at", Moment, nullable=True),  # when a mailed code was last given rightly
)

outside_links = Table(  # good while the envelope names this person, until it expires
    "outside_links",
    METADATA,
    Column("token_hash", LargeBinary, primary_key=True),  # SHA-256 of the link's token (promise 37)
    reference("recipient_id", "recipients.id", index=True),
    reference("person_id", "people.id"),  # another address on the envelope is another person
    Column("expires_at", Moment, nullable=False),
)

mail_codes = Table(  # one browser that opened a link, and the code that was mailed for it (promise 41)
    "mail_codes",
    METADATA,
    identifier(),
    Column("token_hash", LargeBinary, nullable=False, unique=True),  # of the browser's cookie
    Column("link_hash", LargeBinary, ForeignKey("outside_links.token_hash"), nullable=False),
    Column("code", LargeBinary, nullable=False),  # sealed
    Column("tries_left", Integer, nullable=False),
    Column("expires_at", Moment, nullable=False),
)

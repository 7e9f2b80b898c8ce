"""Links to templates, and the codes on their way to those who opened one."""

from sqlalchemy import Column, ForeignKey, Integer, LargeBinary, Table

from docvault.database.tables.columns import ID, METADATA, Moment, identifier, reference

template_links = Table(
    "template_links",
    METADATA,
    identifier(),
    reference("template_id", "templates.id", index=True),
    Column("number", Integer, nullable=False),  # of the template's version
    reference("person_id", "people.id"),  # whose rights it lends (promise 19)
    Column("token_hash", LargeBinary, nullable=False, unique=True),  # SHA-256 (promise 37)
    Column("sealed", LargeBinary, nullable=True),  # people and values that are chosen; null: closed
    Column("ends_at", Moment, nullable=False),
    Column("most_uses", Integer, nullable=False),
    Column("uses", Integer, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("closed_at", Moment, nullable=True),
)

link_codes = Table(  # one browser that opened a link, and what was said and mailed in it (promise 41)
    "link_codes",
    METADATA,
    identifier(),
    Column("token_hash", LargeBinary, nullable=False, unique=True),  # of the browser's cookie
    Column("link_id", ID, ForeignKey("template_links.id"), nullable=False),
    Column("sealed", LargeBinary, nullable=False),  # name, address and code
    Column("tries_left", Integer, nullable=False),
    Column("expires_at", Moment, nullable=False),
)

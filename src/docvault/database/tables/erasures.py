"""People whose details were erased, and which entries of the log lost theirs by it."""

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, Table

from docvault.database.tables.columns import ID, METADATA, Moment

erasures = Table(  # decided by two people; the epoch stands in `disposals`, under the person's id
    "erasures",
    METADATA,
    Column("person_id", ID, ForeignKey("people.id"), primary_key=True),
    Column("begun_at", Moment, nullable=False),
    Column("done_at", Moment, nullable=True),  # when everything that may go was gone
    Column("entries", Integer, nullable=False),  # of the log, whose details are gone
    Column("kept", Integer, nullable=False),  # entries that are kept as evidence of signed documents
    Column("kept_until", Moment, nullable=True),  # the last of these documents, as its schedule says now
)

erased_details = Table(  # what an export may say of details that are missing: they were erased on purpose
    "erased_details",
    METADATA,
    Column("index", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False),
    Column("person_id", ID, ForeignKey("people.id"), primary_key=True),
    Column("erased_at", Moment, nullable=True),  # null: kept until the signed document it proves is destroyed
    Index("ix_erased_details_person_id", "person_id"),
)

"""Bulk sends: one template sent to each row of a list, once."""

from sqlalchemy import Column, ForeignKey, Index, Integer, LargeBinary, String, Table, Text

from docvault.database.tables.columns import ID, METADATA, Moment, identifier, reference

bulk_sends = Table(
    "bulk_sends",
    METADATA,
    identifier(),
    reference("template_id", "templates.id", index=True),
    Column("number", Integer, nullable=False),  # of the template's version: the one that the dry run saw
    reference("organisation_id", "organisations.id"),
    reference("folder_id", "folders.id"),  # where the template's documents lay
    reference("person_id", "people.id"),  # whose it is: asked for the right again at each row (promise 25)
    Column("columns", Text, nullable=False),  # JSON list: the header of the file
    Column("file_hash", LargeBinary, nullable=False),  # SHA-256: the same file twice is pointed out
    Column("due_at", Moment, nullable=True),  # of every envelope
    Column("created_at", Moment, nullable=False),
    Column("changed_at", Moment, nullable=False),
    Column("started_at", Moment, nullable=True),
    Column("cancelled_at", Moment, nullable=True),
    Column("finished_at", Moment, nullable=True),
    Index("ix_bulk_sends_person_id_created_at_id", "person_id", "created_at", "id"),
)

bulk_rows = Table(
    "bulk_rows",
    METADATA,
    Column("bulk_id", ID, ForeignKey("bulk_sends.id"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),  # as a spreadsheet counts, from 2
    Column("state", String(10), nullable=False),  # rules.bulk_sends.RowState
    Column(
        "sealed", LargeBinary, nullable=True
    ),  # names, addresses, values, troubles; null: not needed any more
    Column("tries", Integer, nullable=False),  # that broke for no reason of the row's own
    reference("envelope_id", "envelopes.id", nullable=True, index=True),
    Index("ix_bulk_rows_bulk_id_state_number", "bulk_id", "state", "number"),
)

"""The installation's own keys, all of them wrapped, and how far their rotation has come."""

from sqlalchemy import Column, Integer, LargeBinary, String, Table

from docvault.database.tables.columns import METADATA, Moment, identifier

keys = Table(  # CA, seal, timestamps, log, pepper: each under the master key, by generation
    "keys",
    METADATA,
    Column("name", String(60), primary_key=True),
    Column("generation", Integer, primary_key=True, autoincrement=False),  # from 1; the newest is in use
    Column("wrapped", LargeBinary, nullable=False),  # empty: it was destroyed, or there was no secret
    Column("public", LargeBinary, nullable=False),  # DER certificate, or the raw public key of the log
    Column("created_at", Moment, nullable=False),
)

master_keys = Table(  # everything that is sealed here is under one of these; each is under a root key
    "master_keys",
    METADATA,
    Column("generation", Integer, primary_key=True, autoincrement=False),  # from 1; the newest seals
    Column("root", String(300), primary_key=True),  # the name of the root key that wraps it; no secret
    Column("wrapped", LargeBinary, nullable=False),
    Column("digest", String(16), nullable=False),  # tells it from every other key, and gives nothing away
    Column("created_at", Moment, nullable=False),
)

key_rotations = (
    Table(  # one that was killed goes on where it was: what is left to do, the rows say themselves
        "key_rotations",
        METADATA,
        identifier(),
        Column("kind", String(20), nullable=False),  # root | master | folders | pepper | log | …
        Column("generation", Integer, nullable=False),  # the one that is to take over
        Column("started_at", Moment, nullable=False),
        Column("finished_at", Moment, nullable=True),
    )
)

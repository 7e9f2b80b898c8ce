"""The audit log: entries, the tree over them, and its checkpoints."""

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, LargeBinary, String, Table, Text

from docvault.database.tables.columns import ID, METADATA, Moment

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

# How far the log is published outside, at each place that it was ever published to.
audit_publications = Table(
    "audit_publications",
    METADATA,
    Column("place", Text, primary_key=True),
    Column("size", _POSITION, primary_key=True, autoincrement=False),  # every tile of so many entries is out
    Column("checkpoint", Boolean, nullable=False),  # and the checkpoint of this size
    Column("at", Moment, nullable=False),
)

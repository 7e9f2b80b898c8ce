"""Legal holds, days that two people set, and what was destroyed. Nothing is overwritten, as in access.py."""

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, LargeBinary, String, Table

from docvault.database.tables.columns import (
    ID,
    METADATA,
    Moment,
    identifier,
    one_in_force,
    period,
    reference,
)

holds = Table(  # any number at once on the same thing: each has its own reason and is lifted for itself
    "holds",
    METADATA,
    identifier(),
    Column("subject_type", String(12), nullable=False),  # organisation | folder | document
    Column("subject_id", ID, nullable=False),
    Column("sealed", LargeBinary, nullable=False),  # the reason
    *period(),
    Index("ix_holds_subject_id", "subject_id"),
)

retention_overrides = Table(
    "retention_overrides",
    METADATA,
    identifier(),
    reference("document_id", "documents.id"),
    Column("keep_until", Moment, nullable=False),
    *period(),
    one_in_force("retention_overrides", "document_id"),
)

# What was destroyed, as evidence. No foreign keys: an older state of the database that was put back learns
# from the object store what was destroyed after it, and may not know the document.
disposals = Table(
    "disposals",
    METADATA,
    Column(
        "epoch", BigInteger, primary_key=True, autoincrement=False
    ),  # only grows; the name of its tombstone
    Column("document_id", ID, nullable=False, unique=True),
    Column("rule", String(12), nullable=False),  # schedule | override | bin | two-people
    Column(
        "starts_at", Moment, nullable=True
    ),  # of the clock; these four are null where nobody knows any more
    Column("kept_until", Moment, nullable=True),
    Column("versions", Integer, nullable=True),
    Column("size", BigInteger, nullable=True),  # plaintext bytes of all of them
    Column("begun_at", Moment, nullable=False),  # no way back from here
    Column("done_at", Moment, nullable=True),  # its keys are destroyed
    Column("digest", String(64), nullable=True),  # hex SHA-256 of its list of versions, as the trail has it
    Column("ciphertext_until", Moment, nullable=True),  # when the store lets go of what nobody can open
    Index("ix_disposals_done_at", "done_at"),
)

# Which stored versions the object store keeps from being removed, and until when. Of this store alone: a
# backup leaves it out, and the job that locks finds out anew.
object_locks = Table(
    "object_locks",
    METADATA,
    Column("version_id", ID, ForeignKey("versions.id"), primary_key=True),
    Column("asked_until", Moment, nullable=True),  # some of its objects may be locked until then
    Column("locked_until", Moment, nullable=True),  # all of its objects are
    Column("look_at", Moment, nullable=False),  # whether it has to be longer
    Index("ix_object_locks_look_at", "look_at"),
)

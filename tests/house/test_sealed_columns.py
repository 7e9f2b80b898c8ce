"""No column of bytes is forgotten when the master key is renewed: what a rotation forgets dies with the old key."""

from sqlalchemy import LargeBinary

from docvault.database.sealed_columns import SEALED
from docvault.database.tables import METADATA

# What other columns of bytes hold. A hash or a public value needs no key; what a folder key or a root key wraps has
# rotations of its own.
OTHERS = {
    "recovery_codes.hash": "a hash",
    "passkey_challenges.challenge": "random bytes that a browser signs; gone in minutes",
    "keys.public": "public",
    "trust_anchors.certificate": "public",
    "dav_locks.owner": "what a program says of itself to whoever meets its lock",
    "dav_properties.value": "what a program keeps on a file for every other program",
    "master_keys.wrapped": "under the root key",
    "versions.wrapped_key": "under the folder's key",
    "audit_entries.leaf": "public to whoever reads the trail",
    "audit_details.salt": "of a commitment",
    "audit_details.body": "readable by whoever holds the database, and erasable: docs/formats/audit-log.md",
    "audit_state.edge": "hashes",
    "audit_tiles.hashes": "hashes",
}


def test_every_column_of_bytes_is_sealed_anew_by_a_rotation_or_says_why_not():
    columns = {
        f"{table.name}.{column.name}"
        for table in METADATA.sorted_tables
        for column in table.columns
        if isinstance(column.type, LargeBinary)
    }
    plain = {name for name in columns if name.endswith("_hash")} | OTHERS.keys()
    sealed = {one.name for one in SEALED}
    forgotten = columns - plain - sealed
    assert not forgotten, f"{forgotten}: add it to database/sealed_columns.py, or say in OTHERS what it holds"
    assert sealed <= columns
    assert not sealed & plain
    assert OTHERS.keys() <= columns

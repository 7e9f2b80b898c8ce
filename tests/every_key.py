"""Every secret key of an installation, opened by the independent reader: what may be found nowhere else."""

from cryptography.hazmat.primitives.serialization import load_der_private_key

from docvault.database import keys, master_keys
from encryption import independent

FILE = "root-key"  # the row that only the right root key opens; a key to nothing


def masters_of(db, root_text):
    """Return the root key and the masters by generation; from before there were masters it is the first."""
    root = independent.read_key_file(root_text)
    name = f"file:{root_text.splitlines()[2]}"
    with db.reading() as tx:
        rows = master_keys.under(tx, name)
    found = {row.generation: independent.open_master(root, row.generation, row.wrapped) for row in rows}
    return root, found or {1: root}


def own_keys_of(db, masters):
    """Return the secret of every own key by its context."""
    with db.reading() as tx:
        rows = [row for name in keys.names(tx) for row in keys.generations(tx, name)]
    return {
        row.context: independent.open_under_master(masters, "record-key", row.context.encode(), row.wrapped)
        for row in rows
        if row.wrapped and row.name != FILE
    }


def every_key(db, root_text):
    """Return what is secret of all keys, by name; of keys on a curve the number itself."""
    root, masters = masters_of(db, root_text)
    found = {"root": root} | {f"master:{generation}": master for generation, master in masters.items()}
    for context, secret in own_keys_of(db, masters).items():
        found[context] = secret
        if context.startswith("key:ca-"):
            number = load_der_private_key(secret, None).private_numbers().private_value
            found[context] = number.to_bytes(32, "big")
    return found

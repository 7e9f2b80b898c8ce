"""What of the audit log anybody may see, so that witnesses and monitors can watch it: checkpoints and hashes.

Never an entry: hashes of entries say nothing about them, and a checkpoint says only how many there are.
Follows c2sp.org/tlog-checkpoint and c2sp.org/tlog-tiles.
"""

from docvault.audit.errors import TreeInvalid
from docvault.audit.tiles import WIDTH
from docvault.audit.tree import HASH
from docvault.database import audit, audit_checkpoints
from docvault.database.engine import Database
from docvault.values import NotFound


def newest_checkpoint(db: Database) -> str:
    """Return the newest signed checkpoint. Raises NotFound before the first was signed."""
    with db.reading() as tx:
        signed = audit_checkpoints.newest(tx)
    if signed is None:
        raise NotFound
    return signed.note


def hash_tile(db: Database, *, level: int, index: int, width: int = WIDTH) -> bytes:
    """Return the first `width` hashes of a tile of the tree that the newest checkpoint signs.

    Raises NotFound for what that tree does not have (yet).
    """
    with db.reading() as tx:
        signed = audit_checkpoints.newest(tx)
        if signed is None:
            raise NotFound
        try:
            hashes = audit.tile_reader(tx, signed.size).tile(level, index)
        except TreeInvalid as error:
            raise NotFound from error
    if len(hashes) < width * HASH:
        raise NotFound
    return hashes[: width * HASH]

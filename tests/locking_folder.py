"""A folder that keeps locks in memory as a bucket does: for what no test needs a server for."""

from datetime import UTC, datetime

from docvault.blobs.filesystem import FileBlobs
from docvault.blobs.store import BlobLocked


class LockingFolder(FileBlobs):
    """lies: it says that it locks, and does not."""

    def __init__(self, root):
        super().__init__(root)
        self.locks: dict[str, datetime] = {}
        self.asked = 0
        self.refused = 0
        self.now = None  # of its own clock; by default the machine's
        self.able = True

    def can_lock(self):
        return self.able

    def lock(self, key, until):
        self.get(key)
        self.asked += 1
        self.locks[key] = max(until, self.locks.get(key, until))

    def locked_until(self, key):
        self.get(key)
        return self.locks.get(key)

    def delete(self, key):
        if key in self.locks and self.locks[key] > (self.now or datetime.now(UTC)):
            self.refused += 1
            raise BlobLocked
        super().delete(key)

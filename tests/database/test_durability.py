"""What was answered is on the disk."""

from actions.world import POLICY
from docvault.database.engine import Database


def test_a_commit_on_sqlite_waits_for_the_disk(tmp_path, as_shipped):
    db = Database(f"sqlite:///{tmp_path / 'docvault.sqlite'}", POLICY)
    with db.reading() as tx:
        assert tx.connection.exec_driver_sql("PRAGMA synchronous").scalar_one() == 2  # FULL
        assert tx.connection.exec_driver_sql("PRAGMA journal_mode").scalar_one() == "wal"
    db.close()

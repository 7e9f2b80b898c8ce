"""Write the next migration from the difference between the tables and the newest migration.

Usage: python tools/new_migration.py "Say what changes"
"""

import sys
import tempfile
from pathlib import Path

from alembic import command

from docvault.database.engine import Database
from docvault.database.migrate import configuration
from docvault.policy.engine import Policy, default_folder

with tempfile.TemporaryDirectory() as folder:
    db = Database(f"sqlite:///{Path(folder) / 'empty.sqlite'}", Policy.load(default_folder()))
    with db.transaction() as tx:
        config = configuration(tx.connection)
        command.upgrade(config, "head")
        number = (
            len(list((Path(config.get_main_option("script_location") or "") / "versions").glob("*.py"))) + 1
        )
        command.revision(config, sys.argv[1], autogenerate=True, rev_id=f"{number:04d}")
    db.close()

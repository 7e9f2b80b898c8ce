"""An issuing authority from before serial numbers were listed: nothing that it issued becomes unknown."""

import hashlib

from alembic import command

from actions.world import NOW
from docvault.database import issued_certificates, keys
from docvault.database.engine import Database
from docvault.database.migrate import configuration, migrate
from docvault.policy.engine import Policy, default_folder


def test_what_an_older_authority_issued_may_still_be_good(tmp_path):
    db = Database(f"sqlite:///{tmp_path / 'db.sqlite'}", Policy.load(default_folder()))
    with db.transaction() as tx:
        command.upgrade(configuration(tx.connection), "0036")
        keys.put(tx, "ca-issuing", b"", b"the first", NOW)
        keys.put(tx, "ca-seal", b"", b"a unit", NOW)
    migrate(db)
    older, newer = (hashlib.sha256(one).hexdigest() for one in (b"the first", b"the next"))
    with db.transaction() as tx:
        issued_certificates.add(tx, newer, 2**158 + 7, NOW)
        assert issued_certificates.may_be_issued(tx, older, 4711)
        assert issued_certificates.may_be_issued(tx, newer, 2**158 + 7)
        assert not issued_certificates.may_be_issued(tx, newer, 4711)
        assert not issued_certificates.may_be_issued(tx, hashlib.sha256(b"a unit").hexdigest(), 4711)
    db.close()

"""The restore drill: everything goes into one file while others work, and comes back whole or not at all."""

import hashlib
import io
import json
import os
import shutil
import subprocess
import sys
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from sqlalchemy import func, select, update
from typer.testing import CliRunner

from actions import envelope_world as signing
from actions.world import NOW
from docvault import settings as settings_module
from docvault import wiring
from docvault.actions import backups as actions
from docvault.actions.folders import create_folder_inside
from docvault.actions.uploads import begin_upload, finish_upload, store_segment
from docvault.audit.kinds import Kind
from docvault.blobs.filesystem import FileBlobs
from docvault.blobs.store import StorageFull
from docvault.cli import backup as command
from docvault.cli.main import app
from docvault.credentials.passphrases import Cost
from docvault.credentials.refusals import PasswordRefused
from docvault.database import audit_trail, dumps, search_index, tables
from docvault.rules.scans import Scan
from docvault.settings import Settings
from docvault.values import DocVaultError
from docvault.vault import backups
from docvault.vault.backups import BackupDamaged, Luggage, NotABackup, NotVacant, SecretWrong
from docvault.vault.errors import Quarantined
from docvault.vault.files import SEGMENT
from docvault.vault.shredding import Tombstone
from vault.files import store

WORDS = "orchard lantern tugboat 47 pewter"
under_way = []  # who sends which upload
LONG = os.urandom(SEGMENT + 4711)


@contextmanager
def settings_of(**values):
    """Let commands find these settings, as variables of the environment."""
    before = dict(os.environ)
    for name in [name for name in os.environ if name.startswith("DOCVAULT_")]:
        del os.environ[name]
    os.environ.update({f"DOCVAULT_{name.upper()}": str(value) for name, value in values.items()})
    try:
        yield settings_module.load()
    finally:
        os.environ.clear()
        os.environ.update(before)


@contextmanager
def opened(**values):
    """Open the installation that these settings name."""
    with settings_of(**values) as chosen, closing(wiring.build(chosen)) as portal:
        yield portal


def furnish(portal):
    """Put people, folders in folders, documents with versions and a sent envelope into a portal."""
    made = signing.of_portal(portal)
    world = made.world
    document = signing.add_document(made, b"The first version.")
    store(world, document, b"The second version.")
    signing.add_document(made, LONG, "large.bin")
    signing.sent(made)
    with portal.db.reading() as tx:
        folder = tx.connection.execute(select(tables.documents.c.folder_id)).scalars().first()
    create_folder_inside(
        portal.db,
        portal.vault,
        acting=world.manager,
        parent_id=folder,
        name="Inside",
        kind="general",
        now=NOW,
    )
    with portal.db.transaction() as tx:
        search_index.ask_for_all(tx, NOW)
    begun = begin_upload(
        portal.db,
        portal.vault,
        acting=world.manager,
        folder_id=folder,
        filename="on its way.bin",
        size=len(LONG),
        now=NOW,
    )
    send(portal, world.manager, begun.id, 0)
    return made.world.manager, begun.id


def send(portal, acting, upload_id, offset):
    store_segment(
        portal.db,
        portal.vault,
        acting=acting,
        upload_id=upload_id,
        offset=offset,
        plaintext=LONG[offset : offset + SEGMENT],
        now=NOW,
    )


@pytest.fixture(scope="module")
def words(tmp_path_factory):
    file = tmp_path_factory.mktemp("secret") / "passphrase"
    file.write_text(WORDS + "\n")
    return file


@pytest.fixture(scope="module", autouse=True)
def _cheap_keys():
    """A key of a passphrase costs half a second; what it costs is not what these tests are about."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(backups, "COST", Cost(memory_kib=64, passes=1, lanes=1))
        yield


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """An installation with something in it."""
    folder = tmp_path_factory.mktemp("home")
    with settings_of(data=folder / "data") as settings:
        portal = wiring.prepare(settings)
    with closing(portal):
        under_way.append(furnish(portal))
    return settings


@pytest.fixture(scope="module")
def file(home, words, tmp_path_factory):
    """A backup of it, made by the command."""
    place = tmp_path_factory.mktemp("backup") / "everything.docvault"
    with settings_of(data=home.data):
        command.backup(file=place, data=None, passphrase_file=words, recovery_key=False)
    return place


def run(*arguments, **values):
    with settings_of(**values):
        return CliRunner().invoke(app, [str(each) for each in arguments])


def restore(file, words, **values):
    return run("restore", file, "--passphrase-file", words, **values)


def kept_rows(db):
    """Return every row that a backup holds, by table; of the log those up to the backup's own entry."""
    with db.snapshot() as tx:
        return {
            table.name: [row for batch in dumps.rows(tx, table) for row in batch]
            for table in dumps.kept_tables()
        }


def contents(portal):
    with portal.db.reading() as tx:
        ids = dumps.stored_versions(tx, "")
    opened = [portal.vault.open_for_scanning(portal.db, each) for each in ids]
    return {each.id: b"".join(each.range(0, each.size)) for each in opened}


def last_entry(db):
    with db.reading() as tx:
        return audit_trail.page(tx, audit_trail.Filters(), after=None, limit=1).items[0]


OF_A_RESTORE = {"audit_entries", "audit_details", "audit_state", "audit_tiles", "unlisted_issuers"}


def same_but_for_the_entry_of_it(restored, original):
    """Compare all rows; the restored log has one entry more, which says that it was restored.

    Nobody knows what its issuing authority gave out after the backup, which is noted as well.
    """
    for name in original.keys() - OF_A_RESTORE:
        assert restored[name] == original[name], name
    assert (len(original["unlisted_issuers"]), len(restored["unlisted_issuers"])) == (0, 1)
    for name in ("audit_entries", "audit_details"):
        assert restored[name][: len(original[name])] == original[name]
        assert len(restored[name]) == len(original[name]) + 1


def test_what_is_restored_is_what_was_backed_up_and_proves_itself(home, file, words, tmp_path):
    answer = restore(file, words, data=tmp_path / "new")
    assert answer.exit_code == 0, answer.output
    assert "each with the SHA-256 it was stored with" in answer.output
    assert "audit log holds from end to end" in answer.output
    with opened(data=home.data) as original, opened(data=tmp_path / "new") as restored:
        same_but_for_the_entry_of_it(kept_rows(restored.db), kept_rows(original.db))
        assert contents(restored) == contents(original)
        assert LONG in contents(restored).values()
        assert last_entry(restored.db).kind == Kind.BACKUP_RESTORED
        assert last_entry(original.db).kind == Kind.BACKUP_MADE
    assert (tmp_path / "new" / "keys" / "root.key").stat().st_mode & 0o777 == 0o600


def test_nobody_is_signed_in_after_a_restore(file, words, tmp_path):
    assert restore(file, words, data=tmp_path / "new").exit_code == 0
    with opened(data=tmp_path / "new") as restored, restored.db.reading() as tx:
        for name in sorted(dumps.LEFT_OUT):
            table = tables.METADATA.tables[name]
            assert tx.connection.execute(select(func.count()).select_from(table)).scalar() == 0, name
        assert tx.connection.execute(select(func.count()).select_from(tables.people)).scalar() > 4


def test_an_upload_goes_on_in_the_restored_installation(file, words, tmp_path):
    assert restore(file, words, data=tmp_path / "new").exit_code == 0
    sender, upload = under_way[0]
    with opened(data=tmp_path / "new") as portal:
        send(portal, sender, upload, SEGMENT)
        done = finish_upload(portal.db, portal.vault, portal.pdf, acting=sender, upload_id=upload, now=NOW)
        assert done.versions[0].sha256 == hashlib.sha256(LONG).hexdigest()


def test_no_row_that_is_kept_refers_to_one_that_is_not():
    """A new table that does so must be left out as well, or what it refers to be kept."""
    for table in dumps.kept_tables():
        for key in table.foreign_keys:
            assert key.column.table.name not in dumps.LEFT_OUT, (table.name, key.column)
            assert key.column.table is not table or key.parent.nullable, (table.name, key.parent)


def test_verify_proves_everything_and_leaves_nothing(file, words, tmp_path):
    before = sorted(file.parent.iterdir())
    answer = run("restore", file, "--passphrase-file", words, "--verify", data=tmp_path / "new")
    assert answer.exit_code == 0, answer.output
    assert "Nothing was restored" in answer.output
    assert not (tmp_path / "new").exists()
    assert sorted(file.parent.iterdir()) == before


def test_into_the_other_database_and_the_other_store_and_back(
    home, file, words, tmp_path, empty_postgres_url, bucket
):
    there = {
        "data": tmp_path / "there",
        "database_url": empty_postgres_url,
        "blobs": f"s3://{bucket.name}/{bucket.prefix}?endpoint={bucket.endpoint}",
        "s3_access_key": bucket.access_key,
        "s3_secret_key": bucket.secret_key,
    }
    answer = restore(file, words, **there)
    assert answer.exit_code == 0, answer.output
    with opened(**there) as portal:  # its rows are numbered by the database, which goes on behind them
        document = next(iter(kept_rows(portal.db)["documents"]))[0]
        with pytest.raises(ZeroDivisionError), portal.db.transaction() as tx:
            search_index.forget(tx, document)
            search_index.ask(tx, document, NOW)
            raise ZeroDivisionError
    again = tmp_path / "again.docvault"
    answer = run("backup", again, "--passphrase-file", words, **there)
    assert answer.exit_code == 0, answer.output
    assert bucket.secret_key.encode() not in again.read_bytes()
    answer = restore(again, words, data=tmp_path / "back")
    assert answer.exit_code == 0, answer.output
    with opened(data=home.data) as original, opened(data=tmp_path / "back") as back:
        ours, theirs = kept_rows(original.db), kept_rows(back.db)
        assert contents(back) == contents(original)
    for name in ours.keys() - OF_A_RESTORE:
        assert theirs[name] == ours[name], name
    assert theirs["audit_entries"][: len(ours["audit_entries"])] == ours["audit_entries"]


class Meddled:
    """A store during whose first reading somebody does something."""

    def __init__(self, blobs, meddle):
        self._blobs, self._meddle = blobs, meddle

    def get(self, key):
        meddle, self._meddle = self._meddle, None
        if meddle:
            meddle()
        return self._blobs.get(key)

    def list(self, prefix):
        return iter(list(self._blobs.list(prefix)))  # as it was when it was asked for

    def __getattr__(self, name):
        return getattr(self._blobs, name)


def test_others_go_on_working_and_the_file_holds_one_moment(tmp_path, words, monkeypatch):
    with settings_of(data=tmp_path / "busy") as settings:
        portal = wiring.prepare(settings)
    with closing(portal):
        made = signing.of_portal(portal)
        document = signing.add_document(made, b"Here before.")
        added = []

        def meddle():
            added.append(store(made.world, document, b"Added while the backup was made."))

        monkeypatch.setattr(portal.vault, "blobs", Meddled(portal.vault.blobs, meddle))
        target = io.BytesIO()
        done = actions.make_backup(
            portal.db, portal.vault, target, secret=WORDS, recovery=False, version="1", operator="ops", now=NOW,
            luggage=Luggage(portal.db.policy.digest, {}, {}, settings.root_key_path.read_bytes()),
        )  # fmt: skip
        assert added
    file = tmp_path / "busy.docvault"
    file.write_bytes(target.getvalue())
    assert done.end.versions == 2
    answer = restore(file, words, data=tmp_path / "new")
    assert answer.exit_code == 0, answer.output
    with opened(data=tmp_path / "new") as restored:
        assert sorted(contents(restored).values()) == [b"Added while the backup was made.", b"Here before."]


def test_what_a_scanner_has_closed_is_proven_too_and_stays_closed(home, words, tmp_path):
    closed = tmp_path / "closed"
    shutil.copytree(home.data, closed)
    with opened(data=closed) as portal, portal.db.transaction() as tx:
        tx.connection.execute(update(tables.versions).values(scan=Scan.INFECTED))
    file = tmp_path / "closed.docvault"
    assert run("backup", file, "--passphrase-file", words, data=closed).exit_code == 0
    assert restore(file, words, data=tmp_path / "new").exit_code == 0
    with opened(data=tmp_path / "new") as portal:
        with portal.db.reading() as tx:
            first = dumps.stored_versions(tx, "")[0]
        with pytest.raises(Quarantined):
            portal.vault.open_version(portal.db, first)


@pytest.mark.promise(57)
@pytest.mark.parametrize("renewed", [(), ("root", "master")], ids=["same keys", "renewed keys"])
def test_what_was_destroyed_since_stays_destroyed_in_a_restored_backup(home, file, words, tmp_path, renewed):
    """The backup is from before, with keys and bytes; only the list beside the root key is newer."""
    lived_on = tmp_path / "lived on"
    shutil.copytree(home.data, lived_on)
    for kind in renewed:
        assert run("keys", "rotate", kind, data=lived_on).exit_code == 0
    with opened(data=lived_on) as portal:
        everything = contents(portal)
        with portal.db.reading() as tx:
            rows = tx.connection.execute(select(tables.versions.c.id, tables.versions.c.document_id)).all()
        documents = {row.document_id for row in rows if everything.get(row.id) == b"The first version."}
        (document,) = documents
        gone = {row.id for row in rows if row.document_id == document}
        portal.stones.put(Tombstone(1, document, tuple(sorted(gone)), "contract", NOW))
    keys = tmp_path / "new" / "keys"
    keys.mkdir(parents=True)
    shutil.copy(lived_on / "keys" / "shredded.list", keys)
    answer = restore(file, words, data=tmp_path / "new")
    assert answer.exit_code == 0, answer.output
    with opened(data=tmp_path / "new") as restored:
        assert contents(restored) == {key: value for key, value in everything.items() if key not in gone}
        assert len(gone) == 2


def test_a_recovery_key_is_printed_once_and_opens_however_it_is_typed(home, tmp_path):
    file = tmp_path / "b.docvault"
    answer = run("backup", file, "--recovery-key", data=home.data)
    assert answer.exit_code == 0, answer.output
    key = next(line.strip() for line in answer.output.splitlines() if line.startswith("  "))
    (tmp_path / "typed").write_text(key.upper().replace("-", " "))
    (tmp_path / "wrong").write_text(key[:-4] + "aaaa")
    assert key.encode() not in file.read_bytes()
    refused = restore(file, tmp_path / "wrong", data=tmp_path / "new")
    assert isinstance(refused.exception, SecretWrong)
    answer = run("restore", file, "--passphrase-file", tmp_path / "typed", "--verify", data=tmp_path / "new")
    assert answer.exit_code == 0, answer.output


# --- refused ------------------------------------------------------------------------------------------------


def refused(answer, kind, words):
    assert isinstance(answer.exception, kind), answer.output or answer.exception
    assert words in str(answer.exception)


def is_vacant(folder):
    left = [path for path in Path(folder).rglob("*") if path.is_file() and "docvault.sqlite" not in path.name]
    return not left


@pytest.mark.parametrize("place", ["title", "header", "salt", "first", "middle", "end", "cut", "longer"])
def test_a_damaged_backup_restores_nothing(file, words, tmp_path, place):
    whole = bytearray(file.read_bytes())
    frames = whole.index(b"\n", len(backups.TITLE)) + 1
    at = {
        "title": 5,
        "header": whole.index(b'"id":"') + 8,
        "salt": whole.index(b'"salt":"') + 9,
        "first": frames + 40,
        "middle": len(whole) // 2,
        "end": len(whole) - 1,
    }
    if place == "cut":
        del whole[-100:]
    elif place == "longer":
        whole += b"x"
    else:
        whole[at[place]] ^= 1
    damaged = tmp_path / "damaged"
    damaged.write_bytes(whole)
    answer = restore(damaged, words, data=tmp_path / "new")
    assert isinstance(answer.exception, BackupDamaged | NotABackup | SecretWrong), answer.output
    assert not (tmp_path / "new").exists()


def test_another_passphrase_and_another_file_are_refused_in_words(file, words, tmp_path):
    (tmp_path / "other").write_text("orchard lantern tugboat 48 pewter")
    refused(restore(file, tmp_path / "other", data=tmp_path / "new"), SecretWrong, "passphrase does not open")
    refused(restore(words, words, data=tmp_path / "new"), NotABackup, "not a backup")
    refused(restore(tmp_path / "none", words, data=tmp_path / "new"), command.FileRefused, "cannot be read")


def test_a_place_that_is_not_vacant_is_left_as_it_is(file, home, words, tmp_path):
    refused(restore(file, words, data=home.data), NotVacant, "an installation in that database already")
    FileBlobs(tmp_path / "a" / "blobs").put(f"{'ab' * 16}/000000", b"x")
    refused(restore(file, words, data=tmp_path / "a"), NotVacant, "files in that store already")
    keys = tmp_path / "b" / "keys"
    keys.mkdir(parents=True)
    (keys / "root.key").write_text("another key")
    refused(restore(file, words, data=tmp_path / "b"), NotVacant, "another root key")
    assert (keys / "root.key").read_text() == "another key"


def test_a_restore_that_fails_midway_leaves_a_vacant_place_and_can_be_tried_again(
    file, words, tmp_path, monkeypatch
):
    whole, left = FileBlobs.put, [3]

    def put(self, key, data):
        left[0] -= 1
        if left[0] == 0:
            raise StorageFull
        whole(self, key, data)

    monkeypatch.setattr(FileBlobs, "put", put)
    refused(restore(file, words, data=tmp_path / "new"), StorageFull, "no room")
    assert is_vacant(tmp_path / "new")
    answer = restore(file, words, data=tmp_path / "new")
    assert answer.exit_code == 0, answer.output


def test_tables_of_another_version_are_refused_before_anything_is_written(file, words, tmp_path, monkeypatch):
    monkeypatch.setattr(dumps, "newest", lambda: "9999")
    refused(restore(file, words, data=tmp_path / "new"), backups.OtherTables, "Restore it with that version")
    assert not (tmp_path / "new").exists()


def test_a_short_passphrase_and_a_taken_name_write_nothing(home, words, tmp_path):
    (tmp_path / "short").write_text("short")
    taken = tmp_path / "taken"
    taken.write_text("something else")
    new = tmp_path / "new"
    answer = run("backup", new, "--passphrase-file", tmp_path / "short", data=home.data)
    refused(answer, PasswordRefused, "at least 16 characters")
    answer = run("backup", taken, "--passphrase-file", words, data=home.data)
    refused(answer, DocVaultError, "exists already")
    assert taken.read_text() == "something else"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["short", "taken"]


def test_a_backup_is_read_by_its_owner_only_and_has_nothing_readable(file, home):
    assert file.stat().st_mode & 0o777 == 0o600
    content = file.read_bytes()
    root = home.root_key_path.read_bytes().splitlines()[1]
    for secret in (root, b"Maya Manager", b"contract.pdf", WORDS.encode()):
        assert secret not in content


def test_settings_go_along_but_no_secret(home):
    with settings_of(
        data=home.data, smtp_url="smtp://user:hidden@mail.example:587", name="The Vault"
    ) as chosen:
        portal = wiring.build(chosen)
        with closing(portal):
            luggage = command._luggage(chosen, portal.db.policy)
    assert luggage.settings["name"] == "The Vault"
    assert "hidden" not in json.dumps(dict(luggage.settings))
    assert "portal.cedar" in luggage.policies
    assert Settings(data=home.data).root_key_path.read_bytes() == luggage.root_key


MEASURED = """
import io, os, resource, sys
from contextlib import closing
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from docvault import settings, wiring
from docvault.cli import backup
from actions import envelope_world as signing
from actions.world import NOW
data, file, words, size = Path(sys.argv[2]), Path(sys.argv[3]), Path(sys.argv[4]), int(sys.argv[5])

class Stretch:
    '''A file of `size` bytes that is nowhere.'''
    def __init__(self, size): self.size, self.at = size, 0
    def seek(self, to, whence=0): self.at = self.size if whence else to; return self.at
    def read(self, count): count = min(count, self.size - self.at); self.at += count; return os.urandom(count)

def grown():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

os.environ["DOCVAULT_DATA"] = str(data)
if sys.argv[6] == "fill":
    with closing(wiring.prepare(settings.load())) as portal:
        made = signing.of_portal(portal)
        document = signing.add_document(made, b"small")
        portal.vault.store(portal.db, document_id=document, purpose="original", media_type="x/x", created_by=None,
                           source=Stretch(size), now=NOW)
elif sys.argv[6] == "backup":
    before = grown()
    backup.backup(file=file, data=None, passphrase_file=words, recovery_key=False)
    print("grown", grown() - before)
else:
    before = grown()
    backup.restore(file=file, data=None, passphrase_file=words, verify=False)
    print("grown", grown() - before)
"""


@pytest.mark.soak
def test_a_large_installation_needs_no_more_memory_than_a_small_one(tmp_path, words):
    size = 1024 * 1024 * 1024
    file = tmp_path / "large.docvault"

    def go(data, what):
        tests = str(Path(__file__).parents[1])
        command = [sys.executable, "-c", MEASURED, tests, str(data), str(file), str(words), str(size), what]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        grown = [int(line.split()[1]) for line in done.stdout.splitlines() if line.startswith("grown ")]
        return grown[0] if grown else 0  # KiB

    go(tmp_path / "old", "fill")
    assert go(tmp_path / "old", "backup") < 300 * 1024  # of which the passphrase takes 128 MiB
    assert file.stat().st_size < size * 1.01
    assert go(tmp_path / "new", "restore") < 300 * 1024

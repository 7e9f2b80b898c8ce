"""`docvault backup` and `docvault restore`: everything as one encrypted file, and back into an empty place.

Never prints a passphrase; a recovery key is printed once, when it is made.
"""

import getpass
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from importlib.metadata import version
from pathlib import Path
from typing import BinaryIO

import msgspec

from docvault import wiring
from docvault.actions import backups as actions
from docvault.actions.backups import Proof
from docvault.blobs.store import BlobStore
from docvault.cli import serving
from docvault.credentials.passphrases import new_recovery_key
from docvault.database import work
from docvault.database.engine import Database
from docvault.database.migrate import migrate
from docvault.encryption.keyring import FileKeyring
from docvault.policy.engine import Policy, default_folder
from docvault.settings import SECRET, Settings
from docvault.values import DocVaultError, utc_now
from docvault.vault import backups
from docvault.vault.backups import End, Head, Luggage, NotVacant


class FileRefused(DocVaultError):
    """The file cannot be read or written, or is there already."""


def backup(*, file: Path, data: Path | None, passphrase_file: Path | None, recovery_key: bool) -> None:
    """Write a backup of the installation to a new file."""
    settings = serving.chosen(data)
    portal = wiring.build(settings)
    with closing(portal), _fresh(file) as target:
        secret = new_recovery_key() if recovery_key else _secret(passphrase_file, new=True)
        made = actions.make_backup(
            portal.db,
            portal.vault,
            target,
            secret=secret,
            recovery=recovery_key,
            luggage=_luggage(settings, portal.db.policy),
            version=version("docvault"),
            operator=getpass.getuser(),
            now=portal.clock(),
        )
    if recovery_key:
        print("The recovery key of this backup. It is shown once; without it the file is worth nothing:")
        print(f"\n  {secret}\n")
    print(
        f"{file}: {made.end.versions:,} versions in {made.end.objects:,} objects, "
        f"{sum(made.end.rows.values()):,} rows, {made.end.log_size:,} entries of the audit log."
    )
    if settings.root_key_path is None or not settings.root_key_path.exists():
        print("The root key is kept elsewhere and is not in the file.")
    print(f"Try it from time to time: docvault restore {file} --verify")


def restore(*, file: Path, data: Path | None, passphrase_file: Path | None, verify: bool) -> None:
    """Restore a backup to an empty place and prove it; with `verify`, in a folder that goes again."""
    settings = serving.chosen(data)
    head, parts = _opened(file)
    with closing(parts):
        secret = _secret(passphrase_file, new=False)
        manifest, luggage, end = backups.examine(backups.parts_of(parts, head, secret))
    print(f"The backup of {head.made_at[:16].replace('T', ' ')} UTC is whole: every frame of it opens.")
    if verify:
        with tempfile.TemporaryDirectory(prefix="docvault-verify-", dir=file.parent) as scratch:
            trial = _elsewhere(settings, Path(scratch) / "data", luggage)
            _say(_restored(trial, file, head, secret, luggage, end, note=False))
        print("Nothing was restored.")
        return
    _say(_restored(settings, file, head, secret, luggage, end, note=True))
    print(f"Restored to {settings.data.resolve()}. Nobody is signed in; API tokens are made anew.")
    _tell_of_rules(settings, luggage, manifest.rules)


def _restored(
    settings: Settings, file: Path, head: Head, secret: str, luggage: Luggage, end: End, *, note: bool
) -> Proof:
    settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _vacant(settings) as (db, blobs), _root_key(settings, luggage):
        _, source = _opened(file)  # read again under the header of the first time: another file does not open
        with closing(source):
            backups.load(db, blobs, backups.parts_of(source, head, secret), utc_now())
        actions.require_same_log(db, end)
    with closing(wiring.build(settings)) as portal:
        proof = actions.prove(portal.db, portal.vault, portal.log_key.public)
        if note:
            actions.note_restored(
                portal.db, head=head, end=end, proof=proof, operator=getpass.getuser(), now=portal.clock()
            )
        return proof


@contextmanager
def _vacant(settings: Settings) -> Iterator[tuple[Database, BlobStore]]:
    """Lend the empty database, with its tables, and the empty store. Raises NotVacant."""
    rules = Policy.load(Path(settings.policies) if settings.policies else default_folder())
    blobs = wiring.open_blobs(settings)
    with closing(Database(settings.database, rules)) as db:
        migrate(db)
        backups.require_vacant(db, blobs)
        work.prepare(settings.database)
        yield db, blobs


@contextmanager
def _root_key(settings: Settings, luggage: Luggage) -> Iterator[None]:
    """Put the key file in its place, and away again if what follows fails. Raises NotVacant."""
    path = settings.root_key_path
    if luggage.root_key is None:
        yield
        return
    if path is None:
        raise NotVacant(
            "The backup brings a key file with it. Set DOCVAULT_ROOT_KEY to where it may lie: file:…."
        )
    if path.exists():
        if path.read_bytes() != luggage.root_key:
            raise NotVacant(f"There is another root key at {path}. Nothing was changed.")
        yield
        return
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    FileKeyring.put_back(path, luggage.root_key)
    try:
        yield
    except BaseException:
        path.unlink()
        raise


def _elsewhere(settings: Settings, data: Path, luggage: Luggage) -> Settings:
    """Return the settings of a trial: everything in one folder, with the same rules and names."""
    return msgspec.structs.replace(
        Settings(data=data),
        policies=settings.policies,
        name=settings.name,
        base_url=settings.base_url,
        root_key="" if luggage.root_key else settings.root_key,
    )


def _luggage(settings: Settings, policy: Policy) -> Luggage:
    folder = Path(settings.policies) if settings.policies else default_folder()
    kept = settings.root_key_path
    return Luggage(
        rules=policy.digest,
        settings={
            name: str(getattr(settings, name))
            for name in Settings.__struct_fields__
            if name not in SECRET and getattr(settings, name)
        },
        policies={path.name: path.read_bytes() for path in sorted(folder.iterdir()) if path.is_file()},
        root_key=kept.read_bytes() if kept and kept.exists() else None,
    )


def _tell_of_rules(settings: Settings, luggage: Luggage, rules: str) -> None:
    now = Policy.load(Path(settings.policies) if settings.policies else default_folder()).digest
    if now == rules:
        return
    folder = settings.data / "policies"
    folder.mkdir(mode=0o700, exist_ok=True)
    for name, content in luggage.policies.items():
        (folder / Path(name).name).write_bytes(content)
    print(f"Its rules were others than those in force here. They lie in {folder.resolve()};")
    print(f"to use them: DOCVAULT_POLICIES={folder.resolve()}")


def _say(proof: Proof) -> None:
    print(
        f"{proof.versions:,} versions open, {proof.size:,} bytes, each with the SHA-256 it was stored with."
    )
    print(f"The audit log holds from end to end: {proof.entries:,} entries.")


def _secret(file: Path | None, *, new: bool) -> str:
    if file is not None:
        try:
            return file.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise FileRefused(f"{file} cannot be read as a passphrase.") from error
    if not sys.stdin.isatty():
        return sys.stdin.readline().strip()
    given = getpass.getpass("Passphrase of the backup: " if new else "Passphrase or recovery key: ")
    if new and getpass.getpass("Once more: ") != given:
        raise FileRefused("The two were not the same. Nothing was written.")
    return given


def _opened(file: Path) -> tuple[Head, BinaryIO]:
    """Open a backup behind its header. Raises FileRefused, NotABackup."""
    try:
        source = file.open("rb")
    except OSError as error:
        raise FileRefused(f"{file} cannot be read: {error.strerror}.") from error
    try:
        head = backups.head_of(source)
    except BaseException:
        source.close()
        raise
    return head, source


@contextmanager
def _fresh(path: Path) -> Iterator[BinaryIO]:
    """Write a file that only its owner reads; it has its name once all of it is on the disk."""
    growing = path.with_name(f".{path.name}.{utc_now():%H%M%S%f}")
    if path.exists():
        raise FileRefused(f"{path} exists already. Please name a new file.")
    try:
        target = os.fdopen(os.open(growing, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")
    except OSError as error:
        raise FileRefused(f"{path} cannot be written: {error.strerror}.") from error
    try:
        with target:
            yield target
            target.flush()
            os.fsync(target.fileno())
        os.link(growing, path)  # never over another file
    except FileExistsError as error:
        raise FileRefused(f"{path} exists already. Please name a new file.") from error
    finally:
        with suppress(FileNotFoundError):
            growing.unlink()

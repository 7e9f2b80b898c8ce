"""The commands of `docvault audit` that need the installation: export, check, key, checkpoint.

Whoever runs them holds the data folder and its keys already, so no policy is asked; what they take is
an entry all the same, in the name of the machine's user.
"""

import getpass
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import typer

from docvault import settings as settings_module
from docvault import wiring
from docvault.actions import audit, publications, signing_keys
from docvault.blobs.store import StoreFailed
from docvault.database.audit_checkpoints import LogDamaged
from docvault.database.audit_trail import Filters
from docvault.values import DocVaultError
from docvault.wiring import Portal

REFUSED = 1  # exit code: the log does not hold


class OutputRefused(DocVaultError):
    """The file cannot be written, or exists already."""


def export(data: Path | None, output: Path, file_format: str, filters: dict[str, Any]) -> None:
    """Write an export to a file that only its owner reads; a failed one leaves no file behind."""
    chosen = Filters(**{name: _in_utc(value) for name, value in filters.items()})
    with _portal(data) as portal, _fresh(output) as target:
        found = audit.export_at_terminal(
            portal.db,
            portal.log_key,
            operator=getpass.getuser(),
            filters=chosen,
            format=file_format,
            now=portal.clock(),
        )
        for part in found.content:
            target.write(part)
    print(f"{found.count:,} entries written to {output}")


def check(data: Path | None, *, as_json: bool) -> None:
    """Print what holds, or the first bad index and why (exit code 1)."""
    with _portal(data) as portal:
        try:
            found = audit.check_log(portal.db, portal.log_key.public)
            published = _published(portal)
        except LogDamaged as damaged:
            answer = {"ok": False, "first_bad_index": damaged.first_bad_index, "reason": damaged.reason}
            print(json.dumps(answer) if as_json else str(damaged))
            raise typer.Exit(REFUSED) from damaged
        except (publications.PublicationTampered, StoreFailed) as trouble:
            answer = {"ok": False, "first_bad_index": None, "reason": str(trouble)}
            print(json.dumps(answer) if as_json else f"The audit log itself is intact. {trouble}")
            raise typer.Exit(REFUSED) from trouble
    if as_json:
        about = {"size": found.size, "root": found.root.hex(), "erased": found.erased}
        print(json.dumps({"ok": True, **about, "published": asdict(published) if published else None}))
        return
    print(f"The audit log is intact: {found.size:,} entries, {found.checkpoints:,} checkpoints.")
    print(f"  Root {found.root.hex()}")
    if published:
        print(
            f"  It continues what is in its bucket: {published.checkpoints:,} checkpoints, the newest of"
            f" {published.newest:,} entries."
        )


def _published(portal: Portal) -> publications.Agreed | None:
    """Compare the log with what was published. Raises LogForked, PublicationTampered, StoreFailed."""
    if portal.log_store is None:
        return None
    return publications.check_published(portal.db, portal.log_store, portal.log_key)


def show_key(data: Path | None, generation: int | None) -> None:
    """Print the log's public key on one line: the newest, or an older one."""
    with _portal(data) as portal:
        print(signing_keys.public_log_key(portal.db, portal.log_key, generation).text)


def checkpoint(data: Path | None) -> None:
    """Print the checkpoint of the log as it is."""
    with _portal(data) as portal:
        print(audit.publish_checkpoint(portal.db, portal.log_key, now=portal.clock()).note, end="")


@contextmanager
def _portal(data: Path | None) -> Iterator[Portal]:
    environment = dict(os.environ)
    if data is not None:
        environment["DOCVAULT_DATA"] = str(data.resolve())
    portal = wiring.build(settings_module.load(environment))
    try:
        yield portal
    finally:
        portal.close()


@contextmanager
def _fresh(path: Path) -> Iterator[Any]:
    try:
        target = os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")
    except FileExistsError as error:
        raise OutputRefused(f"{path} exists already. Please name a new file.") from error
    except OSError as error:
        raise OutputRefused(f"{path} cannot be written: {error.strerror}.") from error
    try:
        with target:
            yield target
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def _in_utc(value: Any) -> Any:
    if isinstance(value, datetime) and value.tzinfo is None:
        return value.replace(tzinfo=UTC)
    return value

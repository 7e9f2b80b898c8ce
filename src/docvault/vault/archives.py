"""Many stored versions as one ZIP, streamed: at most a few segments are in memory, and nothing is on a disk.

The last thing in an archive is its manifest, which says what is in it and what was left out, and then the
ZIP's own directory: one that broke off on its way has neither, and no program takes it for a whole one.
"""

import stat
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from stream_zip import ZIP_AUTO, stream_zip

from docvault.blobs.store import BlobError
from docvault.database.engine import Database
from docvault.encryption.errors import EncryptionError
from docvault.values import NotFound
from docvault.vault.errors import NotScanned
from docvault.vault.files import Vault
from docvault.vault.reading import OpenVersion

READABLE = stat.S_IFREG | 0o644
LEVEL = 1  # of compression: most documents are compressed already, and an archive should not wait for it
IN_TROUBLE = "its stored file is damaged; an administrator was told"
HELD_BACK = "it has not passed the scan for malware"
GONE = "it was removed while this archive was made"


@dataclass(frozen=True, slots=True)
class Member:
    path: str  # inside the archive, from `rules.archives`
    version_id: str
    size: int  # plaintext bytes
    sha256: str
    modified_at: datetime


@dataclass(frozen=True, slots=True)
class LeftOut:
    name: str
    why: str


def stream(
    db: Database,
    vault: Vault,
    members: Iterable[Member],
    left_out: Sequence[LeftOut],
    *,
    manifest: str,
    now: datetime,
) -> Iterator[bytes]:
    """Yield the bytes of the archive. manifest: its path inside.

    What cannot be opened is left out and named in the manifest; what turns out to be damaged on its way ends
    the archive. Raises BlobError or EncryptionError.
    """
    missing, done = list(left_out), list[Member]()

    def entries() -> Iterator[tuple[str, datetime, int, Any, Iterable[bytes]]]:
        for member in members:
            opened = _opened(db, vault, member, missing)
            if opened is not None:
                method = ZIP_AUTO(member.size, level=LEVEL)
                yield member.path, member.modified_at, READABLE, method, opened.range(0, opened.size)
                done.append(member)
        text = _manifest(done, missing, now).encode()
        yield manifest, now, READABLE, ZIP_AUTO(len(text), level=LEVEL), (text,)

    def compressor() -> Any:
        return zlib.compressobj(level=LEVEL, wbits=-zlib.MAX_WBITS)

    yield from stream_zip(entries(), get_compressobj=compressor)


def _opened(db: Database, vault: Vault, member: Member, missing: list[LeftOut]) -> OpenVersion | None:
    """Open a version and prove its length; note why where that fails."""
    try:
        opened = vault.open_version(db, member.version_id)
        opened.segment(opened.segments - 1)
    except NotFound:
        missing.append(LeftOut(member.path, GONE))
        return None
    except NotScanned:
        missing.append(LeftOut(member.path, HELD_BACK))
        return None
    except (BlobError, EncryptionError):
        missing.append(LeftOut(member.path, IN_TROUBLE))
        return None
    return opened


def _manifest(done: Sequence[Member], missing: Sequence[LeftOut], now: datetime) -> str:
    lines = [
        f"Made {now:%Y-%m-%d %H:%M} UTC. This file is the last one: without it the archive is incomplete.",
        "",
    ]
    if missing:
        lines += ["LEFT OUT", *(f"- {one.name}: {one.why}" for one in missing), ""]
    lines += ["IN THIS ARCHIVE (SHA-256, bytes, name)"]
    lines += [f"{one.sha256}  {one.size}  {one.path}" for one in done]
    return "\r\n".join(lines) + "\r\n"

"""`docvault doctor`: looks at an installation and says what is well, what is not, and what to do. Changes
nothing.

Each check says in words what it found, or raises one of our errors, which then is the finding.
"""

import json
import os
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import timedelta
from itertools import islice
from pathlib import Path

from docvault import wiring
from docvault.actions import audit, object_locks, preflight, publications, renewals, scans
from docvault.blobs.store import BlobError
from docvault.cli import serving
from docvault.database import grants
from docvault.identity.errors import ProviderAway
from docvault.pdf.errors import PdfError
from docvault.rules import endings
from docvault.settings import PREFIX, SECRET, Settings
from docvault.timestamps.clocks import shown
from docvault.timestamps.errors import ClockFailed
from docvault.values import DocVaultError
from docvault.vault import invariants

MOST = 1000  # faults that are listed one by one
DRIFT = timedelta(minutes=2)  # a log entry from later than this means a clock that went back

URGENCY = ("Plan its renewal", "Renew it soon", "Renew it NOW: without it nothing is signed")
SOON = tuple((timedelta(days=days), words) for days, words in zip(endings.DAYS, URGENCY, strict=False))

OTHERWISE = {  # how those are renewed that no command here renews alone
    "seal": "get a new certificate, and set DOCVAULT_SIGNER and DOCVAULT_SIGNER_CHAIN",
    "ca-root-list": "docvault keys ceremony list, where the root is kept",
    "ca-root-outside": "docvault keys ceremony root, and then request --new-root",
    "ca-issuing-outside": "docvault keys ceremony request",
}


@dataclass(frozen=True, slots=True)
class Finding:
    name: str
    well: bool
    words: str


def doctor(*, data: Path | None, as_json: bool, deep: bool = False) -> None:
    """Print the findings; exit 0 only if everything is well. deep: also open every stored version."""
    settings = serving.chosen(data)
    findings = [Finding("settings", well=True, words=_sources(settings)), *_examine(settings, deep=deep)]
    if as_json:
        print(
            json.dumps(
                {"well": all(one.well for one in findings), "findings": [asdict(one) for one in findings]}
            )
        )
    else:
        for one in findings:
            print(f"{'well' if one.well else 'LOOK':<5}{one.name:<13}{one.words}")
    if not all(one.well for one in findings):
        sys.exit(1)


def _sources(settings: Settings) -> str:
    """Return each setting with where it comes from; addresses that may hold a password are not shown."""
    default = Settings()
    parts = []
    for name in Settings.__struct_fields__:
        value = getattr(settings, name)
        variable = f"{PREFIX}{name.upper()}"
        if variable in os.environ or f"{variable}_FILE" in os.environ:
            source = "environment"
        else:
            source = "default" if value == getattr(default, name) else "docvault.toml"
        shown = "(set)" if name in SECRET and value else str(value or "-")
        parts.append(f"{name}={shown} [{source}]")
    return ", ".join(parts)


def _examine(settings: Settings, *, deep: bool) -> list[Finding]:
    try:
        portal = wiring.build(settings)
    except DocVaultError as error:
        return [Finding("installation", well=False, words=str(error))]
    checks: dict[str, Callable[[wiring.Portal], str]] = {
        "database": _database,
        "storage": _storage,
        "locks": _locks,
        "clock": _clock,
        "log": _log,
        "log bucket": _log_bucket,
        "documents": _documents,
        "signing": _signing,
        "timestamps": _timestamps,
        "certificates": _certificates,
        "malware": _malware,
        "mail": _mail,
        "sign-on": _sign_on,
    }
    try:
        findings = [_finding(name, check, portal) for name, check in checks.items()]
        return [*findings, *_contents(portal)] if deep else findings
    finally:
        portal.close()


def _finding(name: str, check: Callable[[wiring.Portal], str], portal: wiring.Portal) -> Finding:
    try:
        return Finding(name, well=True, words=check(portal))
    except (DocVaultError, OSError) as error:
        return Finding(name, well=False, words=str(error))


def _contents(portal: wiring.Portal) -> list[Finding]:
    """Open everything that is stored, and say what is wrong; how far the look has come goes to stderr."""
    seen = dict.fromkeys(("versions", "objects"), 0)

    def tell(now: invariants.Seen) -> None:
        seen.update({name: count for name, count in asdict(now).items() if count})
        if sys.stderr.isatty():
            print(f"\r{seen['versions']} versions, {seen['objects']} objects", end="", file=sys.stderr)

    found = invariants.faults(portal.db, portal.vault, log_key=portal.log_key.public, tell=tell)
    shown = [
        Finding(one.rule, well=False, words=f"{one.subject}: {one.words}") for one in islice(found, MOST)
    ]
    more = sum(1 for _ in found)
    if sys.stderr.isatty():
        print(file=sys.stderr)
    if more:
        shown.append(Finding("more", well=False, words=f"{more} more of these are not listed."))
    words = (
        f"{seen['versions']} versions open and are what they were; {seen['objects']} objects have their rows"
    )
    return shown or [Finding("contents", well=True, words=words)]


class NotWell(DocVaultError):
    """A check found something; the message says what to do."""


def _database(portal: wiring.Portal) -> str:
    if portal.db.engine.dialect.name == "sqlite":
        return "SQLite; whoever may write its file could rewrite the log, which an older checkpoint finds out"
    if grants.may_rewrite_the_log(portal.db):
        return "PostgreSQL, as a role that could rewrite the log; see `docvault database roles`"
    return "PostgreSQL, as a role that can only add to the log and change no table"


def _storage(portal: wiring.Portal) -> str:
    try:
        found = portal.blobs.probe()
    except BlobError as error:
        raise NotWell(f"{error} ({serving.why(error)})") from error
    if found.lacks:
        raise NotWell(" ".join([f"The {found.place} lacks something.", *found.lacks, *found.notes]))
    return " ".join([f"{found.place} writes, reads and removes.", *found.notes])


def _locks(portal: wiring.Portal) -> str:
    if not portal.blobs.can_lock():
        return "the store locks nothing, so retention is kept by DocVault alone"
    found = object_locks.state(portal.db, now=portal.clock())
    if found["waiting"]:
        raise NotWell(
            f"{found['waiting']} signed versions have waited for their lock for more than an hour. Check that"
            " a worker runs, and what its log says of lock_objects."
        )
    return f"{found['locked']} signed versions are locked in the store"


def _clock(portal: wiring.Portal) -> str:
    ahead = audit.newest_moment(portal.db)
    if ahead is not None and ahead - portal.clock() > DRIFT:
        raise NotWell(
            f"The newest entry is from {ahead:%Y-%m-%d %H:%M} UTC, later than this clock. Set the clock."
        )
    return f"{portal.clock():%Y-%m-%d %H:%M:%S} UTC"


def _log(portal: wiring.Portal) -> str:
    checked = audit.check_log(portal.db, portal.log_key.public)
    return f"{checked.size} entries, derived again from their rows"


def _log_bucket(portal: wiring.Portal) -> str:
    store = portal.log_store
    if store is None:
        return "the log is published nowhere: DOCVAULT_LOG_BLOBS is not set (docs/operators.md)"
    try:
        found = publications.check_published(portal.db, store, portal.log_key)
    except BlobError as error:
        raise NotWell(f"The {store.place}: {error} ({serving.why(error)})") from error
    state = publications.state(portal.db, store)
    if publications.is_late(state, portal.clock()):
        raise NotWell(
            f"{state.waiting} checkpoints, the oldest from {state.since:%Y-%m-%d %H:%M} UTC, are not in the "
            f"{store.place}. Check that a worker runs, and what its log says of publish_log."
        )
    kept = "locked" if store.can_lock() else "without Object Lock: whoever may write there can remove them"
    return f"the log continues what is in the {store.place}: {found.checkpoints} checkpoints, {kept}"


def _documents(portal: wiring.Portal) -> str:
    portal.pdf.warm()
    network = (
        "without a network" if portal.pdf.network_removed else "with a network, because this system keeps it"
    )
    if portal.office is None:
        return f"PDF processes start, {network}; without LibreOffice office files are for download only"
    try:
        portal.office.warm()
    except PdfError as error:
        raise NotWell(
            "LibreOffice cannot be isolated here, so office files are for download only (docs/operators.md)."
        ) from error
    return f"PDF processes start, {network}; LibreOffice starts in a world of its own"


def _signing(portal: wiring.Portal) -> str:
    found = preflight.examine(portal.blobs, portal.pdf, portal.authority, clock=portal.clock)
    if found:
        raise NotWell(" ".join(one.detail for one in found))
    seal = portal.authority.seal_key
    return f"keys, certificates, timestamps and one trial signature hold; the seal is {seal}"


def _timestamps(portal: wiring.Portal) -> str:
    """Ask every authority: one that fails only when it is needed is found out too late."""
    waiting = renewals.state(portal.db)
    if waiting["trouble"]:
        raise NotWell(
            f"The proof of time of {waiting['trouble']} signed files cannot be renewed; it is tried every"
            " hour. The log of the worker says why (renewal.failed), and so does the audit trail."
        )
    clocks = portal.authority.clocks
    if clocks is None or not clocks.addresses:
        return "the built-in clock proves times; DOCVAULT_TSA_URLS would name timestamp authorities of others"
    said, failed = [], []
    for address in clocks.addresses:
        try:
            working = clocks.look(address)
        except ClockFailed as failure:
            failed.append(f"{failure}.")
        else:
            said.append(f"{shown(address)} answers as {working.name}")
    if failed:
        rest = " Documents are completed with the built-in clock until one works." if not said else ""
        raise NotWell(" ".join(failed) + rest)
    return f"{'; '.join(said)}; {waiting['awaiting']} files wait for a timestamp of theirs"


def _certificates(portal: wiring.Portal) -> str:
    """Warn of every certificate that ends soon, the more urgently the sooner."""
    now, ends = portal.clock(), portal.authority.ends()
    soon = [(end, (end.at - now).days) for end in ends if end.at - now <= SOON[0][0]]
    if not soon:
        return f"“{ends[0].title}” is the first to end, on {ends[0].at:%Y-%m-%d}"
    words = []
    for end, days in soon:
        urgency = [word for within, word in SOON if end.at - now <= within][-1]
        when = f"in {days} days" if end.at > now else "and is over"
        how = OTHERWISE.get(end.name, f"docvault keys rotate {end.name}")
        words.append(f"“{end.title}” ends on {end.at:%Y-%m-%d}, {when}. {urgency}: {how}")
    raise NotWell("; ".join(words))


def _mail(portal: wiring.Portal) -> str:
    if portal.mailer.is_local:
        return "no mail server is set; administrators read messages on the outbox page"
    portal.mailer.greet()
    return "the mail server answers"


def _malware(portal: wiring.Portal) -> str:
    late, locked = scans.late(portal.db, portal.clock())
    if portal.scanner is None:
        return "files are not scanned: DOCVAULT_CLAMD is not set, and pages say so"
    portal.scanner.prove()
    if late:
        raise NotWell(
            f"{late} files have waited for their scan for more than 15 minutes and stay closed. Check that a"
            " worker runs with DOCVAULT_CLAMD, and the limits of the scanner (docs/operators.md)."
        )
    return f"{portal.scanner.signatures()} finds the test file; {locked} files are locked"


def _sign_on(portal: wiring.Portal) -> str:
    if portal.provider is None:
        return "no identity provider is set; people sign in with their password"
    try:
        portal.provider.describe()
    except ProviderAway as error:
        raise NotWell(f"{portal.provider.issuer} cannot be used: {error.why}") from error
    return f"{portal.provider.issuer} describes itself, and its endpoints lie where they may"

"""Archive timestamps of what was signed: one of others where ours had to do, and new ones before they weaken.

Done by jobs: every file has a row that says when to look at it. A new timestamp is a new
version, judged before it is served; the one before it stays. Done twice is done once.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

import structlog

from docvault.audit.entries import moment
from docvault.audit.kinds import Kind
from docvault.blobs.store import StoreFailed
from docvault.database import archive_stamps, envelope_documents, envelope_history, envelopes
from docvault.database.archive_stamps import Sealed
from docvault.database.engine import Database
from docvault.pdf import on_top
from docvault.pdf.errors import WorkersBusy
from docvault.pdf.scratch import Scratch
from docvault.pdf.validate import Report
from docvault.pdf.workers import Workers
from docvault.rules import archive as rules
from docvault.rules.archive import Stamp, Step
from docvault.values import DocVaultError
from docvault.vault.authority import Authority
from docvault.vault.files import Vault
from docvault.vault.staging import staged_pdf
from docvault.vault.stamping import newest_stamp

AT_ONCE = 200  # jobs put at a time
UNEXPECTED = "Something unexpected went wrong while its timestamp was looked at."

_log = structlog.get_logger(__name__)


class RenewalFailed(DocVaultError):
    """The file keeps the timestamp it has; a later run tries again."""


class _Served(DocVaultError):
    """Another run was faster."""


def put_jobs(db: Database, *, now: datetime) -> None:
    """Put a job for each file whose timestamp is due to be looked at."""
    with db.reading() as tx:
        waiting = archive_stamps.due(tx, now, AT_ONCE)
    if waiting:
        with db.transaction() as tx:
            archive_stamps.put_jobs(tx, waiting, now)


def look_at(
    db: Database, vault: Vault, pdf: Workers, authority: Authority, *, version_id: str, now: datetime
) -> bool:
    """Do what a sealed file's timestamp needs; return whether another one was added.

    Raises StoreFailed and WorkersBusy; whatever else goes wrong is noted and told, and tried again later.
    """
    with db.reading() as tx:
        one = archive_stamps.find(tx, version_id)
    if one is None or (one.awaits_others and not authority.others_answer()):
        return False
    return _Bench(db, vault, pdf, authority, now).tend(one)


def state(db: Database) -> Mapping[str, int]:
    """Return how many files are `awaiting` a clock of others, and how many are in `trouble`."""
    with db.reading() as tx:
        return archive_stamps.state(tx)


@dataclass(frozen=True, slots=True)
class _Bench:
    db: Database
    vault: Vault
    pdf: Workers
    authority: Authority
    now: datetime

    def tend(self, one: Sealed) -> bool:
        """Do what one file needs; return whether it got a timestamp."""
        try:
            with self._opened(one) as source:
                report = self.authority.validate(self.pdf, source)
                stamp = self._newest(one, report)
                step = rules.next_step(stamp, others=self.authority.wants_others, now=self.now)
                if step is Step.RENEW or (step is Step.UPGRADE and self.authority.others_answer()):
                    return self._renew(one, source, report, stamp, step)
                self._keep_as_is(one, stamp)
        except (StoreFailed, WorkersBusy):
            raise
        except _Served:
            return False
        except Exception as error:  # noqa: BLE001 - it is noted, and must not keep the others from theirs
            self._note(one, error)
        return False

    @contextmanager
    def _opened(self, one: Sealed) -> Iterator[Scratch]:
        with Scratch.create() as source:
            self.vault.open_version(self.db, one.version_id).copy_to(source.file)
            yield source

    def _arrived(self, one: Sealed) -> int:
        """Return how many signatures were there before those that were made here."""
        with self.db.reading() as tx:
            enclosed = envelope_documents.of_envelope(tx, one.envelope_id)
        arrivals = [each.arrival for each in enclosed if each.signed_version_id == one.version_id]
        return next((each.signatures for each in arrivals if each is not None), 0)

    def _newest(self, one: Sealed, report: Report) -> Stamp:
        """Return the last timestamp of a file that holds. Raises RenewalFailed."""
        problem = on_top.objection(report, self._arrived(one))
        if problem is not None:
            raise RenewalFailed(f"The stored file does not pass its check: {problem}")
        stamp = newest_stamp(report, self.authority.root_fingerprints)
        if stamp is None:
            raise RenewalFailed("The stored file does not end with a timestamp.")
        return stamp

    def _renew(self, one: Sealed, source: Scratch, report: Report, before: Stamp, step: Step) -> bool:
        with self.authority.renew(self.pdf, source) as renewed:
            after = self._checked(one, source, renewed, report)
            if not rules.helps(step, before, after):
                if step is Step.RENEW:
                    raise RenewalFailed(
                        f"The clock in use, {after.clock}, proves no longer than {after.good_until:%Y-%m-%d}."
                    )
                self._keep_as_is(one, before)
                return False
            self._serve(one, source, renewed, after, step)
        return True

    def _checked(self, one: Sealed, source: Scratch, renewed: Scratch, report: Report) -> Stamp:
        """Our own validator has the last word before a file takes another one's place."""
        judged = self.authority.validate(self.pdf, renewed)
        stamp = self._newest(one, judged)
        marks = [(each.field, each.certificate_sha256) for each in report.signatures]
        same = [(each.field, each.certificate_sha256) for each in judged.signatures[:-1]] == marks
        if not same or renewed.sha256(source.size()) != source.sha256():
            raise RenewalFailed("The file with another timestamp does not begin as the one before it.")
        return stamp

    def _serve(self, one: Sealed, source: Scratch, renewed: Scratch, stamp: Stamp, step: Step) -> None:
        staging = staged_pdf(
            self.db, self.vault, renewed, document_id=one.document_id, purpose=one.purpose, now=self.now
        )
        with staging as staged, self.db.transaction() as tx:
            row = envelopes.for_completion(tx, one.envelope_id, lock=True)
            kept = self.vault.keep(tx, staged, now=self.now)
            if not archive_stamps.replace(tx, one, kept.id):
                raise _Served
            others = self.authority.wants_others
            archive_stamps.note(tx, one.envelope_id, kept.id, stamp, others=others, now=self.now)
            facts = {
                "which": one.purpose,
                "why": step.value,
                "sha256": kept.sha256,
                "before_sha256": one.sha256,
                "before_bytes": source.size(),
                "good_until": moment(stamp.good_until),
            }
            private = {"clock": stamp.clock}
            envelope_history.record(tx, Kind.ARCHIVE_RENEWED, row, at=self.now, facts=facts, private=private)

    def _keep_as_is(self, one: Sealed, stamp: Stamp) -> None:
        with self.db.transaction() as tx:
            archive_stamps.examined(
                tx, one.version_id, stamp, others=self.authority.wants_others, now=self.now
            )

    def _note(self, one: Sealed, error: Exception) -> None:
        """Say on the file, and in the log, what is in the way; once for the same trouble."""
        words = str(error) if isinstance(error, DocVaultError) else UNEXPECTED
        _log.error("renewal.failed", version=one.version_id, error=type(error).__name__, exc_info=error)
        with self.db.transaction() as tx:
            archive_stamps.note_trouble(tx, one.version_id, words, self.now)
            if words != one.trouble:
                row = envelopes.for_completion(tx, one.envelope_id)
                facts = {"which": one.purpose, "error": type(error).__name__}
                envelope_history.record(
                    tx, Kind.ARCHIVE_FAILED, row, at=self.now, facts=facts, private={"reason": words}
                )

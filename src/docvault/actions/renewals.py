"""Archive timestamps of what was signed: one of others where ours had to do, and new ones before they weaken.

Done by a job, again and again: every file has a row that says when to look at it. A new timestamp is a new
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
from docvault.database import archive_stamps, envelope_history, envelopes
from docvault.database.archive_stamps import Sealed
from docvault.database.engine import Database, Transaction
from docvault.pdf.errors import WorkersBusy
from docvault.pdf.reasons import Verdict
from docvault.pdf.scratch import Scratch
from docvault.pdf.validate import Report
from docvault.pdf.workers import Workers
from docvault.rules import archive as rules
from docvault.rules.archive import Stamp, Step
from docvault.values import DocVaultError
from docvault.vault.authority import Authority
from docvault.vault.files import Vault
from docvault.vault.staging import staged_pdf

AT_ONCE = 50  # files of one run
UNEXPECTED = "Something unexpected went wrong while its timestamp was looked at."

_log = structlog.get_logger(__name__)


class RenewalFailed(DocVaultError):
    """The file keeps the timestamp it has; a later run tries again."""


class _Served(DocVaultError):
    """Another run was faster."""


def renew_due(db: Database, vault: Vault, pdf: Workers, authority: Authority, *, now: datetime) -> int:
    """Look at what is due, add timestamps where they are needed, and return how many were.

    Raises StoreFailed and WorkersBusy, and stops there; whatever else goes wrong with one file is noted and
    told, and the others go on.
    """
    with db.reading() as tx:
        waiting = archive_stamps.due(tx, now, AT_ONCE)
    bench = _Bench(db, vault, pdf, authority, now)
    return sum(bench.look_at(one) for one in waiting)


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

    def look_at(self, one: Sealed) -> bool:
        """Do what one file needs; return whether it got a timestamp."""
        try:
            with self._opened(one) as source:
                report = self.authority.validate(self.pdf, source)
                stamp = self._newest(report)
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

    def _newest(self, report: Report) -> Stamp:
        """Return the last timestamp of a file that holds. Raises RenewalFailed."""
        if report.verdict is not Verdict.VALID:
            raise RenewalFailed(f"The stored file does not pass its check: {report.reasons[0]}")
        last = report.signatures[-1]
        if last.kind != "timestamp" or last.time is None or last.good_until is None:
            raise RenewalFailed("The stored file does not end with a timestamp.")
        return Stamp(last.clock or "", last.time, last.good_until, self.authority.is_own_clock(last))

    def _renew(self, one: Sealed, source: Scratch, report: Report, before: Stamp, step: Step) -> bool:
        with self.authority.renew(self.pdf, source) as renewed:
            after = self._checked(source, renewed, report)
            if not rules.helps(step, before, after):
                if step is Step.RENEW:
                    raise RenewalFailed(
                        f"The clock in use, {after.clock}, proves no longer than {after.good_until:%Y-%m-%d}."
                    )
                self._keep_as_is(one, before)
                return False
            self._serve(one, source, renewed, after, step)
        return True

    def _checked(self, source: Scratch, renewed: Scratch, report: Report) -> Stamp:
        """Our own validator has the last word before a file takes another one's place."""
        judged = self.authority.validate(self.pdf, renewed)
        stamp = self._newest(judged)
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
            archive_stamps.note(tx, one.envelope_id, [kept.id], self.now)
            self._write(tx, kept.id, stamp)
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
            self._write(tx, one.version_id, stamp)

    def _write(self, tx: Transaction, version_id: str, stamp: Stamp) -> None:
        awaits = stamp.own and self.authority.wants_others
        archive_stamps.examined(
            tx,
            version_id,
            clock=stamp.clock,
            stamped_at=stamp.at,
            good_until=stamp.good_until,
            awaits_others=awaits,
            due_at=self.now + rules.AGAIN if awaits else rules.renewal_of(stamp),
        )

    def _note(self, one: Sealed, error: Exception) -> None:
        """Say on the file, and in the log, what is in the way; once for the same trouble."""
        words = str(error) if isinstance(error, DocVaultError) else UNEXPECTED
        _log.error("renewal.failed", version=one.version_id, error=type(error).__name__, exc_info=error)
        with self.db.transaction() as tx:
            archive_stamps.note_trouble(tx, one.version_id, words, self.now + rules.AGAIN)
            if words != one.trouble:
                row = envelopes.for_completion(tx, one.envelope_id)
                facts = {"which": one.purpose, "error": type(error).__name__}
                envelope_history.record(
                    tx, Kind.ARCHIVE_FAILED, row, at=self.now, facts=facts, private={"reason": words}
                )

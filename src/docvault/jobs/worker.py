"""The worker: carries out jobs with DBOS, keeps a pulse, and takes over the jobs of workers that died.

A job may run again from its start after a crash; actions make that harmless. The web only enqueues.
https://docs.dbos.dev/python/tutorials/queue-tutorial
"""

import os
import secrets
import socket
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any, cast

import structlog
from dbos import DBOS, DBOSConfig

from docvault.database import work, workers
from docvault.jobs import (
    carry_out_proposals,
    collect_uploads,
    dispose_documents,
    finish_disposals,
    forget_lists,
    forget_tries,
    lock_objects,
    look_after_envelopes,
    make_missing,
    publish_checkpoint,
    publish_log,
    put_index_jobs,
    renew_archive,
    retry_stuck,
    scan_waiting,
    warn_of_ending_certificates,
    warn_of_ending_tokens,
)
from docvault.jobs.advance_envelope import advance_envelope
from docvault.jobs.deliver_message import deliver_message
from docvault.jobs.index_document import index_document
from docvault.jobs.make_renditions import make_renditions
from docvault.jobs.scan_version import scan_version
from docvault.jobs.send_bulk import send_bulk
from docvault.mail.sender import MailRefused
from docvault.values import NotFound
from docvault.wiring import Portal

AT_ONCE = 4  # jobs of one worker at the same time
POLLING = 0.5  # seconds between two looks into the queue
TRIES = 5  # of one job in a row; retry_stuck asks again later
FIRST_PAUSE = 1.0  # seconds before the second try; doubles

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Pace:
    """How often a worker says that it lives, and when another takes over. Seconds."""

    pulse: float = 5.0
    dead_after: float = 30.0


@dataclass(frozen=True, slots=True)
class Periodic:
    """A job that runs by the clock, in one worker of all."""

    name: str
    every: float  # seconds
    run: Callable[[Portal], None]


PERIODIC = (
    Periodic("publish_checkpoint", publish_checkpoint.EVERY, publish_checkpoint.publish_checkpoint),
    Periodic("publish_log", publish_log.EVERY, publish_log.publish_log),
    Periodic("retry_stuck", retry_stuck.EVERY, retry_stuck.retry_stuck),
    Periodic("collect_uploads", collect_uploads.EVERY, collect_uploads.collect_uploads),
    Periodic("scan_waiting", scan_waiting.EVERY, scan_waiting.scan_waiting),
    Periodic("make_missing", make_missing.EVERY, make_missing.make_missing),
    Periodic("carry_out_proposals", carry_out_proposals.EVERY, carry_out_proposals.carry_out_proposals),
    Periodic("dispose_documents", dispose_documents.EVERY, dispose_documents.dispose_documents),
    Periodic("finish_disposals", finish_disposals.EVERY, finish_disposals.finish_disposals),
    Periodic("lock_objects", lock_objects.EVERY, lock_objects.lock_objects),
    Periodic("put_renewals", renew_archive.EVERY, renew_archive.put_renewals),
    Periodic("look_after_envelopes", look_after_envelopes.EVERY, look_after_envelopes.look_after_envelopes),
    Periodic("forget_tries", forget_tries.EVERY, forget_tries.forget_tries),
    Periodic("forget_lists", forget_lists.EVERY, forget_lists.forget_lists),
    Periodic("put_index_jobs", put_index_jobs.EVERY, put_index_jobs.put_index_jobs),
    Periodic("look_for_strays", put_index_jobs.STRAYS_EVERY, put_index_jobs.look_for_strays),
    Periodic(
        "warn_of_ending_certificates",
        warn_of_ending_certificates.EVERY,
        warn_of_ending_certificates.warn_of_ending_certificates,
    ),
    Periodic(
        "warn_of_ending_tokens", warn_of_ending_tokens.EVERY, warn_of_ending_tokens.warn_of_ending_tokens
    ),
)


def run_worker(portal: Portal, *, stop: threading.Event, pace: Pace | None = None) -> None:
    """Work until `stop` is set; jobs under way then end first, and others stay queued. One per process."""
    pace = pace or Pace()
    executor_id = f"{socket.gethostname()[:24]}-{os.getpid()}-{secrets.token_hex(6)}"
    refuse_pickles()
    DBOS(config=_configuration(portal.db.url, executor_id))
    _register(portal)
    DBOS.launch()
    DBOS.register_queue(work.QUEUE, worker_concurrency=AT_ONCE, polling_interval_sec=POLLING)
    _log.info("worker.started", executor=executor_id)
    try:
        _keep_watch(portal, executor_id, stop, pace)
    finally:
        DBOS.destroy(workflow_completion_timeout_sec=20, destroy_registry=True)
        with portal.db.transaction() as tx:
            workers.leave(tx, executor_id)
        _log.info("worker.stopped", executor=executor_id)


def refuse_pickles() -> None:
    """Keep DBOS from unpickling: whoever can write the queue's rows could otherwise run code in the worker.

    Its reader chooses pickles by a column of the row, whatever serializer was configured.
    """
    from dbos import _serialization  # noqa: PLC0415 - there is no public switch in 3.4

    def refuse(_serializer: object, _serialized_data: str) -> Any:
        raise ValueError("a pickle in the queue is refused")

    _serialization.DefaultSerializer.deserialize = refuse  # type: ignore[method-assign,assignment]


def _configuration(url: str, executor_id: str) -> DBOSConfig:
    return DBOSConfig(
        name="docvault",
        system_database_url=url,
        executor_id=executor_id,
        application_version=work.VERSION,
        serializer=cast("Any", work.JsonSerializer()),
        log_level="WARNING",
        run_migrations=False,  # work.prepare did, at set-up
        use_listen_notify=False,
    )


# By the names that database/work.py enqueues.
JOBS: Mapping[str, Callable[[Portal, Any], None]] = {
    work.AdvanceEnvelope.NAME: advance_envelope,
    work.DeliverMessage.NAME: deliver_message,
    work.IndexDocument.NAME: index_document,
    work.MakeRenditions.NAME: make_renditions,
    work.ScanVersion.NAME: scan_version,
    work.RenewArchive.NAME: renew_archive.renew_archive,
    work.SendBulk.NAME: send_bulk,
}


def _register(portal: Portal) -> None:
    """Tell DBOS the jobs by their names."""
    step = partial(
        DBOS.step,
        retries_allowed=True,
        max_attempts=TRIES,
        interval_seconds=FIRST_PAUSE,
        should_retry=_is_worth_another_try,
    )
    for name, job in JOBS.items():
        tried = DBOS.step if name == work.IndexDocument.NAME else step  # put_index_jobs asks again, later
        DBOS.workflow(name=name)(_calling(tried(name=f"{name}.step")(_of(portal, job))))


def _of(portal: Portal, job: Callable[[Portal, Any], None]) -> Callable[[str], None]:
    def deed(subject_id: str) -> None:
        job(portal, subject_id)

    return deed


def _calling(step: Callable[[str], None]) -> Callable[[str], None]:
    def job(subject_id: str) -> None:
        step(subject_id)

    return job


def _is_worth_another_try(error: BaseException) -> bool:
    return not isinstance(error, (MailRefused, NotFound))


def _keep_watch(portal: Portal, executor_id: str, stop: threading.Event, pace: Pace) -> None:
    """Beat; and, in the worker that runs longest, take over the dead ones' jobs and run the periodic ones."""
    due = {job.name: time.monotonic() for job in PERIODIC}
    while not stop.is_set():
        try:
            if _beat(portal, executor_id, pace):
                _take_over(portal, pace)
                _run_due(portal, due)
        except Exception:  # noqa: BLE001 - the watch must outlive a database that is away for a while
            _log.exception("worker.watch_failed", executor=executor_id)
        stop.wait(pace.pulse)


def _beat(portal: Portal, executor_id: str, pace: Pace) -> bool:
    """Return whether this worker is the one that looks after the others."""
    now = portal.clock()
    with portal.db.transaction() as tx:
        workers.beat(tx, executor_id, now)
        return workers.alive(tx, now - timedelta(seconds=pace.dead_after))[0] == executor_id


def _take_over(portal: Portal, pace: Pace) -> None:
    """Put jobs of workers without a pulse back into the queue."""
    now = portal.clock()
    pending = DBOS.list_workflows(
        status="PENDING", app_version=work.VERSION, load_input=False, load_output=False
    )
    with portal.db.reading() as tx:
        alive = set(workers.alive(tx, now - timedelta(seconds=pace.dead_after)))
    for orphan in pending:
        if orphan.executor_id not in alive:
            _log.warning("worker.takes_over", job=orphan.workflow_id, executor=orphan.executor_id)
            DBOS.resume_workflow(orphan.workflow_id)
    with portal.db.transaction() as tx:
        workers.forget_dead(tx, now - timedelta(seconds=10 * pace.dead_after))


def _run_due(portal: Portal, due: dict[str, float]) -> None:
    for job in PERIODIC:
        if time.monotonic() >= due[job.name]:
            due[job.name] = time.monotonic() + job.every
            try:
                job.run(portal)
            except Exception:  # noqa: BLE001 - one that fails must not keep the others from running
                _log.exception("worker.periodic_failed", job=job.name)

"""Work for later: a job enqueued here joins the caller's transaction, neither lost nor run before its commit.

Carried out by jobs/; this side only enqueues and never runs a job. The queue is DBOS's, in the same database.
"""

import json
import threading
from dataclasses import asdict, dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, ClassVar, cast

from sqlalchemy import Engine, column, create_engine, inspect, select, table

from docvault.database.engine import Transaction
from docvault.values import DocVaultError, EnvelopeId, new_id

if TYPE_CHECKING:  # importing dbos takes a second, and most commands never enqueue
    from dbos import DBOSClient

QUEUE = "docvault"
VERSION = "1"  # of the jobs' arguments: raised when a worker of the old version must not take a new job


# With this DBOS, tables of this shape need nothing: a start need not import it. Another one is asked itself.
KNOWN_DBOS = "3.4.0"
KNOWN_TABLES = 125  # the newest of its migrations for SQLite
_MIGRATIONS = table("dbos_migrations", column("version"))


@dataclass(frozen=True)
class Job:
    """What is to be done later, with its fields as arguments. One that comes too late finds nothing to do."""

    NAME: ClassVar[str]

    @property
    def key(self) -> str:
        """A name of its own: whoever asks again is not taken for the same job."""
        return "-".join((self.NAME, *asdict(self).values(), new_id()))


@dataclass(frozen=True)
class AdvanceEnvelope(Job):
    """Put the pending signatures into an envelope's document, and complete it after the last."""

    NAME: ClassVar[str] = "advance_envelope"
    envelope_id: EnvelopeId


@dataclass(frozen=True)
class DeliverMessage(Job):
    """Send one message by mail."""

    NAME: ClassVar[str] = "deliver_message"
    message_id: str


@dataclass(frozen=True)
class IndexDocument(Job):
    """Take the words of a document's newest version into the search index."""

    NAME: ClassVar[str] = "index_document"
    document_id: str


@dataclass(frozen=True)
class ScanVersion(Job):
    """Have the malware scanner look at one version."""

    NAME: ClassVar[str] = "scan_version"
    version_id: str


@dataclass(frozen=True)
class MakeRenditions(Job):
    """Make what people look at and find a version by: preview, thumbnail, text."""

    NAME: ClassVar[str] = "make_renditions"
    version_id: str


@dataclass(frozen=True)
class RenewArchive(Job):
    """Look at the archive timestamp of a sealed file, and add another one where it is needed."""

    NAME: ClassVar[str] = "renew_archive"
    version_id: str


@dataclass(frozen=True)
class SendBulk(Job):
    """Send the rows of a bulk send that are ready."""

    NAME: ClassVar[str] = "send_bulk"
    bulk_id: str


class JobFailed(DocVaultError):
    """A job ended without success; the message names the kind of failure only."""


class JsonSerializer:
    """What DBOS stores of a job, as JSON: reading it back cannot run code, as its default pickles could."""

    def name(self) -> str:
        return "docvault-json"

    def serialize(self, data: Any) -> str:
        if isinstance(data, BaseException):
            words = (
                f": {data}" if isinstance(data, DocVaultError) else ""
            )  # others may quote what they worked on
            return json.dumps({"failed": f"{type(data).__name__}{words}"})
        return json.dumps({"value": data})

    def deserialize(self, serialized_data: str) -> Any:
        stored = json.loads(serialized_data)
        return JobFailed(stored["failed"]) if "failed" in stored else stored["value"]


def prepare(url: str) -> None:
    """Create or upgrade the queue's own tables in the database at `url`; call at set-up and at each start."""
    if _is_prepared(url):
        return
    from dbos import DBOS  # noqa: PLC0415 - takes a second to import

    DBOS.migrate(url)


def _is_prepared(url: str) -> bool:
    """Tell whether an embedded database has the newest tables, without asking DBOS. False when unsure."""
    if not url.startswith("sqlite") or version("dbos") != KNOWN_DBOS:
        return False
    engine = create_engine(url)
    try:
        with engine.connect() as connection:
            if not inspect(connection).has_table(_MIGRATIONS.name):
                return False
            return bool(connection.execute(select(_MIGRATIONS.c.version)).scalar() == KNOWN_TABLES)
    finally:
        engine.dispose()


def enqueue(tx: Transaction, job: Job) -> None:
    """Ask for `job`, as part of `tx`: it runs after the commit, and not at all after a rollback."""
    _client(tx.connection.engine).enqueue_in_transaction(
        tx.connection,
        {"queue_name": QUEUE, "workflow_name": job.NAME, "workflow_id": job.key, "app_version": VERSION},
        *asdict(job).values(),
    )


_CLIENT = "docvault_work"  # the attribute of an engine
_ONE_AT_A_TIME = threading.Lock()


def _client(engine: Engine) -> "DBOSClient":
    """Return the engine's own client, kept with the engine: a table of ours would keep both for ever."""
    with _ONE_AT_A_TIME:
        held = vars(engine)
        if _CLIENT not in held:
            from dbos import DBOSClient  # noqa: PLC0415 - takes a second to import

            held[_CLIENT] = DBOSClient(
                system_database_engine=engine, serializer=cast("Any", JsonSerializer()), lazy=True
            )
        client: DBOSClient = held[_CLIENT]
        return client

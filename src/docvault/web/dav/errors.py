"""What our errors mean in WebDAV: the same status as everywhere, and the same words. Tells nothing else."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import structlog
from wsgidav import util
from wsgidav.dav_error import DAVError, get_http_status_string
from wsgidav.mw.base_mw import BaseMiddleware

from docvault.rules.locks import AlreadyLocked
from docvault.values import DocVaultError
from docvault.web import meanings

LOG = structlog.get_logger("docvault.web")
LOCKED = 423  # RFC 4918, 11.3
SERVER_ERRORS = 500

Environ = dict[str, Any]
StartResponse = Callable[[str, list[tuple[str, str]]], Any]


@contextmanager
def translated() -> Iterator[None]:
    """Raise what an action refuses as the error of the protocol."""
    try:
        yield
    except AlreadyLocked as error:
        raise DAVError(LOCKED, str(error)) from error
    except DocVaultError as error:
        raise refusal(error) from error


def refusal(error: DocVaultError) -> DAVError:
    """Return the protocol's error; of what is ours to mend the cause is for the log."""
    meaning = meanings.meaning_of(error)
    if meaning == meanings.FAULT:
        LOG.error("webdav", exc_info=error)
        return DAVError(int(meaning.status), meaning.title)
    return DAVError(int(meaning.status), str(error))


class Errors(BaseMiddleware):  # type: ignore[misc] # wsgidav has no types
    """Answers for whatever is raised below: a status and one sentence, never what went wrong inside."""

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        begun = util.SubAppStartResponse()
        started = False
        try:
            for part in self.next_app(environ, begun):
                if not started:
                    start_response(begun.status, begun.response_headers)
                started = True
                yield part
            if not started:
                start_response(begun.status, begun.response_headers)
        except Exception as error:
            if started:  # the answer is cut off, so that a part is not taken for the whole
                raise
            yield from self._answer(error, start_response)

    def _answer(self, error: Exception, start_response: StartResponse) -> Iterable[bytes]:
        dav = error if isinstance(error, DAVError) else None
        if dav is None or (dav.value >= SERVER_ERRORS and dav.src_exception):
            LOG.error("webdav", exc_info=dav.src_exception if dav else error)
            dav = DAVError(int(meanings.FAULT.status), meanings.FAULT.title)
        if dav.err_condition:
            kind, body = "application/xml; charset=utf-8", util.to_bytes(dav.err_condition.as_string())
        else:
            kind, body = "text/plain; charset=utf-8", f"{dav.context_info or ''}\n".encode()
        start_response(
            get_http_status_string(dav),
            [("Content-Type", kind), ("Content-Length", str(len(body))), *(dav.add_headers or [])],
        )
        yield body

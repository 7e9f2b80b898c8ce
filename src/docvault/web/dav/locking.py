"""wsgidav's store of locks, kept in the database: every server and every restart knows the same ones."""

from contextvars import ContextVar
from typing import Any

from docvault.actions import locks
from docvault.actions.locks import LockRow
from docvault.policy.vocabulary import Acting
from docvault.web.dav.errors import translated
from docvault.wiring import Portal

# Who asks in this request: the protocol's own calls carry a name only.
ACTING: ContextVar[Acting] = ContextVar("docvault_webdav_acting")

Lock = dict[str, Any]


class Locks:
    """The methods that wsgidav's LockManager calls; a lock is a dictionary in its words."""

    def __init__(self, portal: Portal) -> None:
        self._portal = portal

    def open(self) -> None:
        """Nothing to open: every call is a transaction of its own."""

    def close(self) -> None:
        """Nothing to close."""

    def get(self, token: str) -> Lock | None:
        found = locks.find(self._portal.db, token=token, now=self._portal.clock())
        return self._lock(found) if found else None

    def create(self, path: str, lock: Lock) -> Lock:
        with translated():
            row = locks.place(
                self._portal.db,
                acting=ACTING.get(),
                root=_root(path),
                scope=lock["scope"],
                depth=lock["depth"],
                owner=lock["owner"],
                seconds=float(lock["timeout"]),
                now=self._portal.clock(),
            )
        lock.update(self._lock(row))  # wsgidav answers with the dictionary that it gave
        return lock

    def refresh(self, token: str, *, timeout: float) -> Lock:
        row = locks.prolong(self._portal.db, token=token, seconds=timeout, now=self._portal.clock())
        if row is None:
            raise ValueError("the lock has run out")  # what wsgidav asks of a store
        return self._lock(row)

    def delete(self, token: str) -> bool:
        return locks.remove(self._portal.db, token=token)

    def get_lock_list(
        self, path: str, *, include_root: bool, include_children: bool, token_only: bool
    ) -> list[Any]:
        found = locks.locks_at(
            self._portal.db,
            root=_root(path),
            now=self._portal.clock(),
            itself=include_root,
            below=include_children,
        )
        return [row.token if token_only else self._lock(row) for row in found]

    def _lock(self, row: LockRow) -> Lock:
        return {
            "token": row.token,
            "root": row.root,
            "type": "write",
            "scope": row.scope,
            "depth": row.depth,
            "owner": row.owner,
            "principal": row.person_id,
            "timeout": max(0.0, (row.expires_at - self._portal.clock()).total_seconds()),
            "expire": row.expires_at.timestamp(),
        }


def _root(path: str) -> str:
    """Return a path as locks are kept: wsgidav asks for a folder with and without a slash at its end."""
    return "/" + path.strip("/")

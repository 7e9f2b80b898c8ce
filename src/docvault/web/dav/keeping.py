"""wsgidav's store of dead properties: kept with the thing, so that they go where it goes."""

from collections.abc import Sequence
from typing import Any

from docvault.actions import properties
from docvault.actions.paths import DocumentAt, FolderAt
from docvault.web.dav.errors import translated
from docvault.wiring import Portal

Environ = dict[str, Any]


class Properties:
    """The methods that wsgidav calls; a thing is named by its address."""

    def __init__(self, portal: Portal) -> None:
        self._portal = portal

    def get_properties(self, url: str, environ: Environ) -> Sequence[str]:
        thing = _thing(url, environ)
        if thing is None:
            return []
        with translated():
            return properties.property_names(self._portal.db, **_named(thing, environ))

    def get_property(self, url: str, name: str, environ: Environ) -> bytes | None:
        thing = _thing(url, environ)
        if thing is None:
            return None
        with translated():
            return properties.get_property(self._portal.db, **_named(thing, environ), name=name)

    def write_property(
        self,
        url: str,
        name: str,
        value: bytes,
        dry_run: bool,
        environ: Environ,
    ) -> None:
        self._set(url, name, value, environ, dry_run=dry_run)

    def remove_property(self, url: str, name: str, dry_run: bool, environ: Environ) -> None:
        self._set(url, name, None, environ, dry_run=dry_run)

    def remove_properties(self, url: str, environ: Environ) -> None:
        """Keep them: what is deleted lies in the bin, and comes back with all that it had."""

    def copy_properties(self, from_url: str, to_url: str, environ: Environ) -> None:
        thing, copy = _thing(from_url, environ), _thing(to_url, environ)
        if thing is None or copy is None:
            return
        with translated():
            properties.copy_properties(
                self._portal.db,
                **_named(thing, environ),
                to_kind=_kind(copy),
                to_id=copy.id,
                now=self._portal.clock(),
            )

    def move_properties(self, from_url: str, to_url: str, with_children: bool, environ: Environ) -> None:
        """Nothing to do: they are kept with the thing, not with its address."""

    def _set(self, url: str, name: str, value: bytes | None, environ: Environ, *, dry_run: bool) -> None:
        thing = _thing(url, environ)
        if thing is None or dry_run:
            return
        with translated():
            properties.set_property(
                self._portal.db, **_named(thing, environ), name=name, value=value, now=self._portal.clock()
            )


def _thing(url: str, environ: Environ) -> FolderAt | DocumentAt | None:
    provider = environ["wsgidav.provider"]
    found = provider.get_resource_inst(provider.ref_url_to_path(url), environ)
    thing = getattr(found, "thing", None)
    return thing if isinstance(thing, FolderAt | DocumentAt) else None


def _named(thing: FolderAt | DocumentAt, environ: Environ) -> dict[str, Any]:
    return {"acting": environ["docvault.acting"], "kind": _kind(thing), "thing_id": thing.id}


def _kind(thing: FolderAt | DocumentAt) -> str:
    return "folder" if isinstance(thing, FolderAt) else "document"

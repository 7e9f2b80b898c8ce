"""Whose signatures this portal trusts when it checks them, besides its own."""

from datetime import datetime
from typing import Annotated, Any

import msgspec
from litestar import Request, delete, get, post
from litestar.params import FromPath, JSONBody

from docvault.actions import trust
from docvault.certificates.anchors import FILE_MOST
from docvault.web.access import portal_of, signed_in
from docvault.web.running import run
from docvault.web.wire import Answer, Body

WebRequest = Request[Any, Any, Any]


class TrustedAuthority(Answer):
    """id: null for the installation's own root, which is always trusted. sha256: of the certificate."""

    id: str | None
    name: str
    organisation: str
    sha256: str
    not_after: datetime
    reason: str | None
    added_at: datetime | None
    added_by: str | None


class TrustList(Answer):
    items: list[TrustedAuthority]
    next: str | None


class NewTrust(Body):
    """certificates: PEM, one or more, of authorities. reason: why they are trusted."""

    certificates: Annotated[str, msgspec.Meta(max_length=FILE_MOST)]
    reason: Annotated[str, msgspec.Meta(max_length=2_000)]


class Trusted(Answer):
    """added: fingerprints (SHA-256) of the certificates that were not trusted before."""

    added: list[str]


@get("/trust", summary="List whose signatures are trusted", tags=["Verification"])
async def show_trust(request: WebRequest) -> TrustList:
    """The portal's own root first, then every authority that somebody added, with who did and why."""
    portal = portal_of(request)
    found = await run(trust.show_trust, portal.db, portal.authority, acting=signed_in(request))
    own = [
        TrustedAuthority(
            id=None,
            name=each.name,
            organisation=each.organisation,
            sha256=each.sha256,
            not_after=each.not_after,
            reason=None,
            added_at=None,
            added_by=None,
        )
        for each in found.own
    ]
    added = msgspec.convert(found.added, list[TrustedAuthority], from_attributes=True)
    return TrustList(items=[*own, *added], next=None)


@post("/trust", summary="Trust an authority", tags=["Verification"])
async def add_trust(request: WebRequest, data: JSONBody[NewTrust]) -> Trusted:
    """Whoever holds the key of an authority that is trusted can make signatures, in any name, that this
    portal calls trusted. Compare the fingerprint with the one that the authority publishes.
    """
    portal = portal_of(request)
    added = await run(
        trust.trust,
        portal.db,
        portal.authority,
        acting=signed_in(request),
        content=data.certificates.encode(),
        reason=data.reason,
        now=portal.clock(),
    )
    return Trusted(added=[each.sha256 for each in added])


@delete(
    "/trust/{anchor_id:str}", status_code=204, summary="Trust an authority no longer", tags=["Verification"]
)
async def remove_trust(request: WebRequest, anchor_id: FromPath[str]) -> None:
    """From the next check on, signatures that lead to it are not trusted."""
    portal = portal_of(request)
    await run(trust.distrust, portal.db, acting=signed_in(request), anchor_id=anchor_id, now=portal.clock())


HANDLERS = [show_trust, add_trust, remove_trust]

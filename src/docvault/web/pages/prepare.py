"""Placing the fields on a draft, and sending it."""

from collections.abc import Sequence
from typing import Any

import msgspec
from litestar import Request, Response, get, post
from litestar.params import FromPath
from litestar.response import Redirect

from docvault.actions import arrivals, envelopes, placed_fields
from docvault.database.envelope_views import EnvelopeView
from docvault.pdf.errors import PdfError
from docvault.pdf.render import WIDTHS
from docvault.policy.engine import Forbidden
from docvault.policy.vocabulary import Permission
from docvault.rules.envelopes import SIGNING, EnvelopeRefused, State
from docvault.rules.fields import PlacedField
from docvault.values import DocVaultError, EnvelopeId
from docvault.vault.sending import PreflightFailed
from docvault.web import problems
from docvault.web.access import portal_of, signed_in
from docvault.web.api.fields import FieldDetail
from docvault.web.pages.envelopes import recipient_lines
from docvault.web.rendering import render
from docvault.web.running import run
from docvault.web.sheets import sheets

WebRequest = Request[Any, Any, Any]


@get("/envelopes/{envelope_id:str}/prepare")
async def prepare(request: WebRequest, envelope_id: FromPath[str]) -> Response[Any]:
    """The editor; an envelope that was sent is shown instead."""
    view = await _view(request, envelope_id)
    if view.state is not State.DRAFT:
        return Redirect(f"/envelopes/{envelope_id}", status_code=303)
    return await _page(request, view)


async def _view(request: WebRequest, envelope_id: str) -> EnvelopeView:
    view = await run(
        envelopes.show_envelope,
        portal_of(request).db,
        acting=signed_in(request),
        envelope_id=EnvelopeId(envelope_id),
    )
    if Permission.ENVELOPE_MANAGE not in view.may:
        raise Forbidden(Permission.ENVELOPE_MANAGE)
    return view


async def _page(
    request: WebRequest, view: EnvelopeView, found: Sequence[str] = (), error: DocVaultError | None = None
) -> Response[str]:
    portal = portal_of(request)
    placed = await run(
        placed_fields.show_fields, portal.db, portal.vault, acting=signed_in(request), envelope_id=view.id
    )
    suggested = await run(
        placed_fields.suggest_fields, portal.db, portal.vault, acting=signed_in(request), envelope_id=view.id
    )
    arrived = await run(
        arrivals.show_arrivals,
        portal.db,
        portal.vault,
        portal.pdf,
        portal.authority,
        acting=signed_in(request),
        envelope_id=view.id,
    )
    base = f"/api/v1/envelopes/{view.id}/pages"
    return render(
        request,
        "prepare.html",
        problems.meaning_of(error).status if error else 200,
        nav="envelopes",
        envelope=view,
        people=[
            {"id": one.id, "name": one.name, "colour": one.colour}
            for one in recipient_lines(view.recipients)
            if one.part in SIGNING
        ],
        fields=[field_data(field) | {"recipient_id": field.recipient_id} for field in placed],
        suggested=[field_data(field) | {"recipient_id": field.recipient_id} for field in suggested],
        sheets=sheets(base, view.page_sizes, {}, selectable=False),
        widths=WIDTHS,
        problems=found,
        arrived=arrived,
        only_signatures=len(arrived) == len(view.documents),
    )


def field_data(field: PlacedField) -> dict[str, Any]:
    """Return a field as the page's script takes it."""
    names = ("id", "page", "x", "y", "w", "h", "required", "label")
    return {name: getattr(field, name) for name in names} | {
        "kind": str(field.kind),
        "detail": msgspec.to_builtins(msgspec.convert(field.detail, FieldDetail, from_attributes=True)),
    }


@post("/envelopes/{envelope_id:str}/send")
async def send(request: WebRequest, envelope_id: FromPath[str]) -> Response[Any]:
    """Send the envelope, or say in words why that cannot be."""
    portal = portal_of(request)
    try:
        await run(
            envelopes.send_envelope,
            portal.db,
            portal.vault,
            portal.pdf,
            portal.authority,
            acting=signed_in(request),
            envelope_id=EnvelopeId(envelope_id),
            now=portal.clock(),
        )
    except PreflightFailed as error:
        return await _page(request, await _view(request, envelope_id), error.problems, error)
    except (EnvelopeRefused, PdfError) as error:
        return await _page(request, await _view(request, envelope_id), [str(error)], error)
    return Redirect(f"/envelopes/{envelope_id}?notice=sent", status_code=303)


HANDLERS = [prepare, send]

"""Links to a template: made, shown this once and closed; and the pages of whoever opens one.

The first page is the same for every link: the secret behind the # leaves the browser only with the button
(promises 38, 39).
"""

from collections.abc import Mapping
from datetime import UTC, date, timedelta
from typing import Any

import msgspec
from litestar import Request, Response, get, post
from litestar.params import FromPath
from litestar.response import Redirect

from docvault.actions import template_links, templates
from docvault.actions.outsiders import Entered
from docvault.credentials.refusals import ChallengeOver, LinkRefused, Throttled
from docvault.rules import template_links as rules
from docvault.rules.envelopes import EnvelopeRefused
from docvault.rules.outsiders import CodesWrong
from docvault.rules.template_links import LinkUnusable
from docvault.values import DocVaultError
from docvault.web import forms, problems
from docvault.web.access import PUBLIC, portal_of, signed_in, source_of
from docvault.web.api.outsiders import entered_cookies, secret_of
from docvault.web.rendering import render
from docvault.web.running import run

WebRequest = Request[Any, Any, Any]

ROLE, VALUE, BESIDE = "with-role-", "with-value-", "with-"
SUGGESTED_DAYS = 30


class LinkForm(msgspec.Struct, forbid_unknown_fields=True):
    until: date | None = None
    most_uses: int = 100


class CodeForm(msgspec.Struct, forbid_unknown_fields=True):
    code: str = ""


@get("/templates/{template_id:str}/links")
async def show_links(request: WebRequest, template_id: FromPath[str]) -> Response[str]:
    """The links of a template and the form for a new one."""
    return await _show(request, template_id)


@post("/templates/{template_id:str}/links", status_code=200)
async def make_link(request: WebRequest, template_id: FromPath[str]) -> Response[str]:
    """Make a link and show it, this once."""
    given = await forms.pairs(request)
    form = await forms.read(request, LinkForm, beside=BESIDE)
    portal, acting = portal_of(request), signed_in(request)
    view = await run(templates.show_template, portal.db, portal.vault, acting=acting, template_id=template_id)
    people = [given.get(f"{ROLE}{number}", "") for number, _ in enumerate(view.roles, start=1)]
    values = {name: given.get(f"{VALUE}{number}", "") for number, name in enumerate(view.values, start=1)}
    try:
        token = await run(
            template_links.make_link,
            portal.db,
            portal.vault,
            acting=acting,
            template_id=template_id,
            people=people,
            values=values,
            last_day=form.until or _suggested(request),
            most_uses=form.most_uses,
            now=portal.clock(),
        )
    except EnvelopeRefused as error:
        return await _show(request, template_id, given=given, error=error)
    return await _show(request, template_id, link=f"{portal.settings.base_url.rstrip('/')}/begin#{token}")


async def _show(
    request: WebRequest,
    template_id: str,
    *,
    given: Mapping[str, str] | None = None,
    link: str = "",
    error: DocVaultError | None = None,
) -> Response[str]:
    portal, acting = portal_of(request), signed_in(request)
    about: dict[str, Any] = {"acting": acting, "template_id": template_id}
    view = await run(templates.show_template, portal.db, portal.vault, **about)
    links = await run(template_links.list_links, portal.db, portal.vault, now=portal.clock(), **about)
    return render(
        request,
        "template_links.html",
        problems.meaning_of(error).status if error else 200,
        nav="envelopes",
        kept=view,
        kinds=portal.db.policy.numbers.kinds.kind,
        links=links,
        link=link,
        given=given or {},
        today=portal.clock().astimezone(UTC).date().isoformat(),
        until=_suggested(request).isoformat(),
        uses_most=rules.USES_MOST,
        trouble=str(error or ""),
    )


def _suggested(request: WebRequest) -> date:
    return (portal_of(request).clock().astimezone(UTC) + timedelta(days=SUGGESTED_DAYS)).date()


@post("/template-links/{link_id:str}/close")
async def close_link(request: WebRequest, link_id: FromPath[str]) -> Redirect:
    """Let nobody come by the link any more."""
    portal = portal_of(request)
    template_id = await run(
        template_links.close_link, portal.db, acting=signed_in(request), link_id=link_id, now=portal.clock()
    )
    return Redirect(f"/templates/{template_id}/links", status_code=303)


@get("/begin", opt=PUBLIC)
async def knock(request: WebRequest) -> Response[str]:
    """Ask who it is; nothing is looked up yet."""
    return render(request, "begin.html", over="")


@get("/begin/code", opt=PUBLIC)
async def ask_code(request: WebRequest) -> Response[str]:
    """The form for the code from the mail."""
    return await _code(request)


@post("/begin/code", opt=PUBLIC)
async def give_code(request: WebRequest) -> Response[Any]:
    """Take the code, send the envelope, then go on to the second factor, or to signing in."""
    form = await forms.read(request, CodeForm)
    portal = portal_of(request)
    try:
        begun = await run(
            template_links.give_code,
            portal.db,
            portal.vault,
            portal.pdf,
            portal.authority,
            secret=secret_of(request),
            code=form.code,
            source=source_of(request.scope),
            now=portal.clock(),
        )
    except (CodesWrong, Throttled, ChallengeOver) as error:
        return await _code(request, error)
    except (LinkRefused, LinkUnusable) as error:
        return render(request, "begin.html", problems.meaning_of(error).status, over=str(error))
    onward = f"/login/code?next=/sign/{begun.envelope_id}" if begun.challenge else "/enrol"
    if begun.challenge is None and begun.session is None:
        onward = f"/sign/{begun.envelope_id}"
    answer = Redirect(onward, status_code=303)
    entered = Entered(begun.envelope_id, begun.challenge, begun.session)
    answer.cookies.extend(entered_cookies(request, entered))
    return answer


async def _code(request: WebRequest, error: Exception | None = None) -> Response[str]:
    """Show the form, or that this browser waits for no code any more."""
    portal = portal_of(request)
    status = problems.meaning_of(error).status if error else 200
    try:
        await run(template_links.waits_for_code, portal.db, secret=secret_of(request), now=portal.clock())
    except ChallengeOver as over:
        said = "Your code has run out, or was tried too often. Open the link once more for a new one."
        return render(request, "begin.html", problems.meaning_of(over).status, over=said)
    page = render(request, "mailed_code.html", status, begin="/begin", told=False, error=str(error or ""))
    if error:
        page.headers.update(problems.headers_of(error))
    return page


HANDLERS = [show_links, make_link, close_link, knock, ask_code, give_code]

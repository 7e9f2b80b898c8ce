"""Why somebody may or may not do something: the question, the answer in rules, and every rule in force."""

from collections.abc import Sequence
from itertools import groupby
from typing import Any

from litestar import Request, Response, get
from litestar.params import FromQuery

from docvault.actions import explanations
from docvault.actions.explanations import Explained
from docvault.policy.rules import Rule
from docvault.policy.vocabulary import Permission, Role
from docvault.rules.things import ThingUnclear
from docvault.values import DocVaultError, NotFound
from docvault.web import problems
from docvault.web.access import portal_of, signed_in
from docvault.web.rendering import render
from docvault.web.running import run

WebRequest = Request[Any, Any, Any]

# What is asked, in words, by the subject of the permission.
VERBS = {
    Permission.FOLDER_SEE: "see a folder",
    Permission.FOLDER_UPLOAD: "add documents to a folder",
    Permission.FOLDER_SHARE: "share a folder",
    Permission.FOLDER_MANAGE: "keep people out of a folder",
    Permission.FOLDER_ARRANGE: "make folders inside a folder, rename, move or bin it",
    Permission.FOLDER_SIGN: "be asked to sign what lies in a folder",
    Permission.FOLDER_CREATE: "make a folder for an organisation",
    Permission.DOCUMENT_SEE: "see a document",
    Permission.DOCUMENT_READ: "read a document",
    Permission.DOCUMENT_DOWNLOAD: "download a document",
    Permission.DOCUMENT_CHANGE: "rename, move or bin a document",
    Permission.DOCUMENT_BREAK_GLASS: "break the glass of a document",
    Permission.ENVELOPE_CREATE: "start an envelope",
    Permission.ENVELOPE_SEE: "see an envelope",
    Permission.ENVELOPE_READ: "read an envelope",
    Permission.ENVELOPE_MANAGE: "send, remind and void an envelope",
    Permission.ENVELOPE_SIGN: "sign an envelope",
    Permission.ENVELOPE_HOST: "host somebody who signs an envelope in person",
}


@get("/policy")
async def show_policy(
    request: WebRequest,
    person: FromQuery[str] = "",
    does: FromQuery[str] = "",
    on: FromQuery[str] = "",
    find: FromQuery[str] = "",
) -> Response[str]:
    """The rules; with a person and a permission also the answer for them."""
    db, acting = portal_of(request).db, signed_in(request)
    rules = await run(explanations.list_rules, db, acting=acting)
    people = await run(explanations.find_people, db, acting=acting, words=person)
    folders = await run(explanations.find_folders, db, acting=acting, words=find)
    chosen = next((one for one in people if person.strip().lower() in {one.email, one.id}), None)
    chosen = chosen or (people[0] if len(people) == 1 else None)
    answer, error = None, _trouble(person, people, chosen, does)
    if chosen is not None and does:
        answer, error = await _asked(request, chosen.id, does, on)
    return render(
        request,
        "policy.html",
        problems.meaning_of(error).status if error else 200,
        nav="policy",
        files=_by_file(rules),
        verbs=_verbs(),
        asked={"person": chosen.email if chosen else person, "does": does, "on": on, "find": find},
        candidates=people if person and chosen is None else [],
        found_folders=folders,
        may_find=acting.role is Role.COMPLIANCE_OFFICER,  # whoever sees no folders need not search
        answer=answer,
        trouble=str(error or ""),
    )


def _trouble(person: str, people: Sequence[Any], chosen: Any, does: str) -> DocVaultError | None:
    if person and not people:
        return NotFound("There is nobody with this name or address.")
    if chosen is not None and not does:
        return ThingUnclear("Please choose what they want to do.")
    return None


async def _asked(
    request: WebRequest, person_id: str, does: str, on: str
) -> tuple[Explained | None, DocVaultError | None]:
    portal = portal_of(request)
    try:
        answer = await run(
            explanations.explain_decision,
            portal.db,
            acting=signed_in(request),
            person=person_id,
            permission=does,
            on=on,
            now=portal.clock(),
        )
    except (ThingUnclear, NotFound) as error:
        return None, error
    return answer, None


def _by_file(rules: Sequence[Rule]) -> list[tuple[str, list[Rule]]]:
    return [(name, list(group)) for name, group in groupby(rules, key=lambda rule: rule.file)]


def _verbs() -> dict[str, list[tuple[str, str]]]:
    """Return every permission with words, by its subject."""
    found: dict[str, list[tuple[str, str]]] = {}
    for each in Permission:
        found.setdefault(each.value.partition(":")[0], []).append((each.value, VERBS.get(each, each.value)))
    return found


HANDLERS = [show_policy]

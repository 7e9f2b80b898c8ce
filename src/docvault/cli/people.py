"""`docvault people`: who there is, from the terminal of the machine that runs the portal.

Whoever runs this holds the data folder and its keys already, so nobody signs in; what is done goes through
the same actions and is an entry of the audit log all the same, in the name of the machine's user.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from docvault.actions.people import PersonView
    from docvault.policy.vocabulary import Acting
    from docvault.values import OrganisationId
    from docvault.wiring import Portal

app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None)

Data = Annotated[Path | None, typer.Option("--data", help="The data folder.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
Email = Annotated[str, typer.Argument(help="The person's e-mail address.")]
Name = Annotated[str, typer.Option("--name", help="The person's name.")]
RoleName = Annotated[
    str, typer.Option("--role", help="administrator, compliance_officer, account_manager or client.")
]
Organisation = Annotated[
    str, typer.Option("--organisation", help="A client's company; made if it is new. Others need none.")
]
Clients = Annotated[
    list[str] | None, typer.Option("--looks-after", help="A client of this account manager; may be repeated.")
]
Client = Annotated[str, typer.Argument(help="The client organisation's name.")]
Until = Annotated[
    datetime | None, typer.Option("--until", formats=["%Y-%m-%d"], help="The last day, if one is agreed.")
]
Search = Annotated[str | None, typer.Option("--search", help="A part of the name or address.")]


@app.command()
def add(
    email: Email,
    name: Name,
    role: RoleName,
    organisation: Organisation = "",
    looks_after: Clients = None,
    data: Data = None,
    as_json: AsJson = False,
) -> None:
    """Invite a person: mails them a link, and prints it.

    Example: docvault people add clara@acme.example --name "Clara Client" --role client --organisation "Acme"
    """
    from docvault.actions import organisations, people
    from docvault.policy.vocabulary import Role
    from docvault.rules.people import PersonRefused

    if role not in list(Role):
        raise PersonRefused(f"There is no role {role!r}. The roles are {', '.join(Role)}.")
    with at_terminal(data) as (portal, acting):
        company = _organisation(portal, acting, organisation) if organisation else acting.organisation_id
        invited = people.invite_person(
            portal.db,
            portal.vault.records,
            acting=acting,
            email=email,
            name=name,
            role=Role(role),
            organisation_id=company,
            now=portal.clock(),
        )
        for client in looks_after or []:
            organisations.assign_client(
                portal.db,
                acting=acting,
                person_id=invited.person_id,
                organisation_id=_organisation(portal, acting, client),
                now=portal.clock(),
            )
        link = f"{portal.settings.base_url.rstrip('/')}/welcome#{invited.token}"
    if not invited.token:
        link = ""
    print(json.dumps({"id": invited.person_id, "link": link}) if as_json else f"Invited. Their link: {link}")


@app.command("list")
def list_all(search: Search = None, data: Data = None, as_json: AsJson = False) -> None:
    """List people, newest first.

    Example: docvault people list --search acme
    """
    with at_terminal(data) as (portal, acting):
        found = list(_everybody(portal, acting, search))
    if as_json:
        print(json.dumps({"people": [_described(person) for person in found]}))
        return
    for person in found:
        print(
            f"{person.state:9} {person.role:19} {person.email:35} {person.name} ({person.organisation_name})"
        )
    print(f"{len(found)} people")


@app.command()
def disable(email: Email, data: Data = None) -> None:
    """Take every right from a person, at once and everywhere.

    Example: docvault people disable clara@acme.example
    """
    from docvault.actions import people

    with at_terminal(data) as (portal, acting):
        person = _somebody(portal, acting, email)
        people.disable_person(portal.db, acting=acting, person_id=person.id, now=portal.clock())
    print(f"{person.email} is disabled and signed out everywhere.")


@app.command()
def enable(email: Email, data: Data = None) -> None:
    """Give a disabled person their rights back.

    Example: docvault people enable clara@acme.example
    """
    from docvault.actions import people

    with at_terminal(data) as (portal, acting):
        person = _somebody(portal, acting, email)
        people.enable_person(portal.db, acting=acting, person_id=person.id, now=portal.clock())
    print(f"{person.email} is enabled.")


@app.command()
def reset(email: Email, data: Data = None) -> None:
    """Mail a person a link to choose a new password, or a fresh invitation if they never joined.

    Example: docvault people reset clara@acme.example
    """
    from docvault.actions import people

    with at_terminal(data) as (portal, acting):
        person = _somebody(portal, acting, email)
        start = people.invite_again if person.state == "invited" else people.start_password_reset
        start(portal.db, portal.vault.records, acting=acting, person_id=person.id, now=portal.clock())
    print(f"A link is on its way to {person.email}.")


@app.command()
def role(
    email: Email,
    new: Annotated[str, typer.Argument(help="administrator, compliance_officer, account_manager or client.")],
    organisation: Organisation = "",
    data: Data = None,
) -> None:
    """Give a person another role, also without a second person; their sessions and tokens end.

    Example: docvault people role maya@example.com compliance_officer
    """
    from docvault.actions import roles
    from docvault.policy.vocabulary import Role
    from docvault.rules.people import PersonRefused

    if new not in list(Role):
        raise PersonRefused(f"There is no role {new!r}. The roles are {', '.join(Role)}.")
    with at_terminal(data) as (portal, acting):
        person = _somebody(portal, acting, email)
        home = _organisation(portal, acting, organisation) if organisation else acting.organisation_id
        roles.change_role(
            portal.db,
            portal.vault.records,
            acting=acting,
            person_id=person.id,
            role=Role(new),
            organisation_id=home,
            step_up_id="",
            now=portal.clock(),
        )
    print(f"{person.email} is {new.replace('_', ' ')} now, and signs in anew.")


@app.command()
def join(email: Email, organisation: Client, until: Until = None, data: Data = None) -> None:
    """Make a client a member of one more client organisation, or give an account manager a client.

    Example: docvault people join clara@acme.example "Globex Trading" --until 2027-06-30
    """
    from docvault.actions import organisations
    from docvault.policy.vocabulary import Role

    with at_terminal(data) as (portal, acting):
        person = _somebody(portal, acting, email)
        manages = person.role is Role.ACCOUNT_MANAGER
        deed = organisations.assign_client if manages else organisations.add_member
        deed(
            portal.db,
            acting=acting,
            person_id=person.id,
            organisation_id=_organisation(portal, acting, organisation),
            until=_end_of(until),
            now=portal.clock(),
        )
    print(f"{person.email} {'looks after' if manages else 'belongs to'} {organisation} now.")


@app.command()
def leave(email: Email, organisation: Client, data: Data = None) -> None:
    """End a membership, or take a client from an account manager, at once and everywhere.

    Example: docvault people leave clara@acme.example "Globex Trading"
    """
    from docvault.actions import organisations
    from docvault.policy.vocabulary import Role

    with at_terminal(data) as (portal, acting):
        person = _somebody(portal, acting, email)
        manages = person.role is Role.ACCOUNT_MANAGER
        deed = organisations.unassign_client if manages else organisations.remove_member
        deed(
            portal.db,
            acting=acting,
            person_id=person.id,
            organisation_id=_organisation(portal, acting, organisation, make=False),
            now=portal.clock(),
        )
    print(f"{person.email} {'no longer looks after' if manages else 'has left'} {organisation}.")


@contextmanager
def at_terminal(data: Path | None) -> "Iterator[tuple[Portal, Acting]]":
    """Open the installation, and say who acts: the machine's user, as an administrator."""
    import getpass
    import os

    from docvault import settings, wiring
    from docvault.actions import organisations
    from docvault.policy.vocabulary import TERMINAL, Acting, Role
    from docvault.values import OrganisationId, PersonId, SessionId

    if data is not None:
        os.environ["DOCVAULT_DATA"] = str(data.resolve())
    portal = wiring.build(settings.load())
    try:
        own = OrganisationId(organisations.operator_id(portal.db))
        acting = Acting(
            person_id=PersonId(TERMINAL),
            organisation_id=own,
            role=Role.ADMINISTRATOR,
            organisations=frozenset([own]),
            clients=frozenset(),
            session_id=SessionId(TERMINAL),
            session_kind="full",
            factors=TERMINAL,
            name=f"{getpass.getuser()} at the terminal",
            email="",
            address="",
            user_agent="docvault",
            at=portal.clock(),
        )
        yield portal, acting
    finally:
        portal.close()


def _end_of(day: "datetime | None") -> "datetime | None":
    """Return the moment after the last day, in UTC."""
    from datetime import UTC, timedelta

    return None if day is None else day.replace(tzinfo=UTC) + timedelta(days=1)


def _organisation(portal: "Portal", acting: "Acting", name: str, *, make: bool = True) -> "OrganisationId":
    """Return the id of an organisation, made as a client if it is new. Raises NotFound if it must not be."""
    from docvault.actions import organisations
    from docvault.values import NotFound

    known = {each.name: each.id for each in organisations.list_organisations(portal.db, acting=acting)}
    if name in known:
        return known[name]
    if not make:
        raise NotFound(f"There is no organisation called {name}.")
    return organisations.create_organisation(portal.db, acting=acting, name=name, now=portal.clock())


def _everybody(portal: "Portal", acting: "Acting", search: str | None) -> "Iterator[PersonView]":
    from docvault.actions import people

    after = None
    while True:
        page = people.list_people(portal.db, acting=acting, search=search, after=after, limit=200)
        yield from page.items
        after = page.next
        if after is None:
            return


def _somebody(portal: "Portal", acting: "Acting", email: str) -> "PersonView":
    """Return the person with exactly this address. Raises NotFound."""
    from docvault.rules.people import email_as_typed
    from docvault.values import NotFound

    wanted = email_as_typed(email)
    for person in _everybody(portal, acting, wanted):
        if person.email == wanted:
            return person
    raise NotFound(f"There is nobody with the address {wanted}.")


def _described(person: "PersonView") -> dict[str, object]:
    return {
        "id": person.id,
        "email": person.email,
        "name": person.name,
        "role": person.role,
        "state": person.state,
        "organisation": person.organisation_name,
        "created_at": person.created_at.isoformat(),
    }

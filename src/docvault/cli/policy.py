"""`docvault policy`: check the policies and their examples, and explain a decision. Changes nothing."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from docvault.policy.engine import Explanation, Policy
    from docvault.policy.rules import Rule

REFUSED = 1  # exit code: the policies do not hold

app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None)

Folder = Annotated[Path | None, typer.Option("--policies", help="The folder; by default the one in use.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
RoleName = Annotated[str, typer.Option("--role", help="Of the made-up person who acts.")]
Email = Annotated[str, typer.Option("--person", help="A real person's e-mail address, instead of --role.")]
Thing = Annotated[
    str, typer.Option("--on", help="A real thing: folder:ID, document:ID, or a page's address.")
]
Data = Annotated[Path | None, typer.Option("--data", help="The data folder, for real people and things.")]
PermissionName = Annotated[str, typer.Argument(help="What they want, e.g. document:read.")]
TypeName = Annotated[
    str,
    typer.Argument(help="On what, for somebody made up: Portal, Organisation, Folder, Document, Envelope."),
]
Facts = Annotated[
    list[str] | None,
    typer.Option("--with", help="A fact about the thing, e.g. organisation=acme or members=me; repeatable."),
]
Own = Annotated[str, typer.Option("--organisation", help="The person's organisation.")]
Clients = Annotated[list[str] | None, typer.Option("--client", help="A client they look after; repeatable.")]
Session = Annotated[str, typer.Option("--session", help="full, or enrol while a factor is owed.")]


@app.command()
def check(policies: Folder = None, as_json: AsJson = False) -> None:
    """Check rules against the schema, the numbers against their limits, and run every example.

    Exit code 0: all hold. 1: something does not, and it is named.

    Example: docvault policy check --policies /etc/docvault/policies
    """
    from docvault.policy import examples

    policy, folder = _load(policies)
    found = examples.check(policy, folder)
    if as_json:
        print(
            json.dumps(
                {
                    "ok": not found.problems,
                    "rules": len(policy.rules),
                    "examples": found.examples,
                    "problems": list(found.problems),
                }
            )
        )
    else:
        for problem in found.problems:
            print(problem)
        verdict = "all hold" if not found.problems else f"{len(found.problems)} do not hold"
        print(f"{folder}: {len(policy.rules)} rules, {found.examples} examples: {verdict}.")
    if found.problems:
        raise typer.Exit(REFUSED)


@app.command()
def explain(
    permission: PermissionName,
    on: TypeName = "",
    role: RoleName = "",
    organisation: Own = "operator",
    client: Clients = None,
    facts: Facts = None,
    session: Session = "full",
    person: Email = "",
    thing: Thing = "",
    data: Data = None,
    policies: Folder = None,
    as_json: AsJson = False,
) -> None:
    """Say whether somebody may do something, by which rules, or which rules could allow it.

    With --person and --on about the portal's real people and things, as they are now; what is asked is an
    entry of the audit trail. With a type and --role about somebody made up, who is called `me`.

    Example: docvault policy explain document:read --person clara@acme.example --on document:ID

    Example: docvault policy explain document:read Document --role client --organisation acme
    --with organisation=acme
    """
    from docvault.policy.engine import PolicyInvalid

    if bool(person) == bool(role):
        raise PolicyInvalid("Name either a real person with --person, or a type and a --role.")
    if person:
        barred, found = _of_portal(person, permission, thing, data)
    else:
        made_up = {"role": role, "id": "me", "organisation": organisation, "clients": client or []}
        barred, found = None, _made_up({**made_up, "session": session}, permission, on, facts or [], policies)
    if as_json:
        print(json.dumps(_as_json(barred, found)))
    else:
        print("\n".join(_as_text(barred, found)))


def _of_portal(person: str, permission: str, on: str, data: Path | None) -> "tuple[str | None, Explanation]":
    from docvault.actions import explanations
    from docvault.cli.people import at_terminal

    with at_terminal(data) as (portal, acting):
        answer = explanations.explain_decision(
            portal.db, acting=acting, person=person, permission=permission, on=on, now=portal.clock()
        )
    return answer.barred, answer.explanation


def _made_up(
    who: dict[str, object], permission: str, on: str, facts: list[str], policies: Path | None
) -> "Explanation":
    import msgspec

    from docvault.policy import examples
    from docvault.policy.engine import PolicyInvalid

    what = {"type": on, **_facts(facts)}
    asked = {"says": "", "person": who, "does": permission, "thing": what, "allowed": True}
    try:
        example = msgspec.convert(asked, examples.Example)
    except msgspec.ValidationError as error:
        raise PolicyInvalid(f"This cannot be asked: {error}.") from error
    policy, _ = _load(policies)
    return policy.explain(examples.acting(example.person), example.does, examples.resource(example.thing))


def _as_json(barred: str | None, found: "Explanation") -> dict[str, object]:
    def told(rules: "tuple[Rule, ...]") -> list[dict[str, str]]:
        return [{"id": rule.id, "says": rule.says, "file": rule.file} for rule in rules]

    return {
        "allowed": found.allowed and barred is None,
        "barred": barred,
        "decided": told(found.decided),
        "could": told(found.could),
    }


def _as_text(barred: str | None, found: "Explanation") -> "Iterator[str]":
    yield "Allowed." if found.allowed and barred is None else "Refused."
    if barred:
        yield f"  {barred}"
    for rule in found.decided:
        yield f"  by {rule.id}: {rule.says}"
    if not found.decided:
        yield "  because no rule allows it."
    for rule in found.could:
        yield f"  It would be allowed by {rule.id}: {rule.says}"


def _load(folder: Path | None) -> "tuple[Policy, Path]":
    from docvault.policy.engine import Policy, default_folder

    chosen = folder or default_folder()
    return Policy.load(chosen), chosen


def _facts(given: list[str]) -> dict[str, object]:
    """Return the facts of --with; a name given twice, or one that is a set, becomes a list."""
    from docvault.policy import examples

    found: dict[str, object] = {}
    for fact in given:
        name, _, value = fact.partition("=")
        if name in examples.SETS:
            earlier = found.get(name, [])
            found[name] = [*earlier, value] if isinstance(earlier, list) else [value]
        else:
            found[name] = value
    return found

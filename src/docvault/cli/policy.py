"""`docvault policy`: check the policies and their examples, and explain a decision. Changes nothing."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from docvault.policy.engine import Policy

REFUSED = 1  # exit code: the policies do not hold

app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None)

Folder = Annotated[Path | None, typer.Option("--policies", help="The folder; by default the one in use.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
RoleName = Annotated[str, typer.Option("--role", help="Of the person who acts.")]
PermissionName = Annotated[str, typer.Argument(help="What they want, e.g. document:read.")]
TypeName = Annotated[str, typer.Argument(help="On what: Portal, Organisation, Folder, Document, Envelope.")]
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
    on: TypeName,
    role: RoleName,
    organisation: Own = "operator",
    client: Clients = None,
    facts: Facts = None,
    session: Session = "full",
    policies: Folder = None,
) -> None:
    """Say whether a person may do something, and by which rule. The person is called `me`.

    Example: docvault policy explain document:read Document --role client --organisation acme
    --with organisation=acme
    """
    import msgspec

    from docvault.policy import examples
    from docvault.policy.engine import PolicyInvalid

    try:
        who = {"role": role, "id": "me", "organisation": organisation, "clients": client or []}
        example = msgspec.convert(
            {
                "says": "",
                "person": {**who, "session": session},
                "does": permission,
                "thing": {"type": on, **_facts(facts or [])},
                "allowed": True,
            },
            examples.Example,
        )
    except msgspec.ValidationError as error:
        raise PolicyInvalid(f"This cannot be asked: {error}.") from error
    policy, _ = _load(policies)
    decision = policy.decide(examples.acting(example.person), example.does, examples.resource(example.thing))
    sentences = {rule.id: rule.says for rule in policy.rules}
    print("Allowed." if decision.allowed else "Refused.")
    for rule in decision.policies:
        print(f"  by {rule}: {sentences[rule]}")
    if not decision.policies:
        print("  because no rule allows it.")


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

"""Write the tables of docs/authorization.md anew from policies/. A test holds the two equal.

Usage: python tools/authorization.py
"""

import re
from pathlib import Path

from docvault.policy.engine import Policy
from docvault.policy.examples import What, Who, acting, resource
from docvault.policy.vocabulary import PORTAL, Permission, Resource, ResourceType, Role
from docvault.rules.folders import ROLES

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "authorization.md"
BLOCK = re.compile(r"<!-- from policies: (\w+) -->\n.*?<!-- end -->", re.DOTALL)


def written(text: str, policy: Policy) -> str:
    """Return the page with every generated table as the policies have it."""
    tables = {"functions": functions(policy), "shares": shares(policy), "context": context(policy)}
    return BLOCK.sub(
        lambda found: f"<!-- from policies: {found[1]} -->\n{tables[found[1]]}<!-- end -->", text
    )


def functions(policy: Policy) -> str:
    """Which rules can allow each permission to each role, and which forbid it."""
    head = ["permission", "on", *(role.value.replace("_", " ") for role in Role)]
    rows = [
        [f"`{each.value}`", ", ".join(sorted(kind.value.lower() for kind in policy.applies(each)))]
        + [_cell(policy, each, role) for role in Role]
        for each in Permission
    ]
    return _table(head, rows)


def _cell(policy: Policy, permission: Permission, role: Role) -> str:
    about = [
        rule
        for rule in policy.rules
        if rule.role in {None, role.value}
        and (rule.actions is None or permission.value in rule.actions)
        and (rule.type is None or rule.type in {kind.value for kind in policy.applies(permission)})
    ]
    allowed = [rule.id for rule in about if rule.permits]
    if policy.applies(permission) == {ResourceType.PORTAL}:  # nothing about the portal itself can differ
        allowed = list(policy.decide(acting(Who(role=role)), permission, PORTAL).policies)
    forbidden = [rule.id for rule in about if not rule.permits and rule.role == role.value]
    if not allowed:
        return "never"
    return ", ".join(allowed) + (f"; **unless** {', '.join(forbidden)}" if forbidden else "")


def shares(policy: Policy) -> str:
    """What each role of a share gives to a client who has no other way to the folder."""
    guest = acting(Who(role=Role.CLIENT, id="guest", organisation="elsewhere"))
    rows = []
    for role in ROLES:
        sets = {"members": ("guest",), **({f"{role}s": ("guest",)} if role != "viewer" else {})}
        folder = resource(What(type=ResourceType.FOLDER, organisation="acme", **sets))
        document = Resource(ResourceType.DOCUMENT, "d", {**folder.attributes, "opened": frozenset()})
        may = policy.allowed(guest, folder, Permission) | policy.allowed(guest, document, Permission)
        rows.append([role, ", ".join(f"`{each.value}`" for each in Permission if each in may)])
    return _table(["role", "gives"], rows)


def context(policy: Policy) -> str:
    """Which circumstances count, from which number on, and what then happens."""
    sessions, access, throttle = (
        policy.numbers.sessions,
        policy.numbers.access,
        policy.numbers.passwords.throttle,
    )
    rows = [
        ["session", "`enrol`: a factor is owed", "refused by `second-factor-first`, only enrolment is open"],
        ["session", "`token`: a program", "`tokens-stay-in-scope`, `tokens-never-do-this`"],
        ["time", f"idle for {sessions.idle_minutes} minutes", "sign in again"],
        [
            "time, role",
            f"administrator or officer idle for {sessions.administrator_idle_minutes} minutes",
            "sign in again",
        ],
        ["time", f"signed in {sessions.absolute_hours} hours ago", "sign in again"],
        [
            "time, role",
            f"administrator or officer signed in {sessions.administrator_absolute_hours} hours ago",
            "sign in again",
        ],
        ["age of the sign-in", f"more than {sessions.fresh_minutes} minutes", "factors are not changed"],
        [
            "age of the step-up",
            f"more than {sessions.step_up_minutes} minutes, used, or for another deed or digest",
            "confirm again",
        ],
        ["time", "a grant's last day is over (UTC)", "it counts no more, from the next request on"],
        ["time", f"a glass was broken {access.break_glass_minutes} minutes ago", "pages are closed again"],
        [
            "address",
            f"more than {throttle.source_free_tries} failures from it",
            f"wait, up to {throttle.longest_delay_seconds} seconds",
        ],
        [
            "account",
            f"more than {throttle.free_tries} failures",
            f"wait, up to {throttle.longest_delay_seconds} seconds; a known device has its own counter",
        ],
        ["device", "not seen before", "allowed after both factors; its owner gets a notice"],
        ["place", "any", "never counts for or against: only the true peer's address is recorded"],
    ]
    return _table(["attribute", "from when on", "what happens"], rows)


def _table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text(), Policy.load(ROOT / "policies")))

"""What follows from an identity provider's word: whom it may mean, in which role, with which factor. Pure."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from docvault.policy.numbers import GroupRole, Sso
from docvault.policy.vocabulary import Role
from docvault.values import DocVaultError

LEEWAY = timedelta(minutes=1)  # that two clocks may differ


class SignOnRefused(DocVaultError):
    """The provider knows the person, and they are not let in; the message says what they can do."""


NOT_CONNECTED = (
    "Your account is not connected with single sign-on. Sign in with your password and connect it on your"
    " account page. If you are new here, ask for an invitation."
)
NO_ROLE = "Your sign-on service gives you no part in this portal any more. Please ask your administrator."


def groups_of(claims: Mapping[str, Any], rules: Sso) -> frozenset[str]:
    """Return the names of a person's groups: a list of texts, or nothing."""
    found = claims.get(rules.groups_claim)
    return (
        frozenset(each for each in found if isinstance(each, str)) if isinstance(found, list) else frozenset()
    )


def mapped(groups: frozenset[str], rules: Sso) -> GroupRole | None:
    """Return the first line of the map that one of these groups fits."""
    return next((each for each in rules.groups if each.group in groups), None)


def role_after(current: Role, groups: frozenset[str], rules: Sso) -> Role:
    """Return the role of somebody who signs on, from what they are here and the groups they are in there.

    A role that no group is mapped to is nobody's but ours to give and take. Raises SignOnRefused for somebody
    in a mapped role who is in none of its groups any more, and between clients and staff.
    """
    if current not in {each.role for each in rules.groups}:
        return current
    line = mapped(groups, rules)
    if line is None or (line.role == Role.CLIENT) != (current == Role.CLIENT):
        raise SignOnRefused(NO_ROLE)
    return line.role


def check_address(email: str, *, verified: bool, rules: Sso) -> str:
    """Return the address, lower case, if the provider stands for it and its domain is allowed.

    An address that anybody may write into their own profile names nobody. Raises SignOnRefused.
    """
    address = email.strip().lower()
    if not verified or not address:
        raise SignOnRefused("Your sign-on service does not vouch for your e-mail address.")
    domain = address.rpartition("@")[2]
    if rules.email_domains and domain not in {each.lower() for each in rules.email_domains}:
        raise SignOnRefused("E-mail addresses of your domain are not connected here.")
    return address


def check_same_address(theirs: str, ours: str) -> None:
    """Return only if both are one address. Raises SignOnRefused."""
    if theirs != ours:
        raise SignOnRefused(
            "Your sign-on service knows you under another e-mail address than this portal does."
        )


def has_second_factor(
    amr: tuple[str, ...], acr: str, authenticated_at: datetime | None, rules: Sso, now: datetime
) -> bool:
    """Tell whether the provider proved a second factor as policy wants it; silence is no (ASVS 6.8.4)."""
    said = bool(set(amr) & set(rules.second_factor_amr)) or acr in rules.second_factor_acr
    if not said or authenticated_at is None:
        return False
    age = now - authenticated_at
    return -LEEWAY <= age <= timedelta(hours=rules.second_factor_hours)


def wants_factor(rules: Sso) -> bool:
    """Tell whether anything the provider says could spare ours."""
    return bool(rules.second_factor_amr or rules.second_factor_acr)

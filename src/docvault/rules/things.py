"""Which thing and which permission somebody means when they ask why. Pure: no I/O, no clock."""

import re
from collections.abc import Iterable
from itertools import pairwise

from docvault.policy.vocabulary import PORTAL, Permission, ResourceType
from docvault.values import ID_LENGTH, DocVaultError

PAGES = {
    "folders": ResourceType.FOLDER,
    "documents": ResourceType.DOCUMENT,
    "envelopes": ResourceType.ENVELOPE,
    "sign": ResourceType.ENVELOPE,
}
WORDS = {
    ResourceType.PORTAL: "the portal itself",
    ResourceType.ORGANISATION: "an organisation",
    ResourceType.FOLDER: "a folder",
    ResourceType.DOCUMENT: "a document",
    ResourceType.ENVELOPE: "an envelope",
}
_ID = re.compile(rf"[a-z2-7]{{{ID_LENGTH}}}\Z")


class ThingUnclear(DocVaultError):
    """It cannot be asked like that; the message says how."""


def permission(text: str) -> Permission:
    """Return the permission of that name. Raises ThingUnclear."""
    try:
        return Permission(text.strip())
    except ValueError as error:
        raise ThingUnclear("There is no such permission. They are named like folder:see.") from error


def thing(text: str) -> tuple[ResourceType, str]:
    """Return type and id of `folder:ID`, of a page's address, or of the portal for nothing.

    Raises ThingUnclear.
    """
    given = text.strip()
    if not given or given.lower() == "portal":
        return ResourceType.PORTAL, PORTAL.id
    name, _, thing_id = given.partition(":")
    known = {each.value.lower(): each for each in ResourceType}
    if name.lower() in known and _ID.match(thing_id.strip()):
        return known[name.lower()], thing_id.strip()
    for page, found in pairwise(re.split(r"[/?#]+", given)):
        if page in PAGES and _ID.match(found):
            return PAGES[page], found
    raise ThingUnclear(
        "Name the thing like folder:ID, document:ID, envelope:ID or organisation:ID, or paste the address of "
        "its page."
    )


def check_about(asked: Permission, given: ResourceType, about: Iterable[ResourceType]) -> None:
    """Return only if the permission is about such a thing. Raises ThingUnclear."""
    fitting = [WORDS[each] for each in ResourceType if each in about]
    if WORDS[given] not in fitting:
        raise ThingUnclear(f"{asked.value} is about {' or '.join(fitting)}, not about {WORDS[given]}.")

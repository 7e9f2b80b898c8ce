"""What somebody means when they ask about a thing."""

import pytest

from docvault.policy.vocabulary import Permission, ResourceType
from docvault.rules.things import ThingUnclear, check_about, permission, thing

ID = "abcdefghijklmnopqrstuvwxy2"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", (ResourceType.PORTAL, "portal")),
        ("portal", (ResourceType.PORTAL, "portal")),
        (f"folder:{ID}", (ResourceType.FOLDER, ID)),
        (f" Document: {ID} ", (ResourceType.DOCUMENT, ID)),
        (f"organisation:{ID}", (ResourceType.ORGANISATION, ID)),
        (f"/folders/{ID}", (ResourceType.FOLDER, ID)),
        (f"https://vault.example.com/documents/{ID}/text?version=2", (ResourceType.DOCUMENT, ID)),
        (f"https://vault.example.com/envelopes/{ID}#p3", (ResourceType.ENVELOPE, ID)),
        (f"/sign/{ID}/review", (ResourceType.ENVELOPE, ID)),
    ],
)
def test_a_thing_is_named_by_type_and_id_or_by_its_page(text, found):
    assert thing(text) == found


@pytest.mark.parametrize(
    "text", ["folder", "folder:", "folder:x", f"secret:{ID}", ID, f"/people/{ID}", "http://[", "folders/x"]
)
def test_anything_else_is_refused_and_says_how(text):
    with pytest.raises(ThingUnclear, match="folder:ID"):
        thing(text)


def test_a_permission_is_one_of_those_there_are():
    assert permission(" folder:see ") is Permission.FOLDER_SEE
    with pytest.raises(ThingUnclear, match="folder:see"):
        permission("folder:eat")


def test_a_permission_is_asked_of_what_it_is_about():
    about = {ResourceType.FOLDER, ResourceType.DOCUMENT}
    check_about(Permission.ENVELOPE_CREATE, ResourceType.FOLDER, about)
    with pytest.raises(ThingUnclear, match="about a folder or a document, not about the portal itself"):
        check_about(Permission.ENVELOPE_CREATE, ResourceType.PORTAL, about)

import pytest

from docvault.audit.kinds import Kind
from docvault.audit.sentences import ERASED, ITSELF, UNKNOWN, name_of_actor, sentence

PRIVATE = {
    "actor_name": "Anna Lindqvist",
    "title": "Master Services Agreement",
    "folder": "Contracts",
    "person": "Bo Ek",
    "organisation": "Acme",
    "reason": "The fee is wrong",
}
FACTS = {"fields": 3, "pages": 1, "count": 1_204}


@pytest.mark.parametrize("kind", Kind)
def test_every_kind_is_a_sentence_of_its_own(kind):
    said = sentence(kind.value, FACTS, PRIVATE, acted=True)
    assert kind.value not in said
    assert "{" not in said
    assert said[0].isupper() or said[0] == "“"


@pytest.mark.parametrize("kind", Kind)
def test_every_kind_can_be_said_without_details(kind):
    said = sentence(kind.value, {}, None, acted=True)
    assert "None" not in said
    assert "{" not in said
    assert "Anna" not in said


def test_no_two_kinds_say_the_same():
    said = [sentence(kind.value, FACTS, PRIVATE, acted=True) for kind in Kind]
    assert len(set(said)) == len(said)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (Kind.ENVELOPE_SIGNED, "Anna Lindqvist signed “Master Services Agreement”"),
        (
            Kind.ENVELOPE_DECLINED,
            "Anna Lindqvist declined to sign “Master Services Agreement”: The fee is wrong",
        ),
        (Kind.ENVELOPE_FIELDS_PLACED, "Anna Lindqvist placed 3 fields on “Master Services Agreement”"),
        (Kind.ENVELOPE_PAGES_SEEN, "Anna Lindqvist looked at 1 page of “Master Services Agreement”"),
        (Kind.FOLDER_SHARED, "Anna Lindqvist shared the folder “Contracts” with Bo Ek"),
        (Kind.AUDIT_EXPORTED, "Anna Lindqvist exported 1,204 entries of the audit trail"),
        (Kind.SIGN_IN_REFUSED, "A sign-in as Bo Ek was refused"),
        (Kind.SIGNATURE_APPLIED, "DocVault put the signature of Bo Ek into “Master Services Agreement”"),
    ],
)
def test_a_sentence_reads_like_this(kind, expected):
    assert sentence(kind.value, FACTS, PRIVATE, acted=True) == expected


def test_a_kind_of_a_newer_version_is_named_as_it_is():
    assert sentence("moon:landed", {}, PRIVATE, acted=True) == "Anna Lindqvist: moon:landed"


@pytest.mark.parametrize(
    ("private", "acted", "expected"),
    [
        ({"actor_name": "Anna"}, True, "Anna"),
        (None, True, ERASED),
        ({}, True, ERASED),
        ({"email": "bo@acme.example", "address": "192.0.2.1"}, False, "bo@acme.example"),
        ({"address": "192.0.2.1"}, False, UNKNOWN),
        (None, False, ITSELF),
    ],
)
def test_who_acted_is_named_as_far_as_it_is_known(private, acted, expected):
    assert name_of_actor(private, acted=acted) == expected

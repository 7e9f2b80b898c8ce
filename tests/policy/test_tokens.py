"""A token never exceeds its owner, and never its scopes: on generated people, scopes and things (promise 22)."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docvault.policy.engine import Policy
from docvault.policy.vocabulary import PORTAL, Acting, Permission, Resource, ResourceType, Role
from docvault.policy.words import WORDS

POLICY = Policy.load(Path(__file__).parents[2] / "policies")
ORGANISATIONS = ["acme", "globex"]
PEOPLE = ["me", "ann", "bob"]
some_people = st.frozensets(st.sampled_from(PEOPLE))
owners = st.builds(
    lambda role, organisations, clients: Acting(
        person_id="me",
        organisation_id="acme",
        role=role,
        organisations=organisations,
        clients=clients,
        session_id="s",
        session_kind="full",
        factors="",
        name="",
        email="",
        address="",
        user_agent="",
        at=datetime(2026, 1, 1, tzinfo=UTC),
    ),
    st.sampled_from(list(Role)),
    st.frozensets(st.sampled_from(ORGANISATIONS)),
    st.frozensets(st.sampled_from(ORGANISATIONS)),
)
scopes = st.frozensets(st.sampled_from([each.value for each in Permission] + ["folder", "", "folder:see "]))
organisation = st.sampled_from(ORGANISATIONS)
shared = dict.fromkeys(("members", "contributors", "signers", "managers", "denied"), some_people)
things = st.one_of(
    st.just(PORTAL),
    st.builds(lambda which: Resource(ResourceType.ORGANISATION, which), organisation),
    st.fixed_dictionaries({"organisation": organisation, **shared}).map(
        lambda said: Resource(ResourceType.FOLDER, "f", said)
    ),
    st.fixed_dictionaries({"organisation": organisation, "opened": some_people, **shared}).map(
        lambda said: Resource(ResourceType.DOCUMENT, "d", said)
    ),
    st.fixed_dictionaries(
        {
            "organisation": organisation,
            "sender": st.sampled_from(PEOPLE),
            "recipients": some_people,
            **dict.fromkeys(("contributors", "managers", "denied", "hosts"), some_people),
            "state": st.sampled_from(["draft", "sent", "completed"]),
        }
    ).map(lambda said: Resource(ResourceType.ENVELOPE, "e", said)),
)


@pytest.mark.promise(22)
@given(owner=owners, scopes=scopes, thing=things)
def test_whatever_a_token_may_do_its_owner_may_do_and_it_was_made_for(owner, scopes, thing):
    token = replace(owner, session_kind="token", scopes=scopes)
    for permission in POLICY.allowed(token, thing, Permission):
        assert permission.value in scopes
        assert POLICY.decide(owner, permission, thing).allowed


@given(owner=owners, thing=things)
def test_no_scope_at_all_lets_a_token_do_what_only_people_do(owner, thing):
    token = replace(
        owner, session_kind="token", scopes=frozenset({"*", *(each.value for each in Permission)})
    )
    never = {
        Permission.ENVELOPE_SIGN,
        Permission.ENVELOPE_HOST,
        Permission.ACCOUNT_CHANGE,
        Permission.AUDIT_EXPORT,
        Permission.FOLDER_SHARE,
    }
    assert not POLICY.allowed(token, thing, Permission) & never


def test_every_permission_has_words_for_people():
    assert set(WORDS) == set(Permission)
    assert len(set(WORDS.values())) == len(WORDS)

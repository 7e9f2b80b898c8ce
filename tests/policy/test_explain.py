"""A decision is explained by the rules that made it, or by those that could have."""

import shutil

import pytest

from docvault.policy.engine import Policy, PolicyInvalid
from docvault.policy.rules import RulesInvalid, read
from docvault.policy.vocabulary import PORTAL, Permission, ResourceType, Role

from .test_engine import POLICIES, POLICY, envelope, folder, person


def ids(rules):
    return {rule.id for rule in rules}


def test_a_grant_names_the_rules_that_allow_it():
    found = POLICY.explain(person("client"), Permission.DOCUMENT_READ, folder(kind=ResourceType.DOCUMENT))
    assert found.allowed
    assert ids(found.decided) == {"clients-own-documents"}
    assert found.could == ()


def test_a_refusal_by_a_rule_names_that_rule_and_nothing_that_would_not_help():
    shared = folder(members=["me"], kind=ResourceType.DOCUMENT)
    found = POLICY.explain(person("administrator"), Permission.DOCUMENT_READ, shared)
    assert not found.allowed
    assert ids(found.decided) == {"administrators-see-no-content"}
    assert found.could == ()


def test_a_bare_refusal_names_the_rules_that_could_allow_it_to_somebody_of_this_role():
    foreign = folder("globex", kind=ResourceType.DOCUMENT)
    found = POLICY.explain(person("client"), Permission.DOCUMENT_READ, foreign)
    assert (found.allowed, found.decided) == (False, ())
    assert ids(found.could) == {"clients-own-documents", "members-read-documents"}
    manager = POLICY.explain(person("account_manager"), Permission.DOCUMENT_READ, foreign)
    assert ids(manager.could) == {"account-managers-use-documents", "members-read-documents"}


def test_what_no_rule_gives_to_a_role_has_no_rule_that_could():
    found = POLICY.explain(person("client"), Permission.OUTBOX_READ, PORTAL)
    assert (found.allowed, found.decided, found.could) == (False, (), ())
    elsewhere = POLICY.explain(person("client"), Permission.OUTBOX_READ, folder())
    assert (elsewhere.allowed, elsewhere.could) == (False, ())


@pytest.mark.parametrize("role", list(Role))
def test_every_rule_that_decides_is_about_who_does_what_with_which_thing(role):
    """The scopes that `could` goes by are those that Cedar goes by."""
    things = [
        PORTAL,
        folder(members=["me"], managers=["me"]),
        folder(members=["me"], kind=ResourceType.DOCUMENT, denied=["me"]),
        envelope(sender="me"),
    ]
    for thing in things:
        for permission in Permission:
            acting = person(role, clients=["acme"])
            for rule in POLICY.explain(acting, permission, thing).decided:
                assert rule.is_about(acting, permission, thing.type), (rule.id, permission)


def test_a_rule_about_one_person_is_refused():
    text = '@id("only-me") @says("One person may.") permit (principal == DocVault::Person::"me", action, resource);'
    with pytest.raises(RulesInvalid, match="about roles"):
        read({"own.cedar": text})


def test_the_digest_changes_with_any_rule_and_with_nothing_else(tmp_path):
    same = Policy.load(shutil.copytree(POLICIES, tmp_path / "same"))
    assert same.digest == POLICY.digest
    changed = shutil.copytree(POLICIES, tmp_path / "changed")
    rules = (changed / "folders.cedar").read_text()
    (changed / "folders.cedar").write_text(rules + "\n// a remark\n")
    assert Policy.load(changed).digest != POLICY.digest


def test_rules_that_cannot_be_read_are_named_with_their_file(tmp_path):
    broken = shutil.copytree(POLICIES, tmp_path / "broken")
    (broken / "own.cedar").write_text("permit (principal, action, resource);")
    with pytest.raises(PolicyInvalid, match=r"own\.cedar"):
        Policy.load(broken)

import json
import shutil
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import cedarpy
import pytest

from docvault.policy import engine, residuals
from docvault.policy.engine import Forbidden, Policy, PolicyFailed, PolicyInvalid, default_folder
from docvault.policy.vocabulary import PORTAL, Acting, Permission, Resource, ResourceType, Role

POLICIES = Path(__file__).parents[2] / "policies"
POLICY = Policy.load(POLICIES)


def person(role, *, clients=(), session="full", person_id="me", organisation="acme", scopes=("*",)):
    return Acting(
        person_id=person_id,
        organisation_id=organisation,
        role=Role(role),
        organisations=frozenset([organisation]),
        clients=frozenset(clients),
        session_id="s",
        session_kind=session,
        factors="password+totp",
        name="",
        email="",
        address="",
        user_agent="",
        at=datetime(2026, 3, 2, tzinfo=UTC),
        scopes=frozenset(scopes),
    )


def folder(organisation="acme", kind=ResourceType.FOLDER, **given):
    names = ["members", "contributors", "signers", "managers", "denied"]
    names += ["opened"] if kind is ResourceType.DOCUMENT else []
    sets = {name: given.get(name, ()) for name in names}
    return Resource(kind, "f", {"organisation": organisation, **{k: frozenset(v) for k, v in sets.items()}})


def envelope(organisation="acme", sender="somebody", recipients=("me",), state="sent", **sets):
    attributes = {
        "organisation": organisation,
        "sender": sender,
        "recipients": frozenset(recipients),
        "state": state,
        **{name: frozenset(sets.get(name, ())) for name in ("contributors", "managers", "denied", "hosts")},
    }
    return Resource(ResourceType.ENVELOPE, "e", attributes)


def everything(organisation="acme"):
    """One resource of each type that is as open to `me` as it can be."""
    mine = {"members": ["me"], "contributors": ["me"], "signers": ["me"], "managers": ["me"]}
    return [
        PORTAL,
        Resource(ResourceType.ORGANISATION, organisation),
        folder(organisation, **mine),
        folder(organisation, **mine, kind=ResourceType.DOCUMENT),
        envelope(organisation, sender="me"),
    ]


def test_every_permission_is_an_action_of_the_schema_and_the_other_way_round():
    schema = cedarpy.Schema.from_str((POLICIES / engine.SCHEMA).read_text())
    text = "\n".join(
        f'permit (principal, action == DocVault::Action::"{each}", resource);' for each in Permission
    )
    assert cedarpy.validate_policies(text, schema).validation_passed
    declared = (POLICIES / engine.SCHEMA).read_text()
    quoted = {part for part in declared.split('"') if ":" in part and " " not in part}
    assert quoted == {each.value for each in Permission}


def test_every_attribute_reference_of_the_engine_is_the_schemas():
    text = (POLICIES / engine.SCHEMA).read_text()
    for name, kind in engine._REFERENCES.items():
        assert f"{name}: {kind}" in text or f"{name}: Set<{kind}>" in text


def test_every_rule_has_an_id_and_a_sentence():
    assert len(POLICY.rules) == len({rule.id for rule in POLICY.rules}) >= 20
    assert all(rule.says[0].isupper() and rule.says.endswith(".") for rule in POLICY.rules)


@pytest.mark.promise(1)
@pytest.mark.promise(15)
@pytest.mark.parametrize("role", list(Role))
def test_a_session_that_still_owes_a_factor_is_refused_by_every_permission(role):
    half = person(role, clients=["acme"], session="enrol")
    for resource in everything():
        assert POLICY.allowed(half, resource, list(Permission)) == frozenset()
        for permission in Permission:
            assert not POLICY.decide(half, permission, resource).allowed
    for permission in Permission:
        for resource_type in ResourceType:
            from docvault.policy.residuals import NEVER

            assert POLICY.residual(half, permission, resource_type) == NEVER


CONTENT = {
    Permission.FOLDER_CREATE,
    Permission.FOLDER_SEE,
    Permission.FOLDER_SHARE,
    Permission.FOLDER_UPLOAD,
    Permission.DOCUMENT_SEE,
    Permission.DOCUMENT_READ,
    Permission.ENVELOPE_CREATE,
}


def test_an_administrator_sees_no_content_even_when_it_is_shared_with_them():
    for resource in everything():
        assert not POLICY.allowed(person("administrator", clients=["acme"]), resource, CONTENT)


def test_a_compliance_officer_sees_everything_and_reads_no_body():
    officer = person("compliance_officer", clients=["acme"])
    seen = frozenset().union(
        *(POLICY.allowed(officer, each, list(Permission)) for each in everything("other"))
    )
    assert {
        Permission.FOLDER_SEE,
        Permission.DOCUMENT_SEE,
        Permission.ENVELOPE_SEE,
        Permission.AUDIT_EXPORT,
    } <= seen
    assert Permission.DOCUMENT_READ not in seen
    assert not POLICY.decide(officer, Permission.ENVELOPE_READ, envelope(recipients=[])).allowed


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize(
    ("state", "signs"), [("draft", False), ("sent", True), ("completing", False), ("voided", False)]
)
def test_any_recipient_signs_while_the_envelope_is_out(role, state, signs):
    assert (
        POLICY.decide(person(role), Permission.ENVELOPE_SIGN, envelope("other", state=state)).allowed is signs
    )


def test_a_decision_names_the_rules_behind_it():
    decision = POLICY.decide(person("client"), Permission.FOLDER_SEE, folder(members=["me"]))
    assert decision.allowed
    assert decision.policies == ("clients-own-folders", "members-see-folders")
    refused = POLICY.decide(person("client"), Permission.FOLDER_SEE, folder("globex"))
    assert (refused.allowed, refused.policies) == (False, ())


def test_require_raises_forbidden_in_plain_words():
    POLICY.require(person("administrator"), Permission.PERSON_INVITE, PORTAL)
    with pytest.raises(Forbidden, match="You are not allowed to do this") as refusal:
        POLICY.require(person("client"), Permission.PERSON_INVITE, PORTAL)
    assert refusal.value.permission == Permission.PERSON_INVITE


def test_a_permission_on_the_wrong_type_of_thing_is_refused():
    assert not POLICY.decide(person("administrator"), Permission.PERSON_INVITE, folder()).allowed
    assert POLICY.allowed(person("client"), PORTAL, [Permission.FOLDER_SEE]) == frozenset()


def test_a_thing_without_its_attributes_is_never_allowed():
    with pytest.raises(PolicyFailed):
        POLICY.decide(person("client"), Permission.FOLDER_SEE, Resource(ResourceType.FOLDER, "f"))


def test_a_change_of_clients_counts_at_the_next_decision():
    before = person("account_manager", clients=["acme"])
    assert POLICY.decide(before, Permission.FOLDER_SEE, folder()).allowed
    assert not POLICY.decide(replace(before, clients=frozenset()), Permission.FOLDER_SEE, folder()).allowed


def test_whatever_a_decision_depends_on_asks_the_rules_anew():
    manager, shared = person("account_manager", clients=["acme"]), folder(managers=["me"], members=["me"])
    asked = [
        (manager, Permission.FOLDER_MANAGE, shared, True),
        (replace(manager, role=Role.ADMINISTRATOR), Permission.FOLDER_MANAGE, shared, False),
        (replace(manager, session_kind="enrol"), Permission.FOLDER_MANAGE, shared, False),
        (replace(manager, scopes=frozenset({"folder:see"})), Permission.FOLDER_MANAGE, shared, False),
        (manager, Permission.PERSON_INVITE, shared, False),
        (manager, Permission.FOLDER_MANAGE, replace(shared, type=ResourceType.PORTAL), False),
        (manager, Permission.FOLDER_MANAGE, folder(managers=["me"], denied=["me"]), False),
        (replace(manager, clients=frozenset()), Permission.FOLDER_MANAGE, folder("globex"), False),
    ]
    for _ in range(2):
        for who, permission, thing, allowed in asked:
            assert POLICY.decide(who, permission, thing).allowed is allowed


def test_the_same_question_is_answered_alike_without_the_rules(monkeypatch):
    policy = Policy.load(POLICIES)
    who, permissions = person("client"), (Permission.FOLDER_SEE, Permission.FOLDER_MANAGE)
    first = policy.decide(who, Permission.FOLDER_SEE, folder()), policy.allowed(who, folder(), permissions)
    monkeypatch.delattr(cedarpy, "is_authorized_batch")
    later = replace(who, at=datetime(2027, 1, 1, tzinfo=UTC), session_id="another")
    again = (
        policy.decide(later, Permission.FOLDER_SEE, folder()),
        policy.allowed(later, folder(), permissions),
    )
    assert again == first


def test_decisions_about_crowds_are_not_kept_and_of_others_only_so_many(monkeypatch):
    monkeypatch.setattr(engine, "DECISIONS", 3)
    policy = Policy.load(POLICIES)
    crowd = folder(members=[f"p{number}" for number in range(engine.CROWD + 1)])
    assert policy.decide(person("client"), Permission.FOLDER_SEE, crowd).allowed
    assert not policy._decisions._values
    for number in range(5):
        assert policy.decide(
            person("client", person_id=f"p{number}"), Permission.FOLDER_SEE, folder()
        ).allowed
    assert len(policy._decisions._values) == 3


def test_more_people_than_are_kept_are_decided_alike(monkeypatch):
    monkeypatch.setattr(engine, "KEPT", 2)
    policy = Policy.load(POLICIES)
    for turn in range(10):
        who = person("client", person_id=f"p{turn % 5}", organisation=f"o{turn % 5}")
        assert policy.decide(who, Permission.FOLDER_SEE, folder(f"o{turn % 5}")).allowed
        assert not policy.decide(who, Permission.FOLDER_SEE, folder("nobody")).allowed
    assert len(policy._people._values) == 2


def copied(tmp_path):
    return Path(shutil.copytree(POLICIES, tmp_path / "policies"))


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("extra.cedar", "permit (", "extra.cedar"),
        (
            "extra.cedar",
            '@id("x-y") @says("It is.") permit (principal, action == DocVault::Action::"x:y", resource);',
            "schema",
        ),
        ("extra.cedar", "permit (principal, action, resource);", "@id"),
        ("extra.cedar", '@id("x-y") @says("No full stop") permit (principal, action, resource);', "@says"),
        (
            "extra.cedar",
            '@id("senders-manage") @says("Again.") permit (principal, action, resource);',
            "two rules",
        ),
        (engine.SCHEMA, "entity", "docvault.cedarschema"),
        (engine.SCHEMA, "namespace DocVault { entity Person; }", "schema"),
        ("sessions.toml", "idle_minutes = 60", "sessions.toml"),
    ],
)
def test_policies_that_cannot_be_used_are_refused_with_the_reason(tmp_path, name, text, words):
    changed = copied(tmp_path)
    (changed / name).write_text(text)
    with pytest.raises(PolicyInvalid, match=words):
        Policy.load(changed)


def test_a_missing_folder_is_refused(tmp_path):
    with pytest.raises(PolicyInvalid, match="cannot be read"):
        Policy.load(tmp_path / "nowhere")


def test_a_schema_without_one_of_our_permissions_is_refused(tmp_path):
    changed = copied(tmp_path)
    schema = changed / engine.SCHEMA
    schema.write_text(schema.read_text().replace(', "outbox:read"', ""))
    portal = changed / "portal.cedar"
    portal.write_text(
        portal.read_text().replace('DocVault::Action::"outbox:read"', 'DocVault::Action::"audit:read"')
    )
    with pytest.raises(PolicyInvalid, match="outbox:read"):
        Policy.load(changed)


def test_a_rule_that_fails_refuses_everything(tmp_path):
    """A forbid that errs is skipped by Cedar itself: trusting that would turn a prohibition off."""
    schema = (POLICIES / engine.SCHEMA).read_text()
    rules = {
        "a.cedar": '@id("open-door") @says("Everybody sees.") permit (principal, action, resource);',
        "b.cedar": '@id("long-name") @says("It errs.") forbid (principal, action, resource) '
        'when { context.session == "full" && 9223372036854775807 + 1 == 2 };',
    }
    policy = Policy(schema, rules, POLICY.numbers)
    with pytest.raises(PolicyFailed):
        policy.decide(person("client"), Permission.FOLDER_SEE, folder())
    with pytest.raises(PolicyFailed):
        policy.residual(person("client"), Permission.FOLDER_SEE, ResourceType.FOLDER)


def test_the_folder_in_use_is_the_chosen_one_or_the_one_beside_the_source(tmp_path, monkeypatch):
    monkeypatch.delenv("DOCVAULT_POLICIES", raising=False)
    assert default_folder() == POLICIES
    monkeypatch.setenv("DOCVAULT_POLICIES", str(tmp_path))
    assert default_folder() == tmp_path


def test_an_installed_wheel_uses_the_policies_packed_with_it(tmp_path, monkeypatch):
    monkeypatch.delenv("DOCVAULT_POLICIES", raising=False)
    packed = tmp_path / "site-packages" / "docvault"
    monkeypatch.setattr(engine, "__file__", str(packed / "policy" / "engine.py"))
    assert default_folder() == packed / "policies"


def test_rules_are_read_from_every_cedar_file():
    assert {rule.file for rule in POLICY.rules} == {"portal.cedar", "folders.cedar", "envelopes.cedar"}
    total = sum(
        len(json.loads(cedarpy.policies_to_json_str(path.read_text()))["staticPolicies"])
        for path in POLICIES.glob("*.cedar")
    )
    assert total == len(POLICY.rules)


def test_a_list_answer_that_is_kept_serves_nobody_with_other_rights():
    asked = (Permission.FOLDER_SEE, ResourceType.FOLDER)
    before = person("account_manager", clients=["acme"])
    first = POLICY.residual(before, *asked)
    assert POLICY.residual(before, *asked) is first
    assert POLICY.residual(replace(before, clients=frozenset()), *asked) != first
    assert POLICY.residual(replace(before, clients=frozenset({"globex"})), *asked) != first
    assert POLICY.residual(replace(before, session_kind="enrol"), *asked) == residuals.NEVER
    assert POLICY.residual(before, Permission.ENVELOPE_SEE, ResourceType.ENVELOPE) != first

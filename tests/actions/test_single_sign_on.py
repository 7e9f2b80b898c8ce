"""Signing on: whom the provider's word means, what it is worth, and all that it does not open."""

from dataclasses import replace
from datetime import timedelta

import pytest

from docvault.actions import freezing, people, sessions
from docvault.actions import single_sign_on as sso
from docvault.actions.single_sign_on import (
    IdentityTaken,
    ProviderAway,
    Returned,
    SignOnRefused,
    WordRefused,
)
from docvault.credentials.refusals import Throttled
from docvault.database import invitations
from docvault.database.invitations import LinkPurpose
from docvault.database.people import PersonState
from docvault.identity.provider import Provider
from docvault.policy.numbers import GroupRole
from docvault.policy.vocabulary import Role
from docvault.values import NotFound
from identity.liar import CLIENT, SECRET, signed, standing

from .members import SOURCE, accept, enrol, invite, join, with_mail
from .world import everything, set_state

EMAIL = "nora@example.com"


@pytest.fixture
def world(tmp_path, database_url):
    yield from with_mail(tmp_path, database_url)


@pytest.fixture
def liar():
    with standing() as made:
        yield made


@pytest.fixture
def provider(liar):
    return provider_of(liar)


def provider_of(liar):
    return Provider(
        issuer=liar.issuer,
        client_id=CLIENT,
        client_secret=SECRET,
        return_address="https://vault.example.com/login/sso/return",
        hosts=(),
    )


@pytest.fixture
def policy(world, monkeypatch):
    """Let a test change what policies/sso.toml says."""

    def change(**said):
        numbers = world.db.policy.numbers
        monkeypatch.setattr(world.db.policy, "numbers", replace(numbers, sso=replace(numbers.sso, **said)))

    return change


class Browser:
    """A browser on its way to the provider and back; `now` is the portal's and the provider's moment."""

    def __init__(self, world, provider, liar, now, acting=None):
        self.world, self.provider, self.liar, self.now, self.acting = world, provider, liar, now, acting
        liar.clock = self.moment

    def moment(self):
        return self.now.timestamp()

    def leave(self, onward="/inbox"):
        records = self.world.vault.records
        if self.acting:
            self.departure = sso.begin_connecting(
                self.world.db, records, self.provider, acting=self.acting, now=self.now
            )
        else:
            self.departure = sso.begin_sign_on(
                self.world.db, records, self.provider, onward=onward, source=SOURCE, now=self.now
            )
        return self

    def come_back(self, **changed):
        back = self.liar.authorize(self.departure.address)
        returned = Returned(back["state"], back["code"], "", back["iss"])
        return self.arrive(replace(returned, **changed))

    def arrive(self, returned, browser=None):
        self.returned = returned
        return sso.finish_sign_on(
            self.world.db,
            self.world.vault.records,
            self.provider,
            returned=returned,
            browser=browser or self.departure.browser,
            acting=self.acting,
            source=SOURCE,
            now=self.now,
        )


@pytest.fixture
def member(world):
    member = join(world, EMAIL)
    member.sign_in()
    member.later()
    return member


@pytest.fixture
def connected(world, provider, liar, member):
    """Somebody who connected their account; what they do next happens in another browser."""
    Browser(world, provider, liar, member.now, member.acting).leave().come_back()
    member.browser = lambda: Browser(world, provider, liar, member.now)
    return member


def refused(world, browser, refusal=SignOnRefused, /, **changed):
    """Come back and be turned away: no session, no challenge, nobody new."""
    before = world.rows()
    with pytest.raises(refusal):
        browser.come_back(**changed)
    after = world.rows()
    for table in ("sessions", "challenges", "people", "identities", "devices"):
        assert after[table] == before[table], table


@pytest.mark.promise(2)
@pytest.mark.asvs("6.8.4")
def test_the_providers_word_is_one_factor_and_ours_follows(world, connected):
    arrival = connected.browser().leave("/folders").come_back()
    assert (arrival.session, arrival.onward) == (None, "/folders")
    session = connected.give_code(arrival.challenge)
    assert (session.kind, session.acting.factors) == ("full", "sso+totp")
    assert session.acting.person_id == connected.acting.person_id
    assert "session:sign-on:accepted" in [kind for kind, _ in world.entries()]


@pytest.mark.promise(1)
def test_the_challenge_after_sign_on_opens_nothing_by_itself(world, connected):
    challenge = connected.browser().leave().come_back().challenge
    assert sessions.authenticate(world.db, token=challenge, source=SOURCE, now=connected.now) is None


@pytest.mark.promise(12)
def test_a_recovery_code_after_sign_on_only_sets_up_a_factor(world, connected):
    challenge = connected.browser().leave().come_back().challenge
    session = connected.recover(challenge, connected.recovery_codes[0])
    assert (session.kind, session.acting.factors) == ("enrol", "sso+recovery")


@pytest.mark.promise(2)
@pytest.mark.asvs("6.8.4")
@pytest.mark.parametrize(
    ("claim", "spared"),
    [
        ({"amr": ["pwd", "mfa"]}, True),
        ({"acr": "urn:gold"}, True),
        ({"amr": ["pwd"]}, False),
        ({"amr": "mfa"}, None),  # no list: the token itself is refused
        ({"amr": []}, False),
        ({}, False),
        ({"acr": "urn:silver"}, False),
        ({"acr": ["urn:gold"]}, False),
        ({"amr": ["mfa"], "auth_time": None}, False),  # proven, but nobody says when
        ({"amr": ["mfa"], "auth_time": "OLD"}, False),
        ({"amr": ["mfa"], "auth_time": "TOMORROW"}, False),
    ],
    ids=str,
)
def test_our_factor_is_spared_only_where_the_policy_names_what_the_provider_proved(
    world, liar, policy, connected, claim, spared
):
    policy(second_factor_amr=("mfa",), second_factor_acr=("urn:gold",))
    moments = {"OLD": connected.now - timedelta(hours=13), "TOMORROW": connected.now + timedelta(days=1)}
    liar.claim = {
        name: int(moments[value].timestamp()) if value in ("OLD", "TOMORROW") else value
        for name, value in claim.items()
    }
    browser = connected.browser().leave()
    assert "max_age=43200" in browser.departure.address
    if spared is None:
        refused(world, browser, WordRefused)
        return
    arrival = browser.come_back()
    assert (arrival.session is not None, arrival.challenge is not None) == (spared, not spared)
    if spared:
        assert (arrival.session.kind, arrival.session.acting.factors) == ("full", "sso+provider")


def test_without_a_policy_no_word_of_the_provider_spares_our_factor(liar, connected):
    liar.claim = {"amr": ["mfa", "hwk", "otp"], "acr": "anything"}
    arrival = connected.browser().leave().come_back()
    assert arrival.session is None


@pytest.mark.asvs("6.8.1")
def test_a_verified_address_alone_lets_nobody_in(world, liar, provider, member):
    refused(world, Browser(world, provider, liar, member.now).leave())  # nora is here, and not connected
    assert world.entries()[-1][0] == "session:refused"


@pytest.mark.asvs("6.8.1")
@pytest.mark.asvs("10.5.2")
def test_an_address_that_changes_at_the_provider_changes_nothing_here(world, liar, connected):
    liar.claim = {"email": world.administrator.email}
    arrival = connected.browser().leave().come_back()
    assert connected.give_code(arrival.challenge).acting.person_id == connected.acting.person_id


@pytest.mark.asvs("6.8.1")
def test_somebody_else_who_gets_the_address_at_the_provider_is_somebody_else(world, liar, connected):
    liar.person = {**liar.person, "sub": "u-2"}
    refused(world, connected.browser().leave())


@pytest.mark.asvs("6.8.1")
def test_the_same_subject_of_another_issuer_is_somebody_else(world, connected):
    with standing() as other:
        refused(world, Browser(world, provider_of(other), other, connected.now).leave())


@pytest.mark.parametrize(
    "claim",
    [
        {"email": "other@example.com"},
        {"email_verified": False},
        {"email_verified": "true"},
        {"email_verified": None},
        {"email": ""},
        {"email": None},
    ],
    ids=str,
)
@pytest.mark.asvs("6.8.1")
def test_an_account_is_connected_only_under_its_own_verified_address(world, liar, provider, member, claim):
    liar.claim = claim
    refused(world, Browser(world, provider, liar, member.now, member.acting).leave())


def test_a_capital_in_the_address_is_the_same_address(world, liar, provider, member):
    liar.claim = {"email": "Nora@Example.com"}
    Browser(world, provider, liar, member.now, member.acting).leave().come_back()
    assert sso.connection(world.db, acting=member.acting, issuer=provider.issuer).subject == "u-1"


def test_only_addresses_of_the_policys_domains_are_connected(world, liar, provider, policy, member):
    policy(email_domains=("corp.example",))
    refused(world, Browser(world, provider, liar, member.now, member.acting).leave())
    policy(email_domains=("Example.com",))
    Browser(world, provider, liar, member.now, member.acting).leave().come_back()


@pytest.mark.promise(5)
@pytest.mark.asvs("6.3.4")
def test_connecting_needs_a_session_that_began_with_both_factors_just_now(world, liar, provider, member):
    with pytest.raises(SignOnRefused, match="sign in again"):
        Browser(world, provider, liar, member.now + timedelta(minutes=20), member.acting).leave()
    browser = Browser(world, provider, liar, member.now, member.acting).leave()
    browser.now += timedelta(minutes=20)
    refused(world, browser, WordRefused)  # ten minutes at the provider are enough
    half = enrol_half(world)
    with pytest.raises(Exception, match="not allowed"):
        Browser(world, provider, liar, member.now, half).leave()


def enrol_half(world):
    return accept(world, invite(world, "half@example.com").token).acting


def test_another_session_that_comes_back_connects_nothing(world, liar, provider, member):
    browser = Browser(world, provider, liar, member.now, member.acting).leave()
    for other in (world.client, None):
        browser.acting = other
        refused(world, browser, WordRefused)
        browser.acting = member.acting
        browser.leave()


def test_an_account_at_the_provider_is_one_person_here(world, liar, provider, connected):
    other = join(world, "second@example.com")
    other.now = connected.now + timedelta(minutes=1)
    other.sign_in()
    liar.claim = {"email": "second@example.com"}
    refused(world, Browser(world, provider, liar, other.now, other.acting).leave(), IdentityTaken)
    with pytest.raises(IdentityTaken):
        Browser(world, provider, liar, connected.now, connected.acting).leave()


def test_disconnecting_ends_what_the_provider_opened_and_lets_it_in_no_more(world, liar, provider, connected):
    session = connected.give_code(connected.browser().leave().come_back().challenge)
    sso.disconnect(
        world.db, world.vault.records, acting=connected.acting, issuer=provider.issuer, now=connected.now
    )
    signed_in = sessions.authenticate(world.db, token=session.token, source=SOURCE, now=connected.now)
    assert signed_in is None
    refused(world, connected.browser().leave())
    with pytest.raises(NotFound):
        sso.disconnect(
            world.db, world.vault.records, acting=connected.acting, issuer=provider.issuer, now=connected.now
        )
    kinds = [kind for kind, _ in world.entries()]
    assert kinds.count("person:identity:linked") == kinds.count("person:identity:unlinked") == 1


@pytest.mark.asvs("10.1.2")
@pytest.mark.asvs("10.2.1")
def test_what_comes_back_counts_once_in_the_browser_that_left_and_in_time(world, connected):
    left = connected.browser().leave()
    with pytest.raises(WordRefused):
        left.arrive(Returned("x" * 43, "code"))
    back = left.liar.authorize(left.departure.address)
    returned = Returned(back["state"], back["code"], "", back["iss"])
    with pytest.raises(WordRefused):
        left.arrive(returned, browser="another browser")
    assert left.arrive(returned).challenge
    with pytest.raises(WordRefused):
        left.arrive(returned)
    late = connected.browser().leave()
    late.now += timedelta(minutes=11)
    refused(world, late, WordRefused)


@pytest.mark.asvs("10.2.1")
def test_a_code_that_somebody_else_began_is_refused_in_my_browser(world, liar, connected):
    theirs = connected.browser().leave()
    code = liar.authorize(theirs.departure.address)["code"]
    mine = connected.browser().leave()
    refused(world, mine, ProviderAway, code=code)  # it was made for another verifier


@pytest.mark.asvs("10.2.2")
@pytest.mark.parametrize(
    "changed", [{"issuer": "https://evil.example"}, {"error": "access_denied"}, {"code": ""}], ids=str
)
def test_an_answer_of_another_issuer_or_without_a_code_is_refused(world, connected, changed):
    refused(world, connected.browser().leave(), WordRefused, **changed)
    assert world.entries()[-1][0] == "session:refused"


@pytest.mark.promise(15)
@pytest.mark.parametrize("state", [PersonState.DISABLED, PersonState.FROZEN])
def test_somebody_who_may_not_be_here_is_not_let_in_by_the_provider(world, connected, state):
    left = connected.browser().leave()
    with world.db.transaction() as tx:
        set_state(tx, connected.acting.person_id, state)
    refused(world, left)


@pytest.mark.promise(16)
def test_an_account_that_was_frozen_is_connected_no_more(world, provider, connected):
    with world.db.transaction() as tx:
        link = invitations.add(tx, connected.acting.person_id, LinkPurpose.NOT_ME, connected.now)
    freezing.freeze_account(world.db, world.vault.records, token=link, source=SOURCE, now=connected.now)
    person_id = connected.acting.person_id
    with world.db.transaction() as tx:
        set_state(tx, person_id, PersonState.ACTIVE)
    refused(world, connected.browser().leave())


@pytest.mark.promise(2)
def test_whoever_must_use_a_passkey_is_not_let_in_by_the_providers_factor(
    world, liar, policy, connected, monkeypatch
):
    policy(second_factor_amr=("mfa",))
    numbers = world.db.policy.numbers
    strict = replace(numbers.sessions, passkey_roles=(Role.CLIENT,))
    monkeypatch.setattr(world.db.policy, "numbers", replace(numbers, sessions=strict))
    liar.claim = {"amr": ["mfa"]}
    arrival = connected.browser().leave().come_back()
    assert (arrival.session, arrival.challenge is None) == (None, False)


@pytest.mark.promise(85)
def test_a_provider_that_is_away_begins_nothing_and_the_password_still_works(world, liar, connected):
    from identity.liar import Liar

    gone = Liar()
    gone.close()
    before = world.rows()
    with pytest.raises(ProviderAway):
        Browser(world, provider_of(gone), liar, connected.now).leave()
    assert world.rows() == before
    connected.later()
    assert connected.sign_in().kind == "full"


@pytest.mark.promise(7)
def test_a_flood_of_departures_is_slowed_down(world, liar, provider, member):
    browser = Browser(world, provider, liar, member.now)
    free = world.db.policy.numbers.passwords.throttle.source_free_tries
    for _ in range(free):
        browser.leave()
    with pytest.raises(Throttled):
        browser.leave()
    assert member.sign_in().kind == "full"  # whose counter is another


@pytest.mark.promise(56)
def test_no_secret_of_a_journey_is_kept_in_clear(world, connected):
    browser = connected.browser().leave()
    kept = everything(world.db)
    from urllib.parse import parse_qs, urlsplit

    said = {name: values[0] for name, values in parse_qs(urlsplit(browser.departure.address).query).items()}
    for secret in (said["state"], said["nonce"], browser.departure.browser):
        assert secret.encode() not in kept


MANAGERS = GroupRole("managers", Role.ACCOUNT_MANAGER)
ADMINS = GroupRole("admins", Role.ADMINISTRATOR)
ACME = GroupRole("acme", Role.CLIENT, "Acme Industries")


def test_nobody_makes_an_account_for_themselves(world, liar, provider, policy, member):
    policy(groups=(MANAGERS,))
    liar.person = {
        "sub": "u-9",
        "email": "self.made@example.com",
        "email_verified": True,
        "groups": ["managers"],
    }
    refused(world, Browser(world, provider, liar, member.now).leave())


@pytest.mark.promise(2)
@pytest.mark.parametrize(("line", "role"), [(MANAGERS, Role.ACCOUNT_MANAGER), (ACME, Role.CLIENT)])
def test_where_the_policy_says_so_a_group_makes_people_who_set_up_our_factor_first(
    world, liar, provider, policy, member, line, role
):
    policy(make_people=True, groups=(line,), second_factor_amr=("mfa",))
    liar.person = {"sub": "u-9", "email": "group.made@example.com", "email_verified": True, "name": "Grete"}
    liar.claim = {"groups": [line.group], "amr": ["mfa"]}
    arrival = Browser(world, provider, liar, member.now).leave().come_back()
    assert (arrival.session.kind, arrival.onward) == ("enrol", "/enrol")
    assert arrival.session.acting.role == role
    assert arrival.session.acting.organisation_id == (world.acme if role == Role.CLIENT else world.operator)
    again = Browser(world, provider, liar, member.now).leave().come_back()
    assert again.session.kind == "enrol"  # not before the factor is there
    made = enrol(world, again.session.acting, member.now)
    assert (made.acting.session_kind, made.acting.factors) == ("full", "sso+totp")
    later = Browser(world, provider, liar, member.now + timedelta(minutes=2)).leave().come_back()
    assert later.session.kind == "full"


@pytest.mark.parametrize(
    "claim",
    [
        {"groups": ["others"]},
        {"groups": None},
        {"groups": "managers"},
        {"email_verified": False},
        {"email": EMAIL},  # somebody has it already, and did not connect it
        {"email": "no address"},
    ],
    ids=str,
)
def test_a_group_makes_nobody_outside_it_unverified_or_of_a_known_address(
    world, liar, provider, policy, member, claim
):
    policy(make_people=True, groups=(MANAGERS,))
    liar.person = {"sub": "u-9", "email": "group.made@example.com", "email_verified": True, "name": "Grete"}
    liar.claim = {"groups": ["managers"], **claim}
    refused(world, Browser(world, provider, liar, member.now).leave())


@pytest.mark.promise(18)
@pytest.mark.promise(19)
def test_a_group_moves_people_between_mapped_roles_and_ends_what_began_under_the_old_one(
    world, liar, provider, policy
):
    policy(groups=(ADMINS, MANAGERS), groups_may_make_officers=True)
    manager = join(world, EMAIL, Role.ACCOUNT_MANAGER)
    old = manager.sign_in()
    manager.later()
    Browser(world, provider, liar, manager.now, manager.acting).leave().come_back()
    liar.claim = {"groups": ["admins"]}
    arrival = Browser(world, provider, liar, manager.now).leave().come_back()
    assert sessions.authenticate(world.db, token=old.token, source=SOURCE, now=manager.now) is None
    assert manager.give_code(arrival.challenge).acting.role == Role.ADMINISTRATOR
    assert "person:role:changed" in [kind for kind, _ in world.entries()]


def test_somebody_who_left_every_mapped_group_is_refused(world, liar, provider, policy):
    policy(groups=(MANAGERS,))
    manager = join(world, EMAIL, Role.ACCOUNT_MANAGER)
    manager.sign_in()
    manager.later()
    Browser(world, provider, liar, manager.now, manager.acting).leave().come_back()
    refused(world, Browser(world, provider, liar, manager.now).leave())


def test_a_role_that_no_group_is_mapped_to_is_left_alone(world, liar, policy, connected):
    policy(groups=(MANAGERS,))
    liar.claim = {"groups": ["managers"]}  # nora is a client here, whatever she is there
    arrival = connected.browser().leave().come_back()
    assert connected.give_code(arrival.challenge).acting.role == Role.CLIENT


def test_clients_and_staff_are_never_turned_into_each_other(world, liar, policy, connected):
    policy(groups=(MANAGERS, ACME))
    liar.claim = {"groups": ["managers"]}
    refused(world, connected.browser().leave())


def test_user_info_is_asked_for_groups_that_the_token_leaves_out(world, liar, policy, connected):
    policy(groups=(ACME,))
    liar.claim = {"groups": ["acme"]}
    liar.token = lambda claims: signed({name: claims[name] for name in claims if name != "groups"})
    assert connected.browser().leave().come_back().challenge
    assert "/me" in liar.asked


@pytest.mark.promise(13)
def test_a_new_password_ends_a_journeys_challenge(world, connected):
    challenge = connected.browser().leave().come_back().challenge
    people.disable_person(
        world.db, acting=world.administrator, person_id=connected.acting.person_id, now=connected.now
    )
    with pytest.raises(Exception, match="too long"):
        connected.give_code(challenge)


def test_journeys_that_never_came_back_are_removed(world, connected):
    connected.browser().leave()
    browser = connected.browser()
    browser.now += timedelta(hours=1)
    browser.leave()
    assert world.rows()["single_sign_ons"] == 1

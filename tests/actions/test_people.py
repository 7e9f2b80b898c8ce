import pytest
from sqlalchemy import delete, select, update

from docvault.actions import people, sessions
from docvault.credentials import totp
from docvault.credentials.refusals import LinkRefused, PasswordRefused, SignInRefused, Throttled
from docvault.database import messages, tables
from docvault.database.engine import BadCursor
from docvault.database.people import AlreadyKnown
from docvault.policy.engine import Forbidden
from docvault.policy.vocabulary import Role
from docvault.rules.people import PersonRefused
from docvault.values import NotFound, OrganisationId, PersonId, new_id

from .members import HASHER, PASSWORD, SOURCE, accept, enrol, invite, join, with_mail
from .world import NOW, half_signed_in

NEW_PASSWORD = "three unrelated green kettles"


@pytest.fixture
def world(tmp_path, database_url):
    yield from with_mail(tmp_path, database_url)


@pytest.fixture
def member(world):
    return join(world)


def mail(world):
    with world.db.reading() as tx:
        return messages.newest(tx, world.vault.records).items


def token_in_mail(world, template):
    message = next(each for each in mail(world) if each.template == template)
    return message.values["path"].partition("#")[2]


def listed(world, acting=None, **filters):
    return people.list_people(world.db, acting=acting or world.administrator, **filters)


def state_of(world, person_id):
    found = {each.id: each.state for each in listed(world, limit=200).items}
    return found[person_id]


def reset(world, token, password=NEW_PASSWORD, now=NOW):
    people.finish_password_reset(
        world.db, HASHER, world.vault.records, token=token, password=password, source=SOURCE, now=now
    )


def ask_reset(world, email, now=NOW, source=SOURCE):
    people.request_password_reset(world.db, world.vault.records, email=email, source=source, now=now)


# --- inviting and joining ----------------------------------------------------------------------------------


def test_an_invitation_is_mailed_and_its_link_names_the_person(world):
    invited = invite(world, "Mixed.Case@Example.com")
    (message,) = mail(world)
    assert (message.template, message.recipient) == ("invitation", "mixed.case@example.com")
    assert message.values["path"] == f"/welcome#{invited.token}"
    found = people.invitation_details(world.db, token=invited.token, now=NOW)
    assert (found.name, found.email, found.chooses_address) == (
        "Nora Newcomer",
        "mixed.case@example.com",
        False,
    )
    assert invited.token not in repr(invited)
    assert world.entries()[-1] == ("person:invited", invited.person_id)


@pytest.mark.promise(15)
def test_an_invited_person_has_no_rights_and_cannot_sign_in(world):
    opened = accept(world, invite(world).token)
    assert opened.kind == "enrol"
    with pytest.raises(Forbidden):
        listed(world, opened.acting)
    with pytest.raises(SignInRefused):
        sessions.begin_sign_in(
            world.db, HASHER, email=opened.acting.email, password=PASSWORD, source=SOURCE, now=NOW
        )
    assert state_of(world, opened.acting.person_id) == "invited"


@pytest.mark.promise(38)
def test_a_link_is_not_used_up_by_looking_or_by_an_interrupted_start(world):
    token = invite(world).token
    for _ in range(100):
        people.invitation_details(world.db, token=token, now=NOW)
    first = accept(world, token)
    second = accept(world, token, "another good kettle phrase")
    assert sessions.authenticate(world.db, token=first.token, source=SOURCE, now=NOW) is None
    member = enrol(world, second.acting)
    with pytest.raises(LinkRefused):
        people.invitation_details(world.db, token=token, now=NOW)
    with pytest.raises(LinkRefused):
        accept(world, token)
    member.later()
    assert member.give_code(member.challenge("another good kettle phrase")).kind == "full"


@pytest.mark.parametrize("token", ["", "a" * 43, "\ud800", "x" * 5000])
def test_a_made_up_link_is_refused(world, token):
    invite(world)
    for ask in (people.invitation_details, people.reset_details):
        with pytest.raises(LinkRefused):
            ask(world.db, token=token, now=NOW)
    with pytest.raises(LinkRefused):
        accept(world, token)
    with pytest.raises(LinkRefused):
        reset(world, token)


@pytest.mark.asvs("6.4.1")
def test_an_invitation_ends_after_a_week(world, member):
    token = invite(world, "late@example.com").token
    week = member.later(days=7)
    with pytest.raises(LinkRefused):
        accept(world, token, now=week)


def test_a_weak_password_leaves_the_invitation_open(world):
    token = invite(world).token
    before = world.rows()
    for weak in ("short", "password1234", "Nora Newcomer!", "new.person@example.com", "acme industries"):
        with pytest.raises(PasswordRefused):
            accept(world, token, weak)
    assert world.rows() == before
    assert accept(world, token).kind == "enrol"


def test_a_person_is_invited_again_and_the_old_link_ends(world):
    invited = invite(world)
    again = people.invite_again(
        world.db, world.vault.records, acting=world.administrator, person_id=invited.person_id, now=NOW
    )
    with pytest.raises(LinkRefused):
        accept(world, invited.token)
    enrol(world, accept(world, again.token).acting)
    with pytest.raises(PersonRefused, match="joined already"):
        people.invite_again(
            world.db, world.vault.records, acting=world.administrator, person_id=invited.person_id, now=NOW
        )


def test_an_address_is_invited_once(world):
    invite(world, "twice@example.com")
    with pytest.raises(AlreadyKnown):
        invite(world, "TWICE@example.com")


@pytest.mark.parametrize(
    "email",
    [
        "",
        "nobody",
        "@example.com",
        "a@b",
        "a b@example.com",
        "a@b@example.com",
        "a@.com",
        "a@example..com",
        "x" * 65 + "@example.com",
        "a@" + "x" * 250 + ".com",
        "a@example.com\r\nBcc: b@example.com",
        "<a@example.com>",
    ],
)
def test_an_address_that_cannot_get_mail_is_refused(world, email):
    before = world.rows()
    with pytest.raises(PersonRefused):
        invite(world, email)
    assert world.rows() == before


@pytest.mark.parametrize(
    ("role", "organisation"),
    [
        (Role.CLIENT, "operator"),
        (Role.ADMINISTRATOR, "acme"),
        (Role.ACCOUNT_MANAGER, "acme"),
        (Role.COMPLIANCE_OFFICER, "globex"),
    ],
)
def test_clients_belong_to_clients_and_staff_to_the_operator(world, role, organisation):
    with pytest.raises(PersonRefused):
        invited = getattr(world, organisation)
        people.invite_person(
            world.db,
            world.vault.records,
            acting=world.administrator,
            email="x@example.com",
            name="X",
            role=role,
            organisation_id=invited,
            now=NOW,
        )


def test_an_unknown_organisation_is_not_found(world):
    with pytest.raises(NotFound):
        people.invite_person(
            world.db,
            world.vault.records,
            acting=world.administrator,
            email="x@example.com",
            name="X",
            role=Role.CLIENT,
            organisation_id=OrganisationId(new_id()),
            now=NOW,
        )


@pytest.mark.parametrize("who", ["manager", "client", "officer"])
def test_only_an_administrator_looks_after_people(world, member, who):
    acting, records, person_id = world.everybody[who], world.vault.records, member.acting.person_id
    before = world.rows()
    deeds = [
        lambda: listed(world, acting),
        lambda: people.invite_again(world.db, records, acting=acting, person_id=person_id, now=NOW),
        lambda: people.disable_person(world.db, acting=acting, person_id=person_id, now=NOW),
        lambda: people.enable_person(world.db, acting=acting, person_id=person_id, now=NOW),
        lambda: people.start_password_reset(world.db, records, acting=acting, person_id=person_id, now=NOW),
        lambda: people.invite_person(
            world.db,
            records,
            acting=acting,
            email="x@example.com",
            name="X",
            role=Role.CLIENT,
            organisation_id=world.acme,
            now=NOW,
        ),
    ]
    for deed in deeds:
        with pytest.raises(Forbidden):
            deed()
    assert world.rows() == before


@pytest.mark.promise(21)
def test_a_random_person_is_not_found(world):
    stranger = PersonId(new_id())
    for deed in (people.disable_person, people.enable_person):
        with pytest.raises(NotFound):
            deed(world.db, acting=world.administrator, person_id=stranger, now=NOW)


# --- the first administrator -------------------------------------------------------------------------------


def empty(world):
    """Take everybody out, as in an installation that was just made."""
    with world.db.transaction() as tx:
        for table in (
            tables.portfolios,
            tables.memberships,
            tables.standings,
            tables.sessions,
            tables.people,
        ):
            tx.connection.execute(delete(table))


def test_the_first_administrator_says_who_they_are(world):
    empty(world)
    old = people.first_administrator(world.db, now=NOW)
    token = people.first_administrator(world.db, now=NOW)
    with pytest.raises(LinkRefused):
        people.invitation_details(world.db, token=old, now=NOW)
    assert people.invitation_details(world.db, token=token, now=NOW) == people.LinkDetails("", "", True)
    with pytest.raises(PersonRefused):
        accept(world, token)
    opened = people.accept_invitation(
        world.db,
        HASHER,
        token=token,
        password=PASSWORD,
        name="Ada Admin",
        email="Ada@Example.com",
        source=SOURCE,
        now=NOW,
    )
    member = enrol(world, opened.acting)
    assert (member.acting.name, member.acting.email) == ("Ada Admin", "ada@example.com")
    assert member.acting.role == Role.ADMINISTRATOR
    assert people.first_administrator(world.db, now=NOW) is None
    member.later()
    assert member.sign_in().acting.role == Role.ADMINISTRATOR


def test_the_first_administrator_can_be_named_at_once(world):
    empty(world)
    token = people.first_administrator(world.db, now=NOW, name="Ada Admin", email="ada@example.com")
    assert people.invitation_details(world.db, token=token, now=NOW).email == "ada@example.com"
    assert enrol(world, accept(world, token).acting).acting.name == "Ada Admin"


def test_only_the_first_administrator_chooses_name_and_address(world):
    invited = invite(world)
    opened = people.accept_invitation(
        world.db,
        HASHER,
        token=invited.token,
        password=PASSWORD,
        name="Somebody Else",
        email="else@example.com",
        source=SOURCE,
        now=NOW,
    )
    assert (opened.acting.name, opened.acting.email) == ("Nora Newcomer", "new.person@example.com")


def test_a_full_portal_has_no_link_for_a_first_administrator(world):
    assert people.first_administrator(world.db, now=NOW) is None


# --- listing, disabling, enabling --------------------------------------------------------------------------


def test_people_are_listed_newest_first_page_by_page(world):
    joined = [invite(world, f"p{n}@example.com").person_id for n in range(5)]
    seen, after = [], None
    while True:
        page = listed(world, after=after, limit=3)
        seen += [each.id for each in page.items]
        after = page.next
        if after is None:
            break
    assert len(seen) == len(set(seen)) == 11
    assert set(joined) <= set(seen)
    with pytest.raises(BadCursor):
        listed(world, after="nonsense")


def test_people_are_found_by_part_of_name_or_address(world):
    invite(world, "needle_100%@example.com")
    assert [each.email for each in listed(world, search="NEEDLE_100%").items] == ["needle_100%@example.com"]
    assert [each.name for each in listed(world, search="olga").items] == ["Olga Officer"]
    assert listed(world, search="%").items == listed(world, search="needle").items
    assert listed(world, search="nobody at all").items == []
    (maya,) = listed(world, search="maya").items
    assert (maya.clients, maya.organisation_name) == ({world.acme}, "Northwind Advisory")


@pytest.mark.promise(15)
@pytest.mark.promise(19)
def test_disabling_counts_at_the_next_request_everywhere(world, member):
    session = member.sign_in()
    member.later()
    challenge = member.challenge()
    ask_reset(world, member.email, member.now)
    link = token_in_mail(world, "password_reset")
    person_id = member.acting.person_id
    people.disable_person(world.db, acting=world.administrator, person_id=person_id, now=member.now)
    assert sessions.authenticate(world.db, token=session.token, source=SOURCE, now=member.now) is None
    with pytest.raises(SignInRefused):
        member.give_code(challenge)
    with pytest.raises(SignInRefused):
        member.challenge()
    with pytest.raises(LinkRefused):
        reset(world, link, now=member.now)
    assert world.entries()[-1][0] == "session:refused"
    people.enable_person(world.db, acting=world.administrator, person_id=person_id, now=member.now)
    assert sessions.authenticate(world.db, token=session.token, source=SOURCE, now=member.now) is None
    member.later()
    assert member.sign_in().kind == "full"


def test_disabling_and_enabling_twice_is_one_entry_each(world, member):
    for deed in (people.disable_person, people.enable_person):
        for _ in range(2):
            deed(world.db, acting=world.administrator, person_id=member.acting.person_id, now=NOW)
    kinds = [kind for kind, _ in world.entries()]
    assert kinds.count("person:disabled") == kinds.count("person:enabled") == 1


def test_somebody_who_never_joined_is_enabled_as_invited(world):
    invited = invite(world)
    for deed in (people.disable_person, people.enable_person):
        deed(world.db, acting=world.administrator, person_id=invited.person_id, now=NOW)
    assert state_of(world, invited.person_id) == "invited"
    with pytest.raises(LinkRefused):
        accept(world, invited.token)


@pytest.mark.promise(19)
def test_disabling_an_invited_person_ends_their_enrolment(world):
    opened = accept(world, invite(world).token)
    people.disable_person(world.db, acting=world.administrator, person_id=opened.acting.person_id, now=NOW)
    assert sessions.authenticate(world.db, token=opened.token, source=SOURCE, now=NOW) is None


def test_nobody_disables_themselves(world):
    with pytest.raises(PersonRefused, match="Another administrator can"):
        people.disable_person(
            world.db, acting=world.administrator, person_id=world.administrator.person_id, now=NOW
        )


# --- new passwords -----------------------------------------------------------------------------------------


@pytest.mark.promise(13)
@pytest.mark.asvs("6.3.6")
@pytest.mark.asvs("6.4.3")
def test_a_reset_signs_nobody_in_and_ends_everything_but_the_factor(world, member):
    session = member.sign_in()
    member.later()
    challenge = member.challenge()
    ask_reset(world, member.email, member.now)
    older = token_in_mail(world, "password_reset")
    ask_reset(world, member.email, member.later(seconds=1))
    newer = token_in_mail(world, "password_reset")
    with pytest.raises(LinkRefused):
        reset(world, older, now=member.now)
    assert people.reset_details(world.db, token=newer, now=member.now).email == member.email
    reset(world, newer, now=member.now)
    assert sessions.authenticate(world.db, token=session.token, source=SOURCE, now=member.now) is None
    with pytest.raises(SignInRefused):
        member.give_code(challenge)
    with pytest.raises(SignInRefused):
        member.challenge(PASSWORD)
    with pytest.raises(LinkRefused):
        reset(world, newer, now=member.now)
    member.later()
    assert member.give_code(member.challenge(NEW_PASSWORD)).kind == "full"
    assert any("password" in each.values.get("what", "") for each in mail(world))


@pytest.mark.promise(14)
@pytest.mark.asvs("6.4.6")
def test_an_administrator_only_starts_a_reset(world, member):
    people.start_password_reset(
        world.db,
        world.vault.records,
        acting=world.administrator,
        person_id=member.acting.person_id,
        now=member.now,
    )
    assert world.entries()[-1] == ("person:password:reset-started", member.acting.person_id)
    assert member.sign_in().kind == "full"  # nothing changed yet
    reset(world, token_in_mail(world, "password_reset"), now=member.now)


def test_only_somebody_who_joined_gets_a_new_password(world):
    invited = invite(world)
    with pytest.raises(PersonRefused):
        people.start_password_reset(
            world.db,
            world.vault.records,
            acting=world.administrator,
            person_id=invited.person_id,
            now=NOW,
        )
    with pytest.raises(PersonRefused):
        half = invite(world, "half@example.com")
        people.start_password_reset(
            world.db, world.vault.records, acting=world.administrator, person_id=half.person_id, now=NOW
        )
    with pytest.raises(Forbidden):
        listed(world, half_signed_in(world.administrator))


@pytest.mark.promise(9)
def test_asking_for_a_reset_says_nothing_about_accounts(world, member):
    invite(world, "waiting@example.com")
    before = len(mail(world))
    for email in ("nobody@example.com", "waiting@example.com", "not an address", ""):
        ask_reset(world, email)
    assert len(mail(world)) == before


def test_asking_for_resets_is_throttled(world, member):
    for _ in range(5):
        ask_reset(world, member.email)
    with pytest.raises(Throttled):
        ask_reset(world, member.email)


def test_a_reset_link_lasts_30_minutes_and_refuses_weak_passwords(world, member):
    ask_reset(world, member.email, member.now)
    token = token_in_mail(world, "password_reset")
    with pytest.raises(PasswordRefused):
        reset(world, token, "password1234", member.now)
    with pytest.raises(LinkRefused):
        reset(world, token, now=member.later(minutes=30))


@pytest.mark.asvs("6.6.2")
def test_a_link_of_one_purpose_does_nothing_else(world, member):
    ask_reset(world, member.email, member.now)
    link = token_in_mail(world, "password_reset")
    with pytest.raises(LinkRefused):
        accept(world, link, now=member.now)
    with pytest.raises(LinkRefused):
        people.invitation_details(world.db, token=link, now=member.now)
    with pytest.raises(LinkRefused):
        reset(world, invite(world, "waiting@example.com").token, now=member.now)


def test_two_resets_with_one_link_are_one(world, member, monkeypatch):
    """Nothing is locked while a password is hashed: the second request finds the link used."""
    ask_reset(world, member.email, member.now)
    token = token_in_mail(world, "password_reset")
    hashing = type(HASHER).hash

    def meanwhile(self, password):
        monkeypatch.undo()
        reset(world, token, now=member.now)
        return hashing(self, password)

    monkeypatch.setattr(type(HASHER), "hash", meanwhile)
    with pytest.raises(LinkRefused):
        reset(world, token, "a different late password", member.now)
    member.later()
    assert member.give_code(member.challenge(NEW_PASSWORD)).kind == "full"


def test_an_administrator_invited_twice_at_once_is_one_person(world):
    with world.db.transaction() as tx:
        mine = tables.people.c.id == world.client.person_id
        tx.connection.execute(update(tables.people).where(mine).values(email="same@example.com"))
    with pytest.raises(AlreadyKnown):
        invite(world, "same@example.com")
    with world.db.reading() as tx:
        table = tables.people
        found = tx.connection.execute(select(table.c.id).where(table.c.email == "same@example.com"))
        assert found.scalars().all() == [world.client.person_id]


def test_every_code_of_a_new_member_is_from_their_own_app(world, member):
    other = join(world, "other@example.com")
    assert totp.spoken(member.seed) != totp.spoken(other.seed)
    assert not set(member.recovery_codes) & set(other.recovery_codes)

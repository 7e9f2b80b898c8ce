"""Mail that somebody caused leaves only while they still may, and links only to who is let in (promise 25)."""

from dataclasses import replace

import pytest
from sqlalchemy import select, update

from docvault.actions import deliveries, envelopes, outbox, people
from docvault.database import messages, tables
from docvault.database.people import PersonState
from docvault.mail.sender import Mailer
from docvault.policy.vocabulary import TERMINAL, Role
from docvault.rules.deliveries import ALWAYS

from . import envelope_world as signing
from .members import SOURCE, invite
from .two_people import confirm, hours, propose, settle
from .world import NOW, set_state

LOCAL = Mailer("", "docvault@example.com", "https://vault.example.com", "DocVault")


@pytest.fixture
def made(tmp_path, database_url, pdf):
    built = signing.build_signing(tmp_path, pdf, database_url)
    yield built
    built.vault.close()
    built.db.close()


def newest(made, template):
    with made.db.reading() as tx:
        found = messages.newest(tx, made.vault.records).items
    return next(each for each in found if each.template == template)


def delivered(made, template):
    """Let the job of the newest message of a kind run; return what became of it."""
    message = newest(made, template)
    deliveries.deliver_message(made.db, made.vault.records, LOCAL, message_id=message.id, now=NOW)
    after = newest(made, template)
    return "sent" if after.sent_at else str(after.withheld)


def lose(made, acting, how):
    with made.db.transaction() as tx:
        if how == "disabled":
            set_state(tx, acting.person_id, PersonState.DISABLED)
        elif how == "demoted":
            mine = update(tables.people).where(tables.people.c.id == acting.person_id)
            tx.connection.execute(mine.values(role="compliance_officer"))
        else:
            mine = update(tables.memberships).where(tables.memberships.c.person_id == acting.person_id)
            tx.connection.execute(mine.values(ended_at=NOW))


OUTCOMES = [("disabled", "asker-left"), ("demoted", "asker-may-not"), ("left", "asker-left")]


@pytest.mark.promise(25)
@pytest.mark.asvs("8.3.3")
@pytest.mark.parametrize(("lost", "became"), [(None, "sent"), *OUTCOMES])
def test_an_invitation_leaves_only_while_its_inviter_may_invite(made, lost, became):
    invite(made.world)
    if lost:
        lose(made, made.world.administrator, lost)
    assert delivered(made, "invitation") == became
    assert made.world.entries()[-1][0] == ("message:sent" if became == "sent" else "message:withheld")


@pytest.mark.promise(25)
@pytest.mark.parametrize(("lost", "became"), [(None, "sent"), *OUTCOMES])
def test_a_reset_that_an_administrator_started_leaves_only_while_they_may(made, lost, became):
    people.start_password_reset(
        made.db,
        made.vault.records,
        acting=made.world.administrator,
        person_id=made.world.client.person_id,
        now=NOW,
    )
    if lost:
        lose(made, made.world.administrator, lost)
    assert delivered(made, "password_reset") == became


@pytest.mark.promise(25)
@pytest.mark.asvs("8.3.3")
@pytest.mark.parametrize(("lost", "became"), [(None, "sent"), *OUTCOMES])
def test_a_request_to_sign_leaves_only_while_its_sender_may_manage_that_envelope(made, lost, became):
    envelope_id = signing.sent(made, (made.world.client, 1))
    if lost:
        lose(made, made.world.manager, lost)
    assert delivered(made, "sign_request") == became
    with made.db.reading() as tx:
        chosen = select(tables.messages.c.about).where(tables.messages.c.template == "sign_request")
        assert tx.connection.execute(chosen).scalar_one() == envelope_id


@pytest.mark.promise(25)
@pytest.mark.parametrize(("lost", "became"), [(None, "sent"), *OUTCOMES])
def test_a_reminder_leaves_only_while_whoever_reminds_may(made, lost, became):
    manager = made.world.manager
    envelope_id = signing.sent(made, (made.world.client, 1))
    envelopes.remind_recipients(made.db, made.vault, acting=manager, envelope_id=envelope_id, now=hours(100))
    if lost:
        lose(made, manager, lost)
    assert delivered(made, "sign_reminder") == became


@pytest.mark.promise(25)
@pytest.mark.parametrize("state", [PersonState.DISABLED, PersonState.FROZEN])
def test_no_link_goes_to_somebody_who_is_switched_off(made, state):
    world = made.world
    signing.sent(made, (world.client, 1))
    people.request_password_reset(
        made.db, made.vault.records, email=world.client.email, source=SOURCE, now=NOW
    )
    with made.db.transaction() as tx:
        set_state(tx, world.client.person_id, state)
    assert delivered(made, "sign_request") == delivered(made, "password_reset") == "reader-off"


@pytest.mark.promise(16)
@pytest.mark.parametrize("template", sorted(ALWAYS))
def test_news_of_ones_own_account_reach_somebody_who_is_switched_off(made, template):
    with made.db.transaction() as tx:
        message_id = messages.add(
            tx,
            made.vault.records,
            person_id=made.world.client.person_id,
            recipient=made.world.client.email,
            template=template,
            values={"path": "/not-me#x"},
            now=NOW,
        )
        set_state(tx, made.world.client.person_id, PersonState.FROZEN)
    deliveries.deliver_message(made.db, made.vault.records, LOCAL, message_id=message_id, now=NOW)
    assert newest(made, template).sent_at == NOW


@pytest.mark.promise(25)
def test_what_was_held_back_is_never_sent_later_and_the_outbox_says_why(made):
    invited = invite(made.world)
    lose(made, made.world.administrator, "disabled")
    assert delivered(made, "invitation") == "asker-left"
    with made.db.transaction() as tx:
        set_state(tx, made.world.administrator.person_id, PersonState.ACTIVE)
    assert delivered(made, "invitation") == "asker-left"
    assert deliveries.retry_unsent(made.db, now=hours(10)) == 0
    (item,) = outbox.list_messages(
        made.db, made.vault.records, LOCAL, acting=made.world.administrator, now=NOW
    ).items
    assert (item.withheld, item.text, item.link) == ("Whoever asked for it has left.", "", None)
    assert [kind for kind, _ in made.world.entries()].count("message:withheld") == 1
    assert invited.token not in repr(item)


@pytest.mark.promise(25)
def test_the_link_of_a_lost_factor_is_held_back_when_its_proposer_left(made):
    world = made.world
    proposal = propose(world, world.administrator, "reprove-factor", person_id=world.client.person_id)
    confirm(world, world.officer, proposal)
    settle(world, hours(24))
    lose(made, world.administrator, "disabled")
    assert delivered(made, "factor_reproof") == "asker-left"


def test_what_the_terminal_asks_for_is_the_portals_own(made):
    terminal = replace(made.world.administrator, factors=TERMINAL)
    people.invite_person(
        made.db,
        made.vault.records,
        acting=terminal,
        email="t@example.com",
        name="Tess",
        role=Role.COMPLIANCE_OFFICER,
        organisation_id=made.world.operator,
        now=NOW,
    )
    assert newest(made, "invitation").cause is None


@pytest.mark.promise(25)
def test_signatures_that_were_given_are_completed_although_the_sender_left(made):
    """What a person signed with their own factor is done; decision 0014 says why."""
    world = made.world
    envelope_id = signing.sent(made, (world.client, 1))
    signing.read_and_agree(made, world.client, envelope_id)
    signing.sign(made, world.client, envelope_id)
    lose(made, world.manager, "disabled")
    signing.advance(made, envelope_id)
    with made.db.reading() as tx:
        chosen = select(tables.envelopes.c.state).where(tables.envelopes.c.id == envelope_id)
        assert tx.connection.execute(chosen).scalar_one() == "completed"

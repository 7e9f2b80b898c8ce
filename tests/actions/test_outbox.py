"""Messages on their way out: seen by the administrator, delivered once, asked for again when they rest."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from docvault.actions import deliveries, outbox
from docvault.database import messages, tables
from docvault.mail.sender import Mailer, MailNotSent
from docvault.policy.engine import Forbidden

from .world import NOW, queued, standing

LOCAL = Mailer("", "docvault@example.com", "https://vault.example.com", "DocVault")
AWAY = replace(LOCAL, smtp_url="smtp://127.0.0.1:1")
VALUES = {"name": "Clara", "title": "Secret plan", "path": "/envelopes/x"}


@pytest.fixture
def world(tmp_path, database_url):
    yield from standing(tmp_path, database_url)


def write(world, now=NOW):
    with world.db.transaction() as tx:
        return messages.add(
            tx,
            world.vault.records,
            person_id=world.client.person_id,
            recipient=world.client.email,
            template="envelope_completed",
            values=VALUES,
            now=now,
        )


def deliver(world, message_id, mailer=LOCAL):
    deliveries.deliver_message(world.db, world.vault.records, mailer, message_id=message_id, now=NOW)


def listed(world, acting=None, mailer=LOCAL):
    page = outbox.list_messages(
        world.db, world.vault.records, mailer, acting=acting or world.administrator, now=NOW
    )
    return page.items


def test_without_a_server_the_administrator_reads_messages_in_the_outbox(world):
    deliver(world, write(world))
    (item,) = listed(world)
    assert item.recipient == world.client.email
    assert item.link == "https://vault.example.com/envelopes/x"
    assert "Secret plan" in item.text
    assert item.sent_at == NOW


@pytest.mark.promise(28)
def test_with_a_server_the_administrator_sees_that_mail_left_and_not_what_it_says(world):
    write(world)
    (item,) = listed(world, mailer=AWAY)
    assert (item.text, item.link) == ("", None)
    assert "Secret plan" not in item.subject


@pytest.mark.parametrize("who", ["client", "manager", "officer"])
def test_the_outbox_is_for_administrators(world, who):
    with pytest.raises(Forbidden):
        listed(world, world.everybody[who])


@pytest.mark.promise(56)
def test_no_message_is_readable_in_the_database(world):
    write(world)
    with world.db.reading() as tx:
        body = tx.connection.execute(select(tables.messages.c.body)).scalar_one()
    assert b"Secret" not in body


def test_a_message_is_delivered_and_recorded_once(world):
    message_id = write(world)
    deliver(world, message_id)
    deliver(world, message_id)
    assert world.entries().count(("message:sent", message_id)) == 1


def test_a_message_that_does_not_get_through_stays_and_is_asked_for_again(world):
    message_id = write(world)
    with pytest.raises(MailNotSent):
        deliver(world, message_id, AWAY)
    (item,) = listed(world)
    assert (item.sent_at, item.failures) == (None, 1)
    assert deliveries.retry_unsent(world.db, now=NOW + timedelta(minutes=1)) == 0
    assert deliveries.retry_unsent(world.db, now=NOW + timedelta(minutes=30)) == 1
    deliver(world, message_id)
    assert deliveries.retry_unsent(world.db, now=NOW + timedelta(hours=1)) == 0


def test_a_message_of_a_deed_that_failed_was_never_written(world):
    with pytest.raises(KeyError), world.db.transaction() as tx:
        messages.add(
            tx,
            world.vault.records,
            person_id=None,
            recipient="a@example.com",
            template="envelope_completed",
            values=VALUES,
            now=NOW,
        )
        raise KeyError
    assert listed(world) == []
    assert queued(world.db, "name") == []


def test_two_jobs_for_one_message_send_it_once(world, monkeypatch):
    """While one hands it to the server, the other finds it taken."""
    message_id, sent = write(world), []

    def take(self, rendered, **_more):
        sent.append(rendered.subject)
        deliver(world, message_id, AWAY)  # the other job, at that very moment

    monkeypatch.setattr(Mailer, "send", take)
    deliver(world, message_id, AWAY)
    assert len(sent) == 1
    (item,) = listed(world)
    assert item.sent_at == NOW


def test_a_message_whose_sender_died_can_be_taken_again_later(world, monkeypatch):
    message_id, sent = write(world), []

    def die(self, rendered, **_more):
        sent.append(rendered.subject)
        if len(sent) == 1:
            raise KeyboardInterrupt

    monkeypatch.setattr(Mailer, "send", die)
    with pytest.raises(KeyboardInterrupt):
        deliver(world, message_id, AWAY)
    deliver(world, message_id, AWAY)
    assert len(sent) == 1
    deliveries.deliver_message(
        world.db, world.vault.records, AWAY, message_id=message_id, now=NOW + timedelta(minutes=10)
    )
    assert len(sent) == 2

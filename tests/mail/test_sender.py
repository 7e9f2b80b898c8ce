"""Sending by SMTP, against a real server in this process."""

import smtplib
import socket
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from aiosmtpd.controller import Controller

from docvault.mail.sender import Mailer, MailNotSent, MailRefused

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)


class Inbox:
    def __init__(self):
        self.mails, self.answer = [], "250 taken"

    async def handle_DATA(self, server, session, envelope):
        self.mails.append(envelope)
        return self.answer

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("nobody"):
            return "550 no such person"
        if address.startswith("later"):
            return "451 later"
        envelope.rcpt_tos.append(address)
        return "250 ok"


@pytest.fixture
def server():
    inbox = Inbox()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    controller = Controller(inbox, hostname="127.0.0.1", port=port)
    controller.start()
    yield SimpleNamespace(inbox=inbox, port=port)
    controller.stop()


def mailer(port, host="127.0.0.1"):
    return Mailer(f"smtp://{host}:{port}", "docvault@example.com", "https://vault.example.com", "DocVault")


def letter(port):
    values = {"name": "Grace", "title": "T", "path": "/envelopes/x"}
    return mailer(port), mailer(port).render("envelope_completed", values)


def test_a_message_arrives_as_text_and_html_with_a_stable_id(server):
    sender, rendered = letter(server.port)
    sender.send(rendered, message_id="m1", recipient="grace@example.com", now=NOW)
    (mail,) = server.inbox.mails
    content = mail.content.decode()
    assert mail.rcpt_tos == ["grace@example.com"]
    assert "Message-ID: <m1@example.com>" in content
    assert "Content-Type: text/plain" in content
    assert "Content-Type: text/html" in content
    assert "Subject: Completed: everybody has signed" in content


def test_a_refused_recipient_is_told_apart_from_a_busy_server(server):
    sender, rendered = letter(server.port)
    with pytest.raises(MailRefused):
        sender.send(rendered, message_id="m1", recipient="nobody@example.com", now=NOW)
    with pytest.raises(MailNotSent) as caught:
        sender.send(rendered, message_id="m1", recipient="later@example.com", now=NOW)
    assert not isinstance(caught.value, MailRefused)


def test_a_server_that_is_not_there_is_said_so():
    sender, rendered = letter(1)
    with pytest.raises(MailNotSent):
        sender.send(rendered, message_id="m1", recipient="grace@example.com", now=NOW)


@pytest.mark.promise(85)
def test_mail_never_leaves_the_machine_in_clear(server, monkeypatch):
    """A server that stops offering STARTTLS gets nothing (a stripping attack); only this machine itself may."""
    real = smtplib.SMTP.connect
    monkeypatch.setattr(smtplib.SMTP, "connect", lambda self, _host, port: real(self, "127.0.0.1", port))
    away = mailer(server.port, "mail.example.com")
    _, rendered = letter(server.port)
    with pytest.raises(MailNotSent):
        away.send(rendered, message_id="m1", recipient="grace@example.com", now=NOW)
    assert server.inbox.mails == []


def test_without_a_server_messages_stay_in_the_outbox():
    assert Mailer("", "docvault@example.com", "https://vault.example.com", "DocVault").is_local

"""Sends rendered messages by SMTP, encrypted or not at all. Without a server they stay in the outbox.

Submission follows RFC 6409; TLS is required and verified (RFC 8314) unless the server is this machine itself.
"""

import smtplib
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from urllib.parse import unquote, urlsplit

from docvault.mail import messages
from docvault.mail.messages import Rendered
from docvault.values import DocVaultError

TIMEOUT = 30  # seconds for one answer of the mail server
THIS_MACHINE = frozenset({"localhost", "127.0.0.1", "::1"})


class MailNotSent(DocVaultError):
    """The server could not be reached or refused; trying again later may help."""


class MailRefused(MailNotSent):
    """The server refused this recipient or message for good."""


@dataclass(frozen=True, slots=True)
class Mailer:
    """Renders and sends. smtp_url: smtp://user:password@host:587 (STARTTLS), smtps://…, or empty."""

    smtp_url: str
    sender: str  # the address mail comes from
    base_url: str
    portal_name: str

    @property
    def is_local(self) -> bool:
        """True without a mail server: messages are read on the outbox page."""
        return not self.smtp_url

    def render(self, template: str, values: Mapping[str, str]) -> Rendered:
        """Return the words of a message for this portal. Raises MessageInvalid."""
        return messages.render(template, values, base_url=self.base_url, portal_name=self.portal_name)

    def send(self, rendered: Rendered, *, message_id: str, recipient: str, now: datetime) -> None:
        """Hand one message to the mail server; return when it took it over.

        message_id: makes the Message-ID, so that a message sent twice after a crash is seen as one.
        Raises MailRefused, MailNotSent.
        """
        mail = self._mail(rendered, message_id, recipient, now)
        try:
            with self._server() as server:
                server.send_message(mail)
        except (smtplib.SMTPRecipientsRefused, smtplib.SMTPDataError, smtplib.SMTPSenderRefused) as error:
            raise _refusal(error) from error
        except (smtplib.SMTPException, OSError) as error:
            raise MailNotSent("The mail server could not be reached or did not take the message.") from error

    def greet(self) -> None:
        """Reach the server, encrypted and signed in, and send nothing. Raises MailNotSent."""
        try:
            with self._server() as server:
                server.noop()
        except (smtplib.SMTPException, OSError) as error:
            raise MailNotSent("The mail server could not be reached or did not let us in.") from error

    def _mail(self, rendered: Rendered, message_id: str, recipient: str, now: datetime) -> EmailMessage:
        mail = EmailMessage()
        mail["From"] = Address(self.portal_name, addr_spec=self.sender)
        mail["To"] = recipient
        mail["Subject"] = rendered.subject
        mail["Date"] = format_datetime(now)
        mail["Message-ID"] = f"<{message_id}@{self.sender.rpartition('@')[2]}>"
        mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: no holiday replies, please
        mail.set_content(rendered.text)
        mail.add_alternative(rendered.html, subtype="html")
        return mail

    @contextmanager
    def _server(self) -> Iterator[smtplib.SMTP]:
        url = urlsplit(self.smtp_url)
        host = url.hostname or "localhost"
        context = ssl.create_default_context()
        if url.scheme == "smtps":
            server: smtplib.SMTP = smtplib.SMTP_SSL(host, url.port or 465, timeout=TIMEOUT, context=context)
        else:
            server = smtplib.SMTP(host, url.port or 587, timeout=TIMEOUT)
        with server:
            server.ehlo()
            if url.scheme != "smtps" and (server.has_extn("starttls") or host not in THIS_MACHINE):
                server.starttls(context=context)  # refuses, rather than sends in clear, if it is not offered
                server.ehlo()
            if url.username:
                server.login(unquote(url.username), unquote(url.password or ""))
            yield server


def _refusal(error: smtplib.SMTPException) -> MailNotSent:
    codes = (
        [code for code, _ in error.recipients.values()]
        if isinstance(error, smtplib.SMTPRecipientsRefused)
        else [getattr(error, "smtp_code", 0)]
    )
    if all(code >= 500 for code in codes):  # noqa: PLR2004 - RFC 5321 4.2.1: 5yz is permanent
        return MailRefused("The mail server refused this recipient.")
    return MailNotSent("The mail server asked to try again later.")

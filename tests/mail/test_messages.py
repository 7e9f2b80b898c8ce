"""The words that leave the portal."""

import html
import re

import pytest

from docvault.mail import messages
from docvault.mail.messages import MessageInvalid, render
from docvault.rules.languages import LANGUAGES

EVERY_VALUE = {
    "name": "Grace",
    "sender": "Ada Lovelace",
    "organisation": "Engine & Sons",
    "title": "Secret plan",
    "message": "First line\nsecond <b>line</b>",
    "due": "",
    "who": "Charles",
    "to": "Mary",
    "waiting": "Charles, Mary",
    "pages": "3",
    "reason": "Too dear",
    "trouble": "No timestamp",
    "inviter": "Ada Lovelace",
    "expires": "2026-05-04T12:00:00+00:00",
    "what": "recovery-code-used",
    "when": "2026-05-04T12:00:00+00:00",
    "where": "Firefox · Windows · 203.0.113.9",
    "from_then": "2026-05-05T12:00:00+00:00",
    "certificate": "Northwind Advisory, Seal",
    "ended": "",
    "key": "ca-seal",
    "token": "Backup",
    "found": "Eicar-Test-Signature",
    "ends": "2026-05-04T12:00:00+00:00",
    "used": "9.8 GB",
    "most": "10 GB",
    "code": "1234 5678",
    "signer": "Olga Outside",
    "email": "charles@engine.example",
    "path": "/sign/abc#T0KEN",
}


def written(template, **values):
    return render(
        template, {**EVERY_VALUE, **values}, base_url="https://vault.example.com", portal_name="DocVault"
    )


def signs(text):
    """Everything but spaces and line ends, which each form sets in its own way."""
    return re.sub(r"\s+", "", text)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("template", sorted(messages.names()))
def test_every_message_says_the_same_in_text_and_html(template, language):
    rendered = written(template, language=language)
    plain = html.unescape(re.sub(r"<[^>]+>", " ", rendered.html.split("<body")[1].split(">", 1)[1]))
    body, _, _ = rendered.text.partition("\n-- \n")
    for line in body.splitlines():
        assert signs(line).rstrip(":") in signs(plain)
    assert rendered.subject
    assert all(len(line) <= 76 or "://" in line for line in rendered.text.splitlines())


@pytest.mark.promise(37)
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("template", sorted(messages.names()))
def test_no_subject_carries_a_title_or_a_link(template, language):
    subject = written(template, language=language).subject
    assert "Secret" not in subject
    assert "T0KEN" not in subject
    assert "://" not in subject


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_certificate_that_has_ended_is_not_said_to_end_soon(language):
    soon, ended = (written("certificate_ends", language=language, ended=one) for one in ("", "yes"))
    assert soon.subject != ended.subject
    lines = [set(one.text.partition("\n-- \n")[0].splitlines()) for one in (soon, ended)]
    assert "ends soon" not in ended.text
    assert len(lines[1] - lines[0]) >= 3  # heading, what it means, what to do


def test_the_one_link_leads_to_the_portal():
    rendered = written("sign_request")
    assert rendered.link == "https://vault.example.com/sign/abc#T0KEN"
    assert rendered.link in rendered.text
    assert re.findall(r'href="([^"]+)"', rendered.html) == [rendered.link]


@pytest.mark.parametrize("path", ["https://evil.example", "//evil.example", "javascript:alert(1)", ""])
def test_a_link_to_somewhere_else_is_refused(path):
    with pytest.raises(MessageInvalid):
        written("sign_request", path=path)


def test_a_name_cannot_smuggle_markup_or_a_header():
    rendered = written("sign_request", sender="<script>x</script>\r\nBcc: all@example.com")
    assert "<script>" not in rendered.html
    assert "\n" not in rendered.subject
    assert "\r" not in rendered.subject


def test_a_message_without_its_values_or_words_is_refused():
    with pytest.raises(MessageInvalid):
        render("sign_request", {}, base_url="https://vault.example.com", portal_name="DocVault")
    with pytest.raises(MessageInvalid):
        render("nothing", {}, base_url="https://vault.example.com", portal_name="DocVault")


def test_the_due_date_is_said_only_where_there_is_one():
    assert "please by" not in written("sign_request").text
    assert "please by 4 May 2026." in written("sign_request", due="2026-05-04T00:00:00+00:00").text


def test_nothing_in_a_message_is_loaded_from_anywhere():
    for template in messages.names():
        assert not re.search(r"<(img|link|script|iframe)|url\(|src=", written(template).html)

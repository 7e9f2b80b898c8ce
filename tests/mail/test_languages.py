"""Mail is written in the language of its reader; no language lacks a sentence that another has."""

import re
from pathlib import Path

import jinja2
import pytest
from jinja2 import meta

from docvault.mail import dates, messages, sentences
from docvault.mail.messages import TEMPLATES, render
from docvault.rules.languages import LANGUAGES, OTHERWISE, LanguageUnknown, check, wanted
from docvault.rules.notices import Notice

from .test_messages import written

ROOT = Path(__file__).parents[2]
OTHERS = sorted(set(LANGUAGES) - {OTHERWISE})
NAMES = sorted(messages.names())
BLOCK = re.compile(r"{% block (\w+) %}(.*?){% endblock %}", re.DOTALL)
ENVIRONMENT = jinja2.Environment(autoescape=True)
ENVIRONMENT.filters.update(messages._WORDS.filters)


def source(name, language):
    folder = TEMPLATES if language == OTHERWISE else TEMPLATES / language
    return (folder / f"{name}.j2").read_text()


def blocks(name, language):
    """Return the names a message asks for and the number of its paragraphs, block by block."""
    return {
        block: (
            meta.find_undeclared_variables(ENVIRONMENT.parse(words)),
            len([part for part in words.split("\n\n") if part.strip()]),
        )
        for block, words in BLOCK.findall(source(name, language))
    }


@pytest.mark.parametrize("language", OTHERS)
@pytest.mark.parametrize("name", NAMES)
def test_every_message_says_in_every_language_what_it_says_in_english(name, language):
    assert blocks(name, language) == blocks(name, OTHERWISE)
    assert written(name, language=language).subject != written(name).subject


@pytest.mark.parametrize("language", LANGUAGES)
def test_there_is_no_message_that_english_does_not_have(language):
    folder = TEMPLATES if language == OTHERWISE else TEMPLATES / language
    assert {path.stem for path in folder.glob("*.j2")} == set(NAMES)


@pytest.mark.promise(16)
def test_every_notice_has_its_sentence_in_every_language():
    assert set(sentences.NOTICES) == {notice.value for notice in Notice}
    for table in (*sentences.NOTICES.values(), *sentences.LAYOUT.values(), sentences.MONTHS):
        assert set(table) == set(LANGUAGES)
    for translated in sentences.NOTICES.values():
        assert len(set(translated.values())) == len(LANGUAGES)
        assert not any(sentence.endswith((".", "。")) or not sentence for sentence in translated.values())


def test_every_notice_is_sent_by_something():
    source = "".join(path.read_text() for path in (ROOT / "src").rglob("*.py"))
    assert [notice for notice in Notice if f"Notice.{notice.name}" not in source] == []


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("notice", Notice)
def test_a_notice_names_what_happened_in_the_readers_language(notice, language):
    rendered = written("security_notice", what=notice.value, language=language)
    assert sentences.NOTICES[notice.value][language] in rendered.html.replace("&#39;", "'")
    assert notice.value not in rendered.text


def test_persian_runs_from_right_to_left_and_the_others_do_not():
    assert '<html lang="fa" dir="rtl">' in written("sign_request", language="fa").html
    for language in set(LANGUAGES) - {"fa"}:
        assert f'<html lang="{language}" dir="ltr">' in written("sign_request", language=language).html


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "4 May 2026, 09:05 UTC"),
        ("de", "4. Mai 2026, 09:05 Uhr UTC"),
        ("pl", "4 maja 2026, 09:05 UTC"),
        ("fi", "4. toukokuuta 2026 klo 09.05 UTC"),
        ("ja", "2026年5月4日 09:05 UTC"),
        ("fa", "۴ مه ۲۰۲۶، ساعت ۰۹:۰۵ UTC"),
    ],
)
def test_moments_are_said_as_the_language_says_them(language, said):
    assert dates.moment("2026-05-04T11:05:00+02:00", language) == said
    assert said in written("security_notice", when="2026-05-04T11:05:00+02:00", language=language).text


def test_what_an_older_release_queued_is_sent_as_it_was():
    old = {
        "name": "Grace",
        "what": "A recovery code was used",
        "when": "4 May 2026",
        "where": "",
        "from_then": "",
        "expires": "5 May 2026",
        "path": "/not-me#x",
    }
    text = render("security_notice", old, base_url="https://vault.example.com", portal_name="DocVault").text
    assert "A recovery code was used." in text
    assert "4 May 2026" in text


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", "en"),
        ("de", "de"),
        ("de-AT,de;q=0.9,en;q=0.8", "de"),
        ("fr-FR,fr;q=0.9,pl;q=0.4,en;q=0.3", "pl"),
        ("en;q=0.2, ja;q=0.7", "ja"),
        ("FA", "fa"),
        ("fi;q=0", "en"),
        ("fi;q=nonsense, sv", "en"),
        ("fi;q=7", "en"),
        ("*", "en"),
        (";;;,,,=", "en"),
        ("xx," * 50 + "de", "en"),
    ],
)
def test_a_browsers_wish_is_met_as_far_as_it_can_be(header, language):
    assert wanted(header) == language


@pytest.mark.parametrize("code", ["", "fr", "EN", "de-AT", "../de"])
def test_a_language_nobody_wrote_is_refused(code):
    with pytest.raises(LanguageUnknown, match="Deutsch"):
        check(code)

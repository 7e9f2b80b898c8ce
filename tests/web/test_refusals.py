"""What the server refuses a signer is said in the signer's language, every sentence of it, and so are dates."""

import ast
import string
import tomllib
from pathlib import Path

import pytest

from actions import envelope_world as signing
from actions.world import NOW
from docvault.credentials.refusals import Throttled
from docvault.rules import envelopes as rules
from docvault.rules.envelopes import EnvelopeRefused
from docvault.rules.languages import LANGUAGES
from docvault.web.formats import day
from docvault.web.words import FOLDER, REFUSED, in_language, said

from .test_words import speak

OTHERS = sorted(set(LANGUAGES) - {"en"})
SOURCE = FOLDER.parents[0].parent
# Where the sentences stand that a signer can meet; those of envelopes are asked of the rules below.
MODULES = (
    "rules/answers.py",
    "rules/entries.py",
    "rules/filling.py",
    "rules/attachments.py",
    "rules/consents.py",
    "pdf/inside/appearance.py",
    "pdf/inside/ink.py",
    "actions/attachments.py",
    "actions/delegations.py",
    "actions/papers.py",
    "rules/papers.py",
    "pdf/inside/paper.py",
    "database/step_ups.py",
)


def written(path: Path) -> set[str]:
    """Return every sentence that a module raises, with `x` in the place of what it fills in."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
            found |= {text for each in node.exc.args if (text := _text(each))}
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "super().__init__":
            found |= {text for each in node.args if (text := _text(each))}
    return found


def _text(node: ast.AST) -> str:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if not isinstance(node, ast.JoinedStr):
        return ""
    return "".join(
        part.value if isinstance(part, ast.Constant) else _value(ast.unparse(part)) for part in node.values
    )


def _value(source: str) -> str:
    """A field is called as people are told it; digits after the point are a phrase of their own."""
    if "named(" in source:
        return "The x field on page 1"
    return "at most 2 digits" if "{many}" in source else "x"


def refusal(envelope) -> str:
    with pytest.raises(EnvelopeRefused) as refused:
        rules.sign(envelope, "r", set(), NOW)
    return str(refused.value)


def sentences() -> set[str]:
    found = {text for name in MODULES for text in written(SOURCE / name)}
    found |= {*rules._WHY_CLOSED.values(), *rules._WHY_NOT.values()}
    found |= {str(Throttled(seconds)) for seconds in (1, 20, 60, 600)}
    envelope = rules.Envelope(rules.State.SENT, 2, (rules.Recipient("r", 1),))
    for pages in ((), (1,)):
        seen = rules.see_pages(envelope, "r", pages, NOW)
        found |= {refusal(seen), refusal(rules.consent(seen, "r", NOW))}
    return {text for text in found if " " in text}


@pytest.mark.parametrize("code", OTHERS)
def test_every_sentence_that_a_signer_can_be_refused_with_is_translated(code):
    words = in_language(code)
    assert len(sentences()) > 60
    missing = {english for english in sentences() if said(words, english) == english}
    assert not missing


def table(code):
    return tomllib.loads((FOLDER / REFUSED / f"{code}.toml").read_text(encoding="utf-8"))


def names(text):
    return sorted(name for _, name, _, _ in string.Formatter().parse(text) if name)


@pytest.mark.parametrize("code", OTHERS)
def test_every_translation_of_a_refusal_says_what_the_english_does(code):
    wrong = {english for english, own in table(code).items() if names(english) != names(own)}
    assert not wrong
    assert table(code).keys() == table(OTHERS[0]).keys()


def test_what_a_sentence_fills_in_is_kept():
    english = "The IBAN (own) field on page 3 can have at most 34 characters."
    assert (
        said(in_language("de"), english)
        == "Das Feld „IBAN (own)“ auf Seite 3 kann höchstens 34 Zeichen haben."
    )
    assert said(in_language("en"), english) == english
    assert said(in_language("fa"), "Something else.") == "Something else."


def test_the_page_and_its_script_are_told_in_the_signers_language(site):
    envelope_id = signing.sent(site.made)
    speak(site, site.world.client, "pl")
    browser, words = site.sign_in(site.world.client), in_language("pl")
    page = browser.post(f"/sign/{envelope_id}/consent", data={"consent_id": "x", "consent_sha256": "x"})
    assert said(words, "Please tick the box if you agree to sign electronically.") in page.text
    address, body = f"/api/v1/envelopes/{envelope_id}/ceremony/pages", {"pages": [9]}
    told = browser.post(address, json=body, headers={"X-Language": "pl"}).json()
    assert told["detail"] == "Dokument ma strony od 1 do 2."
    for other in ({}, {"X-Language": "tlh"}):
        assert browser.post(address, json=body, headers=other).json()["detail"].startswith("The document has")


@pytest.mark.parametrize(
    ("code", "words"),
    [("en", "2 March 2026"), ("de", "2. März 2026"), ("fa", "۲ مارس ۲۰۲۶"), ("ja", "2026年3月2日")],
)
def test_a_day_is_said_as_the_reader_says_it(code, words):
    assert words in day(NOW, code)

"""The ceremony speaks every language that mail is written in, completely and in the right direction."""

import re
import string
import tomllib

import pytest
from sqlalchemy import update

from actions import envelope_world as signing
from docvault.database import tables
from docvault.rules import consents
from docvault.rules.languages import LANGUAGES
from docvault.web import standings
from docvault.web.pages import ceremonies
from docvault.web.rendering import HOME_LABELS, TEMPLATES
from docvault.web.words import FOLDER, in_language

OTHERS = sorted(set(LANGUAGES) - {"en"})
PAGES = [
    *sorted(TEMPLATES.glob("sign_*.html")),
    *(TEMPLATES / "parts" / f"{name}.html" for name in ("ceremony", "pages", "badges")),
]
SCRIPTS = ("sign", "confirm", "adopt", "done", "fill", "hand_in", "kinds", "paper")
SCRIPT_FOLDER = TEMPLATES.parent / "static" / "js"
ALTERNATIVE = re.compile(r'"([^"]+)" if [\w|]+(?:\.\w+)? == (?:"\w+"|1) else "([^"]+)"')


def keys():
    """Return every English text that a page of the ceremony says through `t`."""
    found = set()
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for call in re.findall(r"\bt\(((?:[^()]|\([^()]*\))*)\)", text):
            alternatives = ALTERNATIVE.findall(call)
            found |= {one for pair in alternatives for one in pair}
            if not alternatives and (first := re.match(r'\s*"([^"]+)"', call)):
                found.add(first[1])
    for standing in ("HEADINGS", "DONE", "THANKS"):
        found |= set(getattr(ceremonies, standing).values())
    found |= {words for _, *said in standings.STANDINGS.values() for words in said}
    found |= {words for steps in ceremonies.NEXT.values() for _, words in steps}
    found |= {"Consent", "Review and sign", "Confirm", "Finish"}
    for script in SCRIPTS:
        text = (SCRIPT_FOLDER / f"{script}.js").read_text(encoding="utf-8")
        found |= set(re.findall(r'\bt\((?:[\w.]+(?: === "\w+")? \? )?"([^"]+)"', text))
        found |= set(re.findall(r'\bt\([\w.]+(?: === "\w+")? \? "[^"]+" : "([^"]+)"\)', text))
    kinds = (SCRIPT_FOLDER / "kinds.js").read_text(encoding="utf-8")
    tables = re.findall(r"export const (?:NAMES|VERBS|FORMATS) = \{(.*?)\n\};", kinds, re.DOTALL)
    assert len(tables) == 3
    found |= {words for table in tables for words in re.findall(r': "([^"]+)"', table)}
    return found - {"voided"}


def known(code):
    return tomllib.loads((FOLDER / f"{code}.toml").read_text(encoding="utf-8"))


def names(text):
    return sorted(name for _, name, _, _ in string.Formatter().parse(text) if name)


@pytest.mark.parametrize("code", OTHERS)
def test_everything_that_the_pages_say_is_translated(code):
    missing = keys() - set(known(code))
    assert not missing


@pytest.mark.parametrize("code", OTHERS)
def test_every_translation_fills_in_what_the_english_does(code):
    wrong = {english for english, own in known(code).items() if names(english) != names(own)}
    assert not wrong
    assert all(own.strip() for own in known(code).values())


def test_every_language_knows_the_same_words():
    first = set(known(OTHERS[0]))
    assert all(set(known(code)) == first for code in OTHERS)


@pytest.mark.promise(72)
@pytest.mark.parametrize("code", sorted(LANGUAGES))
def test_there_is_a_text_to_agree_to_in_every_language(code):
    text = consents.in_language(code)
    assert text.id == f"{code}-2"
    assert consents.check_consent(text.id, text.sha256) is text
    assert len(text.text.split("\n\n")) == 5


def speak(site, person, code):
    with site.portal.db.transaction() as tx:
        chosen = update(tables.people).where(tables.people.c.id == person.person_id)
        tx.connection.execute(chosen.values(language=code))


@pytest.mark.parametrize("code", sorted(LANGUAGES))
def test_a_signer_reads_their_own_language_in_its_direction_and_agrees_in_it(site, code):
    envelope_id = signing.sent(site.made)
    speak(site, site.world.client, code)
    client, words = site.sign_in(site.world.client), in_language(code)
    page = client.get(f"/sign/{envelope_id}").text
    assert f'<html lang="{code}" dir="{LANGUAGES[code].direction}">' in page
    assert words("Agree and read the document") in page
    text = consents.in_language(code)
    assert text.text.split("\n\n")[1][:40] in page
    given = {"consent_id": text.id, "consent_sha256": text.sha256, "agree": "yes"}
    agreed = client.post(f"/sign/{envelope_id}/consent", data=given, follow_redirects=False)
    assert agreed.headers["location"] == f"/sign/{envelope_id}/review"


def test_home_is_named_in_every_language():
    for code in OTHERS:
        assert set(HOME_LABELS.values()) <= set(known(code))

"""What the pages and scripts that we ship may hold: rules that a reviewer would have to check on every change."""

import ast
import re
from pathlib import Path

import pytest

from docvault.database import tables

SOURCE = Path(__file__).parents[2] / "src/docvault"
SCRIPTS = {path.name: path.read_text() for path in (SOURCE / "web/static/js").glob("*.js")}
SHEETS = {path.name: path.read_text() for path in (SOURCE / "web/static").rglob("*.css")}
PAGES = {
    str(path.relative_to(SOURCE / "web/templates")): path.read_text()
    for path in (SOURCE / "web/templates").rglob("*.html")
}
MAIL_CODE = {str(path.relative_to(SOURCE)): path.read_text() for path in SOURCE.rglob("*.py")}


def found(pattern: str, files: dict[str, str]) -> list[str]:
    return [f"{name}: {hit[0]}" for name, text in files.items() for hit in re.finditer(pattern, text)]


@pytest.mark.asvs("3.2.2")
@pytest.mark.promise(83)
def test_no_script_makes_elements_of_text():
    assert not found(
        r"\b(inner|outer)HTML\b|insertAdjacentHTML|document\.write|createContextualFragment", SCRIPTS
    )
    assert not found(r"\beval\(|new Function\(|setTimeout\(\s*[\"'`]|srcdoc|javascript:", SCRIPTS)
    assert not found(r"\bon[a-z]+\s*=\s*\"|javascript:|<script(?![^>]*\bsrc=)|<style|\bstyle=", PAGES)


# What scripts read from `document` and `window`: only what browsers themselves put there, so that no element of a
# page, whatever its id or name, can stand in for something of ours.
OF_DOCUMENT = (
    "addEventListener|removeEventListener|querySelector|querySelectorAll|getElementById|createElement|createElementNS|"
    "createTextNode|body|documentElement|activeElement|visibilityState|title|fonts|head|hidden|cookie|startViewTransition|"
    "createDocumentFragment|hasFocus|referrer|elementsFromPoint|getSelection|createRange|forms"
)


@pytest.mark.asvs("3.2.3")
def test_no_script_keeps_anything_where_an_element_could_take_its_place():
    assert not found(rf"\bdocument\.(?!(?:{OF_DOCUMENT})\b)\w+", SCRIPTS)
    assert not found(r"\b(?:window|globalThis|self)\.\w+\s*=[^=]", SCRIPTS)
    assert not found(r"\b(?:window|globalThis)\[", SCRIPTS)
    # A module's own names are not the page's: only the script for browsers that know no modules is none.
    assert not found(r"<script (?!type=\"module\" src=|nomodule src=\"[^\"]*old_browser)", PAGES)


@pytest.mark.asvs("3.2.3")
def test_no_id_or_name_in_a_page_is_what_a_person_wrote():
    """Ids come from us: words, or the random ids of rows."""
    written = r"\b(?:id|name)=\"[^\"]*\{\{(?![^}]*(?:\.id|_id|loop\.index0?|number|kind|name|key|field|index|for_|value|id)\b)[^}]*\}\}"
    assert not found(written, PAGES)


@pytest.mark.asvs("3.5.5")
def test_pages_talk_to_each_other_only_over_a_channel_that_other_sites_cannot_join():
    """A BroadcastChannel ends at the origin; a message to a window could come from anybody."""
    talkers = {hit.partition(":")[0] for hit in found(r"postMessage|onmessage|[\"']message[\"']", SCRIPTS)}
    for name in talkers:
        assert "new BroadcastChannel(" in SCRIPTS[name], name
    assert not found(
        r"\b(?:window|parent|opener|top|self)\.(?:postMessage|onmessage|addEventListener\([\"']message)",
        SCRIPTS,
    )
    assert not found(r"^\s*addEventListener\(\s*[\"']message", SCRIPTS)


@pytest.mark.asvs("3.5.6")
def test_no_answer_is_wrapped_in_a_callback():
    assert not found(r"\bjsonp\b|[\"'](?:callback|cb)[\"']\s*[:=]", MAIL_CODE)


@pytest.mark.asvs("3.6.1")
def test_nothing_is_loaded_from_another_host():
    loads = r"(?:src|href|action|poster|srcset)=\"(?:https?:)?//[^\"]*"
    assert not found(loads, PAGES)
    assert not found(r"(?:url\(|@import)\s*[\"']?(?:https?:)?//", SHEETS)
    assert not found(r"(?:import|fetch)\s*\(?\s*[\"'`]https?://", SCRIPTS)


@pytest.mark.asvs("3.7.1")
def test_no_page_needs_a_plug_in():
    assert not found(r"<(?:object|embed|applet|param|marquee|frame|frameset)\b", PAGES)


@pytest.mark.asvs("3.7.3")
def test_no_page_leads_to_another_site():
    """So nobody has to be warned that they leave: the way out to a sign-in provider is chosen by name."""
    assert not found(r"<a\b[^>]*href=\"https?://", PAGES)
    assert not found(r"location\.(?:href|assign|replace)\s*[=(]\s*[\"'`]https?://", SCRIPTS)


@pytest.mark.asvs("6.2.6")
@pytest.mark.asvs("6.2.7")
def test_passwords_are_masked_and_left_to_password_managers():
    fields = [
        field
        for _, text in PAGES.items()
        for field in re.findall(r"<input[^>]*>", text)
        if "password" in field
    ]
    assert fields
    for field in fields:
        assert 'type="password"' in field, field
        assert re.search(r'autocomplete="(current|new)-password"', field), field
    assert not found(r"onpaste|[\"']paste[\"']", SCRIPTS | PAGES)


@pytest.mark.asvs("6.4.2")
@pytest.mark.asvs("6.6.1")
@pytest.mark.asvs("6.2.10")
def test_there_are_no_hints_no_secret_questions_no_telephones_and_no_passwords_that_grow_old():
    columns = {column.name for table in tables.METADATA.sorted_tables for column in table.columns}
    told = {
        name
        for name in columns
        if re.search(r"hint|question|phone|sms|password_(expires|changed|until)", name)
    }
    assert told == set()


@pytest.mark.asvs("6.5.3")
@pytest.mark.asvs("7.2.3")
def test_no_secret_comes_from_an_ordinary_random_number():
    for name, text in MAIL_CODE.items():
        for node in ast.walk(ast.parse(text)):
            names = [each.name for each in node.names] if isinstance(node, ast.Import) else []
            names += [node.module] if isinstance(node, ast.ImportFrom) else []
            assert "random" not in names, name
    assert not found(r"Math\.random", SCRIPTS)

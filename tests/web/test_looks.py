"""What pages are made of: icons that exist, nothing inline, files that are there."""

import re

import jinja2
import pytest
from jinja2 import nodes

from docvault.web.rendering import NAVIGATION, TEMPLATES, icon
from docvault.web.static_files import FOLDER, StaticFiles

TEXTS = {str(path.relative_to(TEMPLATES)): path.read_text() for path in TEMPLATES.rglob("*.html")}
ENVIRONMENT = jinja2.Environment(autoescape=True)


def words(node: nodes.Node) -> set[str]:
    """Return the texts an expression can be: both branches of a choice, the values of a table."""
    match node:
        case nodes.Const(value=str(text)):
            return {text}
        case nodes.CondExpr():
            return words(node.expr1) | (words(node.expr2) if node.expr2 else set())
        case nodes.Getitem():
            return words(node.node)
        case nodes.Dict():
            return set().union(*(words(pair.value) for pair in node.items))
        case nodes.Call(node=nodes.Getattr(node=table), args=[_, other]):  # TABLE.get(key, other)
            return words(table) | words(other)
    return set()


def icons() -> set[str]:
    """Return every icon that a template's call of `icon` names itself."""
    named = set()
    for text in TEXTS.values():
        for call in ENVIRONMENT.parse(text).find_all(nodes.Call):
            if isinstance(call.node, nodes.Name) and call.node.name == "icon":
                named |= words(call.args[0])
    return named | {item.icon for items in NAVIGATION.values() for item in items}


def test_icons_are_found_in_the_templates():
    assert {"shield-check", "users", "download"} <= icons()


@pytest.mark.parametrize("name", sorted(icons()))
def test_every_icon_named_is_drawn(name):
    drawn = icon(name)
    assert drawn.startswith("<svg")
    assert "style=" not in drawn


@pytest.mark.parametrize("name", sorted(TEXTS))
def test_nothing_is_inline(name):
    text = TEXTS[name]
    assert not re.search(r"\sstyle=|\son[a-z]+=|<style|javascript:", text)
    assert not re.search(r"<script(?![^>]*\ssrc=)", text)
    assert "|safe" not in text


def test_modules_make_no_html_from_text():
    for path in (FOLDER / "js").glob("*.js"):
        text = path.read_text()
        assert not re.search(
            r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|new Function", text
        ), path


def test_modules_import_only_files_that_are_there():
    static = StaticFiles()
    for path in (FOLDER / "js").glob("*.js"):
        for imported in re.findall(r'from "\./([^"]+)"', path.read_text()):
            assert f"js/{imported}" in static.files, path


def test_the_sheet_names_fonts_that_were_made():
    static = StaticFiles()
    sheet = static.files["app.css"].plain.decode()
    fonts = re.findall(r'url\("([^"]+)"\)', sheet)
    assert len(fonts) == 4
    for name in fonts:
        assert static.files[name].media_type == "font/woff2"
        assert static.files[name].plain[:4] == b"wOF2"

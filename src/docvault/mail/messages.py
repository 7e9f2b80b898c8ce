"""The words of a message, as plain text and as HTML from one source. Never sends anything.

Each *.j2 in templates/ holds the words in English, in blocks, and its namesake in a folder in that language.
layout.txt and layout.html lay them out. A subject never carries a title or a link: subjects are shown on
locked phones and kept by many hands.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urljoin, urlsplit

from jinja2 import (
    Environment,
    FileSystemLoader,
    StrictUndefined,
    Template,
    TemplateNotFound,
    UndefinedError,
    pass_context,
    select_autoescape,
)
from jinja2.runtime import Context

from docvault.mail import dates, sentences
from docvault.rules.languages import LANGUAGES, OTHERWISE
from docvault.values import DocVaultError

TEMPLATES = Path(__file__).parent / "templates"
SUBJECT_LONGEST = 150  # characters


class MessageInvalid(DocVaultError):
    """A message names a template that does not exist, or lacks a value that its words need."""


@dataclass(frozen=True, slots=True)
class Rendered:
    """A message as it is read. `link` is the absolute address of its one button, if it has one."""

    subject: str
    text: str
    html: str
    link: str | None


@dataclass(frozen=True, slots=True)
class Words:
    """The parts of a message, as plain text."""

    heading: str
    paragraphs: tuple[str, ...]
    quote: str
    button: str
    notes: tuple[str, ...]


def names() -> frozenset[str]:
    """Return the templates there are."""
    return frozenset(path.stem for path in TEMPLATES.glob("*.j2"))


def render(template: str, values: Mapping[str, str], *, base_url: str, portal_name: str) -> Rendered:
    """Return one message in words.

    values: what the template asks for. A `path` among them starts with a slash and becomes the button's
    address; `language` is the reader's. Raises MessageInvalid.
    """
    link = _link(values.get("path"), base_url)
    language = values.get("language", OTHERWISE)
    given = {**values, "portal": portal_name, "host": urlsplit(base_url).netloc, "language": language}
    try:
        found = _template(template, language)
        texts = {name: _block(found, name, given) for name in found.blocks}
    except (TemplateNotFound, UndefinedError) as error:
        raise MessageInvalid(f"The message {template} cannot be written: {error}.") from error
    words = Words(
        heading=_line(texts["heading"]),
        paragraphs=_paragraphs(texts["body"]),
        quote=texts.get("quote", "").strip(),
        button=_line(texts.get("button", "")),
        notes=_paragraphs(texts.get("notes", "")),
    )
    page = {"words": words, "link": link, "direction": LANGUAGES[language].direction, **given}
    return Rendered(
        subject=_line(texts["subject"])[:SUBJECT_LONGEST],
        text=_WORDS.get_template("layout.txt").render(page),
        html=_WORDS.get_template("layout.html").render(page),
        link=link,
    )


def _link(path: str | None, base_url: str) -> str | None:
    if path is None:
        return None
    if not path.startswith("/") or path.startswith("//"):  # another host in our mail would be phishing
        raise MessageInvalid("A link in a message leads to the portal itself.")
    return urljoin(base_url, path)


def _template(name: str, language: str) -> Template:
    """Return the words in the reader's language, or in English where they are not written in it yet."""
    wanted = [f"{language}/{name}.j2"] if language != OTHERWISE else []
    return _WORDS.select_template([*wanted, f"{name}.j2"])


def _block(found: Template, name: str, values: Mapping[str, str]) -> str:
    return "".join(found.blocks[name](found.new_context(dict(values))))


def _line(text: str) -> str:
    return " ".join(text.split())  # a line break in a header would start another header


def _paragraphs(text: str) -> tuple[str, ...]:
    return tuple(_line(part) for part in text.split("\n\n") if part.strip())


@pass_context
def _moment(context: Context, value: str) -> str:
    return dates.moment(value, context["language"])


@pass_context
def _day(context: Context, value: str) -> str:
    return dates.day(value, context["language"])


@pass_context
def _notice(context: Context, value: str) -> str:
    """Return the sentence of a notice; what an older release queued is a sentence already."""
    return sentences.NOTICES.get(value, {}).get(context["language"], value)


@pass_context
def _layout(context: Context, name: str) -> str:
    return sentences.LAYOUT[name][context["language"]]


_WORDS = Environment(
    loader=FileSystemLoader(TEMPLATES),
    undefined=StrictUndefined,
    autoescape=select_autoescape(["html"]),  # words are plain: they are escaped as they enter a page
    trim_blocks=True,
    lstrip_blocks=True,
)
_WORDS.filters.update(moment=_moment, day=_day, notice=_notice, layout=_layout)

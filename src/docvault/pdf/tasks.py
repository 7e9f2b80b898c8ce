"""The tasks a PDF worker can do, by name, and what a task is given. Holds no library that reads PDFs.

A task is a function `def task(job: Job) -> object` that returns plain values msgpack can carry. It is named
here by module and function so that neither side imports it before it is needed.
"""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from importlib import import_module
from typing import Any, BinaryIO, Protocol

from docvault.pdf import allowance

TASKS: Mapping[str, str] = {
    "inspect": "docvault.pdf.inside.intake:inspect",
    "normalise": "docvault.pdf.inside.intake:normalise",
    "page_sizes": "docvault.pdf.inside.render:page_sizes",
    "page_image": "docvault.pdf.inside.render:page_image",
    "page_differences": "docvault.pdf.inside.difference:page_differences",
    "difference_image": "docvault.pdf.inside.difference:difference_image",
    "version_changes": "docvault.pdf.inside.versions:version_changes",
    "version_image": "docvault.pdf.inside.versions:version_image",
    "page_runs": "docvault.pdf.inside.text:page_runs",
    "whole_text": "docvault.pdf.inside.text:whole_text",
    "document_text": "docvault.pdf.inside.text:document_text",
    "plain_text": "docvault.pdf.inside.plain:plain_text",
    "page_thumbnail": "docvault.pdf.inside.picture:page_thumbnail",
    "look": "docvault.pdf.inside.package:look",
    "convert": "docvault.pdf.inside.office:convert",
    "picture": "docvault.pdf.inside.picture:picture",
    "paper_sheet": "docvault.pdf.inside.paper:paper_sheet",
    "bind_sheets": "docvault.pdf.inside.paper:bind_sheets",
    "place_fields": "docvault.pdf.inside.fields:place_fields",
    "add_signature_fields": "docvault.pdf.inside.on_top:add_signature_fields",
    "draw": "docvault.pdf.inside.appearance:draw",
    "missing_letters": "docvault.pdf.inside.appearance:missing_letters",
    "typeset": "docvault.pdf.inside.typesetting:typeset",
    "sign": "docvault.pdf.inside.sign:sign",
    "renew": "docvault.pdf.inside.sign:renew",
    "validate": "docvault.pdf.inside.validate:validate",
    "signature_parts": "docvault.pdf.inside.parts:signature_parts",
    "certificate": "docvault.pdf.inside.completion:certificate",
}


class Job(Protocol):
    """What a task is given inside the worker."""

    files: list[BinaryIO]  # read-only, each at its start
    options: Any  # plain values as sent

    def output(self) -> BinaryIO:
        """A new memory file; all of them, in this order, are handed back when the task returns."""
        ...

    def pay(self, seconds: float = allowance.PAGE) -> None:
        """Say that a page begins, or whatever else is paid for: see docvault.pdf.allowance."""
        ...

    def within(self, seconds: float) -> AbstractContextManager[None]:
        """End this worker at once should the block take longer: a loop in C knows no exceptions."""
        ...

    def ask(self, name: str, payload: bytes) -> bytes:
        """Have the parent answer a named question: how a task gets a signature without a key."""
        ...


def load(name: str) -> Callable[[Job], object]:
    """Import and return the task. A name that is not in TASKS raises KeyError."""
    module, function = TASKS[name].split(":")
    task: Callable[[Job], object] = getattr(import_module(module), function)
    return task

"""A look into what has arrived, before it is kept: which kind of file it is, what is in a PDF."""

import msgspec

from docvault.pdf import intake, package
from docvault.pdf.scratch import Scratch
from docvault.pdf.workers import Workers
from docvault.policy.numbers import Uploads
from docvault.rules import media_types
from docvault.vault.files import Receiving, Staged, Vault
from docvault.vault.reading import OpenVersion

LOOKED_AT = 64 * 1024**2  # bytes of an office file that is looked into; a larger one is only stored
LARGE = "This office file is too large to be looked at here. It is kept for download only."
OTHER = (
    "Its content is not the kind of office file that its name says. "
    "It is kept for download only; open it with care."
)
BOMB = "It is built to overload whoever unpacks it. It is kept for download only; do not unpack it."
MACROS = "It contains macros. They never run here; think twice before you let them run on your device."


def looked_into(vault: Vault, pdf: Workers, receiving: Receiving, filename: str, most: Uploads) -> Staged:
    """Return the version ready to be kept, with what was found in it.

    What is not what its name says becomes unknown bytes, for download only, with a note that says so.
    Its segments are all stored. Raises WorkersBusy.
    """
    opened = vault.open_receiving(receiving)
    media_type, note = media_types.checked(filename, opened.segment(0)[: media_types.HEAD], most.shown)
    if media_type in media_types.PACKAGES:
        return _package(vault, pdf, receiving, opened, media_type)
    if media_type != media_types.PDF or opened.size > most.max_signing_bytes:
        return vault.whole(receiving, media_type=media_type, findings=_noted(note))
    with Scratch.create() as source:
        opened.copy_to(source.file)
        source.seal()
        findings = intake.inspect(pdf, source, max_pages=most.max_signing_pages)
    return vault.whole(
        receiving,
        media_type=media_type,
        pages=findings.pages or None,
        findings=msgspec.json.encode(findings).decode(),
    )


def _package(
    vault: Vault, pdf: Workers, receiving: Receiving, opened: OpenVersion, media_type: str
) -> Staged:
    """Return an office file with what its list of contents says."""
    if opened.size > LOOKED_AT:
        return vault.whole(receiving, media_type=media_types.UNKNOWN, findings=_noted(LARGE))
    with Scratch.create() as source:
        opened.copy_to(source.file)
        found = package.look(pdf, source, media_type)
    if not found.agrees:
        note = BOMB if found.bomb else OTHER
        return vault.whole(receiving, media_type=media_types.UNKNOWN, findings=_noted(note))
    return vault.whole(receiving, media_type=media_type, findings=_noted(MACROS if found.macros else None))


def _noted(note: str | None) -> str | None:
    return None if note is None else msgspec.json.encode({"notes": [note]}).decode()

"""A look into what has arrived, before it is kept: which kind of file it is, what is in a PDF."""

import msgspec

from docvault.pdf import intake
from docvault.pdf.scratch import Scratch
from docvault.pdf.workers import Workers
from docvault.policy.numbers import Uploads
from docvault.rules import media_types
from docvault.vault.files import Receiving, Staged, Vault


def looked_into(vault: Vault, pdf: Workers, receiving: Receiving, filename: str, most: Uploads) -> Staged:
    """Return the version ready to be kept, with what was found in a PDF that could be signed.

    Its segments are all stored. Raises WorkersBusy.
    """
    opened = vault.open_receiving(receiving)
    media_type = media_types.media_type(filename, opened.segment(0)[: media_types.HEAD])
    if media_type != media_types.PDF or opened.size > most.max_signing_bytes:
        return vault.whole(receiving, media_type=media_type)
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

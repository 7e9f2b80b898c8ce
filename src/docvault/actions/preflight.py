"""Whether the portal could seal right now: asked at the start, and by `docvault doctor`."""

from collections.abc import Sequence

from docvault.blobs.store import BlobStore
from docvault.pdf import fields, samples
from docvault.pdf.scratch import Scratch
from docvault.pdf.workers import Workers
from docvault.values import Clock
from docvault.vault import preflight
from docvault.vault.authority import Authority
from docvault.vault.preflight import Problem


def examine(blobs: BlobStore, pdf: Workers, authority: Authority, *, clock: Clock) -> Sequence[Problem]:
    """Return what would keep an envelope from being completed, after one real trial signature.

    The portal belongs to whoever runs this, so no policy is asked; nothing is kept, so nothing is recorded.
    """
    with Scratch.create() as source:
        source.file.write(samples.whitepaper(pdf, samples.Names(), clock().date()).content)
        with fields.place_fields(pdf, source, []) as prepared:
            return [*preflight.storage_problems(blobs), *authority.preflight(pdf, prepared, [])]

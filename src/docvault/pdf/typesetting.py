"""Documents that DocVault itself writes, set with typst in a worker. The words come in as data, never as
markup.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from docvault.pdf.scratch import Scratch
from docvault.pdf.workers import Workers

SECONDS = 20


def typeset(
    workers: Workers,
    source: str,
    inputs: Mapping[str, str] | None = None,
    *,
    standards: Sequence[str] = (),
    created: datetime | None = None,
) -> Scratch:
    """Set a typst document and return its PDF.

    source: typst markup of ours. inputs: what it reads as `sys.inputs`. standards: of the PDF, such as
    "a-3b". created: the date the file names, aware. Raises PdfUnreadable.
    """
    options = {
        "source": source,
        "inputs": dict(inputs or {}),
        "standards": list(standards),
        "created": int(created.timestamp()) if created else None,
    }
    _, outputs = workers.run("typeset", [], options, timeout=SECONDS, processor=SECONDS)
    return outputs[0]

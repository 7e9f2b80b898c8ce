"""What the files of an evidence bundle are called: docs/formats/evidence-bundle.md. Pure: no I/O."""

import re
from collections.abc import Mapping

MANIFEST = "SHA256SUMS"
README = "README.txt"
TRAIL = "audit/trail.zip"
CERTIFICATE = "certificate-of-completion.pdf"
INDEX = "signatures/index.json"
NAME_LONGEST = 100  # characters

_ODD = re.compile(r"[^\w .()\[\]-]")


def document(position: int, name: str, how: str) -> str:
    """Return the path of a document. how: `signed` or `as sent`."""
    plain = _ODD.sub("_", name.removesuffix(".pdf")).strip(" .")[:NAME_LONGEST] or "document"
    return f"documents/{position:02} {plain} ({how}).pdf"


def handed_in(number: int, name: str) -> str:
    """Return the path of a file that a signer handed in; number: from 1."""
    plain = _ODD.sub("_", name).strip(" .")[-NAME_LONGEST:].strip(" .") or "file"
    return f"files/{number:02} {plain}"


def on_paper(number: int, name: str) -> str:
    """Return the path of the scan of what somebody signed by hand; number: from 1."""
    plain = _ODD.sub("_", name).strip(" .")[:NAME_LONGEST] or "signer"
    return f"papers/{number:02} {plain} (signed by hand).pdf"


def signature(position: int, number: int, ending: str) -> str:
    """Return the path of one part of signature `number` of document `position`, both from 1."""
    return f"signatures/{position:02}-{number:02}.{ending}"


def certificate(sha256: str) -> str:
    """Return the path of a certificate that others are proven by."""
    return f"certificates/{sha256}.cer"


def root(sha256: str) -> str:
    """Return the path of a root of the portal."""
    return f"roots/{sha256}.cer"


def consent(consent_id: str) -> str:
    """Return the path of a text that somebody agreed to."""
    return f"consents/{consent_id}.txt"


def sums(digests: Mapping[str, str]) -> bytes:
    """Return SHA256SUMS for files by their path, as `sha256sum --check` reads it."""
    return "".join(f"{digest}  {path}\n" for path, digest in digests.items()).encode()

"""All that a check can find: its code, what it means for the whole document, and what to do next."""

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple


class Verdict(StrEnum):
    VALID = "valid"
    NOT_TRUSTED = "not-trusted"  # all intact, a signer or clock unknown
    MODIFIED = "modified"  # changed after signing beyond what the signatures allow
    INVALID = "invalid"
    NOT_SIGNED = "not-signed"
    UNREADABLE = "unreadable"


class Reason(NamedTuple):
    verdict: Verdict  # of the whole document, if nothing worse is found
    words: str  # {signer} stands for the name on the certificate
    advice: str  # what to do next


SEVERITY = (Verdict.VALID, Verdict.NOT_TRUSTED, Verdict.MODIFIED, Verdict.INVALID)  # the worst one counts

SUMMARIES = {
    Verdict.VALID: "Every signature holds, every signer is trusted, and the whole file is covered.",
    Verdict.NOT_TRUSTED: "Nothing was changed, but it is not known who signed. Find that out first.",
    Verdict.MODIFIED: "The document was changed after it was signed. Ask for the original.",
    Verdict.INVALID: "The signatures prove nothing. Ask for the original.",
    Verdict.NOT_SIGNED: "Nobody has signed this document.",
    Verdict.UNREADABLE: "The file could not be checked.",
}

KEEP = "Keep the file exactly as it is: printing it or saving it anew takes the signatures away."
ORIGINAL = "Do not rely on this file. Ask whoever sent it for the original, and check that one."
COMPARE = (
    "Look at what changed since, or get the version that was signed: both are offered beside each signature "
    "that is intact. Ask whoever sent the file why it was changed."
)
WHO = (
    "Ask the signer, over a way you already trust, whether they signed. If you deal with them often, an "
    "administrator can add the authority behind the certificate to the trust list."
)

REASONS: Mapping[str, Reason] = {
    "ok": Reason(
        Verdict.VALID, "Signed by {signer}; nothing was changed beyond what this signature allows.", KEEP
    ),
    "ok-timestamp": Reason(
        Verdict.VALID, "This timestamp proves that the document existed at that moment.", KEEP
    ),
    "unknown-signer": Reason(
        Verdict.NOT_TRUSTED,
        "The signature is intact, but the certificate of {signer} comes from an authority unknown here.",
        WHO,
    ),
    "unknown-clock": Reason(
        Verdict.NOT_TRUSTED,
        "The signature is intact, but its time was stated by a timestamp authority that is not known here.",
        "If the moment of signing matters, ask the signer for it. An administrator can add the timestamp "
        "authority to the trust list.",
    ),
    "stray-certificate": Reason(
        Verdict.NOT_TRUSTED,
        "A certificate that nobody known has issued, or that was changed, travels with this signature.",
        "Ask whoever sent the file for the original: somebody put a certificate into this copy.",
    ),
    "expired": Reason(
        Verdict.NOT_TRUSTED,
        "The certificate of {signer} was not valid at the time that can be proven for this signature.",
        "Ask the signer to sign again, with a certificate that is valid and with a timestamp.",
    ),
    "revoked": Reason(
        Verdict.NOT_TRUSTED,
        "The certificate of {signer} had been revoked when the signature was made. Do not rely on it.",
        "Ask the signer what happened, and to sign again with another certificate.",
    ),
    "not-for-signing": Reason(
        Verdict.NOT_TRUSTED,
        "The certificate of {signer} is not meant for signing documents.",
        "Ask the signer to sign again with a certificate for signing documents.",
    ),
    "content-changed": Reason(
        Verdict.MODIFIED,
        "What was signed is not what is in this file: bytes were changed after signing.",
        ORIGINAL,
    ),
    "changed-after-signing": Reason(
        Verdict.MODIFIED,
        "The document was changed after it was signed, in a way that the signature does not allow.",
        COMPARE,
    ),
    "changed-after-last": Reason(
        Verdict.MODIFIED,
        "After the last signature something was filled in or added that nobody signed.",
        COMPARE,
    ),
    "looks-different": Reason(
        Verdict.MODIFIED,
        "Pages show something else than when they were signed, outside the fields that were to be filled in.",
        COMPARE,
    ),
    "signature-wrong": Reason(
        Verdict.INVALID, "The signature does not match its certificate: damaged or forged.", ORIGINAL
    ),
    "timestamp-wrong": Reason(
        Verdict.INVALID, "The timestamp is damaged or belongs to something else.", ORIGINAL
    ),
    "weak-algorithm": Reason(
        Verdict.INVALID,
        "The signature was made with an algorithm that can be forged.",
        "Ask the signer to sign again with a current program.",
    ),
    "coverage": Reason(
        Verdict.INVALID, "The signature does not cover the file in one unbroken stretch.", ORIGINAL
    ),
    "odd-signature": Reason(
        Verdict.INVALID,
        "The signature is not built as the standard asks.",
        "Ask the signer to sign again with a program that makes PAdES signatures.",
    ),
    "unknown-sub-filter": Reason(
        Verdict.INVALID,
        "This kind of signature is not known and cannot be checked.",
        "Ask the signer to sign again with a program that makes PAdES signatures.",
    ),
    "unreadable-signature": Reason(Verdict.INVALID, "This signature could not be read.", ORIGINAL),
    "check-failed": Reason(Verdict.INVALID, "This signature could not be checked to the end.", ORIGINAL),
    "not-drawn": Reason(
        Verdict.INVALID,
        "The pages could not be drawn, so nobody can say whether they still look as they did when signed.",
        ORIGINAL,
    ),
    "trailing-bytes": Reason(
        Verdict.INVALID,
        "Bytes were appended to the file after the last signature.",
        "Ask whoever sent the file for the original. Mail gateways and scanners sometimes add such bytes.",
    ),
    "hybrid-xref": Reason(
        Verdict.INVALID, "The file has two tables of contents: readers may differ.", ORIGINAL
    ),
    "not-strict": Reason(
        Verdict.INVALID,
        "The file breaks the rules of PDF: readers may differ.",
        "Ask for the file as the signer's program made it, or to sign again with another program.",
    ),
    "hidden-signature": Reason(
        Verdict.INVALID, "The file hides a signature that was taken out of the document.", ORIGINAL
    ),
    "damaged": Reason(
        Verdict.INVALID,
        "The file carried a signature but is too damaged to be read.",
        "Ask for the file again, and send it as an attachment or a download, not through a converter.",
    ),
    "no-signature": Reason(
        Verdict.NOT_SIGNED,
        "The document carries no signature.",
        "If you expected one, you may have a print or a draft: ask for the signed file.",
    ),
    "encrypted": Reason(
        Verdict.UNREADABLE,
        "The document is protected by a password. Verify the original.",
        "Ask for the file without a password; a copy saved without it no longer carries the signatures.",
    ),
    "not-a-pdf": Reason(
        Verdict.UNREADABLE,
        "This file could not be read as a PDF.",
        "Choose the PDF itself; a picture, a scan or an office document carries no PDF signature.",
    ),
}


def words(code: str, signer: str = "") -> str:
    """Say what was found. Raises KeyError for a code that does not exist."""
    return REASONS[code].words.replace("{signer}", signer)


def rank(code: str) -> int:
    """Order codes by severity; what was never a signed PDF outranks everything."""
    verdict = REASONS[code].verdict
    return SEVERITY.index(verdict) if verdict in SEVERITY else len(SEVERITY)

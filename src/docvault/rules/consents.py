"""The words a signer agrees to before signing, by version. A text in use is never edited: another is added.

Disclosures follow 15 U.S.C. 7001(c) (ESIGN) and Regulation (EU) 910/2014, article 25 (eIDAS).
"""

import hashlib
from dataclasses import dataclass

from docvault.values import DocVaultError


class ConsentUnknown(DocVaultError):
    """The words agreed to are not the words in use."""


@dataclass(frozen=True, slots=True)
class ConsentText:
    id: str
    text: str  # paragraphs, parted by an empty line

    @property
    def sha256(self) -> str:
        """Hex SHA-256 of the text in UTF-8: what the audit log and the certificate quote."""
        return hashlib.sha256(self.text.encode()).hexdigest()


EN_1 = ConsentText(
    "en-1",
    "I agree to read and sign this document electronically. My electronic signature is meant to bind me "
    "as my signature on paper would.\n\n"
    "I can do this on paper instead: I ask the sender, and I pay nothing for it unless we agreed "
    "otherwise. My consent covers this envelope only.\n\n"
    "I can withdraw my consent until I sign, by declining or by writing to the sender; what I signed "
    "before stays valid. I tell the sender if my e-mail address changes.\n\n"
    "I need a current web browser, an e-mail address and a program that shows PDF files. Having this "
    "page and the document open on my device shows that I can read both here. I can download and keep "
    "the signed document at no cost.\n\n"
    "My name, e-mail address, network address, browser, and the time of each step are recorded as "
    "evidence, with a fingerprint of the document as it was shown to me.",
)

CURRENT = EN_1
TEXTS = {text.id: text for text in (EN_1,)}


def check_consent(consent_id: str, sha256: str) -> ConsentText:
    """Return the text that was agreed to, if it is the one in use word for word. Raises ConsentUnknown."""
    if consent_id != CURRENT.id or sha256 != CURRENT.sha256:
        raise ConsentUnknown("The text to agree to has changed. Please read it again.")
    return CURRENT

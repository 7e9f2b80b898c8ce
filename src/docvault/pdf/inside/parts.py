"""The signatures of a document taken out of it, as other programs read them. Judges nothing."""

from typing import Any

from asn1crypto import cms
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature

from docvault.pdf.inside import coverage
from docvault.pdf.tasks import Job

ATTRIBUTE = "signature_time_stamp_token"  # RFC 3161, appendix A


def signature_parts(job: Job) -> list[dict[str, Any]]:
    """Task: every signature and timestamp of a document in their order; see docvault.pdf.parts.Part."""
    reader = PdfFileReader(job.files[0])
    return [_part(each) for each in reader.embedded_signatures]


def _part(embedded: EmbeddedPdfSignature) -> dict[str, Any]:
    whole = coverage.der_value(embedded.pkcs7_content)
    signed: cms.SignedData = cms.ContentInfo.load(whole, strict=True)["content"]
    signer = signed["signer_infos"][0]
    start, length, second, rest = (int(each) for each in embedded.byte_range)
    return {
        "kind": "timestamp" if embedded.sig_object_type == "/DocTimeStamp" else "signature",
        "covers": [[start, length], [second, rest]],
        "cms": whole,
        "certificate": embedded.signer_cert.dump(),
        "others": [each.dump() for each in embedded.other_embedded_certs],
        "value": signer["signature"].native,
        "token": _token(signer),
    }


def _token(signer: cms.SignerInfo) -> bytes | None:
    for attribute in signer["unsigned_attrs"] or ():
        if attribute["type"].native == ATTRIBUTE:
            token: bytes = attribute["values"][0].dump()
            return token
    return None

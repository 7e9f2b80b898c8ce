"""Filling one person's fields and signing, inside a worker. Holds no key: the parent signs and stamps times.

Profile: PAdES baseline B-LT and B-LTA (ETSI EN 319 142-1), P-256 (a seal also: RSA-PSS) with SHA-256,
ESSCertIDv2, no CMS signing-time attribute. Long-term data go into the same update:
docs/formats/signed-document.md.
"""

import asyncio
import os
from collections.abc import Callable
from typing import Any, BinaryIO

from asn1crypto import tsp
from asn1crypto.algos import RSASSAPSSParams, SignedDigestAlgorithm
from asn1crypto.x509 import Certificate
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.fields import (
    FieldMDPAction,
    FieldMDPSpec,
    MDPPerm,
    SigFieldSpec,
    SigSeedSubFilter,
    append_signature_field,
    enumerate_sig_fields,
)
from pyhanko.sign.general import SigningError
from pyhanko.sign.signers.pdf_cms import Signer
from pyhanko.sign.signers.pdf_signer import (
    DSSContentSettings,
    PdfSignatureMetadata,
    PdfSigner,
    PdfTimeStamper,
    SigDSSPlacementPreference,
    TimestampDSSContentSettings,
)
from pyhanko.sign.timestamps import TimeStamper
from pyhanko.sign.validation import async_validate_pdf_timestamp
from pyhanko.sign.validation.dss import DocumentSecurityStore
from pyhanko.stamp import BaseStampStyle
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.registry import SimpleCertificateStore

from docvault.certificates import encoder
from docvault.certificates.keys import Credentials
from docvault.certificates.mechanisms import RSA_PSS, SALT
from docvault.pdf.errors import CannotSign
from docvault.pdf.inside import fill, trust
from docvault.pdf.tasks import Job

DIGEST = "sha256"
# For a document that was sealed years ago, and judged as a whole just before: nobody may be left to ask about
# the clock of that day, and what proved it then is in the file.
OF_ANOTHER_DAY = {"revinfo_policy": trust.REVOCATION}

Ask = Callable[[str, bytes], bytes]

encoder.correct()


class AskingSigner(Signer):
    """Has the parent sign; the key stays there."""

    def __init__(self, ask: Ask, credentials: Credentials) -> None:
        store = SimpleCertificateStore()
        store.register_multiple(Certificate.load(each) for each in credentials.chain)
        super().__init__(
            signing_cert=Certificate.load(credentials.certificate),
            cert_registry=store,
            signature_mechanism=_mechanism(credentials),
            embed_roots=False,
        )
        self._ask = ask
        self._most = credentials.signature_most

    async def async_sign_raw(self, data: bytes, digest_algorithm: str, dry_run: bool = False) -> bytes:  # noqa: ARG002 - the signature is pyHanko's
        return bytes(self._most) if dry_run else self._ask("sign", data)


def _mechanism(credentials: Credentials) -> SignedDigestAlgorithm:
    if credentials.mechanism == RSA_PSS:
        digest = {"algorithm": DIGEST}
        mask = {"algorithm": "mgf1", "parameters": digest}
        parameters = {"hash_algorithm": digest, "mask_gen_algorithm": mask, "salt_length": SALT}
        return SignedDigestAlgorithm({"algorithm": "rsassa_pss", "parameters": RSASSAPSSParams(parameters)})
    return SignedDigestAlgorithm({"algorithm": "sha256_ecdsa"})


def _usage(certificate: bytes) -> set[str]:
    """Return the use that the certificate has to name: of those of others some name one of the two alone."""
    named = Certificate.load(certificate).key_usage_value
    both = {"non_repudiation", "digital_signature"}
    return {"non_repudiation"} if named is None else {*(both & named.native)} or both


class AskingTimeStamper(TimeStamper):
    """Has the parent bring timestamps."""

    def __init__(self, ask: Ask) -> None:
        super().__init__(include_nonce=True)  # type: ignore[no-untyped-call]
        self._ask = ask

    async def async_request_tsa_response(self, req: tsp.TimeStampReq) -> tsp.TimeStampResp:
        return tsp.TimeStampResp.load(self._ask("timestamp", req.dump()), strict=True)


class _DrawnAlready(BaseStampStyle):
    """The signature's appearance was put on by fill.py; pyHanko adds nothing."""

    def create_stamp(self, *_: object) -> None:
        return None


def sign(job: Job) -> None:
    """Task: fill and sign `files[0]` in one update. Options are those of docvault.pdf.sign._options."""
    target = copied(job.files[0], job.output())
    asyncio.run(_sign(target, job))


def renew(job: Job) -> None:
    """Task: add an archive timestamp to a sealed file (ETSI EN 319 142-1, 5.5)."""
    target = copied(job.files[0], job.output())
    credentials = Credentials(**job.options["credentials"])
    asyncio.run(_renew(target, _context(credentials, **OF_ANOTHER_DAY), AskingTimeStamper(job.ask)))


async def _renew(target: BinaryIO, context: ValidationContext, clock: TimeStamper) -> None:
    """Add what proves the last timestamp, and a new one over all; pyHanko's own renewal would write VRI."""
    reader = PdfFileReader(target)
    writer = IncrementalPdfFileWriter(target)
    if stamps := reader.embedded_timestamp_signatures:
        status = await async_validate_pdf_timestamp(stamps[-1], context, skip_diff=True)
        DocumentSecurityStore.supply_dss_in_writer(
            writer, None, paths=(status.validation_path,), validation_context=context, embed_roots=False
        )
    await PdfTimeStamper(clock).async_timestamp_pdf(
        writer,
        DIGEST,
        context,
        in_place=True,
        dss_settings=TimestampDSSContentSettings(include_vri=False),
        embed_roots=False,
    )


def copied(source: BinaryIO, target: BinaryIO) -> BinaryIO:
    """Copy all of `source` within the kernel; return `target` at its start."""
    size = os.fstat(source.fileno()).st_size
    done = 0
    while done < size:
        done += os.sendfile(target.fileno(), source.fileno(), done, size - done)
    target.seek(0)
    return target


async def _sign(target: BinaryIO, job: Job) -> None:
    options = job.options
    credentials = Credentials(**options["credentials"])
    sealing = bool(options["seal"])
    writer = IncrementalPdfFileWriter(target)
    _require_empty_field(writer, options["field"], sealing=sealing)
    fill.fill(writer, options["answers"], job.files)
    signer = PdfSigner(
        _metadata(options, credentials),
        AskingSigner(job.ask, credentials),
        timestamper=AskingTimeStamper(job.ask),
        stamp_style=_DrawnAlready(),
    )
    try:
        await signer.async_sign_pdf(writer, existing_fields_only=True, in_place=True)
    except SigningError as error:
        raise CannotSign(_words(error)) from error


def _metadata(options: Any, credentials: Credentials) -> PdfSignatureMetadata:
    return PdfSignatureMetadata(
        field_name=options["field"],
        md_algorithm=DIGEST,
        subfilter=SigSeedSubFilter.PADES,
        name=options["name"],
        reason=options["reason"],
        certify=options["certify"],
        docmdp_permissions=MDPPerm.NO_CHANGES if options["seal"] else MDPPerm.FILL_FORMS,
        validation_context=_context(credentials),
        embed_validation_info=True,
        use_pades_lta=options["seal"],
        signer_key_usage=_usage(credentials.certificate),
        dss_settings=DSSContentSettings(
            include_vri=False, placement=SigDSSPlacementPreference.TOGETHER_WITH_SIGNATURE
        ),
    )


def _context(credentials: Credentials, **policy: Any) -> ValidationContext:
    """What pyHanko checks certificates with before it signs, and embeds: ours only, never the system's."""
    return ValidationContext(
        trust_roots=[Certificate.load(each) for each in credentials.roots],
        other_certs=[Certificate.load(each) for each in (*credentials.chain, *credentials.clock_chain)],
        crls=list(credentials.crls),
        ocsps=list(credentials.ocsps),
        moment=credentials.at,
        allow_fetching=False,
        **(policy or {"revocation_mode": "hard-fail"}),
    )


def _require_empty_field(writer: IncrementalPdfFileWriter, name: str, *, sealing: bool) -> None:
    """Refuse a field that is missing or signed; the seal's own field is made where it is missing."""
    found = {field: value for field, value, _ in enumerate_sig_fields(writer)}
    if name in found:
        if found[name] is not None:
            raise CannotSign("This field is already signed.")
    elif sealing:
        lock = FieldMDPSpec(FieldMDPAction.ALL)
        spec = SigFieldSpec(name, field_mdp_spec=lock, doc_mdp_update_value=MDPPerm.NO_CHANGES)
        append_signature_field(writer, spec)
    else:
        raise CannotSign("The document has no such signature field.")


def _words(error: SigningError) -> str:
    if "certificate could not be validated" in str(error):
        return "The signing certificate does not lead to the installation's own root."
    return "This document does not allow another signature here."

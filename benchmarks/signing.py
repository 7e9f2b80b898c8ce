"""One signature and the seal, as an envelope's completion makes them, against bare pyHanko doing the same.

The same for both: the prepared PDF, fresh key and certificate, revocation lists and answers, timestamp
authority, PAdES B-LT with certification for the person, B-LTA for the seal. Ours besides: a confined process
that holds no key, questions to the parent for each signature and timestamp, sealed memory files, refusals.
"""

import asyncio
import gc
import hashlib
import io
import logging
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pikepdf
from asn1crypto import tsp
from asn1crypto.x509 import Certificate
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.fields import MDPPerm, SigSeedSubFilter
from pyhanko.sign.signers.pdf_cms import Signer
from pyhanko.sign.signers.pdf_signer import (
    DSSContentSettings,
    PdfSignatureMetadata,
    PdfSigner,
    SigDSSPlacementPreference,
)
from pyhanko.sign.timestamps import TimeStamper
from pyhanko.stamp import BaseStampStyle
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.registry import SimpleCertificateStore
from table import AtMost, Row, duration, in_turns, ratio, typical

from docvault import wiring
from docvault.certificates.authority import SignerIdentity
from docvault.certificates.keys import Credentials, sign_bytes
from docvault.pdf.fields import SEAL_FIELD, FieldSpec, place_fields, signature_field_name
from docvault.pdf.reasons import Verdict
from docvault.pdf.scratch import Scratch
from docvault.settings import Settings
from docvault.wiring import Portal

ANNA = SignerIdentity("a" * 26, "Anna Lindqvist", "anna@acme.example", "Acme AB")
FIELD = signature_field_name(ANNA.person_id)
TIMES = {1: 15, 1000: 7}  # rounds, by pages


def rows(folder: Path) -> Iterator[Row]:
    logging.getLogger("pyhanko").setLevel(logging.ERROR)  # that nothing is fetched is meant
    portal = wiring.prepare(Settings(data=folder))
    try:
        portal.pdf.warm()
        for pages, times in TIMES.items():
            yield from of_pages(portal, pages, times)
    finally:
        portal.close()


def of_pages(portal: Portal, pages: int, times: int) -> Iterator[Row]:
    """Sign and seal a document of `pages`; both results must be valid before anything is timed."""
    spec = FieldSpec("mark", "signature", 1, 72, 600, 200, 50, "Signature", ANNA.person_id)
    with Scratch.create(document(pages)) as source, place_fields(portal.pdf, source, [spec]) as prepared:
        content = prepared.read()
        for made in (ours(portal, content), bare(portal, content)):
            with Scratch.create(made) as sealed:
                report = portal.authority.validate(portal.pdf, sealed)
                assert report.verdict is Verdict.VALID, report.reasons
        gc.collect()
        gc.freeze()  # or pyHanko, in this process, would pay for collecting what the benchmarks have loaded
        raw_key = ec.generate_private_key(ec.SECP256R1())
        taken, floor, raw = in_turns(
            times,
            lambda: ours(portal, content),
            lambda: bare(portal, content),
            lambda: hash_and_sign(raw_key, content),
        )
    size = f"{len(content) / 2**20:.1f} MiB" if len(content) > 2**20 else f"{len(content) / 1024:.0f} KiB"
    name = f"{pages} page{'s' * (pages > 1)} ({size})"
    yield Row(f"{name} / bare pyHanko", typical(taken), typical(floor), ratio(taken, floor), AtMost(1.5))
    yield Row("   / SHA-256 and P-256 alone, twice", typical(taken), typical(raw), ratio(taken, raw))
    yield Row("   bare pyHanko / the same", typical(floor), duration(min(raw)), ratio(floor, raw))


def ours(portal: Portal, content: bytes) -> bytes:
    authority = portal.authority
    key = authority.issue(ANNA, now=datetime.now(UTC))
    with (
        Scratch.create(content) as prepared,
        authority.sign(portal.pdf, prepared, key, field=FIELD, certify=True) as signed,
        authority.seal(portal.pdf, signed) as sealed,
    ):
        return sealed.read()


def bare(portal: Portal, content: bytes) -> bytes:
    """In this process, with the keys in it."""
    authority = portal.authority
    key = authority.issue(ANNA, now=datetime.now(UTC))
    stamper = StampingHere(authority.timestamp)
    buffer = io.BytesIO(content)
    for private, certificate, field, closing in (
        (key._key, key.certificate, FIELD, False),
        (authority._authority.seal.key, authority._authority.seal.der, SEAL_FIELD, True),
    ):
        credentials = authority.credentials(certificate)
        signer = PdfSigner(
            metadata(credentials, field, closing),
            SigningHere(private, credentials),
            timestamper=stamper,
            stamp_style=NothingDrawn(),
        )
        asyncio.run(
            signer.async_sign_pdf(IncrementalPdfFileWriter(buffer), existing_fields_only=True, in_place=True)
        )
    return buffer.getvalue()


class NothingDrawn(BaseStampStyle):
    def create_stamp(self, *_: object) -> None:
        return None


class StampingHere(TimeStamper):
    def __init__(self, respond) -> None:
        super().__init__(include_nonce=True)
        self._respond = respond

    async def async_request_tsa_response(self, req: tsp.TimeStampReq) -> tsp.TimeStampResp:
        return tsp.TimeStampResp.load(self._respond(req.dump()), strict=True)


class SigningHere(Signer):
    """Signs with a key of ours in this process: it is handed out to nobody, so not to pyHanko either."""

    def __init__(self, private: ec.EllipticCurvePrivateKey, credentials: Credentials) -> None:
        store = SimpleCertificateStore()
        store.register_multiple(Certificate.load(each) for each in credentials.chain)
        certificate = Certificate.load(credentials.certificate)
        super().__init__(signing_cert=certificate, cert_registry=store, embed_roots=False)
        self._private = private

    async def async_sign_raw(self, data: bytes, digest_algorithm: str, dry_run: bool = False) -> bytes:
        assert digest_algorithm == "sha256"
        return bytes(80) if dry_run else self._private.sign(data, ec.ECDSA(hashes.SHA256()))


def metadata(credentials: Credentials, field: str, closing: bool) -> PdfSignatureMetadata:
    context = ValidationContext(
        trust_roots=[Certificate.load(each) for each in credentials.roots],
        other_certs=[Certificate.load(each) for each in credentials.chain],
        crls=list(credentials.crls),
        ocsps=list(credentials.ocsps),
        moment=credentials.at,
        allow_fetching=False,
        revocation_mode="hard-fail",
    )
    return PdfSignatureMetadata(
        field_name=field,
        md_algorithm="sha256",
        subfilter=SigSeedSubFilter.PADES,
        name="Anna Lindqvist",
        certify=not closing,
        docmdp_permissions=MDPPerm.NO_CHANGES if closing else MDPPerm.FILL_FORMS,
        validation_context=context,
        embed_validation_info=True,
        use_pades_lta=closing,
        dss_settings=DSSContentSettings(
            include_vri=False, placement=SigDSSPlacementPreference.TOGETHER_WITH_SIGNATURE
        ),
    )


def hash_and_sign(key: ec.EllipticCurvePrivateKey, content: bytes) -> None:
    """What no signature can do without, for the person and for the seal."""
    for _ in range(2):
        sign_bytes(key, hashlib.sha256(content).digest())


def document(pages: int) -> bytes:
    pdf = pikepdf.new()
    font = pikepdf.Dictionary(
        Type=pikepdf.Name.Font, Subtype=pikepdf.Name.Type1, BaseFont=pikepdf.Name.Helvetica
    )
    for number in range(1, pages + 1):
        page = pdf.add_blank_page(page_size=(595, 842))
        page.Resources = pikepdf.Dictionary(Font=pikepdf.Dictionary(F1=pdf.make_indirect(font)))
        lines = b"".join(
            b"(Page %d, clause %d: the supplier delivers what the order of this clause names.) Tj T* "
            % (number, line)
            for line in range(40)
        )
        page.Contents = pdf.make_stream(b"BT /F1 11 Tf 15 TL 72 770 Td " + lines + b"ET")
    buffer = io.BytesIO()
    pdf.save(buffer, object_stream_mode=pikepdf.ObjectStreamMode.disable, compress_streams=False)
    return buffer.getvalue()

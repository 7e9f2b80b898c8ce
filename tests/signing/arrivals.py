"""Documents that arrive signed, as other people's programs make them: pyHanko, with certificates of strangers."""

import asyncio
import io

import pikepdf
from asn1crypto import keys
from asn1crypto.x509 import Certificate
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from pikepdf import Array, Dictionary, Name, String
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import fields as sig_fields
from pyhanko.sign.fields import FieldMDPAction, FieldMDPSpec, MDPPerm, SigFieldSpec, SigSeedSubFilter
from pyhanko.sign.signers import PdfSignatureMetadata, PdfSigner, SimpleSigner
from pyhanko_certvalidator.registry import SimpleCertificateStore

from docvault.certificates.authority import SignerIdentity

from .desks import Office, now

MIRA = SignerIdentity("m" * 26, "Mira Haddad", "mira@strangers.example", "Strangers Ltd")
PEKKA = SignerIdentity("p" * 26, "Pekka Salo", "pekka@strangers.example", "Strangers Ltd")
STRANGERS = Office("Strangers Ltd")
ISSUED: list[x509.Certificate] = []


def letter(
    *,
    pages: int = 2,
    turn: int = 0,
    fields: tuple[str, ...] = (),
    text_field: bool = False,
    paper: bytes = b"",
    ink: bytes = b"0 g",
    font: str = "/Helvetica",
) -> bytes:
    """Plain pages, with empty signature fields of these names at the foot of the last one.

    paper, ink: what is drawn below the words, and the colour of the words, as PDF operators.
    """
    pdf = pikepdf.new()
    letters = pdf.make_indirect(Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name(font)))
    for number in range(1, pages + 1):
        page = pdf.add_blank_page(page_size=(595, 842))
        page.Resources = Dictionary(Font=Dictionary(F1=letters))
        words = b"BT /F1 18 Tf 72 770 Td (Page %d: we agree.) Tj ET" % number
        page.Contents = pdf.make_stream(b" ".join((paper, ink, words)))
        page.Rotate = turn
    places = [(name, Name.Sig, row) for row, name in enumerate(fields)]
    places += [("remark", Name.Tx, len(fields))] if text_field else []
    for name, kind, row in places:
        _field(pdf, name, kind, [72, 60 + 70 * row, 252, 110 + 70 * row])
    output = io.BytesIO()
    pdf.save(output, min_version="1.7")
    return output.getvalue()


def _field(pdf, name, kind, rect):
    page = pdf.pages[-1]
    drawn = pdf.make_stream(b"")
    drawn.Type, drawn.Subtype, drawn.BBox = Name.XObject, Name.Form, Array([0, 0, 180, 50])
    field = pdf.make_indirect(
        Dictionary(
            Type=Name.Annot, Subtype=Name.Widget, FT=kind, T=String(name), Rect=Array(rect), F=4, P=page.obj,
            AP=Dictionary(N=drawn),
        )
    )  # fmt: skip
    if Name.AcroForm not in pdf.Root:
        pdf.Root.AcroForm = pdf.make_indirect(Dictionary(Fields=Array(), SigFlags=1))
    if Name.Annots not in page.obj:
        page.obj.Annots = Array()
    pdf.Root.AcroForm.Fields.append(field)
    page.obj.Annots.append(field)


def signed(
    source: bytes,
    person: SignerIdentity = MIRA,
    *,
    field: str = "Signature1",
    certify: MDPPerm | None = None,
    locks: FieldMDPSpec | None = None,
    closes: MDPPerm | None = None,
    office: Office = STRANGERS,
    box: tuple[int, int, int, int] | None = None,
) -> bytes:
    """One more signature at level B-B. certify: what may follow a certification; closes: the same of an approval."""
    key = office.ca.issue(person, now())
    ISSUED.append(x509.load_der_x509_certificate(key.certificate))
    store = SimpleCertificateStore()
    store.register(Certificate.load(office.ca.issuing.der))
    private = key._key.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    signer = SimpleSigner(
        signing_cert=Certificate.load(key.certificate),
        signing_key=keys.PrivateKeyInfo.load(private),
        cert_registry=store,
    )
    file = io.BytesIO(source)
    writer = IncrementalPdfFileWriter(file)
    known = {name for name, _, _ in sig_fields.enumerate_sig_fields(writer)}
    spec = SigFieldSpec(field, box=box, field_mdp_spec=locks, doc_mdp_update_value=closes)
    if field not in known:
        sig_fields.append_signature_field(writer, spec)
    meta = PdfSignatureMetadata(
        field_name=field,
        md_algorithm="sha256",
        subfilter=SigSeedSubFilter.PADES,
        certify=certify is not None,
        docmdp_permissions=certify or MDPPerm.FILL_FORMS,
    )
    asyncio.run(PdfSigner(meta, signer).async_sign_pdf(writer, in_place=True))
    return file.getvalue()


LOCKS = {
    "all": FieldMDPSpec(FieldMDPAction.ALL),
    "others": FieldMDPSpec(FieldMDPAction.EXCLUDE, ["remark"]),
    "one": FieldMDPSpec(FieldMDPAction.INCLUDE, ["remark"]),
}

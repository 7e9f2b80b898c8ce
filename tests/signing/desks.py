"""A certificate authority, a desk that signs with it, and a contract to sign."""

import dataclasses
import io
from collections.abc import Callable
from datetime import UTC, datetime

import pikepdf
from cryptography import x509
from pikepdf import Array, Dictionary, Name, String

from docvault.certificates import authority
from docvault.certificates.authority import CertificateAuthority, SignerIdentity
from docvault.certificates.keys import Credentials, KeyPair, sign_bytes
from docvault.certificates.timestamps import TimestampAuthority
from docvault.pdf import sign as signing
from docvault.pdf import validate as validating
from docvault.pdf.scratch import Scratch
from docvault.pdf.sign import FieldValue
from docvault.pdf.workers import Workers

ANNA = SignerIdentity("a" * 26, "Anna Lindqvist", "anna@nordlicht.example", "Nordlicht AB")
TOMAS = SignerIdentity("t" * 26, "Tomáš Żółć", "tomas@harbour.example", "Harbour & Pine Oy")


def now() -> datetime:
    return datetime.now(UTC)


class Office:
    """A certificate authority with its clock, and the questions a worker may ask it."""

    def __init__(self, organisation: str = "Harbour & Pine Oy", clock: Callable[[], datetime] = now) -> None:
        self.clock = clock
        self.ca: CertificateAuthority = authority.create(organisation, "https://vault.example", clock())
        self.asked: list[str] = []

    def _now(self) -> datetime:
        return self.clock()

    def credentials(self, certificate: bytes) -> Credentials:
        now = self._now()
        return Credentials(
            certificate=certificate,
            chain=(self.ca.issuing.der,),
            roots=(self.ca.root.der,),
            crls=(self.ca.root_crl(now), self.ca.issuing_crl(now)),
            ocsps=(self.ca.status(x509.load_der_x509_certificate(certificate), now),),
            at=now,
        )

    def timestamp(self, request: bytes) -> bytes:
        self.asked.append("timestamp")
        return TimestampAuthority(self.ca.timestamp, [self.ca.issuing.der]).respond(request, self._now())

    def sign(self, pair: KeyPair) -> Callable[[bytes], bytes]:
        return lambda message: sign_bytes(pair.key, message)


def contract() -> bytes:
    """Three plain pages with fields for two signers, as fields.py makes them: no seal field, no appearance."""
    pdf = pikepdf.new()
    font = Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica)
    for number in range(1, 4):
        page = pdf.add_blank_page(page_size=(595, 842))
        page.Resources = Dictionary(Font=Dictionary(F1=font))
        page.Contents = pdf.make_stream(
            b"BT /F1 18 Tf 72 770 Td (Page %d: the price is 1000 euros) Tj ET" % number
        )
    for row, who in enumerate(("anna", "tomas")):
        top = 200 - 80 * row
        _field(pdf, f"{who}-title", Name.Tx, [72, top, 222, top + 18])
        tick = _field(pdf, f"{who}-agree", Name.Btn, [240, top, 254, top + 14])
        tick.V = tick.AS = Name.Off
        boxes = {"/Yes": b"0 0 14 14 re f", "/Off": b"0 0 14 14 re S"}
        tick.AP = Dictionary(N=Dictionary({state: _form(pdf, body, 14, 14) for state, body in boxes.items()}))
        signature = _field(pdf, f"{who}-signature", Name.Sig, [300, top, 460, top + 40])
        names = Array([String(f"{who}-title"), String(f"{who}-agree"), String(f"{who}-signature")])
        signature.Lock = pdf.make_indirect(
            Dictionary(Type=Name.SigFieldLock, Action=Name.Include, Fields=names)
        )
    form = Dictionary(Fields=Array(list(pdf.pages[2].Annots)), SigFlags=1)
    pdf.Root.AcroForm = pdf.make_indirect(form)
    buffer = io.BytesIO()
    pdf.save(buffer, object_stream_mode=pikepdf.ObjectStreamMode.disable, min_version="1.7")
    return buffer.getvalue()


def _form(pdf, body, width, height):
    stream = pdf.make_stream(body)
    stream.Type, stream.Subtype, stream.BBox = Name.XObject, Name.Form, Array([0, 0, width, height])
    return stream


def _field(pdf, name, kind, rect):
    page = pdf.pages[2]
    field = Dictionary(
        Type=Name.Annot, Subtype=Name.Widget, FT=kind, T=String(name), Rect=Array(rect), F=4, P=page.obj
    )
    if kind != Name.Btn:
        field.AP = Dictionary(N=_form(pdf, b"", rect[2] - rect[0], rect[3] - rect[1]))
    if kind == Name.Tx:
        field.DA = String("/Helv 10 Tf 0 g")
        field.AS = Name.N
    reference = pdf.make_indirect(field)
    if Name.Annots not in page.obj:
        page.obj.Annots = Array([])
    page.obj.Annots.append(reference)
    return reference


def drawing(width: float = 160, height: float = 40) -> bytes:
    pdf = pikepdf.new()
    page = pdf.add_blank_page(page_size=(width, height))
    page.Contents = pdf.make_stream(b"0.1 0.2 0.6 RG 2 w 5 5 m 60 35 90 0 150 30 c S")
    buffer = io.BytesIO()
    pdf.save(buffer)
    return buffer.getvalue()


@dataclasses.dataclass
class Desk:
    """Signs and validates with one office's certificates."""

    workers: Workers
    office: Office
    issued: list[x509.Certificate] = dataclasses.field(default_factory=list)

    def sign(
        self, source: bytes, person: SignerIdentity, row: str, *, certify: bool, prove=None, **more
    ) -> bytes:
        key = self.office.ca.issue(person, self.office.clock())
        self.issued.append(x509.load_der_x509_certificate(key.certificate))
        with Scratch.create(source) as file, Scratch.create(drawing()) as picture:
            answers = [
                FieldValue(f"{row}-title", text=f"Director {person.name}"),
                FieldValue(f"{row}-agree", checked=True),
                FieldValue(f"{row}-signature", drawing=picture),
            ]
            arguments = {
                "field": f"{row}-signature",
                "certify": certify,
                "answers": answers,
                "credentials": (prove or self.office.credentials)(key.certificate),
                "sign": key.sign,
                "timestamp": self.office.timestamp,
            }
            with signing.sign(self.workers, file, **{**arguments, **more}) as signed:
                return signed.read()

    def seal(self, source: bytes, **more) -> bytes:
        pair = self.office.ca.seal
        arguments = {
            "credentials": self.office.credentials(pair.der),
            "sign": self.office.sign(pair),
            "timestamp": self.office.timestamp,
        }
        with (
            Scratch.create(source) as file,
            signing.seal(self.workers, file, **{**arguments, **more}) as sealed,
        ):
            return sealed.read()

    def renew(self, source: bytes) -> bytes:
        options = {
            "credentials": self.office.credentials(self.office.ca.timestamp.der),
            "timestamp": self.office.timestamp,
        }
        with Scratch.create(source) as file, signing.renew(self.workers, file, **options) as renewed:
            return renewed.read()

    def validate(self, source: bytes, **more) -> validating.Report:
        with Scratch.create(source) as file:
            return validating.validate(self.workers, file, **{"roots": [self.office.ca.root.der], **more})

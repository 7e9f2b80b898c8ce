"""Every kind of file we make, before programs that have nothing to do with us: all green, or none of it counts.

Ten signers with names in many scripts, turned and cropped pages, a thousand pages, renewed archives; 200 MB as a soak.
"""

import io
import os
from dataclasses import dataclass

import pikepdf
import pytest
from asn1crypto import cms, core
from cryptography.hazmat.primitives import serialization
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation.dss import DocumentSecurityStore

from docvault.certificates.authority import SignerIdentity
from docvault.pdf import appearance
from docvault.pdf.fields import FieldSpec, place_fields, signature_field_name
from docvault.pdf.reasons import Verdict
from docvault.pdf.scratch import Scratch
from docvault.pdf.sign import FieldValue
from docvault.rules.answers import TypedSignature

from .desks import ANNA, contract, drawing
from .test_independent import cut_out, pdfsig, run

NAMES = (
    "山田 太郎", "محمد رضایی", "Tomáš Żółć", "Äänisaari Öljy", "Anna Lindqvist",
    "Ælfgifu O’Brien", "Владимир Иванов", "Ελένη Παπαδοπούλου", "Jürgen Groß", "Nguyễn Thị Minh",
)  # fmt: skip
WIDTH, HEIGHT = 170, 44  # points

pytestmark = pytest.mark.promise(60)


@dataclass
class Output:
    content: bytes
    signers: int  # the seal among them
    stamps: int  # of documents


def plain(turns: tuple[int, ...], *, pages: int = 0) -> bytes:
    """Return pages, cropped and turned, and `pages` more of them."""
    pdf = pikepdf.new()
    for turn in (*turns, *[0] * pages):
        page = pdf.add_blank_page(page_size=(595, 842))
        if turn:
            page.obj["/CropBox"] = pikepdf.Array([30, 20, 560, 800])
            page.obj["/Rotate"] = turn
        page.Contents = pdf.make_stream(b"0.2 0.2 0.2 rg 60 60 300 4 re f")
    output = io.BytesIO()
    pdf.save(output, object_stream_mode=pikepdf.ObjectStreamMode.disable, min_version="1.7")
    return output.getvalue()


def prepared(workers, source: bytes, people: int, pages: int = 1) -> bytes:
    fields = [
        FieldSpec(
            f"s{number}", "signature", 1 + number % pages, 60, 70 + 55 * number, WIDTH, HEIGHT, "Signature", f"p{number}"
        )
        for number in range(people)
    ]  # fmt: skip
    with Scratch.create(source) as file, place_fields(workers, file, fields) as made:
        return made.read()


def drawn(workers, name: str) -> Scratch:
    """Draw the name as the ceremony does; a script without an installed font is signed by hand there."""
    if appearance.missing_letters(workers, name):
        return Scratch.create(drawing(WIDTH, HEIGHT))
    return appearance.signature(
        workers, TypedSignature(name, "caveat"), lines=[name], width=WIDTH, height=HEIGHT
    )


def signed(desk, source: bytes, names: tuple[str, ...]) -> bytes:
    for number, name in enumerate(names):
        field = signature_field_name(f"p{number}")
        person = SignerIdentity(f"{number}" * 26, name, f"person{number}@example.com", "Harbour & Pine Oy")
        with drawn(desk.workers, name) as picture:
            source = desk.sign(
                source, person, "", certify=number == 0, field=field, answers=[FieldValue(field, drawing=picture)]
            )  # fmt: skip
    return source


@pytest.fixture(scope="module")
def outputs(desk, workers):
    """One of each kind, made once."""
    ten = signed(desk, prepared(workers, plain((0, 0)), 10, 2), NAMES)
    turned = signed(desk, prepared(workers, plain((90, 180, 270)), 3, 3), NAMES[:3])
    long = signed(desk, prepared(workers, plain((0,), pages=999), 1), NAMES[3:4])
    sealed = desk.seal(turned)
    two = prepared(workers, plain((0,)), 2)
    return {
        "one signer": Output(signed(desk, prepared(workers, plain((0,)), 1), NAMES[4:5]), 1, 0),
        "ten signers": Output(ten, 10, 0),
        "ten signers and the seal": Output(desk.seal(ten), 11, 1),
        "turned and cropped pages": Output(sealed, 4, 1),
        "a renewed archive": Output(desk.renew(sealed), 4, 2),
        "a thousand pages": Output(desk.seal(long), 2, 1),
        "the seal alone": Output(desk.seal(contract(), certify=True), 1, 1),
        "one of two on paper": Output(desk.seal(signed(desk, two, NAMES[4:5])), 2, 1),
        "everybody on paper": Output(desk.seal(two, certify=True), 1, 1),
    }


KINDS = (
    "one signer", "ten signers", "ten signers and the seal", "turned and cropped pages", "a renewed archive",
    "a thousand pages", "the seal alone", "one of two on paper", "everybody on paper",
)  # fmt: skip


@pytest.fixture(scope="module")
def folder(office, tmp_path_factory):
    folder = tmp_path_factory.mktemp("outsiders")
    for name in ("root", "issuing"):
        certificate = getattr(office.ca, name).certificate
        (folder / f"{name}.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    return folder


def judged(folder, output: Output) -> None:
    """Ask every outsider."""
    (folder / "output.pdf").write_bytes(output.content)
    seen = pdfsig(folder, "output.pdf")
    people = [each for each in seen if "ETSI.CAdES.detached" in each]
    assert len(people) == output.signers
    for each in people:
        assert "Signature is Valid." in each
        assert "Certificate is Trusted." in each
    assert sum("Total document signed" in each for each in seen) == 1, "only the last one covers all"
    status, words = run(folder, "qpdf", "--check", "output.pdf")
    assert status == 0, words
    status, words = run(folder, "mutool", "sign", "-v", "output.pdf")
    assert status == 0, words
    valid = ("The signature is valid but there have been edits", "The document is unchanged since signing")
    assert sum(words.count(each) for each in valid) == output.signers, words
    _openssl(folder, output)


def _openssl(folder, output: Output) -> None:
    cuts = cut_out(output.content)
    assert [each.stamp for each in cuts].count(True) == output.stamps
    for each in cuts:
        (folder / "data").write_bytes(each.signed)
        (folder / "der").write_bytes(each.der)
        _openssl_ts(folder) if each.stamp else _openssl_cms(folder)
    (folder / "data").write_bytes(_signature_value(cuts[0].der))
    (folder / "der").write_bytes(_token(cuts[0].der))
    _openssl_ts(folder)


def _openssl_cms(folder) -> None:
    status, words = run(
        folder, "openssl", "cms", "-verify", "-binary", "-inform", "DER", "-in", "der", "-content", "data",
        "-CAfile", "root.pem", "-purpose", "any", "-cades", "-out", "/dev/null",
    )  # fmt: skip
    assert status == 0, words


def _openssl_ts(folder) -> None:
    status, words = run(
        folder, "openssl", "ts", "-verify", "-in", "der", "-token_in", "-data", "data", "-CAfile", "root.pem",
        "-untrusted", "issuing.pem",
    )  # fmt: skip
    assert status == 0, words


def _signer_info(der: bytes) -> cms.SignerInfo:
    return cms.ContentInfo.load(der)["content"]["signer_infos"][0]


def _signature_value(der: bytes) -> bytes:
    return _signer_info(der)["signature"].native


def _token(der: bytes) -> bytes:
    (attribute,) = _signer_info(der)["unsigned_attrs"]
    return attribute["values"][0].dump()


@pytest.mark.parametrize("kind", KINDS)
def test_outsiders_call_every_kind_of_output_valid(desk, outputs, folder, kind):
    output = outputs[kind]
    judged(folder, output)
    report = desk.validate(output.content)
    assert report.verdict is Verdict.VALID, report.codes
    assert len(report.signatures) == output.signers + output.stamps


def test_outsiders_read_the_names_of_all_ten(outputs, folder):
    (folder / "ten.pdf").write_bytes(outputs["ten signers"].content)
    seen = "".join(pdfsig(folder, "ten.pdf"))
    for name in NAMES:
        assert name in seen


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_output_keeps_the_baseline_rules_of_pades(outputs, kind):
    """ETSI EN 319 142-1: no signing-time, ESSCertIDv2, sub-filters, complete evidence without VRI, the stamp last."""
    content = outputs[kind].content
    cuts = cut_out(content)
    for each in cuts:
        signed_attributes = {
            one["type"].native: one["values"] for one in _signer_info(each.der)["signed_attrs"]
        }
        assert "signing_time" not in signed_attributes or each.stamp
        if not each.stamp:
            assert signed_attributes["signing_certificate_v2"]
            assert len(signed_attributes["content_type"]) == len(signed_attributes["message_digest"]) == 1
    reader = PdfFileReader(io.BytesIO(content), strict=True)
    assert "/VRI" not in reader.root["/DSS"]
    found = reader.embedded_signatures
    kinds = [str(each.sig_object.get("/Type", "/Sig")) for each in found]
    for each, kind_of in zip(found, kinds, strict=True):
        wanted = "/ETSI.RFC3161" if kind_of == "/DocTimeStamp" else "/ETSI.CAdES.detached"
        assert each.sig_object["/SubFilter"] == wanted
        assert "/Cert" not in each.sig_object
        assert core.Sequence.load(each.pkcs7_content)
    stamps = [number for number, kind_of in enumerate(kinds) if kind_of == "/DocTimeStamp"]
    assert stamps == list(range(len(kinds) - len(stamps), len(kinds))), "stamps come last"
    if stamps:
        assert cuts[-1].stamp
        assert cuts[-1].whole
    _require_complete_evidence(reader, found)


def _require_complete_evidence(reader, found) -> None:
    """Every certificate on the way to the root, and a word on the revocation of each that was issued."""
    store = DocumentSecurityStore.read_dss(reader)
    known = {each.subject.dump(): each for each in store.load_certs()}
    revoking = {cms.CertificateList.load(each.get_object().data).issuer.dump() for each in store.crls}
    for each in found:
        certificate = each.signer_cert
        while certificate.subject != certificate.issuer:
            assert certificate.issuer.dump() in revoking
            issuer = known.get(certificate.issuer.dump())
            if issuer is None:
                break  # the root itself may be left out: whoever verifies has it
            certificate = issuer
        assert certificate.issuer.dump() in revoking


def heavy(source: bytes, weight: int) -> bytes:
    """Return the document with so many bytes more, which nothing makes smaller."""
    output = io.BytesIO()
    with pikepdf.open(io.BytesIO(source)) as pdf:
        pdf.Root["/PieceInfo"] = pdf.make_indirect(pdf.make_stream(os.urandom(weight)))
        pdf.save(
            output,
            object_stream_mode=pikepdf.ObjectStreamMode.disable,
            compress_streams=False,
            min_version="1.7",
        )
    return output.getvalue()


@pytest.mark.soak
def test_outsiders_call_200_megabytes_valid(desk, folder):
    content = desk.seal(desk.sign(heavy(contract(), 200_000_000), ANNA, "anna", certify=True))
    assert len(content) > 200_000_000
    judged(folder, Output(content, 2, 1))
    assert desk.validate(content).verdict is Verdict.VALID

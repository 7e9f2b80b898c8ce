"""Every published class of attack that test_validation.py does not already make: none is accepted (promise 67)."""

import io
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from pyhanko.keys import load_certs_from_pemder_data
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import PdfSignatureMetadata, PdfSigner, SimpleSigner
from pyhanko.sign.fields import MDPPerm, SigFieldSpec, SigSeedSubFilter, append_signature_field
from pyhanko_certvalidator.registry import SimpleCertificateStore

from docvault.pdf.reasons import Verdict

from . import attacks, shadows
from .desks import ANNA, TOMAS

REFUSED = {Verdict.MODIFIED, Verdict.INVALID}
pytestmark = pytest.mark.promise(67)


@pytest.fixture(scope="module")
def page_number(prepared):
    return shadows.page_one(prepared)[0]


EVIL = shadows.stream(b"BT /F1 18 Tf 72 770 Td (Page 1: the price is 9000 euros) Tj ET")

INCREMENTS = {
    "a new object with its table": lambda source, number: shadows.with_object(source, number, EVIL),
    "a new object without a table": lambda source, number: shadows.with_object(source, number, EVIL, table=False),
    "a table without its start": lambda source, number: shadows.with_entries(source, {number: 15}, table=False),
    "a table that frees the page": lambda source, number: shadows.with_entries(source, {number: None}),
    "a table that points elsewhere": lambda source, number: shadows.with_entries(source, {number: 15}),
    "an empty table": lambda source, _: shadows.with_entries(source, {}),
    "a new object and a copy of the end": lambda source, number: shadows.with_object(source, number, EVIL)
    + source[-300:],
}  # fmt: skip


@pytest.mark.parametrize("name", INCREMENTS)
def test_incremental_saving_is_refused_in_every_form(desk, revisions, page_number, name):
    report = desk.validate(INCREMENTS[name](revisions.anna, page_number))
    assert report.verdict in REFUSED, report.codes


@pytest.mark.parametrize("later", [False, True], ids=["last", "signed over"])
@pytest.mark.parametrize("kind", ["replacing", "revealing"])
def test_what_was_hidden_before_signing_cannot_be_switched_to_afterwards(desk, prepared, kind, later):
    """Shadow hide, and shadow hide-and-replace. The second signer may be the attacker."""
    source, entries = getattr(shadows, f"prepared_for_{kind}")(prepared)
    anna = desk.sign(source, ANNA, "anna", certify=True)
    assert desk.validate(anna).verdict is Verdict.VALID, "as it was signed"
    switched = shadows.with_entries(anna, entries)
    assert switched != anna
    if later:
        switched = desk.sign(switched, TOMAS, "tomas", certify=False)
    report = desk.validate(switched)
    assert report.verdict in REFUSED, report.codes
    assert report.signatures[0].code != "ok"


def _without_appearance(name):
    """Let readers draw the value that nobody saw."""

    def change(writer):
        reference = attacks.field_of(writer, name)
        del reference.get_object()["/AP"]
        writer.mark_update(reference)

    return change


def _other_appearance(name, text=b"(9000 euros)"):
    def change(writer):
        reference = attacks.field_of(writer, name)
        old = reference.get_object()["/AP"]["/N"]
        picture = generic.StreamObject(
            {key: old[key] for key in ("/Type", "/Subtype", "/BBox", "/Resources") if key in old},
            stream_data=b"1 g 0 0 300 30 re f BT 0 g /F1 18 Tf 2 8 Td " + text + b" Tj ET",
        )
        reference.get_object()["/AP"] = generic.DictionaryObject({pdf_name("/N"): writer.add_object(picture)})
        writer.mark_update(reference)

    return change


@pytest.mark.parametrize("change", [_without_appearance, _other_appearance], ids=["value", "picture"])
def test_a_field_that_lies_over_the_price_cannot_show_another_one_later(desk, prepared, change):
    """Shadow replace by form: P2 lets fields be filled in, so the value may stay and the picture change."""
    anna = desk.sign(shadows.prepared_with_a_field_over_the_price(prepared), ANNA, "anna", certify=True)
    assert desk.validate(anna).verdict is Verdict.VALID
    assert desk.validate(attacks.updated(anna, change("price"))).verdict in REFUSED


@pytest.mark.parametrize("row", ["anna-title", "anna-signature"])
def test_the_picture_of_what_somebody_wrote_cannot_be_changed_by_the_next_signer(desk, revisions, row):
    changed = attacks.updated(revisions.anna, _other_appearance(row))
    report = desk.validate(desk.sign(changed, TOMAS, "tomas", certify=False))
    assert report.verdict in REFUSED, report.codes


MALICIOUS = b"\n/ByteRange [0 10 20 30]>>\nendobj\n99 0 obj\n<</Type/Catalog/Pages 3 0 R"


@pytest.mark.parametrize("content", [b"", b" ", b"%x", b"/X 1", MALICIOUS], ids=str)
@pytest.mark.parametrize("way", ["wrapped_in_the_room", "wrapped_and_moved"])
def test_a_wrapped_signature_is_refused(desk, revisions, way, content):
    """The signed bytes are all there, at their places or moved, and something else lies between them."""
    report = desk.validate(getattr(shadows, way)(revisions.tomas, content))
    assert report.verdict in REFUSED, report.codes


def test_the_signature_of_another_document_is_refused(desk, prepared, revisions):
    other = desk.sign(prepared, ANNA, "anna", certify=True)
    report = desk.validate(shadows.signature_of_another(revisions.anna, other))
    assert report.verdict in REFUSED, report.codes
    assert report.signatures[0].is_claim, "the name in it proves nothing here"


# --- certified documents: evil annotations and sneaky signatures at P1, P2 and P3 ----------------------------------


@pytest.fixture(scope="module")
def certified(desk, office, prepared):
    """The contract, certified by the organisation with each permission."""
    pair = office.ca.seal
    store = SimpleCertificateStore()
    store.register_multiple(load_certs_from_pemder_data(office.ca.issuing.der))
    (certificate,) = load_certs_from_pemder_data(pair.der)
    from asn1crypto.keys import PrivateKeyInfo

    signer = SimpleSigner(certificate, PrivateKeyInfo.load(pair.private_der()), store)
    found = {}
    for level in MDPPerm:
        meta = PdfSignatureMetadata(
            "anna-signature", certify=True, docmdp_permissions=level, md_algorithm="sha256",
            subfilter=SigSeedSubFilter.PADES,
        )  # fmt: skip
        output = io.BytesIO()
        PdfSigner(meta, signer).sign_pdf(
            IncrementalPdfFileWriter(io.BytesIO(prepared)), existing_fields_only=True, output=output
        )
        found[level.value] = output.getvalue()
    return found


def test_a_certified_document_of_each_permission_is_valid_as_it_was_signed(desk, certified):
    for level, content in certified.items():
        assert desk.validate(content).verdict is Verdict.VALID, level


def _annotation(kind, **more):
    def change(writer):
        page = writer.root["/Pages"]["/Kids"][0]
        entries = {
            "/Type": pdf_name("/Annot"), "/Subtype": pdf_name(kind), "/F": generic.NumberObject(4),
            "/Rect": generic.ArrayObject(map(generic.NumberObject, (70, 760, 500, 800))),
            "/Contents": generic.TextStringObject("the price is 9 euros"), **more,
        }  # fmt: skip
        picture = generic.StreamObject(
            {
                pdf_name("/Type"): pdf_name("/XObject"), pdf_name("/Subtype"): pdf_name("/Form"),
                pdf_name("/BBox"): generic.ArrayObject(map(generic.NumberObject, (0, 0, 430, 40))),
            },
            stream_data=b"1 g 0 0 430 40 re f",
        )  # fmt: skip
        entries["/AP"] = generic.DictionaryObject({pdf_name("/N"): writer.add_object(picture)})
        note = generic.DictionaryObject({pdf_name(key): value for key, value in entries.items()})
        page["/Annots"] = generic.ArrayObject([*page.get("/Annots", []), writer.add_object(note)])
        writer.update_container(page)

    return change


@pytest.mark.parametrize("level", [1, 2, 3])
@pytest.mark.parametrize("kind", ["/FreeText", "/Stamp", "/Redact"])
def test_an_evil_annotation_is_refused_at_every_permission(desk, certified, kind, level):
    """P3 allows notes. One that hides what was signed is no note, and readers cannot tell: none is accepted."""
    assert desk.validate(attacks.updated(certified[level], _annotation(kind))).verdict in REFUSED


OVER_THE_PRICE = (70, 760, 500, 800)


def _sneaky_field(box=OVER_THE_PRICE):
    def change(writer):
        append_signature_field(writer, SigFieldSpec("sneaky", on_page=0, box=box))
        reference = attacks.field_of(writer, "sneaky")
        picture = generic.StreamObject(
            {
                pdf_name("/Type"): pdf_name("/XObject"), pdf_name("/Subtype"): pdf_name("/Form"),
                pdf_name("/BBox"): generic.ArrayObject(map(generic.NumberObject, (0, 0, 430, 40))),
            },
            stream_data=b"1 g 0 0 430 40 re f",
        )  # fmt: skip
        reference.get_object()["/AP"] = generic.DictionaryObject({pdf_name("/N"): writer.add_object(picture)})
        writer.mark_update(reference)

    return change


def _stranger():
    """Somebody's own certificate, made in a minute."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Anna Lindqvist")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(1).not_valid_before(now).not_valid_after(now + timedelta(days=9))
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    from asn1crypto.keys import PrivateKeyInfo
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    private = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    (certificate,) = load_certs_from_pemder_data(made.public_bytes(Encoding.DER))
    return SimpleSigner(certificate, PrivateKeyInfo.load(private), SimpleCertificateStore())


# Signing at P1 is refused by every program we have; what comes after a seal at P1 is in test_validation.py.
@pytest.mark.parametrize(("level", "signed"), [(1, False), (2, False), (3, False), (2, True), (3, True)])
def test_a_sneaky_signature_is_refused_at_every_permission(desk, certified, level, signed):
    content = attacks.updated(certified[level], _sneaky_field())
    if signed:
        output = io.BytesIO()
        meta = PdfSignatureMetadata("sneaky", md_algorithm="sha256", subfilter=SigSeedSubFilter.PADES)
        PdfSigner(meta, _stranger()).sign_pdf(
            IncrementalPdfFileWriter(io.BytesIO(content)), existing_fields_only=True, output=output
        )
        content = output.getvalue()
    report = desk.validate(content)
    assert report.verdict in REFUSED, report.codes


# --- legitimate: as wide as the attacks ---------------------------------------------------------------------------


def test_a_document_renewed_twice_is_accepted_and_stays_closed(desk, revisions):
    """Renewed twice it is valid, and the attacks are still refused; other levels are in test_validation.py."""
    renewed = desk.renew(revisions.sealed)
    twice = desk.renew(renewed)
    assert desk.validate(twice).verdict is Verdict.VALID
    for change in (attacks.overlay, attacks.filled("tomas-title")):
        assert desk.validate(attacks.updated(twice, change)).verdict in REFUSED

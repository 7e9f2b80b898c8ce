"""Documents that arrive signed: every byte stays, others sign on top where that is permitted, else a clear reason."""

import dataclasses
import io
import re
from datetime import timedelta
from types import SimpleNamespace

import pikepdf
import pytest
from pyhanko.sign.fields import FieldMDPAction, FieldMDPSpec, MDPPerm
from tests.pdf import crafted

from docvault.certificates.authority import Revocation, fingerprint
from docvault.pdf import intake, on_top
from docvault.pdf.errors import AlreadySigned
from docvault.pdf.fields import FieldSpec
from docvault.pdf.reasons import Verdict
from docvault.pdf.scratch import Scratch
from docvault.pdf.sign import FieldValue

from . import attacks
from .arrivals import ISSUED, PEKKA, STRANGERS, letter, signed
from .desks import ANNA, TOMAS, drawing, now
from .test_independent import run

VISIBLE = (320, 60, 480, 110)
TINTED = b"0.98 0.91 0.72 rg 0 0 595 842 re f"
ALL = FieldMDPSpec(FieldMDPAction.ALL)
REMARK = FieldMDPSpec(FieldMDPAction.INCLUDE, ["remark"])
BUT_REMARK = FieldMDPSpec(FieldMDPAction.EXCLUDE, ["remark"])


def place(who: str, y: float = 300, page: int = 2) -> FieldSpec:
    return FieldSpec(f"f-{who}", "signature", page, 72, y, 160, 40, "Signature", who)


OWN = {
    "anna": FieldSpec("f-anna", "signature", 2, 72, 732, 180, 50, "Signature", "anna"),
    "tomas": place("tomas"),
}


@pytest.fixture(scope="module")
def go(desk, workers):
    """The whole way of one document: taken in, fields added, signed by two people, sealed; every revision kept."""

    def whole(content: bytes, places=None) -> SimpleNamespace:
        places = places or {"anna": place("anna"), "tomas": place("tomas", 400)}
        with Scratch.create(content) as source:
            taken = intake.normalise(workers, source)
        with taken.prepared as prepared:
            assert prepared.read() == content
            made, arrival = on_top.add_signature_fields(
                workers, prepared, list(places.values()), taken.findings.arrival, signers=["anna", "tomas"]
            )
        revisions = [content]
        with made:
            revisions.append(made.read())
        for who, person in (("anna", ANNA), ("tomas", TOMAS)):
            field = on_top.field_of(arrival, who)
            with Scratch.create(drawing()) as picture:
                answers = [FieldValue(field, drawing=picture)]
                revisions.append(
                    desk.sign(revisions[-1], person, who, certify=False, field=field, answers=answers)
                )
        revisions.append(desk.seal(revisions[-1]))
        return SimpleNamespace(arrival=arrival, revisions=revisions, sealed=revisions[-1], found=taken.found)

    return whole


ARRIVALS = {
    "unseen": lambda: signed(letter()),
    "with a picture": lambda: signed(letter(), box=VISIBLE),
    "by two": lambda: signed(signed(letter(), box=VISIBLE), PEKKA, field="Signature2"),
    "turned": lambda: signed(letter(turn=90)),
    "one field locked": lambda: signed(letter(text_field=True), locks=REMARK),
    "certified, forms may be filled": lambda: signed(letter(), certify=MDPPerm.FILL_FORMS),
    "certified, comments may be made": lambda: signed(letter(), certify=MDPPerm.ANNOTATE),
    "certified, with a field": lambda: signed(letter(fields=("Client",)), certify=MDPPerm.FILL_FORMS),
}


@pytest.mark.promise(70)
@pytest.mark.parametrize("name", ARRIVALS)
def test_others_sign_on_top_and_every_earlier_byte_stays(desk, go, name):
    content = ARRIVALS[name]()
    done = go(content, OWN if name == "certified, with a field" else None)
    for before, after in zip(done.revisions, done.revisions[1:], strict=False):
        assert after.startswith(before)
    report = desk.validate(done.sealed)
    theirs = [each.code for each in desk.validate(content).signatures]
    assert [each.code for each in report.signatures] == [*theirs, "ok", "ok", "ok", "ok-timestamp"]
    assert set(theirs) == {"unknown-signer"}
    assert report.verdict is Verdict.NOT_TRUSTED, "a signer whom nobody knows never turns green"
    assert on_top.objection(report, done.arrival.signatures) is None
    assert on_top.objection(report, 0) is not None
    trusting = desk.validate(done.sealed, roots=[desk.office.ca.root.der, STRANGERS.ca.root.der])
    assert trusting.verdict is Verdict.VALID, trusting.codes


@pytest.mark.promise(60)
def test_pdfsig_and_qpdf_accept_all_signatures_of_both(go, office, tmp_path):
    (tmp_path / "f.pdf").write_bytes(go(ARRIVALS["by two"]()).sealed)
    run(tmp_path, "mkdir", "nss")
    run(tmp_path, "certutil", "-N", "-d", "sql:nss", "--empty-password")
    for name, ca in (("ours", office.ca), ("theirs", STRANGERS.ca)):
        (tmp_path / f"{name}.cer").write_bytes(ca.root.der)
        run(tmp_path, "certutil", "-A", "-d", "sql:nss", "-n", name, "-t", "CT,C,C", "-i", f"{name}.cer")
    words = run(tmp_path, "pdfsig", "-no-ocsp", "-nssdir", "sql:nss", "f.pdf")[1].split("Signature #")[1:]
    assert len(words) == 6
    for one in words[:5]:
        assert "Signature is Valid." in one
        assert "Certificate is Trusted." in one
    assert "Total document signed" in words[-1]
    assert run(tmp_path, "qpdf", "--check", "f.pdf")[0] == 0


def test_a_certified_document_is_signed_in_its_own_field_and_else_without_a_picture(go):
    done = go(ARRIVALS["certified, with a field"](), OWN)
    assert done.arrival.names == {"anna": "Client"}
    assert [(one.kind, one.page) for one in done.found] == [("signature", 2)]
    with pikepdf.open(io.BytesIO(done.sealed)) as pdf:
        fields = {str(one.T): one for one in pdf.Root.AcroForm.Fields if "/V" in one}
    assert float(fields["Client"].Rect[2]) > float(fields["Client"].Rect[0])
    assert [float(edge) for edge in fields["signature-tomas"].Rect] == [0, 0, 0, 0]


@pytest.mark.parametrize(("paper", "y", "shows"), [(b"", 300, True), (b"", 60, False), (TINTED, 300, True)])
def test_a_new_signature_shows_only_on_blank_paper_of_any_colour(desk, go, paper, y, shows):
    """Over words it would look as if what was signed before had changed."""
    source = signed(letter(paper=paper))
    done = go(source, {"anna": place("anna", y), "tomas": place("tomas", 60)})
    report = desk.validate(done.sealed, roots=[desk.office.ca.root.der, STRANGERS.ca.root.der])
    assert report.verdict is Verdict.VALID, report.codes
    with pikepdf.open(io.BytesIO(done.sealed)) as pdf:
        (field,) = [one for one in pdf.Root.AcroForm.Fields if one.T == "signature-anna"]
        assert (float(field.Rect[2]) > 0) is shows


@pytest.mark.promise(70)
@pytest.mark.parametrize(("days", "code"), [(-1, "revoked"), (1, "ok")])
def test_an_earlier_signer_whose_certificate_was_withdrawn_counts_by_the_proven_time(desk, go, days, code):
    """Withdrawn before: it is said, and nothing is completed on top. After the proof of time: it held then."""
    done = go(ARRIVALS["unseen"]())
    roots = [desk.office.ca.root.der, STRANGERS.ca.root.der]
    first = desk.validate(done.sealed, roots=roots).signatures[0].certificate_sha256
    theirs = next(one for one in ISSUED if fingerprint(one) == first)
    revoked = {theirs.serial_number: Revocation(now() + timedelta(days=days))}
    lists = [dataclasses.replace(STRANGERS.ca, revoked=revoked).issuing_crl(now())]
    report = desk.validate(done.sealed, roots=roots, crls=lists)
    assert [each.code for each in report.signatures] == [code, "ok", "ok", "ok", "ok-timestamp"]
    assert report.verdict is (Verdict.VALID if code == "ok" else Verdict.NOT_TRUSTED)
    assert (on_top.objection(report, done.arrival.signatures) is None) is (code == "ok")


def active_and_signed() -> bytes:
    with pikepdf.open(io.BytesIO(letter())) as pdf:
        pdf.Root.OpenAction = pikepdf.Dictionary(S=pikepdf.Name.JavaScript, JS=pikepdf.String("app.alert(1)"))
        output = io.BytesIO()
        pdf.save(output)
    return signed(output.getvalue())


REFUSED = {
    "certified, nothing may change": (
        lambda _: signed(letter(), certify=MDPPerm.NO_CHANGES),
        "Mira Haddad closed it, and allows no further change",
    ),
    "closed by an approval": (
        lambda _: signed(letter(text_field=True), locks=REMARK, closes=MDPPerm.NO_CHANGES),
        "Mira Haddad closed it",
    ),
    "all fields locked": (lambda _: signed(letter(), locks=ALL), "Mira Haddad locked all its fields"),
    "all but one locked": (
        lambda _: signed(letter(text_field=True), locks=BUT_REMARK),
        "Mira Haddad locked all its fields",
    ),
    "our own, completed": (lambda r: r.sealed, "Harbour & Pine Oy.* closed it, and allows no further change"),
    "with a script": (lambda _: active_and_signed(), "it contains JavaScript"),
    "one byte changed": (
        lambda _: signed(letter()).replace(b"/Rotate 0", b"/Rotate 9", 1),
        "What was signed is not what is in this file",
    ),
    "a page changed after it": (
        lambda r: attacks.updated(r.anna, attacks.new_page_text),
        "something was filled in or added that nobody signed",
    ),
    "filled in after it": (
        lambda r: attacks.updated(r.anna, attacks.filled("tomas-title")),
        "After the last signature something was filled in",
    ),
    "no real signature": (
        lambda _: crafted.signed(),
        "it is not where or what a signature in a PDF has to be",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_signed_on_top_says_why(workers, revisions, name):
    make, words = REFUSED[name]
    with Scratch.create(make(revisions)) as source, pytest.raises(AlreadySigned, match=words):
        intake.normalise(workers, source)


@pytest.mark.parametrize("name", ["certified, nothing may change", "all fields locked", "with a script"])
def test_an_upload_says_at_once_why_nobody_can_sign_on_top(workers, revisions, name):
    make, words = REFUSED[name]
    with Scratch.create(make(revisions)) as source:
        findings = intake.inspect(workers, source)
    assert (findings.signed, findings.signable) == (True, False)
    assert re.search(words, findings.reason)

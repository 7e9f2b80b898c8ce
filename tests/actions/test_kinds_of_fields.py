"""Every kind of field on its way: placed, filled in, and found with its value and its ink in the sealed file."""

import hashlib
import io
import zipfile
from decimal import Decimal

import pikepdf
import pypdfium2
import pytest
import typst
from sqlalchemy import select, update

from docvault.actions import (
    attachments,
    ceremonies,
    drafts,
    envelopes,
    evidence_bundles,
    kept_answers,
    placed_fields,
)
from docvault.audit import evidence as evidence_format
from docvault.database import tables
from docvault.pdf import validate
from docvault.pdf.validate import Verdict
from docvault.rules import envelopes as rules
from docvault.rules.attachments import FileNotFit
from docvault.rules.details import UNSAID, Detail, ShowIf, TextFormat
from docvault.rules.entries import AnswerRefused
from docvault.rules.fields import FieldKind, FieldRefused
from docvault.values import NotFound
from docvault.vault.errors import NotScanned, Quarantined

from . import envelope_world as signing
from .world import NOW

SIZES = {FieldKind.SIGNATURE: (170, 44), FieldKind.CHECKBOX: (18, 18), FieldKind.RADIO: (18, 18)}


@pytest.fixture
def made(tmp_path, pdf, database_url):
    yield from signing.standing(tmp_path, pdf, database_url)


@pytest.fixture
def client(made):
    return made.world.client


WANTED = (  # key, kind, required, what is said, what the signer answers, what stands in the file
    ("sign", FieldKind.SIGNATURE, True, UNSAID, True, None),
    ("initials", FieldKind.INITIALS, True, UNSAID, "CC", "CC"),
    ("date", FieldKind.DATE, True, UNSAID, "2026-03-02", "2026-03-02"),
    ("today", FieldKind.DATE, True, Detail(auto=True), None, NOW.date().isoformat()),
    ("name", FieldKind.NAME, True, Detail(auto=True), None, "Clara Client"),
    ("email", FieldKind.TEXT, True, Detail(format=TextFormat.EMAIL), "c@example.com", "c@example.com"),
    ("locked", FieldKind.TEXT, True, Detail(prefilled="Net 30", locked=True), None, "Net 30"),
    ("number", FieldKind.NUMBER, True, Detail(least=Decimal(1), decimals=2), "12.5", "12.50"),
    ("list", FieldKind.DROPDOWN, True, Detail(choices=("by post", "by mail")), "by mail", "by mail"),
    ("tick", FieldKind.CHECKBOX, True, UNSAID, True, "/Yes"),
    ("one", FieldKind.RADIO, True, Detail(group="Pay"), None, "/Off"),
    ("two", FieldKind.RADIO, True, Detail(group="Pay"), True, "/Yes"),
    ("seen", FieldKind.CHECKBOX, False, Detail(show_if=ShowIf("list", "by mail")), None, "/Off"),
    ("hidden", FieldKind.CHECKBOX, True, Detail(show_if=ShowIf("one")), None, "/Off"),
    ("passport", FieldKind.ATTACHMENT, True, UNSAID, None, None),
    ("hidden text", FieldKind.TEXT, True, Detail(show_if=ShowIf("hidden")), None, None),
)


def places():
    for row, (key, *_) in enumerate(WANTED):
        yield key, 60 + 250 * (row % 2), 400 + 50 * (row // 2)


def place(made, envelope_id, wanted=WANTED):
    seen = envelopes.show_envelope(made.db, acting=made.world.manager, envelope_id=envelope_id)
    spots = {key: (x, y) for key, x, y in places()}
    fields = [
        placed_fields.NewField(
            None,
            seen.recipients[0].id,
            kind,
            2,
            *spots[key],
            *SIZES.get(kind, (150, 20)),
            required=required,
            label=key,
            detail=detail,
            key=key,
        )
        for key, kind, required, detail, *_ in wanted
    ]
    placed_fields.place_fields(
        made.db, made.vault, acting=made.world.manager, envelope_id=envelope_id, fields=fields, now=NOW
    )


@pytest.fixture
def envelope_id(made, client):
    envelope_id = signing.draft(made, (client, 1))
    place(made, envelope_id)
    return envelope_id


def answers(made, client, envelope_id, **changed):
    """Return what the signer sends, by the label of the field."""
    wanted = {key: answer for key, _, _, _, answer, _ in WANTED if answer is not None} | changed
    own = signing.ceremony(made, client, envelope_id).fields
    return {field.id: wanted[field.label] for field in own if wanted.get(field.label) is not None}


def shown(made, envelope_id):
    return placed_fields.show_fields(made.db, made.vault, acting=made.world.manager, envelope_id=envelope_id)


def test_what_was_said_of_fields_comes_back_with_conditions_on_the_right_ones(made, envelope_id):
    fields = shown(made, envelope_id)
    by_label = {field.label: field for field in fields}
    assert by_label["number"].detail == Detail(least=Decimal(1), decimals=2)
    assert by_label["seen"].detail.show_if == ShowIf(by_label["list"].id, "by mail")
    assert by_label["hidden text"].detail.show_if == ShowIf(by_label["hidden"].id)


MISFITS = [
    ({"kind": FieldKind.SIGNATURE}, "cannot have digits"),
    ({"detail": Detail(show_if=ShowIf("nothing"))}, "same person does not have"),
    ({"key": "sign"}, "same key"),
]


def test_what_does_not_fit_changes_nothing(made, envelope_id):
    seen = envelopes.show_envelope(made.db, acting=made.world.manager, envelope_id=envelope_id)
    person = seen.recipients[0].id
    signature = placed_fields.NewField(None, person, FieldKind.SIGNATURE, 1, 60, 60, 170, 44, key="sign")
    before = made.world.rows()
    for change, words in MISFITS:
        said = {"kind": FieldKind.NUMBER, "detail": Detail(decimals=2), "key": "n"} | change
        number = placed_fields.NewField(None, person, page=1, x=60, y=200, w=100, h=20, **said)
        with pytest.raises(FieldRefused, match=words):
            placed_fields.place_fields(
                made.db,
                made.vault,
                acting=made.world.manager,
                envelope_id=envelope_id,
                fields=[signature, number],
                now=NOW,
            )
    assert made.world.rows() == before


def test_every_kind_stands_in_the_sealed_file_with_its_value_and_its_ink(made, client, envelope_id):
    signing.send(made, envelope_id)
    hand_in(made, client, envelope_id, "passport.png", b"a picture")
    signing.sign(made, client, envelope_id, answers=answers(made, client, envelope_id))
    signing.advance(made, envelope_id)
    content = signing.content(made, client, envelope_id, "signed")
    with signing.as_scratch(content) as signed:
        assert validate.validate(made.pdf, signed, roots=made.authority.roots).verdict is Verdict.VALID
    assert values(content) == {key: value for key, *_, value in WANTED if key not in {"sign", "passport"}}
    blank = {"hidden", "hidden text", "passport"}
    drawn = dict(ink(content))
    assert {key for key, dark in drawn.items() if not dark} == blank
    assert drawn["two"] > 1.5 * drawn["one"], "the chosen button has a dot"
    assert drawn["tick"] > 1.2 * drawn["seen"], "the ticked box has a tick"


def values(content):
    """Return the value of each field, by its label."""
    with pikepdf.open(io.BytesIO(content)) as pdf:
        fields = [field for field in pdf.Root.AcroForm.Fields if pikepdf.Name.Sig != field.FT]
        found = {str(field.TU): field.get("/V") for field in fields}
        assert all(int(field.get("/Ff", 0)) & 1 for field in fields if "/V" in field and field.V != "/Off")
        return {
            label.removeprefix("Pay: "): None if value is None else str(value)
            for label, value in found.items()
        }


def ink(content):
    """Yield the label of each field with how much of its place is dark."""
    page = pypdfium2.PdfDocument(content)
    page.init_forms()
    picture = page[1].render(scale=3, draw_annots=True, may_draw_forms=True).to_pil().convert("L")
    kinds = {key: kind for key, kind, *_ in WANTED}
    for key, x, y in places():
        w, h = SIZES.get(kinds[key], (150, 20))
        box = picture.crop((int(3 * x), int(3 * y), int(3 * (x + w)), int(3 * (y + h))))
        yield key, sum(box.histogram()[:160])


REFUSED = [
    ({"number": "0.5"}, AnswerRefused, "at least 1"),
    ({"list": "by dove"}, AnswerRefused, "one of the choices"),
    ({"email": "nobody"}, AnswerRefused, "e-mail"),
    ({"one": True}, AnswerRefused, "only one"),
    ({"locked": "Net 90"}, AnswerRefused, "cannot be changed"),
    ({"today": "2020-01-01"}, AnswerRefused, "by itself"),
    ({"two": None}, rules.FieldsMissing, "2 required fields are"),
    ({"two": None, "one": True}, rules.FieldsMissing, "1 required field is"),
]


def test_signing_holds_to_what_the_sender_asked_for(made, client, envelope_id):
    signing.send(made, envelope_id)
    with pytest.raises(rules.FieldsMissing, match="1 required field is"):
        signing.sign(made, client, envelope_id, answers=answers(made, client, envelope_id))
    hand_in(made, client, envelope_id, "passport.png", b"a picture")
    for changed, refusal, words in REFUSED:
        with pytest.raises(refusal, match=words):
            signing.sign(made, client, envelope_id, answers=answers(made, client, envelope_id, **changed))
    assert signing.ceremony(made, client, envelope_id).signed_at is None


@pytest.mark.promise(56)
def test_what_is_prefilled_or_kept_is_sealed(made, client, envelope_id):
    signing.send(made, envelope_id)
    keep(made, client, envelope_id, email="c@example.com")
    with made.db.reading() as tx:
        stored = [
            repr(tuple(row))
            for table in (tables.fields, tables.kept_answers)
            for row in tx.connection.execute(select(table))
        ]
    assert len(stored) == len(WANTED) + 1
    assert not [row for row in stored if "c@example.com" in row or "Net 30" in row]
    assert "Net 30" in {field.detail.prefilled for field in shown(made, envelope_id)}


def keep(made, acting, envelope_id, now=NOW, **values):
    """Keep these values, by the label of the field."""
    own = signing.ceremony(made, acting, envelope_id).fields
    kept = {field.id: values[field.label] for field in own if field.label in values}
    kept_answers.keep_answers(
        made.db, made.vault, acting=acting, envelope_id=envelope_id, answers=kept, now=now
    )


def held(made, acting, envelope_id):
    """Return what the fields of a signer hold when they come to them, by label."""
    seen = signing.ceremony(made, acting, envelope_id)
    return {field.label: seen.answers[field.id] for field in seen.fields if field.id in seen.answers}


def test_answers_are_kept_for_later_but_never_a_signature(made, client, envelope_id):
    signing.send(made, envelope_id)
    assert held(made, client, envelope_id) == {"locked": "Net 30"}
    keep(made, client, envelope_id, sign=True, number="7", one=True)
    keep(made, client, envelope_id, sign=True, number="8", two=True)
    assert held(made, signing.other_session(client), envelope_id) == {
        "locked": "Net 30",
        "number": "8.00",
        "two": True,
    }
    with pytest.raises(AnswerRefused, match="at least 1"):
        keep(made, client, envelope_id, number="0")
    assert held(made, client, envelope_id)["number"] == "8.00"


def test_what_was_kept_goes_when_it_is_signed_declined_or_voided(made, client):
    ends = {
        "sign": lambda one: (
            hand_in(made, client, one, "a.png", b"x")
            and signing.sign(made, client, one, answers=answers(made, client, one))
        ),
        "decline": lambda one: ceremonies.decline_envelope(
            made.db, made.vault, acting=client, envelope_id=one, reason="No.", now=NOW
        ),
        "void": lambda one: envelopes.void_envelope(
            made.db, made.vault, acting=made.world.manager, envelope_id=one, reason="No.", now=NOW
        ),
    }
    for end in ends.values():
        envelope_id = signing.draft(made, (client, 1))
        place(made, envelope_id)
        signing.send(made, envelope_id)
        keep(made, client, envelope_id, number="7")
        assert made.world.rows()["kept_answers"]
        end(envelope_id)
        assert not made.world.rows()["kept_answers"]


def test_nobody_keeps_answers_before_their_turn_or_after_it(made, client):
    envelope_id = signing.sent(made)
    with pytest.raises(rules.NotYourTurn):
        keep(made, made.world.manager, envelope_id)
    signing.sign(made, client, envelope_id)
    with pytest.raises(rules.AlreadySigned):
        keep(made, client, envelope_id)


def test_fields_that_a_document_brings_along_are_suggested_until_they_are_placed(made, client):
    body = '#set page(paper: "a4")\nSigned by {{signature:1}} as {{text:1:Job title}}, not {{date:2}}.'
    document_id = signing.add_document(made, typst.compile(body.encode()))
    envelope_id = drafts.create_envelope(
        made.db,
        made.vault,
        made.pdf,
        acting=made.world.manager,
        document_ids=[document_id],
        title="Tags",
        recipients=[drafts.NewRecipient(client.person_id, 1)],
        now=NOW,
    )
    with made.db.reading() as tx:
        sealed = repr(tx.connection.execute(select(tables.found_fields)).all())
    assert "Job title" not in sealed
    suggested = suggestions(made, envelope_id)
    person = (
        envelopes.show_envelope(made.db, acting=made.world.manager, envelope_id=envelope_id).recipients[0].id
    )
    found = [(one.kind, one.label, one.recipient_id) for one in suggested]
    assert found == [(FieldKind.SIGNATURE, "", person), (FieldKind.TEXT, "Job title", person)]
    assert len(suggestions(made, envelope_id)) == 2
    taken = [
        placed_fields.NewField(
            None, one.recipient_id, one.kind, one.page, one.x, one.y, one.w, one.h, label=one.label
        )
        for one in suggested
    ]
    placed_fields.place_fields(
        made.db, made.vault, acting=made.world.manager, envelope_id=envelope_id, fields=taken[:1], now=NOW
    )
    assert [one.kind for one in suggestions(made, envelope_id)] == [FieldKind.TEXT]
    signing.send(made, envelope_id)
    assert suggestions(made, envelope_id) == []
    assert made.world.rows()["found_fields"] == 0


def suggestions(made, envelope_id):
    return placed_fields.suggest_fields(
        made.db, made.vault, acting=made.world.manager, envelope_id=envelope_id
    )


def hand_in(made, acting, envelope_id, name, content, label="passport"):
    fields = signing.ceremony(made, acting, envelope_id).fields
    return attachments.attach_file(
        made.db,
        made.vault,
        acting=acting,
        envelope_id=envelope_id,
        field_id=next(field.id for field in fields if field.label == label),
        filename=name,
        content=content,
        now=NOW,
    )


def files(made, acting, envelope_id):
    return [one.name for one in attachments.list_files(made.db, acting=acting, envelope_id=envelope_id)]


def opened(made, acting, envelope_id, attachment_id):
    found = attachments.open_file(
        made.db,
        made.vault,
        acting=acting,
        envelope_id=envelope_id,
        attachment_id=attachment_id,
        now=NOW,
    )
    return b"".join(found.open_range(0, found.size))


def test_a_file_that_was_handed_in_goes_to_everybody_once_all_have_signed(made, client, envelope_id):
    manager = made.world.manager
    signing.send(made, envelope_id)
    hand_in(made, client, envelope_id, "wrong.png", b"another")
    kept = hand_in(made, client, envelope_id, "passport.png", b"a picture")
    assert files(made, client, envelope_id) == ["passport.png"]
    assert files(made, manager, envelope_id) == []
    with pytest.raises(NotFound):
        opened(made, manager, envelope_id, kept.id)
    signing.sign(made, client, envelope_id, answers=answers(made, client, envelope_id))
    signing.advance(made, envelope_id)
    assert files(made, manager, envelope_id) == ["passport.png"]
    assert opened(made, manager, envelope_id, kept.id) == b"a picture"
    with pikepdf.open(io.BytesIO(signing.content(made, manager, envelope_id, "certificate"))) as certificate:
        words = pypdfium2.PdfDocument(signing.content(made, manager, envelope_id, "certificate"))
        text = "".join(page.get_textpage().get_text_range() for page in words)
        assert "passport.png" in text
        assert kept.sha256[:8] in text
        assert kept.sha256.encode() in bytes(certificate.attachments["audit.json"].get_file().read_bytes())
    bundle = evidence(made, envelope_id)
    evidence_format.verify(io.BytesIO(bundle), key=made.log_key.public)
    with zipfile.ZipFile(io.BytesIO(bundle)) as archive:
        assert archive.read("files/01 passport.png") == b"a picture"
    with pytest.raises(evidence_format.EvidenceRefused, match="handed in with a signature"):
        evidence_format.verify(io.BytesIO(exchanged(bundle)), key=made.log_key.public)


def evidence(made, envelope_id):
    found = evidence_bundles.take_evidence(
        made.db,
        made.vault,
        made.pdf,
        made.authority,
        made.log_key,
        acting=made.world.manager,
        envelope_id=envelope_id,
        now=NOW,
    )
    return b"".join(found.parts)


def exchanged(bundle):
    """Put another file in the place of the one that was handed in, with sums that agree."""
    with zipfile.ZipFile(io.BytesIO(bundle)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    parts["files/01 passport.png"] = b"another"
    kept = [name for name in parts if name != "SHA256SUMS"]
    parts["SHA256SUMS"] = "".join(
        f"{hashlib.sha256(parts[name]).hexdigest()}  {name}\n" for name in kept
    ).encode()
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, body in parts.items():
            archive.writestr(name, body)
    return made.getvalue()


def test_a_file_that_is_refused_or_taken_back_is_not_handed_in(made, client, envelope_id):
    signing.send(made, envelope_id)
    signing.ceremony(made, client, envelope_id)
    before = made.world.rows()
    most = 10 * 1024 * 1024
    for content, words in ((b"", "empty"), (b"x" * (most + 1), "too large")):
        with pytest.raises(attachments.AttachmentRefused, match=words):
            hand_in(made, client, envelope_id, "a.png", content)
    with pytest.raises(NotFound):
        hand_in(made, client, envelope_id, "a.png", b"x", label="email")
    assert made.world.rows() == before
    kept = hand_in(made, client, envelope_id, "a.png", b"x")
    attachments.remove_file(made.db, acting=client, envelope_id=envelope_id, field_id=kept.field_id, now=NOW)
    assert files(made, client, envelope_id) == []


@pytest.mark.promise(34)
def test_nobody_signs_with_a_file_that_did_not_pass_the_scanner(made, client, envelope_id, monkeypatch):
    signing.send(made, envelope_id)
    monkeypatch.setattr(made.vault, "_scanning", True)
    kept = hand_in(made, client, envelope_id, "passport.png", b"a picture")
    for scan, words in (("waiting", "still being checked"), ("infected", "Malware was found")):
        with made.db.transaction() as tx:
            chosen = update(tables.versions).where(tables.versions.c.id == kept.version_id)
            tx.connection.execute(chosen.values(scan=scan))
        with pytest.raises(FileNotFit, match=words):
            signing.sign(made, client, envelope_id, answers=answers(made, client, envelope_id))
        with pytest.raises((NotScanned, Quarantined)):
            opened(made, client, envelope_id, kept.id)
    assert "scan_version" in signing.queued(made)

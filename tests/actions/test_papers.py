"""Signing on paper: sheets are added, handed in with a second factor, looked at by the sender, and become evidence."""

import hashlib
import io
import zipfile
from datetime import timedelta

import pikepdf
import pypdfium2
import pytest
from PIL import Image
from sqlalchemy import select, update

from docvault.actions import (
    ceremonies,
    deadlines,
    delegations,
    drafts,
    envelopes,
    evidence_bundles,
    paper_checks,
    papers,
)
from docvault.audit import evidence as evidence_format
from docvault.database import tables
from docvault.database.step_ups import StepUpInvalid
from docvault.pdf.errors import PasswordProtected, PictureUnreadable
from docvault.pdf.reasons import Verdict
from docvault.policy.engine import Forbidden
from docvault.policy.vocabulary import Role
from docvault.rules import envelopes as rules
from docvault.rules.attachments import FileNotFit
from docvault.rules.envelopes import AlreadySigned, EnvelopeIncomplete
from docvault.rules.papers import NothingToCheck, PaperForbidden, PaperRefused
from docvault.values import NotFound
from docvault.vault.errors import NotScanned, Quarantined

from . import envelope_world as signing
from .world import NOW, person

ON_PAPER = drafts.Wishes(may_use_paper=True)
GPS = 0x8825  # the tag of a photograph's place (Exif 2.32, table 4)


@pytest.fixture
def made(tmp_path, pdf, database_url):
    yield from signing.standing(tmp_path, pdf, database_url)


@pytest.fixture
def client(made):
    return made.world.client


@pytest.fixture
def manager(made):
    return made.world.manager


def sent(made, *turns, wishes=ON_PAPER):
    envelope_id = signing.draft(made, *turns, wishes=wishes)
    signing.place(made, envelope_id)
    signing.send(made, envelope_id)
    return envelope_id


def photograph(size=(60, 90), turned=False):
    """Return a JPEG whose left half is black; turned: the camera was held sideways, and says where it was."""
    picture = Image.new("L", size, 255)
    picture.paste(0, (0, 0, size[0] // 2, size[1]))
    notes = Image.Exif()
    if turned:
        notes[0x0112] = 6  # to be turned by 90 degrees clockwise
        notes[GPS] = {1: "N", 2: (52.0, 13.0, 0.0)}
    packed = io.BytesIO()
    picture.save(packed, "JPEG", exif=notes)
    return packed.getvalue()


def scanned(pages=2, password=""):
    pdf = pikepdf.new()
    for _ in range(pages):
        pdf.add_blank_page()
    packed = io.BytesIO()
    pdf.save(packed, encryption=pikepdf.Encryption(user=password, owner=password) if password else False)
    return packed.getvalue()


def add(made, acting, envelope_id, content, name="page.jpg", now=NOW):
    return papers.add_sheet(
        made.db,
        made.vault,
        made.pdf,
        acting=acting,
        envelope_id=envelope_id,
        filename=name,
        content=content,
        now=now,
    )


def hand_in(made, acting, envelope_id, digest=None, proof=None, now=NOW):
    if digest is None:
        digest = papers.show_paper(made.db, acting=acting, envelope_id=envelope_id, now=now).digest
    papers.hand_in(
        made.db,
        made.vault,
        made.pdf,
        acting=acting,
        envelope_id=envelope_id,
        digest=digest,
        step_up_id=proof or signing.step_up(made, acting, digest, now),
        now=now,
    )


def listed(made, acting, envelope_id):
    return paper_checks.list_papers(made.db, acting=acting, envelope_id=envelope_id)


def accept(made, acting, envelope_id, now=NOW):
    (scan,) = [one for one in listed(made, acting, envelope_id) if one.waits]
    paper_checks.accept_paper(
        made.db, made.vault, acting=acting, envelope_id=envelope_id, paper_id=scan.id, now=now
    )
    return scan


def send_back(made, acting, envelope_id, reason="Page 2 is missing", now=NOW):
    (scan,) = listed(made, acting, envelope_id)
    paper_checks.return_paper(
        made.db,
        made.vault,
        acting=acting,
        envelope_id=envelope_id,
        paper_id=scan.id,
        reason=reason,
        now=now,
    )


def read(made, acting, envelope_id, paper_id):
    file = paper_checks.open_paper(
        made.db, made.vault, acting=acting, envelope_id=envelope_id, paper_id=paper_id, now=NOW
    )
    return b"".join(file.open_range(0, file.size))


def states(made, envelope_id):
    seen = envelopes.show_envelope(made.db, acting=made.world.manager, envelope_id=envelope_id)
    return [one.state for one in seen.recipients], seen.state


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


def test_a_scan_that_the_sender_accepted_stands_for_the_signature_and_is_in_all_evidence(
    made, client, manager
):
    envelope_id = sent(made, (client, 1), (manager, 2))
    add(made, client, envelope_id, photograph())
    add(made, client, envelope_id, scanned(2), "rest.pdf")
    hand_in(made, client, envelope_id)
    assert states(made, envelope_id) == (["handed-in", "waiting"], rules.State.SENT)
    assert ("paper_to_check", manager.email) in signing.mails(made)
    scan = accept(made, manager, envelope_id)
    assert states(made, envelope_id)[0] == ["paper", "notified"]
    signing.sign(made, manager, envelope_id)
    signing.advance(made, envelope_id)

    with signing.as_scratch(signing.content(made, manager, envelope_id, "signed")) as signed:
        report = made.authority.validate(made.pdf, signed)
    assert report.verdict is Verdict.VALID
    assert [one.signer for one in report.signatures if one.kind == "signature"][:1] == [manager.name]
    whole = read(made, client, envelope_id, scan.id)
    assert (hashlib.sha256(whole).hexdigest(), scan.pages) == (scan.sha256, 3)
    certificate = signing.content(made, manager, envelope_id, "certificate")
    words = " ".join(
        page.get_textpage().get_text_range() for page in pypdfium2.PdfDocument(certificate)
    ).split()
    assert "Signed by hand on paper, so no electronic signature was made." in " ".join(words)
    with pikepdf.open(io.BytesIO(certificate)) as opened:
        assert opened.attachments["signed-by-hand-1.pdf"].get_file().read_bytes() == whole
    bundle = evidence(made, envelope_id)
    evidence_format.verify(io.BytesIO(bundle), key=made.log_key.public)
    name = f"papers/01 {client.name} (signed by hand).pdf"
    with zipfile.ZipFile(io.BytesIO(bundle)) as archive:
        assert archive.read(name) == whole
    with pytest.raises(evidence_format.EvidenceRefused, match="the sender accepted"):
        evidence_format.verify(io.BytesIO(exchanged(bundle, name)), key=made.log_key.public)


def exchanged(bundle, name):
    """Put another file in the place of a scan, with sums that agree."""
    with zipfile.ZipFile(io.BytesIO(bundle)) as archive:
        parts = {each: archive.read(each) for each in archive.namelist()} | {name: b"another"}
    sums = [
        f"{hashlib.sha256(body).hexdigest()}  {each}\n"
        for each, body in parts.items()
        if each != "SHA256SUMS"
    ]
    parts["SHA256SUMS"] = "".join(sums).encode()
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for each, body in parts.items():
            archive.writestr(each, body)
    return made.getvalue()


def test_an_envelope_that_everybody_signed_on_paper_is_sealed_and_valid(made, client, manager):
    envelope_id = sent(made, (client, 1))
    add(made, client, envelope_id, scanned())
    hand_in(made, client, envelope_id)
    accept(made, manager, envelope_id)
    assert "advance_envelope" in signing.queued(made)
    signing.advance(made, envelope_id)
    assert states(made, envelope_id) == (["paper"], rules.State.COMPLETED)
    with signing.as_scratch(signing.content(made, manager, envelope_id, "signed")) as signed:
        report = made.authority.validate(made.pdf, signed)
    assert report.verdict is Verdict.VALID
    assert sum(one.kind == "signature" for one in report.signatures) == 1
    evidence_format.verify(io.BytesIO(evidence(made, envelope_id)), key=made.log_key.public)


def test_a_scan_that_was_sent_back_can_be_replaced_or_signed_in_the_browser(made, client, manager):
    envelope_id = sent(made, (client, 1), (manager, 2))
    add(made, client, envelope_id, scanned(1))
    hand_in(made, client, envelope_id)
    send_back(made, manager, envelope_id)
    assert ("paper_returned", client.email) in signing.mails(made)
    view = papers.show_paper(made.db, acting=client, envelope_id=envelope_id, now=NOW)
    assert (view.returned, view.sheets) == ("Page 2 is missing", ())
    add(made, client, envelope_id, scanned(2))
    hand_in(made, client, envelope_id)
    assert [one.pages for one in listed(made, manager, envelope_id)] == [2]
    send_back(made, manager, envelope_id)
    signing.sign(made, client, envelope_id)
    signing.sign(made, manager, envelope_id)
    signing.advance(made, envelope_id)
    assert states(made, envelope_id) == (["signed", "signed"], rules.State.COMPLETED)
    with zipfile.ZipFile(io.BytesIO(evidence(made, envelope_id))) as archive:
        assert not [name for name in archive.namelist() if name.startswith("papers/")]


def test_whoever_takes_a_part_over_gets_nothing_of_the_one_before(made, client, manager):
    other = person(made.db, "Ben Colleague", Role.CLIENT, made.world.acme)
    envelope_id = sent(made, (client, 1))
    add(made, client, envelope_id, scanned(1))
    hand_in(made, client, envelope_id)
    send_back(made, manager, envelope_id)
    add(made, client, envelope_id, scanned(2))
    delegations.delegate_part(
        made.db,
        made.vault,
        acting=client,
        envelope_id=envelope_id,
        to=other.person_id,
        reason="On leave",
        now=NOW,
    )
    view = papers.show_paper(made.db, acting=other, envelope_id=envelope_id, now=NOW)
    assert (view.sheets, view.returned) == ((), "")
    assert listed(made, other, envelope_id) == []


def test_paper_needs_the_word_of_the_sender_and_of_the_policy(made, client, monkeypatch):
    envelope_id = sent(made, (client, 1), wishes=drafts.Wishes())
    with pytest.raises(PaperForbidden):
        add(made, client, envelope_id, scanned())
    allowed = sent(made, (client, 1))
    assert signing.ceremony(made, client, allowed).may_use_paper
    numbers = made.db.policy.numbers
    monkeypatch.setattr(type(numbers.signing), "may_use_paper", property(lambda _: False), raising=False)
    assert not signing.ceremony(made, client, allowed).may_use_paper
    with pytest.raises(PaperForbidden):
        add(made, client, allowed, scanned())


def test_who_may_not_sign_can_neither_add_nor_accept(made, client, manager):
    envelope_id = sent(made, (client, 1), (manager, 2))
    stranger = person(made.db, "Nora Neighbour", Role.CLIENT, made.world.acme)
    with pytest.raises((NotFound, Forbidden)):
        add(made, stranger, envelope_id, scanned())
    with pytest.raises(rules.NotYourTurn):
        add(made, manager, envelope_id, scanned())
    sheet = add(made, client, envelope_id, scanned()).sheets[0]
    for acting in (manager, stranger):
        with pytest.raises((NotFound, Forbidden, rules.NotYourTurn)):
            papers.sheet_image(
                made.db,
                made.vault,
                made.pdf,
                acting=acting,
                envelope_id=envelope_id,
                sheet_id=sheet.id,
                page=1,
                width=600,
                now=NOW,
            )
    hand_in(made, client, envelope_id)
    (scan,) = listed(made, client, envelope_id)
    with pytest.raises(Forbidden):
        paper_checks.accept_paper(
            made.db, made.vault, acting=client, envelope_id=envelope_id, paper_id=scan.id, now=NOW
        )


def test_others_see_a_scan_only_once_the_envelope_is_completed(made, client, manager):
    other = person(made.db, "Ben Colleague", Role.CLIENT, made.world.acme)
    envelope_id = sent(made, (client, 1), (other, 1))
    add(made, client, envelope_id, scanned())
    hand_in(made, client, envelope_id)
    (scan,) = listed(made, manager, envelope_id)
    assert listed(made, other, envelope_id) == []
    with pytest.raises(NotFound):
        read(made, other, envelope_id, scan.id)
    accept(made, manager, envelope_id)
    signing.sign(made, other, envelope_id)
    signing.advance(made, envelope_id)
    assert read(made, other, envelope_id, scan.id)


@pytest.mark.promise(17)
def test_handing_in_takes_a_fresh_proof_for_exactly_the_sheets_that_were_looked_at(made, client):
    envelope_id = sent(made, (client, 1))
    looked_at = add(made, client, envelope_id, scanned(1)).digest
    proof = signing.step_up(made, client, looked_at)
    now = add(made, client, envelope_id, scanned(2))
    before = made.world.rows()
    with pytest.raises(PaperRefused, match="changed"):
        hand_in(made, client, envelope_id, looked_at, proof)
    with pytest.raises(StepUpInvalid):
        hand_in(made, client, envelope_id, now.digest, proof)
    seen = signing.ceremony(made, client, envelope_id)
    with pytest.raises(StepUpInvalid):
        hand_in(made, client, envelope_id, now.digest, signing.step_up(made, client, seen.digest))
    assert listed(made, client, envelope_id) == []
    after = made.world.rows()
    assert {name: after[name] for name in ("papers", "paper_sheets", "recipients")} == {
        name: before[name] for name in ("papers", "paper_sheets", "recipients")
    }
    hand_in(made, client, envelope_id)
    assert len(listed(made, client, envelope_id)) == 1


def test_while_the_sender_looks_nobody_else_is_asked_reminded_or_out_of_time(made, client, manager):
    due = NOW + timedelta(days=2)
    wishes = drafts.Wishes(due_at=due, reminder_days=1, may_use_paper=True)
    envelope_id = sent(made, (client, 1), wishes=wishes)
    add(made, client, envelope_id, scanned())
    hand_in(made, client, envelope_id)
    late = NOW + timedelta(days=5)
    deadlines.look_after(made.db, made.vault.records, now=late)
    assert states(made, envelope_id) == (["handed-in"], rules.State.SENT)
    assert not [one for one in signing.mails(made) if one[0] in {"sign_reminder", "envelope_expired"}]
    with pytest.raises(AlreadySigned):
        ceremonies.decline_envelope(
            made.db, made.vault, acting=client, envelope_id=envelope_id, reason="No", now=late
        )
    accept(made, manager, envelope_id, late)
    assert states(made, envelope_id)[1] is rules.State.COMPLETING


def test_a_scan_is_decided_on_once_and_sent_back_only_with_a_reason(made, client, manager):
    envelope_id = sent(made, (client, 1), (manager, 2))
    add(made, client, envelope_id, scanned())
    hand_in(made, client, envelope_id)
    before = made.world.rows()
    with pytest.raises(EnvelopeIncomplete):
        send_back(made, manager, envelope_id, " ")
    assert made.world.rows() == before
    scan = accept(made, manager, envelope_id)
    with pytest.raises(NothingToCheck):
        send_back(made, manager, envelope_id)
    with pytest.raises(NothingToCheck):
        paper_checks.accept_paper(
            made.db, made.vault, acting=manager, envelope_id=envelope_id, paper_id=scan.id, now=NOW
        )


@pytest.mark.parametrize(
    ("content", "error", "words"),
    [
        (b"", PaperRefused, "empty"),
        (b"x" * (10 * 1024**2 + 1), PaperRefused, "up to 10"),
        (b"a letter", PictureUnreadable, "neither a PDF nor a picture"),
        (scanned(1, password="secret"), PasswordProtected, "password"),
    ],
    ids=["empty", "too large", "text", "locked"],
)
def test_what_is_no_scan_is_refused_in_words_and_leaves_nothing(made, client, content, error, words):
    envelope_id = sent(made, (client, 1))
    signing.ceremony(made, client, envelope_id)
    before = made.world.rows()
    with pytest.raises(error, match=words):
        add(made, client, envelope_id, content)
    assert made.world.rows() == before


def test_sheets_have_a_number_a_sum_and_tries(made, client, monkeypatch):
    envelope_id = sent(made, (client, 1))
    signings = type(made.db.policy.numbers.signing)
    monkeypatch.setattr(signings, "max_paper_sheets", property(lambda _: 2), raising=False)
    first = add(made, client, envelope_id, scanned())
    monkeypatch.setattr(
        signings, "max_paper_bytes", property(lambda _: first.sheets[0].size + 10), raising=False
    )
    with pytest.raises(PaperRefused, match="All files together"):
        add(made, client, envelope_id, scanned())
    monkeypatch.undo()
    monkeypatch.setattr(signings, "max_paper_sheets", property(lambda _: 2), raising=False)
    add(made, client, envelope_id, scanned())
    with pytest.raises(PaperRefused, match="up to 2 files"):
        add(made, client, envelope_id, scanned())
    for _ in range(papers.TRIES * 2 - 2):
        sheet = papers.show_paper(made.db, acting=client, envelope_id=envelope_id, now=NOW).sheets[0]
        papers.remove_sheet(made.db, acting=client, envelope_id=envelope_id, sheet_id=sheet.id, now=NOW)
        add(made, client, envelope_id, scanned())
    papers.remove_sheet(
        made.db,
        acting=client,
        envelope_id=envelope_id,
        sheet_id=papers.show_paper(made.db, acting=client, envelope_id=envelope_id, now=NOW).sheets[0].id,
        now=NOW,
    )
    with pytest.raises(PaperRefused, match="too many files"):
        add(made, client, envelope_id, scanned())


def test_a_photograph_stands_upright_and_says_nothing_of_its_camera_and_a_pdf_keeps_every_byte(made, client):
    envelope_id = sent(made, (client, 1))
    add(made, client, envelope_id, photograph((90, 60), turned=True))
    pdf = scanned(3)
    sheets = add(made, client, envelope_id, pdf, "scan.pdf").sheets
    picture, kept = (stored(made, one.version_id) for one in sheets)
    assert kept == pdf
    drawn = pypdfium2.PdfDocument(picture)[0].render(scale=1).to_pil().convert("L")
    assert drawn.width < drawn.height
    assert drawn.getpixel((drawn.width // 2, 20)) < 40  # what was on the left lies on top
    assert drawn.getpixel((drawn.width // 2, drawn.height - 20)) > 215
    assert b"Exif" not in picture
    assert b"GPS" not in picture


def stored(made, version_id):
    opened = made.vault.open_version(made.db, version_id)
    return b"".join(opened.range(0, opened.size))


def test_sheets_are_bound_in_order_also_when_they_are_many(made, client, manager):
    envelope_id = sent(made, (client, 1))
    shades = [index * 9 for index in range(26)]
    for shade in shades:
        packed = io.BytesIO()
        Image.new("L", (20, 30), shade).save(packed, "PNG")
        add(made, client, envelope_id, packed.getvalue(), f"{shade}.png")
    hand_in(made, client, envelope_id)
    (scan,) = listed(made, manager, envelope_id)
    whole = pypdfium2.PdfDocument(read(made, manager, envelope_id, scan.id))
    found = [page.render(scale=0.1).to_pil().convert("L").getpixel((5, 5)) for page in whole]
    assert [round(one / 9) for one in found] == [round(one / 9) for one in shades]


@pytest.mark.promise(34)
def test_nobody_hands_in_or_sees_a_sheet_that_did_not_pass_the_scanner(made, client, monkeypatch):
    envelope_id = sent(made, (client, 1))
    monkeypatch.setattr(made.vault, "_scanning", True)
    sheet = add(made, client, envelope_id, scanned()).sheets[0]
    assert "scan_version" in signing.queued(made)
    for scan, words in (("waiting", "still being checked"), ("infected", "Malware was found")):
        with made.db.transaction() as tx:
            chosen = update(tables.versions).where(tables.versions.c.id == sheet.version_id)
            tx.connection.execute(chosen.values(scan=scan))
        with pytest.raises(FileNotFit, match=words):
            hand_in(made, client, envelope_id)
        with pytest.raises((NotScanned, Quarantined)):
            papers.sheet_image(
                made.db,
                made.vault,
                made.pdf,
                acting=client,
                envelope_id=envelope_id,
                sheet_id=sheet.id,
                page=1,
                width=600,
                now=NOW,
            )


def test_the_trail_names_who_signed_by_hand_and_who_accepted_it(made, client, manager):
    envelope_id = sent(made, (client, 1))
    add(made, client, envelope_id, scanned())
    hand_in(made, client, envelope_id)
    accept(made, manager, envelope_id)
    with made.db.reading() as tx:
        chosen = select(tables.audit_entries.c.kind).order_by(tables.audit_entries.c.index)
        kinds = tx.connection.execute(chosen).scalars().all()
    told = [kind for kind in kinds if "sheet" in kind or "paper" in kind]
    assert told == [
        "envelope:recipient:sheet-added",
        "envelope:recipient:paper-handed-in",
        "envelope:recipient:paper-accepted",
    ]

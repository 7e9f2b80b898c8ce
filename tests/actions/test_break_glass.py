"""A compliance officer opens one document's pages for a while, with a reason that everybody in charge reads."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from docvault.actions import step_ups
from docvault.actions.break_glass import PURPOSE, break_glass_of, digest_to_confirm
from docvault.actions.documents import open_pages, read_document, show_document
from docvault.database import acting as actors
from docvault.database import audit_trail, documents, folder_members, messages, people, tables
from docvault.database.audit_trail import Filters
from docvault.database.step_ups import StepUpInvalid
from docvault.policy.engine import Forbidden
from docvault.policy.vocabulary import Role
from docvault.rules.glass import GlassRefused
from docvault.values import NotFound, new_id

from .members import join, with_mail
from .test_documents import brought, written_pdf
from .world import NOW, person

WHY = "The regulator asks which price was agreed."
MINUTES = 60


@pytest.fixture
def world(tmp_path, database_url):
    yield from with_mail(tmp_path, database_url)


@pytest.fixture
def document(world, pdf):
    return brought(world, pdf, "Contract.pdf", written_pdf("Payment within thirty days"))


@pytest.fixture
def officer(world):
    return join(world, "iris@example.com", Role.COMPLIANCE_OFFICER)


def proof(world, officer, digest, purpose=PURPOSE):
    return step_ups.confirm_step_up(
        world.db,
        world.vault.records,
        acting=officer.acting,
        purpose=purpose,
        digest=digest,
        code=officer.code(),
        now=officer.now,
    ).id


def break_it(world, acting, document, step_up, reason=WHY, now=NOW, number=None):
    return break_glass_of(
        world.db,
        world.vault.records,
        acting=acting,
        document_id=document.id,
        number=number,
        reason=reason,
        step_up_id=step_up,
        now=now,
    )


def broken(world, officer, document):
    return break_it(
        world, officer.acting, document, proof(world, officer, document.versions[0].sha256), now=officer.now
    )


def now_of(world, officer, moment):
    with world.db.reading() as tx:
        person = people.by_id(tx, officer.acting.person_id)
        return actors.of(tx, person, at=moment, session_id=officer.acting.session_id)


def read(world, pdf, acting, document, now):
    return open_pages(world.db, world.vault, pdf, acting=acting, document_id=document.id, now=now)


def newest(world):
    with world.db.reading() as tx:
        return audit_trail.page(tx, Filters(), after=None, limit=1).items[0]


def mail(world):
    with world.db.reading() as tx:
        rows = messages.newest(tx, world.vault.records, after=None, limit=50).items
    return {one.recipient: one.values for one in rows if one.template == "glass_broken"}


@pytest.mark.promise(28)
def test_pages_open_for_the_time_that_was_set_and_not_a_moment_longer(world, pdf, document, officer):
    acting = officer.acting
    with pytest.raises(Forbidden):
        read(world, pdf, acting, document, officer.now)
    until = broken(world, officer, document)
    assert until == officer.now + timedelta(minutes=MINUTES)
    opened = now_of(world, officer, until - timedelta(microseconds=1))
    assert len(read(world, pdf, opened, document, opened.at).sizes) == 2
    entry = newest(world)
    assert (entry.kind, entry.facts["glass"], entry.facts["number"]) == ("document:read", True, 1)
    over = now_of(world, officer, until)
    with pytest.raises(Forbidden):
        read(world, pdf, over, document, until)


@pytest.mark.promise(28)
def test_a_broken_glass_shows_pages_and_gives_no_file(world, document, officer):
    broken(world, officer, document)
    opened = now_of(world, officer, officer.now)
    with pytest.raises(Forbidden):
        read_document(world.db, world.vault, acting=opened, document_id=document.id, now=officer.now)
    assert show_document(world.db, acting=opened, document_id=document.id).open_until is not None


@pytest.mark.promise(28)
def test_the_glass_of_one_document_opens_no_other_and_for_nobody_else(world, pdf, document, officer):
    other = brought(world, pdf, "Other.pdf", written_pdf("Another price"))
    broken(world, officer, document)
    opened = now_of(world, officer, officer.now)
    with pytest.raises(Forbidden):
        read(world, pdf, opened, other, officer.now)
    with pytest.raises(Forbidden):
        read(world, pdf, world.officer, document, officer.now)


@pytest.mark.promise(28)
@pytest.mark.promise(74)
def test_the_entry_says_who_what_and_why(world, document, officer):
    broken(world, officer, document)
    entry = newest(world)
    assert (entry.kind, entry.actor_id, entry.object_id) == (
        "document:glass:broken",
        officer.acting.person_id,
        document.id,
    )
    assert entry.private["reason"] == WHY
    assert WHY in entry.sentence
    assert WHY.encode() not in entry.leaf  # a reason may name people: it stays erasable


@pytest.mark.promise(28)
def test_everybody_in_charge_is_told_and_nobody_learns_a_name_they_may_not_see(world, document, officer):
    guest = person(world.db, "Dora Deputy", Role.CLIENT, world.globex)
    with world.db.transaction() as tx:
        folder = documents.for_seeing(tx, world.manager, document.id).folder
        folder_members.add(tx, world.manager, folder.resource, guest.person_id, "manager", NOW)
    broken(world, officer, document)
    told = mail(world)
    assert set(told) == {world.administrator.email, world.manager.email, guest.email}
    assert all(values["reason"] == WHY for values in told.values())
    assert told[world.administrator.email]["title"] == ""
    assert told[world.manager.email]["title"] == told[guest.email]["title"] == "Contract.pdf"


@pytest.mark.promise(28)
@pytest.mark.parametrize("who", ["administrator", "manager", "client", "other_client"])
def test_nobody_but_a_compliance_officer_breaks_glass(world, document, who):
    before = world.rows()
    with pytest.raises((Forbidden, NotFound)):
        break_it(world, world.everybody[who], document, "none")
    with pytest.raises((Forbidden, NotFound)):
        digest_to_confirm(world.db, acting=world.everybody[who], document_id=document.id, reason=WHY)
    assert world.rows() == before


@pytest.mark.promise(17)
def test_the_proof_is_for_this_version_of_this_document(world, pdf, document, officer):
    other = brought(world, pdf, "Other.pdf", written_pdf("Another price"))
    before = world.rows()
    with pytest.raises(StepUpInvalid):
        break_it(world, officer.acting, document, new_id(), now=officer.now)
    assert world.rows() == before
    elsewhere = proof(world, officer, other.versions[0].sha256)
    with pytest.raises(StepUpInvalid):
        break_it(world, officer.acting, document, elsewhere, now=officer.now)
    officer.later()
    purpose = proof(world, officer, document.versions[0].sha256, "audit:export")
    with pytest.raises(StepUpInvalid):
        break_it(world, officer.acting, document, purpose, now=officer.now)
    with world.db.reading() as tx:
        assert tx.connection.execute(select(tables.break_glass)).all() == []


@pytest.mark.parametrize("reason", ["", "too short", "x" * 501, "a reason with a \x00 in it", " " * 40])
def test_without_a_reason_nothing_opens(world, document, officer, reason):
    step_up = proof(world, officer, document.versions[0].sha256)
    before = world.rows()
    with pytest.raises(GlassRefused):
        break_it(world, officer.acting, document, step_up, reason=reason, now=officer.now)
    with pytest.raises(GlassRefused):
        digest_to_confirm(world.db, acting=officer.acting, document_id=document.id, reason=reason)
    assert world.rows() == before


def test_a_glass_that_is_open_is_not_broken_again(world, document, officer):
    broken(world, officer, document)
    officer.later()
    with pytest.raises(GlassRefused, match="already"):
        broken(world, officer, document)
    officer.later(minutes=MINUTES)
    officer.acting = now_of(world, officer, officer.now)
    broken(world, officer, document)


def test_a_file_without_pages_has_no_glass_to_break(world, pdf, officer):
    letter = brought(world, pdf, "letter.txt", b"Dear all, this is a letter.")
    with pytest.raises(GlassRefused, match="no pages"):
        digest_to_confirm(world.db, acting=officer.acting, document_id=letter.id, reason=WHY)


def test_a_version_that_is_not_there_is_not_found(world, document, officer):
    with pytest.raises(NotFound):
        break_it(world, officer.acting, document, "none", number=7)

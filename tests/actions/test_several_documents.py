"""Several documents in one envelope: one ceremony, and everybody's own signature in each of them."""

from io import BytesIO

import pikepdf
import pytest
from sqlalchemy import select

from docvault.actions import drafts, envelope_files, envelopes, placed_fields, places
from docvault.database import documents, tables
from docvault.pdf.errors import PageMissing
from docvault.pdf.scratch import Scratch
from docvault.pdf.validate import Verdict
from docvault.rules.envelopes import EnvelopeIncomplete, State
from docvault.rules.fields import FieldKind
from docvault.rules.places import PlaceRefused
from docvault.values import NotFound

from . import envelope_world as signing
from .world import NOW


@pytest.fixture
def made(tmp_path, pdf, database_url):
    built = signing.build_signing(tmp_path, pdf, database_url)
    yield built
    built.vault.close()
    built.db.close()


@pytest.fixture(scope="module")
def completed(tmp_path_factory, pdf):
    """A completed envelope of three documents, which these tests only read."""
    built = signing.build_signing(tmp_path_factory.mktemp("completed"), pdf)
    yield built, signed(built)
    built.vault.close()
    built.db.close()


def in_same_folder(made, first, name):
    """Put another contract into the folder of the first one."""
    with made.db.transaction() as tx:
        folder = documents.for_seeing(tx, made.world.manager, first).folder
    return signing.add_document(made, name=name, folder=folder)


def draft_of(made, ids, people=None):
    people = people or [(made.world.client, 1), (made.world.manager, 2)]
    return drafts.create_envelope(
        made.db,
        made.vault,
        made.pdf,
        acting=made.world.manager,
        document_ids=ids,
        title="Deal",
        recipients=[drafts.NewRecipient(person.person_id, turn) for person, turn in people],
        now=NOW,
    )


def three(made):
    first = signing.add_document(made, name="Agreement.pdf")
    return [first, in_same_folder(made, first, "Annex.pdf"), in_same_folder(made, first, "Prices.pdf")]


def sent(made):
    """Send three documents of two pages each; the client's fields are on the second document only."""
    envelope_id = draft_of(made, three(made))
    client, manager = envelopes.show_envelope(
        made.db, acting=made.world.manager, envelope_id=envelope_id
    ).recipients
    placed = [
        placed_fields.NewField(None, client.id, FieldKind.SIGNATURE, 3, 60, 600, 170, 44),
        placed_fields.NewField(None, client.id, FieldKind.TEXT, 4, 60, 500, 150, 22, label="Where"),
        placed_fields.NewField(None, manager.id, FieldKind.SIGNATURE, 6, 60, 600, 170, 44),
    ]
    placed_fields.place_fields(
        made.db, made.vault, acting=made.world.manager, envelope_id=envelope_id, fields=placed, now=NOW
    )
    signing.send(made, envelope_id)
    return envelope_id


def signed(made):
    envelope_id = sent(made)
    for person in (made.world.client, made.world.manager):
        signing.sign(made, person, envelope_id)
        signing.advance(made, envelope_id)
    return envelope_id


def file(made, envelope_id, which, position):
    found = envelope_files.open_envelope_file(
        made.db,
        made.vault,
        acting=made.world.manager,
        envelope_id=envelope_id,
        which=which,
        position=position,
        now=NOW,
    )
    return found.name, b"".join(found.open_range(0, found.size))


def test_each_document_carries_everybodys_own_signature_and_the_seal(completed):
    made, envelope_id = completed
    for position in (1, 2, 3):
        name, content = file(made, envelope_id, "signed", position)
        with Scratch.create(content) as sealed:
            report = made.authority.validate(made.pdf, sealed)
        assert report.verdict is Verdict.VALID
        people = [one.signer for one in report.signatures if one.kind == "signature"]
        assert people[:2] == ["Clara Client", "Maya Manager"]
        assert len(people) == 3
        assert name.startswith(f"{position:02} ")


@pytest.mark.promise(61)
def test_no_two_signatures_of_an_envelope_share_a_key(completed):
    made, envelope_id = completed
    certificates = []
    for position in (1, 2, 3):
        with Scratch.create(file(made, envelope_id, "signed", position)[1]) as sealed:
            report = made.authority.validate(made.pdf, sealed)
        certificates += [one.certificate_sha256 for one in report.signatures if one.kind == "signature"][:2]
    assert len(set(certificates)) == 6


def test_a_field_is_filled_on_its_own_page_of_its_own_document(completed):
    made, envelope_id = completed
    with pikepdf.open(BytesIO(file(made, envelope_id, "signed", 2)[1])) as annex:
        values = [
            str(field.get("/V", "")) for field in annex.Root.AcroForm.Fields if field.get("/FT") == "/Tx"
        ]
        on_pages = [len(page.get("/Annots", [])) for page in annex.pages]
    assert values == ["Żaneta Ølsen, CFO"]
    assert on_pages[1] >= 1
    with pikepdf.open(BytesIO(file(made, envelope_id, "signed", 1)[1])) as agreement:
        assert not [field for field in agreement.Root.AcroForm.Fields if field.get("/FT") == "/Tx"]


def test_pages_count_on_from_one_document_to_the_next(completed):
    made, envelope_id = completed
    seen = signing.ceremony(made, made.world.client, envelope_id)
    assert seen.pages == 6
    assert [(one.name, one.first_page, one.pages) for one in seen.documents] == [
        ("Agreement.pdf", 1, 2),
        ("Annex.pdf", 3, 2),
        ("Prices.pdf", 5, 2),
    ]
    given = {"acting": made.world.client, "envelope_id": envelope_id, "now": NOW}
    runs = envelope_files.envelope_page_runs(made.db, made.vault, made.pdf, page=4, **given)
    assert "part 2" in " ".join(run.text for run in runs)
    with pytest.raises(PageMissing):
        envelope_files.envelope_page_runs(made.db, made.vault, made.pdf, page=7, **given)


def test_what_a_signer_confirms_binds_every_document(completed):
    made, envelope_id = completed
    view = envelopes.show_envelope(made.db, acting=made.world.manager, envelope_id=envelope_id)
    digests = [one.digest for one in view.documents]
    assert None not in digests
    assert len({*digests, view.digest}) == 4


def test_the_certificate_carries_every_signed_document(completed):
    made, envelope_id = completed
    content = file(made, envelope_id, "certificate", 1)[1]
    with pikepdf.open(BytesIO(content)) as certificate:
        attached = certificate.attachments
        assert {"signed-1.pdf", "signed-2.pdf", "signed-3.pdf", "audit-trail.zip"} <= set(attached)
        for position in (1, 2, 3):
            whole = attached[f"signed-{position}.pdf"].get_file().read_bytes()
            assert whole == file(made, envelope_id, "signed", position)[1]


def test_documents_of_two_folders_are_refused_and_nothing_is_left_behind(made):
    ids = [signing.add_document(made), signing.add_document(made)]
    before = made.world.rows()
    with pytest.raises(EnvelopeIncomplete, match="same folder"):
        draft_of(made, ids)
    assert made.world.rows() == before


def test_a_fourth_document_is_not_there(completed):
    made, envelope_id = completed
    with pytest.raises(NotFound):
        file(made, envelope_id, "sent", 4)


@pytest.mark.promise(27)
def test_a_document_of_an_envelope_with_others_cannot_be_moved_away_from_them(completed):
    made, envelope_id = completed
    view = envelopes.show_envelope(made.db, acting=made.world.manager, envelope_id=envelope_id)
    elsewhere = signing.add_document(made, name="Other.pdf")
    with made.db.reading() as tx:
        target = documents.for_seeing(tx, made.world.manager, elsewhere).folder_id
    with pytest.raises(PlaceRefused, match="together with others"):
        places.move_things(
            made.db,
            made.vault,
            acting=made.world.manager,
            document_ids=[view.documents[1].document_id],
            into=target,
            now=NOW,
        )


def test_an_envelope_that_was_voided_half_signed_never_completes(made):
    envelope_id = sent(made)
    signing.sign(made, made.world.client, envelope_id)
    signing.advance(made, envelope_id)
    envelopes.void_envelope(
        made.db, made.vault, acting=made.world.manager, envelope_id=envelope_id, reason="Wrong", now=NOW
    )
    signing.advance(made, envelope_id)
    with made.db.reading() as tx:
        states = tx.connection.execute(select(tables.envelopes.c.state)).scalars().all()
    assert states == [State.VOIDED.value]

"""What the law keeps from electronic signature is refused before anybody is asked (promise 72)."""

import pytest
from sqlalchemy import func, select, update

from docvault.actions import drafts
from docvault.audit.kinds import Kind
from docvault.database import audit_trail, tables
from docvault.pdf.workers import Workers
from docvault.rules.drafts import KindExcluded, Wishes
from docvault.rules.envelopes import EnvelopeIncomplete

from . import envelope_world as signing
from .world import NOW, POLICY

EXCLUDED = [one for one in POLICY.numbers.kinds.kind if one.excluded]


@pytest.fixture(scope="module")
def pdf():
    with Workers(2) as workers:
        yield workers


@pytest.fixture
def made(tmp_path, pdf, database_url):
    built = signing.build_signing(tmp_path, pdf, database_url)
    yield built
    built.vault.close()
    built.db.close()


def ask(made, document_id, kind):
    return drafts.create_envelope(
        made.db,
        made.vault,
        made.pdf,
        acting=made.world.manager,
        document_ids=[document_id],
        title="Papers",
        recipients=[drafts.NewRecipient(made.world.client.person_id, 1)],
        wishes=Wishes(kind=kind),
        now=NOW,
    )


def test_the_list_has_what_the_laws_exclude():
    wanted = {"will", "family", "court", "utility", "home", "insurance", "recall", "hazard", "notarial"}
    assert {one.id for one in EXCLUDED} >= wanted


@pytest.mark.promise(72)
def test_an_excluded_kind_is_refused_with_the_reason_and_nothing_is_made(made):
    document_id = signing.add_document(made)
    for one in EXCLUDED:
        with pytest.raises(KindExcluded, match=one.excluded.split(",")[0]):
            ask(made, document_id, one.id)
    with pytest.raises(EnvelopeIncomplete, match="what kind"):
        ask(made, document_id, "nonsense")
    with made.db.reading() as tx:
        assert not tx.connection.execute(select(func.count()).select_from(tables.envelopes)).scalar_one()


@pytest.mark.promise(72)
def test_the_kind_is_in_the_log_kept_by_a_correction_and_asked_again_when_sent(made):
    envelope_id = ask(made, signing.add_document(made), "agreement")
    signing.place(made, envelope_id)
    signing.send(made, envelope_id)
    with made.db.reading() as tx:
        first = audit_trail.object_trail(tx, "envelope", envelope_id)[0]
    assert (first.kind, first.facts["kind"]) == (Kind.ENVELOPE_CREATED, "agreement")
    again = drafts.correct_envelope(
        made.db, made.vault, made.pdf, acting=made.world.manager, envelope_id=envelope_id, now=NOW
    )
    with made.db.transaction() as tx:
        mine = tables.envelopes.c.id == again
        assert tx.connection.execute(select(tables.envelopes.c.kind).where(mine)).scalar_one() == "agreement"
        tx.connection.execute(update(tables.envelopes).where(mine).values(kind="court"))  # the list changed
    with pytest.raises(KindExcluded):
        signing.send(made, again)

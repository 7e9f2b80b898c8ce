"""What a template says of its envelopes: kinds that the law keeps on paper are refused on every way (promise 72)."""

import hashlib
import io
import json
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pikepdf
import pytest
from sqlalchemy import func, select, update

from docvault.actions import drafts, envelopes, template_kinds, templates
from docvault.audit.kinds import Kind
from docvault.database import audit_trail, envelope_evidence, tables
from docvault.pdf.workers import Workers
from docvault.rules.bulk_sends import RowState
from docvault.rules.drafts import KindExcluded, Wishes
from docvault.rules.envelopes import EnvelopeIncomplete, State
from docvault.rules.template_care import Care, KindUnsaid
from docvault.rules.template_links import LinkUnusable
from docvault.rules.templates import TemplateRefused

from . import bulk
from . import envelope_world as signing
from .test_template_links import give, knock, link
from .world import NOW, POLICY

EXCLUDED = [one for one in POLICY.numbers.kinds.kind if one.excluded]
LAST = datetime(NOW.year, NOW.month, NOW.day, 23, 59, 59, tzinfo=UTC)


@pytest.fixture(scope="module")
def pdf():
    with Workers(2) as workers:
        yield workers


@pytest.fixture
def made(tmp_path, pdf):
    yield from signing.standing(tmp_path, pdf, None)


def say(made, template_id, kind):
    template_kinds.say_kind(made.db, acting=made.world.manager, template_id=template_id, kind=kind, now=NOW)


def use(made, template_id):
    return templates.use_template(
        made.db,
        made.vault,
        acting=made.world.manager,
        template_id=template_id,
        people=[made.world.client.person_id, made.world.manager.person_id],
        values={"month": "March"},
        now=NOW,
    )


def change(made, template_id, after, **about):
    words = {"name": "Monthly", "title": "Work in {{month}}", "message": "", "roles": ["Client", "Us"]}
    return templates.change_template(
        made.db,
        made.vault,
        acting=made.world.manager,
        template_id=template_id,
        after=after,
        words=templates.TemplateWords(**words | about),
        now=NOW,
    )


def shown(made, template_id):
    return templates.show_template(made.db, made.vault, acting=made.world.manager, template_id=template_id)


def envelope(made, envelope_id):
    return envelopes.show_envelope(made.db, acting=made.world.manager, envelope_id=envelope_id)


def becomes(made, kind):
    """Let every template say another kind, as one of before kinds were asked, or before the list changed."""
    with made.db.transaction() as tx:
        tx.connection.execute(update(tables.template_versions).values(kind=kind))


def count(made, table):
    with made.db.reading() as tx:
        return tx.connection.execute(select(func.count()).select_from(table)).scalar_one()


def created(made, envelope_id):
    with made.db.reading() as tx:
        return audit_trail.object_trail(tx, "envelope", envelope_id)[0].facts


@pytest.mark.promise(72)
def test_a_template_says_a_kind_and_excluded_ones_are_refused_with_the_reason_and_nothing_is_kept(made):
    envelope_id = signing.draft(made)
    about = {"acting": made.world.manager, "envelope_id": envelope_id, "roles": ["Client", "Us"], "now": NOW}
    with pytest.raises(KindUnsaid, match="what kind of document"):
        templates.save_template(made.db, made.vault, name="Papers", **about)
    for one in EXCLUDED:
        with pytest.raises(KindExcluded, match=one.excluded.split(",")[0]):
            templates.save_template(made.db, made.vault, name="Papers", kind=one.id, **about)
    with pytest.raises(EnvelopeIncomplete, match="what kind"):
        templates.save_template(made.db, made.vault, name="Papers", kind="nonsense", **about)
    assert count(made, tables.templates) == 0
    template_id = bulk.template(made, both=True)
    with pytest.raises(KindExcluded):
        change(made, template_id, 1, kind="will")
    change(made, template_id, 1)
    assert (shown(made, template_id).version, shown(made, template_id).kind) == (2, "agreement")
    change(made, template_id, 2, kind="consent")
    assert created(made, use(made, template_id))["kind"] == "consent"


@pytest.mark.promise(72)
def test_a_kind_that_is_excluded_later_stops_every_way_to_an_envelope_with_the_reason(made):
    template_id = bulk.template(made, both=True)
    fixed = ["", made.world.manager.person_id]
    started = bulk.check(made, template_id, bulk.listed(1), fixed=fixed)
    waiting = bulk.check(made, template_id, bulk.listed(1, start=7), fixed=fixed)
    bulk.start(made, started)
    knocked = knock(made, link(made, template_id))
    drafted = use(made, template_id)
    becomes(made, "court")
    before = count(made, tables.envelopes)
    for refused in (
        lambda: use(made, template_id),
        lambda: bulk.check(made, template_id, bulk.listed(1)),
        lambda: bulk.start(made, waiting),
        lambda: link(made, template_id),
    ):
        with pytest.raises(KindExcluded, match="follow the rules of that court"):
            refused()
    with pytest.raises(LinkUnusable, match="ask whoever gave you the link"):
        give(made, knocked)
    bulk.run(made, started)
    (row,) = bulk.rows(made, started)
    assert (row.state, "rules of that court" in row.trouble) == (RowState.FAILED, True)
    assert count(made, tables.envelopes) == before
    view = shown(made, template_id)
    assert ("rules of that court" in view.trouble, view.mendable) == (True, True)
    change(made, template_id, 1, kind="agreement")
    assert shown(made, template_id).trouble == ""
    with made.db.transaction() as tx:
        tx.connection.execute(update(tables.envelopes).values(kind="court"))
    with pytest.raises(KindExcluded):
        signing.send(made, drafted)


@pytest.mark.promise(72)
def test_a_template_of_before_is_asked_once_and_its_links_and_lists_go_on(made):
    template_id = bulk.template(made, both=True)
    token = link(made, template_id)
    fixed = ["", made.world.manager.person_id]
    started = bulk.check(made, template_id, bulk.listed(2), fixed=fixed)
    bulk.start(made, started)
    becomes(made, None)
    for asked in (
        lambda: use(made, template_id),
        lambda: bulk.check(made, template_id, bulk.listed(1)),
        lambda: link(made, template_id),
        lambda: change(made, template_id, 1),
    ):
        with pytest.raises(KindUnsaid, match="what kind of document"):
            asked()
    unsaid = give(made, knock(made, token)).envelope_id
    assert ("kind" in created(made, unsaid), envelope(made, unsaid).kind) == (
        False,
        None,
    )  # nothing is claimed
    bulk.step(made, started)
    with pytest.raises(KindExcluded):
        say(made, template_id, "will")
    say(made, template_id, "consent")
    with pytest.raises(TemplateRefused, match="said that already"):
        say(made, template_id, "agreement")
    assert made.world.entries()[-1][0] == Kind.TEMPLATE_KIND_SAID
    said = give(made, knock(made, token, "p@outside.example")).envelope_id
    assert (created(made, said)["kind"], envelope(made, said).kind) == ("consent", "consent")
    bulk.run(made, started)
    kinds = [envelope(made, row.envelope_id).kind for row in bulk.rows(made, started)]
    assert kinds == [None, "consent"]
    assert envelope(made, use(made, template_id)).kind == "consent"


def test_reminders_and_days_of_a_template_are_those_of_its_envelopes_on_every_way(made):
    template_id = bulk.template(made, both=True)
    change(
        made, template_id, 1, care=Care(due_days=10, reminder_days=4, may_delegate=False, may_use_paper=True)
    )
    fixed = ["", made.world.manager.person_id]
    by_list = bulk.check(made, template_id, bulk.listed(1), fixed=fixed)
    bulk.start(made, by_list)
    bulk.run(made, by_list, NOW + timedelta(days=1))
    ways = [
        (use(made, template_id), 10),
        (give(made, knock(made, link(made, template_id))).envelope_id, 10),
        (bulk.rows(made, by_list)[0].envelope_id, 11),
    ]
    for envelope_id, days in ways:
        view = envelope(made, envelope_id)
        assert (view.reminder_days, view.may_delegate, view.may_use_paper) == (4, False, True)
        assert view.due_at == LAST + timedelta(days=days)
    chosen = NOW + timedelta(days=3)
    own = bulk.check(made, template_id, bulk.listed(1, start=5), fixed=fixed, due_at=chosen)
    bulk.start(made, own)
    bulk.run(made, own)
    assert envelope(made, bulk.rows(made, own)[0].envelope_id).due_at == chosen
    for wrong in (Care(due_days=0), Care(due_days=367), Care(reminder_days=0)):
        with pytest.raises(EnvelopeIncomplete):
            change(made, template_id, 2, care=wrong)


def test_a_template_keeps_what_its_draft_says(made):
    manager = made.world.manager
    wishes = Wishes(NOW + timedelta(days=21), 7, may_delegate=False, may_use_paper=True, kind="internal")
    envelope_id = drafts.create_envelope(
        made.db,
        made.vault,
        made.pdf,
        acting=manager,
        document_ids=[signing.add_document(made)],
        title="Minutes",
        recipients=[drafts.NewRecipient(made.world.client.person_id, 1)],
        wishes=wishes,
        now=NOW,
    )
    saved = templates.save_template(
        made.db, made.vault, acting=manager, envelope_id=envelope_id, name="Minutes", roles=["Us"], now=NOW
    )
    view = shown(made, saved.id)
    assert (view.kind, view.care) == ("internal", Care(21, 7, may_delegate=False, may_use_paper=True))


def test_digests_of_uploads_are_found_for_templates_of_before_they_were_kept(made):
    template_id = bulk.template(made, both=True)
    with made.db.transaction() as tx:
        tx.connection.execute(update(tables.template_documents).values(sha256=None))
    envelope_id = use(made, template_id)
    digest = hashlib.sha256(signing.contract()).hexdigest()
    with made.db.reading() as tx:
        entries = envelope_evidence.trail(tx, envelope_id)
        assert envelope_evidence.uploaded(tx, entries) == [digest]
        bare = [
            {name: one[name] for name in ("document", "version")} for one in entries[0].facts["documents"]
        ]
        older = SimpleNamespace(kind=entries[0].kind, facts={"documents": bare})
        assert envelope_evidence.uploaded(tx, [older]) == [digest]


@pytest.mark.promise(71)
@pytest.mark.promise(72)
def test_an_envelope_from_a_template_completes_with_its_kind_in_the_evidence(made):
    envelope_id = use(made, bulk.template(made, both=True))
    signing.send(made, envelope_id)
    for person in (made.world.client, made.world.manager):
        seen = signing.read_and_agree(made, person, envelope_id)
        answers = {one.id: "March" if one.kind == "text" else True for one in seen.fields}
        signing.sign(made, person, envelope_id, answers=answers)
        signing.advance(made, envelope_id)
    assert (envelope(made, envelope_id).state, envelope(made, envelope_id).trouble) == (State.COMPLETED, None)
    certificate = signing.content(made, made.world.client, envelope_id, "certificate")
    with pikepdf.open(io.BytesIO(certificate)) as opened:
        entries = json.loads(opened.attachments["audit.json"].get_file().read_bytes())["entries"]
    assert entries[0]["facts"]["kind"] == "agreement"
    assert entries[0]["facts"]["documents"][0]["sha256"] == hashlib.sha256(signing.contract()).hexdigest()

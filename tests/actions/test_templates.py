"""Templates: a draft kept with roles in place of people, changed version by version, used again and again."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from docvault.actions import drafts, envelopes, placed_fields, places, templates
from docvault.actions.templates import TemplateWords
from docvault.audit.kinds import Kind
from docvault.database import audit_trail, disposals, documents, tables
from docvault.database import envelopes as rows
from docvault.pdf.workers import Workers
from docvault.policy.engine import Forbidden
from docvault.rules.details import Detail, ShowIf
from docvault.rules.envelopes import EnvelopeIncomplete, Part, State
from docvault.rules.fields import FieldKind
from docvault.rules.merging import MergeRefused
from docvault.rules.templates import TemplateChanged, TemplateRefused, suggest_roles
from docvault.values import NotFound

from . import envelope_world as signing
from .world import NOW


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


@pytest.fixture(scope="module")
def kept(tmp_path_factory, pdf):
    """A world for what is refused, which changes nothing in it, and the id of a template."""
    built = signing.build_signing(tmp_path_factory.mktemp("kept"), pdf)
    yield built, save(built, draft(built)[0]).id
    built.vault.close()
    built.db.close()


MONTH = {"month": "March"}


def draft(made, title="Services in {{Month}}", people=None):
    """Make a draft with a prefilled text, and a tick box that another field hangs on."""
    document_id = signing.add_document(made)
    asked = people or [(made.world.client, 1, Part.SIGNER), (made.world.manager, 2, Part.APPROVER)]
    envelope_id = drafts.create_envelope(
        made.db,
        made.vault,
        made.pdf,
        acting=made.world.manager,
        document_ids=[document_id],
        title=title,
        message="For {{ month }}, please.",
        recipients=[drafts.NewRecipient(one.person_id, turn, part) for one, turn, part in asked],
        now=NOW,
    )
    first = shown(made, envelope_id).recipients[0].id
    place = {"recipient_id": first, "page": 1}
    wished = [
        placed_fields.NewField(None, kind=FieldKind.SIGNATURE, x=60, y=600, w=170, h=44, **place),
        placed_fields.NewField(
            None,
            kind=FieldKind.TEXT,
            x=60,
            y=500,
            w=150,
            h=22,
            detail=Detail(prefilled="in {{month}}"),
            **place,
        ),
        placed_fields.NewField(
            None, kind=FieldKind.CHECKBOX, x=60, y=460, w=18, h=18, required=False, key="tick", **place
        ),
        placed_fields.NewField(
            None,
            kind=FieldKind.TEXT,
            x=90,
            y=460,
            w=150,
            h=22,
            detail=Detail(show_if=ShowIf("tick")),
            **place,
        ),
    ]
    placed_fields.place_fields(
        made.db, made.vault, acting=made.world.manager, envelope_id=envelope_id, fields=wished, now=NOW
    )
    return envelope_id, document_id


def save(made, envelope_id, **changed):
    given = {
        "name": "Monthly services",
        "roles": ["Client", "Our approver"],
        "kind": "agreement",
        "now": NOW,
    } | changed
    return templates.save_template(
        made.db, made.vault, **{"acting": made.world.manager, "envelope_id": envelope_id} | given
    )


def use(made, template_id, people=None, values=MONTH, **changed):
    chosen = people or [made.world.client, made.world.manager]
    return templates.use_template(
        made.db,
        made.vault,
        **{"acting": made.world.manager, "template_id": template_id, "now": NOW} | changed,
        people=[one.person_id for one in chosen],
        values=values,
    )


def show(made, template_id, acting=None, number=None):
    acting = acting or made.world.manager
    return templates.show_template(made.db, made.vault, acting=acting, template_id=template_id, number=number)


def shown(made, envelope_id):
    return envelopes.show_envelope(made.db, acting=made.world.manager, envelope_id=envelope_id)


def words(**changed):
    given = {"name": "Monthly", "title": "Work in {{month}}", "message": "", "roles": ["Client", "Boss"]}
    return TemplateWords(**given | changed)


def change(made, template_id, after, **changed):
    return templates.change_template(
        made.db,
        made.vault,
        acting=made.world.manager,
        template_id=template_id,
        after=after,
        words=words(**changed),
        now=NOW + timedelta(hours=after),
    )


def trail(made, kind):
    with made.db.reading() as tx:
        return list(audit_trail.object_trail(tx, *kind))


def test_a_template_used_gives_a_draft_that_can_be_sent_as_it_is(made):
    envelope_id, _ = draft(made)
    used = use(made, save(made, envelope_id).id)
    view = shown(made, used)
    assert (view.state, view.title, view.message) == (State.DRAFT, "Services in March", "For March, please.")
    assert [(one.person_id, one.turn, one.part) for one in view.recipients] == [
        (made.world.client.person_id, 1, Part.SIGNER),
        (made.world.manager.person_id, 2, Part.APPROVER),
    ]
    placed = placed_fields.show_fields(made.db, made.vault, acting=made.world.manager, envelope_id=used)
    before = shown(made, envelope_id).fields
    assert sorted((one.kind, one.x, one.y) for one in placed) == sorted(
        (one.kind, one.x, one.y) for one in before
    )
    assert {one.id for one in placed}.isdisjoint({one.id for one in before})
    tick = next(one.id for one in placed if one.kind is FieldKind.CHECKBOX)
    assert [one.detail.prefilled for one in placed if one.detail.prefilled] == ["in March"]
    assert [one.detail.show_if for one in placed if one.detail.show_if] == [ShowIf(tick)]
    signing.send(made, used)
    assert shown(made, used).state is State.SENT


def test_each_save_is_a_version_with_who_when_and_what_and_old_ones_can_be_read(made):
    saved = save(made, draft(made)[0])
    changed = change(made, saved.id, 1, note="Shorter words")
    view = show(made, saved.id)
    assert (saved.version, changed.version, view.version, view.title) == (1, 2, 2, "Work in {{month}}")
    assert [one.name for one in view.roles] == ["Client", "Boss"]
    manager = made.world.manager.name
    assert [(one.number, one.changed_by, one.changed_at, one.note) for one in view.history] == [
        (2, manager, NOW + timedelta(hours=1), "Shorter words"),
        (1, manager, NOW, ""),
    ]
    assert show(made, saved.id, number=1).title == "Services in {{Month}}"
    assert show(made, saved.id, number=1).fields == view.fields == 4
    assert [one.facts["version"] for one in trail(made, ("template", saved.id))] == [1, 2]


def test_a_draft_made_from_a_template_and_changed_is_saved_as_its_next_version(made):
    saved = save(made, draft(made)[0])
    used = use(made, saved.id)
    form = templates.draft_to_save(made.db, acting=made.world.manager, envelope_id=used)
    assert (form.origin.template_id, form.origin.number, form.role_names) == (
        saved.id,
        1,
        ("Client", "Our approver"),
    )
    again = save(made, used, template_id=saved.id, after=1)
    assert (again.id, again.version) == (saved.id, 2)
    assert show(made, saved.id).title == "Services in March"


def test_an_envelope_says_from_which_version_it_was_made(made):
    saved = save(made, draft(made)[0])
    change(made, saved.id, 1)
    used = use(made, saved.id)
    created = next(one for one in trail(made, ("envelope", used)) if one.kind == Kind.ENVELOPE_CREATED)
    assert (created.facts["template"], created.facts["template_version"]) == (saved.id, 2)


def test_two_people_who_change_one_version_do_not_undo_each_other(made):
    saved = save(made, draft(made)[0])
    change(made, saved.id, 1)
    with pytest.raises(TemplateChanged):
        change(made, saved.id, 1)
    assert show(made, saved.id).version == 2


def test_nobody_knows_a_template_but_who_starts_envelopes_with_its_documents(made):
    saved = save(made, draft(made)[0])
    world = made.world
    for stranger in (world.other_manager, world.other_client, world.administrator):
        with pytest.raises(NotFound):
            show(made, saved.id, stranger)
        assert templates.list_templates(made.db, acting=stranger) == []
    with pytest.raises(NotFound):
        use(made, saved.id, acting=world.other_manager)
    with pytest.raises((NotFound, Forbidden)):
        show(made, saved.id, world.client)
    assert templates.list_templates(made.db, acting=world.client) == []
    assert [one.name for one in templates.list_templates(made.db, acting=world.manager)] == [
        "Monthly services"
    ]


def test_what_was_sent_is_no_template(made):
    envelope_id = signing.sent(made)
    with pytest.raises(TemplateRefused, match="sent already"):
        save(made, envelope_id)


@pytest.mark.parametrize(
    ("people", "values", "refused", "said"),
    [
        (["client"], MONTH, EnvelopeIncomplete, "every role"),
        (["client", "client"], MONTH, EnvelopeIncomplete, "only once"),
        (["client", "other_client"], MONTH, EnvelopeIncomplete, "cannot be asked"),
        (["client", "manager"], {}, MergeRefused, "“month” is missing"),
        (["client", "manager"], {"month": "x" * 501}, MergeRefused, "at most 500"),
        (["client", "manager"], {"month": "x" * 300}, EnvelopeIncomplete, "at most 200"),
    ],
)
def test_a_use_that_lacks_something_says_what_and_makes_nothing(kept, people, values, refused, said):
    made, template_id = kept
    before = len(envelopes.list_envelopes(made.db, acting=made.world.manager).items)
    with pytest.raises(refused, match=said):
        use(made, template_id, [getattr(made.world, one) for one in people], values)
    assert len(envelopes.list_envelopes(made.db, acting=made.world.manager).items) == before


def test_a_value_is_taken_as_it_is_and_not_merged_again(made):
    saved = save(made, draft(made)[0])
    assert shown(made, use(made, saved.id, values={"month": "{{month}}"})).title == "Services in {{month}}"


@pytest.mark.parametrize(
    ("roles", "said"),
    [
        (["Client"], "Every person"),
        (["A", "a "], "same name"),
        (["A", " "], "up to 60"),
        (["A", "{b}"], "braces"),
    ],
)
def test_roles_need_names_of_their_own(kept, roles, said):
    made, template_id = kept
    with pytest.raises(TemplateRefused, match=said):
        change(made, template_id, 1, roles=roles)
    assert show(made, template_id).version == 1


def test_a_name_for_a_value_that_nobody_could_write_is_refused(kept):
    made, template_id = kept
    with pytest.raises(MergeRefused, match="cannot name a value"):
        change(made, template_id, 1, title="Services {{ }}")


def test_a_template_goes_where_its_documents_go(made):
    envelope_id, document_id = draft(made)
    saved = save(made, envelope_id)
    envelopes.void_envelope(
        made.db, made.vault, acting=made.world.manager, envelope_id=envelope_id, reason="x", now=NOW
    )
    other = signing.add_document(made)
    with made.db.reading() as tx:
        folder = documents.for_seeing(tx, made.world.manager, other).folder
    places.move_things(
        made.db,
        made.vault,
        acting=made.world.manager,
        document_ids=[document_id],
        into=folder.id,
        now=NOW,
    )
    assert show(made, saved.id).folder_id == folder.id
    used = use(made, saved.id)
    with made.db.reading() as tx:
        row = rows.for_seeing(tx, made.world.manager, used)
    assert row.folder_id == folder.id
    signing.send(made, used)


def test_a_template_whose_document_is_in_the_bin_is_there_again_when_the_document_is(made):
    envelope_id, document_id = draft(made)
    saved = save(made, envelope_id)
    envelopes.void_envelope(
        made.db, made.vault, acting=made.world.manager, envelope_id=envelope_id, reason="x", now=NOW
    )
    places.bin_things(made.db, acting=made.world.manager, document_ids=[document_id], now=NOW)
    with pytest.raises(NotFound):
        use(made, saved.id)
    places.bring_back_document(
        made.db, made.vault, acting=made.world.manager, document_id=document_id, now=NOW
    )
    assert shown(made, use(made, saved.id)).state is State.DRAFT


def test_a_retired_template_is_gone_and_its_envelopes_stay(made):
    saved = save(made, draft(made)[0])
    used = use(made, saved.id)
    templates.retire_template(made.db, acting=made.world.manager, template_id=saved.id, now=NOW)
    assert templates.list_templates(made.db, acting=made.world.manager) == []
    with pytest.raises(NotFound):
        use(made, saved.id)
    signing.send(made, used)
    assert [one.kind for one in trail(made, ("template", saved.id))] == [
        Kind.TEMPLATE_SAVED,
        Kind.TEMPLATE_RETIRED,
    ]


def two_documents(made):
    """Save a template of two documents and return its id and theirs."""
    first = signing.add_document(made)
    with made.db.reading() as tx:
        folder = documents.for_seeing(tx, made.world.manager, first).folder
    second = signing.add_document(made, name="annex.pdf", folder=folder)
    envelope_id = drafts.create_envelope(
        made.db,
        made.vault,
        made.pdf,
        acting=made.world.manager,
        document_ids=[first, second],
        title="Deal",
        recipients=[drafts.NewRecipient(made.world.client.person_id, 1)],
        now=NOW,
    )
    saved = save(made, envelope_id, roles=["Client"])
    envelopes.void_envelope(
        made.db, made.vault, acting=made.world.manager, envelope_id=envelope_id, reason="x", now=NOW
    )
    return saved.id, first, second


def test_a_template_that_lacks_one_of_its_documents_says_so_and_makes_nothing(made):
    template_id, _, second = two_documents(made)
    places.bin_things(made.db, acting=made.world.manager, document_ids=[second], now=NOW)
    assert "not there any more" in show(made, template_id).trouble
    with pytest.raises(TemplateRefused, match="not there any more"):
        use(made, template_id, [made.world.client])
    places.bring_back_document(made.db, made.vault, acting=made.world.manager, document_id=second, now=NOW)
    assert show(made, template_id).trouble == ""
    assert len(shown(made, use(made, template_id, [made.world.client])).documents) == 2


def test_what_is_filled_in_dies_with_a_document_that_is_destroyed(made):
    template_id, _, second = two_documents(made)
    with made.db.transaction() as tx:
        disposals.destroy(tx, second, NOW)
        kept = tx.connection.execute(select(tables.template_versions.c.fields)).scalars().all()
    assert [bytes(one) for one in kept] == [b""]
    assert "not there any more" in show(made, template_id).trouble


def test_roles_are_suggested_by_who_is_a_client(made):
    form = templates.draft_to_save(made.db, acting=made.world.manager, envelope_id=draft(made)[0])
    assert form.role_names == ("Client", "Our signer")
    assert suggest_roles([True, False, True]) == ["Client 1", "Our signer", "Client 2"]

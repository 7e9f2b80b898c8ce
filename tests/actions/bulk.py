"""Bulk sends as the tests make them: a template for one client and one of ours, and lists for it."""

import itertools

from docvault.actions import bulk_rows, bulk_sends, drafts, envelopes, placed_fields, templates
from docvault.rules.details import Detail
from docvault.rules.fields import FieldKind

from . import envelope_world as signing
from .world import NOW

HEADER = "Client name,Client email,Us email,month"
ONE_ROLE = "Client name;Client email;month"


def template(made, *, both=False, document_id=None):
    """Save a template with one client, and our manager behind them where `both`; return its id."""
    people = [made.world.client, *([made.world.manager] if both else [])]
    envelope_id = drafts.create_envelope(
        made.db,
        made.vault,
        made.pdf,
        acting=made.world.manager,
        document_ids=[document_id or signing.add_document(made)],
        title="Services in {{month}}",
        recipients=[drafts.NewRecipient(one.person_id, turn) for turn, one in enumerate(people, start=1)],
        now=NOW,
    )
    seen = envelopes.show_envelope(made.db, acting=made.world.manager, envelope_id=envelope_id)
    wished = []
    for row, one in enumerate(seen.recipients):
        place = {"recipient_id": one.id, "page": 1, "h": 44}
        wished.append(
            placed_fields.NewField(None, kind=FieldKind.SIGNATURE, x=60, y=600 - 60 * row, w=170, **place)
        )
    filled = Detail(prefilled="Month: {{month}}")
    first = seen.recipients[0].id
    wished.append(placed_fields.NewField(None, first, FieldKind.TEXT, 2, 60, 500, 150, 22, detail=filled))
    placed_fields.place_fields(
        made.db, made.vault, acting=made.world.manager, envelope_id=envelope_id, fields=wished, now=NOW
    )
    return templates.save_template(
        made.db,
        made.vault,
        acting=made.world.manager,
        envelope_id=envelope_id,
        name="Monthly services",
        roles=["Client", "Us"][: len(people)],
        kind="agreement",
        now=NOW,
    ).id


def listed(count, *, start=0, month="March"):
    """Return a list for somebody without an account in each row."""
    rows = [f"Olga {number};olga{number}@outside.example;{month}" for number in range(start, start + count)]
    return "\n".join([ONE_ROLE, *rows]).encode()


def check(made, template_id, content, **about):
    given = {"acting": made.world.manager, "now": NOW} | about
    return bulk_sends.check_list(made.db, made.vault, template_id=template_id, content=content, **given)


def start(made, bulk_id, now=NOW):
    bulk_sends.start_bulk_send(made.db, acting=made.world.manager, bulk_id=bulk_id, now=now)


def step(made, bulk_id, now=NOW):
    return bulk_rows.send_next(made.db, made.vault, made.pdf, made.authority, bulk_id=bulk_id, now=now)


def run(made, bulk_id, now=NOW):
    """Do as the worker's job does until nothing is left; return how many steps that took."""
    return sum(1 for _ in itertools.takewhile(bool, (step(made, bulk_id, now) for _ in itertools.count())))


def view(made, bulk_id):
    return bulk_sends.show_bulk_send(made.db, acting=made.world.manager, bulk_id=bulk_id)


def rows(made, bulk_id):
    return bulk_sends.list_rows(made.db, made.vault, acting=made.world.manager, bulk_id=bulk_id)

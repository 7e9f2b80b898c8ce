"""The inbox shows what waits for a person, and what is under way."""

from datetime import timedelta

import pytest

from docvault.actions.inbox import inbox

from . import envelope_world as signing
from .world import NOW


@pytest.fixture
def made(tmp_path, pdf, database_url):
    yield from signing.standing(tmp_path, pdf, database_url)


def ids(found):
    return [one.id for one in found]


def test_only_what_is_your_turn_waits_for_you(made):
    client, manager = made.world.client, made.world.manager
    envelope_id = signing.sent(made)
    signing.draft(made)
    assert ids(inbox(made.db, acting=client, now=NOW).waiting) == [envelope_id]
    seen = inbox(made.db, acting=manager, now=NOW)
    assert (ids(seen.waiting), ids(seen.in_progress)) == ([], [envelope_id])
    signing.sign(made, client, envelope_id)
    seen = inbox(made.db, acting=client, now=NOW + timedelta(minutes=1))
    assert (ids(seen.waiting), ids(seen.in_progress)) == ([], [envelope_id])
    assert ids(inbox(made.db, acting=manager, now=NOW).waiting) == [envelope_id]


def test_recent_documents_are_those_the_person_may_see(made):
    document_id = signing.add_document(made)
    assert ids(inbox(made.db, acting=made.world.client, now=NOW).recent_documents) == [document_id]
    for who in ("other_client", "administrator"):
        assert inbox(made.db, acting=made.world.everybody[who], now=NOW).recent_documents == ()

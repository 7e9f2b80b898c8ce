"""Envelopes from before there could be several documents keep their document, their people and their order."""

import pytest
from alembic import command
from sqlalchemy import text

from actions.world import NOW, POLICY
from docvault.database import envelopes
from docvault.database.engine import Database
from docvault.database.migrate import configuration, migrate
from docvault.rules.envelopes import Part, State
from docvault.values import EnvelopeId

ROWS = """
INSERT INTO organisations (id, name, kind, created_at) VALUES ('acme', 'Acme', 'client', :at);
INSERT INTO people (id, organisation_id, email, name, role, state, created_at)
VALUES ('anna', 'acme', 'a@example.com', 'Anna', 'client', 'active', :at);
INSERT INTO folders (id, organisation_id, name, kind, created_by, created_at)
VALUES ('f', 'acme', 'Contracts', 'contract', 'anna', :at);
INSERT INTO documents (id, folder_id, name, created_by, created_at, latest, size)
VALUES ('d', 'f', 'Contract.pdf', 'anna', :at, 0, 0);
INSERT INTO envelopes (id, organisation_id, folder_id, document_id, sender_id, title, message, state, digest, pages,
page_sizes, created_at, changed_at)
VALUES ('e', 'acme', 'f', 'd', 'anna', 'Deal', '', 'sent', 'ab', 2, '[[10, 20], [30, 40]]', :at, :at);
INSERT INTO recipients (id, envelope_id, person_id, turn, role, pages_seen)
VALUES ('r', 'e', 'anna', 1, 'signer', '[1]')
"""


@pytest.fixture(params=["sqlite", "postgresql"])
def db(request, tmp_path):
    on_postgres = request.param == "postgresql"
    file = f"sqlite:///{tmp_path / 'docvault.sqlite'}"
    made = Database(request.getfixturevalue("empty_postgres_url") if on_postgres else file, POLICY)
    with made.transaction() as tx:
        command.upgrade(configuration(tx.connection), "0010")
        for row in ROWS.split(";"):
            tx.connection.execute(text(row), {"at": NOW})
    yield made
    made.close()


def test_an_envelope_of_one_document_goes_on_as_it_was(db):
    migrate(db)
    with db.reading() as tx:
        row = envelopes.for_completion(tx, EnvelopeId("e"))
    assert (row.state, row.revision, row.digest) == (State.SENT, 0, "ab")
    assert [(one.position, one.document_id, one.name, one.digest) for one in row.documents] == [
        (1, "d", "Contract.pdf", "ab")
    ]
    assert row.page_sizes == ((10, 20), (30, 40))
    assert [(one.name, one.part, one.pages_seen) for one in row.recipients] == [
        ("Anna", Part.SIGNER, frozenset({1}))
    ]

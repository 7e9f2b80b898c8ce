"""The index of words from the terminal: built anew, stopped, gone on with."""

import io
import json
import os

import pytest
from sqlalchemy import insert
from typer.testing import CliRunner

from actions.world import NOW, person
from docvault import settings, wiring
from docvault.cli.search import app
from docvault.database import tables, versions
from docvault.policy.vocabulary import Role
from docvault.values import OrganisationId, new_id

RUN = CliRunner()


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("installation")
    before = dict(os.environ)
    os.environ["DOCVAULT_DATA"] = str(folder)
    with_documents(wiring.prepare(settings.load()))
    yield folder
    os.environ.clear()
    os.environ.update(before)


def with_documents(portal):
    """Put a text and a version whose bytes are gone into a folder, behind the uploads' back."""
    organisation = OrganisationId(new_id())
    place = {"id": new_id(), "organisation_id": organisation, "name": "Notes", "kind": "general"}
    with portal.db.transaction() as tx:
        client = {"id": organisation, "name": "Acme", "kind": "client", "created_at": NOW}
        tx.connection.execute(insert(tables.organisations).values(client))
    maker = person(portal.db, "Maya Manager", Role.ACCOUNT_MANAGER, organisation)
    with portal.db.transaction() as tx:
        tx.connection.execute(
            insert(tables.folders).values(**place, created_by=maker.person_id, created_at=NOW)
        )
        portal.vault.create_folder_key(tx, place["id"], NOW)
    for name in ("kept.txt", "lost.txt"):
        document = new_id()
        row = {"id": document, "folder_id": place["id"], "name": name, "created_by": maker.person_id}
        with portal.db.transaction() as tx:
            tx.connection.execute(insert(tables.documents).values(**row, created_at=NOW, latest=1))
        stored = portal.vault.store(
            portal.db,
            document_id=document,
            purpose="original",
            media_type="text/plain",
            created_by=maker.person_id,
            source=io.BytesIO(b"some words"),
            now=NOW,
        )
    with portal.db.reading() as tx:
        portal.vault.remove_objects(versions.for_opening(tx, stored.id).blob)
    portal.close()


def status(data):
    return json.loads(RUN.invoke(app, ["status", "--data", str(data), "--json"]).stdout)


def test_a_rebuild_takes_all_that_can_be_read_and_says_what_could_not(data):
    said = RUN.invoke(app, ["rebuild", "--data", str(data)])
    assert said.exit_code == 0, said.output
    assert "2 of 2 documents" in said.stdout
    assert "1 could not be read" in said.stdout
    assert status(data) == {"documents": 2, "waiting": 1, "given_up": 0}


def test_a_stopped_rebuild_goes_on_with_what_waits(data):
    said = RUN.invoke(app, ["rebuild", "--data", str(data), "--continue"])
    assert "1 of 1 documents" in said.stdout

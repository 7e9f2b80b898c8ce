"""Completion: every signature in the document, the seal, our own validation, the certificate; once, whatever happens."""

import pytest

from docvault.actions import envelopes
from docvault.pdf import validate
from docvault.pdf.validate import Verdict
from docvault.pdf.workers import Workers
from docvault.rules.envelopes import State

from . import envelope_world as signing


@pytest.fixture(scope="module")
def pdf():
    with Workers(2) as workers:
        yield workers


@pytest.fixture
def made(tmp_path, pdf):
    world = signing.build_signing(tmp_path, pdf)
    yield world
    world.vault.close()
    world.db.close()


def show(made, envelope_id):
    return envelopes.show_envelope(made.db, acting=made.world.manager, envelope_id=envelope_id)


def test_the_whole_way_to_a_completed_envelope(made):
    client, manager = made.world.client, made.world.manager
    envelope_id = signing.sent(made)
    signing.sign(made, client, envelope_id)
    signing.advance(made, envelope_id)
    assert show(made, envelope_id).state is State.SENT
    signing.sign(made, manager, envelope_id, signature=signing.TYPED)
    signing.advance(made, envelope_id)
    seen = show(made, envelope_id)
    assert (seen.state, seen.trouble) == (State.COMPLETED, None)
    assert seen.has_signed
    assert seen.has_certificate
    with signing.as_scratch(signing.content(made, client, envelope_id, "signed")) as signed:
        report = validate.validate(made.pdf, signed, roots=made.authority.roots)
    assert report.verdict is Verdict.VALID
    assert [one.signer for one in report.signatures if one.kind == "signature"] == [
        "Clara Client",
        "Maya Manager",
        made.authority.seal_name(),
    ]

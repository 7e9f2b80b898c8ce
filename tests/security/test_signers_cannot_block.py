"""Nothing that a signer sends can keep an envelope from being completed: it is refused when they send it."""

from dataclasses import replace

import pytest

from actions import envelope_world as signing
from docvault.actions import envelopes
from docvault.pdf.errors import AppearanceRefused
from docvault.rules.answers import PictureSignature, TypedSignature
from docvault.rules.envelopes import State
from docvault.rules.fields import FieldKind

NO_FONT_HAS_IT = "\U00013000"  # an Egyptian hieroglyph


def _state(made, envelope_id):
    seen = envelopes.show_envelope(made.db, acting=made.world.manager, envelope_id=envelope_id)
    return seen.state, seen.signed


@pytest.mark.parametrize(
    "signature",
    [
        PictureSignature(b"\x89PNG\r\n\x1a\n and then no picture"),
        TypedSignature(NO_FONT_HAS_IT, "caveat"),
    ],
)
def test_a_signature_that_cannot_be_drawn_is_refused_and_nothing_is_signed(site, signature):
    made, client = site.made, site.world.client
    envelope_id = signing.sent(made, (client, 1))
    with pytest.raises(AppearanceRefused):
        signing.sign(made, client, envelope_id, signature=signature)
    assert _state(made, envelope_id) == (State.SENT, 0)
    signing.sign(made, client, envelope_id)  # with another signature it works


def test_an_answer_that_cannot_be_drawn_is_refused_and_nothing_is_signed(site):
    made, client = site.made, site.world.client
    envelope_id = signing.sent(made, (client, 1))
    seen = signing.ceremony(made, client, envelope_id)
    answers = signing.answers_for(seen)
    answers |= {field.id: NO_FONT_HAS_IT for field in seen.fields if field.kind is FieldKind.TEXT}
    with pytest.raises(AppearanceRefused):
        signing.sign(made, client, envelope_id, answers=answers)
    assert _state(made, envelope_id) == (State.SENT, 0)


@pytest.mark.parametrize("letter", ["\x9d", NO_FONT_HAS_IT, "\u202e", "\ue000"])
def test_no_letter_in_the_evidence_keeps_the_certificate_of_completion_from_being_written(site, letter):
    """A browser may call itself anything; that name stands in the certificate."""
    made = site.made
    client = replace(site.world.client, user_agent=f"Mozilla/5.0 {letter}")
    envelope_id = signing.draft(made, (client, 1), title=f"Contract {NO_FONT_HAS_IT}")
    signing.place(made, envelope_id)
    signing.send(made, envelope_id)
    signing.sign(made, client, envelope_id)
    signing.advance(made, envelope_id)
    assert _state(made, envelope_id) == (State.COMPLETED, 1)

"""Several people, and several clicks of each, at the same moment, over two connections to one database."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from docvault.actions import ceremonies, envelopes
from docvault.audit.kinds import Kind
from docvault.database.engine import Database
from docvault.database.step_ups import StepUpInvalid
from docvault.policy.vocabulary import Role
from docvault.rules.envelopes import AlreadySigned, EnvelopeClosed, EnvelopeRefused, State

from . import envelope_world as signing
from .world import NOW, POLICY, person

CLICKS = 4  # of each person


@pytest.fixture
def made(tmp_path, pdf, database_url):
    yield from signing.standing(tmp_path, pdf, database_url)


@pytest.fixture
def processes(made):
    """The same portal twice, each with connections of its own, as two servers have."""
    db = Database(made.db.url, POLICY)
    yield made, replace(made, world=replace(made.world, db=db))
    db.close()


def at_once(attempts):
    """Carry out all at once; return what each raised, or None."""

    def outcome(attempt):
        try:
            attempt()
        except (EnvelopeRefused, StepUpInvalid) as refused:
            return type(refused)
        return None

    with ThreadPoolExecutor(len(attempts)) as pool:
        return list(pool.map(outcome, attempts))


def click(made, acting, envelope_id, seen, proof):
    return lambda: ceremonies.sign_envelope(
        made.db,
        made.vault,
        made.pdf,
        acting=acting,
        envelope_id=envelope_id,
        answers=signing.answers_for(seen),
        signature=signing.DRAWN,
        step_up_id=proof,
        now=NOW,
    )


@pytest.mark.promise(62)
def test_people_who_sign_at_the_same_moment_each_sign_once_however_often_they_click(made, processes):
    ben = person(made.db, "Ben Colleague", Role.CLIENT, made.world.acme)
    people = (made.world.client, ben)
    envelope_id = signing.sent(made, *((one, 1) for one in people))
    attempts = []
    for one in people:
        seen = signing.read_and_agree(made, one, envelope_id)
        proof = signing.step_up(made, one, seen.digest)
        attempts += [click(processes[n % 2], one, envelope_id, seen, proof) for n in range(CLICKS)]
    outcomes = at_once(attempts)
    for each in (outcomes[:CLICKS], outcomes[CLICKS:]):
        assert each.count(None) == 1
        assert set(each) - {None} <= {AlreadySigned, EnvelopeClosed, StepUpInvalid}
    kinds = [kind for kind, _ in made.world.entries()]
    assert kinds.count(Kind.ENVELOPE_SIGNED.value) == len(people)
    at_once([lambda each=each: signing.advance(each, envelope_id) for each in processes])
    shown = envelopes.show_envelope(made.db, acting=made.world.manager, envelope_id=envelope_id)
    assert shown.state is State.COMPLETED
    assert [kind for kind, _ in made.world.entries()].count(Kind.ENVELOPE_COMPLETED.value) == 1


def test_signing_and_voiding_at_the_same_moment_end_in_one_of_both(made, processes):
    envelope_id = signing.sent(made, (made.world.client, 1))
    seen = signing.read_and_agree(made, made.world.client, envelope_id)
    proof = signing.step_up(made, made.world.client, seen.digest)

    def void():
        envelopes.void_envelope(
            processes[1].db,
            made.vault,
            acting=made.world.manager,
            envelope_id=envelope_id,
            reason="A mistake.",
            now=NOW,
        )

    signed, voided = at_once([click(processes[0], made.world.client, envelope_id, seen, proof), void])
    shown = envelopes.show_envelope(made.db, acting=made.world.manager, envelope_id=envelope_id)
    assert (signed is None) != (voided is None)
    assert shown.state is (State.COMPLETING if signed is None else State.VOIDED)

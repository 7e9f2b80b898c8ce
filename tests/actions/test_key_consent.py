"""Old keys are destroyed by two people who agree and the terminal that does it, and never otherwise (promise 26)."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from docvault.actions import proposals
from docvault.audit.kinds import Kind
from docvault.database import tables
from docvault.database.key_deeds import DESTROY, Consent
from docvault.policy.engine import Forbidden
from docvault.rules.keys import KeyRefused
from docvault.rules.proposals import ProposalInvalid, ProposalState, SecondPersonNeeded

from .agreed import OPERATOR, alone
from .two_people import confirm, propose, seen, settle
from .world import NOW, World, build

THEN = NOW + timedelta(minutes=1)


@pytest.fixture
def world(tmp_path, database_url):
    made = build(tmp_path, database_url)
    yield made
    made.vault.close()
    made.db.close()


def take(world: World, key: str = "master", now=THEN):
    with world.db.transaction() as tx:
        return Consent(world.vault.records, OPERATOR).take(tx, key, now)


def state(world, proposal):
    return seen(world, world.administrator, proposal.id, THEN).state


@pytest.mark.promise(26)
def test_two_people_agree_and_the_terminal_uses_it_once(world):
    with pytest.raises(KeyRefused, match="two people"):
        take(world)
    asked = propose(world, world.administrator, DESTROY, key="master")
    with pytest.raises(KeyRefused):
        take(world)
    with pytest.raises(SecondPersonNeeded):
        confirm(world, world.administrator, asked)
    confirm(world, world.officer, asked)
    settle(world, THEN)
    assert state(world, asked) is ProposalState.WAITING  # nothing happens by itself
    with pytest.raises(KeyRefused):
        take(world, "pepper")  # it was for another kind
    said = take(world)
    people = (world.administrator.person_id, world.officer.person_id)
    assert (said["proposed_by"], said["confirmed_by"]) == people
    assert state(world, asked) is ProposalState.DONE
    with pytest.raises(KeyRefused):
        take(world)


@pytest.mark.promise(26)
@pytest.mark.parametrize("why", ["withdrawn", "too late", "one was switched off"])
def test_an_agreement_that_no_longer_stands_destroys_nothing(world, why):
    asked = propose(world, world.administrator, DESTROY, key="master")
    confirm(world, world.officer, asked)
    now = THEN
    if why == "withdrawn":
        about = {"acting": world.administrator, "proposal_id": asked.id, "now": THEN}
        proposals.withdraw_proposal(world.db, world.vault.records, **about)
    elif why == "too late":
        now = NOW + timedelta(days=365)
    else:
        with world.db.transaction() as tx:
            mine = tables.people.c.id == world.officer.person_id
            tx.connection.execute(update(tables.people).where(mine).values(state="disabled"))
    with pytest.raises(KeyRefused):
        take(world, now=now)


@pytest.mark.promise(26)
def test_what_fails_behind_the_agreement_does_not_use_it_up(world):
    asked = propose(world, world.administrator, DESTROY, key="master")
    confirm(world, world.officer, asked)
    with pytest.raises(ZeroDivisionError), world.db.transaction() as tx:
        Consent(world.vault.records, OPERATOR).take(tx, "master", THEN)
        raise ZeroDivisionError
    assert state(world, asked) is ProposalState.WAITING


@pytest.mark.promise(26)
def test_the_terminal_is_alone_only_where_there_never_were_two(world):
    with pytest.raises(KeyRefused, match="--alone is refused"), world.db.transaction() as tx:
        alone(world.vault.records).take(tx, "master", THEN)
    with world.db.transaction() as tx:
        others = tables.standings.c.person_id != world.administrator.person_id
        tx.connection.execute(tables.standings.delete().where(others))
        assert alone(world.vault.records).take(tx, "master", THEN) == {"alone": True}


@pytest.mark.promise(26)
def test_only_administrators_propose_it_and_only_for_a_kind_that_there_is(world):
    with pytest.raises(Forbidden):
        propose(world, world.officer, DESTROY, key="master")
    with pytest.raises(ProposalInvalid, match="no such kind of key"):
        propose(world, world.administrator, DESTROY, key="everything")


@pytest.mark.promise(26)
def test_the_trail_names_who_agreed(world):
    asked = propose(world, world.administrator, DESTROY, key="ca-seal")
    confirm(world, world.officer, asked)
    take(world, "ca-seal")
    chosen = select(tables.audit_entries.c.kind).order_by(tables.audit_entries.c.index.desc()).limit(1)
    with world.db.reading() as tx:
        assert tx.connection.execute(chosen).scalar_one() == Kind.PROPOSAL_DONE

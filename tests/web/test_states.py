"""Every state and every route: whoever is not an active member of anything gets nothing, whatever is left over."""

import pytest
from sqlalchemy import update

from actions.world import NOW, set_state
from docvault.database import people, sessions, tables
from docvault.database.people import PersonState
from docvault.database.sessions import Source

from .house import House
from .matrix import MATRIX
from .rows import EVERYBODY, VISITORS
from .test_matrix import send, word

# What somebody without an account gets everywhere: the matrix's first column.
NOBODY = {(row.method, row.path): row.answers.split()[0] for row in MATRIX}
ROLES = [name for name in VISITORS if name not in {"nobody", "enrolling"}]


def invited(house: House, person_id: str) -> None:
    """Make somebody invited again, as the row of a person who never confirmed a factor."""
    with house.site.world.db.transaction() as tx:
        set_state(tx, person_id, PersonState.INVITED)


def disabled(house: House, person_id: str) -> None:
    with house.site.world.db.transaction() as tx:
        set_state(tx, person_id, PersonState.DISABLED)


def frozen(house: House, person_id: str) -> None:
    with house.site.world.db.transaction() as tx:
        set_state(tx, person_id, PersonState.FROZEN)


def removed(house: House, person_id: str) -> None:
    """End every membership."""
    mine = update(tables.memberships).where(tables.memberships.c.person_id == person_id)
    with house.site.world.db.transaction() as tx:
        tx.connection.execute(mine.values(ended_at=NOW))


def run_out(house: House, person_id: str) -> None:
    """Let every membership reach the end that was agreed."""
    mine = update(tables.memberships).where(tables.memberships.c.person_id == person_id)
    with house.site.world.db.transaction() as tx:
        tx.connection.execute(mine.values(ends_at=NOW))


STATES = [invited, disabled, frozen, removed, run_out]


@pytest.mark.promise(15)
@pytest.mark.promise(19)
@pytest.mark.asvs("7.4.2")
@pytest.mark.asvs("8.3.2")
@pytest.mark.parametrize("state", STATES, ids=lambda each: each.__name__)
def test_a_session_left_over_opens_nothing_in_any_state_but_active(own_house, state):
    """Each route in each state, by a third of the roles, and each role in each state on a third of the routes."""
    nobody_gets_anywhere(own_house, state, thirds=3)


@pytest.mark.soak
@pytest.mark.promise(15)
@pytest.mark.promise(19)
@pytest.mark.parametrize("state", STATES, ids=lambda each: each.__name__)
def test_no_role_opens_any_route_in_any_state_but_active(own_house, state):
    nobody_gets_anywhere(own_house, state, thirds=1)


def nobody_gets_anywhere(house: House, state, *, thirds: int) -> None:
    browsers = {name: house.visitor(name) for name in ROLES}
    browsers["enrolling"] = house.visitor("enrolling")
    for name in ROLES:
        state(house, house.person_id(name))
    wrong = []
    for number, row in enumerate(MATRIX):
        wanted = NOBODY[row.method, row.path]
        for turn, (name, browser) in enumerate(browsers.items()):
            if (number + turn) % thirds != 0:
                continue
            if state is invited and name == "enrolling":
                continue  # this is how they join: the matrix's second column says what it opens
            if state in {removed, run_out} and name == "outsider":
                continue  # a member of nothing: no membership of theirs can end
            got = word(send(house, browser, row, house.ids | {"visitor": name}))
            if got != wanted and row.answers != EVERYBODY:
                wrong.append((name, row.method, row.path, got))
    assert wrong == []


@pytest.mark.promise(15)
def test_no_session_begins_for_somebody_in_any_state_but_active(own_house):
    house = own_house
    for state in STATES:
        world = house.site.world
        who = world.client.person_id
        with world.db.transaction() as tx:
            set_state(tx, who, PersonState.ACTIVE)
        state(house, who)
        with world.db.transaction() as tx:
            row = people.by_id(tx, who)
            begun = sessions.start(
                tx, row, kind="full", factors="password+totp", source=Source("203.0.113.7", "t"), now=NOW
            )
        assert house.site.carry(begun).get("/api/v1/me").status_code == 401, state.__name__

"""Every route against every credential that is not a whole one, by cookie, Bearer and Basic (promise 1)."""

import base64

import pytest
from sqlalchemy import select

from actions.world import NOW
from docvault.database import challenges, people, sessions, tables, tokens
from docvault.policy.vocabulary import Permission
from docvault.web.app import FOR_PROGRAMS
from docvault.web.cookies import CHALLENGE, SESSION
from web import house as houses
from web.matrix import MATRIX
from web.test_matrix import send, word

OUT = "out"
# A password is what these take: whatever stands in a header is not looked at.
GUESSING = {"/login", "/api/v1/session/password"}
# What "nobody" gets is said by the matrix; these routes are closed to whoever is not signed in.
CLOSED = [row for row in MATRIX if row.answers.split()[0] == OUT and row.path not in GUESSING]
# A challenge is for these: they refuse the code, not the challenge.
FACTOR = {
    "/login/code",
    "/login/recovery",
    "/api/v1/session/totp",
    "/api/v1/session/recovery",
    "/api/v1/session/factor/passkey",
    "/api/v1/session/factor/passkey/options",
}


@pytest.fixture(scope="module")
def house(tmp_path_factory, pdf):
    yield from houses.standing(tmp_path_factory.mktemp("half"), pdf)


@pytest.fixture(scope="module")
def held(house):
    """Everything that is not a whole credential, as headers of a request."""
    with house.site.world.db.transaction() as tx:
        person = people.by_id(tx, house.site.world.manager.person_id)
        source = sessions.Source("203.0.113.7", "tests")
        whole = sessions.start(tx, person, kind="full", factors="password+totp", source=source, now=NOW)
        challenge = challenges.start(tx, person.id, NOW)
        _, token = tokens.add(
            tx,
            house.site.world.manager,
            name="All",
            scopes=list(Permission),
            expires_at=NOW.replace(year=NOW.year + 1),
            now=NOW,
        )
    basic = base64.b64encode(f"{person.email}:correct horse battery staple".encode()).decode()
    return {
        "challenge as a challenge": {"cookie": f"{CHALLENGE}={challenge}"},
        "challenge as a session": {"cookie": f"{SESSION}={challenge}.{challenge}"},
        "challenge as bearer": {"authorization": f"Bearer {challenge}"},
        "challenge as a token": {"authorization": f"Bearer dv_{challenge}"},
        "session's secret as bearer": {"authorization": f"Bearer {whole.token}"},
        "session's secret as a token": {"authorization": f"Bearer dv_{whole.token}"},
        "session without its other half": {"cookie": f"{SESSION}={whole.token}"},
        "token as a session": {"cookie": f"{SESSION}={token}.{token}"},
        "name and password as basic": {"authorization": f"Basic {basic}"},
        "token as basic": {"authorization": f"Basic {base64.b64encode(f'x:{token}'.encode()).decode()}"},
        "token": {"authorization": f"Bearer {token}"},
    }


def contents(house):
    """Return every row of every table, so that nothing can have changed unseen."""
    with house.site.world.db.reading() as tx:
        return {
            table.name: sorted(map(repr, tx.connection.execute(select(table)).all()))
            for table in tables.METADATA.sorted_tables
            if table.name != "throttles"
        }


@pytest.mark.promise(1)
@pytest.mark.asvs("6.3.4")
@pytest.mark.parametrize("row", CLOSED, ids=lambda row: f"{row.method} {row.path}")
def test_no_part_of_a_credential_opens_a_route(house, held, row):
    before = contents(house)
    for name, headers in held.items():
        if name == "token" or (name == "challenge as a challenge" and row.path in FACTOR):
            continue  # the next test's; and this is what a challenge is for
        browser = house.site.visit()
        browser.headers.update(headers)
        assert word(send(house, browser, row, house.ids)) == OUT, name
    assert contents(house) == before


@pytest.mark.promise(1)
@pytest.mark.parametrize("row", CLOSED, ids=lambda row: f"{row.method} {row.path}")
def test_a_token_of_every_scope_opens_the_programs_subjects_and_no_other_route(house, held, row):
    subject = _subject(house, row)
    browser = house.site.visit()
    browser.headers.update(held["token"])
    before = contents(house)
    answer = word(send(house, browser, row, house.ids))
    if subject in FOR_PROGRAMS and not row.is_of_a_visit:  # a guest's routes take nothing but a visit
        assert answer != OUT
    else:
        assert answer == OUT
        assert contents(house) == before


def _subject(house, row):
    """Return the file of api/ that a row's route stands in, or nothing for a page."""
    route = next(
        route for route in house.site.app.routes if route.path == row.path and row.method in route.methods
    )
    handlers = getattr(route, "route_handler_map", None)
    handler = handlers[row.method] if handlers else route.route_handler
    handler = handler[0] if isinstance(handler, tuple) else handler
    module = handler.fn.__module__
    return module.rpartition(".")[2] if ".api." in module else ""

"""Links to templates: who opens one proves an address, gets an envelope of their own, and learns nothing else."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from docvault.actions import envelopes, template_links, templates
from docvault.audit.kinds import Kind
from docvault.credentials.refusals import ChallengeOver, LinkRefused, Throttled
from docvault.database import people as people_rows
from docvault.database import tables
from docvault.pdf.workers import Workers
from docvault.rules.envelopes import State
from docvault.rules.outsiders import MINUTES, TRIES, CodesWrong
from docvault.rules.requests import GuestInvalid
from docvault.rules.template_links import LinkUnusable
from docvault.values import DocVaultError, NotFound

from . import bulk, outside
from . import envelope_world as signing
from .world import NOW


@pytest.fixture(scope="module")
def pdf():
    with Workers(2) as workers:
        yield workers


@pytest.fixture
def made(tmp_path, pdf, database_url):
    built = signing.build_signing(tmp_path, pdf, database_url)
    yield built
    built.vault.close()
    built.db.close()


def link(made, template_id, **about):
    people = ["", made.world.manager.person_id]
    given = {"people": people, "values": {"month": "March"}, "last_day": NOW.date(), "most_uses": 5}
    acting = made.world.manager
    return template_links.make_link(
        made.db, made.vault, **{"acting": acting, "template_id": template_id, "now": NOW} | given | about
    )


def knock(made, token, email=outside.OLGA, *, source=outside.PHONE, now=NOW, name="Olga Outside"):
    before = outside._codes(made)
    secret = template_links.ask_for_code(
        made.db, made.vault.records, token=token, name=name, email=email, source=source, now=now
    )
    (new,) = outside._codes(made).keys() - before.keys()
    return outside.Knocked(secret, outside._codes(made)[new])


def give(made, knocked, code=None, now=NOW):
    return template_links.give_code(
        made.db,
        made.vault,
        made.pdf,
        made.authority,
        secret=knocked.secret,
        code=knocked.code if code is None else code,
        source=outside.PHONE,
        now=now,
    )


def shown(made, template_id):
    return template_links.list_links(
        made.db, made.vault, acting=made.world.manager, template_id=template_id, now=NOW
    )


def wrong(knocked):
    return f"{(int(knocked.code.replace(' ', '')) + 1) % 10**8:08d}"


def envelopes_of(made):
    with made.db.reading() as tx:
        return len(tx.connection.execute(select(tables.envelopes.c.id)).all())


@pytest.mark.promise(41)
def test_who_proves_an_address_gets_an_envelope_of_their_own_and_owes_a_second_factor(made):
    template_id = bulk.template(made, both=True)
    begun = give(made, knock(made, link(made, template_id)))
    view = envelopes.show_envelope(made.db, acting=made.world.manager, envelope_id=begun.envelope_id)
    assert (view.state, view.title, view.origin.template_id) == (State.SENT, "Services in March", template_id)
    assert [one.name for one in view.recipients] == ["Olga Outside", made.world.manager.name]
    assert (begun.challenge, begun.session.kind) == (None, "enrol")
    with pytest.raises(NotFound):
        signing.ceremony(made, begun.session.acting, begun.envelope_id)
    phone = outside.enrol(made, begun)
    assert signing.ceremony(made, phone.acting, begun.envelope_id).pages == 2
    again = give(made, knock(made, link(made, template_id)))
    assert (again.session, bool(again.challenge), again.envelope_id != begun.envelope_id) == (
        None,
        True,
        True,
    )


@pytest.mark.promise(39)
def test_an_account_gets_the_same_answer_and_signs_in_as_always(made):
    template_id = bulk.template(made, both=True)
    begun = give(made, knock(made, link(made, template_id), made.world.client.email))
    assert (begun.challenge, begun.session) == (None, None)
    assert signing.ceremony(made, made.world.client, begun.envelope_id).pages == 2
    before = envelopes_of(made)
    with pytest.raises(LinkUnusable, match="ask whoever gave you the link"):
        give(made, knock(made, link(made, template_id), made.world.other_client.email))
    assert envelopes_of(made) == before


@pytest.mark.promise(41)
def test_a_wrong_code_is_counted_and_the_right_one_opens_nothing_after_the_last_try(made):
    template_id = bulk.template(made, both=True)
    knocked = knock(made, link(made, template_id))
    before = envelopes_of(made)
    for number in range(TRIES):
        with pytest.raises((CodesWrong, Throttled)):
            give(made, knocked, wrong(knocked), NOW + timedelta(seconds=number))
    with pytest.raises(ChallengeOver):
        give(made, knocked)
    late = knock(made, link(made, template_id), "late@outside.example")
    with pytest.raises(ChallengeOver):
        give(made, late, now=NOW + timedelta(minutes=MINUTES))
    with pytest.raises(ChallengeOver):
        give(made, outside.Knocked("no browser", late.code))
    assert envelopes_of(made) == before
    assert Kind.TEMPLATE_LINK_CODE_REFUSED in [kind for kind, _ in made.world.entries()]


def test_a_code_is_right_once(made):
    knocked = knock(made, link(made, bulk.template(made, both=True)))
    give(made, knocked)
    with pytest.raises(ChallengeOver):
        give(made, knocked)


@pytest.mark.promise(39)
@pytest.mark.parametrize("end", ["unknown", "closed", "over", "used up", "retired", "maker"])
def test_a_link_that_leads_nowhere_says_the_same_whatever_the_reason(made, end):
    template_id = bulk.template(made, both=True)
    token, now = link(made, template_id, most_uses=1), NOW
    waiting = knock(made, token)
    if end == "unknown":
        token = "x" * 43
    elif end == "closed":
        (one,) = shown(made, template_id)
        template_links.close_link(made.db, acting=made.world.manager, link_id=one.id, now=NOW)
        assert shown(made, template_id)[0].state == "closed"
    elif end == "over":
        now = NOW + timedelta(days=1)
    elif end == "used up":
        give(made, waiting)
    elif end == "retired":
        templates.retire_template(made.db, acting=made.world.manager, template_id=template_id, now=NOW)
    else:
        with made.db.transaction() as tx:
            manager = people_rows.by_id(tx, made.world.manager.person_id)
            people_rows.set_state(tx, manager, people_rows.PersonState.DISABLED, by=None, now=NOW)
    with pytest.raises(LinkRefused) as refused:
        knock(made, token, "other@outside.example", now=now)
    assert str(refused.value) == str(LinkRefused())
    if end in {"retired", "maker"}:  # also for whoever holds a code already (promises 19, 25)
        with pytest.raises(LinkRefused):
            give(made, waiting)


def test_the_last_use_is_given_once_to_two_who_come_at_the_same_moment(made):
    template_id = bulk.template(made, both=True)
    token = link(made, template_id, most_uses=1)
    waiting = [knock(made, token, f"o{number}@outside.example") for number in range(2)]
    before = envelopes_of(made)

    def attempt(knocked):
        try:
            return give(made, knocked)
        except DocVaultError as error:
            return error

    with ThreadPoolExecutor(2) as pool:
        came = list(pool.map(attempt, waiting))
    assert sorted(isinstance(one, DocVaultError) for one in came) == [False, True]
    assert (envelopes_of(made), shown(made, template_id)[0].uses) == (before + 1, 1)


def test_mails_to_one_address_and_tries_of_one_peer_are_slowed_down(made):
    token = link(made, bulk.template(made, both=True))
    with pytest.raises(Throttled):
        for number in range(20):
            knock(made, token, source=replace(outside.PHONE, address=f"198.51.100.{number}"))
    with pytest.raises(Throttled):
        for number in range(200):
            with pytest.raises(LinkRefused):
                knock(made, f"{number}", f"n{number}@outside.example")


def test_no_words_of_a_stranger_stand_in_a_mail_of_ours(made):
    knock(made, link(made, bulk.template(made, both=True)), name="Win a prize at evil example")
    assert outside.mailed(made, "mail_code")["name"] == outside.OLGA


@pytest.mark.parametrize(("name", "email"), [("", "o@outside.example"), ("Olga", "nowhere")])
def test_who_says_less_is_told_what_is_missing(made, name, email):
    with pytest.raises(GuestInvalid):
        template_links.ask_for_code(
            made.db, made.vault.records, token="x", name=name, email=email, source=outside.PHONE, now=NOW
        )


def test_a_link_that_could_not_be_used_is_not_made(made):
    template_id = bulk.template(made, both=True)
    manager = made.world.manager.person_id
    for wish, said in (
        ({"people": ["", ""]}, "every role but one"),
        ({"people": [manager, ""]}, "has to come first"),
        ({"most_uses": 0}, "from 1 to 1,000"),
        ({"last_day": NOW.date() - timedelta(days=1)}, "from today on"),
        ({"values": {}}, "“month” is missing"),
        ({"people": ["", made.world.other_client.person_id]}, "cannot be asked"),
    ):
        with pytest.raises(DocVaultError, match=said):
            link(made, template_id, **wish)
    assert shown(made, template_id) == []


def test_links_are_known_to_nobody_but_who_may_use_the_template(made):
    template_id = bulk.template(made, both=True)
    link(made, template_id)
    (one,) = shown(made, template_id)
    assert (one.role, one.state) == ("Client", "open")
    for stranger in (made.world.other_manager, made.world.administrator):
        with pytest.raises(NotFound):
            template_links.close_link(made.db, acting=stranger, link_id=one.id, now=NOW)
        with pytest.raises(NotFound):
            link(made, template_id, acting=stranger)
    assert shown(made, template_id)[0].state == "open"

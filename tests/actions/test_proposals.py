"""Two people decide: who may be which of them, what happens when, and that it happens once (promise 26)."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import delete, select, update

from docvault.actions import audit, people, proposals
from docvault.audit.checkpoints import LogKey
from docvault.database import audit_trail, messages, sessions, step_ups, tables
from docvault.database import people as database_people
from docvault.database.audit_trail import Filters
from docvault.database.people import AlreadyKnown, PersonState
from docvault.database.sessions import Source
from docvault.database.step_ups import StepUpInvalid
from docvault.policy.engine import Forbidden
from docvault.policy.vocabulary import Role
from docvault.rules.proposals import (
    NoLongerPermitted,
    ProposalInvalid,
    ProposalOver,
    ProposalState,
    SecondPersonNeeded,
)
from docvault.values import NotFound, new_id

from .members import with_mail
from .two_people import REASON, confirm, hours, proof, propose, seen, settle
from .world import NOW, half_signed_in, person, set_state


@pytest.fixture
def world(tmp_path, database_url):
    yield from with_mail(tmp_path, database_url)


@pytest.fixture
def second(world):
    """Another administrator."""
    return person(world.db, "Bea Administrator", Role.ADMINISTRATOR, world.operator)


def role_of(world, person_id):
    with world.db.reading() as tx:
        chosen = select(tables.people.c.role).where(tables.people.c.id == person_id)
        return tx.connection.execute(chosen).scalar_one()


def mail_to(world, email, template):
    with world.db.reading() as tx:
        newest = messages.newest(tx, world.vault.records).items
    return [each for each in newest if each.recipient == email and each.template == template]


def switch_off(world, acting):
    with world.db.transaction() as tx:
        set_state(tx, acting.person_id, PersonState.DISABLED)


# --- who may be which --------------------------------------------------------------------------------------


@pytest.mark.promise(26)
@pytest.mark.asvs("7.5.3")
def test_a_role_with_power_takes_two_people(world):
    made = propose(
        world, world.administrator, "grant-role", person_id=world.manager.person_id, role="administrator"
    )
    assert (made.state, made.sentence) == (
        ProposalState.OPEN,
        f"Make Maya Manager ({world.manager.email}) an administrator",
    )
    assert role_of(world, world.manager.person_id) == "account_manager"
    done = confirm(world, world.officer, made)
    assert (done.state, done.confirmer_name) == (ProposalState.DONE, "Olga Officer")
    assert role_of(world, world.manager.person_id) == "administrator"
    assert [kind for kind, _ in world.entries()] == [
        "proposal:made",
        "proposal:confirmed",
        "person:role:changed",
        "proposal:done",
    ]


@pytest.mark.promise(26)
def test_the_same_person_never_confirms_not_even_by_another_session(world, second):
    made = propose(world, world.administrator, "reprove-factor", person_id=world.client.person_id)
    with world.db.transaction() as tx:
        row = tx.connection.execute(
            select(tables.people).where(tables.people.c.id == world.administrator.person_id)
        ).one()
    again = person(world.db, "Ada Administrator", Role.ADMINISTRATOR, world.operator)
    with world.db.transaction() as tx:  # a second session of the same person
        tx.connection.execute(
            update(tables.sessions).where(tables.sessions.c.id == again.session_id).values(person_id=row.id)
        )
    elsewhere = replace(world.administrator, session_id=again.session_id)
    before = world.rows()
    for acting in (world.administrator, elsewhere):
        with pytest.raises(SecondPersonNeeded, match="somebody else"):
            confirm(world, acting, made)
        with pytest.raises(SecondPersonNeeded):
            proposals.refuse_proposal(
                world.db, world.vault.records, acting=acting, proposal_id=made.id, now=NOW
            )
    rows = world.rows()
    rows["step_ups"] = before["step_ups"]
    assert rows == before
    assert confirm(world, second, made).state is ProposalState.WAITING


@pytest.mark.promise(26)
def test_nobody_decides_about_themselves(world, second):
    with pytest.raises(SecondPersonNeeded, match="about yourself"):
        propose(world, world.officer, "reprove-factor", person_id=world.officer.person_id)
    made = propose(world, world.administrator, "reprove-factor", person_id=world.officer.person_id)
    with pytest.raises(SecondPersonNeeded, match="about you"):
        confirm(world, world.officer, made)
    assert confirm(world, second, made).state is ProposalState.WAITING


@pytest.mark.parametrize("who", ["manager", "client", "other_client"])
def test_only_administrators_and_officers_see_and_decide(world, who):
    made = propose(world, world.administrator, "reprove-factor", person_id=world.client.person_id)
    acting, records = world.everybody[who], world.vault.records
    before = world.entries()
    for attempt in (
        lambda: confirm(world, acting, made),
        lambda: seen(world, acting, made.id),
        lambda: propose(world, acting, "reprove-factor", person_id=world.client.person_id),
        lambda: proposals.list_proposals(world.db, records, acting=acting, alive=True, now=NOW),
        lambda: proposals.refuse_proposal(world.db, records, acting=acting, proposal_id=made.id, now=NOW),
        lambda: proposals.withdraw_proposal(world.db, records, acting=acting, proposal_id=made.id, now=NOW),
    ):
        with pytest.raises(Forbidden):
            attempt()
    assert world.entries() == before


def test_an_officer_proposes_new_factors_and_exports_but_no_roles(world):
    with pytest.raises(Forbidden):
        propose(world, world.officer, "grant-role", name="X", email="x@example.com", role="administrator")
    with pytest.raises(Forbidden):
        propose(world, world.administrator, "export-personal-data", format="csv")
    with pytest.raises(Forbidden):
        propose(
            world, half_signed_in(world.administrator), "reprove-factor", person_id=world.client.person_id
        )
    assert propose(world, world.officer, "export-personal-data", format="csv").state is ProposalState.OPEN


@pytest.mark.promise(17)
@pytest.mark.asvs("7.5.3")
@pytest.mark.asvs("6.4.4")
@pytest.mark.asvs("8.4.2")
def test_both_give_a_fresh_factor_for_exactly_this(world):
    facts = {"person_id": world.client.person_id}
    digest = proposals.proposal_digest("reprove-factor", facts, REASON)

    def attempt(step_up_id):
        return proposals.propose(
            world.db,
            world.vault.records,
            acting=world.administrator,
            kind="reprove-factor",
            facts=facts,
            reason=REASON,
            step_up_id=step_up_id,
            now=NOW,
        )

    late = proof(world, world.administrator, step_ups.PROPOSAL_MAKE, digest, NOW - timedelta(minutes=6))
    for wrong in (
        "none",
        late,
        proof(world, world.administrator, step_ups.PROPOSAL_CONFIRM, digest),
        proof(world, world.administrator, step_ups.PROPOSAL_MAKE, "0" * 64),
        proof(world, world.officer, step_ups.PROPOSAL_MAKE, digest),
    ):
        with pytest.raises(StepUpInvalid):
            attempt(wrong)
    made = propose(world, world.administrator, "reprove-factor", **facts)
    for wrong in (
        "none",
        proof(world, world.officer, step_ups.PROPOSAL_MAKE, made.digest),
        proof(world, world.officer, step_ups.PROPOSAL_CONFIRM, "0" * 64),
        proof(world, world.administrator, step_ups.PROPOSAL_CONFIRM, made.digest),
    ):
        with pytest.raises(StepUpInvalid):
            proposals.confirm_proposal(
                world.db,
                world.vault.records,
                acting=world.officer,
                proposal_id=made.id,
                step_up_id=wrong,
                now=NOW,
            )
    assert seen(world, world.officer, made.id).state is ProposalState.OPEN


@pytest.mark.promise(26)
@pytest.mark.parametrize("lost", ["disabled", "demoted", "left"])
def test_whoever_proposed_still_has_to_be_permitted_at_the_confirmation(world, second, lost):
    made = propose(world, second, "reprove-factor", person_id=world.client.person_id)
    lose(world, second, lost)
    before = world.rows()
    with pytest.raises(NoLongerPermitted):
        confirm(world, world.officer, made)
    rows = world.rows()
    rows["step_ups"] = before["step_ups"]
    assert rows == before
    assert settle(world, NOW) == 1
    assert seen(world, world.officer, made.id).state is ProposalState.LAPSED


def lose(world, acting, how):
    """Take somebody's rights in one of three ways."""
    with world.db.transaction() as tx:
        if how == "disabled":
            set_state(tx, acting.person_id, PersonState.DISABLED)
        elif how == "demoted":
            changed = update(tables.people).where(tables.people.c.id == acting.person_id)
            tx.connection.execute(changed.values(role="account_manager"))
        else:
            ended = update(tables.memberships).where(tables.memberships.c.person_id == acting.person_id)
            tx.connection.execute(ended.values(ended_at=NOW))


@pytest.mark.promise(25)
@pytest.mark.promise(26)
@pytest.mark.asvs("8.3.3")
@pytest.mark.parametrize("lost", ["disabled", "demoted", "left"])
@pytest.mark.parametrize("who", ["proposer", "confirmer"])
def test_the_job_asks_both_peoples_rights_again(world, second, lost, who):
    made = propose(world, second, "reprove-factor", person_id=world.client.person_id)
    confirm(world, world.officer, made)
    lose(world, second if who == "proposer" else world.officer, lost)
    settle(world, hours(24))
    assert seen(world, world.administrator, made.id).state is ProposalState.LAPSED
    assert world.entries()[-1] == ("proposal:lapsed", made.id)
    assert not mail_to(world, world.client.email, "factor_reproof")


@pytest.mark.promise(16)
@pytest.mark.promise(26)
def test_an_owner_who_froze_the_account_has_stopped_it_even_if_it_is_enabled_again(world):
    made = propose(world, world.administrator, "reprove-factor", person_id=world.client.person_id)
    confirm(world, world.officer, made)
    with world.db.transaction() as tx:
        for at, state in ((1, PersonState.FROZEN), (2, PersonState.ACTIVE)):
            owner = database_people.by_id(tx, world.client.person_id)
            database_people.set_state(tx, owner, state, by=None, now=hours(at))
    assert settle(world, hours(24)) == 1
    assert seen(world, world.administrator, made.id).state is ProposalState.LAPSED
    assert not mail_to(world, world.client.email, "factor_reproof")


# --- states ------------------------------------------------------------------------------------------------


def test_what_nobody_confirms_lapses(world):
    made = propose(world, world.administrator, "reprove-factor", person_id=world.client.person_id)
    assert settle(world, hours(71.9)) == 0
    with pytest.raises(ProposalOver, match="lapsed"):
        confirm(world, world.officer, made, now=hours(72))
    assert settle(world, hours(72)) == 1
    assert settle(world, hours(72)) == 0
    assert seen(world, world.officer, made.id).state is ProposalState.LAPSED
    assert world.entries()[-1] == ("proposal:lapsed", made.id)


@pytest.mark.parametrize("confirmed", [False, True])
def test_a_proposal_is_refused_or_withdrawn_also_while_the_delay_runs(world, second, confirmed):
    ends = []
    for end in (
        lambda made: proposals.refuse_proposal(
            world.db, world.vault.records, acting=world.officer, proposal_id=made.id, now=NOW
        ),
        lambda made: proposals.withdraw_proposal(
            world.db, world.vault.records, acting=second, proposal_id=made.id, now=NOW
        ),
    ):
        made = propose(world, second, "reprove-factor", person_id=world.client.person_id)
        if confirmed:
            confirm(world, world.administrator, made)
        ends.append(end(made).state)
        with pytest.raises(ProposalOver):
            confirm(world, world.officer, made)
        with pytest.raises(ProposalOver):
            end(made)
        assert settle(world, hours(100)) == 0
    assert ends == [ProposalState.REFUSED, ProposalState.WITHDRAWN]
    assert role_of(world, world.client.person_id) == "client"
    assert not mail_to(world, world.client.email, "factor_reproof")


def test_only_who_proposed_withdraws(world):
    made = propose(world, world.administrator, "reprove-factor", person_id=world.client.person_id)
    with pytest.raises(SecondPersonNeeded):
        proposals.withdraw_proposal(
            world.db, world.vault.records, acting=world.officer, proposal_id=made.id, now=NOW
        )


def test_the_same_is_not_proposed_twice(world, second):
    propose(world, world.administrator, "reprove-factor", person_id=world.client.person_id)
    with pytest.raises(ProposalInvalid, match="already"):
        propose(world, second, "reprove-factor", reason="Another reason.", person_id=world.client.person_id)
    invited = {"name": "New", "email": "new@example.com", "role": "administrator"}
    propose(world, world.administrator, "grant-role", **invited)
    with pytest.raises(ProposalInvalid, match="already"):
        propose(world, second, "grant-role", **invited)


@pytest.mark.promise(21)
def test_a_random_proposal_is_not_found(world):
    for attempt in (
        lambda: seen(world, world.officer, new_id()),
        lambda: proposals.refuse_proposal(
            world.db, world.vault.records, acting=world.officer, proposal_id=new_id(), now=NOW
        ),
    ):
        with pytest.raises(NotFound):
            attempt()


@pytest.mark.parametrize(
    ("kind", "facts", "said"),
    [
        ("fly", {}, "The kinds are"),
        ("grant-role", {"role": "client", "person_id": "{manager}"}, "no second person"),
        ("grant-role", {"role": "king", "person_id": "{manager}"}, "facts do not fit"),
        ("grant-role", {"role": "compliance_officer", "person_id": "{officer}"}, "already"),
        ("grant-role", {"role": "administrator", "person_id": "{nobody}"}, "nobody with this id"),
        ("grant-role", {"role": "administrator", "person_id": "{manager}", "name": "X"}, "either"),
        (
            "grant-role",
            {"role": "administrator", "person_id": "{manager}", "salary": "1"},
            "facts do not fit",
        ),
        ("reprove-factor", {}, "facts do not fit"),
        ("reprove-factor", {"person_id": "{invited}"}, "joined"),
        ("export-personal-data", {"format": "xml"}, "facts do not fit"),
    ],
)
def test_what_cannot_be_done_is_not_proposed(world, kind, facts, said):
    invited = people.invite_person(
        world.db,
        world.vault.records,
        acting=world.administrator,
        email="i@example.com",
        name="Ida Invited",
        role=Role.CLIENT,
        organisation_id=world.acme,
        now=NOW,
    )
    ids = {
        "{manager}": world.manager.person_id,
        "{officer}": world.officer.person_id,
        "{nobody}": new_id(),
        "{invited}": invited.person_id,
    }
    given = {name: ids.get(value, value) for name, value in facts.items()}
    acting = world.officer if kind == "export-personal-data" else world.administrator
    before = world.entries()
    with pytest.raises(ProposalInvalid, match=said):
        propose(world, acting, kind, **given)
    assert world.entries() == before
    with world.db.reading() as tx:
        assert tx.connection.execute(select(tables.proposals.c.id)).all() == []


@pytest.mark.parametrize("reason", ["", "  \n ", "x" * 1001])
def test_a_proposal_says_why(world, reason):
    with pytest.raises(ProposalInvalid, match=r"why|reason"):
        propose(world, world.administrator, "reprove-factor", reason=reason, person_id=world.client.person_id)


@pytest.mark.promise(56)
def test_what_is_proposed_lies_sealed(world):
    made = propose(
        world,
        world.administrator,
        "grant-role",
        name="Una Unique",
        email="una.unique@example.com",
        role="administrator",
    )
    with world.db.reading() as tx:
        row = tx.connection.execute(select(tables.proposals)).one()
    assert b"una.unique" not in row.sealed
    assert REASON.encode() not in row.sealed
    assert row.digest == made.digest


# --- once --------------------------------------------------------------------------------------------------


@pytest.mark.promise(26)
def test_of_many_confirmations_at_once_one_carries_it_out(world):
    confirmers = [person(world.db, f"Officer {n}", Role.COMPLIANCE_OFFICER, world.operator) for n in range(6)]
    made = propose(
        world, world.administrator, "grant-role", person_id=world.manager.person_id, role="administrator"
    )
    proofs = [proof(world, each, step_ups.PROPOSAL_CONFIRM, made.digest) for each in confirmers]

    def attempt(at):
        try:
            proposals.confirm_proposal(
                world.db,
                world.vault.records,
                acting=confirmers[at],
                proposal_id=made.id,
                step_up_id=proofs[at],
                now=NOW,
            )
        except ProposalOver:
            return "over"
        return "done"

    with ThreadPoolExecutor(6) as pool:
        got = sorted(pool.map(attempt, range(6)))
    assert got == ["done"] + ["over"] * 5
    kinds = [kind for kind, _ in world.entries()]
    assert [kinds.count(kind) for kind in ("proposal:confirmed", "person:role:changed", "proposal:done")] == [
        1,
        1,
        1,
    ]


@pytest.mark.promise(26)
def test_of_many_workers_at_once_one_carries_it_out(world):
    made = propose(world, world.administrator, "reprove-factor", person_id=world.client.person_id)
    confirm(world, world.officer, made)
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda _: settle(world, hours(24)), range(6)))
    kinds = [kind for kind, _ in world.entries()]
    assert (kinds.count("person:factor:reproved"), kinds.count("proposal:done")) == (1, 1)
    assert len(mail_to(world, world.client.email, "factor_reproof")) == 1


@pytest.mark.promise(26)
def test_a_crash_in_the_middle_leaves_it_undone_and_it_is_done_once_later(world, monkeypatch):
    made = propose(world, world.administrator, "reprove-factor", person_id=world.client.person_id)
    confirm(world, world.officer, made)
    before = world.rows()

    def crash(*_args, **_kwargs):
        raise RuntimeError("the power went")

    monkeypatch.setattr("docvault.database.deeds.reproofs.audit.append", crash)
    with pytest.raises(RuntimeError):
        settle(world, hours(24))
    assert world.rows() == before
    monkeypatch.undo()
    assert settle(world, hours(24)) == 1
    assert settle(world, hours(25)) == 0
    assert len(mail_to(world, world.client.email, "factor_reproof")) == 1


# --- the first second person -------------------------------------------------------------------------------


def alone(world):
    """Leave one administrator, as in a portal that was just set up."""
    with world.db.transaction() as tx:
        gone = [world.officer.person_id]
        for table in (tables.sessions, tables.memberships, tables.standings):
            tx.connection.execute(delete(table).where(table.c.person_id.in_(gone)))
        tx.connection.execute(delete(tables.people).where(tables.people.c.id.in_(gone)))


@pytest.mark.promise(26)
def test_the_first_administrator_appoints_the_second_alone_and_the_trail_says_so(world):
    alone(world)
    made = propose(
        world,
        world.administrator,
        "grant-role",
        name="Otis Officer",
        email="otis@example.com",
        role="compliance_officer",
    )
    assert (made.state, made.confirmer_name) == (ProposalState.DONE, None)
    (invited,) = mail_to(world, "otis@example.com", "invitation")
    assert invited.values["path"].startswith("/welcome#")
    with world.db.reading() as tx:
        said = [row.sentence for row in audit_trail.page(tx, Filters(), after=None, limit=1).items]
    deed = "Invite Otis Officer (otis@example.com) as a compliance officer"
    assert said == [f"Carried out, alone, as nobody else could confirm: {deed}"]


@pytest.mark.promise(26)
def test_whoever_switches_everybody_else_off_is_not_alone_by_it(world):
    switch_off(world, world.officer)
    made = propose(
        world,
        world.administrator,
        "grant-role",
        name="Otis Officer",
        email="otis@example.com",
        role="compliance_officer",
    )
    assert made.state is ProposalState.OPEN


@pytest.mark.promise(26)
def test_nothing_but_appointing_is_ever_done_alone(world):
    alone(world)
    made = propose(world, world.administrator, "reprove-factor", person_id=world.client.person_id)
    assert made.state is ProposalState.OPEN


# --- what is granted ---------------------------------------------------------------------------------------


def test_an_invitation_to_a_role_with_power_is_mailed_when_it_is_confirmed(world):
    facts = {"name": "Otis  Officer", "email": "Otis@Example.com", "role": "compliance_officer"}
    made = propose(world, world.administrator, "grant-role", **facts)
    assert not mail_to(world, "otis@example.com", "invitation")
    confirm(world, world.officer, made)
    (mail,) = mail_to(world, "otis@example.com", "invitation")
    found = people.invitation_details(world.db, token=mail.values["path"].partition("#")[2], now=NOW)
    assert (found.name, found.email) == ("Otis Officer", "otis@example.com")
    with pytest.raises(AlreadyKnown):
        propose(world, world.administrator, "grant-role", **facts)


@pytest.mark.promise(18)
@pytest.mark.promise(19)
def test_a_granted_role_ends_what_began_under_the_old_one(world):
    with world.db.transaction() as tx:
        row = sessions.people.by_id(tx, world.manager.person_id)
        token = sessions.start(
            tx, row, kind="full", factors="password+totp", source=Source("203.0.113.7", "t"), now=NOW
        ).token
    made = propose(
        world, world.administrator, "grant-role", person_id=world.manager.person_id, role="administrator"
    )
    confirm(world, world.officer, made)
    with world.db.reading() as tx:
        assert sessions.live(tx, token, Source("203.0.113.7", "t"), NOW) is None
        open_clients = select(tables.portfolios).where(
            tables.portfolios.c.person_id == world.manager.person_id, tables.portfolios.c.ended_at.is_(None)
        )
        assert tx.connection.execute(open_clients).all() == []


# --- exports with personal details -------------------------------------------------------------------------


def fetch(world, acting, proposal_id, key, *, file_format="jsonl", filters=None, now=NOW):
    chosen = filters or Filters()
    digest = audit.export_digest(chosen, file_format, proposal_id)
    return b"".join(
        audit.export_trail(
            world.db,
            world.vault.records,
            key,
            acting=acting,
            filters=chosen,
            format=file_format,
            step_up_id=proof(world, acting, "audit:export", digest, now),
            now=now,
            proposal_id=proposal_id,
        ).content
    )


@pytest.fixture
def key():
    return LogKey("docvault.example/log", Ed25519PrivateKey.from_private_bytes(bytes(32)))


@pytest.mark.promise(26)
def test_personal_details_leave_once_for_who_proposed_it_after_a_second_person(world, key):
    made = propose(world, world.officer, "export-personal-data", format="jsonl")
    with pytest.raises(ProposalOver):
        fetch(world, world.officer, made.id, key)
    assert confirm(world, world.administrator, made).state is ProposalState.WAITING
    assert settle(world, hours(1)) == 0
    other = person(world.db, "Oren Officer", Role.COMPLIANCE_OFFICER, world.operator)
    for attempt in (
        lambda: fetch(world, other, made.id, key),
        lambda: fetch(world, world.officer, made.id, key, file_format="csv"),
        lambda: fetch(world, world.officer, made.id, key, filters=Filters(kind="envelope")),
        lambda: fetch(world, world.officer, new_id(), key),
    ):
        with pytest.raises(NotFound):
            attempt()
    assert world.officer.email.encode() in fetch(world, world.officer, made.id, key)
    assert seen(world, world.officer, made.id).state is ProposalState.DONE
    with pytest.raises(ProposalOver):
        fetch(world, world.officer, made.id, key)


@pytest.mark.promise(25)
@pytest.mark.promise(26)
def test_who_confirmed_still_has_to_be_permitted_when_the_details_leave(world, key):
    made = propose(world, world.officer, "export-personal-data", format="jsonl")
    confirm(world, world.administrator, made)
    switch_off(world, world.administrator)
    with pytest.raises(NoLongerPermitted):
        fetch(world, world.officer, made.id, key)


def test_an_export_nobody_comes_for_lapses(world, key):
    made = propose(world, world.officer, "export-personal-data", format="jsonl")
    confirm(world, world.administrator, made)
    with pytest.raises(ProposalOver):
        fetch(world, world.officer, made.id, key, now=hours(72))
    assert settle(world, hours(72)) == 1
    assert seen(world, world.officer, made.id).state is ProposalState.LAPSED


def test_proposals_are_listed_page_by_page_with_what_one_may_do(world):
    made = [
        propose(
            world,
            world.administrator,
            "grant-role",
            name=f"N {n}",
            email=f"n{n}@x.example",
            role="administrator",
        )
        for n in range(3)
    ]
    confirm(world, world.officer, made[0])

    def listed(acting, alive, after=None):
        return proposals.list_proposals(
            world.db, world.vault.records, acting=acting, alive=alive, after=after, limit=1, now=NOW
        )

    first = listed(world.officer, True)
    rest = listed(world.officer, True, first.next)
    assert {each.id for page in (first, rest) for each in page.items} == {made[1].id, made[2].id}
    assert rest.next is None
    assert [each.id for each in listed(world.officer, False).items] == [made[0].id]
    assert first.items[0].may == {"confirm", "refuse"}
    assert listed(world.administrator, True).items[0].may == {"withdraw"}
    assert listed(world.administrator, False).items[0].may == frozenset()

"""Erasing a person's details: what goes, what is kept and until when, and that every proof stays (81, 88)."""

import io
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import delete, insert, select, update

from docvault.actions import audit as trail
from docvault.actions import disposals, erasures
from docvault.actions.people import disable_person, enable_person
from docvault.actions.sharing import share_folder
from docvault.audit.checkpoints import LogKey
from docvault.audit.kinds import Kind
from docvault.audit.verifier import verify
from docvault.database import audit, messages, people, tables
from docvault.database.audit_trail import Filters
from docvault.policy.engine import Forbidden
from docvault.policy.vocabulary import Role
from docvault.rules.people import PersonRefused
from docvault.rules.proposals import ProposalInvalid, SecondPersonNeeded
from docvault.values import new_id

from .papers_kept import folder, hold, paper, run_jobs, stones, years
from .two_people import confirm, propose
from .world import NOW, everything, person, standing

pytestmark = [pytest.mark.promise(81), pytest.mark.promise(88)]

KEY = LogKey("vault.example.com/audit", Ed25519PrivateKey.generate())
NAME, ELSEWHERE = "Zora Erasable", "198.51.100.94"


@pytest.fixture
def world(tmp_path, database_url):
    yield from standing(tmp_path, database_url)


@pytest.fixture
def second(world):
    return person(world.db, "Sven Officer", Role.COMPLIANCE_OFFICER, world.operator)


@pytest.fixture
def zora(world):
    """A client who left traces: entries of their own and of others, a share, a mail, a guest's visit."""
    made = person(world.db, NAME, Role.CLIENT, world.acme)
    place = folder(world, name="Zora's papers")
    share_folder(
        world.db, acting=world.manager, folder_id=place, person_id=made.person_id, role="viewer", now=NOW
    )
    with world.db.transaction() as tx:
        note = {"recipient": made.email, "template": "x", "values": {"name": NAME}, "now": NOW}
        messages.add(tx, world.vault.records, person_id=made.person_id, **note)
        of_others = {"recipient": world.manager.email, "template": "x", "values": {"who": NAME}, "now": NOW}
        messages.add(tx, world.vault.records, person_id=world.manager.person_id, **of_others)
        audit.append(tx, Kind.SIGN_IN_SUCCEEDED, at=NOW, acting=made, facts={"factors": "password+totp"})
        refused = {"email": made.email, "address": ELSEWHERE}
        audit.append(tx, Kind.SIGN_IN_REFUSED, at=NOW, private=refused, facts={"why": "unknown"})
    return made


def off(world, who):
    disable_person(world.db, acting=world.administrator, person_id=who.person_id, now=NOW)


def erase(world, second, who, now=NOW):
    """Let two people decide, and the worker do it."""
    made = propose(world, world.officer, "erase-person", person_id=who.person_id, now=now)
    confirm(world, second, made, now=now)
    disposals.finish_begun(world.db, world.vault, stones(world), now=now)
    (found,) = [
        one
        for one in erasures.list_erasures(world.db, acting=world.officer)
        if one.person_id == who.person_id
    ]
    return found


def signed_contract(world, who, *, state="completed"):
    """Put down an envelope that somebody was asked to sign, with its entry; return envelope and document."""
    document_id = paper(world, folder(world, "contract", name="Contracts"))
    envelope_id, at = new_id(), {"created_at": NOW, "changed_at": NOW, "completed_at": NOW}
    with world.db.transaction() as tx:
        place = select(tables.documents.c.folder_id).where(tables.documents.c.id == document_id)
        row = {"id": envelope_id, "organisation_id": world.acme, "sender_id": world.manager.person_id, **at}
        about = {"title": "Services agreement", "message": "", "state": state}
        lies = {"folder_id": tx.connection.execute(place).scalar_one()}
        tx.connection.execute(insert(tables.envelopes).values(**row, **about, **lies))
        enclosed = {"envelope_id": envelope_id, "document_id": document_id, "page_sizes": "[]"}
        tx.connection.execute(insert(tables.envelope_documents).values(position=1, name="x", **enclosed))
        asked = {"envelope_id": envelope_id, "person_id": who.person_id, "turn": 1, "role": "signer"}
        tx.connection.execute(insert(tables.recipients).values(id=new_id(), pages_seen="[]", **asked))
        subject = {"object_type": "envelope", "object_id": envelope_id}
        audit.append(tx, Kind.ENVELOPE_SIGNED, at=NOW, acting=who, private={"title": "x"}, **subject)
    return envelope_id, document_id


def details_of(world, kind):
    with world.db.reading() as tx:
        entries, details = tables.audit_entries, tables.audit_details
        found = select(details.c.body).join_from(details, entries, entries.c.index == details.c.index)
        return list(tx.connection.execute(found.where(entries.c.kind == kind.value)).scalars())


def test_nobody_finds_name_or_address_again_and_every_proof_stays(world, zora, second):
    before = trail.check_log(world.db, KEY.public)
    checkpoint = trail.publish_checkpoint(world.db, KEY, now=NOW)
    off(world, zora)
    found = erase(world, second, zora)
    left = everything(world.db)
    for canary in (NAME, zora.email, ELSEWHERE):
        assert canary.encode() not in left
    assert (found.kept, found.kept_until, found.done_at) == (0, None, NOW)
    assert found.entries >= 4
    after = trail.check_log(world.db, KEY.public)
    assert (before.erased, after.erased) == (0, found.entries)
    assert ("person:erased", zora.person_id) in world.entries()
    exported = trail.export_at_terminal(
        world.db, KEY, operator="root", filters=Filters(), format="bundle", now=NOW
    )
    verified = verify(io.BytesIO(b"".join(exported.content)), key=KEY.public, since=checkpoint.note)
    assert (verified.details, verified.erased) == ("included", found.entries)


def test_what_is_left_has_a_pseudonym_and_opens_nothing(world, zora, second):
    off(world, zora)
    erase(world, second, zora)
    with world.db.reading() as tx:
        row = people.by_id(tx, zora.person_id)
    assert (row.name, row.email, row.state) == (
        f"Erased person {zora.person_id[-6:]}",
        f"erased-{zora.person_id.lower()}@erased.invalid",
        "disabled",
    )
    with pytest.raises(PersonRefused, match="erased for good"):
        enable_person(world.db, acting=world.administrator, person_id=zora.person_id, now=NOW)
    with pytest.raises(ProposalInvalid, match="erased already"):
        propose(world, world.officer, "erase-person", person_id=zora.person_id)
    with world.db.reading() as tx:
        assert people.by_email(tx, zora.email) is None  # whoever has the address can be invited anew


def test_an_open_account_an_open_envelope_and_a_hold_each_refuse_it_in_words(world, zora, second):
    def refused(words):
        with pytest.raises(ProposalInvalid, match=words):
            propose(world, world.officer, "erase-person", person_id=zora.person_id)
        plan = erasures.plan(world.db, acting=world.officer, person_id=zora.person_id, now=NOW)
        assert any(words in reason for reason in plan.reasons)

    refused("account is still open")
    off(world, zora)
    signed_contract(world, zora, state="sent")
    refused("part in 1 envelope that is open")
    with world.db.transaction() as tx:
        tx.connection.execute(update(tables.envelopes).values(state="voided"))
    held = hold(world, "organisation", world.acme)
    refused("legal hold keeps 2 documents and clients of theirs")
    confirm(world, second, propose(world, world.officer, "lift-hold", hold_id=held))
    made = propose(world, world.officer, "erase-person", person_id=zora.person_id)
    hold(world, "organisation", world.acme)  # comes between the two people
    with pytest.raises(ProposalInvalid, match="legal hold"):
        confirm(world, second, made)
    assert NAME.encode() in everything(world.db)


def test_it_takes_two_people_who_may(world, zora, second):
    off(world, zora)
    for acting in (world.manager, world.client):
        with pytest.raises(Forbidden):
            propose(world, acting, "erase-person", person_id=zora.person_id)
        with pytest.raises(Forbidden):
            erasures.list_erasures(world.db, acting=acting)
        with pytest.raises(Forbidden):
            erasures.plan(world.db, acting=acting, person_id=zora.person_id, now=NOW)
    made = propose(world, world.officer, "erase-person", person_id=zora.person_id)
    with pytest.raises(SecondPersonNeeded):
        confirm(world, world.officer, made)
    assert not erasures.list_erasures(world.db, acting=world.officer)


def test_the_evidence_of_a_contract_is_kept_until_the_contract_is_destroyed(world, zora, second):
    signed_contract(world, zora)
    off(world, zora)
    plan = erasures.plan(world.db, acting=world.officer, person_id=zora.person_id, now=NOW)
    administrators = erasures.plan(world.db, acting=world.administrator, person_id=zora.person_id, now=NOW)
    assert [one.title for one in (*plan.evidence, *administrators.evidence)] == ["Services agreement", ""]
    found = erase(world, second, zora)
    assert (plan.reasons, [one.kept_until for one in plan.evidence]) == ([], [found.kept_until])
    assert (found.kept, found.kept_until > years(1)) == (1, True)
    (kept,) = details_of(world, Kind.ENVELOPE_SIGNED)
    assert NAME.encode() in kept
    run_jobs(world, found.kept_until - timedelta(days=1))
    disposals.erase_rest(world.db, now=found.kept_until - timedelta(days=1))
    assert details_of(world, Kind.ENVELOPE_SIGNED)
    destroyed = found.kept_until + timedelta(days=1)
    run_jobs(world, destroyed)
    run_jobs(world, destroyed + timedelta(days=40))
    assert disposals.erase_rest(world.db, now=destroyed + timedelta(days=40)) == 1
    assert details_of(world, Kind.ENVELOPE_SIGNED) == []
    (found,) = erasures.list_erasures(world.db, acting=world.officer)
    assert (found.kept, found.kept_until) == (0, None)
    assert NAME.encode() not in everything(world.db)
    assert trail.check_log(world.db, KEY.public).erased == found.entries


def test_an_older_database_that_is_put_back_is_erased_again_before_it_is_served(world, zora, second):
    off(world, zora)
    with world.db.reading() as tx:
        older = {
            each: [dict(row) for row in tx.connection.execute(select(each)).mappings()]
            for each in tables.METADATA.sorted_tables
        }
    erase(world, second, zora)
    with world.db.transaction() as tx:
        for each in reversed(tables.METADATA.sorted_tables):
            tx.connection.execute(delete(each))
        for each, rows in older.items():
            if rows:
                tx.connection.execute(insert(each), rows)
    assert NAME.encode() in everything(world.db)
    assert disposals.apply_again(world.db, world.vault, stones(world), now=years(1)) == 1
    assert NAME.encode() not in everything(world.db)
    assert disposals.apply_again(world.db, world.vault, stones(world), now=years(1)) == 0
    trail.check_log(world.db, KEY.public)


def test_a_namesake_keeps_what_speaks_of_them(world, zora, second):
    other = person(world.db, NAME, Role.CLIENT, world.globex)
    with world.db.transaction() as tx:
        audit.append(tx, Kind.SIGN_IN_SUCCEEDED, at=NOW, acting=other)
    off(world, zora)
    erase(world, second, zora)
    kept = details_of(world, Kind.SIGN_IN_SUCCEEDED)
    assert [other.email.encode() in body for body in kept] == [True]

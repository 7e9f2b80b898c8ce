"""Envelopes under any order of what people, clock and workers do, in two processes, with deaths in between.

The model is what the rules say on paper, for one envelope: two people sign in the first turn, a third approves in
the second. Every step happens in one of two processes on the same files. A worker may die at any call that it makes
into the database or the store: what it did not commit is gone, as after `kill -9`, and the next one goes on.
"""

import shutil
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from sqlalchemy import event, func, select

from docvault.actions import (
    ceremonies,
    completions,
    deadlines,
    delegations,
    drafts,
    envelope_life,
    envelopes,
    placed_fields,
)
from docvault.audit.kinds import Kind
from docvault.blobs.filesystem import FileBlobs
from docvault.database import tables
from docvault.database.engine import Database
from docvault.encryption.held import HeldKeys
from docvault.encryption.keyring import FileKeyring
from docvault.pdf import validate
from docvault.pdf.reasons import Verdict
from docvault.pdf.workers import Workers
from docvault.policy.engine import Forbidden
from docvault.policy.vocabulary import Role
from docvault.rules.envelopes import EnvelopeRefused, Part, State
from docvault.vault.authority import Authority
from docvault.vault.files import Vault

from . import envelope_world as signing
from .world import DATABASE, KEY_FILE, NOW, POLICY, person

SLOTS = {"anna": (1, Part.SIGNER), "ben": (1, Part.SIGNER), "mia": (2, Part.APPROVER)}
SIGNERS = ["anna", "ben"]
DONE = {"signed", "approved"}
DUE = NOW + timedelta(days=3)
WHO, PROCESSES = st.sampled_from(sorted(SLOTS)), st.sampled_from([0, 1])


class Killed(BaseException):
    """The worker is gone; nothing that it would have done afterwards happens."""


@cache
def mould():
    """Make the portal and the envelope once, sent; each example works on a copy of its files."""
    folder = Path(tempfile.mkdtemp(prefix="docvault-machine-"))
    made = signing.build_signing(folder)
    world = made.world
    ben = person(world.db, "Ben Colleague", Role.CLIENT, world.acme)
    spare = [person(world.db, f"{name} Colleague", Role.CLIENT, world.acme) for name in ("Cleo", "Dan")]
    holders = {"anna": world.client, "ben": ben, "mia": world.manager}
    envelope_id = drafts.create_envelope(
        world.db,
        world.vault,
        made.pdf,
        acting=world.manager,
        document_ids=[signing.add_document(made)],
        title="Services agreement",
        recipients=[drafts.NewRecipient(holders[slot].person_id, *SLOTS[slot]) for slot in SLOTS],
        wishes=drafts.Wishes(DUE, 1),
        now=NOW,
    )
    seen = envelopes.show_envelope(world.db, acting=world.manager, envelope_id=envelope_id)
    slots = {slot: next(r.id for r in seen.recipients if r.email == holders[slot].email) for slot in SLOTS}
    placed = [field for row, slot in enumerate(SIGNERS) for field in signing.all_kinds(slots[slot], row)]
    placed_fields.place_fields(
        world.db, world.vault, acting=world.manager, envelope_id=envelope_id, fields=placed, now=NOW
    )
    signing.send(made, envelope_id)
    world.db.close()
    return made, holders, spare, slots, envelope_id, folder


@dataclass
class Death:
    """Counts the calls of a worker, and lets it die at one of them."""

    at: int = 0
    calls: int = 0

    def __call__(self):
        if self.at:
            self.calls += 1
            if self.calls == self.at:
                raise Killed

    @contextmanager
    def after(self, calls):
        self.at, self.calls = calls, 0
        try:
            yield
        finally:
            self.at = 0


class Mortal:
    """The store of a process that can die before and after each of its calls."""

    def __init__(self, inner, death):
        self.inner, self.death = inner, death

    def __getattr__(self, name):
        found = getattr(self.inner, name)
        if not callable(found):
            return found

        def call(*given, **more):
            self.death()
            answer = found(*given, **more)
            self.death()
            return answer

        return call


class Process:
    """One process on the files of an example."""

    def __init__(self, made, folder):
        self.death = Death()
        world = made.world
        db = Database(f"sqlite:///{folder / DATABASE}", POLICY)
        for call in ("before_cursor_execute", "commit"):
            event.listen(db.engine, call, lambda *_: self.death())
        vault = Vault(
            HeldKeys.before_masters(FileKeyring.open(folder / KEY_FILE)), FileBlobs(folder / "blobs")
        )
        vault.blobs = Mortal(vault.blobs, self.death)
        self.made = replace(
            made,
            world=replace(world, db=db, vault=vault, folder=folder),
            authority=Authority.load(db, vault),
        )


class Envelopes(RuleBasedStateMachine):
    pdf: Workers

    def __init__(self):
        super().__init__()
        made, holders, spare, self.ids, self.envelope_id, folder = mould()
        self.folder = Path(tempfile.mkdtemp(prefix="docvault-machine-"))
        shutil.copytree(folder, self.folder, dirs_exist_ok=True)
        self.processes = [Process(replace(made, pdf=self.pdf), self.folder) for _ in range(2)]
        self.holders, self.spare = dict(holders), list(spare)
        self.now, self.due, self.state = NOW, DUE, "sent"
        self.done, self.applied = [], []
        self.opened, self.consented, self.read = set(), set(), set()
        self.signatures = self.completions = 0

    def teardown(self):
        try:
            self.nothing_is_stuck()
        finally:
            for each in self.processes:
                each.made.vault.close()
                each.made.db.close()
            shutil.rmtree(self.folder)

    # --- the model ---

    def tick(self):
        self.now += timedelta(seconds=1)
        return self.now

    def turn(self):
        return min((SLOTS[slot][0] for slot in SLOTS if slot not in self.done), default=0)

    def may_act(self, slot):
        open_ = self.state == "sent" and self.now < self.due
        return open_ and slot not in self.done and SLOTS[slot][0] == self.turn()

    def finish(self, slot):
        self.done.append(slot)
        if len(self.done) == len(SLOTS):
            self.state = "completing"

    def forget(self, slot):
        for noted in (self.opened, self.consented, self.read):
            noted.discard(slot)

    def attempt(self, allowed, step):
        """Do a step that goes through exactly when the model says so; return whether it did."""
        try:
            step()
        except (EnvelopeRefused, Forbidden):
            assert not allowed
            return False
        assert allowed
        return True

    # --- people ---

    @rule(slot=WHO, process=PROCESSES)
    def opens(self, slot, process):
        made, now = self.processes[process].made, self.tick()
        signing.ceremony(made, self.holders[slot], self.envelope_id, now)
        if self.state == "sent":
            self.opened.add(slot)

    @rule(slot=WHO, process=PROCESSES)
    def agrees(self, slot, process):
        made, now = self.processes[process].made, self.tick()
        text = signing.ceremony(made, self.holders[slot], self.envelope_id, now).consent
        if self.state == "sent":
            self.opened.add(slot)

        def step():
            ceremonies.give_consent(
                made.db,
                acting=self.holders[slot],
                envelope_id=self.envelope_id,
                consent_id=text.id,
                consent_sha256=text.sha256,
                now=now,
            )

        if self.attempt(self.may_act(slot) and slot in SIGNERS, step):
            self.consented.add(slot)

    @rule(slot=WHO, process=PROCESSES)
    def reads(self, slot, process):
        made, now = self.processes[process].made, self.tick()

        def step():
            ceremonies.pages_seen(
                made.db, acting=self.holders[slot], envelope_id=self.envelope_id, pages=[1, 2], now=now
            )

        if self.attempt(self.may_act(slot), step):
            self.read.add(slot)

    @rule(slot=WHO, process=PROCESSES, twice=st.booleans())
    def signs_or_approves(self, slot, process, twice):
        """A double click sends the same proof again, to the other process: it counts once."""
        first, now = self.processes[process].made, self.tick()
        seen = signing.ceremony(first, self.holders[slot], self.envelope_id, now)
        if self.state == "sent":
            self.opened.add(slot)
        proof = signing.step_up(first, self.holders[slot], seen.digest, now)
        allowed = self.may_act(slot) and slot in self.read and (slot not in SIGNERS or slot in self.consented)
        if self.attempt(allowed, lambda: self._act(first, slot, seen, proof)):
            self.finish(slot)
            self.signatures += slot in SIGNERS
            if twice:
                other = self.processes[1 - process].made
                self.attempt(False, lambda: self._act(other, slot, seen, proof))

    @precondition(lambda self: self.state == "sent" and self.now < self.due)
    @rule(process=PROCESSES)
    def somebody_does_all_of_it(self, process):
        slot = next(slot for slot in SLOTS if self.may_act(slot))
        if slot in SIGNERS:
            self.agrees(slot, process)
        self.reads(slot, process)
        self.signs_or_approves(slot, process, twice=False)

    def _act(self, made, slot, seen, proof):
        given = {"acting": self.holders[slot], "envelope_id": self.envelope_id, "now": self.now}
        if slot not in SIGNERS:
            ceremonies.approve_envelope(made.db, made.vault, step_up_id=proof, **given)
            return
        ceremonies.sign_envelope(
            made.db,
            made.vault,
            made.pdf,
            answers=signing.answers_for(seen),
            signature=signing.DRAWN,
            step_up_id=proof,
            **given,
        )

    @rule(slot=WHO, process=PROCESSES, luck=st.integers(0, 9))
    def declines(self, slot, process, luck):
        if luck and self.may_act(slot):
            return  # most examples should get further
        made, now = self.processes[process].made, self.tick()

        def step():
            ceremonies.decline_envelope(
                made.db,
                made.vault,
                acting=self.holders[slot],
                envelope_id=self.envelope_id,
                reason="No.",
                now=now,
            )

        if self.attempt(self.may_act(slot), step):
            self.state = "declined"

    @precondition(lambda self: self.spare)
    @rule(slot=st.sampled_from(SIGNERS), process=PROCESSES)
    def hands_on(self, slot, process):
        made, now, colleague = self.processes[process].made, self.tick(), self.spare[-1]

        def step():
            delegations.delegate_part(
                made.db,
                made.vault,
                acting=self.holders[slot],
                envelope_id=self.envelope_id,
                to=colleague.person_id,
                reason="On leave.",
                now=now,
            )

        if self.attempt(self.may_act(slot), step):
            self.spare.pop()
            self.holders[slot] = colleague
            self.forget(slot)

    # --- the sender ---

    @precondition(lambda self: self.spare)
    @rule(slot=st.sampled_from(SIGNERS), process=PROCESSES)
    def sender_corrects_who_is_asked(self, slot, process):
        made, now, colleague = self.processes[process].made, self.tick(), self.spare[-1]

        def step():
            envelope_life.correct_recipient(
                made.db,
                made.vault,
                acting=made.world.manager,
                envelope_id=self.envelope_id,
                recipient_id=self.ids[slot],
                person_id=colleague.person_id,
                reason="The wrong one.",
                now=now,
            )

        if self.attempt(self.state == "sent" and slot not in self.done and slot not in self.opened, step):
            self.spare[-1], self.holders[slot] = self.holders[slot], colleague
            self.forget(slot)

    @rule(days=st.integers(-1, 2), process=PROCESSES)
    def sender_gives_more_time(self, days, process):
        made, now = self.processes[process].made, self.tick()
        until = self.due + timedelta(days=days)

        def step():
            envelope_life.extend_envelope(
                made.db,
                made.vault,
                acting=made.world.manager,
                envelope_id=self.envelope_id,
                due_at=until,
                now=now,
            )

        later = days > 0 and until > now
        if self.attempt(self.state in {"sent", "expired"} and later, step):
            self.state, self.due = "sent", until

    @rule(process=PROCESSES, luck=st.integers(0, 9))
    def sender_voids(self, process, luck):
        possible = self.state in {"sent", "expired"}
        if luck and possible:
            return
        made, now = self.processes[process].made, self.tick()

        def step():
            envelopes.void_envelope(
                made.db,
                made.vault,
                acting=made.world.manager,
                envelope_id=self.envelope_id,
                reason="Enough.",
                now=now,
            )

        if self.attempt(possible, step):
            self.state = "voided"

    # --- clock and workers ---

    @rule(hours=st.sampled_from([1, 20, 80]), luck=st.integers(0, 3))
    def time_passes(self, hours, luck):
        self.now += timedelta(hours=1 if luck else hours)

    @rule(process=PROCESSES)
    def worker_looks_after_envelopes(self, process):
        made, now = self.processes[process].made, self.tick()
        deadlines.look_after(made.db, made.vault.records, now=now)
        if self.state == "sent" and now >= self.due:
            self.state = "expired"

    @rule(process=PROCESSES)
    def worker_puts_signatures_in(self, process):
        signing.advance(self.processes[process].made, self.envelope_id, self.tick())
        self.put_in()

    @rule(process=PROCESSES, calls=st.integers(1, 120))
    def worker_dies(self, process, calls):
        """What it had committed by then stays; the model looks how far it came, and nothing else."""
        process = self.processes[process]
        try:
            with process.death.after(calls):
                signing.advance(process.made, self.envelope_id, self.tick())
        except Killed:
            applied, state = self.as_kept()
            waiting = [slot for slot in self.done if slot in SIGNERS]
            assert applied >= len(self.applied)
            self.applied = waiting[:applied]
            if state == "completed":
                assert self.state == "completing"
                assert self.applied == waiting
                self.state, self.completions = state, 1
        else:
            self.put_in()

    def as_kept(self):
        with self.processes[0].made.db.reading() as tx:
            rows, kept = tables.recipients, tables.envelopes
            applied = tx.connection.execute(
                select(func.count()).where(
                    rows.c.envelope_id == self.envelope_id, rows.c.applied_at.is_not(None)
                )
            ).scalar_one()
            state = tx.connection.execute(
                select(kept.c.state).where(kept.c.id == self.envelope_id)
            ).scalar_one()
        return applied, state

    def noted(self, column):
        """Return of whom something is noted."""
        rows = tables.recipients.c
        with self.processes[0].made.db.reading() as tx:
            chosen = select(rows.id, rows[column]).where(rows.envelope_id == self.envelope_id)
            found = {row[0] for row in tx.connection.execute(chosen) if row[1] not in {None, "[]"}}
        return {slot for slot in SLOTS if self.ids[slot] in found}

    def put_in(self):
        """A worker that lived did everything that was to do."""
        if self.state in {"sent", "completing"}:
            self.applied = [slot for slot in self.done if slot in SIGNERS]
        if self.state == "completing":
            self.state, self.completions = "completed", 1

    # --- what always holds ---

    @invariant()
    def portal_and_model_agree(self):
        made = self.processes[0].made
        seen = envelopes.show_envelope(made.db, acting=made.world.manager, envelope_id=self.envelope_id)
        people = {slot: next(r for r in seen.recipients if r.id == self.ids[slot]) for slot in SLOTS}
        assert seen.state.value == self.state
        assert {slot for slot, one in people.items() if one.state in DONE} == set(self.done)
        assert [people[slot].email for slot in SLOTS] == [self.holders[slot].email for slot in SLOTS]
        assert self.as_kept()[0] == len(self.applied)
        assert self.noted("consented_at") == self.consented
        assert self.noted("pages_seen") == self.read

    @invariant()
    def each_deed_is_in_the_log_once_and_told_once(self):
        made = self.processes[0].made
        kinds = [kind for kind, object_id in made.world.entries() if object_id == self.envelope_id]
        assert kinds.count(Kind.ENVELOPE_SIGNED.value) == self.signatures
        assert kinds.count(Kind.SIGNATURE_APPLIED.value) == len(self.applied)
        assert kinds.count(Kind.ENVELOPE_COMPLETED.value) == self.completions
        told = [address for template, address in signing.mails(made) if template == "envelope_completed"]
        assert len(told) == len(set(told))
        assert bool(told) == bool(self.completions)

    @invariant()
    def nobody_gets_a_signed_document_before_it_is_completed(self):
        with self.processes[0].made.db.reading() as tx:
            chosen = select(func.count()).where(tables.versions.c.purpose == "signed")
            assert tx.connection.execute(chosen).scalar_one() == self.completions

    def nothing_is_stuck(self):
        """However it came here: once everybody is done, the portal asks again by itself, and it completes."""
        if self.state not in {"completing", "completed"}:
            return
        made = self.processes[1].made
        later = self.now + completions.RESTS + timedelta(seconds=1)
        waiting = completions.retry_stuck(made.db, now=later)
        assert waiting == (self.state == "completing")
        signing.advance(made, self.envelope_id, later)
        seen = envelopes.show_envelope(made.db, acting=made.world.manager, envelope_id=self.envelope_id)
        assert seen.state is State.COMPLETED
        signed = signing.content(made, made.world.manager, self.envelope_id, "signed")
        with signing.as_scratch(signed) as source:
            report = validate.validate(made.pdf, source, roots=made.authority.roots)
        assert report.verdict is Verdict.VALID
        names = [one.signer for one in report.signatures if one.kind == "signature"]
        assert names == [self.holders[slot].name for slot in self.done if slot in SIGNERS] + [
            made.authority.seal_name()
        ]


class AllSigned(Envelopes):
    """The same, from where everybody has acted and nothing was put into the document yet."""

    @initialize(process=PROCESSES)
    def everybody_acts(self, process):
        for _ in SLOTS:
            self.somebody_does_all_of_it(process)


EVERY = settings(
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)


@pytest.fixture(scope="module", autouse=True)
def workers(pdf):
    Envelopes.pdf = pdf


class TestEnvelopes(Envelopes.TestCase):
    settings = settings(EVERY, max_examples=6, stateful_step_count=25)


class TestAllSigned(AllSigned.TestCase):
    settings = settings(EVERY, max_examples=5, stateful_step_count=8)


@pytest.mark.soak
@pytest.mark.timeout(3600)
class TestEnvelopesForLong(Envelopes.TestCase):
    settings = settings(EVERY, max_examples=150, stateful_step_count=50)


@pytest.mark.soak
@pytest.mark.timeout(3600)
class TestAllSignedForLong(AllSigned.TestCase):
    settings = settings(EVERY, max_examples=150, stateful_step_count=15)

"""A portal being filled for the demo: people with authenticator apps, and a clock that tells the story's
time.

Everything is done by the actions that the pages use; nothing is written past them.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from docvault import wiring
from docvault.actions import (
    factors,
    folders,
    organisations,
    outbox,
    people,
    proposals,
    sessions,
    sharing,
    step_ups,
    uploads,
)
from docvault.cli.demo_story import ADMINISTRATOR, PASSWORD, Cast
from docvault.credentials import totp
from docvault.database import deeds
from docvault.database.sessions import Source
from docvault.database.step_ups import PROPOSAL_MAKE
from docvault.policy.vocabulary import Acting
from docvault.rules.proposals import POWERFUL
from docvault.values import DocumentId, OrganisationId, PersonId
from docvault.vault.files import SEGMENT

SOURCE = Source(address="127.0.0.1", user_agent="DocVault demo")
PAUSE = timedelta(seconds=95)  # between two deeds: longer than the two steps in which a code counts


class StoryClock:
    """Tells the story's time; it only goes forward."""

    def __init__(self, start: datetime) -> None:
        self._now = start

    def __call__(self) -> datetime:
        return self._now

    def tick(self) -> datetime:
        """Let a moment pass and return the time after it."""
        self._now += PAUSE
        return self._now

    def jump(self, to: datetime) -> None:
        """Go on to `to`, unless the story is already later."""
        self._now = max(self._now + PAUSE, to)


@dataclass
class DemoPerson:
    """Somebody of the cast with their authenticator app."""

    cast: Cast
    secret: bytes = b""
    device: str | None = None  # the secret by which the browser they joined with is known

    def code(self, now: datetime) -> str:
        return totp.code_at(self.secret, totp.step_at(now))


@dataclass
class DemoPortal:
    """The portal in the making."""

    portal: wiring.Portal
    clock: StoryClock
    people: dict[str, DemoPerson] = field(default_factory=dict)
    organisations: dict[str, OrganisationId] = field(default_factory=dict)  # name -> id
    ids: dict[str, PersonId] = field(default_factory=dict)  # key of a person -> id

    # --- people ---------------------------------------------------------------------------------------------

    def found(self) -> None:
        """Let the first administrator in, with the one-time link that the first start prints."""
        token = people.first_administrator(
            self.portal.db, now=self.clock.tick(), name=ADMINISTRATOR.name, email=ADMINISTRATOR.email
        )
        if token is None:
            raise RuntimeError("the demo's folder was not empty")
        self._join(ADMINISTRATOR, token)

    def invite(self, cast: Cast) -> None:
        """Let the administrator invite somebody, who then sets up both factors."""
        if cast.role in POWERFUL:
            self._appoint(cast)
            return
        portal = self.portal
        invitation = people.invite_person(
            portal.db,
            portal.vault.records,
            acting=self.sign_in(ADMINISTRATOR),
            email=cast.email,
            name=cast.name,
            role=cast.role,
            organisation_id=self.organisations[cast.organisation],
            now=self.clock.tick(),
        )
        self._join(cast, invitation.token)

    def _appoint(self, cast: Cast) -> None:
        """Propose a role that needs two people; the first one is appointed alone, and the trail says so."""
        db, records = self.portal.db, self.portal.vault.records
        acting = self.sign_in(ADMINISTRATOR)
        facts = {"email": cast.email, "name": cast.name, "role": cast.role.value}
        reason = "The portal needs a second person who confirms."
        kind = deeds.GrantRole.kind.name
        digest = proposals.proposal_digest(kind, facts, reason)
        proof = self.step_up(ADMINISTRATOR, acting, PROPOSAL_MAKE, digest)
        proposals.propose(
            db,
            records,
            acting=acting,
            kind=kind,
            facts=facts,
            reason=reason,
            step_up_id=proof,
            now=self.clock.tick(),
        )
        sent = outbox.list_messages(db, records, self.portal.mailer, acting=acting, now=self.clock.tick())
        links = [message.link for message in sent.items if message.recipient == cast.email and message.link]
        self._join(cast, links[0].partition("#")[2])

    def add_client(self, name: str) -> None:
        self.organisations[name] = organisations.create_organisation(
            self.portal.db, acting=self.sign_in(ADMINISTRATOR), name=name, now=self.clock.tick()
        )

    def assign(self, manager: Cast, client: str) -> None:
        organisations.assign_client(
            self.portal.db,
            acting=self.sign_in(ADMINISTRATOR),
            person_id=self.ids[manager.key],
            organisation_id=self.organisations[client],
            now=self.clock.tick(),
        )

    def join(self, cast: Cast, client: str) -> None:
        """Let the administrator make somebody a member of one more organisation."""
        organisations.add_member(
            self.portal.db,
            acting=self.sign_in(ADMINISTRATOR),
            person_id=self.ids[cast.key],
            organisation_id=self.organisations[client],
            now=self.clock.tick(),
        )

    def leave(self, cast: Cast, client: str) -> None:
        organisations.remove_member(
            self.portal.db,
            acting=self.sign_in(ADMINISTRATOR),
            person_id=self.ids[cast.key],
            organisation_id=self.organisations[client],
            now=self.clock.tick(),
        )

    def _join(self, cast: Cast, token: str) -> None:
        portal = self.portal
        person = self.people[cast.key] = DemoPerson(cast)
        opened = people.accept_invitation(
            portal.db, portal.hasher, token=token, password=PASSWORD, source=SOURCE, now=self.clock.tick()
        )
        enrolment = factors.begin_enrolment(
            portal.db, portal.vault.records, acting=opened.acting, now=self.clock.tick()
        )
        person.secret = enrolment.seed
        now = self.clock.tick()
        _codes, session = factors.confirm_enrolment(
            portal.db, portal.vault.records, acting=opened.acting, code=person.code(now), now=now
        )
        person.device = session.device
        self.ids[cast.key] = session.acting.person_id
        self.organisations.setdefault(cast.organisation, session.acting.organisation_id)

    def sign_in(self, cast: Cast) -> Acting:
        """Sign in with both factors, as every time."""
        portal, known = self.portal, self.people[cast.key].device
        source = replace(SOURCE, devices=(known,) if known else ())
        challenge = sessions.begin_sign_in(
            portal.db,
            portal.hasher,
            email=cast.email,
            password=PASSWORD,
            source=source,
            now=self.clock.tick(),
        )
        now = self.clock.tick()
        return sessions.finish_sign_in(
            portal.db,
            portal.vault.records,
            challenge_token=challenge.token,
            code=self.people[cast.key].code(now),
            source=source,
            now=now,
        ).acting

    def step_up(self, cast: Cast, acting: Acting, purpose: str, digest: str) -> str:
        """Confirm a deed on `digest` with a code; return the proof's id."""
        now = self.clock.tick()
        code = self.people[cast.key].code(now)
        return step_ups.confirm_step_up(
            self.portal.db,
            self.portal.vault.records,
            acting=acting,
            purpose=purpose,
            digest=digest,
            code=code,
            now=now,
        ).id

    # --- files ----------------------------------------------------------------------------------------------

    def make_folder(self, acting: Acting, organisation: str, name: str, kind: str) -> str:
        return folders.create_folder(
            self.portal.db,
            self.portal.vault,
            acting=acting,
            organisation_id=self.organisations[organisation],
            name=name,
            kind=kind,
            now=self.clock.tick(),
        )

    def make_folder_inside(self, acting: Acting, parent_id: str, name: str) -> str:
        return folders.create_folder_inside(
            self.portal.db,
            self.portal.vault,
            acting=acting,
            parent_id=parent_id,
            name=name,
            kind="general",
            now=self.clock.tick(),
        )

    def share(self, acting: Acting, folder_id: str, whom: Cast, role: str, days: int | None = None) -> None:
        """Share a folder, for good or until so many days from now."""
        now = self.clock.tick()
        sharing.share_folder(
            self.portal.db,
            acting=acting,
            folder_id=folder_id,
            person_id=self.ids[whom.key],
            role=role,
            last_day=None if days is None else (now + timedelta(days=days)).date(),
            now=now,
        )

    def keep_out(self, acting: Acting, folder_id: str, whom: Cast) -> None:
        sharing.keep_out(
            self.portal.db,
            acting=acting,
            folder_id=folder_id,
            person_id=self.ids[whom.key],
            now=self.clock.tick(),
        )

    def upload(self, acting: Acting, folder_id: str, filename: str, content: bytes) -> DocumentId:
        """Upload a file in segments, as the browser does."""
        db, vault = self.portal.db, self.portal.vault
        upload = uploads.begin_upload(
            db,
            vault,
            acting=acting,
            folder_id=folder_id,
            filename=filename,
            size=len(content),
            now=self.clock.tick(),
        )
        for start in range(0, len(content), SEGMENT):
            uploads.store_segment(
                db,
                vault,
                acting=acting,
                upload_id=upload.id,
                offset=start,
                plaintext=content[start : start + SEGMENT],
                now=self.clock.tick(),
            )
        return uploads.finish_upload(
            db, vault, self.portal.pdf, acting=acting, upload_id=upload.id, now=self.clock.tick()
        ).id

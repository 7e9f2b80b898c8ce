"""People with real passwords and authenticator apps, made by the same actions as everybody's."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

from docvault.actions import factors, people, sessions
from docvault.credentials import totp
from docvault.credentials.passwords import Hasher
from docvault.policy.numbers import Argon2
from docvault.policy.vocabulary import TERMINAL, Acting, Role
from docvault.rules.proposals import POWERFUL

from .world import NOW, World, standing

SOURCE = sessions.Source("203.0.113.9", "Firefox")
HASHER = Hasher(Argon2(memory_kib=7168, passes=1, lanes=1, at_once=2, waiting=64), bytes(range(32)))
PASSWORD = "correct horse battery staple"


def with_mail(tmp_path: Path, url: str | None = None) -> Iterator[World]:
    """Build a world, whose mail can be queued as in any, and close it; made for `yield from` in a fixture."""
    yield from standing(tmp_path, url)


@dataclass
class Member:
    world: World
    email: str
    seed: bytes
    recovery_codes: list[str]
    acting: Acting
    now: datetime = field(default=NOW)

    def later(self, **gap: float) -> datetime:
        """Move this person's clock; by default to the next code."""
        self.now += timedelta(**(gap or {"seconds": 60}))
        return self.now

    def code(self) -> str:
        return totp.code_at(self.seed, totp.step_at(self.now))

    def challenge(self, password: str = PASSWORD, source: sessions.Source = SOURCE) -> str:
        return sessions.begin_sign_in(
            self.world.db, HASHER, email=self.email, password=password, source=source, now=self.now
        ).token

    def give_code(self, token: str, code: str | None = None) -> sessions.NewSession:
        return sessions.finish_sign_in(
            self.world.db,
            self.world.vault.records,
            challenge_token=token,
            code=self.code() if code is None else code,
            source=SOURCE,
            now=self.now,
        )

    def sign_in(self) -> sessions.NewSession:
        session = self.give_code(self.challenge())
        self.acting = session.acting
        return session

    def recover(self, token: str, code: str) -> sessions.NewSession:
        return sessions.use_recovery_code(
            self.world.db,
            self.world.vault.records,
            challenge_token=token,
            code=code,
            source=SOURCE,
            now=self.now,
        )

    def wrong_code(self) -> str:
        right = {totp.code_at(self.seed, totp.step_at(self.now) - back) for back in (0, 1)}
        return next(code for code in ("000000", "111111", "222222") if code not in right)


def invite(
    world: World, email: str = "new.person@example.com", role: Role = Role.CLIENT
) -> people.Invitation:
    powerful = role in POWERFUL  # which only the terminal gives directly
    return people.invite_person(
        world.db,
        world.vault.records,
        acting=replace(world.administrator, factors=TERMINAL) if powerful else world.administrator,
        email=email,
        name="Nora Newcomer",
        role=role,
        organisation_id=world.acme if role == Role.CLIENT else world.operator,
        now=NOW,
    )


def accept(world: World, token: str, password: str = PASSWORD, now: datetime = NOW) -> sessions.NewSession:
    return people.accept_invitation(world.db, HASHER, token=token, password=password, source=SOURCE, now=now)


def enrol(world: World, acting: Acting, now: datetime = NOW) -> Member:
    """Set up an authenticator app in a session that may."""
    begun = factors.begin_enrolment(world.db, world.vault.records, acting=acting, now=now)
    code = totp.code_at(begun.seed, totp.step_at(now))
    codes, session = factors.confirm_enrolment(
        world.db, world.vault.records, acting=acting, code=code, now=now
    )
    return Member(world, acting.email, begun.seed, codes, session.acting, now)


def join(world: World, email: str = "new.person@example.com", role: Role = Role.CLIENT) -> Member:
    """Invite somebody and let them in; their clock stands at the next code."""
    member = enrol(world, accept(world, invite(world, email, role).token).acting)
    member.later()
    return member

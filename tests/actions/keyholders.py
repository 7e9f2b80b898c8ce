"""People with passkeys in software authenticators, made by the same actions as everybody's."""

from dataclasses import dataclass, field, replace

from credentials.authenticator import HONEST, Authenticator, Lies
from docvault.actions import passkey_sign_in, passkeys, sessions, step_ups
from docvault.credentials.passkeys import RelyingParty, Request
from docvault.database.engine import Database
from docvault.database.passkeys import PasskeyRow
from docvault.database.sessions import ENROL
from docvault.policy.engine import Policy
from docvault.policy.vocabulary import Role

from .members import SOURCE, Member
from .world import POLICIES, World

PARTY = RelyingParty.of("https://vault.example.com", "DocVault")


@dataclass
class KeyHolder:
    """A member and their authenticator."""

    member: Member
    device: Authenticator = field(default_factory=Authenticator)
    source: sessions.Source = SOURCE

    @property
    def world(self) -> World:
        return self.member.world

    @property
    def given(self) -> tuple[Database, object, RelyingParty]:
        return self.world.db, self.world.vault.records, PARTY

    def add(self, name: str = "My phone", lies: Lies = HONEST) -> PasskeyRow:
        """Add a passkey in the member's session."""
        acting, now = self.member.acting, self.member.now
        wanted = passkeys.begin_passkey(*self.given, acting=acting, now=now)
        made = self.device.make(wanted, lies)
        return passkeys.add_passkey(*self.given, acting=acting, name=name, made=made, now=now)

    def enrol(self, session: sessions.NewSession) -> tuple[list[str], sessions.NewSession]:
        """Set up a passkey as the factor that a session owes."""
        assert session.kind == ENROL
        now = self.member.now
        wanted = passkeys.begin_passkey(*self.given, acting=session.acting, now=now)
        made = self.device.make(wanted)
        return passkeys.enrol_with_passkey(
            *self.given, acting=session.acting, name="My phone", made=made, now=now
        )

    def ask(self) -> tuple[Request, str]:
        return passkey_sign_in.begin_passkey_sign_in(self.world.db, PARTY, now=self.member.now)

    def sign_in(self, lies: Lies = HONEST) -> sessions.NewSession:
        """Sign in with the passkey alone."""
        wanted, holder = self.ask()
        return self.finish(holder, self.device.sign(wanted, lies))

    def finish(self, holder: str, signed: object, source: sessions.Source | None = None):
        return passkey_sign_in.finish_passkey_sign_in(
            *self.given, holder=holder, signed=signed, source=source or self.source, now=self.member.now
        )

    def give_factor(self, challenge: str, lies: Lies = HONEST) -> sessions.NewSession:
        """Give the passkey after the password."""
        now = self.member.now
        wanted = passkey_sign_in.begin_passkey_factor(*self.given, challenge_token=challenge, now=now)
        return self.finish_factor(challenge, self.device.sign(wanted, lies))

    def finish_factor(self, challenge: str, signed: object) -> sessions.NewSession:
        return passkey_sign_in.finish_passkey_factor(
            *self.given, challenge_token=challenge, signed=signed, source=self.source, now=self.member.now
        )

    def ask_step_up(self, purpose: str, digest: str) -> Request:
        return step_ups.begin_passkey_step_up(
            *self.given, acting=self.member.acting, purpose=purpose, digest=digest, now=self.member.now
        )

    def finish_step_up(self, purpose: str, digest: str, signed: object) -> step_ups.StepUp:
        return step_ups.confirm_with_passkey(
            *self.given,
            acting=self.member.acting,
            purpose=purpose,
            digest=digest,
            signed=signed,
            now=self.member.now,
        )

    def step_up(self, purpose: str, digest: str, lies: Lies = HONEST) -> step_ups.StepUp:
        """Confirm one deed with the passkey."""
        return self.finish_step_up(purpose, digest, self.device.sign(self.ask_step_up(purpose, digest), lies))

    def remove(self, passkey_id: str) -> int:
        """Remove a passkey, with a proof for exactly that by code."""
        digest = passkeys.removal_digest(passkey_id)
        self.member.later()
        proof = step_ups.confirm_step_up(
            self.world.db,
            self.world.vault.records,
            acting=self.member.acting,
            purpose=passkeys.STEP_UP,
            digest=digest,
            code=self.member.code(),
            now=self.member.now,
        )
        return self.remove_with(passkey_id, proof.id)

    def remove_with(self, passkey_id: str, step_up_id: str) -> int:
        return passkeys.remove_passkey(
            self.world.db,
            self.world.vault.records,
            acting=self.member.acting,
            passkey_id=passkey_id,
            step_up_id=step_up_id,
            now=self.member.now,
        )


def requiring_passkeys(*roles: Role) -> Policy:
    """Return the policies with `passkey_roles` set: a policy of its own, so that nothing else changes."""
    policy = Policy.load(POLICIES)
    chosen = replace(policy.numbers.sessions, passkey_roles=frozenset(roles))
    policy.numbers = replace(policy.numbers, sessions=chosen)
    return policy

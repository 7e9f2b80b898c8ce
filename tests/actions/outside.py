"""Somebody without an account, as the tests send them an envelope and let them come in."""

from collections.abc import Sequence
from dataclasses import dataclass

from docvault.actions import drafts, factors, outsiders, sessions
from docvault.actions.outsiders import Entered
from docvault.credentials import totp
from docvault.database import messages
from docvault.database.sessions import Source
from docvault.policy.vocabulary import Acting
from docvault.rules.envelopes import Part
from docvault.rules.outsiders import Outsider

from . import envelope_world as signing
from .world import NOW

PHONE = Source("203.0.113.77", "Phone")
OLGA = "olga@outside.example"


def ask(
    made,
    *,
    name: str = "Olga Outside",
    email: str = OLGA,
    code: str = "",
    part: Part = Part.SIGNER,
    others: Sequence[drafts.NewRecipient] = (),
    acting: Acting | None = None,
    document_id: str | None = None,
    turn: int = 1,
):
    """Make a draft for somebody without an account and return its id."""
    return drafts.create_envelope(
        made.db,
        made.vault,
        made.pdf,
        acting=acting or made.world.manager,
        document_ids=[document_id or signing.add_document(made)],
        title="Services agreement",
        message="Please sign.",
        recipients=[drafts.NewOutsider(Outsider(name, email, code), turn, part), *others],
        now=NOW,
    )


def send(made, **about):
    """Make, place and send; return the envelope's id."""
    envelope_id = ask(made, **about)
    signing.place(made, envelope_id)
    signing.send(made, envelope_id)
    return envelope_id


def mailed(made, template: str, to: str = OLGA, about: str | None = None):
    """Return the values of the one message of a kind to an address, about an envelope or of the latest time."""
    with made.db.reading() as tx:
        found = messages.newest(tx, made.vault.records, limit=200).items
    of_kind = [each for each in found if (each.template, each.recipient) == (template, to)]
    return next(each.values for each in of_kind if about is None or each.cause.about == about)


def link(made, envelope_id: str, to: str = OLGA) -> str:
    """Return the secret of the link that was mailed for an envelope."""
    path, _, token = mailed(made, "outside_request", to, envelope_id)["path"].partition("#")
    assert path == "/asked"
    return token


@dataclass
class Knocked:
    """A browser that opened a link, and the code that was mailed for it."""

    secret: str
    code: str


def knock(made, token: str, source: Source = PHONE, now=NOW) -> Knocked:
    before = _codes(made)
    secret = outsiders.ask_for_code(made.db, made.vault.records, token=token, source=source, now=now)
    (new,) = _codes(made).keys() - before.keys()
    return Knocked(secret, _codes(made)[new])


def _codes(made) -> dict[str, str]:
    with made.db.reading() as tx:
        found = messages.newest(tx, made.vault.records, limit=200).items
    return {each.id: each.values["code"] for each in found if each.template == "mail_code"}


def give(made, knocked: Knocked, given: str | None = None, access_code: str = "", now=NOW) -> Entered:
    return outsiders.give_codes(
        made.db,
        made.vault.records,
        secret=knocked.secret,
        code=knocked.code if given is None else given,
        access_code=access_code,
        source=PHONE,
        now=now,
    )


def enter(made, envelope_id: str, access_code: str = "", now=NOW) -> Entered:
    """Open the link of an envelope and give the codes."""
    return give(made, knock(made, link(made, envelope_id), now=now), None, access_code, now)


@dataclass
class Phone:
    """What somebody holds after setting up an authenticator app."""

    seed: bytes
    session: sessions.NewSession

    @property
    def acting(self) -> Acting:
        return self.session.acting

    def code(self, now) -> str:
        return totp.code_at(self.seed, totp.step_at(now))


def enrol(made, entered: Entered, now=NOW) -> Phone:
    """Set up the first factor in the session that the codes gave."""
    about = {"acting": entered.session.acting, "now": now}
    seed = factors.begin_enrolment(made.db, made.vault.records, **about).seed
    right = totp.code_at(seed, totp.step_at(now))
    _, session = factors.confirm_enrolment(made.db, made.vault.records, code=right, **about)
    return Phone(seed, session)


def come_in(made, envelope_id: str, access_code: str = "", now=NOW) -> Phone:
    """Come by the link of an envelope, for the first time."""
    return enrol(made, enter(made, envelope_id, access_code, now), now)

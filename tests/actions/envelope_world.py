"""A portal with a contract in a folder, and what it takes to have it signed. No server, no second process but pdf's."""

import functools
import hashlib
from dataclasses import dataclass, replace
from datetime import timedelta
from io import BytesIO

import typst
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import select

from docvault.actions import ceremonies, drafts, envelopes, placed_fields
from docvault.audit.checkpoints import LogKey
from docvault.database import documents, folders, step_ups, tables
from docvault.pdf.scratch import Scratch
from docvault.pdf.workers import Workers
from docvault.policy.vocabulary import Acting
from docvault.rules.answers import DrawnSignature, TypedSignature
from docvault.rules.fields import FieldKind
from docvault.vault.authority import Authority

from . import world as worlds
from .world import NOW, World, populate

DRAWN = DrawnSignature((((0.1, 0.2), (0.3, 0.1), (0.5, 0.25)), ((0.55, 0.1), (0.8, 0.2))))
TYPED = TypedSignature("Clara Client", "caveat")


@functools.cache
def contract(pages: int = 2) -> bytes:
    """Return a small contract as a PDF."""
    body = "#pagebreak()\n".join(
        f"= Services agreement, part {page}\n#lorem(120)\n" for page in range(1, pages + 1)
    )
    return typst.compile(f'#set page(paper: "a4")\n{body}'.encode())


@dataclass(frozen=True)
class SigningWorld:
    """The small portal, with signing."""

    world: World
    pdf: Workers
    authority: Authority
    log_key: LogKey

    @property
    def db(self):
        return self.world.db

    @property
    def vault(self):
        return self.world.vault

    def close(self):
        self.pdf.close()
        self.world.db.close()


def build_signing(tmp_path, pdf=None, url=None) -> SigningWorld:
    world = _mould().cast(tmp_path, url)
    log_key = LogKey("vault.example.com/audit", Ed25519PrivateKey.generate())
    return SigningWorld(world, pdf or Workers(), Authority.load(world.db, world.vault), log_key)


def standing(tmp_path, pdf, url):
    """Build a world for one test and close it afterwards; made for `yield from` in a fixture."""
    world = build_signing(tmp_path, pdf, url)
    yield world
    world.vault.close()
    world.db.close()


@functools.cache
def _mould() -> worlds.Mould:
    return worlds.Mould.of(_found)


def _found(world: World) -> None:
    """Give a world its certificate authority."""
    Authority.create(
        world.db,
        world.vault,
        organisation_name="Northwind Advisory",
        base_url="https://vault.example.com",
        now=NOW - timedelta(days=1),
    )


def of_portal(portal) -> SigningWorld:
    """Populate a portal that was wired from settings, as `docvault serve` does."""
    world = populate(portal.db, portal.vault, portal.settings.data)
    return SigningWorld(world, portal.pdf, portal.authority, portal.log_key)


def add_document(
    made: SigningWorld,
    content: bytes = b"",
    name: str = "contract.pdf",
    acting: Acting | None = None,
    organisation_id=None,
    folder=None,
):
    """Put a document into a new folder of Acme, or of another organisation, or into `folder`; return its id."""
    acting = acting or made.world.manager
    with made.db.transaction() as tx:
        folder_id = folder.id if folder else _folder(made, tx, acting, organisation_id or made.world.acme)
        document_id = documents.add(tx, acting, folders.for_seeing(tx, acting, folder_id), name, NOW)
    made.vault.store(
        made.db,
        document_id=document_id,
        purpose="original",
        media_type="application/pdf",
        created_by=acting.person_id,
        source=BytesIO(content or contract()),
        now=NOW,
        pages=None if content else 2,
    )
    with made.db.transaction() as tx:
        documents.newest_is(tx, document_id, 1)
    return document_id


def _folder(made: SigningWorld, tx, acting: Acting, organisation_id):
    given = {"organisation_id": organisation_id, "name": "Contracts", "kind": "contract", "now": NOW}
    folder_id = folders.add(tx, acting, **given)
    made.vault.create_folder_key(tx, folder_id, NOW)
    return folder_id


def draft(
    made: SigningWorld,
    *turns: tuple[Acting, int],
    title="Services agreement",
    message="Please sign.",
    wishes=None,
    now=NOW,
):
    """Make a draft for these people and their turns; return its id."""
    chosen = turns or ((made.world.client, 1), (made.world.manager, 2))
    return drafts.create_envelope(
        made.db,
        made.vault,
        made.pdf,
        acting=made.world.manager,
        document_ids=[add_document(made)],
        title=title,
        message=message,
        recipients=[drafts.NewRecipient(person.person_id, turn) for person, turn in chosen],
        wishes=wishes,
        now=now,
    )


def all_kinds(recipient_id, row=0):
    """Return one field of each kind for a recipient, below those of the ones before."""
    top = 560 + 70 * row
    return [
        placed_fields.NewField(None, recipient_id, FieldKind.SIGNATURE, 2, 60, top, 170, 44),
        placed_fields.NewField(
            None, recipient_id, FieldKind.INITIALS, 1, 500, 780 - 40 * row, 40, 20, required=False
        ),
        placed_fields.NewField(None, recipient_id, FieldKind.DATE, 2, 250, top, 96, 22),
        placed_fields.NewField(
            None, recipient_id, FieldKind.TEXT, 2, 360, top, 150, 22, label="Name and title"
        ),
        placed_fields.NewField(None, recipient_id, FieldKind.CHECKBOX, 2, 520, top, 18, 18, required=False),
    ]


def place(made: SigningWorld, envelope_id, now=NOW):
    """Place one field of each kind for everybody."""
    seen = envelopes.show_envelope(made.db, acting=made.world.manager, envelope_id=envelope_id)
    placed = [field for row, one in enumerate(seen.recipients) for field in all_kinds(one.id, row)]
    placed_fields.place_fields(
        made.db, made.vault, acting=made.world.manager, envelope_id=envelope_id, fields=placed, now=now
    )


def send(made: SigningWorld, envelope_id, now=NOW):
    envelopes.send_envelope(
        made.db,
        made.vault,
        made.pdf,
        made.authority,
        acting=made.world.manager,
        envelope_id=envelope_id,
        now=now,
    )


def sent(made: SigningWorld, *turns, now=NOW):
    """Make, place and send; return the envelope's id."""
    envelope_id = draft(made, *turns, now=now)
    place(made, envelope_id, now)
    send(made, envelope_id, now)
    return envelope_id


def ceremony(made: SigningWorld, acting, envelope_id, now=NOW):
    return ceremonies.start_ceremony(made.db, made.vault, acting=acting, envelope_id=envelope_id, now=now)


def read_and_agree(made: SigningWorld, acting, envelope_id, now=NOW):
    """Do what comes before signing; return the ceremony as it then is."""
    seen = ceremony(made, acting, envelope_id, now)
    ceremonies.give_consent(
        made.db,
        acting=acting,
        envelope_id=envelope_id,
        consent_id=seen.consent.id,
        consent_sha256=seen.consent.sha256,
        now=now,
    )
    ceremonies.pages_seen(
        made.db, acting=acting, envelope_id=envelope_id, pages=list(range(1, seen.pages + 1)), now=now
    )
    return ceremony(made, acting, envelope_id, now)


def step_up(made: SigningWorld, acting, digest, now=NOW, purpose="envelope:sign", factor="totp"):
    """Return a proof of a factor, as if it had just been given."""
    with made.db.transaction() as tx:
        return step_ups.add(tx, acting, purpose=purpose, digest=digest, factor=factor, now=now)


VALUES = {FieldKind.DATE: "2026-03-02", FieldKind.TEXT: "Żaneta Ølsen, CFO", FieldKind.CHECKBOX: True}


def answers_for(seen):
    """Return an answer for every field of a ceremony but the initials."""
    values = {**VALUES, FieldKind.SIGNATURE: True, FieldKind.INITIALS: "CC"}
    return {field.id: values[field.kind] for field in seen.fields}


def sign(made: SigningWorld, acting, envelope_id, *, signature=DRAWN, answers=None, proof=None, now=NOW):
    """Go through the whole ceremony and sign."""
    seen = read_and_agree(made, acting, envelope_id, now)
    ceremonies.sign_envelope(
        made.db,
        made.vault,
        made.pdf,
        acting=acting,
        envelope_id=envelope_id,
        answers=answers_for(seen) if answers is None else answers,
        signature=signature,
        step_up_id=proof or step_up(made, acting, seen.digest, now),
        now=now,
    )


def advance(made: SigningWorld, envelope_id, now=NOW):
    from docvault.actions import completions

    completions.advance_envelope(
        made.db, made.vault, made.pdf, made.authority, made.log_key, envelope_id=envelope_id, now=now
    )


def mails(made: SigningWorld):
    """Return template and address of every message so far, sorted."""
    with made.db.reading() as tx:
        table = tables.messages
        chosen = select(table.c.template, table.c.recipient)
        return sorted(tuple(row) for row in tx.connection.execute(chosen))


def queued(made: SigningWorld):
    """Return the names of jobs in the queue."""
    return worlds.queued(made.db, "name")


def content(made: SigningWorld, acting, envelope_id, which):
    """Return the bytes of one of the envelope's documents, as a download gives them."""
    from docvault.actions import envelope_files

    file = envelope_files.open_envelope_file(
        made.db, made.vault, acting=acting, envelope_id=envelope_id, which=which, now=NOW
    )
    whole = b"".join(file.open_range(0, file.size))
    assert hashlib.sha256(whole).hexdigest() == file.sha256
    return whole


def as_scratch(data: bytes) -> Scratch:
    return Scratch.create(data)


def other_session(acting: Acting) -> Acting:
    return replace(acting, session_id=acting.session_id[::-1])

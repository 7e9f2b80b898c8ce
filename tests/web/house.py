"""A furnished portal: Acme and Globex each have a folder, a document, an envelope and an unfinished upload."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from litestar.testing import TestClient

from actions import envelope_world as signing
from actions.world import NOW, person
from docvault.actions import (
    attachments,
    audit,
    bulk_sends,
    documents,
    drafts,
    envelopes,
    file_requests,
    paper_checks,
    papers,
    placed_fields,
    template_links,
    templates,
    uploads,
    visits,
)
from docvault.database import devices, people, proposals, sessions
from docvault.database.people import PersonState
from docvault.database.sessions import NewSession, Source
from docvault.policy.vocabulary import Role
from docvault.rules.envelopes import Part
from docvault.rules.fields import FieldKind
from docvault.rules.outsiders import Outsider
from docvault.rules.proposals import Proposal, ProposalState
from docvault.values import PersonId, new_id
from docvault.web.cookies import VISIT

from .portal import Site, metadata
from .portal import standing as standing_site


@dataclass
class House:
    """`ids` are Acme's things by the name of a path's parameter, `foreign` are Globex's."""

    site: Site
    ids: dict[str, str]
    foreign: dict[str, str]

    def visitor(self, name: str) -> TestClient:
        """A fresh browser of one of the matrix's visitors."""
        if name == "nobody":
            return self.site.visit()
        if name == "enrolling":
            return self.site.carry(self.half_session())
        if name == "outsider":
            return self.site.carry(self.outside_session())
        if name == "guest":
            return self.guest()
        return self.site.sign_in(getattr(self.site.world, name))

    def half_session(self) -> NewSession:
        """Begin a session of Acme's client that may only enrol a factor."""
        with self.site.world.db.transaction() as tx:
            person = people.by_id(tx, self.site.world.client.person_id)
            source = Source("203.0.113.7", "tests")
            return sessions.start(
                tx, person, kind="enrol", factors="password+recovery", source=source, now=NOW
            )

    def person_id(self, name: str) -> PersonId:
        """Return who a visitor with an account, or asked without one, is."""
        if name != "outsider":
            return getattr(self.site.world, name).person_id
        with self.site.world.db.reading() as tx:
            return people.by_email(tx, _outsider(self.ids["acme"])).id

    def outside_session(self) -> NewSession:
        """Begin a session of somebody without an account, who gets a copy of Acme's envelope."""
        with self.site.world.db.transaction() as tx:
            invited = people.by_email(tx, _outsider(self.ids["acme"]))
            people.set_state(tx, invited, PersonState.ACTIVE, by=None, now=NOW)
            source = Source("203.0.113.7", "tests")
            return sessions.start(tx, invited, kind="full", factors="mail+totp", source=source, now=NOW)

    def guest(self) -> TestClient:
        """A fresh browser in a visit by Acme's request for files, and without any account."""
        browser = self.site.visit()
        browser.headers["cookie"] = f"{VISIT}={self.visit_secret()}"
        return browser

    def visit_secret(self) -> str:
        return visits.open_visit(
            self.site.world.db,
            self.site.portal.hasher,
            token=self.ids["link"],
            name="Gina Guest",
            email="gina@example.com",
            code="",
            source=Source("203.0.113.7", "tests"),
            now=NOW,
        )

    def fill(self, text: str, ids: dict[str, str]) -> str:
        """Put ids into the `{names}` of a path, a header or a value of a body."""
        for name, value in ids.items():
            for spelled in (f"{{{name}:str}}", f"{{{name}:int}}", f"{{{name}:path}}", f"{{{name}}}"):
                text = text.replace(spelled, value)
        return text

    def random(self) -> dict[str, str]:
        """Return ids that nothing has."""
        return {name: value if name in FIXED else new_id() for name, value in self.ids.items()}


# What is the same for everybody's things.
FIXED = {
    "number": "1",
    "page": "1",
    "which": "sent",
    "version": "0",
    "name": "mark.svg",
    "tile": "0/000.p/1",
    "question": "MA==",
    "path": "none",
}


def standing(tmp_path, pdf, url="") -> Iterator[House]:
    for site in standing_site(tmp_path, pdf, url):
        world = site.world
        yield House(
            site,
            _furnish(site, world.manager, world.client, world.acme),
            _furnish(site, world.other_manager, world.other_client, world.globex),
        )


def _device(site: Site, owner) -> str:
    with site.world.db.transaction() as tx:
        return devices.add(tx, owner.person_id, Source("203.0.113.7", "tests"), NOW)[0]


def _outsider(organisation_id: str) -> str:
    return f"olga@{organisation_id}.example"


def _furnish(site: Site, manager, client, organisation_id) -> dict[str, str]:
    made = site.made
    spare = person(made.db, "Sam Spare", Role.CLIENT, organisation_id)
    document_id = signing.add_document(made, acting=manager, organisation_id=organisation_id)
    olga = Outsider("Olga Outside", _outsider(organisation_id))
    recipients = [
        drafts.NewRecipient(client.person_id, 1),
        drafts.NewRecipient(manager.person_id, 2),
        drafts.NewOutsider(olga, 3, Part.COPY),
    ]
    envelope_id = drafts.create_envelope(
        made.db,
        made.vault,
        made.pdf,
        acting=manager,
        document_ids=[document_id],
        title="Services agreement",
        message="Please sign.",
        recipients=recipients,
        wishes=drafts.Wishes(may_use_paper=True),
        now=NOW,
    )
    seen = envelopes.show_envelope(made.db, acting=manager, envelope_id=envelope_id)
    signers = [one for one in seen.recipients if one.part is Part.SIGNER]
    fields = [field for row, one in enumerate(signers) for field in signing.all_kinds(one.id, row)]
    asked = next(one for one in seen.recipients if one.person_id == client.person_id)
    fields.append(
        placed_fields.NewField(
            None, asked.id, FieldKind.ATTACHMENT, 1, 60, 60, 120, 24, required=False, label="Passport"
        )
    )
    placed_fields.place_fields(
        made.db, made.vault, acting=manager, envelope_id=envelope_id, fields=fields, now=NOW
    )
    template = templates.save_template(
        made.db,
        made.vault,
        acting=manager,
        envelope_id=envelope_id,
        name="Services",
        roles=["Client", "Us", "Copy"],
        kind="agreement",
        now=NOW,
    )
    envelopes.send_envelope(
        made.db, made.vault, made.pdf, made.authority, acting=manager, envelope_id=envelope_id, now=NOW
    )
    asked = next(
        field
        for field in placed_fields.show_fields(made.db, made.vault, acting=manager, envelope_id=envelope_id)
        if field.kind is FieldKind.ATTACHMENT
    )
    handed_in = attachments.attach_file(
        made.db,
        made.vault,
        acting=client,
        envelope_id=envelope_id,
        field_id=asked.id,
        filename="passport.png",
        content=b"a picture",
        now=NOW,
    )
    on_paper = _signed_by_hand(made, client, manager, envelope_id)
    listed = f"Client email,Us email,Copy email\n{client.email},{manager.email},{olga.email}\n".encode()
    bulk_id = bulk_sends.check_list(
        made.db, made.vault, acting=manager, template_id=template.id, content=listed, now=NOW
    )
    people_of = ["", manager.person_id, client.person_id]
    given = {"people": people_of, "values": {}, "last_day": NOW.date(), "most_uses": 9}
    template_links.make_link(made.db, made.vault, acting=manager, template_id=template.id, now=NOW, **given)
    (link,) = template_links.list_links(made.db, made.vault, acting=manager, template_id=template.id, now=NOW)
    folder_id = documents.show_document(made.db, acting=manager, document_id=document_id).folder_id
    upload = uploads.begin_upload(
        made.db, made.vault, acting=manager, folder_id=folder_id, filename="a.pdf", size=5, now=NOW
    )
    proposal_id = _propose(site, spare.person_id)
    request = file_requests.make_request(
        made.db,
        site.portal.hasher,
        acting=manager,
        folder_id=folder_id,
        title="Tax papers",
        message="",
        last_day=NOW.date(),
        most_files=3,
        most_bytes=1000,
        with_code=False,
        now=NOW,
    )
    audit.publish_checkpoint(made.db, made.log_key, now=NOW)
    return FIXED | {
        "folder_id": folder_id,
        "document_id": document_id,
        "document": document_id,
        "envelope_id": envelope_id,
        "template_id": template.id,
        "bulk_id": bulk_id,
        "link_id": link.id,
        "recipient_id": seen.recipients[1].id,
        "upload_id": upload.id,
        "field_id": asked.id,
        "attachment_id": handed_in.id,
        **on_paper,
        "passkey_id": new_id(),
        "request_id": request.id,
        "link": request.token,
        "person_id": spare.person_id,
        "session_id": spare.session_id,
        "device_id": _device(site, spare),
        "proposal_id": proposal_id,
        "client": client.person_id,
        "manager": manager.person_id,
        "organisation_id": organisation_id,
        "acme": organisation_id,
        "upload_metadata": metadata(folder=folder_id, filename="a.pdf"),
    }


def _signed_by_hand(made, client, manager, envelope_id) -> dict[str, str]:
    """A scan of the client's that was sent back, and a sheet that they added since."""
    about = {"acting": client, "envelope_id": envelope_id, "now": NOW}
    sheet = {"filename": "page.pdf", "content": signing.contract(1), **about}
    digest = papers.add_sheet(made.db, made.vault, made.pdf, **sheet).digest
    proof = signing.step_up(made, client, digest)
    papers.hand_in(made.db, made.vault, made.pdf, digest=digest, step_up_id=proof, **about)
    (scan,) = paper_checks.list_papers(made.db, acting=manager, envelope_id=envelope_id)
    given = {"paper_id": scan.id, "reason": "It is blank.", **about, "acting": manager}
    paper_checks.return_paper(made.db, made.vault, **given)
    (again,) = papers.add_sheet(made.db, made.vault, made.pdf, **sheet).sheets
    return {"paper_id": scan.id, "sheet_id": again.id}


def _propose(site: Site, person_id: str) -> str:
    """Let the administrator propose something about `person_id`."""
    administrator = site.world.administrator
    about = Proposal(ProposalState.OPEN, administrator.person_id, person_id, NOW + timedelta(hours=1))
    with site.world.db.transaction() as tx:
        facts = {"person_id": person_id}
        row = proposals.add(
            tx,
            site.world.vault.records,
            kind="reprove-factor",
            facts=facts,
            reason="Lost.",
            about=about,
            now=NOW,
        )
        return row.id

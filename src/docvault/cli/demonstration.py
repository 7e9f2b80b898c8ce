"""`docvault demo`: a fresh portal with sample data, made by the actions a person would use, and served."""

import json
import os
import shutil
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from docvault import logs, wiring
from docvault.actions import documents
from docvault.actions.audit import publish_checkpoint
from docvault.cli import demo_signing as signing
from docvault.cli import demo_story as story
from docvault.cli import serving
from docvault.cli.demo_portal import DemoPortal, StoryClock
from docvault.credentials import totp
from docvault.pdf import samples
from docvault.pdf.samples import CLIENT, PROVIDER, Names, Sample
from docvault.settings import Settings
from docvault.values import DocumentId, DocVaultError, EnvelopeId, utc_now

MARK = ".docvault-demo"  # only a folder with this file in it is ever cleared
FACTS = "demo.json"  # who is who, for `docvault demo-codes`; sample people only


class NotADemo(DocVaultError):
    """The folder holds something that the demo did not make."""


def demo(*, data: Path | None, port: int, as_json: bool) -> None:
    """Make a fresh demo in `data`, print who is who, and serve it."""
    folder = (data or Path("demo-data")).resolve()
    os.umask(0o077)  # what we make belongs to this user alone
    logs.configure()
    _clear(folder)
    os.environ["DOCVAULT_NAME"] = story.OPERATOR
    settings = serving.chosen(folder, port)
    if not as_json:
        print("Making the sample portal …", flush=True)
    print(serving.apart(lambda: _made(settings, folder, as_json=as_json)), flush=True)
    serving.run(settings, "127.0.0.1", port)


def _made(settings: Settings, folder: Path, *, as_json: bool) -> str:
    """Make the sample portal, and return who is who."""
    clock = StoryClock((utc_now() - timedelta(days=9)).replace(hour=7, minute=42))
    portal = wiring.prepare(settings, organisation=story.OPERATOR, clock=clock)
    try:
        made = _tell(DemoPortal(portal, clock))
    finally:
        portal.close()
    facts = _as_json(made, settings.base_url)
    (folder / FACTS).write_text(facts)
    return facts if as_json else _as_text(made, settings.base_url)


def codes(*, data: Path | None) -> None:
    """Print everybody's code of this moment."""
    file = (data or Path("demo-data")) / FACTS
    if not file.exists():
        raise NotADemo(f"There is no demo in {file.parent}. `docvault demo` makes one.")
    now = utc_now()
    for person in json.loads(file.read_text())["people"]:
        code = totp.code_at(totp.heard(person["totp_secret"]), totp.step_at(now))
        print(f"{person['name']:<16}{person['email']:<30}{code}")


def _clear(folder: Path) -> None:
    if folder.exists() and any(folder.iterdir()):
        if not (folder / MARK).exists():
            raise NotADemo(
                f"{folder} was not made by the demo and is left alone. Name another folder with --data."
            )
        shutil.rmtree(folder)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    (folder / MARK).touch()


@dataclass(frozen=True, slots=True)
class Made:
    """What the story left behind."""

    demo: DemoPortal
    links: dict[str, str]  # what can be done there -> path


def _tell(demo: DemoPortal) -> Made:
    start, clock = demo.clock(), demo.clock
    demo.found()
    for client in (story.NORDLICHT, story.FABRYKA):
        demo.add_client(client)
    for cast in story.INVITED:
        demo.invite(cast)
    for client in (story.NORDLICHT, story.FABRYKA):
        demo.assign(story.MANAGER, client)
    scenes = _Scenes(demo)
    scenes.tender()
    scenes.guests_come()
    clock.jump(start + timedelta(days=2))
    scenes.finished_contract()
    clock.jump(start + timedelta(days=4))
    scenes.guests_go()
    scenes.declined_and_voided()
    clock.jump(start + timedelta(days=6))
    scenes.open_envelopes()
    clock.jump(start + timedelta(days=8))
    scenes.readers()
    publish_checkpoint(demo.portal.db, demo.portal.log_key, now=clock.tick())
    return Made(demo, scenes.links)


class _Scenes:
    """The chapters of the story, in order."""

    def __init__(self, demo: DemoPortal) -> None:
        self.demo = demo
        self.links: dict[str, str] = {}
        self.marta = demo.sign_in(story.MANAGER)
        self.folders: dict[str, str] = {}
        self.papers: dict[str, tuple[DocumentId, Sample]] = {}

    def _add(self, key: str, folder: str, sample: Sample) -> DocumentId:
        document = self.demo.upload(self.marta, self.folders[folder], sample.filename, sample.content)
        self.papers[key] = (document, sample)
        return document

    def _names(self, client: str, signer: story.Cast) -> Names:
        return Names(client, story.OPERATOR, signer.name, story.MANAGER.name)

    def tender(self) -> None:
        """Marta makes the folders and puts the papers into them."""
        demo, pdf, day = self.demo, self.demo.portal.pdf, self.demo.clock().date()
        for one in story.FOLDERS:
            self.folders[one.key] = demo.make_folder(self.marta, one.organisation, one.name, one.kind)
        nordlicht, fabryka = (
            self._names(story.NORDLICHT, story.ANNA),
            self._names(story.FABRYKA, story.TOMASZ),
        )
        self._add("rfp", "rfp", samples.rfp(pdf, nordlicht, day))
        self._add("msa", "msa", samples.contract(pdf, nordlicht, day))
        self._add("sow", "sow", samples.sow(pdf, fabryka, day))
        self._add("fabryka-msa", "sow", samples.contract(pdf, fabryka, day))
        self._add("paper", "papers", samples.whitepaper(pdf, nordlicht, day))
        self.links["Share and read files"] = f"/folders/{self.folders['rfp']}"

    def guests_come(self) -> None:
        """Lena works for two clients, Anna helps out at one; Tomasz reads along, and prices are for few."""
        demo = self.demo
        demo.join(story.LENA, story.FABRYKA)
        demo.join(story.ANNA, story.FABRYKA)
        self.marta = demo.sign_in(story.MANAGER)
        demo.share(self.marta, self.folders["papers"], story.TOMASZ, "viewer", days=40)
        demo.share(self.marta, self.folders["rfp"], story.TOMASZ, "contributor", days=3)
        inside = demo.make_folder_inside(self.marta, self.folders["rfp"], story.INSIDE)
        demo.keep_out(self.marta, inside, story.LENA)
        self.links["See who could see what, on any day"] = "/access"
        self.links["Ask why somebody may do something"] = "/policy"

    def guests_go(self) -> None:
        """Anna's time at the other client is over; Tomasz's share of the tender ends by itself."""
        self.demo.leave(story.ANNA, story.FABRYKA)

    def _prepared(self, key: str, title: str, message: str, signers: tuple[story.Cast, ...]) -> EnvelopeId:
        document, sample = self.papers[key]
        self.marta = self.demo.sign_in(story.MANAGER)
        return signing.prepare(
            self.demo, self.marta, document, sample, title=title, message=message, signers=signers
        )

    def finished_contract(self) -> None:
        """A contract that both sides have signed."""
        envelope = self._prepared(
            "msa",
            "Master services agreement 2026",
            "Hello Anna, this is the version we agreed on. Thank you for the good talks.",
            (story.ANNA, story.MANAGER),
        )
        signing.send(self.demo, self.marta, envelope)
        signing.sign(self.demo, story.ANNA, CLIENT, envelope)
        signing.sign(self.demo, story.MANAGER, PROVIDER, envelope)
        self.links["See a completed envelope"] = f"/envelopes/{envelope}"

    def declined_and_voided(self) -> None:
        """One that was declined, and one that was taken back."""
        declined = self._prepared(
            "fabryka-msa",
            "Solar roof agreement, first version",
            "Dear Tomasz, please have a look.",
            (story.TOMASZ,),
        )
        signing.send(self.demo, self.marta, declined)
        signing.decline(
            self.demo, story.TOMASZ, declined, "The instalments in section 4 are not what we agreed on."
        )
        voided = self._prepared(
            "msa", "Master services agreement, old draft", "", (story.ANNA, story.MANAGER)
        )
        signing.send(self.demo, self.marta, voided)
        signing.void(self.demo, self.marta, voided, "Replaced by the version with the new delivery dates.")

    def open_envelopes(self) -> None:
        """What waits for somebody today."""
        open_one = self._prepared(
            "msa",
            "Master services agreement, extension",
            "Hello Anna, this extends our agreement by a year. The changes are in sections 2 and 5. "
            "Call me if anything is unclear.",
            (story.ANNA, story.MANAGER),
        )
        signing.send(self.demo, self.marta, open_one)
        self.links["Sign a contract"] = f"/sign/{open_one}"
        second = self._prepared(
            "fabryka-msa",
            "Solar roof agreement",
            "Dear Tomasz, with the instalments you asked for.",
            (story.TOMASZ, story.MANAGER),
        )
        signing.send(self.demo, self.marta, second)
        third = self._prepared(
            "fabryka-msa", "Solar roof maintenance", "Dear Tomasz, as discussed.", (story.TOMASZ,)
        )
        signing.send(self.demo, self.marta, third)
        fourth = self._prepared(
            "fabryka-msa", "Solar roof inspection", "Dear Tomasz, once a year from now on.", (story.TOMASZ,)
        )
        signing.send(self.demo, self.marta, fourth)
        draft = self._prepared("msa", "Data processing addendum", "", (story.ANNA,))
        self.links["Place signature fields"] = f"/envelopes/{draft}/prepare"
        template = signing.save_as_template(self.demo, self.marta, draft, "Addendum for a client", ["Client"])
        self.links["Send a template to many"] = f"/templates/{template}"

    def readers(self) -> None:
        """Anna reads the tender and the whitepaper."""
        portal = self.demo.portal
        anna = self.demo.sign_in(story.ANNA)
        for key in ("rfp", "paper"):
            documents.open_pages(
                portal.db,
                portal.vault,
                portal.pdf,
                acting=anna,
                document_id=self.papers[key][0],
                now=self.demo.clock.tick(),
            )
        self.links["Prove who did what"] = "/audit"
        self.links["Check a signed PDF"] = "/verify"
        self.links["Read the mail that was sent"] = "/outbox"
        self.links["Manage people"] = "/people"


WHO = {
    "Sign a contract": story.ANNA,
    "Share and read files": story.MANAGER,
    "Place signature fields": story.MANAGER,
    "Send a template to many": story.MANAGER,
    "See a completed envelope": story.MANAGER,
    "Prove who did what": story.OFFICER,
    "See who could see what, on any day": story.OFFICER,
    "Ask why somebody may do something": story.OFFICER,
    "Read the mail that was sent": story.ADMINISTRATOR,
    "Manage people": story.ADMINISTRATOR,
}


def _as_json(made: Made, base_url: str) -> str:
    people = [
        {
            "name": cast.name,
            "email": cast.email,
            "password": story.PASSWORD,
            "totp_secret": totp.spoken(made.demo.people[cast.key].secret),
            "role": cast.role.value,
            "organisation": cast.organisation,
        }
        for cast in story.PEOPLE
    ]
    links = {name: f"{base_url}{path}" for name, path in made.links.items()}
    return json.dumps({"base_url": base_url, "people": people, "links": links})


def _as_text(made: Made, base_url: str) -> str:
    now = utc_now()
    lines = [
        f"{story.OPERATOR}'s portal: {base_url}",
        f"Everybody's password: {story.PASSWORD}",
        "",
        "People, and the code each authenticator shows now:",
    ]
    for cast in story.PEOPLE:
        code = totp.code_at(made.demo.people[cast.key].secret, totp.step_at(now))
        secret = totp.spoken(made.demo.people[cast.key].secret)
        role = cast.role.value.replace("_", " ")
        lines += [f"  {cast.name:<15} {cast.email:<28} {role:<19} {code}   key {secret}"]
    lines += [
        "",
        "A code works once. For the next ones put the key into an authenticator app, or: make codes",
        "",
        "Stories:",
    ]
    for name, path in made.links.items():
        who = f"as {WHO[name].name}" if name in WHO else "as anybody"
        lines += [f"  {name:<28} {who:<20} {base_url}{path}"]
    return "\n".join([*lines, "", "Stop with Control C. The next start makes everything afresh."])

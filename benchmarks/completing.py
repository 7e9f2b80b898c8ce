"""100 envelopes whose last signature arrives at the same moment, completed as the worker does it.

Each: the signature, the seal, validation, the certificate of completion with its own seal, all kept encrypted
and in the log. The floor is bare pyHanko that signs and seals as many documents, one after the other.
"""

import logging
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

from sizes import size
from table import Row, duration

import signing
from docvault import wiring
from docvault.actions import completions, envelopes
from docvault.cli import demo_signing
from docvault.cli import demo_story as story
from docvault.cli.demo_portal import DemoPortal, StoryClock
from docvault.jobs.worker import AT_ONCE
from docvault.pdf import samples
from docvault.pdf.fields import FieldSpec, place_fields
from docvault.pdf.samples import CLIENT
from docvault.pdf.scratch import Scratch
from docvault.rules.envelopes import State
from docvault.settings import Settings

COUNT = size(100, small=2)


def rows(folder: Path) -> Iterator[Row]:
    logging.getLogger("pyhanko").setLevel(logging.ERROR)
    clock = StoryClock(datetime.now(UTC) - timedelta(days=9))
    portal = wiring.prepare(Settings(data=folder), organisation=story.OPERATOR, clock=clock)
    try:
        demo = DemoPortal(portal, clock)
        demo.found()
        demo.add_client(story.NORDLICHT)
        demo.invite(story.MANAGER)
        demo.invite(story.ANNA)
        demo.assign(story.MANAGER, story.NORDLICHT)
        waiting = signed(demo)
        start = time.perf_counter()
        with ThreadPoolExecutor(AT_ONCE) as pool:
            list(pool.map(lambda envelope_id: complete(demo, envelope_id), waiting))
        taken = time.perf_counter() - start
        manager = demo.sign_in(story.MANAGER)
        for each in waiting:
            shown = envelopes.show_envelope(portal.db, acting=manager, envelope_id=each)
            assert shown.state is State.COMPLETED, shown.state
        clock.jump(datetime.now(UTC))  # which the keys of the floor are made at
        floor = bare(demo)
    finally:
        portal.close()
    name = f"{COUNT} envelopes completing / bare pyHanko"
    yield Row(name, duration(taken), duration(floor), taken / floor)
    yield Row("   each", duration(taken / COUNT), duration(floor / COUNT), taken / floor)


def signed(demo: DemoPortal) -> list:
    """Return envelopes that everybody signed and nobody completed."""
    sample = samples.contract(demo.portal.pdf, samples.Names(), demo.clock().date())
    manager = demo.sign_in(story.MANAGER)
    folder = demo.make_folder(manager, story.NORDLICHT, "Contracts", "general")
    demo.share(manager, folder, story.ANNA, "viewer")
    document = demo.upload(manager, folder, sample.filename, sample.content)
    waiting = []
    advance = demo_signing.completions
    later = SimpleNamespace(advance_envelope=lambda *_, envelope_id, **__: waiting.append(envelope_id))
    demo_signing.completions = later
    try:
        for number in range(COUNT):
            manager = demo.sign_in(story.MANAGER)
            given = {"title": f"Contract {number}", "message": "", "signers": (story.ANNA,)}
            envelope = demo_signing.prepare(demo, manager, document, sample, **given)
            demo_signing.send(demo, manager, envelope)
            demo_signing.sign(demo, story.ANNA, CLIENT, envelope)
    finally:
        demo_signing.completions = advance
    return waiting


def complete(demo: DemoPortal, envelope_id) -> None:
    portal = demo.portal
    completions.advance_envelope(
        portal.db,
        portal.vault,
        portal.pdf,
        portal.authority,
        portal.log_key,
        envelope_id=envelope_id,
        now=portal.clock(),
    )


def bare(demo: DemoPortal) -> float:
    portal = demo.portal
    mark = FieldSpec("mark", "signature", 1, 72, 600, 200, 50, "Signature", signing.ANNA.person_id)
    sample = samples.contract(portal.pdf, samples.Names(), demo.clock().date())
    with Scratch.create(sample.content) as source, place_fields(portal.pdf, source, [mark]) as made:
        content = made.read()
    start = time.perf_counter()
    for _ in range(COUNT):
        signing.bare(portal, content)
    return time.perf_counter() - start

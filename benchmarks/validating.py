"""A document with ten signatures, a seal and an archive timestamp, validated as a whole.

The floor is pyHanko's own validation of each signature with the same certificates and lists, in one process
and without the rule for the whole document.
"""

import asyncio
import io
import logging
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from asn1crypto.x509 import Certificate
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import async_validate_pdf_signature, async_validate_pdf_timestamp
from pyhanko.sign.validation.dss import DocumentSecurityStore
from pyhanko_certvalidator import ValidationContext
from sizes import size
from table import Row, in_turns, ratio, typical

import signing
from docvault import wiring
from docvault.certificates.authority import SignerIdentity
from docvault.pdf.fields import FieldSpec, place_fields, signature_field_name
from docvault.pdf.reasons import Verdict
from docvault.pdf.scratch import Scratch
from docvault.settings import Settings
from docvault.wiring import Portal

SIGNERS = 10
TIMES = size(9, small=1)


def rows(folder: Path) -> Iterator[Row]:
    logging.getLogger("pyhanko").setLevel(logging.ERROR)
    portal = wiring.prepare(Settings(data=folder))
    try:
        portal.pdf.warm()
        content = signed(portal)
        with Scratch.create(content) as source:

            def ours() -> None:
                report = portal.authority.validate(portal.pdf, source)
                assert report.verdict is Verdict.VALID, report.reasons

            ours()
            taken, floor = in_turns(TIMES, ours, lambda: asyncio.run(bare(portal, content)))
        name = f"validate {SIGNERS} signatures"
        yield Row(f"{name} / pyHanko", typical(taken), typical(floor), ratio(taken, floor))
    finally:
        portal.close()


def signed(portal: Portal) -> bytes:
    people = [
        SignerIdentity(f"{number:026d}", f"Signer {number}", f"s{number}@acme.example", "Acme")
        for number in range(SIGNERS)
    ]
    specs = [
        FieldSpec(f"mark{number}", "signature", 1, 72, 60 + 70 * number, 200, 50, "Signature", one.person_id)
        for number, one in enumerate(people)
    ]
    with Scratch.create(signing.document(3)) as source, place_fields(portal.pdf, source, specs) as made:
        content = made.read()
    for one in people:
        key = portal.authority.issue(one, now=datetime.now(UTC))
        field = signature_field_name(one.person_id)
        with (
            Scratch.create(content) as source,
            portal.authority.sign(portal.pdf, source, key, field=field, certify=one is people[0]) as made,
        ):
            content = made.read()
    with Scratch.create(content) as source, portal.authority.seal(portal.pdf, source) as made:
        return made.read()


async def bare(portal: Portal, content: bytes) -> None:
    reader = PdfFileReader(io.BytesIO(content))
    store = DocumentSecurityStore.read_dss(reader)
    context = ValidationContext(
        trust_roots=[Certificate.load(each) for each in portal.authority.roots],
        other_certs=list(store.load_certs()),
        crls=[bytes(each.get_object().data) for each in store.crls],
        ocsps=[bytes(each.get_object().data) for each in store.ocsps],
        moment=datetime.now(UTC),
        allow_fetching=False,
        revocation_mode="soft-fail",
    )
    for each in reader.embedded_regular_signatures:
        status = await async_validate_pdf_signature(each, context, context)
        assert status.bottom_line
    for each in reader.embedded_timestamp_signatures:
        stamped = await async_validate_pdf_timestamp(each, context)
        assert stamped.valid
        assert stamped.trusted

"""Envelopes of the demo: prepared, sent, signed, declined and voided by the people of the story."""

from collections.abc import Sequence
from datetime import timedelta

from docvault.actions import ceremonies, completions, drafts, envelopes, placed_fields, templates
from docvault.actions.ceremonies import CeremonyView
from docvault.actions.drafts import NewRecipient
from docvault.actions.placed_fields import NewField
from docvault.cli.demo_portal import DemoPortal
from docvault.cli.demo_story import Cast
from docvault.pdf.samples import CLIENT, PROVIDER, Sample
from docvault.policy.vocabulary import Acting
from docvault.rules.answers import Answer, TypedSignature
from docvault.rules.fields import FieldKind
from docvault.rules.template_care import Care
from docvault.values import DocumentId, EnvelopeId, FieldId, RecipientId

PURPOSE = "envelope:sign"
STYLES = {CLIENT: "caveat", PROVIDER: "dancing-script"}
TITLES = {CLIENT: "Head of Operations", PROVIDER: "Managing Partner"}
PARTIES = (CLIENT, PROVIDER)  # in signing order


def prepare(
    demo: DemoPortal,
    acting: Acting,
    document_id: DocumentId,
    sample: Sample,
    *,
    title: str,
    message: str,
    signers: Sequence[Cast],
    due_days: int = 14,
) -> EnvelopeId:
    """Make a draft whose fields lie where the sample document leaves room for them."""
    portal = demo.portal
    envelope_id = drafts.create_envelope(
        portal.db,
        portal.vault,
        portal.pdf,
        acting=acting,
        document_ids=[document_id],
        title=title,
        message=message,
        recipients=[NewRecipient(demo.ids[cast.key], turn) for turn, cast in enumerate(signers, start=1)],
        wishes=drafts.Wishes(
            due_at=demo.clock() + timedelta(days=due_days), reminder_days=3, kind="agreement"
        ),
        now=demo.clock.tick(),
    )
    view = envelopes.show_envelope(portal.db, acting=acting, envelope_id=envelope_id)
    in_order = [recipient.id for recipient in sorted(view.recipients, key=lambda one: one.turn)]
    fields = _fields(sample, dict(zip(PARTIES, in_order, strict=False)))
    placed_fields.place_fields(
        portal.db, portal.vault, acting=acting, envelope_id=envelope_id, fields=fields, now=demo.clock.tick()
    )
    return envelope_id


def send(demo: DemoPortal, acting: Acting, envelope_id: EnvelopeId) -> None:
    """Let `acting` send it."""
    portal = demo.portal
    envelopes.send_envelope(
        portal.db,
        portal.vault,
        portal.pdf,
        portal.authority,
        acting=acting,
        envelope_id=envelope_id,
        now=demo.clock.tick(),
    )


def save_as_template(
    demo: DemoPortal, acting: Acting, envelope_id: EnvelopeId, name: str, roles: Sequence[str]
) -> str:
    """Let `acting` save a draft for the next people."""
    portal = demo.portal
    saved = templates.save_template(
        portal.db,
        portal.vault,
        acting=acting,
        envelope_id=envelope_id,
        name=name,
        roles=roles,
        kind="agreement",
        care=Care(due_days=14, reminder_days=3),
        now=demo.clock.tick(),
    )
    return saved.id


def sign(demo: DemoPortal, cast: Cast, party: int, envelope_id: EnvelopeId) -> None:
    """Walk one person through the ceremony, and let the portal put the signature into the document."""
    portal, clock = demo.portal, demo.clock
    acting = demo.sign_in(cast)
    view = ceremonies.start_ceremony(
        portal.db, portal.vault, acting=acting, envelope_id=envelope_id, now=clock.tick()
    )
    ceremonies.give_consent(
        portal.db,
        acting=acting,
        envelope_id=envelope_id,
        consent_id=view.consent.id,
        consent_sha256=view.consent.sha256,
        now=clock.tick(),
    )
    pages = list(range(1, view.pages + 1))
    ceremonies.pages_seen(portal.db, acting=acting, envelope_id=envelope_id, pages=pages, now=clock.tick())
    proof = demo.step_up(cast, acting, PURPOSE, view.digest)
    ceremonies.sign_envelope(
        portal.db,
        portal.vault,
        portal.pdf,
        acting=acting,
        envelope_id=envelope_id,
        answers=_answers(demo, cast, party, view),
        signature=TypedSignature(cast.name, STYLES[party]),
        step_up_id=proof,
        now=clock.tick(),
    )
    completions.advance_envelope(
        portal.db,
        portal.vault,
        portal.pdf,
        portal.authority,
        portal.log_key,
        envelope_id=envelope_id,
        now=clock.tick(),
    )


def decline(demo: DemoPortal, cast: Cast, envelope_id: EnvelopeId, reason: str) -> None:
    """Let a recipient open it and decline."""
    portal, acting = demo.portal, demo.sign_in(cast)
    ceremonies.start_ceremony(
        portal.db, portal.vault, acting=acting, envelope_id=envelope_id, now=demo.clock.tick()
    )
    ceremonies.decline_envelope(
        portal.db, portal.vault, acting=acting, envelope_id=envelope_id, reason=reason, now=demo.clock.tick()
    )


def void(demo: DemoPortal, acting: Acting, envelope_id: EnvelopeId, reason: str) -> None:
    """Let its sender take it back."""
    portal = demo.portal
    envelopes.void_envelope(
        portal.db, portal.vault, acting=acting, envelope_id=envelope_id, reason=reason, now=demo.clock.tick()
    )


def _fields(sample: Sample, recipients: dict[int, RecipientId]) -> list[NewField]:
    return [
        NewField(
            id=None,
            recipient_id=recipients[spot.party],
            kind=FieldKind(spot.kind),
            page=spot.page,
            x=spot.x,
            y=spot.y,
            w=spot.w,
            h=spot.h,
            required=True,
            label=spot.label,
        )
        for spot in sample.spots
        if spot.party in recipients
    ]


def _answers(demo: DemoPortal, cast: Cast, party: int, view: CeremonyView) -> dict[FieldId, Answer]:
    values: dict[FieldKind, Answer] = {
        FieldKind.SIGNATURE: True,
        FieldKind.INITIALS: "".join(part[0] for part in cast.name.split()),
        FieldKind.DATE: demo.clock().date().isoformat(),
        FieldKind.TEXT: TITLES[party],
        FieldKind.CHECKBOX: True,
    }
    return {FieldId(field.id): values[field.kind] for field in view.fields}

"""What kind of document a template holds of which nobody has said it: one saved before that was asked."""

from datetime import datetime

from docvault.audit.kinds import Kind
from docvault.database import audit, templates
from docvault.database.engine import Database
from docvault.policy.vocabulary import Acting
from docvault.rules.template_care import require_kind
from docvault.rules.templates import TemplateRefused


def say_kind(db: Database, *, acting: Acting, template_id: str, kind: str, now: datetime) -> None:
    """Say it for every version that says nothing: links and lists that were made from those go on with it.

    Raises NotFound, Forbidden, EnvelopeIncomplete, KindExcluded, TemplateRefused.
    """
    with db.transaction() as tx:
        known = templates.find(tx, acting, template_id)
        require_kind(kind, tx.policy.numbers.kinds.why_not)
        if not templates.say_kind(tx, template_id, kind):
            raise TemplateRefused("Somebody has said that already. To change it, save another version.")
        audit.append(
            tx,
            Kind.TEMPLATE_KIND_SAID,
            at=now,
            acting=acting,
            object_type="template",
            object_id=known.id,
            organisation_id=known.documents[0].organisation_id,
            facts={"version": known.number, "kind": kind},
            private={"title": known.name},
        )

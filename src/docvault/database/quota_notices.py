"""Mail about a store that becomes full: to administrators and to the account managers of the organisation."""

from datetime import datetime

from docvault.database import messages, organisations, people, quotas
from docvault.database.engine import Transaction
from docvault.database.messages import Records
from docvault.policy.vocabulary import Role
from docvault.rules import sizes
from docvault.values import OrganisationId


def tell_when_nearly_full(tx: Transaction, records: Records, organisation_id: str, now: datetime) -> None:
    """Queue the news in `tx`, once each time that an organisation's store becomes nearly full."""
    if not quotas.nearly_full(tx, organisation_id, now):
        return
    found = quotas.storage(tx, quotas.organisation(organisation_id))
    values = {
        "organisation": organisations.name_of(tx, OrganisationId(organisation_id)),
        "used": sizes.words(found.used),
        "most": sizes.words(found.most),
        "path": f"/organisations/{organisation_id}/storage",
    }
    told = [*people.active(tx, Role.ADMINISTRATOR), *people.looking_after(tx, organisation_id, now)]
    for person in told:
        messages.add(
            tx,
            records,
            person_id=person.id,
            recipient=person.email,
            template="quota_near",
            values={"name": person.name, **values},
            now=now,
        )

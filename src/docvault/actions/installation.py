"""Making an installation: the deed that happens once, before there is anybody to do it."""

from datetime import datetime

from docvault.audit.kinds import Kind
from docvault.database import audit, installation, organisations
from docvault.database.engine import Database
from docvault.values import OrganisationId


def create_installation(
    db: Database, *, name: str, organisation_name: str, log_origin: str, now: datetime
) -> OrganisationId:
    """Write the installation and its operating organisation; return the organisation's id."""
    with db.transaction() as tx:
        installation.add(tx, name=name, log_origin=log_origin, now=now)
        operator = organisations.add(tx, name=organisation_name, kind="operator", now=now)
        audit.append(
            tx,
            Kind.INSTALLATION_CREATED,
            at=now,
            object_type="organisation",
            object_id=operator,
            organisation_id=operator,
            facts={"origin": log_origin},
            private={"name": name, "organisation": organisation_name},
        )
        return operator

"""Anything that the policies decide on, by type and id: for explaining, not for showing.

Asks nobody: what is found goes to the policies and never to a reader. Who may ask was checked by the caller.
"""

from datetime import datetime

from sqlalchemy import select

from docvault.database import break_glass, envelopes, folder_members
from docvault.database.engine import Transaction
from docvault.database.tables import documents, folders, organisations
from docvault.policy.vocabulary import PORTAL, Resource, ResourceType
from docvault.values import NotFound


def thing(tx: Transaction, resource_type: ResourceType, thing_id: str, at: datetime) -> Resource:
    """Return a thing as the policies see it at `at`, the moment of the request. Raises NotFound."""
    if resource_type is ResourceType.PORTAL:
        return PORTAL
    if resource_type is ResourceType.ENVELOPE:
        return envelopes.for_explaining(tx, thing_id, at).resource
    if resource_type is ResourceType.ORGANISATION:
        known = select(organisations.c.id).where(organisations.c.id == thing_id)
        if tx.connection.execute(known).one_or_none() is None:
            raise NotFound
        return Resource(ResourceType.ORGANISATION, thing_id)
    if resource_type is ResourceType.FOLDER:
        return _folder(tx, thing_id, at)
    place = select(documents.c.folder_id).where(documents.c.id == thing_id, documents.c.latest > 0)
    folder_id = tx.connection.execute(place).scalar_one_or_none()
    if folder_id is None:
        raise NotFound
    attributes = _folder(tx, folder_id, at).attributes
    opened = break_glass.opened_by(tx, thing_id, at)
    return Resource(ResourceType.DOCUMENT, thing_id, {**attributes, "opened": opened})


def _folder(tx: Transaction, folder_id: str, at: datetime) -> Resource:
    whose = select(folders.c.organisation_id).where(folders.c.id == folder_id)
    organisation_id = tx.connection.execute(whose).scalar_one_or_none()
    if organisation_id is None:
        raise NotFound
    return folder_members.resource(tx, folder_id, organisation_id, at)

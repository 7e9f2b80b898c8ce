"""Alembic's entry: runs migrations on the connection that migrate.py hands over."""

from typing import Any, Literal

from alembic import context

from docvault.database.tables import METADATA, Moment


def _render(kind: str, item: Any, _context: Any) -> str | Literal[False]:
    """Write moments as the plain type of the database: a migration outlives our own classes."""
    return "sa.DateTime(timezone=True)" if kind == "type" and isinstance(item, Moment) else False


def _ours(_object: Any, _name: str | None, kind: str, reflected: bool, compare_to: Any) -> bool:
    """Leave alone what others keep in the same database, such as the queue's own tables."""
    return not (kind == "table" and reflected and compare_to is None)


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    compare_type=True,
    render_item=_render,
    include_object=_ours,
)
with context.begin_transaction():
    context.run_migrations()

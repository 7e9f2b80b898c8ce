"""Who would rather sign on paper than electronically."""

from sqlalchemy import Boolean, Column, ForeignKey, Table

from docvault.database.tables.columns import ID, METADATA, Moment

paper_wishes = Table(  # gone once they agree to sign electronically (again), or somebody else does their part
    "paper_wishes",
    METADATA,
    Column("recipient_id", ID, ForeignKey("recipients.id"), primary_key=True),
    Column("wished_at", Moment, nullable=False),
    Column("withdrew", Boolean, nullable=False),  # they had agreed before, and took it back
)

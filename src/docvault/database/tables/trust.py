"""Whom this portal trusts besides itself. Nothing is overwritten: what was trusted when can be said later."""

from sqlalchemy import Column, LargeBinary, String, Table

from docvault.database.tables.columns import METADATA, Moment, identifier, one_in_force, period

trust_anchors = Table(
    "trust_anchors",
    METADATA,
    identifier(),
    Column("sha256", String(64), nullable=False),  # hex, of the certificate
    Column("certificate", LargeBinary, nullable=False),  # DER
    Column("name", String(200), nullable=False),
    Column("organisation", String(200), nullable=False),
    Column("not_after", Moment, nullable=False),
    Column("reason", String(500), nullable=False),
    *period(),
    one_in_force("trust_anchors", "sha256"),
)

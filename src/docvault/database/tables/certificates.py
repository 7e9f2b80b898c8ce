"""Which certificates the installation's authority issued: their serial numbers, never their keys."""

from sqlalchemy import Column, String, Table

from docvault.database.tables.columns import METADATA, Moment

issued_certificates = Table(  # to people; those of the authority's own units are rows of `keys`
    "issued_certificates",
    METADATA,
    Column("issuer", String(64), primary_key=True),  # hex SHA-256 of the issuing authority's certificate
    Column("serial", String(40), primary_key=True),  # hex
    Column("issued_at", Moment, nullable=False),
)

unlisted_issuers = Table(  # issuing authorities of which some certificates may not be listed
    "unlisted_issuers",
    METADATA,
    Column("issuer", String(64), primary_key=True),
)

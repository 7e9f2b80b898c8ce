"""Keep the serial numbers of certificates, so that the status of one that was never issued is not good.

Of authorities that are here already nobody knows them all: about theirs the answer stays what it was.
"""

import hashlib

import sqlalchemy as sa
from alembic import op

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "issued_certificates",
        sa.Column("issuer", sa.String(length=64), nullable=False),
        sa.Column("serial", sa.String(length=40), nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("issuer", "serial", name=op.f("pk_issued_certificates")),
    )
    unlisted = op.create_table(
        "unlisted_issuers",
        sa.Column("issuer", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("issuer", name=op.f("pk_unlisted_issuers")),
    )
    keys = sa.table("keys", sa.column("name", sa.String), sa.column("public", sa.LargeBinary))
    known = op.get_bind().execute(sa.select(keys.c.public).where(keys.c.name == "ca-issuing")).scalars()
    rows = [{"issuer": hashlib.sha256(public).hexdigest()} for public in known]
    if rows:
        op.bulk_insert(unlisted, rows)

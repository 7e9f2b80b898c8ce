"""Which serial numbers the authority gave out, for whoever asks for the status of one (RFC 6960, 2.2)."""

import hashlib
from datetime import datetime

from sqlalchemy import exists, insert, select

from docvault.database import keys
from docvault.database.engine import Transaction
from docvault.database.tables import issued_certificates, unlisted_issuers

ISSUING = "ca-issuing"  # the rows of `keys` with the issuing authorities


def add(tx: Transaction, issuer: str, serial: int, now: datetime) -> None:
    """List a certificate. issuer: hex SHA-256 of the certificate of who issued it."""
    values = {"issuer": issuer, "serial": f"{serial:x}", "issued_at": now}
    tx.connection.execute(insert(issued_certificates).values(values))


def may_be_issued(tx: Transaction, issuer: str, serial: int) -> bool:
    """Tell whether it is listed, or this authority issued certificates that are not."""
    c = issued_certificates.c
    listed = exists().where(c.issuer == issuer, c.serial == f"{serial:x}")
    unlisted = exists().where(unlisted_issuers.c.issuer == issuer)
    return bool(tx.connection.execute(select(listed | unlisted)).scalar_one())


def distrust_lists(tx: Transaction) -> None:
    """Note that every authority of now may have issued what is not listed: an older state came back."""
    known = set(tx.connection.execute(select(unlisted_issuers.c.issuer)).scalars())
    ours = {hashlib.sha256(row.public).hexdigest() for row in keys.generations(tx, ISSUING)}
    for issuer in sorted(ours - known):
        tx.connection.execute(insert(unlisted_issuers).values(issuer=issuer))

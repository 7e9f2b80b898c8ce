"""A key ceremony as the portal sees it: it asks a root outside for an issuing authority, and takes it.

What is signed outside is an entry of the audit log here, with fingerprints. Each is one transaction.
"""

import hashlib
from collections.abc import Sequence

from cryptography import x509

from docvault.audit.kinds import Kind
from docvault.certificates import authority as certificates
from docvault.certificates import ceremony
from docvault.database import audit
from docvault.database.engine import Database
from docvault.policy.vocabulary import Acting
from docvault.values import Clock
from docvault.vault import key_ceremonies
from docvault.vault.authority import Authority
from docvault.vault.records import Records

ISSUING = "ca-issuing"
ROOT = "ca-root"


def request_issuing(
    db: Database, own: Records, *, acting: Acting, clock: Clock, new_root: bool = False
) -> bytes:
    """Return the request for a new issuing authority, PEM; its key waits here for the answer."""
    with db.transaction() as tx:
        now = clock()
        asked = key_ceremonies.ask(tx, own, now, new_root=new_root)
        facts = {"kind": ISSUING, "request": hashlib.sha256(asked).hexdigest()}
        audit.append(tx, Kind.KEY_ROTATION_STARTED, at=now, acting=acting, object_type="key", facts=facts)
    return asked


def install_issuing(
    db: Database, own: Records, authority: Authority, *, acting: Acting, clock: Clock, content: bytes
) -> Sequence[x509.Certificate]:
    """Put into service what the root signed, and return the new certificates, from above; none for a list.

    Raises CeremonyRefused or CertificateError; then nothing was changed.
    """
    now = clock()
    signed = ceremony.read(content, now)
    with db.transaction() as tx:
        rows = key_ceremonies.take(tx, own, signed, now)
        made = [x509.load_der_x509_certificate(row.public) for row in rows]
        facts = {
            "kind": rows[0].name if rows else f"{ROOT}-list",
            "root": certificates.fingerprint(signed.root),
            "certificates": sorted(certificates.fingerprint(each) for each in made),
            "list": hashlib.sha256(content).hexdigest(),
        }
        audit.append(tx, Kind.KEY_ROTATION_DONE, at=now, acting=acting, object_type="key", facts=facts)
    authority.refresh()
    return made

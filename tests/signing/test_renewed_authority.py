"""The authority's keys are renewed while the portal runs; what the old ones signed stays good without them
(promise 53).
"""

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.x509 import ocsp
from sqlalchemy import select

from actions.agreed import alone
from docvault import wiring
from docvault.actions import keys as listing
from docvault.actions import signing_keys
from docvault.audit.kinds import Kind
from docvault.certificates.authority import is_issued_by
from docvault.certificates.status import NAMING
from docvault.database import keys, tables
from docvault.pdf.reasons import Verdict
from docvault.pdf.scratch import Scratch
from docvault.rules.keys import SETTLED, KeyRefused
from docvault.settings import Settings
from docvault.values import NotFound
from docvault.vault.authority import Authority
from docvault.vault.authority_keys import KINDS
from every_key import every_key

from .desks import ANNA, contract

UNDER = {
    "ca-root": KINDS,
    "ca-issuing": KINDS[1:],
    "ca-timestamp": ("ca-timestamp",),
    "ca-responder": ("ca-responder",),
    "ca-seal": ("ca-seal",),
}


def now():
    return datetime.now(UTC)


@pytest.fixture
def portal(tmp_path):
    yield from prepared(Settings(data=tmp_path / "data"))


@pytest.fixture
def anywhere(database_url, tmp_path):
    yield from prepared(Settings(data=tmp_path / "data", database_url=database_url))


def prepared(settings):
    made = wiring.prepare(settings)
    yield made
    made.close()


def rotate(portal, kind):
    own = portal.vault.records
    return signing_keys.rotate_authority(
        portal.db, own, portal.authority, kind, acting=None, clock=portal.clock
    )


def destroy(portal, kind, after=SETTLED):
    consent = alone(portal.vault.records)
    return signing_keys.destroy_authority(
        portal.db, kind, acting=None, consent=consent, clock=lambda: now() + after
    )


def generations(portal):
    with portal.db.reading() as tx:
        return {
            kind: [(row.generation, bool(row.wrapped)) for row in keys.generations(tx, kind)]
            for kind in KINDS
        }


def entries(portal):
    chosen = select(tables.audit_entries.c.kind).order_by(tables.audit_entries.c.index)
    with portal.db.reading() as tx:
        return list(tx.connection.execute(chosen).scalars())


@pytest.mark.promise(53)
@pytest.mark.parametrize("kind", ["ca-root", "ca-seal"])
def test_a_key_is_renewed_with_what_stands_under_it_and_the_old_one_destroyed(anywhere, kind):
    portal, before = anywhere, len(entries(anywhere))
    assert rotate(portal, kind).generation == 2
    assert entries(portal)[before:] == [Kind.KEY_ROTATION_DONE]
    after = generations(portal)
    assert {each for each in KINDS if len(after[each]) == 2} == set(UNDER[kind])
    assert destroy(portal, kind) == [1]
    assert generations(portal)[kind] == [(1, False), (2, True)]
    assert entries(portal)[before:] == [Kind.KEY_ROTATION_DONE, Kind.KEY_DESTROYED]
    listed = [(one.generation, one.newest) for one in listing.list_keys(portal.db) if one.kind == kind]
    assert listed == [(2, True)]
    again = Authority.load(portal.db, portal.vault)
    assert again.roots == portal.authority.roots
    assert len(again.roots) == (2 if kind == "ca-root" else 1)


def test_a_key_is_destroyed_only_when_every_server_has_noticed_the_new_one(portal):
    with pytest.raises(KeyRefused, match="Rotate it first"):
        destroy(portal, "ca-seal")
    rotate(portal, "ca-seal")
    with pytest.raises(KeyRefused, match="10 minutes"):
        destroy(portal, "ca-seal", timedelta(0))
    assert generations(portal)["ca-seal"] == [(1, True), (2, True)]


@pytest.mark.promise(53)
def test_a_running_server_takes_the_new_key_without_a_restart(portal):
    server = Authority.load(portal.db, portal.vault)
    old = server._authority.seal.der
    rotate(portal, "ca-seal")
    assert server._authority.seal.der == old
    server._looked = -1e9  # as if the five seconds were over
    assert server._authority.seal.der == portal.authority._authority.seal.der != old


@pytest.mark.promise(53)
def test_what_was_signed_before_during_and_after_is_valid_without_the_old_keys(portal, workers):
    authority = portal.authority
    with Scratch.create(contract()) as papers:
        key = authority.issue(ANNA, now=now())
        signed = authority.sign(workers, papers, key, field="anna-signature", certify=True)
    with signed, authority.seal(workers, signed) as before:
        waiting = authority.issue(ANNA, now=now())  # its certificate is by the old authority
        rotate(portal, "ca-issuing")
        with Scratch.create(contract()) as papers:
            between = authority.sign(workers, papers, waiting, field="anna-signature", certify=True)
        for kind in ("ca-issuing", "ca-timestamp", "ca-seal"):
            assert destroy(portal, kind) == [1]
        fresh = Authority.load(portal.db, portal.vault)
        with (
            between,
            fresh.seal(workers, between) as sealed,
            fresh.seal(workers, signed) as across,
            fresh.renew(workers, before) as renewed,
        ):
            for file in (before, sealed, across, renewed):
                report = fresh.validate(workers, file)
                assert report.verdict is Verdict.VALID, report.codes


@pytest.mark.promise(53)
def test_a_new_root_leaves_the_old_one_and_what_leads_to_it_trusted(portal, workers):
    with Scratch.create(contract()) as papers, portal.authority.seal(workers, papers, certify=True) as before:
        rotate(portal, "ca-root")
        for kind in ("ca-root", "ca-issuing"):
            assert destroy(portal, kind) == [1]
        assert portal.authority.validate(workers, before).verdict is Verdict.VALID
        with portal.authority.seal(workers, papers, certify=True) as after:
            assert portal.authority.validate(workers, after).verdict is Verdict.VALID
    assert wiring.trusted_roots(portal.settings) == portal.authority.roots


@pytest.mark.promise(53)
def test_lists_certificates_and_status_of_a_replaced_authority_are_still_answered(portal):
    seal = portal.authority._authority.seal.certificate
    old = {name: portal.authority.published(name) for name in ("root.cer", "issuing.cer", "root.crl")}
    rotate(portal, "ca-issuing")
    assert destroy(portal, "ca-issuing") == [1]
    authority = Authority.load(portal.db, portal.vault)
    assert authority.published("issuing.cer") == old["issuing.cer"] != authority.published("issuing-2.cer")
    issuing = x509.load_der_x509_certificate(old["issuing.cer"])
    last = x509.load_der_x509_crl(authority.published("issuing.crl"))
    assert last.is_signature_valid(issuing.public_key())
    assert last.next_update_utc == issuing.not_valid_after_utc
    newer = x509.load_der_x509_certificate(authority.published("issuing-2.cer"))
    newest = x509.load_der_x509_crl(authority.published("issuing-2.crl"))
    assert newest.is_signature_valid(newer.public_key())
    for certificate, issuer in ((seal, issuing), (authority._authority.seal.certificate, newer)):
        asked = ocsp.OCSPRequestBuilder().add_certificate(certificate, issuer, NAMING["sha256"]()).build()
        answer = authority.answer_status(asked.public_bytes(serialization.Encoding.DER))
        given = ocsp.load_der_ocsp_response(answer.der)
        assert given.certificate_status is ocsp.OCSPCertStatus.GOOD
        assert is_issued_by(given.certificates[0], issuer)
    with pytest.raises(NotFound):
        authority.published("issuing-3.cer")


def test_the_last_responder_of_each_authority_stays(portal):
    """Nobody else may answer for what that authority issued."""
    rotate(portal, "ca-responder")
    rotate(portal, "ca-issuing")
    rotate(portal, "ca-responder")
    assert destroy(portal, "ca-responder") == [1, 3]
    assert generations(portal)["ca-responder"] == [(1, False), (2, True), (3, False), (4, True)]


def test_openssl_follows_the_new_chain(portal, tmp_path):
    rotate(portal, "ca-root")
    own = portal.authority._authority
    for name in ("root", "issuing", "seal"):
        certificate = getattr(own, name).certificate
        (tmp_path / name).write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    command = ["openssl", "verify", "-x509_strict", "-CAfile", "root", "-untrusted", "issuing", "seal"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.stdout == "seal: OK\n", done.stderr
    names = [x509.load_der_x509_certificate(root).subject for root in portal.authority.roots]
    assert names[0] != names[1]


KILLED = """
import os, sys
from pathlib import Path
from docvault import wiring
from docvault.actions import signing_keys
from docvault.settings import Settings
from docvault.vault import authority_keys
deed, left = authority_keys._put, int(sys.argv[2])
def killed(*given):
    global left
    deed(*given)
    left -= 1
    if not left:
        os.kill(os.getpid(), 9)
authority_keys._put = killed
portal = wiring.build(Settings(data=Path(sys.argv[1])))
signing_keys.rotate_authority(
    portal.db, portal.vault.records, portal.authority, "ca-root", acting=None, clock=portal.clock
)
"""


@pytest.mark.promise(53)
@pytest.mark.parametrize("puts", [2, 5])
def test_a_renewal_that_was_killed_was_never_made(portal, puts):
    before = generations(portal)
    run = [sys.executable, "-c", KILLED, portal.settings.data, str(puts)]
    assert subprocess.run(run, check=False, capture_output=True, env=os.environ).returncode == -9
    assert generations(portal) == before
    assert rotate(portal, "ca-root").generation == 2


@pytest.mark.promise(55)
def test_the_keys_of_the_authority_do_not_print_themselves(portal):
    secret = every_key(portal.db, portal.settings.root_key_path.read_text())["key:ca-seal"]
    for one in (portal.authority, portal.authority._known.opened, portal.authority._authority.seal):
        assert str(int.from_bytes(secret)) not in repr(one)
        assert repr(secret)[2:-1] not in repr(one)

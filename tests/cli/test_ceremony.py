"""A key ceremony from end to end: the root's key is made outside and never comes to the portal."""

import json
import shutil
import subprocess
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from typer.testing import CliRunner

from docvault import wiring
from docvault.certificates import authority, ceremony
from docvault.certificates.authority import RootIsElsewhere
from docvault.cli.main import app
from docvault.pdf.reasons import Verdict
from docvault.pdf.scratch import Scratch
from docvault.settings import Settings
from docvault.values import DocVaultError
from signing.desks import ANNA, contract

PASSPHRASE = "correct horse battery staple"


@pytest.fixture(scope="module")
def installation(tmp_path_factory):
    folder = tmp_path_factory.mktemp("installation") / "data"
    wiring.prepare(Settings(data=folder), organisation="Harbour & Pine Oy").close()
    return folder


@pytest.fixture
def stage(tmp_path, monkeypatch, installation):
    """A folder that stands for the machine without a network, beside an installation."""
    shutil.copytree(installation, tmp_path / "data")
    monkeypatch.setattr(ceremony, "ROUNDS", 1000)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "secret").write_text(f"{PASSPHRASE}\n")
    return tmp_path


def said(*words, refused=None):
    """Run a command, and return what it printed."""
    done = CliRunner().invoke(app, ["keys", *words])
    if refused is None:
        assert done.exit_code == 0, (done.output, done.exception)
    else:
        assert isinstance(done.exception, DocVaultError)
        assert refused in str(done.exception)
    return done.output


def make_root(out="root.p12", **more):
    names = ("--organisation", "Harbour & Pine Oy", "--present", "Eve Keeper", "--present", "Max Witness")
    return said("ceremony", "root", *names, "--out", out, "--passphrase-file", "secret", **more)


def sign(out="issuing.pem", root="root.p12", asked="issuing.csr", **more):
    given = ("--root", root, "--request", asked, "--out", out, "--present", "Eve Keeper")
    return said("ceremony", "sign", *given, "--passphrase-file", "secret", **more)


def ask(out="issuing.csr", *more):
    return said("ceremony", "request", "--out", out, "--data", "data", *more)


def install(file="issuing.pem", **more):
    return said("ceremony", "install", file, "--data", "data", **more)


def sealed(portal):
    key = portal.authority.issue(ANNA, now=datetime.now(UTC))
    with (
        Scratch.create(contract()) as prepared,
        portal.authority.sign(portal.pdf, prepared, key, field="anna-signature", certify=True) as signed,
        portal.authority.seal(portal.pdf, signed) as made,
    ):
        return made.read()


def judged(portal, content):
    with Scratch.create(content) as source:
        return portal.authority.validate(portal.pdf, source).verdict


@pytest.mark.promise(53, 55)
def test_the_portal_runs_under_a_root_whose_key_was_never_in_it(stage):
    with closing(wiring.build(Settings(data=stage / "data"))) as portal:
        before = sealed(portal)
        printed = make_root()
        ask()
        sign()
        assert "CN=Harbour & Pine Oy Issuing CA 2" in install()

        root = ceremony.unlock((stage / "root.p12").read_bytes(), PASSPHRASE)
        fingerprint = ceremony.shown(root.certificate)
        assert fingerprint in printed
        stored = b"".join(path.read_bytes() for path in (stage / "data").glob("docvault.sqlite*"))
        assert root.der in stored, "the search looks in the right place"
        for secret in (root.private_der(), root.key.private_numbers().private_value.to_bytes(32)):
            assert secret not in stored

        portal.authority.refresh()  # a running server notices by itself within seconds
        assert portal.authority.roots[0] == root.der
        after = sealed(portal)
        assert [judged(portal, each) for each in (before, after)] == [Verdict.VALID, Verdict.VALID]
        with Scratch.create(contract()) as prepared:
            assert portal.authority.preflight(portal.pdf, prepared, []) == []

        # The next issuing authority takes the same root again, and nothing here can sign in its place.
        said("rotate", "ca-issuing", "--data", "data", refused="key ceremony")
        with pytest.raises(RootIsElsewhere):
            authority.renew(portal.authority._authority, "issuing", datetime.now(UTC))
        ask("second.csr")
        sign("second.pem", asked="second.csr")
        assert "Issuing CA 3" in install("second.pem")
        portal.authority.refresh()
        assert portal.authority.roots[0] == root.der
        assert [judged(portal, each) for each in (before, after, sealed(portal))] == [Verdict.VALID] * 3
        said("rotate", "ca-seal", "--data", "data")  # what stands under it needs no root
    assert "kept outside" in said("list", "--data", "data")


def test_a_record_says_who_when_and_what_and_any_program_verifies_it(stage):
    make_root()
    ask()
    sign()
    text = (stage / "issuing.pem.record.txt").read_text()
    root, issuing = (
        each for each in x509.load_pem_x509_certificates((stage / "issuing.pem").read_bytes())[::-1]
    )
    assert "Present: Eve Keeper" in text
    assert f"{datetime.now(UTC):On %Y-%m-%d}" in text
    assert ceremony.shown(root) in text
    assert ceremony.shown(issuing) in text
    (stage / "root.pem").write_bytes(ceremony.Signed.pem(ceremony.sign_list(_root(stage), datetime.now(UTC))))
    checked = [
        "openssl", "cms", "-verify", "-binary", "-inform", "PEM", "-in", "issuing.pem.record.txt.p7s",
        "-content", "issuing.pem.record.txt", "-CAfile", "root.pem", "-purpose", "any", "-out", "/dev/null",
    ]  # fmt: skip
    done = subprocess.run(checked, cwd=stage, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (stage / "issuing.pem.record.txt").write_text(text.replace("Eve", "Ann"))
    assert subprocess.run(checked, cwd=stage, capture_output=True, check=False).returncode != 0


def _root(stage):
    return ceremony.unlock((stage / "root.p12").read_bytes(), PASSPHRASE)


def test_what_does_not_belong_together_is_refused_and_changes_nothing(stage):
    make_root()
    make_root(refused="File exists")
    make_root("other.p12")
    ask()
    (stage / "wrong").write_text("another passphrase")
    given = ("--root", "root.p12", "--request", "issuing.csr", "--out", "x.pem", "--present", "Eve")
    said("ceremony", "sign", *given, "--passphrase-file", "wrong", refused="passphrase is wrong")
    sign(root="secret", refused="not the root's file")
    sign(asked="secret", refused="holds no request")
    install("secret", refused="not the file")
    with closing(wiring.build(Settings(data=stage / "data"))) as portal:
        roots = portal.authority.roots
        stranger = ceremony.request(
            _root(stage).key, _root(stage).certificate.subject, "https://vault.example", "root-2"
        )
        (stage / "stranger.csr").write_bytes(stranger.public_bytes(Encoding.PEM))
        sign("stranger.pem", asked="stranger.csr")
        install("stranger.pem", refused="not for a request of this installation")
        given = ("--root", "root.p12", "--out", "list.pem", "--present", "Eve")
        said("ceremony", "list", *given, "--passphrase-file", "secret")
        install("list.pem", refused="not in use here")
        sign()
        portal.authority.refresh()
        assert portal.authority.roots == roots, "nothing was changed so far"
        install()
        install(refused="in service already")
        install("list.pem", refused="older than the one in use")
        ask("again.csr")
        sign("again.pem", root="other.p12", asked="again.csr")
        install("again.pem", refused="root of this very name")
    (stage / "secret").write_text("short")
    make_root("third.p12", refused="at least 12 characters")
    assert not (stage / "third.p12").exists()


def test_the_list_of_a_root_outside_is_warned_of_and_renewed(stage, monkeypatch):
    make_root()
    ask()
    sign()
    install()
    later = datetime.now(UTC) + ceremony.LIST_LIFE - timedelta(days=20)
    with closing(wiring.build(Settings(data=stage / "data"), clock=lambda: later)) as portal:
        first = portal.authority.ends()[0]
        assert (first.name, (first.at - later).days) == ("ca-root-list", 19)
        monkeypatch.setattr("docvault.values.utc_now", lambda: later)
        given = ("--root", "root.p12", "--out", "list.pem", "--present", "Eve")
        said("ceremony", "list", *given, "--passphrase-file", "secret")
        install("list.pem")
        portal.authority.refresh()
        assert portal.authority.ends()[0].at > later + timedelta(days=700)
        crl = x509.load_der_x509_crl(portal.authority.published("root-2.crl"))
        assert crl.last_update_utc > later - timedelta(seconds=5)
    entries = [json.loads(line) for line in _trail(stage)]
    done = [one for one in entries if one["kind"] == "key:rotation:done"]
    assert [one["facts"]["kind"] for one in done] == ["ca-root", "ca-root-list"]


def _trail(stage):
    written = CliRunner().invoke(
        app, ["audit", "export", "trail.jsonl", "--format", "jsonl", "--data", "data"]
    )
    assert written.exit_code == 0, written.output
    return (stage / "trail.jsonl").read_text().splitlines()

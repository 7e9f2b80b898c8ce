"""The programs that read these files for a living find nothing wrong with them."""

import re
import shutil
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from .files import HOST, INFRA, PROGRAMS, SCRIPTS, UNITS, compose, run

NGINX = shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")
SYSTEMD = shutil.which("systemd-analyze")


def said(done) -> str:
    return done.stdout + done.stderr


def test_hadolint_finds_nothing_in_the_containerfile():
    done = run(PROGRAMS / "hadolint", INFRA / "Containerfile")
    assert (done.returncode, said(done)) == (0, "")


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_shellcheck_finds_nothing(script):
    done = run(PROGRAMS / "shellcheck", script)
    assert (done.returncode, said(done)) == (0, "")


def test_compose_reads_its_file():
    assert set(compose()["services"]) == {
        "proxy",
        "web",
        "worker",
        "migrate",
        "grant",
        "database",
        "store",
        "bucket",
    }


@pytest.mark.parametrize("name", sorted(compose()["services"]))
def test_every_container_has_as_little_as_it_needs(name):
    service = compose()["services"][name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service.get("cap_add", []) == (["NET_BIND_SERVICE"] if name == "proxy" else [])
    assert "no-new-privileges:true" in service["security_opt"]
    assert "privileged" not in service
    assert bool(service.get("ports")) == (name == "proxy")


@pytest.mark.parametrize("name", sorted(compose()["services"]))
def test_every_image_has_a_version(name):
    image = compose()["services"][name]["image"]
    assert re.search(r":(local|v?\d+(\.\d+)+[\w.-]*)(@sha256:[0-9a-f]{64})?$", image)


def test_database_and_store_are_reached_by_those_who_need_them_alone():
    found = compose()
    inner = {name for name, network in found["networks"].items() if network.get("internal")}
    assert inner == {"front", "rows", "files"}
    reached = {
        network: {
            name for name, service in found["services"].items() if network in service.get("networks", {})
        }
        for network in inner
    }
    assert reached == {
        "front": {"proxy", "web"},
        "rows": {"web", "worker", "migrate", "grant", "database"},
        "files": {"web", "worker", "store"},
    }


def test_caddy_takes_its_file():
    caddy = PROGRAMS / "caddy"
    done = run(caddy, "validate", "--config", INFRA / "Caddyfile", "--adapter", "caddyfile", PORTAL_HOST=HOST)
    assert done.returncode == 0, said(done)
    assert '"level":"warn"' not in said(done)
    assert run(caddy, "fmt", "--diff", INFRA / "Caddyfile").returncode == 0


@pytest.mark.skipif(NGINX is None, reason="nginx is not installed: its file is not checked")
def test_nginx_takes_its_file(tmp_path):
    config = as_here(tmp_path, http=0, https=0)
    done = run(NGINX, "-t", "-q", "-p", tmp_path, "-c", config, "-e", tmp_path / "error.log")
    assert (done.returncode, said(done)) == (0, "")


@pytest.mark.skipif(SYSTEMD is None, reason="systemd is not installed: the units are not checked")
def test_systemd_takes_the_units(tmp_path):
    for unit in UNITS:  # it looks whether the program is there
        text = unit.read_text().replace("/opt/docvault/bin/docvault", shutil.which("true"))
        (tmp_path / unit.name).write_text(text)
    done = run(SYSTEMD, "verify", "--man=no", *(tmp_path / unit.name for unit in UNITS))
    assert (done.returncode, said(done)) == (0, "")


def as_here(folder, *, http: int, https: int, upstream: int = 8000):
    """nginx.conf with a certificate, ports and files that anybody may use."""
    certificate(folder)
    text = (INFRA / "nginx.conf").read_text()
    text = re.sub(r"^user .*\n", "", text)
    text = re.sub(r"^\s*listen \[::\].*\n", "", text, flags=re.MULTILINE)  # not every machine has IPv6
    text = re.sub(r"\nuser .*;", "", text)
    for old, new in {
        "/etc/ssl/docvault/": f"{folder}/",
        "/run/nginx.pid": f"{folder}/pid",
        "/var/log/nginx/": f"{folder}/",
        "listen 80": f"listen 127.0.0.1:{http or 18080}",
        "listen 443": f"listen 127.0.0.1:{https or 18443}",
        "server 127.0.0.1:8000;": f"server 127.0.0.1:{upstream};",
    }.items():
        assert old in text, old
        text = text.replace(old, new)
    (folder / "nginx.conf").write_text(text)
    return folder / "nginx.conf"


def certificate(folder) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOST)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(HOST)]), critical=False)
        .sign(key, SHA256())
    )
    (folder / "fullchain.pem").write_bytes(made.public_bytes(Encoding.PEM))
    (folder / "privkey.pem").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))

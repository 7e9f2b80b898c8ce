"""The proxies of infra/ as they are, but for the ports, files and certificates of this machine."""

import re
import shutil
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from .files import HOST, INFRA

NGINX = shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")


def caddy_here(folder, *, http: int, https: int):
    """Caddyfile with a certificate and ports that anybody may use; its upstream comes from the environment."""
    certificate(folder)
    text = (INFRA / "Caddyfile").read_text()
    for old, new in {
        "\tadmin off\n": f"\tadmin off\n\tstorage file_system {folder}\n\thttp_port {http}\n\thttps_port {https}\n",
        "\ttls {\n": f"\ttls {folder}/fullchain.pem {folder}/privkey.pem {{\n",
    }.items():
        assert old in text, old
        text = text.replace(old, new)
    (folder / "Caddyfile").write_text(text)
    return folder / "Caddyfile"


def nginx_here(folder, *, http: int, https: int, upstream: int = 8000):
    """nginx.conf with a certificate, ports and files that anybody may use."""
    certificate(folder)
    text = (INFRA / "nginx.conf").read_text()
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

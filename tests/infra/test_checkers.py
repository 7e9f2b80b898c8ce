"""The programs that read these files for a living find nothing wrong with them."""

import re
import shutil

import pytest

from .files import HOST, INFRA, PROGRAMS, SCRIPTS, UNITS, compose, run
from .proxies import NGINX, nginx_here

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
    config = nginx_here(tmp_path, http=0, https=0)
    done = run(NGINX, "-t", "-q", "-p", tmp_path, "-c", config, "-e", tmp_path / "error.log")
    assert (done.returncode, said(done)) == (0, "")


@pytest.mark.skipif(SYSTEMD is None, reason="systemd is not installed: the units are not checked")
def test_systemd_takes_the_units(tmp_path):
    for unit in UNITS:  # it looks whether the program is there
        text = unit.read_text().replace("/opt/docvault/bin/docvault", shutil.which("true"))
        (tmp_path / unit.name).write_text(text)
    done = run(SYSTEMD, "verify", "--man=no", *(tmp_path / unit.name for unit in UNITS))
    assert (done.returncode, said(done)) == (0, "")

"""What infra/ says about DocVault is so: its settings, commands, ports, roles and proxies."""

import re
import shlex

import pytest
import typer

from docvault.cli.main import app
from docvault.database import grants
from docvault.settings import DEFAULT_PORT, Settings, load

from .files import HOST, INFRA, ROOT, UNITS, compose, own_services, run, texts, units_commands

NAMES = {f"DOCVAULT_{name.upper()}" for name in Settings.__struct_fields__}
CONTAINERFILE = (INFRA / "Containerfile").read_text()


def parsed(arguments: list[str]) -> str:
    """Let the real command line read `arguments`, run nothing, and return which command it was."""
    command = typer.main.get_command(app)
    names = []
    while arguments and hasattr(command, "commands"):
        name = arguments.pop(0)
        command = command.commands[name]
        names.append(name)
    command.make_context(names[-1], arguments)
    return " ".join(names)


def test_every_setting_that_is_named_exists():
    named = {name for text in texts().values() for name in re.findall(r"DOCVAULT_[A-Z0-9_]+", text)}
    assert {name.removesuffix("_FILE") for name in named} <= NAMES
    assert "DOCVAULT_TRUSTED_PROXIES" in named


def test_every_command_in_containers_parses():
    found = {name: parsed([*service["command"]]) for name, service in own_services().items()}
    assert found == {
        "web": "serve",
        "worker": "worker",
        "migrate": "database migrate",
        "grant": "database roles",
    }
    (default,) = re.findall(r"^CMD \[(.*)\]$", CONTAINERFILE, re.MULTILINE)
    assert parsed(re.findall(r'"([^"]*)"', default)) == "serve"


def test_every_command_in_units_parses():
    assert [parsed(shlex.split(line)) for line in sorted(units_commands())] == [
        "backup",
        "restore",
        "serve",
        "worker",
    ]


def test_what_the_containers_are_told_can_be_used(tmp_path):
    secrets = tmp_path / "secrets"
    assert run("sh", INFRA / "make-secrets.sh", secrets).returncode == 0
    for name in own_services():
        given = own_services()[name]["environment"]
        local = {
            key: value.replace("/run/secrets", str(secrets))
            for key, value in given.items()
            if key.startswith("DOCVAULT_")
        }
        settings = load(local)
        assert settings.database_url.startswith("postgresql://docvault_")
    web = load(
        {
            key: value.replace("/run/secrets", str(secrets))
            for key, value in own_services()["web"]["environment"].items()
        }
    )
    assert web.base_url == f"https://{HOST}"
    assert web.bucket is not None
    assert web.bucket.name == "docvault"


def test_only_the_proxy_is_trusted_about_addresses():
    proxy = compose()["services"]["proxy"]["networks"]["front"]["ipv4_address"]
    assert {
        service["environment"].get("DOCVAULT_TRUSTED_PROXIES") for service in own_services().values()
    } == {
        proxy,
        None,
    }
    assert own_services()["web"]["environment"]["DOCVAULT_TRUSTED_PROXIES"] == proxy


def test_the_application_never_gets_the_password_of_the_owner():
    given = {
        name: {secret["source"] for secret in service.get("secrets", [])}
        for name, service in compose()["services"].items()
    }
    assert {name for name, secrets in given.items() if "database_owner" in secrets} == {"migrate", "grant"}
    assert {name for name, secrets in given.items() if "database_admin_password" in secrets} == {"database"}
    assert given["web"] == given["worker"] == {"database_app", "s3_access_key", "s3_secret_key"}


def test_the_roles_are_those_that_docvault_prints():
    script = (INFRA / "postgres-roles.sh").read_text()
    wanted = grants.by_the_server("docvault", "docvault_owner", "docvault_app")
    assert (
        re.findall(r"^((?:CREATE|ALTER DATABASE|ALTER SCHEMA|REVOKE|GRANT) .*);$", script, re.MULTILINE)
        == wanted
    )


@pytest.mark.parametrize("name", ["Caddyfile", "nginx.conf", "systemd/docvault.service", "Containerfile"])
def test_everybody_speaks_of_the_same_port(name):
    assert re.search(rf"\b{DEFAULT_PORT}\b", (INFRA / name).read_text())
    assert "8080" not in (INFRA / name).read_text()


def test_the_root_key_is_shared_and_the_folder_of_its_sockets_is_not():
    """Two key holders in one folder would take each other's place: process numbers are the same in containers."""
    for name in ("web", "worker"):
        mounted = own_services()[name]["volumes"]
        assert [(volume["source"], volume["target"]) for volume in mounted] == [("keys", "/srv/keys")]
    assert "DOCVAULT_ROOT_KEY=file:/srv/keys/root.key" in CONTAINERFILE
    assert "DOCVAULT_DATA=/srv/docvault" in CONTAINERFILE
    assert re.search("^VOLUME /srv/docvault /srv/keys$", CONTAINERFILE, re.MULTILINE)


def test_what_only_root_may_do_nobody_does():
    assert re.findall(r"^USER (.*)$", CONTAINERFILE, re.MULTILINE) == ["10001:10001"]
    for unit in UNITS:
        if unit.suffix == ".service":
            assert "\nUser=docvault\n" in unit.read_text()


def test_the_operators_page_names_every_file():
    page = (ROOT / "docs/operators.md").read_text()
    for path in ("Containerfile", "compose.yaml", "start.sh", "systemd/", "nginx.conf", "Caddyfile"):
        assert f"infra/{path}" in page, path

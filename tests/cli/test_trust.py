"""The trust list from the terminal, and what `docvault verify --data` makes of it."""

import json
import os

import pytest
from cryptography.hazmat.primitives import serialization
from typer.testing import CliRunner

from docvault import settings, wiring
from docvault.certificates.anchors import AnchorRefused
from docvault.cli.trust import app
from signing.desks import Office

RUN = CliRunner()
WHY = ("--reason", "The bank signs its contracts with it.")


@pytest.fixture
def data(tmp_path, monkeypatch):
    monkeypatch.setenv("DOCVAULT_DATA", str(tmp_path / "data"))
    wiring.prepare(settings.load()).close()
    return str(tmp_path / "data")


@pytest.mark.promise(70)
def test_authorities_are_added_listed_counted_and_removed_from_the_terminal(data, tmp_path):
    root = Office("Nordbank AG").ca.root
    file = tmp_path / "bank.pem"
    file.write_bytes(root.certificate.public_bytes(serialization.Encoding.PEM))
    assert wiring.trusted_others(settings.load(os.environ)) == ()
    added = RUN.invoke(app, ["add", str(file), *WHY, "--data", data])
    assert added.output.startswith("Nordbank AG Root CA is trusted from now on. SHA-256 ")
    assert wiring.trusted_others(settings.load(os.environ)) == (root.der,), (
        "what `docvault verify --data` trusts"
    )
    own, bank = json.loads(RUN.invoke(app, ["list", "--json", "--data", data]).output)["trusted"]
    assert own["id"] is None
    assert (bank["name"], bank["reason"]) == ("Nordbank AG Root CA", WHY[1])
    assert bank["sha256"] in RUN.invoke(app, ["list", "--data", data]).output
    assert RUN.invoke(app, ["remove", bank["id"], "--data", data]).exit_code == 0
    assert wiring.trusted_others(settings.load(os.environ)) == ()


def test_a_file_that_cannot_be_read_is_told_in_words(data, tmp_path):
    answer = RUN.invoke(app, ["add", str(tmp_path / "missing.pem"), *WHY, "--data", data])
    assert isinstance(answer.exception, AnchorRefused)
    assert "No such file" in str(answer.exception)

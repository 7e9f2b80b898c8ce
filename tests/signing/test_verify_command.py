"""`docvault verify`, as a shell and a program meet it."""

import json
import subprocess
import sys

import pytest
from cryptography.hazmat.primitives import serialization

from . import attacks


@pytest.fixture(scope="module")
def folder(tmp_path_factory, revisions, office):
    folder = tmp_path_factory.mktemp("verify")
    (folder / "sealed.pdf").write_bytes(revisions.sealed)
    (folder / "plain.pdf").write_bytes(revisions.prepared)
    (folder / "changed.pdf").write_bytes(attacks.updated(revisions.sealed, attacks.new_page_text))
    root = office.ca.root.certificate
    (folder / "root.pem").write_bytes(root.public_bytes(serialization.Encoding.PEM))
    (folder / "root.der").write_bytes(root.public_bytes(serialization.Encoding.DER))
    return folder


def verify(folder, *arguments, **environment):
    command = [sys.executable, "-m", "docvault.cli.main", "verify", *arguments]
    script = "from docvault.cli.main import run; run()"
    command = [sys.executable, "-c", script, "verify", *arguments]
    return subprocess.run(
        command, cwd=folder, capture_output=True, text=True, check=False, timeout=60,
        env={"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", **environment},
    )  # fmt: skip


def test_a_trusted_document_is_valid_and_exits_0(folder):
    done = verify(folder, "sealed.pdf", "--trust", "root.pem")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("sealed.pdf: valid\n")
    for words in (
        "Anna Lindqvist",
        "Tomáš Żółć",
        "proven by Harbour & Pine Oy Timestamps",
        "the whole file",
        "B-LTA",
    ):
        assert words in " ".join(done.stdout.split())


@pytest.mark.promise(67)
def test_json_is_what_the_contract_promises(folder):
    done = verify(folder, "sealed.pdf", "--trust", "root.der", "--json")
    report = json.loads(done.stdout)
    assert done.returncode == 0
    assert report["verdict"] == "valid"
    promised = {"signer", "time", "time_source", "coverage", "modification", "trust", "level", "reason"}
    assert all(promised <= each.keys() for each in report["signatures"])
    assert report["signatures"][0]["time"].endswith("+00:00")


@pytest.mark.parametrize(
    ("arguments", "verdict"),
    [
        (["sealed.pdf"], "not-trusted"),
        (["changed.pdf", "--trust", "root.pem"], "modified"),
        (["plain.pdf", "--trust", "root.pem"], "not-signed"),
        (["root.pem", "--trust", "root.pem"], "unreadable"),
    ],
)
@pytest.mark.promise(68)
def test_everything_else_exits_1_and_says_why(folder, arguments, verdict):
    done = verify(folder, *arguments, "--json")
    report = json.loads(done.stdout)
    assert (done.returncode, report["verdict"]) == (1, verdict)
    assert report["reasons"][0].endswith(".")
    assert verify(folder, *arguments).stdout.splitlines()[0].endswith(verdict)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["missing.pdf"], "missing.pdf: No such file or directory"),
        (["sealed.pdf", "--trust", "missing.pem"], "missing.pem: No such file or directory"),
        (["sealed.pdf", "--trust", "plain.pdf"], "plain.pdf holds no certificate."),
    ],
)
def test_files_that_cannot_be_opened_exit_2_with_one_line(folder, arguments, words):
    done = verify(folder, *arguments)
    assert (done.returncode, done.stdout, done.stderr) == (2, "", f"docvault: {words}\n")


@pytest.mark.promise(69)
def test_the_version_that_was_signed_is_saved_byte_for_byte(folder, revisions):
    done = verify(folder, "changed.pdf", "--trust", "root.pem", "--extract", "2", "--output", "tomas.pdf")
    assert done.returncode == 1, "the file itself was changed"
    assert "tomas.pdf is the version that Tomáš Żółć signed, byte for byte." in done.stderr
    assert (folder / "tomas.pdf").read_bytes() == revisions.tomas
    again = verify(folder, "changed.pdf", "--extract", "2", "--output", "tomas.pdf")
    assert (again.returncode, again.stderr) == (2, "docvault: tomas.pdf: File exists\n")
    none = verify(folder, "sealed.pdf", "--extract", "9")
    assert none.stderr == "docvault: The file does not hold a version that signature 9 signed.\n"


def test_a_data_folder_without_an_installation_is_refused(folder):
    done = verify(folder, "sealed.pdf", "--data", "nowhere")
    assert done.returncode == 1
    assert "There is no installation in nowhere" in done.stderr
    assert verify(folder, "sealed.pdf", DOCVAULT_DATA="nowhere").returncode == 1


def test_help_loads_no_pdf_library():
    script = (
        "import sys\nsys.argv = ['docvault', 'verify', '--help']\nfrom docvault.cli import main\n"
        "try:\n    main.run()\nexcept SystemExit:\n    pass\n"
        "print(sorted({'pyhanko', 'pikepdf', 'cryptography', 'typst', 'sqlalchemy'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.splitlines()[-1] == "[]"

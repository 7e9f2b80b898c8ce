"""The arrows of docs/architecture.md, and the words that hold everywhere."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = sorted(
    path for path in (ROOT / "src").rglob("*.py") if "versions" not in path.parts
)  # migrations are records
NAMELESS = {"utils", "util", "helpers", "helper", "common", "manager", "base", "misc"}


def test_every_arrow_between_rooms_points_down():
    lint = subprocess.run(
        [Path(sys.executable).parent / "lint-imports", "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert lint.returncode == 0, lint.stdout


def test_no_file_is_named_after_nothing():
    assert not [path for path in SOURCES if path.stem in NAMELESS]


def test_no_source_file_has_more_than_four_hundred_lines():
    long = {
        str(path): n
        for path in SOURCES
        if (n := len(path.read_text().splitlines())) > 400 and path.name != "tables.py"
    }
    assert not long


def test_no_function_has_more_than_forty_statement_lines():
    long = {}
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                first = node.body[1] if ast.get_docstring(node) and len(node.body) > 1 else node.body[0]
                if (length := (node.end_lineno or 0) - first.lineno + 1) > 40:
                    long[f"{path.relative_to(ROOT)}:{node.name}"] = length
    assert not long


@pytest.mark.promise(80)
def test_the_audit_verifier_imports_without_server_database_and_pdf_libraries():
    code = (
        "import sys, docvault.cli.audit, docvault.audit.verifier;"
        "print([m for m in ('litestar','sqlalchemy','boto3','pyhanko','pikepdf','dbos','typst') if m in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


def test_help_starts_without_the_heavy_libraries():
    code = (
        "import sys, docvault.cli.main;"
        "print([m for m in ('litestar','sqlalchemy','boto3','pyhanko','pikepdf','dbos','typst','alembic','cedarpy') if m in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"

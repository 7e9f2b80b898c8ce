"""`python -m docvault.cli`: the same as the `docvault` command."""

from docvault.cli.main import run

run()

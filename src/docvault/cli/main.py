"""The `docvault` command: names its sub-commands and turns our errors into one plain line. Does no work
itself.

Importing this must stay cheap: each command imports what it needs when it runs.
"""

import gc
import sys
from pathlib import Path
from typing import Annotated

import typer

from docvault.cli import audit, keys, people, policy, search, tokens, trust
from docvault.cli.scan import scan
from docvault.cli.tables import app as tables
from docvault.cli.verify import verify
from docvault.values import DocVaultError

# How many new objects make the collector of rubbish look, here and in the web process. A command imports much
# and throws away little: looking each 700 took an eighth of a start.
SELDOM = (10_000, 10, 10)
REFUSED = 1  # exit code when DocVault says no; 2 is typer's for a wrong call

app = typer.Typer(
    name="docvault",
    help="Secure document exchange and e-signatures, on your own machine.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.add_typer(audit.app, name="audit", help="Export, verify and check the audit trail.")
app.add_typer(people.app, name="people", help="Add, list, disable and enable people.")
app.add_typer(tokens.app, name="tokens", help="List and revoke API tokens.")
app.add_typer(keys.app, name="keys", help="List, rotate and destroy keys.")
app.add_typer(policy.app, name="policy", help="Check and explain the policies.")
app.add_typer(trust.app, name="trust", help="List, add and remove authorities whose signatures are trusted.")
app.add_typer(search.app, name="search", help="Build the index of words anew, and show how far it is.")
app.add_typer(tables, name="database", help="Migrate the tables, and make roles for PostgreSQL.")
app.command("verify")(verify)
app.command("scan")(scan)

Data = Annotated[Path | None, typer.Option("--data", help="The data folder; made on the first run.")]
Host = Annotated[str, typer.Option("--host", help="The address to listen on.")]
Port = Annotated[int, typer.Option("--port", help="The port to listen on.")]


@app.command()
def serve(data: Data = None, host: Host = "127.0.0.1", port: Port = 8000) -> None:
    """Serve the portal, with a worker beside it.

    The first run makes the data folder and prints a one-time link for the first administrator.

    Example: docvault serve --data /srv/docvault --port 8000
    """
    from docvault.cli import serving

    serving.serve(data=data, host=host, port=port)


@app.command()
def demo(
    data: Data = None,
    port: Port = 8000,
    json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object on the first line, then serve.")
    ] = False,
) -> None:
    """Serve a fresh portal with sample people, folders, documents and envelopes.

    Example: docvault demo --port 8000
    """
    from docvault.cli import demonstration

    demonstration.demo(data=data, port=port, as_json=json)


@app.command("demo-codes")
def demo_codes(data: Data = None) -> None:
    """Print the current one-time codes of the demo's sample people.

    Example: docvault demo-codes
    """
    from docvault.cli import demonstration

    demonstration.codes(data=data)


@app.command()
def worker(data: Data = None) -> None:
    """Run one more background worker on the same database.

    Example: docvault worker --data /srv/docvault
    """
    from docvault.cli import serving

    serving.work(data=data)


@app.command()
def doctor(
    data: Data = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    deep: Annotated[bool, typer.Option("--deep", help="Also open every stored version: slow.")] = False,
) -> None:
    """Check settings, keys, certificates, storage and the log, and say what to do.

    Example: docvault doctor --data /srv/docvault
    """
    from docvault.cli import examination

    examination.doctor(data=data, as_json=json, deep=deep)


BackupFile = Annotated[Path, typer.Argument(help="The file.")]
PassphraseFile = Annotated[
    Path | None, typer.Option("--passphrase-file", help="A file with the passphrase; else it is asked for.")
]


@app.command()
def backup(
    file: BackupFile,
    data: Data = None,
    passphrase_file: PassphraseFile = None,
    recovery_key: Annotated[
        bool, typer.Option("--recovery-key", help="Make a key and print it once, instead of a passphrase.")
    ] = False,
) -> None:
    """Write everything, with its keys, to one encrypted file, while the server runs.

    Example: docvault backup /backup/2026-03-02.docvault --passphrase-file /run/secrets/backup
    """
    from docvault.cli import backup as backups

    backups.backup(file=file, data=data, passphrase_file=passphrase_file, recovery_key=recovery_key)


@app.command()
def restore(
    file: BackupFile,
    data: Data = None,
    passphrase_file: PassphraseFile = None,
    verify: Annotated[
        bool, typer.Option("--verify", help="Only prove it, in a folder beside the file that goes again.")
    ] = False,
) -> None:
    """Restore a backup to an empty data folder, database and store, and prove all of it.

    Example: docvault restore /backup/2026-03-02.docvault --data /srv/docvault
    """
    from docvault.cli import backup as backups

    backups.restore(file=file, data=data, passphrase_file=passphrase_file, verify=verify)


def run() -> None:
    """Run the command; an error of ours becomes one line on standard error and exit code 1."""
    gc.set_threshold(*SELDOM)
    if not {"serve", "demo", "worker"} & set(sys.argv[1:2]):  # the others may open keys themselves
        from docvault.keyholder.hiding import hide

        hide()
    try:
        app()
    except DocVaultError as error:
        print(f"docvault: {error}", file=sys.stderr)
        sys.exit(REFUSED)

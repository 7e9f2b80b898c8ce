"""`docvault audit`: verify a bundle anywhere; export and check the log where it lives.

`verify` runs on a machine without database and server. So this file imports neither: the commands that need
the installation live in trail.py, loaded by name when one of them is called (.importlinter, "verifier").
"""

import json
import sys
from dataclasses import asdict
from datetime import datetime
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from docvault.audit.checkpoints import PublicKey
    from docvault.audit.evidence import VerifiedEvidence
    from docvault.audit.verdict import BundleRefused, Verified

REFUSED = 1  # exit code: the bundle or the log does not hold
UNREADABLE = 2  # exit code: there is nothing to judge

app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None)

Data = Annotated[Path | None, typer.Option("--data", help="The data folder.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
Bundle = Annotated[Path, typer.Argument(help="A bundle exported from the audit trail.")]
Key = Annotated[Path | None, typer.Option("--key", help="The log's public key, got elsewhere.")]
Since = Annotated[Path | None, typer.Option("--since", help="An older checkpoint, kept elsewhere.")]
Generation = Annotated[int | None, typer.Option("--generation", help="An older key of the log, from 1.")]
Output = Annotated[Path, typer.Argument(help="The file to write; it must not exist yet.")]
Format = Annotated[str, typer.Option("--format", help="csv, jsonl or bundle.")]
Start = Annotated[datetime | None, typer.Option("--from", help="From this moment on, in UTC.")]
End = Annotated[datetime | None, typer.Option("--to", help="Before this moment, in UTC.")]
Kind = Annotated[str | None, typer.Option("--kind", help="One kind, or a subject such as envelope.")]
Actor = Annotated[str | None, typer.Option("--actor", help="The id of the person who acted.")]
Subject = Annotated[str | None, typer.Option("--object", help="The id of what it is about.")]


@app.command()
def verify(bundle: Bundle, key: Key = None, since: Since = None, as_json: AsJson = False) -> None:
    """Verify an exported bundle, or the evidence of an envelope, offline: no server, account or database.

    Exit code 0: everything holds. 1: it does not, and the first bad entry is named. 2: a file cannot be read.

    Example: docvault audit verify audit-trail.zip --key log.key
    """
    from docvault.audit import evidence
    from docvault.audit.errors import NoteInvalid
    from docvault.audit.verdict import BundleRefused
    from docvault.audit.verifier import verify as verify_bundle

    try:
        trusted = _key(key)
        older = since.read_text(encoding="utf-8") if since else None
        with bundle.open("rb") as source:
            if evidence.is_evidence(source):
                proven = evidence.verify(source, key=trusted, since=older, progress=_progress)
                _say_evidence(proven, as_json=as_json)
                return
            found = verify_bundle(source, key=trusted, since=older, progress=_progress)
    except BundleRefused as refused:
        _say_refused(refused, as_json=as_json)
        raise typer.Exit(REFUSED) from refused
    except evidence.EvidenceRefused as refused:
        print(json.dumps({"ok": False, "reason": str(refused)}) if as_json else f"NOT verified. {refused}")
        raise typer.Exit(REFUSED) from refused
    except (OSError, UnicodeDecodeError, NoteInvalid) as error:
        print(f"docvault: {error}", file=sys.stderr)
        raise typer.Exit(UNREADABLE) from error
    _say_verified(found, as_json=as_json)


@app.command()
def export(
    output: Output,
    file_format: Format = "bundle",
    start: Start = None,
    end: End = None,
    kind: Kind = None,
    actor: Actor = None,
    subject: Subject = None,
    data: Data = None,
) -> None:
    """Export the trail to a file. The export is an entry of the log itself.

    Example: docvault audit export trail.zip --format bundle
    """
    filters = {"start": start, "end": end, "kind": kind, "actor_id": actor, "object_id": subject}
    _trail().export(data, output, file_format, filters)


@app.command()
def check(data: Data = None, as_json: AsJson = False) -> None:
    """Derive the whole log again from the database and name the first bad entry.

    Exit code 0: everything holds. 1: it does not.

    Example: docvault audit check --data /srv/docvault
    """
    _trail().check(data, as_json=as_json)


@app.command("key")
def show_key(data: Data = None, generation: Generation = None) -> None:
    """Print the log's public key, for `docvault audit verify --key`.

    Example: docvault audit key > log.key
    """
    _trail().show_key(data, generation)


@app.command()
def checkpoint(data: Data = None) -> None:
    """Sign the log as it is and print the checkpoint. Keep it elsewhere, for `docvault audit verify --since`.

    Example: docvault audit checkpoint > 2026-01.checkpoint
    """
    _trail().checkpoint(data)


def _trail() -> Any:
    return import_module("docvault.cli.trail")


def _key(path: Path | None) -> "PublicKey | None":
    from docvault.audit.checkpoints import PublicKey

    return PublicKey.read(path.read_text(encoding="utf-8")) if path else None


def _progress(checked: int) -> None:
    if sys.stderr.isatty():
        print(f"\r{checked:,} entries", end="", file=sys.stderr, flush=True)


def _say_evidence(found: "VerifiedEvidence", *, as_json: bool) -> None:
    if as_json:
        print(json.dumps({"ok": True, **asdict(found)}))
        return
    state = "completed" if found.completed else "not completed"
    print(f"Verified: the evidence of the envelope {found.envelope}, which is {state}.")
    for name in found.documents:
        print(f"  {name} is the document of which the log speaks.")
    print(f"  Each of the {found.files} files is as it was exported.")
    if found.completed:
        print(
            "  Whether the signatures in the documents hold, `docvault verify` says, or any reader of PAdES."
        )
    print("Its audit trail:")
    _say_verified(found.trail, as_json=False)


def _say_verified(found: "Verified", *, as_json: bool) -> None:
    if as_json:
        print(json.dumps({"ok": True, **asdict(found)}))
        return
    inside = "every entry" if found.full else f"a selection of {found.count:,} entries"
    print(f"Verified: {inside} of the log {found.origin}, which has {found.size:,} entries.")
    if found.first_at:
        print(f"  From {found.first_at} to {found.last_at}.")
    print(f"  Root {found.root}")
    _say_missing(found)
    if found.history:
        print(f"  Earlier checkpoints that it continues: {found.history}.")
    if found.since is not None:
        print(f"  It continues the older checkpoint that you gave, of {found.since:,} entries.")
    if not found.full:
        print("  The log's key vouches for this selection. Only a full export shows what a filter left out.")
    if found.key_changes:
        print(f"  The log's key changed {found.key_changes} times; each change is signed by both keys.")
    if found.older_key:
        print("  You gave an older key, which handed over to the one that signed. Use that one from now on.")
    elif found.trusted:
        print("  Signed by the key that you gave.")
    else:
        print(
            "  No key was given, so the bundle's own was used. Compare it with the portal's before you rely"
        )
        print("  on this: the bundle alone cannot prove whose log it is.")
    print(f"  Key fingerprint {found.fingerprint}")


def _say_missing(found: "Verified") -> None:
    if found.left_out:
        print(f"  Entries whose personal details were left out of this file: {found.left_out:,}.")
    if found.erased:
        print(f"  Entries whose personal details were erased, intact otherwise: {found.erased:,}.")


def _say_refused(refused: "BundleRefused", *, as_json: bool) -> None:
    if as_json:
        problems = [{"index": problem.index, "reason": problem.reason} for problem in refused.problems]
        found = {"ok": False, "first_bad_index": refused.first_bad_index, "reason": refused.reason}
        print(json.dumps({**found, "problems": problems, "fingerprint": refused.fingerprint}))
        return
    print(f"NOT verified. First bad entry: {refused.first_bad_index}")
    for problem in refused.problems:
        print(f"  {problem.reason}")

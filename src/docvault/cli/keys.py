"""`docvault keys`: which keys there are, renewing them while the portal runs, and destroying old ones.

Whoever runs this holds the root key already, so no policy is asked; each deed is an entry of the audit log in
the name of the machine's user.
"""

import json
import sys
from datetime import datetime
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Annotated

import typer

from docvault.cli import ceremony

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from docvault.database.key_deeds import Consent
    from docvault.policy.vocabulary import Acting
    from docvault.rules.keys import KeyView, Rotated
    from docvault.wiring import Portal

    Way = tuple[Callable[[], Rotated], Callable[[], Sequence[int] | Sequence[str]]]  # rotates, destroys

app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None)
app.add_typer(ceremony.app, name="ceremony", help="Keep the root's key outside of the portal.")

Data = Annotated[Path | None, typer.Option("--data", help="The data folder.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
Kind = Annotated[str, typer.Argument(help="Which key, as `docvault keys list` calls it.")]
Chosen = Annotated[str, typer.Argument(help="Which key, as `docvault keys list` calls it; or --all.")]
All = Annotated[bool, typer.Option("--all", help="Rotate every key but ca-root, one after the other.")]
Alone = Annotated[bool, typer.Option("--alone", help="Where fewer than two people could ever decide.")]
To = Annotated[str, typer.Option("--to", help="Where the new root key lies: kms:…, pkcs11:… or file:….")]


@app.command("list")
def list_all(data: Data = None, as_json: AsJson = False) -> None:
    """List every key: how old it is, and how much needs it.

    Example: docvault keys list --data /srv/docvault
    """
    from docvault.actions import keys
    from docvault.cli.people import at_terminal

    with at_terminal(data) as (portal, _):
        found, now = keys.list_keys(portal.db), portal.clock()
    if as_json:
        print(json.dumps({"keys": [_described(one) for one in found]}))
        return
    for one in found:
        print(_line(one, now))


@app.command()
def rotate(
    kind: Chosen = "", to: To = "", everything: All = False, data: Data = None, as_json: AsJson = False
) -> None:
    """Make a new key and move everything to it while the portal runs; one that was killed goes on.

    --all: every key but ca-root, whose successor everybody who trusts it would have to learn.

    Example: docvault keys rotate master
    """
    from docvault.cli.people import at_terminal

    with at_terminal(data) as (portal, acting):
        if everything:
            _rotate_all(portal, acting, to, as_json=as_json)
            return
        _rotate_one(_ways(portal, acting, to)[_known(kind)][0], as_json=as_json)


def _rotate_one(way: "Callable[[], Rotated]", *, as_json: bool) -> None:
    from docvault.rules.keys import SECRET

    began = monotonic()
    done = way()
    seconds = monotonic() - began
    _end_progress()
    if as_json:
        told = {"kind": done.kind, "generation": done.generation, "done": done.done}
        told |= {"resumed": done.resumed, "stuck": len(done.stuck), "seconds": round(seconds, 3)}
        print(json.dumps(told))
        return
    again = "Went on with a rotation that was not finished. " if done.resumed else ""
    moved = f": {done.done:,} values moved" if done.kind in SECRET else ""
    in_use = f"Generation {done.generation} of the {done.kind} key is in use{moved}, after {seconds:.1f} s."
    print(f"{again}{in_use}")
    for name in sorted(set(done.stuck)):
        print(f"  {done.stuck.count(name)} values of {name} open with no key. They were damaged before.")


def _rotate_all(portal: "Portal", acting: "Acting", to: str, *, as_json: bool) -> None:
    """Rotate one kind after the other, and say how far it is; killed, it goes on where it was."""
    from docvault.actions import keys

    db, clock = portal.db, portal.clock
    rotation, done = keys.begin_all(db, acting=acting, clock=clock)
    ways = _ways(portal, acting, to)
    for number, kind in enumerate(ALL, 1):
        if kind == "root" and not to and portal.settings.root_key_path is None:
            print("The root key does not lie in a file: rotate it with --to.", file=sys.stderr)
        elif kind in done and not (kind == "root" and _is_half_done(portal)):
            print(f"{number} of {len(ALL)}: {kind} is rotated already.", file=sys.stderr)
        else:
            print(f"{number} of {len(ALL)}: {kind}", file=sys.stderr)
            _rotate_one(ways[kind][0], as_json=as_json)
    keys.finish_all(db, rotation, acting=acting, clock=clock)


def _is_half_done(portal: "Portal") -> bool:
    """Tell whether a new root key wraps the masters already and its file still lies beside the old one."""
    path = portal.settings.root_key_path
    return path is not None and _new_path(path).exists()


def _new_path(path: Path) -> Path:
    return path.with_name(f"{path.name}.new")


@app.command()
def destroy(kind: Kind, alone: Alone = False, data: Data = None) -> None:
    """Destroy the older keys of one kind. Refused while anything needs them, and soon after a rotation.

    Takes two people, who propose and confirm it on the page Proposals before this.

    Example: docvault keys destroy master
    """
    from docvault.cli.people import at_terminal

    with at_terminal(data) as (portal, acting):
        gone = _ways(portal, acting, alone=alone)[_known(kind)][1]()
    print(f"Destroyed: {kind} {', '.join(str(each) for each in gone)}. A backup from before still has it.")


# With the issuing authority goes what stands under it. Root last: a process keeps the root key it has.
ALL = ("master", "folders", "pepper", "ca-issuing", "log", "root")


def _ways(portal: "Portal", acting: "Acting", to: str = "", *, alone: bool = False) -> "dict[str, Way]":
    """Return how each kind of key is rotated and destroyed."""
    from docvault.actions import keys
    from docvault.database.key_deeds import Consent

    db, clock, records = portal.db, portal.clock, portal.vault.records
    consent = Consent(records, acting, alone)
    return {
        "root": (
            lambda: _rotate_root(portal, acting, to),
            lambda: _destroy_roots(portal, acting, consent),
        ),
        "master": (
            lambda: keys.rotate_master(db, portal.masters, acting=acting, clock=clock, progress=_progress),
            lambda: keys.destroy_masters(db, portal.masters, consent=consent, acting=acting, clock=clock),
        ),
        "folders": (
            lambda: keys.rotate_folders(db, portal.vault, acting=acting, clock=clock, progress=_progress),
            lambda: keys.destroy_folders(db, consent=consent, acting=acting, clock=clock),
        ),
        "pepper": (
            lambda: keys.rotate_pepper(db, records, acting=acting, clock=clock),
            lambda: keys.destroy_peppers(db, consent=consent, acting=acting, clock=clock),
        ),
        **_signing_ways(portal, acting, consent),
    }


def _signing_ways(portal: "Portal", acting: "Acting", consent: "Consent") -> "dict[str, Way]":
    from docvault.actions import signing_keys
    from docvault.rules.keys import SIGNING

    db, clock, records = portal.db, portal.clock, portal.vault.records

    def of_authority(kind: str) -> "Way":
        return (
            lambda: signing_keys.rotate_authority(
                db, records, portal.authority, kind, acting=acting, clock=clock
            ),
            lambda: signing_keys.destroy_authority(db, kind, consent=consent, acting=acting, clock=clock),
        )

    log: Way = (
        lambda: signing_keys.rotate_log(db, records, portal.log_key, acting=acting, clock=clock),
        lambda: signing_keys.destroy_log_keys(db, consent=consent, acting=acting, clock=clock),
    )
    return {"log": log, **{kind: of_authority(kind) for kind in SIGNING if kind != "log"}}


def _rotate_root(portal: "Portal", acting: "Acting", to: str) -> "Rotated":
    """Wrap the masters under the root key at `to`, or under a new key file that takes the old one's place."""
    from docvault.actions import keys
    from docvault.encryption.keyring import FileKeyring, put_in_place
    from docvault.encryption.roots import open_root
    from docvault.rules.keys import KeyRefused

    path, db, clock = portal.settings.root_key_path, portal.db, portal.clock
    if to:
        done = keys.rotate_root(db, portal.masters, open_root(to), acting=acting, clock=clock)
        print(f"Both root keys open everything now. Set DOCVAULT_ROOT_KEY={to} and restart every process,")
        print("then run: docvault keys destroy root")
        return done
    if path is None:
        raise KeyRefused("Name the new root key: --to kms:… or --to pkcs11:….")
    new = _new_path(path)
    root = FileKeyring.open(new) if new.exists() else FileKeyring.create(new)
    done = keys.rotate_root(db, portal.masters, root, acting=acting, clock=clock)
    old = put_in_place(new, path)
    print(f"{path} holds the new root key; copy it to a safe place. The old one is {old}.")
    return done


def _destroy_roots(portal: "Portal", acting: "Acting", consent: "Consent") -> "Sequence[str]":
    from docvault.actions import keys
    from docvault.encryption.keyring import FileKeyring, old_path

    path = portal.settings.root_key_path
    old = old_path(path) if path else None
    left = FileKeyring.open(old) if old and old.exists() else None
    gone = keys.destroy_roots(
        portal.db, portal.masters, left, acting=acting, consent=consent, clock=portal.clock
    )
    if old:
        old.unlink(missing_ok=True)
    return gone


def _known(kind: str) -> str:
    from docvault.rules.keys import KINDS, KeyRefused

    if kind not in KINDS:
        raise KeyRefused(f"There is no kind of key called {kind!r}. The kinds are {', '.join(KINDS)}.")
    return kind


def _progress(done: int, total: int) -> None:
    if sys.stderr.isatty():
        print(f"\r{done:,} of {total:,}", end="", file=sys.stderr, flush=True)


def _end_progress() -> None:
    if sys.stderr.isatty():
        print(file=sys.stderr)


def _line(one: "KeyView", now: datetime) -> str:
    days = (now - one.created_at).days
    state = "destroyed" if one.destroyed else "in use" if one.newest else "old"
    needed = "" if one.destroyed else f"{one.protects:,} {one.things}"
    return f"{one.kind:10} {one.generation:>3}  {state:9} {days:>5} days  {needed:28} {one.name}".rstrip()


def _described(one: "KeyView") -> dict[str, object]:
    return {
        "kind": one.kind,
        "name": one.name,
        "generation": one.generation,
        "created_at": one.created_at.isoformat(),
        "in_use": one.newest,
        "destroyed": one.destroyed,
        "protects": one.protects,
        "things": one.things,
    }

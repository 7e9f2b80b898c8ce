"""Renewing the installation's keys while it runs, and destroying old ones once nothing needs them.

Done from the terminal of the machine, whose user holds the root key already. A rotation that was killed goes
on where it was when it is asked for again.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import chain
from typing import Any

from docvault.audit.kinds import Kind
from docvault.database import (
    audit,
    audit_trail,
    folder_key_rounds,
    keys,
    master_keys,
    password_peppers,
    rotations,
)
from docvault.database.audit_trail import Filters
from docvault.database.engine import Database, Transaction
from docvault.database.key_deeds import Consent
from docvault.database.rotations import Rotation
from docvault.encryption.keyring import FileKeyring
from docvault.encryption.masters import RootKey
from docvault.policy.vocabulary import Acting
from docvault.rules.keys import SETTLED, KeyRefused, KeyView, Rotated, check_settled
from docvault.values import Clock
from docvault.vault import authority_keys, folder_rounds, log_keys, peppers, reseal, shredding
from docvault.vault.files import Vault
from docvault.vault.masters import PEPPER, Masters
from docvault.vault.records import Records

MASTER = "master"
FOLDERS = "folders"
ROOT = "root"
EVERYTHING = "all"

Progress = Callable[[int, int], None]  # how many are done, of how many


def rotate_master(
    db: Database, masters: Masters, *, acting: Acting, clock: Clock, progress: Progress
) -> Rotated:
    """Make a new master and seal everything anew under it, or finish what was begun.

    Raises RootKeyAway or RootKeyLies; then nothing was begun.
    """
    rotation, resumed = _begun_master(db, masters, acting, clock())
    masters.refresh()
    done, stuck = _reseal(db, masters, progress)
    with db.transaction() as tx:
        if rotations.finish(tx, rotation, clock()):
            facts = {"kind": MASTER, "generation": rotation.generation, "values": done, "stuck": len(stuck)}
            _note(tx, Kind.KEY_ROTATION_DONE, acting, clock(), facts)
    return Rotated(MASTER, rotation.generation, done, resumed, stuck)


def _begun_master(db: Database, masters: Masters, acting: Acting, now: datetime) -> tuple[Rotation, bool]:
    with db.transaction() as tx:
        found = rotations.unfinished(tx, MASTER)
        if found is not None:
            return found, True
        generation = masters.add(tx, now)
        _note(tx, Kind.KEY_ROTATION_STARTED, acting, now, {"kind": MASTER, "generation": generation})
        return rotations.begin(tx, MASTER, generation, now), False


def _reseal(db: Database, masters: Masters, progress: Progress) -> tuple[int, Sequence[str]]:
    """Seal anew until nothing but what no key opens is left under an older master."""
    done = 0
    while True:
        with db.reading() as tx:
            total = done + reseal.left(tx, masters.newest())
        stuck: list[str] = []
        moved = 0
        for step in reseal.reseal(db, masters):
            moved += step.done
            stuck += step.stuck
            progress(done + moved, total)
        done += moved
        if not moved:
            return done, stuck


def destroy_masters(
    db: Database, masters: Masters, *, acting: Acting, consent: Consent, clock: Clock
) -> Sequence[int]:
    """Destroy every master but the newest, and return which. Raises KeyRefused while anything needs one."""
    masters.refresh()
    _reseal(db, masters, lambda _done, _total: None)
    with db.transaction() as tx:
        now = clock()
        rows = {row.generation: row for row in master_keys.everything(tx)}
        newest = rows.pop(max(rows))
        if not rows:
            raise KeyRefused("There is one master key, and it is in use. Rotate it first.")
        check_settled(newest.created_at, now)
        needed = {each: count for each, count in reseal.counts(tx).items() if each != newest.generation}
        if needed:
            raise KeyRefused(f"{sum(needed.values())} values cannot be opened, so their master key stays.")
        said = consent.take(tx, MASTER, now)
        for generation in rows:
            master_keys.destroy(tx, generation)
        _note(tx, Kind.KEY_DESTROYED, acting, now, {"kind": MASTER, "generations": sorted(rows), **said})
    masters.refresh()
    return sorted(rows)


def begin_all(db: Database, *, acting: Acting, clock: Clock) -> tuple[Rotation, frozenset[str]]:
    """Begin to rotate every key, or go on with that; return which kinds are rotated already."""
    with db.transaction() as tx:
        found = rotations.unfinished(tx, EVERYTHING)
        if found is not None:
            return found, _rotated_since(tx, found.started_at)
        now = clock()
        _note(tx, Kind.KEY_ROTATION_STARTED, acting, now, {"kind": EVERYTHING})
        return rotations.begin(tx, EVERYTHING, 1, now), frozenset()


def finish_all(db: Database, rotation: Rotation, *, acting: Acting, clock: Clock) -> None:
    """Note that every key is rotated."""
    with db.transaction() as tx:
        if rotations.finish(tx, rotation, clock()):
            _note(tx, Kind.KEY_ROTATION_DONE, acting, clock(), {"kind": EVERYTHING})


def _rotated_since(tx: Transaction, since: datetime) -> frozenset[str]:
    """Return the kinds whose rotation the trail says was completed."""
    end = audit_trail.size(tx)
    done = Filters(start=since, kind=Kind.KEY_ROTATION_DONE.value)
    changed = Filters(start=since, kind=Kind.LOG_KEY_CHANGED.value)
    kinds = {str(row.facts["kind"]) for row in audit_trail.batch(tx, done, start=0, below=end)}
    if audit_trail.count(tx, changed, below=end):
        kinds.add(log_keys.NAME)
    return frozenset(kinds)


def rotate_root(db: Database, masters: Masters, new: RootKey, *, acting: Acting, clock: Clock) -> Rotated:
    """Wrap every master under `new` as well. The old root key opens them too, until it is destroyed.

    Raises KeyRefused, RootKeyAway or RootKeyLies; then nothing was changed.
    """
    masters.refresh()
    if new.name == masters.root_name:
        raise KeyRefused("That is the root key that is in use already.")
    with db.transaction() as tx:
        now = clock()
        found = masters.wrap_under(tx, new, now)
        facts = {"kind": ROOT, "generation": 1, "from": masters.root_name, "to": new.name}
        _note(tx, Kind.KEY_ROTATION_STARTED, acting, now, facts)
        _note(tx, Kind.KEY_ROTATION_DONE, acting, now, {**facts, "values": found})
    return Rotated(ROOT, 1, found, resumed=False)


def destroy_roots(
    db: Database,
    masters: Masters,
    left: FileKeyring | None,
    *,
    acting: Acting,
    consent: Consent,
    clock: Clock,
) -> Sequence[str]:
    """Let no root key but the one in use open anything, and return which ones did.

    left: the key file that the one in use replaced. Raises KeyRefused while it is a master key itself.
    """
    with db.transaction() as tx:
        rows = master_keys.everything(tx)
        own = masters.root_name
        if {row.generation for row in rows} != {row.generation for row in rows if row.root == own}:
            raise KeyRefused("The root key in use does not open every master key yet. Rotate it again.")
        if left is not None and left.as_first_master().digest in {row.digest for row in rows}:
            raise KeyRefused("The old root key is a master key as well. Rotate and destroy the master first.")
        gone = sorted({row.root for row in rows} - {own})
        if not gone:
            raise KeyRefused("There is one root key, and it is in use. Rotate it first.")
        now = clock()
        said = consent.take(tx, ROOT, now)
        for name in gone:
            master_keys.forget_root(tx, name)
        _note(tx, Kind.KEY_DESTROYED, acting, now, {"kind": ROOT, "names": gone, **said})
    return gone


def rotate_folders(
    db: Database, vault: Vault, *, acting: Acting, clock: Clock, progress: Progress
) -> Rotated:
    """Give every folder a new key and move the keys of its versions to it, or finish what was begun."""
    with db.transaction() as tx:
        now = clock()
        rotation = rotations.unfinished(tx, FOLDERS)
        resumed = rotation is not None
        if rotation is None:
            _note(tx, Kind.KEY_ROTATION_STARTED, acting, now, {"kind": FOLDERS})
            rotation = rotations.begin(tx, FOLDERS, 1, now)
        total = folder_key_rounds.count_waiting(tx, rotation.started_at)
    done, stuck = 0, list[str]()
    steps = (
        folder_rounds.renew(db, vault, rotation.started_at, clock),
        folder_rounds.rewrap(db, vault, clock),
    )
    for step in chain.from_iterable(steps):
        done += step.done
        stuck += step.stuck
        progress(done, max(done, total))
    with db.transaction() as tx:
        if rotations.finish(tx, rotation, clock()):
            facts = {"kind": FOLDERS, "values": done, "stuck": len(stuck)}
            _note(tx, Kind.KEY_ROTATION_DONE, acting, clock(), facts)
    return Rotated(FOLDERS, rotation.generation, done, resumed, stuck)


def destroy_folders(db: Database, *, acting: Acting, consent: Consent, clock: Clock) -> Sequence[int]:
    """Destroy the older folder keys that no version needs; return how many. Raises KeyRefused for none."""
    with db.transaction() as tx:
        now = clock()
        gone = folder_key_rounds.destroy_unneeded(tx, now - SETTLED)
        if not gone:
            raise KeyRefused(
                "No folder has an older key that nothing needs and that is settled: a new one must be "
                f"{SETTLED.seconds // 60} minutes old. `docvault keys rotate folders` makes new ones."
            )
        said = consent.take(tx, FOLDERS, now)
        _note(tx, Kind.KEY_DESTROYED, acting, now, {"kind": FOLDERS, "keys": gone, **said})
    return [gone]


def rotate_pepper(db: Database, records: Records, *, acting: Acting, clock: Clock) -> Rotated:
    """Make a new pepper. Passwords move to it as people sign in; the old one stays until nobody needs it."""
    now = clock()
    with db.transaction() as tx:
        generation = peppers.add_pepper(tx, records, now)
        facts = {"kind": PEPPER, "generation": generation}
        _note(tx, Kind.KEY_ROTATION_STARTED, acting, now, facts)
        _note(tx, Kind.KEY_ROTATION_DONE, acting, now, facts)
    return Rotated(PEPPER, generation, 0, resumed=False)


def destroy_peppers(db: Database, *, acting: Acting, consent: Consent, clock: Clock) -> Sequence[int]:
    """Destroy every pepper but the newest, and return which. Raises KeyRefused while a password needs one."""
    with db.transaction() as tx:
        now = clock()
        rows = [row for row in keys.generations(tx, PEPPER) if row.wrapped]
        older = [row.generation for row in rows[:-1]]
        if not older:
            raise KeyRefused("There is one pepper, and it is in use. Rotate it first.")
        check_settled(rows[-1].created_at, now)
        needed = sum(password_peppers.counts(tx, older).values())
        if needed:
            raise KeyRefused(
                f"{needed} passwords still need an older pepper: their owners have not signed in since. "
                "Start a password reset for them, or wait."
            )
        said = consent.take(tx, PEPPER, now)
        for generation in older:
            keys.destroy(tx, PEPPER, generation)
        _note(tx, Kind.KEY_DESTROYED, acting, now, {"kind": PEPPER, "generations": older, **said})
    return older


def list_keys(db: Database) -> Sequence[KeyView]:
    """Return every key of the installation: its age, and how much needs it. Opens none."""
    with db.reading() as tx:
        peppered = password_peppers.counts(tx, [row.generation for row in keys.generations(tx, PEPPER)])
        return [*_masters(tx), *_folders(tx), *_own(tx, PEPPER, peppered, "passwords"), *_signing(tx)]


def _masters(tx: Transaction) -> list[KeyView]:
    rows = master_keys.everything(tx)
    newest, needed = master_keys.newest(tx), reseal.counts(tx)
    return [
        KeyView(
            MASTER,
            f"under {row.root}",
            row.generation,
            row.created_at,
            row.generation == newest,
            destroyed=False,
            protects=needed.get(row.generation, 0),
            things="sealed values",
        )
        for row in rows
    ]


def _folders(tx: Transaction) -> list[KeyView]:
    """Sum folder keys up: there are as many as folders."""
    count, older, needed, oldest = folder_key_rounds.tally(tx)
    if oldest is None:
        return []
    newest = KeyView(
        FOLDERS, f"{count:,} folders", 0, oldest, True, destroyed=False, protects=count, things="folders"
    )
    old = replace(newest, name=f"{older:,} older keys", newest=False, protects=needed, things="versions")
    return [newest, old] if older else [newest]


def _signing(tx: Transaction) -> list[KeyView]:
    """Return the keys that vouch for something: of the log, of what was destroyed, of the authority."""
    names = [log_keys.NAME, *authority_keys.KINDS, shredding.KEY]
    found = [one for name in names for one in _own(tx, name, {}, "")]
    return [one for one in found if not one.destroyed]


def _own(tx: Transaction, name: str, needed: Mapping[int, int], things: str) -> list[KeyView]:
    rows = keys.generations(tx, name)
    return [
        KeyView(
            name,
            name if row.wrapped or row is not rows[-1] else f"{name} (its key is kept outside)",
            row.generation,
            row.created_at,
            row is rows[-1],
            destroyed=not row.wrapped and row is not rows[-1],
            protects=needed.get(row.generation, 0),
            things=things,
        )
        for row in rows
    ]


def _note(tx: Transaction, kind: Kind, acting: Acting, now: datetime, facts: Mapping[str, Any]) -> None:
    audit.append(tx, kind, at=now, acting=acting, object_type="key", facts=facts)

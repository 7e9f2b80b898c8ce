"""Builds the parts of DocVault once and hands them on. Creates nothing at import.

`prepare` makes an empty data folder into an installation (first run) or brings an older one up to date;
`build` opens it.
"""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from docvault.actions import scans
from docvault.actions.disposals import apply_again
from docvault.actions.installation import create_installation
from docvault.actions.policies import note_policies
from docvault.blobs.filesystem import FileBlobs
from docvault.blobs.store import BlobStore, LogStore, StoreFailed
from docvault.credentials.passkeys import RelyingParty
from docvault.credentials.passwords import Hasher
from docvault.database import installation, keys, trust_anchors, work
from docvault.database.engine import Database
from docvault.encryption.held import HeldKeys
from docvault.encryption.keyring import FileKeyring
from docvault.encryption.masters import Keys
from docvault.encryption.roots import open_root
from docvault.identity.provider import Provider
from docvault.keyholder.charge import Charge
from docvault.keyholder.client import AskedKeys
from docvault.keyholder.keeper import Keeper, place_in
from docvault.mail.sender import Mailer
from docvault.malware.clamd import Clamd, Scanner
from docvault.pdf.office import Converter
from docvault.pdf.workers import Workers
from docvault.policy.engine import Policy, default_folder
from docvault.seals.holders import Holder
from docvault.seals.seal import Seal, open_holder, seal_of
from docvault.settings import PREFIX, Settings, SettingsInvalid
from docvault.timestamps.clocks import Clocks, load_roots
from docvault.timestamps.errors import ClockFailed
from docvault.values import Clock, DocVaultError, NotFound, utc_now
from docvault.vault import authority_keys, log_keys, seals, shredding
from docvault.vault import masters as master_keys
from docvault.vault.authority import Authority
from docvault.vault.files import Vault
from docvault.vault.log_keys import LogKeys
from docvault.vault.masters import PEPPER, Masters
from docvault.vault.peppers import Peppers, add_pepper
from docvault.vault.shredding import Tombstones, Unsettled


class NotPrepared(DocVaultError):
    """The data folder or database holds no installation yet."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(f"There is no installation in {settings.data}. `docvault serve` makes one.")


@dataclass(frozen=True, slots=True)
class Portal:
    """The wired parts, given to the doors."""

    settings: Settings
    db: Database
    vault: Vault
    pdf: Workers
    authority: Authority
    hasher: Hasher
    mailer: Mailer
    log_key: LogKeys
    clock: Clock
    provider: Provider | None = None  # of single sign-on, where one is configured
    scanner: Scanner | None = None  # for malware, where one is configured
    office: Converter | None = None  # where LibreOffice is installed
    log_store: LogStore | None = None  # outside, where the log is published
    holder: Keeper | None = None  # of the keys, where this process started one of its own

    @property
    def blobs(self) -> BlobStore:
        """The store for files, which holds nothing readable."""
        return self.vault.blobs

    @property
    def masters(self) -> Masters:
        """The keys that everything is sealed under; for the terminal only."""
        if not isinstance(self.vault.keyring, Masters):
            raise NotPrepared(self.settings)
        return self.vault.keyring

    @property
    def relying_party(self) -> RelyingParty:
        """Whom passkeys are made for: what the settings say, never what a request says."""
        return RelyingParty.of(self.settings.base_url, self.settings.name)

    @property
    def stones(self) -> Tombstones:
        """What was destroyed, so that no older state of the database brings it back."""
        return _stones(self.settings, self.db, self.vault)

    def close(self) -> None:
        self.pdf.close()
        if self.office is not None:
            self.office.close()
        self.db.close()
        self.masters.close()
        if self.holder is not None:
            self.holder.stop()


def prepare(settings: Settings, *, organisation: str = "", clock: Clock = utc_now) -> Portal:
    """Make or update the installation that `settings` names, and open it.

    organisation: the operating company's name; by default the portal's. Raises DatabaseAway, OtherStart,
    NewerDatabase, KeyFileMissing, KeyFileExposed, KeyFileDamaged or WrongKeyring, tried in that order.
    """
    settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    from docvault.database.migrate import migrate  # noqa: PLC0415 - Alembic is slow to import, and only a start needs it

    with closing(Database(settings.database, _policy(settings))) as db:
        db.knows(installation.TABLE)  # says in words when the database is away; migrating would not
        with db.alone():
            migrate(db)
            work.prepare(settings.database)
            _create_root_key(settings, db)
            master_keys.found(db, open_root(settings.root_key_address), clock())
            vault = _open_vault(settings, db, _keys(settings), clock)
            _found(settings, db, vault, organisation or settings.name, clock)
            note_policies(db, now=clock())
            scans.begin_or_end(db, scanning=_scanner(settings) is not None)
    return build(settings, clock=clock)


def build(settings: Settings, *, clock: Clock = utc_now) -> Portal:
    """Open the installation that `settings` names.

    Raises DatabaseAway, NotPrepared, KeyFileMissing, KeyFileExposed, KeyFileDamaged, WrongKeyring,
    OlderState, or what is wrong with the seal that the settings name, tried in that order.
    """
    if settings.database.startswith("sqlite") and not settings.data.exists():
        raise NotPrepared(settings)
    with _kept_if_all_is_well(settings) as db:
        return _open(settings, db, clock)


def build_asking(settings: Settings) -> Portal:
    """Open the installation for a process that is to hold no keys: it asks the key holder of the server that
    started it, or one of its own. Raises as `build`, where the root key cannot be opened in its words.
    """
    if settings.key_holder:
        return build(settings)
    with _looked_into(settings):
        holder = key_holder(settings)
    with ExitStack() as undo:
        holder.start_surely()
        undo.callback(holder.stop)
        portal = build(msgspec.structs.replace(settings, key_holder=str(holder.charge.socket)))
        undo.pop_all()
    return replace(portal, holder=holder)


def trusted_roots(settings: Settings) -> tuple[bytes, ...]:
    """Return the certificates that the installation's signatures lead to, DER; opens no key. Raises
    DatabaseAway, NotPrepared.
    """
    with _looked_into(settings) as db:
        try:
            return Authority.find_roots(db)
        except NotFound as error:
            raise NotPrepared(settings) from error


def trusted_seals(settings: Settings) -> Mapping[str, bytes]:
    """Return the root that vouches for each of the installation's seals that others certified, as
    `Authority.seals`. Raises as `trusted_roots`.
    """
    with _looked_into(settings) as db, db.reading() as tx:
        return seals.vouched(tx, authority_keys.roots(tx))


def trusted_others(settings: Settings) -> tuple[bytes, ...]:
    """Return the certificates on the installation's trust list, DER. Raises as `trusted_roots`."""
    with _looked_into(settings) as db, db.reading() as tx:
        return trust_anchors.certificates(tx)


@contextmanager
def _looked_into(settings: Settings) -> Iterator[Database]:
    """Lend the database of an installation that need not be served, and close it."""
    file = settings.database.removeprefix("sqlite:///")
    if file != settings.database and not Path(file).exists():
        raise NotPrepared(settings)
    with closing(Database(settings.database, _policy(settings))) as db:
        if not db.knows(installation.TABLE):
            raise NotPrepared(settings)
        yield db


def _open(settings: Settings, db: Database, clock: Clock) -> Portal:
    if not db.knows(installation.TABLE):
        raise NotPrepared(settings)
    holding = _keys(settings)
    vault = _open_vault(settings, db, holding, clock)
    with db.reading() as tx:
        found = installation.find(tx)
        log_row = keys.find(tx, log_keys.NAME)
        stone_row = keys.find(tx, shredding.KEY)
    if found is None or log_row is None or stone_row is None:
        raise NotPrepared(settings)
    log = LogKeys(db, vault.records, found.log_origin)
    with db.reading() as tx:
        log.in_charge(tx)  # one that does not open is found now, not when it is to sign
    _settle(db, vault, _stones(settings, db, vault), clock)
    authority = Authority.load(db, vault, clock=clock, clocks=_clocks(settings, clock))
    if settings.has_own_seal:
        authority.use(_seal(settings, holding))
    numbers = db.policy.numbers
    return Portal(
        settings=settings,
        db=db,
        vault=vault,
        pdf=Workers(),
        authority=authority,
        hasher=Hasher(numbers.passwords.argon2, Peppers(db, vault.records)),
        mailer=Mailer(
            smtp_url=settings.smtp_url,
            sender=settings.sender_address,
            base_url=settings.base_url,
            portal_name=settings.name,
        ),
        log_key=log,
        clock=clock,
        provider=_provider(settings, db.policy),
        scanner=_scanner(settings),
        office=Converter.find(),
        log_store=_log_store(settings),
    )


def trusted_clocks(settings: Settings) -> tuple[bytes, ...]:
    """Return the certificates that are believed about times, DER. Raises SettingsInvalid."""
    if not settings.tsa_roots:
        return ()
    try:
        return load_roots(Path(settings.tsa_roots).read_bytes())
    except (OSError, ClockFailed) as error:
        raise SettingsInvalid(f"{PREFIX}TSA_ROOTS cannot be used: {error}") from error


def _clocks(settings: Settings, clock: Clock) -> Clocks | None:
    roots = trusted_clocks(settings)
    return Clocks(settings.tsa_urls, roots, settings.tsa_hosts, clock) if roots else None


def _seal(settings: Settings, holding: Keys) -> Seal:
    if isinstance(holding, AskedKeys):
        place: Holder = holding.asked_seal(settings.signer)
    else:
        place = open_holder(settings.signer, settings.signer_passphrase)
    return seal_of(place, chain=settings.signer_chain, hosts=settings.signer_hosts)


def _scanner(settings: Settings) -> Scanner | None:
    return Clamd.of(settings.clamd) if settings.clamd else None


def _stones(settings: Settings, db: Database, vault: Vault) -> Tombstones:
    return Tombstones.open(db, vault.records, vault.blobs, settings.shredded_path)


def _settle(db: Database, vault: Vault, stones: Tombstones, clock: Clock) -> None:
    """Destroy again what an older database brought back; with a store that is away, before it gives anything.

    Raises OlderState.
    """

    def settle() -> int:
        return apply_again(db, vault, stones, now=clock())

    try:
        settle()
    except StoreFailed:
        vault.blobs = Unsettled(vault.blobs, settle)


def _provider(settings: Settings, policy: Policy) -> Provider | None:
    if not settings.sso_issuer:
        return None
    return Provider(
        issuer=settings.sso_issuer,
        client_id=settings.sso_client_id,
        client_secret=settings.sso_client_secret,
        return_address=f"{settings.base_url.rstrip('/')}/login/sso/return",
        hosts=policy.numbers.sso.endpoint_hosts,
    )


@contextmanager
def _kept_if_all_is_well(settings: Settings) -> Iterator[Database]:
    """Lend the database and leave it open, but not after a failure: a server counts its connections."""
    with ExitStack() as undo:
        db = Database(settings.database, _policy(settings))
        undo.callback(db.close)
        yield db
        undo.pop_all()


def _policy(settings: Settings) -> Policy:
    return Policy.load(Path(settings.policies) if settings.policies else default_folder())


def _create_root_key(settings: Settings, db: Database) -> None:
    """Make the root key of a first run; an installation whose key is missing must not get another one."""
    with db.reading() as tx:
        new = installation.find(tx) is None
    if new and settings.root_key_path and not settings.root_key_path.exists():
        settings.root_key_path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        FileKeyring.create(settings.root_key_path)


def open_blobs(settings: Settings) -> BlobStore:
    """Open the store for files that the settings name; asks it for nothing yet."""
    if settings.bucket is None:
        return FileBlobs(settings.blob_folder)
    from docvault.blobs.s3 import S3Blobs  # noqa: PLC0415 - a folder of files needs none of it

    return S3Blobs(settings.bucket)


def _log_store(settings: Settings) -> LogStore | None:
    if settings.log_bucket is None:
        return None
    from docvault.blobs.log_bucket import LogBucket  # noqa: PLC0415 - the same

    return LogBucket(settings.log_bucket)


def key_holder(settings: Settings) -> Keeper:
    """Return what keeps a key holder running for the processes that this one starts."""
    return Keeper(
        Charge(
            place_in(settings.key_holders),
            settings.root_key_address,
            settings.signer if settings.has_own_seal else "",
            settings.signer_passphrase,
        )
    )


def _keys(settings: Settings) -> Keys:
    """Hold the keys, or ask the process that holds them."""
    if settings.key_holder:
        return AskedKeys(Path(settings.key_holder))
    opened = partial(open_root, settings.root_key_address)
    return HeldKeys(opened(), opened)


def _open_vault(settings: Settings, db: Database, keys: Keys, clock: Clock) -> Vault:
    vault = Vault(Masters.over(db, keys), open_blobs(settings), scanning=_scanner(settings) is not None)
    with db.transaction() as tx:
        vault.prove_keyring(tx, clock())
    return vault


def _found(settings: Settings, db: Database, vault: Vault, organisation: str, clock: Clock) -> None:
    """Make what is missing: a first run that was killed in the middle goes on where it was."""
    now = clock()
    with db.reading() as tx:
        found = installation.find(tx)
        log_row = keys.find(tx, log_keys.NAME)
        pepper = keys.find(tx, PEPPER)
        stone_row = keys.find(tx, shredding.KEY)
    origin = found.log_origin if found else f"{urlsplit(settings.base_url).netloc.replace(':', '.')}/audit"
    if found is None:
        create_installation(
            db, name=settings.name, organisation_name=organisation, log_origin=origin, now=now
        )
    if log_row is None:
        with db.transaction() as tx:
            log_keys.add_first(tx, vault.records, origin, now)
    if pepper is None:
        with db.transaction() as tx:
            add_pepper(tx, vault.records, now)
    if stone_row is None:
        with db.transaction() as tx:
            shredding.add_key(tx, vault.records, now)
    if not Authority.exists(db):
        Authority.create(db, vault, organisation_name=organisation, base_url=settings.base_url, now=now)

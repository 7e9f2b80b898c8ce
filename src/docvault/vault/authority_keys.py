"""The keys of the certificate authority as rows: made, used, renewed. Each is sealed, and none is shown.

A generation of a key is a row called ca-…, with its certificate. What replaced authorities leave behind is a
last list of what they revoked, ca-…-crl, which needs no key.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509

from docvault.certificates import authority as pure
from docvault.certificates.authority import CertificateAuthority, Certified, Retired
from docvault.certificates.keys import KeyPair, OfflineRoot
from docvault.database import keys
from docvault.database.engine import Transaction
from docvault.database.keys import KeyRow
from docvault.vault.held import HeldKey, held_pair
from docvault.vault.records import Records

NAMES = (
    "root",
    "issuing",
    *pure.UNITS,
)  # of the key pairs, from above
KINDS = tuple(f"ca-{name}" for name in NAMES)
ROOT_LIST = "ca-root-list"  # the row of the list of a root whose key is not here; no secret
ADDRESS = "ca-address"  # the row of the address that certificates name; no secret


@dataclass(frozen=True, slots=True)
class Left:
    """The files of an authority that was replaced."""

    place: str
    certificate: bytes
    crl: bytes


@dataclass(frozen=True, slots=True)
class Opened:
    """Everything of the authority at one moment. Whoever has it can sign with its keys, and has none."""

    newest: CertificateAuthority
    retired: tuple[Retired, ...]
    roots: tuple[bytes, ...]  # all that ever were, the newest first; DER
    left: tuple[Left, ...]
    units: frozenset[int]  # serial numbers of all certificates of units that ever were

    def of_issuer(self, certificate: x509.Certificate) -> CertificateAuthority | Retired:
        """Return the authority that issued this certificate of ours, by default the newest."""
        older = (one for one in self.retired if pure.is_issued_by(certificate, one.issuing.certificate))
        return next(older, self.newest)

    def __repr__(self) -> str:
        return "Opened(…)"


def put(tx: Transaction, own: Records, made: CertificateAuthority, now: datetime) -> None:
    """Keep the keys and certificates of a new installation."""
    for name in NAMES:
        _put(tx, own, name, getattr(made, name), keys.FIRST, now)
    keys.put(tx, ADDRESS, b"", made.base_url.encode(), now)


def roots(tx: Transaction) -> tuple[bytes, ...]:
    """Return all roots, the newest first, DER; opens no key. Raises NotFound."""
    keys.get(tx, _row("root"))
    return tuple(row.public for row in reversed(keys.generations(tx, _row("root"))))


def state(tx: Transaction) -> Mapping[str, int]:
    """Return the newest generation of every key, to see that another one took over."""
    newest = {name: keys.get(tx, _row(name)).generation for name in NAMES}
    return newest | {ROOT_LIST: len(keys.generations(tx, ROOT_LIST))}


def open_all(tx: Transaction, own: Records) -> Opened:
    """Open the keys. Raises NotFound, UnknownAlgorithm, Tampered or KeyUnreadable, in that order."""
    rows = {name: keys.generations(tx, _row(name)) for name in NAMES}
    address = keys.get(tx, ADDRESS).public.decode()
    newest = {name: _opened(own, keys.get(tx, _row(name))) for name in NAMES if name != "root"}
    responders = [_opened(own, row) for row in reversed(rows["responder"]) if row.wrapped]
    return Opened(
        newest=CertificateAuthority(
            root=_root(tx, own, keys.get(tx, _row("root"))),
            issuing=newest["issuing"],
            timestamp=newest["timestamp"],
            responder=newest["responder"],
            seal=newest["seal"],
            base_url=address,
            root_number=rows["root"][-1].generation,
            issuing_number=rows["issuing"][-1].generation,
        ),
        retired=tuple(_retired(rows["issuing"][:-1], responders)),
        roots=roots(tx),
        left=tuple(left for name in ("root", "issuing") for left in _left(tx, name, rows[name][:-1])),
        units=frozenset(_certificate(row).serial_number for name in pure.UNITS for row in rows[name]),
    )


def renew(tx: Transaction, own: Records, name: str, now: datetime) -> list[KeyRow]:
    """Make a new key and certificate for `name` and all under it, and return their rows; `name` is the first.

    What a replaced root or issuing authority signed last is kept: from now on its key is used for nothing.
    Raises NotFound, UnknownAlgorithm, Tampered, KeyUnreadable or RootIsElsewhere.
    """
    old = open_all(tx, own).newest
    return keep(tx, own, old, pure.renew(old, name, now), now)


def keep(
    tx: Transaction, own: Records, old: CertificateAuthority, made: CertificateAuthority, now: datetime
) -> list[KeyRow]:
    """Keep what is new in the authority that takes over, and return its rows, from above."""
    last = dict(zip(("root", "issuing"), old.last_crls(now), strict=True))
    changed = [each for each in NAMES if getattr(made, each) is not getattr(old, each)]
    for each in changed:
        before = keys.get(tx, _row(each)).generation
        if each in last:
            keys.put(tx, _list_of(each), b"", last[each], now, generation=before)
        _put(tx, own, each, getattr(made, each), before + 1, now)
    return [keys.get(tx, _row(each)) for each in changed]


def replaced(tx: Transaction, name: str, now: datetime) -> list[KeyRow]:
    """Return the older keys of that name that nothing needs.

    The responder that an issuing authority appointed last stays: its answers are valid for nobody else's.
    """
    rows = keys.generations(tx, _row(name))
    older = [row for row in rows[:-1] if row.wrapped]
    if name != "responder":
        return older
    needed = set()
    for issuing in keys.generations(tx, _row("issuing")):
        certificate = _certificate(issuing)
        appointed = [row for row in rows if pure.is_issued_by(_certificate(row), certificate)]
        if appointed and certificate.not_valid_after_utc > now:
            needed.add(appointed[-1].generation)
    return [row for row in older if row.generation not in needed]


def _retired(rows: Sequence[KeyRow], responders: Sequence[KeyPair]) -> list[Retired]:
    found = []
    for row in rows:
        issuer = _certificate(row)
        appointed = [pair for pair in responders if pure.is_issued_by(pair.certificate, issuer)]
        found += [Retired(Certified(issuer), pair) for pair in appointed[:1]]
    return found


def _left(tx: Transaction, name: str, rows: Sequence[KeyRow]) -> list[Left]:
    lists = {row.generation: row.public for row in keys.generations(tx, _list_of(name))}
    return [Left(pure.place_of(name, row.generation), row.public, lists[row.generation]) for row in rows]


def _put(
    tx: Transaction, own: Records, name: str, pair: KeyPair | OfflineRoot, generation: int, now: datetime
) -> None:
    if isinstance(pair, OfflineRoot):
        keys.put(tx, _row(name), b"", pair.der, now, generation=generation)
        return
    context = keys.context_of(_row(name), generation)
    made = pair.key
    if isinstance(made, HeldKey):  # of a key ceremony: made here before, for the request
        sealed = own.keyring.carry(made.sealed, context)
    else:
        sealed = own.keyring.seal_key(context, pair.private_der())
    keys.put(tx, _row(name), sealed.wrapped, pair.der, now, generation=generation)


def _root(tx: Transaction, own: Records, row: KeyRow) -> KeyPair | OfflineRoot:
    if row.wrapped:
        return _opened(own, row)
    return OfflineRoot(_certificate(row), keys.get(tx, ROOT_LIST).public)


def _opened(own: Records, row: KeyRow) -> KeyPair:
    return held_pair(own.keyring, row.public, row.sealed)


def _certificate(row: KeyRow) -> x509.Certificate:
    return x509.load_der_x509_certificate(row.public)


def _row(name: str) -> str:
    return f"ca-{name}"


def _list_of(name: str) -> str:
    return f"ca-{name}-crl"

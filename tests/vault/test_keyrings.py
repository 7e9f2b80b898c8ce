"""Whoever holds the keys does what is asked for, and hands no key to anybody (promise 55)."""

import copy
import hmac
import itertools
from dataclasses import dataclass

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_public_key,
)
from cryptography.x509 import load_der_x509_crl

from docvault import wiring
from docvault.database import keys, master_keys
from docvault.encryption.errors import KeyKept, SignerGone, Tampered
from docvault.encryption.held import HeldKeys
from docvault.encryption.keyring import FileKeyring
from docvault.encryption.masters import FOLDER_KEY
from docvault.keyholder.client import AskedKeys
from docvault.settings import Settings
from docvault.vault.masters import Masters
from docvault.vault.records import Records
from every_key import every_key

ABOUT = b"what it is bound to"
SIGNING = ("key:log", "key:ca-root", "key:ca-issuing", "key:ca-timestamp", "key:ca-responder", "key:ca-seal")


@dataclass(frozen=True)
class House:
    """An installation whose keys are held in one way or the other, and what is secret of it."""

    portal: object
    keys: object
    secrets: dict

    @property
    def keyring(self):
        return Masters.over(self.portal.db, self.keys)

    def own(self, context):
        name, _, generation = context.removeprefix("key:").partition(":")
        with self.portal.db.reading() as tx:
            rows = {row.generation: row for row in keys.generations(tx, name)}
        return rows[int(generation or 1)].sealed

    def message(self, context):
        """Return what the key of that name may sign for whoever asks: an authority's only what it is for."""
        place = {"key:ca-root": "root.crl", "key:ca-issuing": "issuing.crl"}.get(context)
        if place is None:
            return b"message"
        return load_der_x509_crl(self.portal.authority.published(place)).tbs_certlist_bytes

    def masters(self):
        with self.portal.db.reading() as tx:
            return [row.master for row in master_keys.everything(tx)]


@pytest.fixture(scope="module")
def installation(tmp_path_factory):
    deep = tmp_path_factory.mktemp("keys") / ("a-folder-whose-path-is-longer-than-a-socket-may-have" * 3)
    portal = wiring.prepare(Settings(data=deep / "data"))
    yield portal, every_key(portal.db, portal.settings.root_key_path.read_text())
    portal.close()


@pytest.fixture(scope="module", params=["held here", "held by a process of its own"])
def house(installation, request):
    portal, secrets = installation
    if request.param == "held here":
        yield House(portal, HeldKeys(FileKeyring.open(portal.settings.root_key_path)), secrets)
        return
    keeper = wiring.key_holder(portal.settings)
    keeper.start_surely()
    asked = AskedKeys(keeper.charge.socket)
    yield House(portal, asked, secrets)
    asked.close()
    keeper.stop()


def test_what_was_sealed_opens_with_its_purpose_and_context_and_with_no_other(house):
    sealed = house.keyring.seal("record-link", ABOUT, b"secret")
    assert house.keyring.unseal("record-link", ABOUT, sealed) == b"secret"
    for purpose, context in (("record-totp", ABOUT), ("record-link", b"another")):
        with pytest.raises(Tampered):
            house.keyring.unseal(purpose, context, sealed)


def test_two_ways_of_holding_the_keys_open_what_the_other_sealed(house, installation):
    other = installation[0].masters
    assert other.unseal("record-link", ABOUT, house.keyring.seal("record-link", ABOUT, b"x")) == b"x"
    assert house.keyring.unseal("record-link", ABOUT, other.seal("record-link", ABOUT, b"y")) == b"y"


@pytest.mark.parametrize("context", SIGNING)
def test_a_key_signs_what_its_public_half_verifies(house, context):
    key = house.own(context)
    public = load_der_public_key(house.keyring.public_key(key))
    message = house.message(context)
    signature = house.keyring.sign(key, message)
    more = () if context == "key:log" else (ec.ECDSA(SHA256()),)
    public.verify(signature, message, *more)


def test_a_pepper_makes_the_hmac_that_stored_passwords_need(house):
    expected = hmac.digest(house.secrets["key:pepper"], b"password", "sha256")
    assert house.keyring.mac(house.own("key:pepper"), b"password") == expected


def test_a_tombstone_opens_under_its_context_alone(house):
    key = house.own("key:shredded")
    record = house.keyring.seal_with(key, ABOUT, b"stone")
    assert house.keyring.unseal_with(key, ABOUT, record) == b"stone"
    with pytest.raises(Tampered):
        house.keyring.unseal_with(key, b"another", record)


@pytest.mark.promise(61)
def test_the_key_of_a_signer_signs_once_and_is_gone(house):
    name, public = house.keyring.new_signer()
    signature = house.keyring.sign_once(name, b"message")
    load_der_public_key(public).verify(signature, b"message", ec.ECDSA(SHA256()))
    unused, _ = house.keyring.new_signer()
    house.keyring.forget_signer(unused)
    for gone in (name, unused, "never made"):
        with pytest.raises(SignerGone):
            house.keyring.sign_once(gone, b"message")


@pytest.mark.promise(51)
def test_a_key_does_no_deed_but_the_one_that_it_is_for(house):
    deeds = {
        "mac": lambda key: house.keyring.mac(key, b"x"),
        "seal": lambda key: house.keyring.seal_with(key, ABOUT, b"x"),
        "unseal": lambda key: house.keyring.unseal_with(key, ABOUT, bytes(80)),
        "sign": lambda key: house.keyring.sign(key, house.message(key.context)),
        "public": house.keyring.public_key,
    }
    allowed = {"key:pepper": {"mac"}, "key:shredded": {"seal", "unseal"}}
    allowed |= {context: {"sign", "public"} for context in SIGNING}
    for context, name in itertools.product(allowed, deeds):
        if name not in allowed[context]:
            with pytest.raises(KeyKept):
                deeds[name](house.own(context))


@pytest.mark.promise(55)
@pytest.mark.parametrize("context", [*SIGNING, "key:pepper", "key:shredded"])
def test_no_own_key_is_opened_for_anybody_and_nobody_puts_another_in_its_place(house, context):
    key = house.own(context)
    with pytest.raises(KeyKept):
        house.keyring.unseal("record-key", context.encode(), key.wrapped)
    with pytest.raises(KeyKept):
        house.keyring.seal("record-key", context.encode(), b"another")
    with pytest.raises(KeyKept):
        Records(house.keyring).open(context, key.wrapped)


def test_a_key_that_was_moved_to_another_name_does_nothing(house):
    log, pepper = house.own("key:log"), house.own("key:pepper")
    with pytest.raises(Tampered):
        house.keyring.sign(type(log)("key:ca-seal", log.wrapped), b"x")
    with pytest.raises(Tampered):
        house.keyring.mac(type(log)("key:pepper:2", pepper.wrapped), b"x")
    for context in ("key:", "totp:anna", "root", "key:other"):
        with pytest.raises((KeyKept, Tampered)):
            house.keyring.sign(type(log)(context, log.wrapped), b"x")


def answers(house):
    """Give an answer of every public method, by its name."""
    held, log = house.keys, house.own("key:log")
    held.learn(house.masters())
    sealed = held.seal("record-link", ABOUT, b"x")
    folder = held.seal(FOLDER_KEY, ABOUT, b"y" * 32)
    stone = held.seal_with(house.own("key:shredded"), ABOUT, b"z")
    signers = [held.new_signer() for _ in range(2)]
    return {
        "root_name": held.root_name,
        "learn": held.learn(house.masters()),
        "known": held.known(),
        "seal": (sealed, folder),
        "unseal": (held.unseal("record-link", ABOUT, sealed), held.unseal(FOLDER_KEY, ABOUT, folder)),
        "unseal_all": held.unseal_all(FOLDER_KEY, [(ABOUT, folder)]),
        "mac": held.mac(house.own("key:pepper"), b"password"),
        "seal_with": stone,
        "unseal_with": held.unseal_with(house.own("key:shredded"), ABOUT, stone),
        "public_key": [held.public_key(house.own(context)) for context in SIGNING],
        "sign": [held.sign(house.own(context), house.message(context)) for context in SIGNING],
        "new_signer": signers,
        "sign_once": held.sign_once(signers[0][0], b"message"),
        "forget_signer": held.forget_signer(signers[1][0]),
        "newest": held.newest(),
        "repr": repr(held),
        **(renewing(held, log, sealed, house) if isinstance(held, HeldKeys) else {}),
    }


def renewing(held, log, sealed, house):
    """Give an answer of what only the terminal and the start may ask."""
    root = FileKeyring.open(house.portal.settings.root_key_path)
    return {
        "before_masters": HeldKeys.before_masters(root),
        "seal_key": held.seal_key("key:pepper:2", b"p" * 32),
        "seal_derived": held.seal_derived("key:pepper:3", "derived-password-pepper"),
        "carry": held.carry(log, "key:log:2"),
        "reseal": held.reseal("record-link", ABOUT, sealed),
        "new_master": held.new_master(9),
        "wrap_for": held.wrap_for(root, house.masters()[0]),
    }


@pytest.mark.promise(55)
def test_no_public_method_of_whoever_holds_the_keys_hands_one_out(house):
    found = answers(house)
    public = {name for name in dir(type(house.keys)) if not name.startswith("_")}
    assert public - {"close", "asked_seal"} == found.keys() - {"repr"}, "a new method is not looked at here"
    for name, answer in found.items():
        said = repr(answer) + "".join(one.hex() for one in octets(answer))
        for title, secret in house.secrets.items():
            assert secret.hex() not in said, (name, title)
            assert repr(secret)[2:-1] not in said, (name, title)


def octets(answer):
    """Give all bytes in an answer."""
    if isinstance(answer, bytes):
        yield answer
    elif isinstance(answer, list | tuple | frozenset):
        for one in answer:
            yield from octets(one)
    elif hasattr(answer, "wrapped"):
        yield answer.wrapped


@pytest.mark.promise(55)
def test_what_signs_in_the_authority_and_the_log_is_no_key(house):
    authority, log = house.portal.authority, house.portal.log_key
    with house.portal.db.reading() as tx:
        signing = log.in_charge(tx).private
    own = authority._authority
    for key in (signing, own.root.key, own.issuing.key, own.timestamp.key, own.responder.key, own.seal.key):
        for asked in (
            lambda key=key: key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()),
            lambda key=key: key.private_numbers(),
            lambda key=key: key.private_bytes_raw(),
            lambda key=key: copy.deepcopy(key).private_bytes_raw(),
        ):
            with pytest.raises(KeyKept):
                asked()


@pytest.mark.promise(55)
def test_a_process_that_asks_for_keys_renews_none(house):
    if isinstance(house.keys, HeldKeys):
        assert isinstance(house.keyring.seal_key("key:pepper:2", b"p" * 32).wrapped, bytes)
        return
    for deed in (
        lambda: house.keyring.seal_key("key:log:2", b"p" * 32),
        lambda: house.keyring.carry(house.own("key:log"), "key:log:2"),
        lambda: house.keyring.reseal("record-key", b"key:log", house.own("key:log").wrapped),
    ):
        with pytest.raises(KeyKept):
            deed()

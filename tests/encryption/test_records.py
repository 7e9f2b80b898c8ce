import itertools
import multiprocessing
import os

import pytest

from docvault.encryption import records
from docvault.encryption.errors import Tampered, UnknownAlgorithm
from docvault.encryption.held import HeldKeys
from docvault.encryption.keyring import FileKeyring
from docvault.vault.records import Records

from . import independent

KEY = bytes(range(32))


@pytest.mark.promise(49)
def test_every_flipped_bit_of_a_record_is_refused():
    record = records.seal(KEY, b"about", b"secret")
    for at, bit in itertools.product(range(len(record)), range(8)):
        changed = bytearray(record)
        changed[at] ^= 1 << bit
        with pytest.raises(Tampered if at else UnknownAlgorithm):
            records.unseal(KEY, b"about", bytes(changed))


def test_every_truncation_and_extension_of_a_record_is_refused():
    record = records.seal(KEY, b"about", b"secret")
    for length in range(len(record)):
        with pytest.raises((Tampered, UnknownAlgorithm)):
            records.unseal(KEY, b"about", record[:length])
    with pytest.raises(Tampered):
        records.unseal(KEY, b"about", record + b"\0")


@pytest.mark.promise(58)
def test_every_other_algorithm_id_of_a_record_is_refused():
    record = records.seal(KEY, b"about", b"secret")
    for algorithm in range(256):
        if algorithm != 1:
            with pytest.raises(UnknownAlgorithm):
                records.unseal(KEY, b"about", bytes([algorithm]) + record[1:])


@pytest.mark.promise(50)
def test_a_record_opens_only_in_its_context_and_under_its_purpose():
    own = Records(HeldKeys.before_masters(FileKeyring(KEY)))
    contexts = ["totp:anna", "totp:bert", "mail:anna", "totp:anna2", "totp::a"]
    sealed = {context: own.seal(context, b"secret") for context in contexts}
    for here, there in itertools.product(contexts, contexts):
        if here == there:
            assert own.open(there, sealed[here]) == b"secret"
        else:
            with pytest.raises(Tampered):
                own.open(there, sealed[here])


def test_both_implementations_open_each_other():
    own = Records(HeldKeys.before_masters(FileKeyring(KEY)))
    about = ("record-totp", b"totp:anna")
    sealed = independent.seal_under_master(1, KEY, *about, b"secret")
    assert independent.open_under_master({1: KEY}, *about, own.seal("totp:anna", b"secret")) == b"secret"
    assert own.open("totp:anna", sealed) == b"secret"
    assert records.derive(KEY, "folder-key") == independent.derive(KEY, "folder-key")


@pytest.mark.promise(51)
def test_one_purpose_one_key():
    purposes = ["folder-key", "data-key", "record-totp", "record-mail", "master-key"]
    found = {records.derive(KEY, purpose) for purpose in purposes}
    assert len(found | {KEY}) == len(purposes) + 1


@pytest.mark.parametrize("context", ["totp", "totp:", ":x", "TOTP:x", "to tp:x", ""])
def test_a_context_without_a_purpose_is_a_mistake(context):
    with pytest.raises(ValueError, match="purpose"):
        Records(HeldKeys.before_masters(FileKeyring(KEY))).seal(context, b"x")


def test_a_record_is_small():
    with pytest.raises(ValueError, match="2 MiB"):
        records.seal(KEY, b"", bytes(2 * 1024 * 1024 + 1))


def _salts(count):
    return b"".join(records.seal(KEY, b"", b"")[1:25] for _ in range(count))


@pytest.mark.promise(51)
@pytest.mark.parametrize("count", [100_000, pytest.param(1_000_000, marks=pytest.mark.soak)])
def test_no_key_and_nonce_come_twice_in_any_record_across_forks(count):
    """Key and nonce of a record follow from the purpose's key and the salt alone, so equal pairs need equal salts.

    Half of them come from forks of one warmed-up process, as a pre-forking server or a restored snapshot would start.
    """
    parent = _salts(count // 2)
    with multiprocessing.get_context("fork").Pool(4) as pool:
        children = pool.map(_salts, [count // 8] * 4)
    everything = parent + b"".join(children)
    salts = {everything[at : at + 24] for at in range(0, len(everything), 24)}
    assert len(salts) == count


def test_a_sealed_record_shows_nothing_of_its_content():
    secret = os.urandom(64)
    assert secret[:16] not in records.seal(KEY, b"about", secret)

"""Timestamp authorities of others are believed only when everything about their answer holds."""

import hashlib
import time
from datetime import timedelta

import pytest
import rfc3161_client
from asn1crypto import tsp
from cryptography import x509

from docvault.timestamps import clocks as rooms
from docvault.timestamps.clocks import LIST_MOST, RESTS, Clocks
from docvault.timestamps.errors import ClockFailed
from tsa import LIES, by_openssl, now, rsa_unit, standing

REFUSALS = {lie: why for lie, (_, why) in LIES.items()} | {
    "fails": "answered 500",
    "sends elsewhere": "answered 302",
    "no lists": "answered 500",
    "old lists": "cannot be used",
}


@pytest.fixture(scope="module")
def servers():
    with standing("Northern Clocks") as first, standing("Southern Clocks") as second:
        yield first, second


@pytest.fixture
def two(servers):
    for server in servers:
        server.lie, server.stamp, server.clock = "", server.ours, now
        server.asked.clear()
    return servers


def clocks_of(*tsas, **more) -> Clocks:
    return Clocks([each.url for each in tsas], tuple(each.root for each in tsas), **more)


def request_for(data: bytes) -> bytes:
    imprint = {"hash_algorithm": {"algorithm": "sha256"}, "hashed_message": hashlib.sha256(data).digest()}
    return tsp.TimeStampReq({"version": 1, "message_imprint": imprint, "cert_req": True, "nonce": 77}).dump()


@pytest.mark.promise(60)
def test_an_honest_authority_stamps_and_another_library_agrees(two):
    clocks = clocks_of(*two)
    working = clocks.first()
    answer = clocks.stamp(working, request_for(b"data"))
    checked = rfc3161_client.decode_timestamp_response(answer)
    root = x509.load_der_x509_certificate(two[0].root)
    builder = rfc3161_client.VerifierBuilder(nonce=77, roots=[root])
    builder.build().verify_message(checked, b"data")
    assert working.name == "Northern Clocks Timestamps"
    assert abs(working.token.at - now()) < timedelta(seconds=5)
    assert len(working.proofs.crls) == 2, "of its own certificate and of its issuer's"


def test_an_authority_made_of_openssl_is_understood(two, tmp_path):
    two[0].stamp = by_openssl(two[0], tmp_path)
    clocks = clocks_of(two[0])
    assert clocks.stamp(clocks.look(two[0].url), request_for(b"data"))


@pytest.mark.promise(85)
@pytest.mark.parametrize(("lie", "why"), REFUSALS.items(), ids=REFUSALS)
def test_a_liar_is_named_and_the_next_one_is_asked(two, lie, why):
    first, second = two
    first.lie = lie
    clocks = clocks_of(first, second)
    with pytest.raises(ClockFailed, match=f"^{first.host} .*{why}") as refused:
        clocks.look(first.url)
    assert len(str(refused.value)) < 300
    assert clocks.first().name == "Southern Clocks Timestamps"
    assert f"{rooms.urlsplit(first.url).path}?again" not in first.asked, "no redirect is followed"


@pytest.mark.promise(59)
def test_an_authority_with_an_rsa_key_is_understood_and_one_with_a_short_key_refused(two, tmp_path):
    for bits, wanted in ((2048, True), (1024, False)):
        folder = tmp_path / str(bits)
        folder.mkdir()
        two[0].stamp = by_openssl(two[0], folder, unit=rsa_unit(two[0], bits))
        if wanted:
            assert clocks_of(two[0]).look(two[0].url).name == "Northern Clocks Timestamps"
        else:
            with pytest.raises(ClockFailed, match="too weak"):
                clocks_of(two[0]).look(two[0].url)


@pytest.mark.promise(59)
@pytest.mark.promise(85)
def test_a_token_signed_with_sha1_is_refused(two, tmp_path):
    two[0].stamp = by_openssl(two[0], tmp_path, "sha1")
    with pytest.raises(ClockFailed, match="sha1"):
        clocks_of(two[0]).look(two[0].url)


@pytest.mark.promise(85)
@pytest.mark.parametrize(
    "lie", ["garbage", "another nonce", "another imprint", "yesterday", "forged", "expired"]
)
def test_an_authority_that_begins_to_lie_in_the_middle_of_a_deed_is_refused(two, lie):
    clocks = clocks_of(*two)
    working = clocks.first()
    two[0].lie = lie
    with pytest.raises(ClockFailed, match=f"^{two[0].host} .*{REFUSALS[lie]}"):
        clocks.stamp(working, request_for(b"data"))


@pytest.mark.promise(85)
@pytest.mark.parametrize("lie", ["drips", ""], ids=["drips", "is not there"])
def test_a_slow_one_and_one_that_is_not_there_are_left_in_time(two, monkeypatch, lie):
    monkeypatch.setattr(rooms, "SECONDS", 0.4)
    two[0].lie = lie
    address = two[0].url if lie else "http://127.0.0.1:9/tsr"
    clocks = Clocks([address, two[1].url], (two[0].root, two[1].root))
    began = time.monotonic()
    assert clocks.first().address == two[1].url
    assert time.monotonic() - began < 3


@pytest.mark.promise(85)
def test_one_that_failed_rests_for_a_while_and_then_counts_again(two):
    moment = [now()]
    clocks = clocks_of(*two, clock=lambda: moment[0])
    two[0].lie = "fails"
    assert clocks.first().address == two[1].url
    two[0].lie = ""
    two[0].asked.clear()
    assert clocks.first().address == two[1].url
    assert two[0].asked == []
    moment[0] += RESTS
    two[0].clock = two[1].clock = lambda: moment[0]
    assert clocks.first().address == two[0].url


@pytest.mark.promise(85)
def test_where_none_works_there_is_none(two):
    two[0].lie = two[1].lie = "garbage"
    assert clocks_of(*two).first() is None


def test_a_revoked_authority_is_not_believed():
    with standing() as tsa:
        tsa.revoke()
        with pytest.raises(ClockFailed, match="revoked"):
            clocks_of(tsa).look(tsa.url)


def test_where_a_list_cannot_be_had_the_responder_is_asked():
    with standing() as tsa:
        tsa.lie = "one list"
        working = clocks_of(tsa).look(tsa.url)
        assert (len(working.proofs.crls), len(working.proofs.ocsps)) == (1, 1)
        tsa.revoke()
        with pytest.raises(ClockFailed, match="revoked"):
            clocks_of(tsa).look(tsa.url)


@pytest.mark.promise(36)
def test_lists_are_fetched_only_from_hosts_that_are_named(two):
    first, second = two
    moved = Clocks([second.url], (first.root, second.root))
    second.stamp = first.ours  # the certificates name the first one's host
    with pytest.raises(ClockFailed, match="not on a host that may be asked"):
        moved.look(second.url)
    assert first.asked == []
    allowed = Clocks([second.url], (first.root, second.root), hosts=[first.host])
    assert allowed.look(second.url).name == "Northern Clocks Timestamps"


def test_lists_that_held_are_kept_for_hours(two):
    clocks = clocks_of(two[0])
    clocks.look(two[0].url)
    before = len(two[0].asked)
    clocks.look(two[0].url)
    assert len(two[0].asked) == before + 1, "the stamp alone"


def test_a_unit_that_takes_over_is_proven_by_the_same_lists():
    with standing() as tsa:
        clocks = clocks_of(tsa)
        working = clocks.first()
        tsa.renew_unit()
        assert clocks.stamp(working, request_for(b"data"))


def test_a_list_too_large_for_every_document_is_not_taken(two, monkeypatch):
    monkeypatch.setattr(two[0], "_list", lambda _path: bytes(LIST_MOST + 1))
    with pytest.raises(ClockFailed, match="more than"):
        clocks_of(two[0]).look(two[0].url)


def test_a_password_in_an_address_is_told_to_nobody(two):
    address = two[0].url.replace("//", "//someone:s3cret@")
    two[0].lie = "fails"
    with pytest.raises(ClockFailed) as refused:
        Clocks([address], (two[0].root,)).look(address)
    assert "s3cret" not in str(refused.value)

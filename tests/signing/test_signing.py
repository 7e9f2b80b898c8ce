"""What a signature of ours is made of, and what the worker that makes it may not do."""

import io

import pytest
from asn1crypto import cms
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation.dss import DocumentSecurityStore

from docvault.certificates.keys import KeyAlreadyUsed
from docvault.pdf import sign as signing
from docvault.pdf.errors import CannotSign
from docvault.pdf.scratch import Scratch
from docvault.pdf.sign import FieldValue

from .desks import ANNA, TOMAS, Office, contract, drawing
from .test_independent import cut_out


@pytest.fixture(scope="module")
def signatures(sealed):
    return [cms.ContentInfo.load(each.der, strict=True)["content"] for each in cut_out(sealed)]


def signed_attributes(signed):
    return {each["type"].native: each["values"] for each in signed["signer_infos"][0]["signed_attrs"]}


@pytest.mark.promise(59)
def test_signatures_are_p256_with_sha256_and_never_pkcs1(signatures):
    for signed in signatures:
        info = signed["signer_infos"][0]
        assert info["signature_algorithm"]["algorithm"].native == "sha256_ecdsa"
        assert info["digest_algorithm"]["algorithm"].native == "sha256"


@pytest.mark.promise(60)
def test_signed_attributes_are_those_of_pades_baseline(signatures):
    for signed in signatures[:3]:
        attributes = signed_attributes(signed)
        assert "signing_time" not in attributes, "forbidden by EN 319 142-1"
        assert {"content_type", "message_digest", "signing_certificate_v2"} <= set(attributes)
        identifier = attributes["signing_certificate_v2"][0]["certs"][0]
        assert identifier["hash_algorithm"]["algorithm"].native == "sha256"


@pytest.mark.promise(60)
def test_each_signature_carries_its_own_timestamp_and_no_root(signatures, office):
    for signed in signatures[:3]:
        kinds = [each["type"].native for each in signed["signer_infos"][0]["unsigned_attrs"]]
        assert kinds == ["signature_time_stamp_token"]
    sent = {each.chosen.dump() for signed in signatures for each in signed["certificates"]}
    assert office.ca.issuing.der in sent
    assert office.ca.root.der not in sent


@pytest.mark.promise(64)
def test_pdf_dictionaries_say_pades_and_the_locks(sealed):
    reader = PdfFileReader(io.BytesIO(sealed))
    anna, tomas, seal = reader.embedded_regular_signatures
    for each in (anna, tomas, seal):
        assert each.sig_object["/SubFilter"] == "/ETSI.CAdES.detached"
    assert anna.docmdp_level.value == 2, "the first signature certifies: fill in and sign"
    assert reader.root["/Perms"]["/DocMDP"].get_object() == anna.sig_object
    assert set(anna.fieldmdp.fields) == {"anna-title", "anna-agree", "anna-signature"}
    assert tomas.docmdp_level is None
    assert (seal.docmdp_level.value, seal.fieldmdp.action.value) == (1, "/All")
    assert reader.embedded_timestamp_signatures[0].sig_object["/SubFilter"] == "/ETSI.RFC3161"


@pytest.mark.promise(64)
def test_a_seal_that_stands_alone_certifies_and_allows_no_change(desk):
    (seal,) = PdfFileReader(io.BytesIO(desk.seal(contract(), certify=True))).embedded_regular_signatures
    assert seal.docmdp_level.value == 1
    (reference,) = [each for each in seal.sig_object["/Reference"] if each["/TransformMethod"] == "/DocMDP"]
    assert reference["/TransformParams"]["/P"] == 1


@pytest.mark.promise(60)
def test_long_term_data_lie_in_the_security_store_without_vri(revisions):
    for content in (revisions.anna, revisions.tomas, revisions.sealed):
        reader = PdfFileReader(io.BytesIO(content))
        store = DocumentSecurityStore.read_dss(reader)
        assert "/VRI" not in reader.root["/DSS"]
        assert len(store.crls) >= 2
        assert len(store.ocsps) >= 1
    assert reader.xrefs.total_revisions == 5, (
        "one update for each signature and one for the archive timestamp"
    )


@pytest.mark.promise(61)
@pytest.mark.promise(62)
def test_the_key_is_asked_exactly_once_for_one_signature(desk, prepared):
    asked = []

    def answer(message):
        asked.append(message)
        return key.sign(message)

    key = desk.office.ca.issue(ANNA, desk.office.clock())
    signed = desk.sign(
        prepared,
        ANNA,
        "anna",
        certify=True,
        sign=answer,
        credentials=desk.office.credentials(key.certificate),
    )
    assert len(asked) == 1
    assert key.used
    (only,) = cut_out(signed)
    info = cms.ContentInfo.load(only.der)["content"]["signer_infos"][0]
    assert asked == [info["signed_attrs"].untag().dump()]


@pytest.mark.promise(62)
def test_a_used_key_stops_the_next_signature(desk, revisions):
    key = desk.office.ca.issue(TOMAS, desk.office.clock())
    key.sign(b"something else")
    with pytest.raises(KeyAlreadyUsed):
        desk.sign(revisions.anna, TOMAS, "tomas", certify=False, sign=key.sign)
    assert desk.sign(revisions.anna, TOMAS, "tomas", certify=False), "the next worker is as good as the last"


def test_a_timestamp_authority_that_fails_stops_the_signature(desk, prepared):
    class Unreachable(Exception): ...

    def fails(_request):
        raise Unreachable

    with pytest.raises(Unreachable):
        desk.sign(prepared, ANNA, "anna", certify=True, timestamp=fails)


def test_a_certificate_from_elsewhere_cannot_sign(desk, prepared):
    stranger = Office("Strangers Ltd")

    def mixed(certificate):
        return desk.office.credentials(desk.office.ca.seal.der).__class__(
            certificate, (), (desk.office.ca.root.der,), (), (), desk.office.clock()
        )

    key = stranger.ca.issue(ANNA, stranger.clock())
    with pytest.raises(CannotSign, match="does not lead to"):
        desk.sign(prepared, ANNA, "anna", certify=True, credentials=mixed(key.certificate), sign=key.sign)


REFUSALS = {
    "no such field": ({"field": "nobody"}, "no such signature field"),
    "a field that is no signature": ({"field": "anna-title"}, "no such signature field"),
    "an answer without a field": ({"answers": [FieldValue("nowhere", text="x")]}, "names a field"),
    "a tick for a text": ({"answers": [FieldValue("anna-title", checked=True)]}, "no tick box"),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_what_does_not_fit_the_document_is_refused(desk, prepared, name):
    more, words = REFUSALS[name]
    with pytest.raises(CannotSign, match=words):
        desk.sign(prepared, ANNA, "anna", certify=True, **more)


@pytest.mark.promise(62)
def test_a_field_is_signed_once(desk, revisions):
    with pytest.raises(CannotSign, match="already signed"):
        desk.sign(revisions.anna, ANNA, "anna", certify=False, answers=[])


def test_a_sealed_document_takes_no_second_seal(desk, sealed):
    with pytest.raises(CannotSign, match="already signed"):
        desk.seal(sealed)


def test_answers_are_readable_by_machines_and_locked(revisions):
    fields = {
        each.get_object()["/T"]: each.get_object()
        for each in PdfFileReader(io.BytesIO(revisions.tomas)).root["/AcroForm"]["/Fields"]
    }
    assert fields["anna-title"]["/V"] == "Director Anna Lindqvist"
    assert fields["anna-agree"]["/V"] == "/Yes"
    assert fields["tomas-title"]["/V"] == "Director Tomáš Żółć"
    assert fields["anna-title"]["/Ff"] & 1, "read-only"


@pytest.mark.promise(62)
def test_no_private_key_travels_to_the_worker(desk, prepared, monkeypatch):
    sent = []
    original = desk.workers.run

    def listening(task, files, options, answers, **more):
        sent.append(repr(options).encode() + b"".join(file.read() for file in files))
        return original(task, files, options, answers, **more)

    monkeypatch.setattr(desk.workers, "run", listening)
    desk.seal(prepared)
    secrets = [
        getattr(desk.office.ca, name) for name in ("root", "issuing", "timestamp", "responder", "seal")
    ]
    for pair in secrets:
        private = pair.key.private_numbers().private_value.to_bytes(32)
        assert all(private not in each and pair.private_der() not in each for each in sent)


def test_the_source_stays_as_it_was(workers, office):
    with Scratch.create(contract()) as source, Scratch.create(drawing()) as ink:
        before = source.sha256()
        key = office.ca.issue(ANNA, office.clock())
        signed = signing.sign(
            workers,
            source,
            field="anna-signature",
            certify=True,
            answers=[FieldValue("anna-signature", drawing=ink)],
            credentials=office.credentials(key.certificate),
            sign=key.sign,
            timestamp=office.timestamp,
        )
        assert source.sha256() == before
        signed.close()

"""Promises 59-64, 67, 68, 70: what is accepted, and how everything else is refused."""

import dataclasses
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from pyhanko.pdf_utils import generic

from docvault.certificates import authority as authorities
from docvault.certificates import making
from docvault.certificates.algorithms import AlgorithmTooWeak
from docvault.certificates.algorithms import check as check_algorithms
from docvault.certificates.authority import Revocation
from docvault.pdf.reasons import REASONS, SUMMARIES, Verdict
from docvault.pdf.validate import read_answer

from . import attacks
from .desks import ANNA, TOMAS, Desk, Office, contract, now

YEAR = timedelta(days=365)


# --- accepted --------------------------------------------------------------------------------------


@pytest.mark.promise(67)
@pytest.mark.parametrize(
    ("revision", "levels"),
    [
        ("anna", ["B-LT"]),
        ("tomas", ["B-LT", "B-LT"]),
        ("sealed", ["B-LTA", "B-LTA", "B-LTA", "timestamp"]),
    ],
)
def test_every_revision_we_make_is_valid(desk, revisions, revision, levels):
    report = desk.validate(getattr(revisions, revision))
    assert report.verdict is Verdict.VALID, report.codes
    assert [each.level for each in report.signatures] == levels
    assert {each.trust for each in report.signatures} == {"trusted"}
    assert {each.time_source for each in report.signatures} == {"timestamp"}
    assert report.signatures[-1].coverage == "entire-file"
    assert report.pages == 3


@pytest.mark.promise(69)
def test_the_report_names_who_signed_and_what(desk, revisions):
    anna, tomas, seal, stamp = desk.validate(revisions.sealed).signatures
    assert (anna.signer, anna.email, anna.organisation) == (ANNA.name, ANNA.email, ANNA.organisation)
    assert anna.signed_bytes == len(revisions.anna)
    assert tomas.signed_bytes == len(revisions.tomas)
    assert anna.modification == "form-filling"
    assert seal.modification == "maintenance"
    assert stamp.kind == "timestamp"
    assert len({each.certificate_sha256 for each in (anna, tomas, seal, stamp)}) == 4


@pytest.mark.promise(67)
def test_a_renewed_archive_is_valid(desk, sealed):
    renewed = desk.renew(sealed)
    report = desk.validate(renewed)
    assert report.verdict is Verdict.VALID, report.codes
    assert [each.kind for each in report.signatures].count("timestamp") == 2


@pytest.mark.promise(67)
def test_an_optional_field_left_empty_is_no_modification(desk, prepared):
    anna = desk.sign(prepared, ANNA, "anna", certify=True, answers=[])
    sealed = desk.seal(desk.sign(anna, TOMAS, "tomas", certify=False))
    assert desk.validate(sealed).verdict is Verdict.VALID


def test_an_unsigned_document_is_not_signed(desk, prepared):
    report = desk.validate(prepared)
    assert (report.verdict, report.signatures) == (Verdict.NOT_SIGNED, ())


# --- trust -----------------------------------------------------------------------------------------


@pytest.mark.promise(70)
def test_without_roots_nobody_is_trusted(desk, sealed):
    report = desk.validate(sealed, roots=[])
    assert report.verdict is Verdict.NOT_TRUSTED
    assert {each.trust for each in report.signatures} == {"unknown"}
    assert {each.code for each in report.signatures} == {"unknown-signer", "unknown-clock"}


@pytest.mark.promise(70)
def test_an_extra_unknown_signer_makes_the_whole_document_not_trusted(desk, workers, revisions):
    stranger = Desk(workers, Office("Strangers Ltd"))
    report = desk.validate(stranger.sign(revisions.anna, TOMAS, "tomas", certify=False))
    assert [each.code for each in report.signatures] == ["ok", "unknown-signer"]
    assert report.verdict is Verdict.NOT_TRUSTED


@pytest.mark.promise(70)
def test_a_lookalike_authority_is_not_trusted(desk, workers, prepared):
    lookalike = Desk(workers, Office())
    assert desk.validate(lookalike.sign(prepared, ANNA, "anna", certify=True)).verdict is Verdict.NOT_TRUSTED


@pytest.mark.promise(64)
def test_a_signature_after_the_seal_is_a_modification(desk, workers, prepared):
    sealed = desk.seal(desk.sign(prepared, ANNA, "anna", certify=True))
    stranger = Desk(workers, Office("Strangers Ltd"))
    late = stranger.sign(sealed, TOMAS, "tomas", certify=False, answers=[])
    assert desk.validate(late).verdict is Verdict.MODIFIED


def test_an_unknown_timestamp_authority_is_not_trusted(desk, prepared):
    foreign = Office("Elsewhere Time")

    def with_foreign_clock(certificate):
        ours, theirs = desk.office.credentials(certificate), foreign.credentials(foreign.ca.seal.der)
        return dataclasses.replace(ours, roots=ours.roots + theirs.roots, crls=ours.crls + theirs.crls)

    signed = desk.sign(
        prepared, ANNA, "anna", certify=True, timestamp=foreign.timestamp, prove=with_foreign_clock
    )
    report = desk.validate(signed)
    assert (report.verdict, report.codes) == (Verdict.NOT_TRUSTED, ("unknown-clock",))
    assert report.signatures[0].time_source == "untrusted-timestamp"
    assert report.signatures[0].trust == "trusted"


@pytest.mark.promise(67)
def test_signatures_outlive_their_certificates(desk, sealed):
    later = desk.validate(sealed, now=now() + 10 * YEAR)
    assert later.verdict is Verdict.VALID, (
        "the signers' certificates ended after five years, the timestamps hold"
    )
    too_late = desk.validate(sealed, now=now() + 16 * YEAR)
    assert too_late.verdict is Verdict.NOT_TRUSTED
    assert "expired" in too_late.codes


@pytest.mark.promise(67)
def test_a_renewed_archive_outlives_the_first_timestamp(desk, workers, sealed):
    future = Office(clock=lambda: now() + 14 * YEAR)
    future.ca = authorities.renew(desk.office.ca, "timestamp", future.clock())
    renewed = Desk(workers, future).renew(sealed)
    report = desk.validate(renewed, now=now() + 16 * YEAR)
    assert report.verdict is Verdict.VALID, report.codes


@pytest.mark.promise(67)
@pytest.mark.parametrize("order", [1, -1])
@pytest.mark.parametrize("forger", [None, "Harbour & Pine Oy"], ids=["our own", "a forged one"])
def test_a_newer_list_that_revokes_nothing_hides_none_that_does(desk, revisions, order, forger):
    """Lists that revoke nothing are looked at once; that must not be a way to lose one that does."""
    sha256 = desk.validate(revisions.anna).signatures[0].certificate_sha256
    certificate = next(each for each in desk.issued if authorities.fingerprint(each) == sha256)
    revoked = {certificate.serial_number: Revocation(now() - timedelta(days=1))}
    revoking = dataclasses.replace(desk.office.ca, revoked=revoked).issuing_crl(now())
    ca = authorities.create(forger, "https://vault.example", now()) if forger else desk.office.ca
    lists = [revoking, ca.issuing_crl(now() + timedelta(seconds=1))][::order]
    report = desk.validate(revisions.anna, crls=lists, now=now() + timedelta(seconds=2))
    assert report.codes[0] == "revoked"


@pytest.mark.parametrize(("days", "verdict"), [(-1, Verdict.NOT_TRUSTED), (1, Verdict.VALID)])
def test_a_revocation_counts_from_its_moment_on(desk, revisions, days, verdict):
    sha256 = desk.validate(revisions.anna).signatures[0].certificate_sha256
    certificate = next(each for each in desk.issued if authorities.fingerprint(each) == sha256)
    revoked = {
        certificate.serial_number: Revocation(now() + timedelta(days=days), x509.ReasonFlags.key_compromise)
    }
    crl = dataclasses.replace(desk.office.ca, revoked=revoked).issuing_crl(now())
    report = desk.validate(revisions.anna, crls=[crl])
    assert report.verdict is verdict, report.codes


# --- every change is refused -----------------------------------------------------------------------


@pytest.mark.promise(67)
def test_one_changed_byte_is_refused_wherever_it_is(desk, sealed):
    begin, end = attacks.last_contents(sealed)
    spread = [1, 8, 200, *range(1500, len(sealed) - 40, 3301), len(sealed) - 3, len(sealed) - 12]
    in_the_last_signature = range(begin, end, max(1, (end - begin) // 25))
    for position in (*spread, *in_the_last_signature):
        report = desk.validate(attacks.flip(sealed, position))
        assert report.verdict is not Verdict.VALID, f"byte {position} of {len(sealed)}"


WHOLE_FILE = {
    "junk appended": (lambda r: r.sealed + b"junk", {"trailing-bytes", "damaged"}),
    "white space appended": (lambda r: r.sealed + b"\n\n", {"trailing-bytes"}),
    "a comment appended": (lambda r: r.sealed + b"% nothing\n", {"trailing-bytes", "damaged"}),
    "another end appended": (lambda r: r.sealed + b"%%EOF\n", {"trailing-bytes", "damaged"}),
    "a file appended": (lambda r: r.sealed + r.prepared, None),
    "prepended": (lambda r: b"junk\n" + r.sealed, None),
    "rewritten": (lambda r: attacks.rewritten(r.sealed), {"content-changed", "coverage"}),
    "a page replaced": (lambda r: attacks.page_replaced(r.sealed), {"content-changed", "coverage"}),
    "cut by one byte": (lambda r: r.sealed[:-1], None),
    "cut in half": (lambda r: r.sealed[: len(r.sealed) // 2], None),
    "cut to the last signature": (lambda r: r.sealed[: attacks.last_contents(r.sealed)[1]], None),
    "hybrid table of contents": (lambda r: attacks.hybrid(r.tomas), {"hybrid-xref"}),
}  # fmt: skip


@pytest.mark.promise(67)
@pytest.mark.promise(68)
@pytest.mark.parametrize("name", WHOLE_FILE)
def test_a_changed_file_is_refused(desk, revisions, name):
    make, codes = WHOLE_FILE[name]
    report = desk.validate(make(revisions))
    assert report.verdict in {Verdict.INVALID, Verdict.MODIFIED, Verdict.UNREADABLE}, report.codes
    if codes is not None:
        assert codes & set(report.codes), report.codes


BYTE_RANGES = {
    "overlap": lambda before, after, rest: (0, before, before - 40, rest + after - before + 40),
    "larger gap": lambda before, after, rest: (0, before - 4, after, rest),
    "gap after the signature": lambda before, after, rest: (0, before, after + 4, rest - 4),
    "does not start at 0": lambda before, after, rest: (1, before - 1, after, rest),
    "beyond the end": lambda before, after, rest: (0, before, after, rest + 5),
    "negative": lambda before, after, _: (0, before, after, -1),
    "two numbers": lambda before, _, __: (0, before),
    "two gaps": lambda before, after, _: (0, 9, 10, 2, before, after),
}


@pytest.mark.promise(67)
@pytest.mark.parametrize("name", BYTE_RANGES)
def test_a_forged_byte_range_is_refused(desk, revisions, name):
    report = desk.validate(attacks.with_byte_range(revisions.tomas, BYTE_RANGES[name]))
    assert report.verdict is Verdict.INVALID
    assert {"coverage", "unreadable-signature"} & set(report.codes), report.codes


UPDATES = {
    "incremental saving": attacks.new_page_text,
    "shadow replace": attacks.same_object_new_text,
    "shadow replace by font": attacks.other_font,
    "shadow hide, evil annotation": attacks.overlay,
    "page removed": attacks.page_removed,
    "script in the catalogue": attacks.other_catalogue,
    "attachment added": attacks.attachment,
    "signature taken out": attacks.unsigned_field("anna-signature"),
}


@pytest.mark.promise(64)
@pytest.mark.promise(67)
@pytest.mark.parametrize("revision", ["anna", "sealed"])
@pytest.mark.parametrize("name", UPDATES)
def test_an_update_after_signing_is_refused(desk, revisions, name, revision):
    report = desk.validate(attacks.updated(getattr(revisions, revision), UPDATES[name]))
    assert report.verdict in {Verdict.MODIFIED, Verdict.INVALID}, report.codes


@pytest.mark.promise(67)
@pytest.mark.parametrize("name", ["incremental saving", "shadow replace", "shadow hide, evil annotation"])
def test_a_change_hidden_before_a_later_signature_is_refused(desk, revisions, name):
    """The attacker is the second signer: everything after the change is signed properly."""
    changed = attacks.updated(revisions.anna, UPDATES[name])
    report = desk.validate(desk.seal(desk.sign(changed, TOMAS, "tomas", certify=False)))
    assert report.verdict is Verdict.MODIFIED
    assert report.signatures[0].code == "changed-after-signing"


@pytest.mark.promise(67)
def test_a_form_overwritten_after_the_last_signature_is_refused(desk, revisions):
    free = desk.validate(attacks.updated(revisions.anna, attacks.filled("tomas-title")))
    locked = desk.validate(attacks.updated(revisions.anna, attacks.filled("anna-title")))
    sealed = desk.validate(attacks.updated(revisions.sealed, attacks.filled("tomas-title")))
    assert (free.verdict, free.codes[0]) == (Verdict.MODIFIED, "changed-after-last")
    assert (locked.verdict, sealed.verdict) == (Verdict.MODIFIED, Verdict.MODIFIED)


@pytest.mark.promise(64)
def test_a_second_signer_cannot_overwrite_what_the_first_wrote(desk, revisions):
    changed = attacks.updated(revisions.anna, attacks.filled("anna-title", "Chief executive"))
    report = desk.validate(desk.sign(changed, TOMAS, "tomas", certify=False))
    assert report.signatures[0].code == "changed-after-signing"
    assert report.verdict is Verdict.MODIFIED


BROKEN_SIGNATURES = {
    "no contents": attacks.without("/Contents"),
    "no byte range": attacks.without("/ByteRange"),
    "null byte range": attacks.with_value("/ByteRange", generic.NullObject()),
    "empty byte range": attacks.with_value("/ByteRange", generic.ArrayObject()),
    "empty contents": attacks.with_value("/Contents", generic.ByteStringObject(b"")),
    "zero contents": attacks.with_value("/Contents", generic.ByteStringObject(bytes(100))),
    "contents are a name": attacks.with_value("/Contents", generic.NameObject("/None")),
    "unknown sub-filter": attacks.with_value("/SubFilter", generic.NameObject("/made.up")),
    "legacy sub-filter": attacks.with_value("/SubFilter", generic.NameObject("/adbe.pkcs7.sha1")),
    "no sub-filter": attacks.without("/SubFilter"),
    "unknown type": attacks.with_value("/Type", generic.NameObject("/Sick")),
    "empty signature": lambda _: generic.DictionaryObject(),
    "a string for a signature": lambda _: generic.TextStringObject("signed, honestly"),
}


@pytest.mark.promise(67)
@pytest.mark.promise(68)
@pytest.mark.parametrize("name", BROKEN_SIGNATURES)
def test_a_forged_signature_dictionary_is_refused(desk, revisions, name):
    change = attacks.signature_set_to("anna-signature", BROKEN_SIGNATURES[name])
    report = desk.validate(attacks.updated(revisions.anna, change))
    assert report.verdict is Verdict.INVALID, report.codes
    assert report.signatures[0].reason.endswith(".")


@pytest.mark.promise(59)
def test_a_trusted_signature_with_a_weak_key_is_refused(desk, prepared, monkeypatch):
    monkeypatch.setattr(making, "new_key", lambda: ec.generate_private_key(ec.SECP192R1()))
    report = desk.validate(desk.sign(prepared, ANNA, "anna", certify=True))
    assert (report.verdict, report.codes[0]) == (Verdict.INVALID, "weak-algorithm")


def _in_the_gap(content, found, instead):
    """Change the signature's own hexadecimal text, the one part of the file that it cannot cover."""
    start, end = (int(each) for each in re.search(rb"/ByteRange \[0 (\d+) (\d+)", content).groups())
    gap = content[start:end]
    assert found in gap
    return content[:start] + gap.replace(found, instead, 1) + content[end:]


@pytest.mark.promise(67)
@pytest.mark.parametrize(
    ("found", "instead"),
    [(b"3082", b"30 8"), (b"0000>", b"00  >"), (b"0000>", b"00%%>"), (b"0000>", b"0001>"), (b"A", b"a")],
    ids=["a space", "spaces", "a comment", "padding", "other letters"],
)
def test_the_gap_that_no_signature_covers_has_one_spelling(desk, revisions, found, instead):
    report = desk.validate(_in_the_gap(revisions.anna, found, instead))
    assert report.verdict is Verdict.INVALID, report.codes


@pytest.mark.promise(67)
def test_the_only_signature_taken_out_is_never_just_unsigned(desk, revisions):
    report = desk.validate(attacks.updated(revisions.anna, attacks.unsigned_field("anna-signature")))
    assert report.codes[0] == "hidden-signature"


@pytest.mark.promise(67)
def test_bytes_hidden_in_the_reserved_room_are_refused(desk, revisions):
    begin, end = attacks.last_contents(revisions.anna)
    changed = revisions.anna[: end - 8] + b"deadbeef" + revisions.anna[end:]
    assert len(changed) == len(revisions.anna)
    assert begin < end - 8
    assert desk.validate(changed).codes[0] == "coverage"


@pytest.mark.promise(68)
@pytest.mark.parametrize(
    "content",
    [b"", b"\x00", b"%PDF-1.7", b"not a PDF at all", b"PK\x03\x04" + bytes(200), contract()[:700]],
    ids=["empty", "zero", "header", "text", "zip", "half"],
)
def test_what_is_no_pdf_is_unreadable_and_never_an_error(desk, content):
    report = desk.validate(content)
    assert report.verdict is Verdict.UNREADABLE
    assert report.reasons


@pytest.mark.promise(68)
def test_an_encrypted_document_is_unreadable(desk, encrypted):
    assert desk.validate(encrypted).codes == ("encrypted",)


@pytest.mark.promise(68)
@pytest.mark.parametrize(
    "lie",
    [None, 5, {}, {"signatures": [{"code": "no such code"}], "codes": []}, {"signatures": "x", "codes": []}],
)
def test_a_worker_that_lies_about_the_shape_is_never_believed(lie):
    assert read_answer(lie).verdict is Verdict.UNREADABLE


def test_every_code_says_a_whole_sentence_and_every_verdict_is_summed_up():
    assert set(SUMMARIES) == set(Verdict)
    for verdict, words, advice in REASONS.values():
        assert verdict in Verdict
        for sentence in (words, advice):
            assert sentence[0].isupper()
            assert sentence.endswith(".")


def test_the_specification_names_every_code_with_its_verdict():
    page = Path(__file__).parents[2] / "docs" / "formats" / "signed-document.md"
    table = re.findall(r"^\| `([a-z-]+)` \| ([a-z-]+) \|$", page.read_text(encoding="utf-8"), re.MULTILINE)
    assert dict(table) == {code: str(verdict) for code, (verdict, _, _) in REASONS.items()}


@pytest.mark.promise(59)
@pytest.mark.parametrize(
    ("family", "bits", "digest", "years", "strong"),
    [
        ("ecdsa", 256, "sha256", 0, True),
        ("ecdsa", 384, "sha384", 40, True),
        ("ecdsa", 224, "sha256", 0, False),
        ("ecdsa", 256, "sha1", 0, False),
        ("ecdsa", 256, "md5", 0, False),
        ("rsassa_pss", 3072, "sha256", 40, True),
        ("rsassa_pss", 2048, "sha256", 0, True),
        ("rsassa_pss", 2048, "sha256", 4, False),
        ("rsassa_pkcs1v15", 2048, "sha256", 0, True),
        ("rsassa_pkcs1v15", 4096, "sha256", 4, False),
        ("rsassa_pkcs1v15", 1024, "sha256", 0, False),
        ("dsa", 3072, "sha256", 0, False),
        ("ed25519", 256, "sha256", 0, False),
    ],
)  # fmt: skip
def test_only_algorithms_strong_enough_for_their_time_are_accepted(family, bits, digest, years, strong):
    made_at = datetime(2026, 6, 1, tzinfo=UTC) + years * YEAR
    if strong:
        check_algorithms(family=family, bits=bits, digest=digest, made_at=made_at)
    else:
        with pytest.raises(AlgorithmTooWeak):
            check_algorithms(family=family, bits=bits, digest=digest, made_at=made_at)

"""Programs that have nothing to do with us judge the same file: poppler and NSS, OpenSSL, qpdf, rfc3161-client.

Signatures are cut out of the file by this test's own few lines, without any PDF library.
"""

import re
import subprocess
from dataclasses import dataclass

import pytest
import rfc3161_client
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.hashes import SHA256, Hash


@dataclass
class Cut:
    stamp: bool
    der: bytes
    signed: bytes
    whole: bool  # nothing follows it


def cut_out(data: bytes) -> list[Cut]:
    found = []
    for match in re.finditer(rb"/ByteRange\s*\[\s*(\d+)\s+(\d+)\s+(\d+)\s+(\d+)\s*\]", data):
        start, before, after, rest = map(int, match.groups())
        raw = bytes.fromhex(data[start + before + 1 : after - 1].decode())
        header = 2 + (raw[1] & 0x7F)
        size = header + int.from_bytes(raw[2:header])
        around = data[before - 400 : before] + data[after : after + 400]
        signed = data[start : start + before] + data[after : after + rest]
        found.append(Cut(b"/DocTimeStamp" in around, raw[:size], signed, after + rest == len(data)))
    return found


@pytest.fixture(scope="module")
def desk_top(sealed, office, tmp_path_factory):
    folder = tmp_path_factory.mktemp("independent")
    (folder / "sealed.pdf").write_bytes(sealed)
    for name in ("root", "issuing"):
        certificate = getattr(office.ca, name).certificate
        (folder / f"{name}.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    return folder


def run(folder, *command):
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=60)
    return done.returncode, done.stdout + done.stderr


def pdfsig(folder, name):
    if not (folder / "nss").exists():
        (folder / "nss").mkdir()
        run(folder, "certutil", "-N", "-d", "sql:nss", "--empty-password")
        run(folder, "certutil", "-A", "-d", "sql:nss", "-n", "Root", "-t", "CT,C,C", "-i", "root.pem")
    return run(folder, "pdfsig", "-no-ocsp", "-nssdir", "sql:nss", name)[1].split("Signature #")[1:]


@pytest.mark.promise(60)
def test_pdfsig_calls_every_signature_valid_and_trusted(desk_top):
    anna, tomas, seal, stamp = pdfsig(desk_top, "sealed.pdf")
    for signature in (anna, tomas, seal):
        assert "Signature is Valid." in signature
        assert "Certificate is Trusted." in signature
        assert "ETSI.CAdES.detached" in signature
    assert "Total document signed" in stamp
    assert "Not total document signed" in seal


@pytest.mark.promise(60)
def test_pdfsig_sees_the_total_document_under_a_last_signature(desk_top, revisions):
    (desk_top / "tomas.pdf").write_bytes(revisions.tomas)
    last = pdfsig(desk_top, "tomas.pdf")[-1]
    assert "Total document signed" in last
    assert "Signature is Valid." in last
    assert "Certificate is Trusted." in last


@pytest.mark.promise(60)
def test_openssl_verifies_each_persons_signature(desk_top, sealed):
    signatures = [each for each in cut_out(sealed) if not each.stamp]
    assert len(signatures) == 3
    for each in signatures:
        (desk_top / "sig.p7s").write_bytes(each.der)
        (desk_top / "sig.data").write_bytes(each.signed)
        status, words = run(
            desk_top, "openssl", "cms", "-verify", "-binary", "-inform", "DER", "-in", "sig.p7s", "-content",
            "sig.data", "-CAfile", "root.pem", "-purpose", "smimesign", "-cades", "-out", "/dev/null",
        )  # fmt: skip
        assert status == 0, words


@pytest.mark.promise(60)
def test_openssl_verifies_the_archive_timestamp_over_the_whole_file(desk_top, sealed):
    (stamp,) = [each for each in cut_out(sealed) if each.stamp]
    assert stamp.whole
    (desk_top / "ts.p7s").write_bytes(stamp.der)
    (desk_top / "ts.data").write_bytes(stamp.signed)
    status, words = run(
        desk_top, "openssl", "ts", "-verify", "-in", "ts.p7s", "-token_in", "-data", "ts.data",
        "-CAfile", "root.pem", "-untrusted", "issuing.pem",
    )  # fmt: skip
    assert status == 0, words
    (desk_top / "ts.data").write_bytes(stamp.signed[:-1] + b"x")
    assert run(
        desk_top, "openssl", "ts", "-verify", "-in", "ts.p7s", "-token_in", "-data", "ts.data",
        "-CAfile", "root.pem", "-untrusted", "issuing.pem",
    )[0] != 0, "the verifier looks at the data"  # fmt: skip


@pytest.mark.promise(60)
def test_an_independent_library_verifies_the_archive_timestamp(sealed, office):
    (stamp,) = [each for each in cut_out(sealed) if each.stamp]
    length = len(stamp.der) + 5
    answer = (
        b"\x30\x82" + length.to_bytes(2) + b"\x30\x03\x02\x01\x00" + stamp.der
    )  # status granted, then the token
    response = rfc3161_client.decode_timestamp_response(answer)
    verifier = (
        rfc3161_client.VerifierBuilder()
        .add_root_certificate(office.ca.root.certificate)
        .add_intermediate_certificate(office.ca.issuing.certificate)
        .build()
    )
    digest = Hash(SHA256())
    digest.update(stamp.signed)
    verifier.verify(response, digest.finalize())


def test_qpdf_finds_nothing_wrong(desk_top):
    status, words = run(desk_top, "qpdf", "--check", "sealed.pdf")
    assert status == 0, words
    assert "No syntax or stream encoding errors found" in words


def test_each_revision_is_the_beginning_of_the_next(revisions):
    assert revisions.anna.startswith(revisions.prepared)
    assert revisions.tomas.startswith(revisions.anna)
    assert revisions.sealed.startswith(revisions.tomas)

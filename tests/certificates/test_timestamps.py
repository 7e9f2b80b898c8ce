import hashlib
import subprocess

import pytest
import rfc3161_client
from asn1crypto import algos, core, tsp
from cryptography.hazmat.primitives import serialization
from cryptography.x509 import ObjectIdentifier

from docvault.certificates import der
from docvault.certificates.timestamps import POLICY, TimestampAuthority

DATA = b"these bytes existed"


@pytest.fixture(scope="module")
def tsa(ca):
    return TimestampAuthority(ca.timestamp, [ca.issuing.der])


def ask(algorithm="sha256", **more) -> tsp.TimeStampReq:
    digest = hashlib.new(algorithm, DATA).digest()
    imprint = {"hash_algorithm": algos.DigestAlgorithm({"algorithm": algorithm}), "hashed_message": digest}
    fields = {
        "version": 1,
        "message_imprint": tsp.MessageImprint(imprint),
        "cert_req": True,
        "nonce": 2**63 + 5,
    }
    return tsp.TimeStampReq({**fields, **more})


@pytest.mark.promise(59)
def test_an_independent_library_verifies_the_token(ca, tsa, now):
    request = (
        rfc3161_client.TimestampRequestBuilder()
        .data(DATA)
        .nonce(nonce=True)
        .cert_request(cert_request=True)
        .build()
    )
    response = rfc3161_client.decode_timestamp_response(tsa.respond(request.as_bytes(), now))
    verifier = (
        rfc3161_client.VerifierBuilder.from_request(request)
        .policy_id(ObjectIdentifier(POLICY))
        .add_root_certificate(ca.root.certificate)
        .build()
    )
    verifier.verify_message(response, DATA)
    assert response.tst_info.gen_time == now.replace(microsecond=0)


@pytest.mark.parametrize("algorithm", ["sha256", "sha384", "sha512"])
def test_openssl_verifies_the_answer(ca, tsa, now, tmp_path, algorithm):
    for name, pair in (("root", ca.root), ("issuing", ca.issuing)):
        (tmp_path / f"{name}.pem").write_bytes(pair.certificate.public_bytes(serialization.Encoding.PEM))
    request = ask(algorithm).dump()
    (tmp_path / "q.tsq").write_bytes(request)
    (tmp_path / "a.tsr").write_bytes(tsa.respond(request, now))
    command = ["openssl", "ts", "-verify", "-queryfile", "q.tsq", "-in", "a.tsr", "-attime", str(int(now.timestamp())),
               "-CAfile", "root.pem", "-untrusted", "issuing.pem"]  # fmt: skip
    verify = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "Verification: OK" in verify.stdout, verify.stderr


def test_the_answer_is_canonical_der_with_everything_asked(ca, tsa, now):
    answer = tsa.respond(ask().dump(), now)
    response = tsp.TimeStampResp.load(answer, strict=True)
    signed = response["time_stamp_token"]["content"]
    info = signed["encap_content_info"]["content"].parsed
    assert response["status"]["status"].native == "granted"
    assert info["nonce"].native == 2**63 + 5
    assert info["policy"].native == POLICY
    assert info["accuracy"].native["seconds"] == 1
    assert info["serial_number"].native.bit_length() == 127
    assert len(signed["certificates"]) == 2
    attributes = {each["type"].native for each in signed["signer_infos"][0]["signed_attrs"]}
    assert attributes == {"content_type", "message_digest", "signing_certificate_v2"}


def test_serial_numbers_never_repeat_and_certificates_come_only_when_asked(tsa, now):
    answers = [tsp.TimeStampResp.load(tsa.respond(ask(cert_req=False).dump(), now)) for _ in range(20)]
    tokens = [each["time_stamp_token"]["content"] for each in answers]
    assert len({t["encap_content_info"]["content"].parsed["serial_number"].native for t in tokens}) == 20
    assert all(len(t["certificates"]) == 0 for t in tokens)


WEAK = tsp.MessageImprint(
    {"hash_algorithm": algos.DigestAlgorithm({"algorithm": "sha1"}), "hashed_message": bytes(20)}
)
SHORT = tsp.MessageImprint(
    {"hash_algorithm": algos.DigestAlgorithm({"algorithm": "sha256"}), "hashed_message": b"x"}
)


@pytest.mark.parametrize(
    ("request_der", "failure"),
    [
        (b"", "bad_data_format"),
        (b"\x30\x80", "bad_data_format"),
        (b"GET / HTTP/1.1", "bad_data_format"),
        (ask().dump() + b"\x00", "bad_data_format"),
        (ask(message_imprint=WEAK).dump(), "bad_alg"),
        (ask(message_imprint=SHORT).dump(), "bad_alg"),
        (ask(req_policy="1.2.3.4").dump(), "unaccepted_policy"),
        (ask(extensions=[{"extn_id": "2.5.29.15", "extn_value": core.OctetString(b"\x05\x00")}]).dump(),
         "unaccepted_extensions"),
    ],
    ids=["empty", "cut", "not DER", "trailing byte", "SHA-1", "short digest", "policy", "extension"],
)  # fmt: skip
def test_a_bad_request_is_answered_by_a_rejection_that_says_why(tsa, now, request_der, failure):
    response = core.Sequence.load(tsa.respond(request_der, now), strict=True)
    status = tsp.PKIStatusInfo.load(response[0].dump(), strict=True)
    assert len(response) == 1, "a rejection carries no token"
    assert status["status"].native == "rejection"
    assert status["fail_info"].native == {failure}
    assert status["status_string"].native[0].endswith(".")


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (der.integer(0), core.Integer(0)),
        (der.integer(127), core.Integer(127)),
        (der.integer(128), core.Integer(128)),
        (der.integer(-129), core.Integer(-129)),
        (der.integer(2**200), core.Integer(2**200)),
        (der.octets(bytes(127)), core.OctetString(bytes(127))),
        (der.octets(bytes(128)), core.OctetString(bytes(128))),
        (der.octets(bytes(70000)), core.OctetString(bytes(70000))),
        (der.oid("1.2.840.10045.4.3.2"), core.ObjectIdentifier("1.2.840.10045.4.3.2")),
        (der.oid("2.25.1"), core.ObjectIdentifier("2.25.1")),
        (der.utf8("Łódź"), core.UTF8String("Łódź")),
    ],
)
def test_values_are_written_as_another_encoder_writes_them(written, expected):
    assert written == expected.dump()

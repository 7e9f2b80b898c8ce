"""PDFs that cannot be signed, made for these tests."""

import io
from datetime import UTC, datetime, timedelta

import pikepdf
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from pyhanko.keys import load_cert_from_pemder, load_private_key_from_pemder
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import signers
from pyhanko.sign.fields import MDPPerm
from pyhanko_certvalidator.registry import SimpleCertificateStore

from pdf import crafted

STRANGER = "Vera Fremd"


def signed_elsewhere(folder) -> bytes:
    """A PDF with a real signature of somebody this installation does not know, who allows no change after it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, STRANGER)])
    day = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(day - timedelta(days=1))
        .not_valid_after(day + timedelta(days=30))
        .add_extension(
            x509.KeyUsage(True, True, False, False, False, False, False, False, False), critical=True
        )
        .sign(key, hashes.SHA256())
    )
    key_file, certificate_file = folder / "stranger.key", folder / "stranger.pem"
    key_file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    certificate_file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    signer = signers.SimpleSigner(
        signing_cert=load_cert_from_pemder(certificate_file),
        signing_key=load_private_key_from_pemder(key_file, None),
        cert_registry=SimpleCertificateStore(),
    )
    writer = IncrementalPdfFileWriter(io.BytesIO(crafted.plain(2)))
    closing = signers.PdfSignatureMetadata(
        field_name="Stranger", certify=True, docmdp_permissions=MDPPerm.NO_CHANGES
    )
    output = signers.sign_pdf(writer, closing, signer=signer)
    return output.getvalue()


def large(size: int) -> bytes:
    """A good PDF of more than `size` bytes."""
    import os

    pdf = crafted.pdf_with(2)
    pdf.attachments["ballast"] = pikepdf.AttachedFileSpec(pdf, os.urandom(size), filename="ballast")
    return crafted.saved(pdf)

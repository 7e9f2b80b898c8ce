"""One certificate authority, one worker pool and one signed contract for all tests of signing."""

import io
from types import SimpleNamespace

import pikepdf
import pytest

from docvault.pdf.workers import Workers

from .desks import ANNA, TOMAS, Desk, Office, contract


@pytest.fixture(scope="session")
def workers():
    with Workers(1) as pool:
        yield pool


@pytest.fixture(scope="session")
def office():
    return Office()


@pytest.fixture(scope="session")
def desk(workers, office):
    return Desk(workers, office)


@pytest.fixture(scope="session")
def prepared() -> bytes:
    return contract()


@pytest.fixture(scope="session")
def revisions(desk, prepared):
    """The contract's life: prepared, signed by Anna, signed by Tomas, sealed."""
    anna = desk.sign(prepared, ANNA, "anna", certify=True)
    tomas = desk.sign(anna, TOMAS, "tomas", certify=False)
    return SimpleNamespace(prepared=prepared, anna=anna, tomas=tomas, sealed=desk.seal(tomas))


@pytest.fixture(scope="session")
def sealed(revisions) -> bytes:
    return revisions.sealed


@pytest.fixture(scope="session")
def encrypted(prepared) -> bytes:
    output = io.BytesIO()
    with pikepdf.open(io.BytesIO(prepared)) as pdf:
        pdf.save(output, encryption=pikepdf.Encryption(owner="owner", user="secret"))
    return output.getvalue()

from datetime import UTC, datetime

import pytest

from docvault.certificates import authority
from docvault.certificates.authority import CertificateAuthority

NOW = datetime(2026, 11, 21, 12, 0, 0, 123456, tzinfo=UTC)


@pytest.fixture(scope="session")
def now() -> datetime:
    return NOW


@pytest.fixture(scope="session")
def ca() -> CertificateAuthority:
    return authority.create("Harbour & Pine Oy", "https://vault.example", NOW, country="FI")

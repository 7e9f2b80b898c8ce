"""Settings, typed: read once at start from `DOCVAULT_*` variables and `docvault.toml`. Decides nothing.

A variable wins over the file; a secret may also lie in a file named by `DOCVAULT_…_FILE`. The embedded
default needs none.
"""

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from docvault.blobs.bucket import Bucket, BucketUnclear
from docvault.values import DocVaultError

PREFIX = "DOCVAULT_"
DEFAULT_PORT = 8000
BUILT_IN = "built-in"
# Settings that may hold a password: never shown, and in no backup.
SECRET = frozenset(
    {
        "database_url",
        "key_holder",  # no secret, but of one run on one machine
        "log_s3_access_key",
        "log_s3_secret_key",
        "root_key",  # the address of a PKCS#11 token may hold its PIN
        "s3_access_key",
        "s3_secret_key",
        "signer",  # as the root key's
        "signer_passphrase",
        "smtp_url",
        "sso_client_secret",
        "tsa_urls",  # an authority may want a name and a password
    }
)


class SettingsInvalid(DocVaultError):
    """A setting is unknown or cannot be used; the message names it and says what to write instead."""


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything an installation may choose."""

    data: Path = Path("data")
    database_url: str = ""  # empty: SQLite in `data`
    blobs: str = (
        ""  # empty: the folder `blobs` in `data`; otherwise file:/absolute/path or s3://bucket/prefix
    )
    s3_access_key: str = ""  # of the bucket; both empty: from where the AWS tools take them
    s3_secret_key: str = ""
    log_blobs: str = ""  # s3://bucket/prefix that the audit log is published to; empty: nowhere
    log_s3_access_key: str = ""  # of that bucket; both empty: as for the files
    log_s3_secret_key: str = ""
    base_url: str = f"http://127.0.0.1:{DEFAULT_PORT}"
    smtp_url: str = ""  # smtp://user:password@host:587 (STARTTLS) or smtps://…; empty: the local outbox page
    smtp_from: str = ""  # empty: docvault@ and the host of base_url
    root_key: str = ""  # empty: keys/root.key in `data`; otherwise file:/absolute/path, pkcs11:… or kms:…
    key_holder: str = ""  # set by `docvault serve`: the socket of the process that holds the keys
    signer: str = ""  # of the seal; empty or built-in: a key of ours; else pkcs12:/path, pkcs11:… or kms:…
    signer_passphrase: str = ""  # of the PKCS#12 file
    signer_chain: str = (
        ""  # a file of certificates, PEM, for that key; empty: those in the PKCS#12 file, or ours
    )
    signer_hosts: tuple[str, ...] = ()  # where the revocation lists of those certificates lie
    clamd: str = ""  # unix:/path/of/clamd.ctl or tcp:host:port; empty: files are not scanned for malware
    policies: str = ""  # empty: the policies that came with DocVault
    sso_issuer: str = ""  # https://login.example.com: the OpenID provider; empty: no single sign-on
    sso_client_id: str = ""
    sso_client_secret: str = ""
    tsa_urls: tuple[str, ...] = ()  # timestamp authorities (RFC 3161), in the order of trying; empty: our own
    tsa_roots: str = ""  # a file of certificates, PEM: whom to believe about times, also of earlier years
    tsa_hosts: tuple[str, ...] = ()  # further hosts, where their revocation lists lie
    name: str = "DocVault"  # what the portal calls itself
    trusted_proxies: tuple[str, ...] = ()  # addresses or networks whose X-Forwarded-For counts (promise 86)

    @property
    def database(self) -> str:
        return self.database_url or f"sqlite:///{(self.data / 'docvault.sqlite').resolve()}"

    @property
    def bucket(self) -> Bucket | None:
        """The bucket that holds the files, where it is one."""
        if not self.blobs.startswith("s3:"):
            return None
        try:
            return Bucket.parse(self.blobs).opened_with(self.s3_access_key, self.s3_secret_key)
        except BucketUnclear as error:
            raise SettingsInvalid(f"{PREFIX}BLOBS cannot be used: {error}.") from error

    @property
    def log_bucket(self) -> Bucket | None:
        """The bucket that the audit log is published to, where there is one."""
        if not self.log_blobs:
            return None
        access = self.log_s3_access_key or self.s3_access_key
        secret = self.log_s3_secret_key or self.s3_secret_key
        if not self.log_blobs.startswith("s3:"):
            raise SettingsInvalid(f"{PREFIX}LOG_BLOBS must name a bucket: s3://bucket/prefix.")
        try:
            found = Bucket.parse(self.log_blobs, lock="compliance").opened_with(access, secret)
        except BucketUnclear as error:
            raise SettingsInvalid(f"{PREFIX}LOG_BLOBS cannot be used: {error}.") from error
        if self.bucket and found.overlaps(self.bucket):
            raise SettingsInvalid(
                f"{PREFIX}LOG_BLOBS must lie elsewhere than the files, best in a bucket of its own."
            )
        return found

    @property
    def blob_folder(self) -> Path:
        return _file(self.blobs, "BLOBS") if self.blobs else self.data / "blobs"

    @property
    def root_key_address(self) -> str:
        """Where the root key is kept: file:…, pkcs11:… or kms:…"""
        return self.root_key or f"file:{self.data / 'keys' / 'root.key'}"

    @property
    def root_key_path(self) -> Path | None:
        """The key file; None where the root key is kept elsewhere."""
        if self.root_key.startswith(("pkcs11:", "kms:")):
            return None
        return _file(self.root_key_address, "ROOT_KEY")

    @property
    def key_holders(self) -> Path:
        """The folder where key holders listen."""
        return self.data / "run"

    @property
    def has_own_seal(self) -> bool:
        """Whether the seal's key is kept elsewhere."""
        return self.signer not in ("", BUILT_IN)

    @property
    def shredded_path(self) -> Path:
        """The list of what was destroyed: beside the root key, so that it is not put back with the data."""
        beside = self.root_key_path or self.data / "keys" / "root.key"
        return beside.with_name("shredded.list")

    @property
    def sender_address(self) -> str:
        return self.smtp_from or f"docvault@{urlsplit(self.base_url).hostname or 'localhost'}"


_DEFAULT = Settings()


def load(environment: Mapping[str, str] = os.environ, file: Path | None = None) -> Settings:
    """Read the settings. file: a TOML file; by default `docvault.toml` where the command runs, if it is
    there.

    Raises SettingsInvalid for an unreadable file, an unknown name or a value that cannot be used.
    """
    values = _from_file(file or Path("docvault.toml"), must_exist=file is not None)
    values |= _from_environment(environment)
    try:
        settings = msgspec.convert(values, Settings, strict=False, dec_hook=_path)
    except msgspec.ValidationError as error:
        raise SettingsInvalid(f"A setting cannot be used: {error}. docs/operators.md lists them.") from error
    _check(settings)
    return settings


def _path(kind: type, value: object) -> Path:
    if kind is Path and isinstance(value, str) and value:
        return Path(value)
    raise ValueError("Expected a path")


def _from_file(path: Path, *, must_exist: bool) -> dict[str, object]:
    if not path.exists() and not must_exist:
        return {}
    try:
        return tomllib.loads(path.read_text())
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise SettingsInvalid(f"The settings file {path} cannot be read: {error}") from error


def _from_environment(environment: Mapping[str, str]) -> dict[str, object]:
    names = set(Settings.__struct_fields__)
    values: dict[str, object] = {}
    for variable, text in environment.items():
        if not variable.startswith(PREFIX):
            continue
        name = variable.removeprefix(PREFIX).lower()
        if name.endswith("_file") and name.removesuffix("_file") in names:
            name = name.removesuffix("_file")
            values[name] = _value(name, _secret(variable, text))
        elif name in names:
            values[name] = _value(name, text)
        else:
            raise SettingsInvalid(
                f"{variable} is not a setting of DocVault. docs/operators.md lists them all."
            )
    return values


def _value(name: str, text: str) -> object:
    """Return a variable's text, or the parts between its commas where the setting is a list."""
    if not isinstance(getattr(_DEFAULT, name), tuple):
        return text
    return [item.strip() for item in text.split(",") if item.strip()]


def _secret(variable: str, path: str) -> str:
    try:
        return Path(path).read_text().strip()
    except OSError as error:
        raise SettingsInvalid(f"{variable} names a file that cannot be read: {error}") from error


def _file(url: str, name: str) -> Path:
    if not url.startswith("file:"):
        other = " (or be s3://bucket/prefix)" if name == "BLOBS" else ""
        raise SettingsInvalid(
            f"{PREFIX}{name} must start with file: and name a path: file:/srv/docvault{other}."
        )
    return Path(url.removeprefix("file:"))


def _check(settings: Settings) -> None:
    base = urlsplit(settings.base_url)
    if base.scheme not in {"http", "https"} or not base.hostname:
        raise SettingsInvalid(
            f"{PREFIX}BASE_URL must be the portal's address, for example https://vault.example.com."
        )
    if base.scheme == "http" and base.hostname not in {"127.0.0.1", "localhost", "::1"}:
        raise SettingsInvalid(f"{PREFIX}BASE_URL must start with https:// unless it is this machine itself.")
    if settings.smtp_url and urlsplit(settings.smtp_url).scheme not in {"smtp", "smtps"}:
        raise SettingsInvalid(f"{PREFIX}SMTP_URL must start with smtp:// or smtps://.")
    if settings.database_url and not settings.database_url.startswith(("sqlite:", "postgresql")):
        raise SettingsInvalid(f"{PREFIX}DATABASE_URL must start with sqlite: or postgresql:.")
    _check_sso(settings)
    _check_timestamps(settings)
    _check_signer(settings)
    if bool(settings.s3_access_key) != bool(settings.s3_secret_key):
        raise SettingsInvalid(f"{PREFIX}S3_ACCESS_KEY and _S3_SECRET_KEY are set together or not at all.")
    if bool(settings.log_s3_access_key) != bool(settings.log_s3_secret_key):
        raise SettingsInvalid(
            f"{PREFIX}LOG_S3_ACCESS_KEY and _LOG_S3_SECRET_KEY are set together or not at all."
        )
    _ = settings.bucket or settings.blob_folder, settings.log_bucket, settings.root_key_path


def _check_sso(settings: Settings) -> None:
    given = [settings.sso_issuer, settings.sso_client_id, settings.sso_client_secret]
    if any(given) and not all(given):
        raise SettingsInvalid(
            f"{PREFIX}SSO_ISSUER, _CLIENT_ID and _CLIENT_SECRET are set together or not at all."
        )
    issuer = urlsplit(settings.sso_issuer)
    local = issuer.scheme == "http" and issuer.hostname in {"127.0.0.1", "localhost", "::1"}
    wrong = issuer.scheme != "https" or not issuer.hostname or issuer.query or issuer.fragment
    if settings.sso_issuer and wrong and not local:
        raise SettingsInvalid(
            f"{PREFIX}SSO_ISSUER must be the provider's https:// address, as the provider says it."
        )


def _check_signer(settings: Settings) -> None:
    kind = settings.signer.partition(":")[0]
    if settings.has_own_seal and (kind not in {"pkcs12", "pkcs11", "kms"} or ":" not in settings.signer):
        raise SettingsInvalid(
            f"{PREFIX}SIGNER must be built-in, pkcs12:/path/of/seal.p12, pkcs11:… or kms:…."
        )
    if settings.signer_chain and not settings.has_own_seal:
        raise SettingsInvalid(f"{PREFIX}SIGNER_CHAIN belongs to a seal that {PREFIX}SIGNER names.")


def _check_timestamps(settings: Settings) -> None:
    for address in settings.tsa_urls:
        try:
            parts = urlsplit(address)
        except ValueError:
            parts = urlsplit("")
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.fragment:
            raise SettingsInvalid(f"{PREFIX}TSA_URLS must be addresses that start with https:// or http://.")
        if parts.username is not None and parts.scheme != "https":
            raise SettingsInvalid(f"{PREFIX}TSA_URLS: a name and a password go over https:// only.")
    if settings.tsa_urls and not settings.tsa_roots:
        raise SettingsInvalid(
            f"{PREFIX}TSA_URLS needs {PREFIX}TSA_ROOTS: the file with the certificates to believe."
        )

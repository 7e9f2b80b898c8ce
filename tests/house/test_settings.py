"""Settings come from variables and one file, and say in words what they cannot use."""

import re
from pathlib import Path

import pytest

from docvault.blobs.bucket import Bucket
from docvault.settings import SECRET, Settings, SettingsInvalid, load

TSA = {"DOCVAULT_TSA_ROOTS": "/etc/tsa.pem"}
SSO = {"DOCVAULT_SSO_CLIENT_ID": "docvault", "DOCVAULT_SSO_CLIENT_SECRET": "x"}


def test_the_embedded_default_needs_no_setting():
    settings = load({})
    assert settings == Settings()
    assert settings.database.startswith("sqlite:///")
    assert settings.blob_folder == Path("data/blobs")
    assert settings.root_key_path == Path("data/keys/root.key")


def test_a_variable_wins_over_the_file(tmp_path):
    file = tmp_path / "docvault.toml"
    file.write_text('name = "From the file"\nbase_url = "https://file.example"\n')
    settings = load({"DOCVAULT_NAME": "From the variable"}, file)
    assert (settings.name, settings.base_url) == ("From the variable", "https://file.example")


def test_a_secret_may_lie_in_a_file(tmp_path):
    (tmp_path / "smtp").write_text("smtp://user:secret@mail.example:587\n")
    assert (
        load({"DOCVAULT_SMTP_URL_FILE": str(tmp_path / "smtp")}).smtp_url
        == "smtp://user:secret@mail.example:587"
    )


def test_files_may_lie_in_a_bucket(tmp_path):
    (tmp_path / "secret").write_text("s3cret\n")
    settings = load(
        {
            "DOCVAULT_BLOBS": "s3://files/vault?endpoint=http://127.0.0.1:9000",
            "DOCVAULT_S3_ACCESS_KEY": "someone",
            "DOCVAULT_S3_SECRET_KEY_FILE": str(tmp_path / "secret"),
        }
    )
    assert settings.bucket == Bucket(
        "files", "vault/", "http://127.0.0.1:9000", access_key="someone", secret_key="s3cret"
    )


def test_the_log_may_have_a_bucket_of_its_own_which_is_locked_for_everybody():
    settings = load(
        {"DOCVAULT_LOG_BLOBS": "s3://log/acme", "DOCVAULT_S3_ACCESS_KEY": "a", "DOCVAULT_S3_SECRET_KEY": "b"}
    )
    assert settings.log_bucket == Bucket("log", "acme/", lock="compliance", access_key="a", secret_key="b")
    own = {"DOCVAULT_LOG_S3_ACCESS_KEY": "c", "DOCVAULT_LOG_S3_SECRET_KEY": "d"}
    found = load({"DOCVAULT_LOG_BLOBS": "s3://log/acme?lock=governance", **own}).log_bucket
    assert (found.lock, found.access_key, found.secret_key) == ("governance", "c", "d")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"LOG_BLOBS": "file:/srv/log"}, "must name a bucket"),
        ({"LOG_BLOBS": "s3://"}, "LOG_BLOBS cannot be used"),
        ({"LOG_BLOBS": "s3://files/vault/log", "BLOBS": "s3://files/vault"}, "elsewhere than the files"),
        ({"LOG_BLOBS": "s3://files/log", "BLOBS": "s3://files"}, "elsewhere than the files"),
        ({"LOG_BLOBS": "s3://log", "LOG_S3_ACCESS_KEY": "x"}, "set together"),
    ],
)
def test_a_bucket_for_the_log_that_cannot_be_used_is_refused(given, said):
    with pytest.raises(SettingsInvalid, match=said):
        load({f"DOCVAULT_{name}": value for name, value in given.items()})


def test_what_may_hold_a_password_is_shown_nowhere():
    """A new setting whose name speaks of a key, a secret or an address with a password belongs to these."""
    speaking = {
        name for name in Settings.__struct_fields__ if re.search("key|secret|pass|_url|^signer$", name)
    }
    assert speaking - {"base_url"} == SECRET


def test_the_data_folder_is_a_path():
    assert load({"DOCVAULT_DATA": "/srv/docvault"}).root_key_path == Path("/srv/docvault/keys/root.key")


def test_proxies_are_a_list_with_commas():
    assert load({"DOCVAULT_TRUSTED_PROXIES": "10.0.0.1,10.0.0.2"}).trusted_proxies == ("10.0.0.1", "10.0.0.2")


def test_timestamp_authorities_are_a_list_in_order_also_from_a_file(tmp_path):
    (tmp_path / "tsa").write_text("https://user:word@a.example/tsr, http://b.example/tsr\n")
    settings = load({"DOCVAULT_TSA_URLS_FILE": str(tmp_path / "tsa"), "DOCVAULT_TSA_ROOTS": "/etc/tsa.pem"})
    assert settings.tsa_urls == ("https://user:word@a.example/tsr", "http://b.example/tsr")


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({"DOCVAULT_COLOUR": "blue"}, "DOCVAULT_COLOUR is not a setting"),
        ({"DOCVAULT_BASE_URL": "vault.example"}, "must be the portal's address"),
        ({"DOCVAULT_BASE_URL": "http://vault.example"}, "must start with https"),
        ({"DOCVAULT_SMTP_URL": "https://mail.example"}, "must start with smtp"),
        ({"DOCVAULT_DATABASE_URL": "mysql://x"}, "must start with sqlite: or postgresql:"),
        ({"DOCVAULT_BLOBS": "/srv/blobs"}, "must start with file:"),
        ({"DOCVAULT_BLOBS": "s3://key:secret@files"}, "without a password"),
        ({"DOCVAULT_S3_ACCESS_KEY": "someone"}, "set together"),
        ({"DOCVAULT_SSO_ISSUER": "https://login.example"}, "set together"),
        ({"DOCVAULT_SSO_CLIENT_SECRET": "x"}, "set together"),
        (SSO | {"DOCVAULT_SSO_ISSUER": "http://login.example"}, "https:// address"),
        (SSO | {"DOCVAULT_SSO_ISSUER": "https://login.example?x=1"}, "https:// address"),
        ({"DOCVAULT_TSA_URLS": "https://tsa.example"}, "needs DOCVAULT_TSA_ROOTS"),
        (TSA | {"DOCVAULT_TSA_URLS": "tsa.example"}, "must be addresses"),
        (TSA | {"DOCVAULT_TSA_URLS": "https://[broken"}, "must be addresses"),
        (TSA | {"DOCVAULT_TSA_URLS": "http://user:word@tsa.example"}, "over https:// only"),
        ({"DOCVAULT_DATA": ""}, "Expected a path"),
        ({"DOCVAULT_SMTP_URL_FILE": "/no/such/file"}, "cannot be read"),
    ],
)
def test_a_setting_that_cannot_be_used_is_named(environment, said):
    with pytest.raises(SettingsInvalid, match=said):
        load(environment)


def test_a_file_with_an_unknown_name_is_refused(tmp_path):
    file = tmp_path / "docvault.toml"
    file.write_text('colour = "blue"\n')
    with pytest.raises(SettingsInvalid, match="colour"):
        load({}, file)


def test_a_broken_file_is_refused(tmp_path):
    file = tmp_path / "docvault.toml"
    file.write_text("name = ")
    with pytest.raises(SettingsInvalid, match="cannot be read"):
        load({}, file)

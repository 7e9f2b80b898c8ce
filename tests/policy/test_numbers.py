import shutil
from pathlib import Path

import pytest

from docvault.policy import numbers
from docvault.policy.numbers import NumbersInvalid

POLICIES = Path(__file__).parents[2] / "policies"


def test_the_numbers_are_what_the_promises_ask_for():
    found = numbers.load(POLICIES)
    sessions, passwords = found.sessions, found.passwords
    assert (sessions.idle_minutes, sessions.administrator_idle_minutes) == (60, 15)
    assert (sessions.absolute_hours, sessions.administrator_absolute_hours) == (24, 12)
    assert sessions.step_up_minutes == 5
    assert passwords.min_length == 12
    assert passwords.max_length >= 128
    assert passwords.recovery_codes == 10
    assert (passwords.throttle.free_tries, passwords.throttle.longest_delay_seconds) == (5, 3600)
    assert passwords.throttle.factor_stops_at == 100


@pytest.mark.promise(10)
@pytest.mark.asvs("11.4.2")
def test_argon2id_is_one_of_the_documented_owasp_settings():
    owasp = {(47104, 1, 1), (19456, 2, 1), (12288, 3, 1), (9216, 4, 1), (7168, 5, 1)}
    argon2 = numbers.load(POLICIES).passwords.argon2
    assert (argon2.memory_kib, argon2.passes, argon2.lanes) in owasp
    assert argon2.at_once == 2


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("passwords.toml", "min_length = 12", "min_length = 7"),
        ("passwords.toml", "max_length = 256", "max_length = 64"),
        ("passwords.toml", "reset_minutes = 30", "reset_minutes = 600"),
        ("passwords.toml", "factor_stops_at = 100", "factor_stops_at = 101"),
        ("sessions.toml", "idle_minutes = 60", "idle_minutes = 61"),
        ("sessions.toml", "absolute_hours = 24", "absolute_hours = 25"),
        ("sessions.toml", "step_up_minutes = 5", "step_up_minutes = 6"),
        ("sessions.toml", "passkey_roles = []", 'passkey_roles = ["officer"]'),
        ("sessions.toml", "passkey_roles = []", 'passkey_roles = "client"'),
        ("sessions.toml", "idle_minutes = 60", "idle_minutes = true"),
        ("sessions.toml", "idle_minutes = 60", 'idle_minutes = "60"'),
        ("sessions.toml", "idle_minutes = 60", "idel_minutes = 60"),
        ("passwords.toml", "free_tries = 5\n", "free_tries = 5\nfree_trise = 5\n"),
        ("access.toml", "break_glass_minutes = 60", "break_glass_minutes = 1441"),
        ("access.toml", "folder_depth = 8", "folder_depth = 0"),
        ("uploads.toml", "max_signing_pages = 500", ""),
        ("uploads.toml", "max_signing_pages = 500", "= 500"),
    ],
)
def test_a_number_outside_the_promises_or_misspelt_is_refused(tmp_path, name, old, new):
    changed = Path(shutil.copytree(POLICIES, tmp_path / "policies"))
    text = (changed / name).read_text()
    assert old in text
    (changed / name).write_text(text.replace(old, new, 1))
    with pytest.raises(NumbersInvalid, match=name):
        numbers.load(changed)


GROUPS = '[[groups]]\ngroup = "x"\n'


@pytest.mark.promise(26)
@pytest.mark.parametrize(
    ("added", "said"),
    [
        (GROUPS + 'role = "administrator"', "two people"),
        (GROUPS + 'role = "compliance_officer"', "two people"),
        (GROUPS + 'role = "client"', "organisation"),
        (GROUPS + 'role = "account_manager"\norganisation = "Acme"', "organisation"),
        (GROUPS + 'role = "king"', "king"),
        (GROUPS + 'role = "account_manager"\nrole_of = "x"', "groups.role_of"),
    ],
)
def test_a_map_of_groups_that_would_make_people_unsaid_is_refused(tmp_path, added, said):
    shutil.copytree(POLICIES, tmp_path, dirs_exist_ok=True)
    file = tmp_path / "sso.toml"
    file.write_text(f"{file.read_text()}\n{added}\n")
    with pytest.raises(NumbersInvalid, match=said):
        numbers.load(tmp_path)


def test_nobody_is_made_by_single_sign_on_without_a_map_of_groups(tmp_path):
    shutil.copytree(POLICIES, tmp_path, dirs_exist_ok=True)
    file = tmp_path / "sso.toml"
    file.write_text(file.read_text().replace("make_people = false", "make_people = true"))
    with pytest.raises(NumbersInvalid, match="needs groups"):
        numbers.load(tmp_path)


@pytest.mark.promise(2)
def test_the_policies_that_come_with_docvault_take_no_providers_factor_and_make_nobody():
    sso = numbers.load(POLICIES).sso
    assert (sso.second_factor_amr, sso.second_factor_acr, sso.groups) == ((), (), ())
    assert not sso.make_people
    assert not sso.groups_may_make_officers

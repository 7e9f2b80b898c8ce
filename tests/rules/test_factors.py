import pytest

from docvault.rules.factors import (
    PASSKEYS_MOST,
    LastFactor,
    Owned,
    TooManyPasskeys,
    check_new_passkey,
    check_without_app,
    check_without_passkey,
    offered,
)


@pytest.mark.promise(2)
@pytest.mark.parametrize(
    ("owned", "passkey_only", "names"),
    [
        (Owned(app=True, passkeys=0, recovery_codes=0), False, ("totp",)),
        (Owned(app=True, passkeys=0, recovery_codes=9), False, ("totp", "recovery")),
        (Owned(app=True, passkeys=2, recovery_codes=9), False, ("passkey", "totp", "recovery")),
        (Owned(app=False, passkeys=1, recovery_codes=0), False, ("passkey",)),
        (Owned(app=True, passkeys=1, recovery_codes=9), True, ("passkey", "recovery")),
        (Owned(app=True, passkeys=0, recovery_codes=9), True, ("totp", "recovery")),
        (Owned(app=False, passkeys=0, recovery_codes=0), False, ()),
    ],
)
def test_what_may_follow_a_password(owned, passkey_only, names):
    assert offered(owned, passkey_only=passkey_only) == names


@pytest.mark.asvs("6.5.6")
@pytest.mark.parametrize(
    ("app", "passkeys", "passkey_only", "goes"),
    [
        (True, 1, False, True),
        (True, 1, True, False),
        (True, 2, True, True),
        (False, 1, False, False),
        (False, 2, False, True),
    ],
)
def test_the_last_way_in_is_not_removed(app, passkeys, passkey_only, goes):
    owned = Owned(app=app, passkeys=passkeys, recovery_codes=10)
    if goes:
        check_without_passkey(owned, passkey_only=passkey_only)
    else:
        with pytest.raises(LastFactor):
            check_without_passkey(owned, passkey_only=passkey_only)


def test_the_app_goes_only_beside_a_passkey():
    check_without_app(Owned(app=True, passkeys=1, recovery_codes=0))
    with pytest.raises(LastFactor):
        check_without_app(Owned(app=True, passkeys=0, recovery_codes=10))


def test_a_person_has_so_many_passkeys_and_no_more():
    check_new_passkey(Owned(app=True, passkeys=PASSKEYS_MOST - 1, recovery_codes=0))
    with pytest.raises(TooManyPasskeys):
        check_new_passkey(Owned(app=True, passkeys=PASSKEYS_MOST, recovery_codes=0))


@pytest.mark.parametrize(("app", "passkeys"), [(True, 0), (False, 1), (False, 0)])
def test_whoever_has_a_factor_has_one(app, passkeys):
    assert Owned(app=app, passkeys=passkeys, recovery_codes=10).any == (app or passkeys > 0)

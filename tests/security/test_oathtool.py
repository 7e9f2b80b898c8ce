"""Codes from a program that is not ours sign in: Debian's oathtool, which knows RFC 6238 and nothing of us."""

import shutil
import subprocess

import pytest

from actions.members import join, with_mail
from docvault.credentials import totp
from docvault.database.sessions import FULL

OATHTOOL = shutil.which("oathtool")
pytestmark = pytest.mark.skipif(OATHTOOL is None, reason="oathtool is not installed: apt install oathtool")


def oath(*arguments: str) -> str:
    return subprocess.run([OATHTOOL, *arguments], capture_output=True, text=True, check=True).stdout.strip()


@pytest.fixture
def member(tmp_path):
    for world in with_mail(tmp_path):
        yield join(world)


@pytest.mark.promise(3)
@pytest.mark.asvs("6.5.5")
def test_a_code_of_oathtool_signs_in(member):
    """It is given what a person types into an app: the seed in base32."""
    for _ in range(5):
        moment = f"{member.now:%Y-%m-%d %H:%M:%S} UTC"
        code = oath("--totp", "--base32", f"--now={moment}", totp.spoken(member.seed))
        assert member.give_code(member.challenge(), code).kind == FULL
        member.later()


@pytest.mark.promise(3)
def test_oathtool_and_we_agree_on_a_thousand_steps():
    seed = bytes(range(20))
    codes = oath("--totp", "--window=999", "--now=2026-03-02 09:30:00 UTC", seed.hex()).splitlines()
    first = 1772443800 // totp.STEP
    assert codes == [totp.code_at(seed, first + later) for later in range(1000)]

"""An identity provider that never finishes its sentence keeps nobody from signing in with a password (promise 85)."""

import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from identity.liar import CLIENT, SECRET, Answer, standing
from journeys.conftest import free_port, started

WAITING = 12  # people who press the button at the same moment: more than the threads that wait for a provider
PASSWORD = {"email": "nobody@example.com", "password": "wrong wrong wrong"}


@pytest.mark.promise(85)
@pytest.mark.slow
def test_a_slow_provider_keeps_nobody_from_signing_in_with_a_password(tmp_path):
    port = free_port()
    base_url = f"http://127.0.0.1:{port}"
    with standing() as liar, ThreadPoolExecutor(WAITING) as people:
        liar.lies["/.well-known/openid-configuration"] = Answer(b"{" + b" " * 1000, drip=0.1)
        settings = {
            "DOCVAULT_SSO_ISSUER": liar.issuer,
            "DOCVAULT_SSO_CLIENT_ID": CLIENT,
            "DOCVAULT_SSO_CLIENT_SECRET": SECRET,
        }
        command = ["serve", "--data", str(tmp_path / "data"), "--port", str(port)]
        with started(command, tmp_path / "log", base_url, settings):
            leaving = [
                people.submit(httpx.post, f"{base_url}/login/sso", data={"next": "/"}, timeout=60)
                for _ in range(WAITING)
            ]
            while not liar.asked:
                time.sleep(0.02)  # waiting for another process: there is nothing to be told by
            began = time.monotonic()
            assert httpx.get(f"{base_url}/login", timeout=60).status_code == 200
            assert httpx.post(f"{base_url}/login", data=PASSWORD, timeout=60).status_code == 401
            took = time.monotonic() - began
            assert not any(each.done() for each in leaving)  # they were waiting all the while
            assert {each.result().status_code for each in leaving} == {503}
            assert took < 4

"""The pages on which two people agree that old keys go; the terminal does it (promise 26)."""

import pytest

from actions import two_people
from docvault.database.key_deeds import DESTROY


@pytest.mark.promise(26)
def test_an_administrator_asks_and_the_page_says_what_the_terminal_does_next(site):
    world = site.world
    ada = site.sign_in(world.administrator)
    assert f"/proposals/new?kind={DESTROY}" in ada.get("/proposals").text
    form = ada.get(f"/proposals/new?kind={DESTROY}&key=ca-seal").text
    assert '<option value="ca-seal" selected>' in form
    asked = two_people.propose(world, world.administrator, DESTROY, key="ca-seal")
    two_people.confirm(world, world.officer, asked)
    shown = ada.get(f"/proposals/{asked.id}").text
    assert "Destroy the older ca-seal keys" in shown
    assert "docvault keys destroy ca-seal" in shown
    assert "Fetch the export" not in shown + ada.get("/proposals").text
    assert "Withdraw" in shown

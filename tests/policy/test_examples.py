import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from docvault.cli.policy import app
from docvault.policy import examples
from docvault.policy.engine import Policy, PolicyInvalid

POLICIES = Path(__file__).parents[2] / "policies"
RUN = CliRunner()


@pytest.mark.asvs("8.1.1")
def test_every_example_holds_and_every_rule_is_shown():
    result = examples.check(Policy.load(POLICIES), POLICIES)
    assert result.problems == ()
    assert result.examples >= 40


def test_policy_check_says_that_all_hold():
    answer = RUN.invoke(app, ["check", "--policies", str(POLICIES)])
    assert answer.exit_code == 0
    assert "all hold" in answer.output


def changed(tmp_path, name, old, new):
    folder = Path(shutil.copytree(POLICIES, tmp_path / "policies"))
    text = (folder / name).read_text()
    assert old in text
    (folder / name).write_text(text.replace(old, new, 1))
    return folder


def test_policy_check_names_an_example_that_no_longer_holds(tmp_path):
    folder = changed(tmp_path, "envelopes.cedar", '&& resource.state == "sent"', "")
    answer = RUN.invoke(app, ["check", "--policies", str(folder), "--json"])
    assert answer.exit_code == 1
    found = json.loads(answer.output)
    assert found["ok"] is False
    assert any("voided envelope" in problem for problem in found["problems"])


def test_policy_check_names_a_rule_without_an_example(tmp_path):
    folder = changed(
        tmp_path, "portal.cedar", '@id("administrators-see-the-outbox")', '@id("outbox-watchers")'
    )
    answer = RUN.invoke(app, ["check", "--policies", str(folder)])
    assert answer.exit_code == 1
    assert "by outbox-watchers" in answer.output
    folder = changed(tmp_path / "b", "examples/folders.toml", 'rule = "managers-share"', "")
    (folder / "examples" / "folders.toml").write_text("")
    answer = RUN.invoke(app, ["check", "--policies", str(folder)])
    assert "No example shows the rule managers-share." in answer.output


def test_an_example_that_cannot_be_read_is_refused(tmp_path):
    folder = changed(tmp_path, "examples/portal.toml", 'role = "administrator"', 'role = "king"')
    with pytest.raises(PolicyInvalid, match=r"portal\.toml"):
        examples.check(Policy.load(POLICIES), folder)


def ask(*words):
    return RUN.invoke(app, ["explain", *words, "--policies", str(POLICIES)])


def test_explain_says_by_which_rule():
    answer = ask(
        "folder:see", "Folder", "--role", "client", "--with", "organisation=x", "--with", "members=me"
    )
    assert answer.output.startswith("Allowed.")
    assert "members-see-folders: A person with whom a folder is shared sees it." in answer.output
    assert "no rule allows it" in ask("folder:see", "Folder", "--role", "client").output
    refused = ask("document:read", "Document", "--role", "administrator")
    assert "administrators-see-no-content" in refused.output


def test_explain_refuses_what_it_does_not_know():
    answer = ask("folder:eat", "Folder", "--role", "client")
    assert isinstance(answer.exception, PolicyInvalid)

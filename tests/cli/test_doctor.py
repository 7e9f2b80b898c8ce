"""`docvault doctor --deep` as an operator and a program run it."""

import json

from typer.testing import CliRunner

from docvault import wiring
from docvault.blobs.filesystem import FileBlobs
from docvault.cli.main import app
from docvault.settings import Settings


def test_a_left_over_object_is_named_and_the_exit_code_says_so(tmp_path):
    settings = Settings(data=tmp_path / "data")
    wiring.prepare(settings).close()
    left_over = f"{'ab' * 16}/000000"
    FileBlobs(settings.blob_folder).put(left_over, b"nobody's")
    done = CliRunner().invoke(app, ["doctor", "--deep", "--json", "--data", str(settings.data)])
    assert done.exit_code == 1, done.output
    findings = json.loads(done.output)["findings"]
    assert [one["name"] for one in findings if not one["well"]] == ["orphan"]
    assert left_over in findings[-1]["words"]
    FileBlobs(settings.blob_folder).delete(left_over)
    done = CliRunner().invoke(app, ["doctor", "--deep", "--data", str(settings.data)])
    assert done.exit_code == 0, done.output
    assert "0 versions open" in done.output

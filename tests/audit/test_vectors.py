import io
import json

import pytest

from docvault.audit.checkpoints import PublicKey
from docvault.audit.verdict import BundleRefused
from docvault.audit.verifier import verify

from .vectors import FOLDER, made

ANSWERS = json.loads((FOLDER / "answers.json").read_text())


@pytest.mark.parametrize("name", ANSWERS)
def test_a_published_vector_gets_its_answer(name):
    answer = ANSWERS[name]
    source = io.BytesIO((FOLDER / f"{name}.zip").read_bytes())
    key = PublicKey.read(answer["key"])
    if answer["ok"]:
        assert verify(source, key=key, since=answer["since"]).trusted
        return
    with pytest.raises(BundleRefused) as refused:
        verify(source, key=key, since=answer["since"])
    assert refused.value.first_bad_index == answer["first_bad_index"]


def test_the_writer_still_makes_the_published_bytes():
    assert {name: answer for name, (_, answer) in made().items()} == ANSWERS
    for name, (body, _) in made().items():
        assert (FOLDER / f"{name}.zip").read_bytes() == body, name

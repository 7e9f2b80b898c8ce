"""Office files become PDFs in a world of their own: no network, no key, no file of ours, and an end to everything."""

import shutil
import time
import zipfile
from io import BytesIO

import pytest

from docvault.pdf import contents
from docvault.pdf.errors import OfficeUnreadable
from docvault.pdf.office import Converter
from docvault.pdf.scratch import Scratch

WORDS = "Quarterly figures of Dragonfly"
REPORT = """#!/bin/sh
# Speaks LibreOffice's command line as far as we use it, and says what it sees.
for given in "$@"; do last="$given"; done
while [ "$1" != "--outdir" ]; do echo "argument $1"; shift; done > /work/arguments
mkdir -p "$2"
{
  cat /work/arguments
  echo "content $(cat "$last")"
  for place in /*; do echo "place $place"; done
  while read -r line; do echo "net $line"; done < /proc/net/dev
  for process in /proc/[0-9]*; do echo "process"; done
  echo "data $(ulimit -d) file $(ulimit -f) cpu $(ulimit -t) core $(ulimit -c)"
  env | while read -r line; do echo "env $line"; done
  [ -e "KEY" ] && echo "key"
  (echo x > /usr/x) 2>/dev/null && echo "writes"
  ls /work
} > "$2/document.pdf"
"""
FOREVER = """#!/bin/sh
sleep 1000 &
sleep 1000
"""


@pytest.fixture
def double(tmp_path):
    """Make a program that stands where LibreOffice stands."""
    made = []

    def make(script, seconds=20.0):
        program = tmp_path / "programs" / "soffice"
        program.parent.mkdir()
        program.write_text(script)
        program.chmod(0o755)
        made.append(Converter(str(program), seconds))
        return made[0]

    yield make
    for converter in made:
        converter.close()


def told(converter, content=b"figures", suffix=".docx"):
    with Scratch.create(content) as source, converter.as_pdf(source, suffix) as said:
        return said.read().decode().splitlines()


@pytest.mark.promise(30)
@pytest.mark.promise(55)
def test_the_program_sees_no_network_no_key_and_no_other_process(double, tmp_path, monkeypatch):
    key = tmp_path / "root.key"
    key.write_text("canary")
    monkeypatch.setenv("DOCVAULT_ROOT_KEY", "canary")
    lines = told(double(REPORT.replace("KEY", str(key))))
    assert "content figures" in lines
    places = {line.removeprefix("place ") for line in lines if line.startswith("place")}
    assert places <= {
        "/" + name
        for name in ["bin", "dev", "etc", "lib", "lib64", "opt", "proc", "sbin", "tmp", "usr", "var", "work"]
    }
    assert "key" not in lines
    assert "writes" not in lines
    assert [line for line in lines if line.startswith("net") and ":" in line and "lo:" not in line] == []
    assert lines.count("process") < 6  # its own few
    assert not [line for line in lines if "canary" in line]


@pytest.mark.promise(30)
def test_the_program_is_asked_in_the_way_libreoffice_knows_and_held_to_its_limits(double):
    lines = told(double(REPORT))
    for argument in ("--headless", "--norestore", "--convert-to", "pdf"):
        assert f"argument {argument}" in lines
    assert "argument -env:UserInstallation=file:///work/profile" in lines
    assert "data 524288 file 524288 cpu 8 core 0" in lines  # KiB, blocks of 512 bytes, seconds


def test_every_file_meets_an_empty_world(double):
    converter = double(REPORT)
    first, second = told(converter), told(converter)
    assert first == second


@pytest.mark.promise(30)
def test_a_program_that_hangs_is_ended_with_all_that_it_started(double):
    converter = double(FOREVER, seconds=0.5)
    started = time.monotonic()
    with Scratch.create(b"x") as source, pytest.raises(OfficeUnreadable):
        converter.as_pdf(source, ".docx")
    assert time.monotonic() - started < 5


@pytest.mark.parametrize("script", ["#!/bin/sh\nexit 1\n", "#!/bin/sh\nexit 0\n"])
def test_a_program_that_makes_nothing_is_a_refusal(double, script):
    with Scratch.create(b"x") as source, pytest.raises(OfficeUnreadable):
        double(script).as_pdf(source, ".docx")


def docx(words):
    made = BytesIO()
    kinds = "http://schemas.openxmlformats.org"
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr(
            "[Content_Types].xml",
            f'<Types xmlns="{kinds}/package/2006/content-types"><Default Extension="rels" ContentType='
            '"application/vnd.openxmlformats-package.relationships+xml"/><Override PartName="/word/document.xml" '
            'ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>',
        )
        archive.writestr(
            "_rels/.rels",
            f'<Relationships xmlns="{kinds}/package/2006/relationships"><Relationship Id="r" Type='
            f'"{kinds}/officeDocument/2006/relationships/officeDocument" Target="word/document.xml"/></Relationships>',
        )
        archive.writestr(
            "word/document.xml",
            f'<w:document xmlns:w="{kinds}/wordprocessingml/2006/main"><w:body><w:p><w:r><w:t>{words}</w:t></w:r>'
            "</w:p></w:body></w:document>",
        )
    return made.getvalue()


@pytest.mark.skipif(
    shutil.which("soffice") is None, reason="LibreOffice is not installed: the double stands in"
)
def test_libreoffice_itself_makes_pages_of_a_word_file(workers):
    converter = Converter.find()
    with (
        Scratch.create(docx(WORDS)) as source,
        converter.as_pdf(source, ".docx") as made,
        contents.document_text(workers, made) as text,
    ):
        assert WORDS in text.read().decode()
    converter.close()

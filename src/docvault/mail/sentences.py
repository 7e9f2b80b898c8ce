"""The sentences of templates/sentences.toml: what stands alone, in every language. Knows no template."""

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path

FILE = Path(__file__).parent / "templates" / "sentences.toml"
_READ = tomllib.loads(FILE.read_text(encoding="utf-8"))

NOTICES: Mapping[str, Mapping[str, str]] = _READ["notices"]  # by rules/notices.py, then by language
LAYOUT: Mapping[str, Mapping[str, str]] = _READ["layout"]
MONTHS: Mapping[str, Sequence[str]] = _READ["months"]  # by language, January first

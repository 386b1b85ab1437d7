"""The version stands in one place, and what repeats it for readers says the same."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bisect_deps import __version__

ROOT = Path(__file__).parent.parent


@pytest.mark.parametrize(
    ("file", "pattern"),
    [
        ("CITATION.cff", r"^version: (\S+)$"),
        ("CHANGELOG.md", r"^## (\d\S*)"),
        ("docs/lint.md", r"rev: v(\S+)$"),
        ("action.yml", r"`==([\d.]+)`"),
        ("bisect/action.yml", r"`==([\d.]+)`"),
    ],
)
def test_the_version_is_the_same_everywhere(file: str, pattern: str) -> None:
    found = re.search(pattern, (ROOT / file).read_text(encoding="utf-8"), re.MULTILINE)
    assert found is not None
    assert found[1] == __version__

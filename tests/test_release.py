"""The version stands in one place, and what repeats it for readers says the same."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bisect_deps import __version__

ROOT = Path(__file__).parent.parent
# The first major version of each that runs on Node.js 24; GitHub has taken Node.js 20 away.
ON_NODE_24 = {
    "attest-build-provenance": 3,
    "checkout": 5,
    "deploy-pages": 5,
    "download-artifact": 7,
    "setup-python": 6,
    "upload-artifact": 6,
    "upload-pages-artifact": 5,
}


@pytest.mark.parametrize(
    ("file", "pattern"),
    [
        ("CITATION.cff", r"^version: (\S+)$"),
        ("CHANGELOG.md", r"^## (\d\S*)"),
        ("docs/lint.md", r"rev: v(\S+)$"),
        ("docs/lint.md", r"uses: OWNER/depbisect@v(\S+)$"),
        ("docs/github-builder.md", r"uses: OWNER/depbisect/bisect@v(\S+)$"),
        ("action.yml", r"`==([\d.]+)`"),
        ("bisect/action.yml", r"`==([\d.]+)`"),
    ],
)
def test_the_version_is_the_same_everywhere(file: str, pattern: str) -> None:
    found = re.search(pattern, (ROOT / file).read_text(encoding="utf-8"), re.MULTILINE)
    assert found is not None
    assert found[1] == __version__


def test_no_workflow_of_ours_needs_a_node_that_github_took_away() -> None:
    files = [*ROOT.glob(".github/workflows/*.yml"), *ROOT.glob("docs/*.md")]
    files += [
        ROOT / "action.yml",
        ROOT / "bisect" / "action.yml",
        *ROOT.glob("bisect_deps/builders/*.py"),
    ]
    uses = [
        (file.name, found[1], int(found[2]))
        for file in files
        for found in re.finditer(r"uses: actions/([\w-]+)@v(\d+)", file.read_text(encoding="utf-8"))
    ]
    assert len(uses) > 15
    assert [use for use in uses if use[2] < ON_NODE_24[use[1]]] == []

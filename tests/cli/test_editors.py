"""The problem matcher of the docs, fed with what lint really prints."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from bisect_deps.cli import main

PAGE = Path(__file__).resolve().parents[2] / "docs" / "shells-and-editors.md"


def task() -> Any:
    text = PAGE.read_text(encoding="utf-8")
    [block] = re.findall(r"```json\n(.*?)```", text, re.DOTALL)
    return json.loads(block)["tasks"][0]


def test_the_task_of_the_docs_finds_each_problem_on_its_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "sub dir").mkdir()
    (tmp_path / "sub dir" / "requirements.txt").write_text("plain==1.0\n  numpy==1.*\n")
    (tmp_path / "requirements.txt").write_text("requests>=2.0\n\n===wrong===\n")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit):
        main(task()["args"])
    lines = capsys.readouterr().out.splitlines()
    matcher = task()["problemMatcher"]["pattern"]
    matches = [found for line in lines if (found := re.search(matcher["regexp"], line))]
    seen = {(found[matcher["file"]], int(found[matcher["line"]])) for found in matches}
    assert seen == {
        ("requirements.txt", 1),
        ("requirements.txt", 3),
        (str(Path("sub dir", "requirements.txt")), 2),
    }
    assert len(matches) == len(lines) - 1, "all lines but the last, which counts them"
    assert all(found[matcher["message"]] for found in matches)

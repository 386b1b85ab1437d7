"""What was answered before is answered again; what makes no sense was never said."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from bisect_deps.model import IndexSettings
from bisect_deps.resolution.uv_resolver import Resolver
from bisect_deps.run.remembered import Remembered
from bisect_deps.system import interpreters
from tests.support.local_index import LocalIndex, Project

HERE = interpreters.find(sys.executable)


def test_a_text_outlives_the_run(tmp_path: Path) -> None:
    path = tmp_path / "answers.jsonl"
    Remembered(path).put("key", "text\n")
    assert Remembered(path).get("key") == "text\n"
    assert Remembered(path, fresh=True).get("key") is None
    assert not path.exists()


@pytest.mark.parametrize(
    "noise",
    [b"", b"\xff\xfe", b"null", b"[1]", b'{"key": 1, "text": "x"}', b'{"key": "ke', b"[" * 5000],
)
def test_a_line_that_makes_no_sense_is_passed_over(tmp_path: Path, noise: bytes) -> None:
    path = tmp_path / "answers.jsonl"
    Remembered(path).put("first", "1")
    path.write_bytes(path.read_bytes() + noise + b"\n")
    Remembered(path).put("second", "2")
    found = Remembered(path)
    assert (found.get("first"), found.get("second")) == ("1", "2")


def test_no_link_is_read_or_written(tmp_path: Path) -> None:
    target, path = tmp_path / "target", tmp_path / "answers.jsonl"
    Remembered(target).put("key", "text")
    before = target.read_bytes()
    path.symlink_to(target)
    there = Remembered(path)
    assert there.get("key") is None
    there.put("other", "text")
    assert target.read_bytes() == before


def resolver(index: LocalIndex, memory: Remembered, instant: str | None) -> Resolver:
    settings = IndexSettings(
        no_index=True, find_links=(str(index.find_links),), exclude_newer=instant
    )
    return Resolver(HERE, settings, memory=memory)


def test_the_resolver_is_asked_once_in_all_runs_as_of_one_instant(tmp_path: Path) -> None:
    index = LocalIndex(
        tmp_path / "index",
        Project("user").release("1.0", requires=["used<2"]),
        Project("used").release("1.0").release("2.0"),
    )
    path = tmp_path / "answers.jsonl"
    for lines in (["user"], ["user", "used==2.0"]):
        answers = []
        for calls in (1, 0):
            asked = resolver(index, Remembered(path), "2030-01-01T00:00:00Z")
            answers.append(asked.resolve(lines))
            assert asked.calls == calls
        assert answers[0] == answers[1]
    later = resolver(index, Remembered(path), "2031-01-01T00:00:00Z")
    undated = resolver(index, Remembered(path), None)
    for other in (later, undated):
        other.resolve(["user"])
        assert other.calls == 1

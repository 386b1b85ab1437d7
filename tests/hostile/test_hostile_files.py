"""Each hostile file through `lint`, `diagnose` and the reader of `run`: a message, and the end."""

from __future__ import annotations

import contextlib
import os
import re
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from bisect_deps.cli import main
from bisect_deps.errors import DepbisectError
from bisect_deps.formats import open_manifest
from tests.hostile.hostile_files import files, write

FILES = files()
# Long before anyone calls it a hang; each takes far less than a second.
LIMIT = 60
# What would steer a terminal, or turn what is read: escapes, bells, C1 controls, bidi controls.
STEERING = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u2028\u2029]")


def test_there_are_enough_of_them() -> None:
    assert len(FILES) >= 134


@pytest.fixture(autouse=True)
def no_hang() -> Iterator[None]:
    def give_up(number: int, frame: object) -> None:
        raise AssertionError("it hangs")

    before = signal.signal(signal.SIGALRM, give_up)
    signal.alarm(LIMIT)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.mark.parametrize("name", FILES)
def test_a_hostile_file_ends_with_a_message(
    tmp_path: Path,
    name: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = write(tmp_path, name, FILES[name])
    monkeypatch.chdir(tmp_path)
    there = sorted(os.listdir(tmp_path))
    for words in (["lint", path.name], ["diagnose", path.name]):
        with pytest.raises(SystemExit) as ended:
            main(words)
        said = "".join(capsys.readouterr())
        assert ended.value.code in (0, 1, 2), said
        assert not STEERING.findall(said), (words, said)
        assert ended.value.code == 0 or said.strip()
    with contextlib.suppress(DepbisectError):
        open_manifest(path)
    assert sorted(os.listdir(tmp_path)) == there, "nothing was run or written"

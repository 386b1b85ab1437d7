"""The journal keeps what was answered, whatever kills its writer."""

from __future__ import annotations

import multiprocessing
import os
import resource
import signal
import time
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bisect_deps.errors import JournalError
from bisect_deps.run.journal import Answered, Journal, Started, digest, read
from bisect_deps.system.trust import make_state_folder, open_up


def answered(key: str, number: int = 1) -> Answered:
    return Answered(key, number, "whole", "failed", 1.5, f"probes/{number}.log")


def test_an_answer_is_there_after_reopening(tmp_path: Path) -> None:
    with Journal(tmp_path / "state") as journal:
        journal.record(answered("a"))
    with Journal(tmp_path / "state") as journal:
        assert journal.answer("a") == answered("a")
        assert journal.answer("b") is None


def test_modules_are_kept_with_an_answer_and_an_older_journal_has_none(tmp_path: Path) -> None:
    known = replace(answered("b", 2), modules={"yaml": "pyyaml"})
    with Journal(tmp_path) as journal:
        journal.record(answered("a"))
        journal.record(known)
    first, second = (tmp_path / "journal.jsonl").read_text(encoding="utf-8").splitlines()
    assert "modules" not in first
    assert "modules" in second
    with Journal(tmp_path) as journal:
        assert (journal.answer("a"), journal.answer("b")) == (answered("a"), known)


def test_equal_inputs_keep_the_facts_of_their_first_run(tmp_path: Path) -> None:
    for _ in range(2):
        with Journal(tmp_path) as journal:
            first = journal.begin("same", {"index_as_of": "2026-01-01"})
            other = journal.begin("other", {"index_as_of": "2026-02-02"})
    with Journal(tmp_path) as journal:
        assert journal.begin("same", {"index_as_of": "later"}) == first
        assert journal.begin("other", {"index_as_of": "later"}) == other


def test_fresh_sets_the_old_answers_aside(tmp_path: Path) -> None:
    with Journal(tmp_path) as journal:
        journal.begin("same", {"n": 1})
        journal.record(answered("a"))
    with Journal(tmp_path) as journal:
        assert journal.begin("same", {"n": 2}, fresh=True) == {"n": 2}
        assert journal.answer("a") is None
    assert (tmp_path / "journal.1.jsonl").exists()


def test_a_build_in_flight_is_known_until_it_is_answered(tmp_path: Path) -> None:
    with Journal(tmp_path) as journal:
        journal.record_start(Started("a", 3, {"id": "17"}))
    with Journal(tmp_path) as journal:
        flown = journal.in_flight("a")
        assert flown is not None
        assert flown.handle["id"] == "17"
        assert journal.next_number() == 4
        journal.record(answered("a", 3))
        assert journal.in_flight("a") is None


def test_a_second_writer_is_told_to_wait(tmp_path: Path) -> None:
    with Journal(tmp_path), pytest.raises(JournalError, match="another depbisect"):
        Journal(tmp_path).__enter__()


def test_a_lock_that_cannot_be_one_is_told(tmp_path: Path) -> None:
    Path(tmp_path, "lock").mkdir()
    with pytest.raises(JournalError, match="cannot write the lock: Is a directory"):
        Journal(tmp_path).__enter__()


def test_a_disk_that_is_full_is_told_once(tmp_path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    journal = Journal(tmp_path).__enter__()
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    try:
        with pytest.raises(JournalError, match="cannot write the journal: File too large"):
            journal.begin("x" * 2000, {})
        journal.__exit__(None, None, None)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_an_interrupt_while_the_disk_is_waited_for_is_no_foreign_change(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def impatient(descriptor: int) -> None:
        monkeypatch.undo()
        raise KeyboardInterrupt

    with Journal(tmp_path) as journal:
        journal.record(answered("a"))
        monkeypatch.setattr(os, "fsync", impatient)
        with pytest.raises(KeyboardInterrupt):
            journal.record_start(Started("b", 2, {"id": "b"}))
        journal.record(answered("b", 2))
    with Journal(tmp_path) as journal:
        assert journal.answer("b") == answered("b", 2)


def test_a_journal_of_another_format_is_refused(tmp_path: Path) -> None:
    (tmp_path / "journal.jsonl").write_text('{"type": "run", "format": 99}\n')
    with pytest.raises(JournalError, match="another version"):
        read(tmp_path / "journal.jsonl")


def test_the_state_folder_ignores_itself(tmp_path: Path) -> None:
    with Journal(tmp_path / "state"):
        assert (tmp_path / "state" / ".gitignore").read_text() == "*\n"


@settings(max_examples=60, deadline=None)
@given(cut=st.integers(0, 2000))
def test_a_journal_cut_anywhere_keeps_its_whole_lines(
    tmp_path_factory: pytest.TempPathFactory, cut: int
) -> None:
    folder = tmp_path_factory.mktemp("journal")
    with Journal(folder) as journal:
        for number in range(1, 8):
            journal.record(answered(f"key-{number}", number))
    # As a killed run leaves it.
    open_up(folder)
    path = folder / "journal.jsonl"
    data = path.read_bytes()[:cut]
    path.write_bytes(data)
    whole = data.count(b"\n") + (len(data) > 0 and data.endswith(b"}"))
    with Journal(folder) as journal:
        journal.record(answered("new", 99))
    kept = read(path).answers
    assert "new" in kept
    assert len(kept) - 1 == min(whole, 7)


def write_for_ever(folder: Path) -> None:
    with Journal(folder) as journal:
        for number in range(1, 100_000):
            journal.record(answered(f"key-{number}", number))


def test_a_killed_writer_leaves_every_answer_that_it_had_recorded(tmp_path: Path) -> None:
    writer = multiprocessing.get_context("spawn").Process(target=write_for_ever, args=(tmp_path,))
    writer.start()
    path = tmp_path / "journal.jsonl"
    while not path.exists() or path.stat().st_size < 2000:
        time.sleep(0.01)
    assert writer.pid is not None
    os.kill(writer.pid, signal.SIGKILL)
    writer.join()
    writer.close()
    numbers = sorted(answer.number for answer in read(path).answers.values())
    assert numbers == list(range(1, len(numbers) + 1))
    with Journal(tmp_path) as journal:
        assert journal.next_number() == len(numbers) + 1


@given(st.lists(st.binary(max_size=5), max_size=4), st.lists(st.binary(max_size=5), max_size=4))
def test_different_parts_have_different_digests(one: list[bytes], two: list[bytes]) -> None:
    assert (digest(*one) == digest(*two)) == (one == two)


def test_an_entry_that_cannot_be_read_is_told_with_the_way_out(tmp_path: Path) -> None:
    make_state_folder(tmp_path)
    (tmp_path / "journal.jsonl").write_text('{"type": "probe", "unheard": 1}\n', encoding="utf-8")
    with pytest.raises(JournalError, match="cannot read") as caught:
        read(tmp_path / "journal.jsonl")
    assert "--fresh" in str(caught.value.hint)
    with Journal(tmp_path, fresh=True) as journal:
        assert journal.answer("a") is None
    assert (tmp_path / "journal.1.jsonl").exists()

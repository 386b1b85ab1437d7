"""What the journal answers is not built again."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bisect_deps.builders import make_builder
from bisect_deps.builders.base import Handle
from bisect_deps.builders.command import CommandBuilder, Options
from bisect_deps.builders.local import Options as LocalOptions
from bisect_deps.errors import JournalError
from bisect_deps.fix.inquiry import BudgetSpent, Inquiry
from bisect_deps.formats import open_manifest
from bisect_deps.model import (
    RESOLVER_NUMBERS,
    BuildStatus,
    Candidate,
    Edit,
    EditAction,
    IndexSettings,
    Outcome,
    Probe,
    ProbeKind,
    Requirement,
)
from bisect_deps.policy import POLICY
from bisect_deps.progress import Silent
from bisect_deps.resolution.edits import edited
from bisect_deps.resolution.uv_resolver import Resolution, ResolverOutcome
from bisect_deps.run.driver import Limits, Prober
from bisect_deps.run.journal import Journal, Started
from bisect_deps.system import interpreters
from tests.support.local_index import LocalIndex, Project


@contextmanager
def prober_of(folder: Path, command: str, **limits: Any) -> Iterator[Prober]:
    options = Options(folder=folder, cwd=folder, build_cmd=command, jobs=2)
    builder = make_builder("command", options)
    manifest = open_manifest(folder / "requirements.txt")
    with Journal(folder / ".depbisect") as journal:
        try:
            yield Prober(manifest, builder, journal, Silent(), Limits(**limits))
        finally:
            builder.close()


def probed(folder: Path, command: str, inquiry: Inquiry, **limits: Any) -> tuple[Probe, int]:
    with prober_of(folder, command, **limits) as prober:
        [probe] = prober.answer([inquiry])
    return probe, prober.builds


def test_a_build_stopped_at_its_limit_is_not_built_again(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("a==1\n", encoding="utf-8")
    inquiry = Inquiry(Candidate(), ProbeKind.WHOLE, "does it build in time?")
    first, built = probed(tmp_path, "sleep 60", inquiry, timeout=0.3)
    assert (first.outcome, built) == (Outcome.UNRESOLVED, 1)
    again, built = probed(tmp_path, "sleep 60", inquiry, timeout=0.3)
    assert (again.outcome, again.from_journal, built) == (Outcome.UNRESOLVED, True, 0)


def test_a_build_whose_start_is_slow_to_record_is_still_stopped_at_its_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "requirements.txt").write_text("a==1\n", encoding="utf-8")
    record = Journal.record_start

    def slow_record(journal: Journal, started: Started) -> None:
        time.sleep(0.5)
        record(journal, started)

    monkeypatch.setattr(Journal, "record_start", slow_record)
    inquiry = Inquiry(Candidate(), ProbeKind.WHOLE, "does it build in time?")
    probe, built = probed(tmp_path, "sleep 60", inquiry, timeout=0.3)
    assert (probe.outcome, built) == (Outcome.UNRESOLVED, 1)


def test_waiting_in_a_queue_uses_no_time_of_the_build(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "requirements.txt").write_text("a==1\n", encoding="utf-8")
    monkeypatch.setattr("bisect_deps.run.driver.POLICY", replace(POLICY, grace=0.0))
    poll, until = CommandBuilder.poll, time.monotonic() + 1.5

    def queued_first(builder: CommandBuilder, handle: Handle) -> BuildStatus:
        return BuildStatus.QUEUED if time.monotonic() < until else poll(builder, handle)

    monkeypatch.setattr(CommandBuilder, "poll", queued_first)
    inquiry = Inquiry(Candidate(), ProbeKind.WHOLE, "does it build in time?")
    probe, _ = probed(tmp_path, "true", inquiry, timeout=0.5)
    assert probe.outcome is Outcome.PASS
    assert probe.seconds < 0.5


def test_a_finished_build_is_not_built_again_and_another_question_is(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("a==1\n", encoding="utf-8")
    inquiry = Inquiry(Candidate(), ProbeKind.WHOLE, "does it build?")
    repeat = Inquiry(Candidate(), ProbeKind.WHOLE, "does it build?", repeat=1)
    assert [probed(tmp_path, "true", asked)[1] for asked in (inquiry, inquiry, repeat)] == [1, 0, 1]


def test_what_the_resolver_says_is_a_probe_that_costs_no_build(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("a==1\nb==2\n", encoding="utf-8")
    manifest = open_manifest(tmp_path / "requirements.txt")
    only_a = Candidate((Edit(EditAction.DROP, "b", 1),))
    log = "error: No solution found when resolving dependencies"
    seen = []
    for _ in range(2):
        options = Options(folder=tmp_path, cwd=tmp_path, build_cmd="false")
        builder = make_builder("command", options)
        with Journal(tmp_path / ".depbisect") as journal:
            prober = Prober(manifest, builder, journal, Silent(), Limits())
            fails = prober.resolved(Candidate(), Resolution(ResolverOutcome.CONFLICT, log=log))
            passes = prober.resolved(only_a, Resolution(ResolverOutcome.RESOLVED))
            assert (journal.folder / fails.log).read_text(encoding="utf-8") == log
        builder.close()
        assert prober.builds == 0
        assert prober.probes == [fails, passes]
        assert (fails.outcome, passes.outcome) == (Outcome.FAIL, Outcome.PASS)
        assert fails.kind is ProbeKind.RESOLVE
        seen.append((fails.number, passes.number))
    assert seen == [(RESOLVER_NUMBERS + 1, RESOLVER_NUMBERS + 2)] * 2


def test_builds_count_without_what_the_resolver_says(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("a==1\nb==2\n", encoding="utf-8")
    conflict = Resolution(ResolverOutcome.CONFLICT, log="error: No solution found")
    asked = [
        Candidate(),
        *(Candidate((Edit(EditAction.DROP, n, at),)) for at, n in ((0, "a"), (1, "b"))),
    ]
    logs = []
    for command in ("true", "exit 1"):
        with prober_of(tmp_path, command) as prober:
            for candidate in asked:
                prober.resolved(candidate, conflict)
                prober.answer([Inquiry(candidate, ProbeKind.SUBSET, "does it build?")])
            logs += [probe.log for probe in prober.probes]
    names = [
        name for at in range(1, 7) for name in (f"probes/resolver-{at}.log", f"probes/{at}.log")
    ]
    assert logs == names


def test_a_build_stopped_at_a_shorter_limit_is_asked_again(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("a==1\n", encoding="utf-8")
    inquiry = Inquiry(Candidate(), ProbeKind.WHOLE, "does it build in time?")
    with prober_of(tmp_path, "sleep 0.6", timeout=0.2) as prober:
        [short] = prober.answer([inquiry])
    assert short.outcome is Outcome.UNRESOLVED
    with prober_of(tmp_path, "sleep 0.6", timeout=60.0) as prober:
        [long] = prober.answer([inquiry])
    assert (long.outcome, prober.builds) == (Outcome.PASS, 1)


def test_what_was_paid_for_is_answered_when_the_budget_is_spent(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("a==1\nb==2\n", encoding="utf-8")
    whole = Inquiry(Candidate(), ProbeKind.WHOLE, "does it build?")
    rest = replace(whole, candidate=Candidate((Edit(EditAction.DROP, "b", 1),)))
    with prober_of(tmp_path, "sleep 0.2", max_builds=1, slots=2) as prober:
        with pytest.raises(BudgetSpent):
            prober.answer([whole, rest])
        assert [probe.outcome for probe in prober.probes] == [Outcome.PASS]
    assert probed(tmp_path, "sleep 0.2", whole)[1] == 0


def test_a_question_asked_twice_in_a_round_is_built_once(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("a==1\n", encoding="utf-8")
    inquiry = Inquiry(Candidate(), ProbeKind.WHOLE, "does it build?")
    with prober_of(tmp_path, "true", slots=2) as prober:
        one, other = prober.answer([inquiry, inquiry])
    assert (one, prober.builds) == (other, 1)


def test_a_probe_takes_as_long_in_the_journal_as_it_did(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("a==1\n", encoding="utf-8")
    inquiry = Inquiry(Candidate(), ProbeKind.WHOLE, "does it build?")
    built, _ = probed(tmp_path, "sleep 0.05", inquiry)
    known, _ = probed(tmp_path, "sleep 0.05", inquiry)
    assert known.seconds == built.seconds


def test_another_try_after_failure_is_a_build_too(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("a==1\n", encoding="utf-8")
    count = tmp_path / "count"
    failure = "fatal: unable to access: Could not resolve host: index.example"
    command = f"echo x >> {count}; echo '{failure}'; exit 1"
    with prober_of(tmp_path, command, max_builds=2, retries=3) as prober:
        [probe] = prober.answer([Inquiry(Candidate(), ProbeKind.WHOLE, "does it build?")])
    assert (probe.outcome, prober.builds, probe.tries) == (Outcome.UNRESOLVED, 2, 2)
    assert count.read_text(encoding="utf-8") == "x\n" * 2


def test_an_answer_from_the_journal_is_read_by_the_same_modules(tmp_path: Path) -> None:
    code = "from helper import nothing_like_it"
    index = LocalIndex(
        tmp_path / "index",
        Project("Odd-Name", module="strange").release("1.0", code=code, requires=["helper"]),
        Project("helper").release("1.0"),
    )
    (tmp_path / "requirements.txt").write_text("Odd-Name==1.0\n", encoding="utf-8")
    settings = IndexSettings(no_index=True, find_links=(str(index.find_links),))
    options = LocalOptions(
        tmp_path, tmp_path, interpreters.find(sys.executable), settings, sandbox="off"
    )
    manifest = open_manifest(tmp_path / "requirements.txt")
    seen = []
    for _ in range(2):
        builder = make_builder("local", options)
        with Journal(tmp_path / ".depbisect") as journal:
            prober = Prober(
                manifest, builder, journal, Silent(), Limits(), ["python -c 'import strange'"]
            )
            seen += prober.answer([Inquiry(Candidate(), ProbeKind.WHOLE, "does it build?")])
        builder.close()
    built, known = seen
    assert (built.from_journal, known.from_journal) == (False, True)
    assert built.diagnosis == known.diagnosis
    assert built.diagnosis is not None
    [breakage] = built.diagnosis.breakages
    assert (breakage.user, breakage.lacks, breakage.what) == (
        "odd-name",
        "helper",
        "nothing_like_it",
    )
    assert breakage.evidence[0].log == built.log


def test_a_log_that_cannot_be_kept_is_told_and_stops_the_run(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("a==1\n", encoding="utf-8")
    (tmp_path / ".depbisect" / "probes" / "1.log").mkdir(parents=True)
    with pytest.raises(JournalError, match="cannot write"):
        probed(tmp_path, "true", Inquiry(Candidate(), ProbeKind.WHOLE, "does it build?"))


def test_a_log_is_read_against_the_requirements_as_the_candidate_has_them() -> None:
    old, new = "sha256:" + "0" * 64, "sha256:" + "e" * 64
    link = Requirement(
        1, "", "", "./x.zip", "limits.txt", 4, url="./x.zip", constraint=True, group="g"
    )
    mine = [
        Requirement(0, "a", "", "a[x]", "r.txt", 1, extras=frozenset({"x"})),
        link,
        Requirement(2, "b", "==1", "b==1", "r.txt", 2, hashes=(old,)),
        Requirement(3, "c", "==1", "c==1", "r.txt", 3),
    ]
    to = 'X_y[z]>=6,<7 ; os_name == "nt"'
    edits = [
        Edit(EditAction.REPIN, "a", 0, ">=6,<7"),
        Edit(EditAction.REPLACE, "x-y", 1, to, (new,)),
        Edit(EditAction.REPIN, "b", 2, "==2", (new,)),
        Edit(EditAction.DROP, "c", 3),
        Edit(EditAction.ADD, "d", None, "<2"),
    ]
    assert edited(mine, edits) == [
        replace(mine[0], specifier=">=6,<7", text="a[x]>=6,<7"),
        Requirement(
            1,
            "x-y",
            ">=6,<7",
            to,
            "limits.txt",
            4,
            frozenset({"z"}),
            'os_name == "nt"',
            hashes=(new,),
            constraint=True,
            group="g",
        ),
        replace(mine[2], specifier="==2", text="b==2", hashes=(new,)),
    ]


def lines_of(path: Path) -> list[str]:
    return path.read_text().splitlines() if path.exists() else []


def expecting(tmp_path: Path) -> tuple[str, list[Inquiry], Path]:
    """Return a build command that notes its start, and three questions of which two are apart."""
    (tmp_path / "requirements.txt").write_text("a==1\nb==1\n", encoding="utf-8")
    started, stuck = tmp_path / "started", tmp_path / "stuck"
    whole = Inquiry(Candidate(), ProbeKind.WHOLE, "does it build?")
    parts = [
        Inquiry(
            Candidate((Edit(EditAction.DROP, name, number),)),
            ProbeKind.SUBSET,
            f"does it build without {name}?",
        )
        for number, name in enumerate("ab")
    ]
    return (
        f"grep -c '^[ab]' {{file}} >> {started}; test ! -e {stuck} || sleep 300",
        [whole, *parts],
        started,
    )


def until(started: Path, count: int) -> None:
    deadline = time.monotonic() + 60
    while len(lines_of(started)) < count and time.monotonic() < deadline:
        time.sleep(0.01)
    assert len(lines_of(started)) == count


def test_what_is_expected_is_started_before_it_is_asked_and_built_once(tmp_path: Path) -> None:
    command, [whole, *_], started = expecting(tmp_path)
    with prober_of(tmp_path, command, slots=2) as prober:
        prober.expect([whole])
        until(started, 1)
        assert (prober.builds, prober.probes) == (0, [])
        [probe] = prober.answer([whole])
        assert (probe.number, probe.outcome, prober.builds) == (1, Outcome.PASS, 1)
    assert len(lines_of(started)) == 1


def test_what_nobody_asks_for_is_no_probe_and_takes_no_number(tmp_path: Path) -> None:
    command, [whole, part, other], started = expecting(tmp_path)
    with prober_of(tmp_path, command, slots=3) as prober:
        prober.expect([whole, part])
        until(started, 2)
        assert [probe.number for probe in prober.answer([other, whole])] == [1, 2]
        assert len(prober.probes) == prober.builds == 2


def test_what_is_no_longer_expected_is_stopped(tmp_path: Path) -> None:
    command, [whole, part, _], started = expecting(tmp_path)
    (tmp_path / "stuck").touch()
    with prober_of(tmp_path, command, slots=2) as prober:
        prober.expect([whole])
        until(started, 1)
        (tmp_path / "stuck").unlink()
        prober.expect([part])
        until(started, 2)
        [probe] = prober.answer([whole])
        assert probe.outcome is Outcome.PASS
    assert len(lines_of(started)) == 3


def test_what_is_expected_waits_for_a_free_slot(tmp_path: Path) -> None:
    command, [whole, part, _], started = expecting(tmp_path)
    (tmp_path / "stuck").touch()
    with prober_of(tmp_path, command, slots=1) as prober:
        prober.expect([whole, part])
        until(started, 1)
        prober.expect([whole, part])
        assert len(lines_of(started)) == 1


def test_a_release_that_the_log_names_is_not_built_alone_ahead(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("a==1\nb==1\n", encoding="utf-8")
    says = (
        "echo 'error: Failed to build `a==1`'; echo '  cause: The build backend returned an error'"
    )
    whole = Inquiry(Candidate(), ProbeKind.WHOLE, "does it build?")
    alone = [
        Inquiry(Candidate(), ProbeKind.ISOLATED, "does it build?", isolated=name)
        for name in ("a==1", "b==1")
    ]
    with prober_of(tmp_path, f"{says}; exit 1", slots=1) as prober:
        prober._likely = {name.isolated or "": (name, prober._order(name)) for name in alone}
        assert prober.answer([whole])[0].outcome is Outcome.FAIL
        assert [early.inquiry.isolated for early in prober._early.values()] == ["b==1"]


def test_where_builds_are_limited_nothing_is_built_unasked(tmp_path: Path) -> None:
    command, [whole, part, _], started = expecting(tmp_path)
    with prober_of(tmp_path, command, slots=2, max_builds=1) as prober:
        prober.expect([whole, part])
        assert prober.answer([part])[0].outcome is Outcome.PASS
    assert lines_of(started) == ["1"]


def test_what_ended_long_before_it_was_asked_was_not_over_its_limit(tmp_path: Path) -> None:
    command, [whole, *_], started = expecting(tmp_path)
    with prober_of(tmp_path, command, slots=2, timeout=0.5) as prober:
        prober.expect([whole])
        until(started, 1)
        time.sleep(0.6)
        assert prober.answer([whole])[0].outcome is Outcome.PASS


class Foretold:
    """Tells what to build ahead once something of a round is answered."""

    def __init__(self, inquiries: list[Inquiry]) -> None:
        self.inquiries = inquiries
        self.closed: list[Sequence[Probe]] = []

    def likely(
        self, answers: Sequence[Probe | None], early: Mapping[Hashable, Probe]
    ) -> Sequence[Inquiry] | None:
        return self.inquiries if any(answers) and not self.closed else None

    def answered(self, answers: Sequence[Probe]) -> None:
        self.closed.append(answers)

    def still_likely(self) -> Sequence[Inquiry] | None:
        return self.inquiries if self.closed else None


class Late(Foretold):
    """Foresees nothing before a round is closed."""

    def likely(
        self, answers: Sequence[Probe | None], early: Mapping[Hashable, Probe]
    ) -> Sequence[Inquiry] | None:
        return None


def beside(go: Path, built: Path) -> str:
    """Return a build command: without a it ends once `go` is there, without b it leaves `built`."""
    return (
        "if grep -q ^a {file} && grep -q ^b {file}; then exit 0; fi; "
        f"if grep -q ^a {{file}}; then echo built >> {built}; exit 0; fi; "
        f"for i in $(seq 600); do test -e {go} && exit 0; sleep 0.1; done; exit 1"
    )


def test_what_the_answers_of_a_round_make_likely_is_built_beside_the_rest_of_it(
    tmp_path: Path,
) -> None:
    _, [whole, slow, foreseen], _ = expecting(tmp_path)
    # The slow one ends only once what was foreseen was built: both at the same time.
    go = tmp_path / "go"
    with prober_of(tmp_path, beside(go, built=go), slots=2) as prober:
        prober.foresight = Foretold([foreseen])
        assert [p.outcome for p in prober.answer([whole, slow])] == [Outcome.PASS, Outcome.PASS]
        assert prober.builds == 2, "it counts once it is asked for"
        assert prober.answer([foreseen])[0].outcome is Outcome.PASS
        assert prober.builds == 3
    assert len(lines_of(go)) == 1


def test_what_is_still_likely_is_built_while_the_resolver_is_asked(tmp_path: Path) -> None:
    _, [whole, _, foreseen], _ = expecting(tmp_path)
    built = tmp_path / "built"
    with prober_of(tmp_path, beside(tmp_path / "go", built), slots=2) as prober:
        prober.meanwhile()
        prober.foresight = Late([foreseen])
        prober.answer([whole])
        elsewhere = threading.Thread(target=prober.meanwhile)
        elsewhere.start()
        elsewhere.join()
        assert not prober._early, "a question from beside is nobody's who waits"
        prober.meanwhile()
        built_early(prober)
        assert len(lines_of(built)) == 1
        assert prober.answer([foreseen])[0].outcome is Outcome.PASS
    assert len(lines_of(built)) == 1


def test_what_ended_early_took_as_long_as_it_did_not_till_it_was_asked(tmp_path: Path) -> None:
    _, [whole, slow, foreseen], _ = expecting(tmp_path)
    go, looks, seen = tmp_path / "go", [0.0], [0]

    def look(seconds: float) -> None:
        # One look takes one second of this clock; the slow one ends ten after the early one.
        time.sleep(min(seconds, 0.02))
        looks[0] += 1
        ended = [prober.builder.poll(early.handle).is_final for early in prober._early.values()]
        seen[0] += any(ended)
        if seen[0] == 10:
            go.touch()

    with prober_of(tmp_path, beside(go, tmp_path / "built"), slots=2) as prober:
        prober._clock, prober._sleep = lambda: looks[0], look
        prober.foresight = Foretold([foreseen])
        prober.answer([whole, slow])
        until_asked = looks[0]
        assert prober.answer([foreseen])[0].seconds <= until_asked - 9


def fixing(tmp_path: Path) -> tuple[str, Inquiry, Inquiry]:
    """Return a build command that fails with a and b, the file as it is, and a fix of it."""
    _, [whole, part, _], _ = expecting(tmp_path)
    return (
        "! grep -q ^a {file} || ! grep -q ^b {file}",
        whole,
        replace(part, kind=ProbeKind.FIX, purpose="does it build with a moved?"),
    )


def built_early(prober: Prober) -> None:
    """Wait until all that was started early has ended."""
    while prober._under_way():
        time.sleep(0.01)


def test_a_fix_that_was_built_early_is_told_once_the_file_as_it_is_failed(tmp_path: Path) -> None:
    command, whole, fix = fixing(tmp_path)
    told: list[Candidate] = []
    with prober_of(tmp_path, command, slots=2) as prober:
        prober.proven = told.append
        prober.expect([fix])
        built_early(prober)
        assert told == [], "nothing is known to need a fix"
        assert prober.answer([whole])[0].outcome is Outcome.FAIL
        built_early(prober)
        assert told == [fix.candidate]
        assert (prober.builds, len(prober.probes)) == (1, 1), "it counts once it is asked for"
        built_early(prober)
        assert told == [fix.candidate], "once"


def test_what_mends_an_install_that_needs_no_mending_is_told_as_no_fix_of_its_imports(
    tmp_path: Path,
) -> None:
    (tmp_path / "requirements.txt").write_text("a==1\n", encoding="utf-8")
    whole = Inquiry(Candidate(), ProbeKind.WHOLE, "does it build?")
    fix = Inquiry(Candidate((Edit(EditAction.REPIN, "a", 0, "==2"),)), ProbeKind.FIX, "so?")
    told: list[Candidate] = []
    with prober_of(tmp_path, "true", slots=2) as prober:
        prober.proven = told.append
        prober.expect([fix])
        built_early(prober)
        [passing] = prober.answer([whole])
        failing = replace(passing, number=9, outcome=Outcome.FAIL)
        prober.probes.append(failing)
        built_early(prober)
        assert told == []
        prober.expect([replace(fix, imports=True)])
        built_early(prober)
    assert told == [fix.candidate]


def test_a_file_that_builds_as_it_is_is_told_no_fix(tmp_path: Path) -> None:
    _, whole, fix = fixing(tmp_path)
    told: list[Candidate] = []
    with prober_of(tmp_path, "true", slots=2) as prober:
        prober.proven = told.append
        prober.expect([whole, fix])
        assert prober.answer([whole])[0].outcome is Outcome.PASS
        built_early(prober)
    assert told == []


def test_a_fix_that_was_told_is_not_built_again_by_the_next_run(tmp_path: Path) -> None:
    command, whole, fix = fixing(tmp_path)
    with prober_of(tmp_path, command, slots=2) as prober:
        prober.proven = lambda candidate: None
        prober.answer([whole])
        prober.expect([fix])
        built_early(prober)
        prober.unheard()
    with prober_of(tmp_path, command, slots=2) as prober:
        [probe] = prober.answer([fix])
        assert (probe.outcome, probe.from_journal, prober.builds) == (Outcome.PASS, True, 0)


def test_an_early_build_that_is_made_again_takes_the_time_of_its_last_try(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("a==1\n", encoding="utf-8")
    tried = tmp_path / "tried"
    # As a full disk ends it; the second try builds.
    command = (
        f"test -e {tried} && exit 0; touch {tried}; "
        "echo 'OSError: [Errno 28] No space left on device'; exit 1"
    )
    whole = Inquiry(Candidate(), ProbeKind.WHOLE, "does it build?")
    now = [0.0]
    with prober_of(tmp_path, command, slots=2) as prober:
        prober._clock, prober._sleep = lambda: now[0], lambda seconds: time.sleep(0.01)
        prober.expect([whole])
        built_early(prober)
        now[0] = 100.0
        [probe] = prober.answer([whole])
        assert (probe.outcome, probe.seconds, probe.tries) == (Outcome.PASS, 0.0, 2)


def test_how_an_early_build_ended_is_told_to_who_guesses_and_kept_where_the_run_ends(
    tmp_path: Path,
) -> None:
    command, whole, fix = fixing(tmp_path)
    heard: list[dict[Hashable, Outcome]] = []

    class Listening(Foretold):
        def likely(
            self, answers: Sequence[Probe | None], early: Mapping[Hashable, Probe]
        ) -> Sequence[Inquiry] | None:
            heard.append({build: probe.outcome for build, probe in early.items()})
            return None

    with prober_of(tmp_path, command, slots=2) as prober:
        prober.expect([fix])
        built_early(prober)
        prober.foresight = Listening([])
        prober.answer([whole])
        assert heard[-1] == {fix.build: Outcome.PASS}
        prober.unheard()
        assert [probe.number for probe in prober.probes] == [1, 2]
    with prober_of(tmp_path, command, slots=2) as prober:
        prober.answer([fix])
        assert prober.builds == 0


def test_an_interrupted_round_gives_what_it_was_answered_until_then(tmp_path: Path) -> None:
    command, whole, fix = fixing(tmp_path)

    def impatient(seconds: float) -> None:
        if prober.probes:
            raise KeyboardInterrupt
        time.sleep(0.01)

    with prober_of(tmp_path, f"if {command}; then sleep 60; else exit 1; fi", slots=2) as prober:
        prober._sleep = impatient
        with pytest.raises(KeyboardInterrupt):
            prober.answer([whole, fix])
        [(inquiry, probe)] = prober.unheard()
    assert (inquiry, probe.outcome) == (whole, Outcome.FAIL)


def test_a_build_that_had_ended_is_heard_of_wherever_its_round_was_interrupted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def impatient(*_: object) -> None:
        monkeypatch.undo()
        raise KeyboardInterrupt

    for at, where in enumerate(("record_start", "record", "keep")):
        folder = tmp_path / where
        folder.mkdir()
        command, _, fix = fixing(folder)
        with prober_of(folder, command, slots=2) as prober:
            prober.expect([fix])
            built_early(prober)
            monkeypatch.setattr(type(prober.journal), where, impatient)
            with pytest.raises(KeyboardInterrupt):
                prober.answer([fix])
            [(inquiry, probe)] = prober.unheard()
        assert (inquiry, probe.outcome, prober.builds) == (fix, Outcome.PASS, 1), at


def test_a_release_that_fails_alone_is_no_failure_of_the_file(tmp_path: Path) -> None:
    command, whole, fix = fixing(tmp_path)
    told: list[Candidate] = []
    with prober_of(tmp_path, command, slots=2) as prober:
        prober.proven = told.append
        prober.expect([fix])
        built_early(prober)
        prober.probes.append(
            Probe(9, ProbeKind.ISOLATED, Candidate(), Outcome.FAIL, 0.0, "", "", isolated="a==1")
        )
        built_early(prober)
        assert told == []
        prober.answer([whole])
        built_early(prober)
        assert told == [fix.candidate]

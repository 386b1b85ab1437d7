"""A person answers the questions of a run, and learns what a run would have said."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from bisect_deps.errors import InputError
from bisect_deps.fix.conclusion import Conclusion
from bisect_deps.fix.inquiry import Inquiry
from bisect_deps.formats import parse_manifest
from bisect_deps.guided.questions import Changed, Doubtful, Guided, begin, new_start
from bisect_deps.guided.sessions import Given, PersonAnswer, Store
from bisect_deps.guided.state import status
from bisect_deps.guided.telling import OUTCOMES, Asked, Position, doubt
from bisect_deps.model import Candidate, Edit, EditAction, Probe, ProbeKind, VerdictKind
from bisect_deps.reports.json import to_json
from bisect_deps.system import interpreters
from tests.reports.verdicts import READY
from tests.support.person import ByTheSameAnswers, Secret, random_case, run_by

FILE = "requirements.txt"
PAIR = Secret(tuple(f"p{at}==1.{at}" for at in range(9)), (frozenset({"p2==1.2", "p7==1.7"}),))


def started(folder: Path, secret: Secret, store: Store, **more: Any) -> Guided:
    file = folder / "requirements.txt"
    file.write_bytes(secret.text)
    start, manifest = new_start(file, evidence=False, **more)
    return begin(store, start, manifest, None)


def answer(guided: Guided, secret: Secret) -> bytes:
    """Build what is on disk, and say how it went; return what was built."""
    built = guided.place.read_bytes()
    guided.answer(Given(PersonAnswer.GOOD if secret.builds(built) else PersonAnswer.BAD))
    return built


def finished(guided: Guided, secret: Secret) -> list[bytes]:
    built = []
    while guided.position.inquiry is not None:
        built.append(answer(guided, secret))
    return built


def told(report: dict[str, Any]) -> dict[str, Any]:
    """Return a report without what only a builder can know: seconds, logs, the path's spelling."""
    probes = [{**probe, "log": "", "seconds": 0} for probe in report["probes"]]
    return {**report, "probes": probes, "seconds": 0, "file": "", "headline": ""}


@pytest.mark.parametrize("seed", range(8))
def test_a_person_is_asked_what_a_builder_is_asked_and_hears_the_same(
    tmp_path: Path, seed: int
) -> None:
    secret = random_case(seed)
    file = tmp_path / "requirements.txt"
    file.write_bytes(secret.text)
    verdict, asked = run_by(ByTheSameAnswers(secret), file, interpreters.find())
    with Store(tmp_path) as store:
        guided = started(tmp_path, secret, store)
        assert finished(guided, secret) == asked
        assert told(to_json(guided.verdict())) == told(to_json(verdict))
        culprits = {
            frozenset(member.requirement.text for member in culprit.members)
            for culprit in guided.verdict().culprits
        }
        assert culprits <= set(secret.broken)
        assert "No release was looked for" in guided.verdict().summary
        fallback = guided.verdict().fallback
        assert fallback is not None
        assert secret.builds(guided.manifest.render(fallback.edits)[FILE])
        assert file.read_bytes() == secret.text, "no line is left out without leave"


@pytest.mark.parametrize("seed", range(100, 103))
def test_undo_then_the_same_answers_changes_nothing(tmp_path: Path, seed: int) -> None:
    secret, dice = random_case(seed, most=40), random.Random(seed)
    with Store(tmp_path) as store:
        guided = started(tmp_path, secret, store)
        while guided.position.inquiry is not None:
            answer(guided, secret)
            before = (store.path.read_bytes(), guided.place.read_bytes(), status(guided))
            guided.undo(dice.randint(1, len(guided.answers)))
            while len(guided.answers) < len(before[0].splitlines()) - 1:
                answer(guided, secret)
            assert (store.path.read_bytes(), guided.place.read_bytes(), status(guided)) == before


def test_a_session_opened_again_stands_where_it_was_left(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        guided = started(tmp_path, PAIR, store)
        while guided.position.inquiry is not None:
            answer(guided, PAIR)
            assert status(Guided(store)) == status(guided)
        assert to_json(Guided(store).verdict()) == to_json(guided.verdict())


def test_undoing_everything_gives_the_original(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        guided = started(tmp_path, PAIR, store)
        count = len(finished(guided, PAIR))
        guided.undo(count)
        assert guided.place.read_bytes() == PAIR.text
        with pytest.raises(InputError, match="0 answers"):
            guided.undo(1)


@pytest.mark.parametrize(
    ("out_then", "word_then", "out_now", "word_now", "doubted"),
    [
        ({1}, PersonAnswer.GOOD, {1, 2}, PersonAnswer.BAD, True),
        ({1, 2}, PersonAnswer.BAD, {1}, PersonAnswer.GOOD, True),
        ({1}, PersonAnswer.GOOD, {2}, PersonAnswer.BAD, False),
        ({1, 2}, PersonAnswer.GOOD, {1}, PersonAnswer.BAD, False),
        ({1}, PersonAnswer.GOOD, {1, 2}, PersonAnswer.SKIP, False),
        ({1}, PersonAnswer.SKIP, {1, 2}, PersonAnswer.BAD, False),
    ],
    ids=[
        "fails with a part of what passed",
        "passes with more than what failed",
        "other lines",
        "fails with more",
        "skips are no answer now",
        "skips were no answer then",
    ],
)
def test_answers_that_contradict_each_other_are_asked_about(
    out_then: set[int],
    word_then: PersonAnswer,
    out_now: set[int],
    word_now: PersonAnswer,
    doubted: bool,
) -> None:
    def inquiry(out: set[int]) -> Inquiry:
        edits = tuple(Edit(EditAction.DROP, f"p{at}", at) for at in sorted(out))
        return Inquiry(Candidate(edits), ProbeKind.SUBSET, "")

    outcome = OUTCOMES[word_then]
    probe = Probe(1, ProbeKind.SUBSET, inquiry(out_then).candidate, outcome)
    here = Position(
        asked=[Asked(inquiry(out_then), Given(word_then), probe)], inquiry=inquiry(out_now)
    )
    manifest = parse_manifest(PAIR.text, Path("requirements.txt"))
    found = doubt(here, word_now, manifest, b"", None)
    assert (found is not None) is doubted
    if found is not None:
        assert "build 1" in found.reason
        assert "depbisect undo 1" in found.hint


def test_a_line_with_two_faults_is_named_once() -> None:
    twice = Conclusion(VerdictKind.FIXED, READY.culprits[:1] * 2)
    assert [line.text for [line] in Position(known=[twice]).proven] == ["numpy==1.19.5"]


def test_a_skipped_build_is_never_blamed(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        guided = started(tmp_path, PAIR, store)
        answer(guided, PAIR)
        answer(guided, PAIR)
        guided.answer(Given(PersonAnswer.SKIP, reason="the platform was down"))
        finished(guided, PAIR)
        assert len(guided.verdict().culprits) == 1
        members = guided.verdict().culprits[0].members
        assert {member.requirement.text for member in members} == set(PAIR.broken[0])


def test_a_log_of_failure_outside_the_file_is_asked_about(tmp_path: Path) -> None:
    log = b"""WARNING: Retrying after connection broken by 'NewConnectionError': \
Failed to establish a new connection: [Errno -3] Temporary failure in name resolution
ERROR: Could not find a version that satisfies the requirement p1==1.1 (from versions: none)
"""
    with Store(tmp_path) as store:
        guided = started(tmp_path, PAIR, store)
        name = store.keep_log(log)
        with pytest.raises(Doubtful) as caught:
            guided.answer(Given(PersonAnswer.BAD, name))
        assert "skip" in (caught.value.hint or "")
        assert guided.answers == []
        guided.answer(Given(PersonAnswer.BAD, name, sure=True))
        assert len(guided.answers) == 1


def test_a_log_of_another_build_is_asked_about(tmp_path: Path) -> None:
    log = b"error: Failed to build `p2==1.2`\n  compiler said no\n"
    with Store(tmp_path) as store:
        guided = started(tmp_path, PAIR, store)
        guided.answer(Given(PersonAnswer.BAD))
        while "p2==1.2" in guided.place.read_text().splitlines():
            answer(guided, PAIR)
        with pytest.raises(Doubtful, match="leaves out"):
            guided.answer(Given(PersonAnswer.BAD, store.keep_log(log)))


def test_a_log_points_at_its_suspect_and_saves_builds(tmp_path: Path) -> None:
    secret = Secret(tuple(f"p{at}==1.{at}" for at in range(64)), (frozenset({"p33==1.33"}),))
    counts = []
    for log in (b"", b"error: Failed to build `p33==1.33`\n"):
        folder = tmp_path / str(len(counts))
        folder.mkdir()
        with Store(folder) as store:
            guided = started(folder, secret, store)
            guided.answer(Given(PersonAnswer.BAD, store.keep_log(log) if log else ""))
            counts.append(len(finished(guided, secret)))
    assert counts[1] < counts[0]


def test_a_file_changed_by_hand_is_not_overwritten(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        guided = started(tmp_path, PAIR, store)
        answer(guided, PAIR)
        file = guided.place
        mine = file.read_bytes() + b"mine==1\n"
        file.write_bytes(mine)
        for act in (
            lambda: guided.answer(Given(PersonAnswer.GOOD)),
            lambda: guided.undo(1),
            guided.reset,
        ):
            with pytest.raises(Changed) as caught:
                act()
            assert "+mine==1" in caught.value.diff
            assert file.read_bytes() == mine
        guided.reset(force=True)
        assert file.read_bytes() == PAIR.text
        assert not store.exists


def test_reset_can_keep_what_was_changed_by_hand(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        guided = started(tmp_path, PAIR, store)
        guided.place.write_bytes(b"mine\n")
        guided.reset(keep=True)
        assert (tmp_path / "requirements.txt").read_bytes() == b"mine\n"
        assert not store.exists


def test_an_answer_about_an_older_build_is_not_taken(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        guided = started(tmp_path, PAIR, store)
        answer(guided, PAIR)
        wanted = guided.place.read_bytes()
        guided.place.write_bytes(PAIR.text)
        with pytest.raises(InputError, match="another build"):
            guided.answer(Given(PersonAnswer.GOOD))
        assert guided.place.read_bytes() == wanted
        assert len(guided.answers) == 1


def test_bytes_of_every_kind_come_back(tmp_path: Path) -> None:
    text = (
        b"\xef\xbb\xbf# caf\xc3\xa9\r\np0==1.0  # pinned\r\n\r\np1==1.1\\\r\n  ; python_version>'3'"
    )
    file = tmp_path / "requirements.txt"
    file.write_bytes(text)
    file.chmod(0o640)
    with Store(tmp_path) as store:
        start, manifest = new_start(file, evidence=False)
        guided = begin(store, start, manifest, None)
        guided.answer(Given(PersonAnswer.BAD))
        assert file.read_bytes() != text
        guided.reset()
    assert file.read_bytes() == text
    assert file.stat().st_mode & 0o777 == 0o640


def test_includes_are_changed_where_they_are_and_come_back(tmp_path: Path) -> None:
    (tmp_path / "app").mkdir()
    (tmp_path / "base.txt").write_text("a==1\nb==1\n")
    file = tmp_path / "app" / "requirements.txt"
    file.write_text("-r ../base.txt\nc==1\n")
    with Store(file.parent) as store:
        start, manifest = new_start(file, evidence=False)
        guided = begin(store, start, manifest, None)
        secret, seen = Secret((), (frozenset({"b==1"}),)), set[str]()
        while guided.position.inquiry is not None:
            text = (tmp_path / "base.txt").read_bytes() + file.read_bytes()
            guided.answer(Given(PersonAnswer.GOOD if secret.builds(text) else PersonAnswer.BAD))
            seen.add((tmp_path / "base.txt").read_text())
            assert file.read_text().startswith("-r ../base.txt\n")
        assert "a==1\n# depbisect: b==1\n" in seen
        guided.reset()
    assert (tmp_path / "base.txt").read_text() == "a==1\nb==1\n"
    assert file.read_text() == "-r ../base.txt\nc==1\n"


def test_candidates_go_elsewhere_and_the_file_is_never_touched(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        guided = started(tmp_path, PAIR, store, to=str(tmp_path / "build.txt"))
        built = finished(guided, PAIR)
        assert any(map(PAIR.builds, built))
        assert (tmp_path / "requirements.txt").read_bytes() == PAIR.text
        guided.reset()
    assert not (tmp_path / "build.txt").exists()


def test_a_folder_takes_the_file_and_its_includes(tmp_path: Path) -> None:
    (tmp_path / "base.txt").write_text("a==1\n")
    file = tmp_path / "requirements.txt"
    file.write_text("-r base.txt\nb==1\n")
    with Store(tmp_path) as store:
        start, manifest = new_start(file, evidence=False, to=f"{tmp_path / 'out'}/")
        guided = begin(store, start, manifest, None)
        guided.answer(Given(PersonAnswer.BAD))
        assert {path.name for path in (tmp_path / "out").iterdir()} == {
            "base.txt",
            "requirements.txt",
        }
        with pytest.raises(InputError, match="one file cannot hold"):
            new_start(file, evidence=False, to=str(tmp_path / "one.txt"))


def test_another_file_of_the_user_is_not_written_over(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("a==1\n")
    (tmp_path / "mine.txt").write_text("b==1\n")
    with pytest.raises(InputError, match="there is such a file"):
        new_start(tmp_path / "requirements.txt", evidence=False, to=str(tmp_path / "mine.txt"))


def test_a_copy_that_is_built_from_comes_back_at_the_end(tmp_path: Path) -> None:
    (tmp_path / "deployed.txt").write_bytes(PAIR.text)
    with Store(tmp_path) as store:
        guided = started(tmp_path, PAIR, store, to=str(tmp_path / "deployed.txt"))
        finished(guided, PAIR)
        guided.reset()
    assert (tmp_path / "deployed.txt").read_bytes() == PAIR.text


def test_a_password_in_an_address_is_not_kept(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("a==1\n")
    with pytest.raises(InputError, match="password"):
        new_start(
            tmp_path / "requirements.txt", index_url="https://me:hunter22@index.example/simple"
        )


def test_a_password_in_a_log_is_not_kept(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        guided = started(tmp_path, PAIR, store)
        log = b"Looking in indexes: https://me:hunter22@index.example/simple\nerror: no\n"
        guided.answer(Given(PersonAnswer.BAD, store.keep_log(log)))
    kept = [path for path in (tmp_path / ".depbisect").rglob("*") if path.is_file()]
    assert not [path for path in kept if b"hunter22" in path.read_bytes()]

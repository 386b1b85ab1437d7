"""A red build goes in; a green file and the proof come out. Real uv, real builds, a local index."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bisect_deps.errors import InputError
from bisect_deps.model import (
    Cause,
    IndexSettings,
    Narrow,
    Outcome,
    Phase,
    ProbeKind,
    Verdict,
    VerdictKind,
)
from bisect_deps.progress import Silent
from bisect_deps.run.running import run
from bisect_deps.run.settings import RunSettings
from tests.support.local_index import (
    Fault,
    LocalIndex,
    Project,
    breaks_beside,
    broken_import,
)
from tests.support.repository import Repository

PROJECTS = [
    Project("good").release("1.0", requires=["helper"]).release("1.1", requires=["helper>=1"]),
    Project("helper").release("1.0").release("2.0"),
    Project("plain").release("1.0"),
    Project("turns")
    .release("1.0", fault=Fault.COMPILE)
    .release("1.1", fault=Fault.COMPILE)
    .release("1.2", fault=Fault.API_REMOVED)
    .release("2.0")
    .release("3.0"),
    Project("compiled")
    .release("1.0", fault=Fault.COMPILE, wheel="cp27-cp27m-win32", sdist=True)
    .release("1.1", fault=Fault.COMPILE)
    .release("2.0"),
    Project("placeholder")
    .release("0.8", fault=Fault.METADATA)
    .release("0.9", fault=Fault.METADATA),
    Project("metadata").release("1.0", fault=Fault.METADATA).release("1.1"),
    Project("header").release("1.0", fault=Fault.HEADER).release("1.1"),
    Project("fetches").release("1.0", fault=Fault.NETWORK).release("1.1"),
    Project("dead").release("1.0", code=broken_import()),
    Project("holder").release("1.0", requires=["turns<1.2"]).release("2.0", requires=["turns"]),
    Project("left").release("1.0", requires=["helper<2"]).release("1.1"),
    Project("right").release("1.0", requires=["helper>=2"]),
    Project("brings").release("1.0", requires=["broken==1.0"]).release("1.1"),
    Project("broken").release("1.0", fault=Fault.COMPILE).release("2.0"),
    Project("loose").release("1.0", requires=["broken"]),
    Project("needy")
    .release("1.0", code="import nonesuch\n")
    .release("2.0", requires=["helper>=2"]),
    Project("shy").release("1.0", code=breaks_beside({"good": "1.1"})),
    Project("user")
    .release("1.0", code="from lacking import gone\n", requires=["lacking"], uploaded="2021-05-01")
    .release("2.0", requires=["lacking"], uploaded="2023-05-01"),
    Project("lacking")
    .release("1.0", code="gone = 1\n", uploaded="2021-01-01")
    .release("2.0", uploaded="2023-01-01"),
    Project("moved").release("1.0", requires=["drift>=1"], uploaded="2021-03-01"),
    Project("drift")
    .release("1.0", uploaded="2021-01-01")
    .release("1.5", uploaded="2022-01-01")
    .release("2.0", code=broken_import(), uploaded="2023-01-01"),
]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with LocalIndex(tmp_path_factory.mktemp("index"), *PROJECTS).serve() as server:
        yield server.url


def bisect(tmp_path: Path, served: str, text: str, **more: object) -> Verdict:
    file = tmp_path / "requirements.txt"
    if not file.exists():
        file.write_bytes(text.encode())
    settings = RunSettings(
        file=file,
        python=sys.executable,
        index=IndexSettings(index_url=served),
        **more,  # type: ignore[arg-type]
    )
    verdict = run(settings, Silent()).verdict
    assert file.read_bytes() == text.encode(), "the user's file is never touched"
    return verdict


def names(verdict: Verdict) -> list[list[str]]:
    return sorted([member.name for member in culprit.members] for culprit in verdict.culprits)


def proof_holds(verdict: Verdict) -> None:
    """Every culprit has a failing and a passing probe, and the fix's own probe passed."""
    outcomes = {probe.number: probe.outcome for probe in verdict.probes}
    assert verdict.fix is not None
    assert outcomes[verdict.fix.probe] is Outcome.PASS
    for culprit in verdict.culprits:
        if culprit.proof.failing_probe is not None:
            assert outcomes[culprit.proof.failing_probe] is Outcome.FAIL
        assert culprit.proof.passing_probe is not None
        assert outcomes[culprit.proof.passing_probe] is Outcome.PASS


def fixed(verdict: Verdict) -> str:
    assert verdict.fix is not None
    return verdict.fix.files["requirements.txt"].decode()


def test_a_file_that_builds_passes_with_one_build(tmp_path: Path, served: str) -> None:
    verdict = bisect(tmp_path, served, "good==1.0\nplain\n", checks=("python -c 'import good'",))
    assert verdict.kind is VerdictKind.PASSES
    assert verdict.builds == 1


def test_every_independent_culprit_is_found_and_fixed(tmp_path: Path, served: str) -> None:
    text = "# keep me\nturns==1.0  # pinned\nplain==1.0\nmetadata==1.0\nheader==1.0\r\ngood==1.0"
    verdict = bisect(tmp_path, served, text)
    assert verdict.kind is VerdictKind.FIXED
    assert names(verdict) == [["header"], ["metadata"], ["turns"]]
    proof_holds(verdict)
    expected = text.replace("turns==1.0", "turns==2.0").replace("metadata==1.0", "metadata==1.1")
    assert fixed(verdict) == expected.replace("header==1.0", "header==1.1")


def test_a_culprit_is_narrowed_to_neighbouring_versions(tmp_path: Path, served: str) -> None:
    verdict = bisect(tmp_path, served, "turns==1.0\nplain\n", narrow=Narrow.FULL)
    [narrowing] = verdict.culprits[0].narrowings
    assert (narrowing.last_failing, narrowing.first_passing) == ("1.2", "2.0")
    assert narrowing.not_built == ()


def test_what_would_be_compiled_between_is_said_not_to_be_built(
    tmp_path: Path, served: str
) -> None:
    verdict = bisect(tmp_path, served, "compiled==1.0\nplain\n")
    [narrowing] = verdict.culprits[0].narrowings
    assert (narrowing.last_failing, narrowing.first_passing) == ("1.0", "2.0")
    assert narrowing.not_built == ("1.1",)


def test_a_missing_header_is_told_as_such(tmp_path: Path, served: str) -> None:
    [culprit] = bisect(tmp_path, served, "header==1.0\nplain\n").culprits
    assert culprit.cause is Cause.SYSTEM_DEP_MISSING
    assert any("ffi.h" in line.text for line in culprit.evidence)


def test_a_fault_of_the_machine_is_not_blamed_on_the_version(tmp_path: Path, served: str) -> None:
    verdict = bisect(tmp_path, served, "header==1.0\nplain\n")
    assert "For header 1.0 this machine is at fault, not the version." in verdict.summary
    [note] = [note.text for note in verdict.notes if "not to blame" in note.text]
    assert "The fix takes header 1.1 instead" in note
    [culprit] = verdict.culprits
    assert any("libffi-dev" in command for command in culprit.install.values())


def test_a_conflict_is_minimal_and_needs_no_build_to_be_named(tmp_path: Path, served: str) -> None:
    verdict = bisect(tmp_path, served, "plain==1.0\nleft==1.0\ngood==1.0\nright==1.0\n")
    assert verdict.kind is VerdictKind.FIXED
    assert names(verdict) == [["left", "right"]]
    assert verdict.culprits[0].phase is Phase.RESOLVE
    assert verdict.builds <= 3
    proof_holds(verdict)


def test_a_transitive_culprit_is_named_with_its_chain(tmp_path: Path, served: str) -> None:
    verdict = bisect(tmp_path, served, "plain==1.0\nbrings==1.0\n")
    assert verdict.kind is VerdictKind.FIXED
    [member] = verdict.culprits[0].members
    assert (member.name, member.via, member.requirement.line) == ("broken", ("brings",), 2)
    assert fixed(verdict) == "plain==1.0\nbrings==1.1\n"
    proof_holds(verdict)


def test_a_transitive_that_moved_is_held_back(tmp_path: Path, served: str) -> None:
    check = ("python -c 'import moved, drift'",)
    verdict = bisect(tmp_path, served, "plain==1.0\nmoved==1.0\n", checks=check)
    assert verdict.kind is VerdictKind.FIXED
    [member] = verdict.culprits[0].members
    assert (member.name, member.version, member.via) == ("drift", "2.0", ("moved",))
    assert verdict.culprits[0].phase is Phase.CHECK
    assert fixed(verdict) == "plain==1.0\nmoved==1.0\ndrift==1.5\n"
    proof_holds(verdict)


def test_without_a_check_the_imports_are_tried_and_bisected(tmp_path: Path, served: str) -> None:
    verdict = bisect(tmp_path, served, "plain==1.0\ndrift\n")
    assert verdict.kind is VerdictKind.FIXED
    assert names(verdict) == [["drift"]]
    assert any("import" in note.text for note in verdict.notes)


def test_a_known_good_day_leads_to_the_release_that_broke_it(tmp_path: Path, served: str) -> None:
    check = ("python -c 'import moved, drift'",)
    verdict = bisect(tmp_path, served, "moved==1.0\n", checks=check, good="2021-06-01")
    assert verdict.kind is VerdictKind.FIXED
    assert names(verdict) == [["drift"]]
    assert any(
        "broke first with drift 2.0, released 2023-01-01" in note.text for note in verdict.notes
    )
    assert fixed(verdict) == "moved==1.0\ndrift==1.5\n"
    proof_holds(verdict)


def test_a_known_good_freeze_leads_to_the_releases_that_changed(
    tmp_path: Path, served: str
) -> None:
    freeze = tmp_path / "freeze.txt"
    freeze.write_text("moved==1.0\ndrift==1.0\nplain==1.0\nhelper==1.0\ngood==1.0\n")
    check = ("python -c 'import moved, drift, good'",)
    verdict = bisect(
        tmp_path, served, "moved==1.0\ngood==1.0\nplain\n", checks=check, good=str(freeze)
    )
    assert verdict.kind is VerdictKind.FIXED
    assert names(verdict) == [["drift"]]
    proof_holds(verdict)


def test_a_git_revision_that_worked_leads_to_what_changed_since(
    tmp_path: Path, served: str
) -> None:
    lock = "".join(
        f'[[package]]\nname = "{name}"\nversion = "1.0"\n' for name in ("moved", "drift")
    )
    repository = Repository(tmp_path / "repository")
    repository.commit({"requirements.txt": "moved==1.0\n", "uv.lock": lock}, "2021-06-01")
    repository.commit({"requirements.txt": "moved==1.0\n", "uv.lock": None}, "2024-06-01")
    check = ("python -c 'import moved, drift'",)
    verdict = bisect(repository.folder, served, "moved==1.0\n", checks=check, good="HEAD~1")
    assert verdict.kind is VerdictKind.FIXED
    assert names(verdict) == [["drift"]]
    assert any(
        "Known good is git revision HEAD~1" in note.text and "and uv.lock." in note.text
        for note in verdict.notes
    )
    proof_holds(verdict)


def test_without_a_lock_the_day_of_the_revision_is_the_good_day(
    tmp_path: Path, served: str
) -> None:
    repository = Repository(tmp_path / "repository")
    repository.commit({"requirements.txt": "moved==1.0\n"}, "2021-06-01")
    repository.git("tag", "v1.2")
    check = ("python -c 'import moved, drift'",)
    verdict = bisect(repository.folder, served, "moved==1.0\n", checks=check, good="v1.2")
    assert verdict.kind is VerdictKind.FIXED
    assert names(verdict) == [["drift"]]
    assert any(
        "broke first with drift 2.0, released 2023-01-01" in note.text for note in verdict.notes
    )
    proof_holds(verdict)


def test_a_known_good_that_is_neither_file_nor_date_is_refused(tmp_path: Path, served: str) -> None:
    with pytest.raises(InputError, match="no such file, and no date"):
        bisect(tmp_path, served, "plain\n", good="yesterday")


def test_a_pair_that_breaks_at_import_is_a_combination(tmp_path: Path, served: str) -> None:
    verdict = bisect(tmp_path, served, "plain==1.0\nshy==1.0\ngood==1.1\n", imports=True)
    assert verdict.kind is VerdictKind.FIXED
    assert names(verdict) == [["shy", "good"]]
    proof_holds(verdict)
    assert "good==1.0" in fixed(verdict)


def test_a_pair_of_pins_that_either_side_fixes_is_a_combination(
    tmp_path: Path, served: str
) -> None:
    check = ("python -c 'import user, lacking'",)
    verdict = bisect(tmp_path, served, "plain==1.0\nuser==1.0\nlacking==2.0\n", checks=check)
    assert verdict.kind is VerdictKind.FIXED
    assert names(verdict) == [["user", "lacking"]]
    assert fixed(verdict) == "plain==1.0\nuser==2.0\nlacking==2.0\n"
    assert verdict.other_fixes[0].files["requirements.txt"].endswith(b"lacking==1.0\n")
    proof_holds(verdict)


def test_a_check_that_imports_every_line_is_fixed_by_an_older_release(
    tmp_path: Path, served: str
) -> None:
    check = ("python -c 'import shy, good, plain'",)
    verdict = bisect(tmp_path, served, "plain==1.0\nshy==1.0\ngood==1.1\n", checks=check)
    assert verdict.kind is VerdictKind.FIXED
    assert fixed(verdict) == "plain==1.0\nshy==1.0\ngood==1.0\n"


def test_a_line_that_must_move_with_the_culprit_is_no_culprit(tmp_path: Path, served: str) -> None:
    check = ("python -c 'import needy'",)
    verdict = bisect(tmp_path, served, "needy==1.0\nhelper==1.0\nplain\n", checks=check)
    assert names(verdict) == [["needy"]]
    assert fixed(verdict) == "needy==2.0\nhelper==2.0\nplain\n"
    proof_holds(verdict)


def test_a_pin_of_a_constraints_file_is_at_fault_and_fixed_there(
    tmp_path: Path, served: str
) -> None:
    (tmp_path / "limits.txt").write_text("turns==1.0\nbroken==1.0\n")
    verdict = bisect(tmp_path, served, "-c limits.txt\nplain\nturns\nloose\n")
    places = {
        (member.name, member.requirement.file, member.requirement.line)
        for culprit in verdict.culprits
        for member in culprit.members
    }
    assert places == {("turns", "limits.txt", 1), ("broken", "limits.txt", 2)}
    assert verdict.fix is not None
    assert dict(verdict.fix.files) == {"limits.txt": b"turns==2.0\nbroken==2.0\n"}
    proof_holds(verdict)
    assert set(verdict.unpinned) == {"plain", "loose"}, "turns is pinned by the constraints file"


def test_a_path_that_does_not_build_is_named_and_the_rest_is_still_solved(
    tmp_path: Path, served: str
) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "pyproject.toml").write_text(
        '[build-system]\nrequires = []\nbuild-backend = "nonesuch"\n'
    )
    verdict = bisect(tmp_path, served, f"-e {mine}\nturns==1.0\n")
    places = {member.requirement.line for c in verdict.culprits for member in c.members}
    assert places == {1, 2}
    assert verdict.kind is VerdictKind.CULPRITS
    assert verdict.fallback is not None
    assert verdict.fallback.dropped == {0}
    assert [edit.to for edit in verdict.fallback.edits] == [None, "==2.0"]


def test_leaving_a_line_out_is_no_fix(tmp_path: Path, served: str) -> None:
    verdict = bisect(tmp_path, served, "plain==1.0\nnonesuch==2.0\n")
    assert verdict.kind is VerdictKind.CULPRITS
    assert names(verdict) == [["nonesuch"]]
    assert verdict.fix is None
    assert verdict.fallback is not None
    assert verdict.fallback.dropped == {1}


def test_a_line_is_left_out_where_the_user_allows_it(tmp_path: Path, served: str) -> None:
    verdict = bisect(tmp_path, served, "plain==1.0\nnonesuch==2.0\n", allow_removal=True)
    assert verdict.kind is VerdictKind.FIXED
    assert "\n# " in fixed(verdict)


def test_a_placeholder_keeps_nothing_else_from_being_moved(tmp_path: Path, served: str) -> None:
    text = "turns==1.0\nplaceholder==1.0\nplain==1.0\n"
    verdict = bisect(tmp_path, served, text, allow_removal=True)
    assert verdict.kind is VerdictKind.FIXED
    assert names(verdict) == [["placeholder"], ["turns"]]
    assert fixed(verdict).splitlines()[0] == "turns==2.0"
    assert fixed(verdict).splitlines()[1].startswith("#")
    assert fixed(verdict).splitlines()[2] == "plain==1.0"


def test_a_conflict_is_proven_by_dry_runs(tmp_path: Path, served: str) -> None:
    verdict = bisect(tmp_path, served, "plain==1.0\nleft==1.0\nright==1.0\n")
    [culprit] = verdict.culprits
    kinds = {probe.number: probe for probe in verdict.probes}
    failing = kinds[culprit.proof.failing_probe or 0]
    assert (failing.kind, failing.outcome) == (ProbeKind.RESOLVE, Outcome.FAIL)
    assert failing.candidate.dropped == {0}
    assert culprit.evidence
    assert verdict.builds < len(verdict.probes)


def test_a_second_run_builds_nothing_and_says_the_same(tmp_path: Path, served: str) -> None:
    text = "turns==1.0\nplain==1.0\n"
    first = bisect(tmp_path, served, text)
    second = bisect(tmp_path, served, text)
    assert first.builds > 0
    assert second.builds == 0
    assert (names(second), second.fix) == (names(first), first.fix)


def test_a_conflict_is_proven_by_the_installer_that_the_user_has(
    tmp_path: Path, served: str
) -> None:
    text = "plain==1.0\nleft==1.0\nright==1.0\n"
    verdict = bisect(tmp_path, served, text, installer="pip")
    [culprit] = verdict.culprits
    failing = {probe.number: probe for probe in verdict.probes}[culprit.proof.failing_probe or 0]
    assert (failing.kind, failing.outcome) == (ProbeKind.SUBSET, Outcome.FAIL)
    assert failing.candidate.dropped == {0}
    assert any("ERROR" in line.text for line in culprit.evidence), "pip's own words"


def test_pip_installs_as_well_as_uv(tmp_path: Path, served: str) -> None:
    verdict = bisect(tmp_path, served, "turns==1.0\nplain==1.0\n", installer="pip")
    assert verdict.kind is VerdictKind.FIXED
    assert names(verdict) == [["turns"]]
    proof_holds(verdict)


def test_a_file_of_one_line_is_proven_by_the_build_of_the_file(tmp_path: Path) -> None:
    about = {"builder": "command", "own": {"build_cmd": "! grep ^a== {file}"}, "evidence": False}
    verdict = bisect(tmp_path, "", "a==1\n", **about)
    [culprit] = verdict.culprits
    assert culprit.proof.failing_probe == 1
    assert culprit.summary == "a 1 makes the build fail; the log does not say why."
    assert verdict.kind is VerdictKind.CULPRITS
    assert verdict.fix is None


def test_a_spent_budget_ends_inconclusive(tmp_path: Path, served: str) -> None:
    verdict = bisect(tmp_path, served, "turns==1.0\nplain==1.0\n", max_builds=1)
    assert verdict.kind is VerdictKind.INCONCLUSIVE
    assert verdict.builds <= 1


def test_a_fix_that_was_proven_outlives_the_budget(tmp_path: Path, served: str) -> None:
    text = "plain==1.0\nturns==1.0\n"
    whole = bisect(tmp_path, served, text).builds
    proven = 0
    for budget in range(1, whole + 1):
        folder = tmp_path / str(budget)
        folder.mkdir()
        verdict = bisect(folder, served, text, max_builds=budget)
        assert verdict.builds <= budget
        fixes = [probe for probe in verdict.probes if probe.kind is ProbeKind.FIX]
        if any(probe.outcome is Outcome.PASS for probe in fixes):
            proven += 1
            assert verdict.kind is VerdictKind.FIXED
            proof_holds(verdict)
    assert proven


def test_a_spent_budget_offers_the_largest_candidate_known_to_pass(tmp_path: Path) -> None:
    text = "".join(f"{name}==1\n" for name in "abcdefgh")
    command = "! { grep -q ^b== {file} && grep -q ^g== {file}; }"
    offered = 0
    for budget in range(1, 9):
        folder = tmp_path / str(budget)
        folder.mkdir()
        verdict = bisect(
            folder,
            "",
            text,
            builder="command",
            own={"build_cmd": command},
            evidence=False,
            max_builds=budget,
        )
        passed = [p.candidate for p in verdict.probes if p.outcome is Outcome.PASS]
        if verdict.kind is VerdictKind.INCONCLUSIVE and passed:
            offered += 1
            assert verdict.fallback is not None
            largest = min(len(candidate.dropped) for candidate in passed)
            assert len(verdict.fallback.dropped) == largest
    assert offered


def test_a_build_script_that_never_gets_what_it_fetches_is_at_fault(
    tmp_path: Path, served: str
) -> None:
    verdict = bisect(tmp_path, served, "fetches==1.0\nplain==1.0\n", retries=0)
    assert verdict.kind is VerdictKind.FIXED, verdict.summary
    assert names(verdict) == [["fetches"]]
    assert verdict.culprits[0].cause is Cause.BUILD_DEP_MISSING


def test_a_line_that_no_release_fixes_is_named_all_the_same(tmp_path: Path, served: str) -> None:
    check = "python -c 'import plain, dead'"
    verdict = bisect(tmp_path, served, "plain==1.0\ndead==1.0\n", checks=(check,))
    assert verdict.kind is VerdictKind.CULPRITS, verdict.summary
    assert names(verdict) == [["dead"]]
    assert verdict.culprits[0].phase is Phase.CHECK


def test_a_release_that_failed_is_not_offered_again(tmp_path: Path, served: str) -> None:
    verdict = bisect(tmp_path, served, "holder==1.0\nturns==1.0\n")
    assert verdict.kind is VerdictKind.FIXED, verdict.summary
    assert verdict.fix is not None
    assert {edit.name for edit in verdict.fix.edits if edit.after} == {"holder", "turns"}


def test_the_users_log_saves_the_first_build(tmp_path: Path, served: str) -> None:
    text = "turns==1.0\nplain==1.0\n"
    (tmp_path / "other").mkdir()
    plain = bisect(tmp_path / "other", served, text)
    log = tmp_path / "build.log"
    log.write_text("error: Failed to build `turns==1.0`\n")
    verdict = bisect(tmp_path, served, text, log=log)
    assert names(verdict) == [["turns"]]
    assert verdict.builds == plain.builds - 1


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("plain==1.0\nplain=1.0\n", "requirements.txt:2"),
        ("-r requirements.txt\n", "requirements.txt:1"),
        ("-r nonesuch.txt\n", "requirements.txt:1"),
    ],
    ids=["invalid requirement", "include cycle", "missing include"],
)
def test_bad_input_names_the_line(tmp_path: Path, served: str, text: str, place: str) -> None:
    with pytest.raises(InputError) as caught:
        bisect(tmp_path, served, text)
    assert str(caught.value.place).endswith(place)
    assert not (tmp_path / ".depbisect").exists()


def test_an_empty_file_passes(tmp_path: Path, served: str) -> None:
    assert bisect(tmp_path, served, "").kind is VerdictKind.PASSES

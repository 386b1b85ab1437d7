"""A version that builds with older tools stays, by a build-constraints file that was proven."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bisect_deps.fix.culprits import described, names_of
from bisect_deps.fix.older_tools import (
    BUILD_CONSTRAINTS_FILE,
    commands_for,
    keep_by_older_tools,
)
from bisect_deps.fix.repair import repair
from bisect_deps.model import (
    Candidate,
    Cause,
    Culprit,
    IndexSettings,
    Outcome,
    ProbeKind,
    VerdictKind,
)
from bisect_deps.progress import Silent
from bisect_deps.reports.base import fix_changes, proof_text, usage
from bisect_deps.run.output import write_fix
from bisect_deps.run.running import Finished, run
from bisect_deps.run.settings import RunSettings
from bisect_deps.system.interpreters import find_uv
from tests.fix.simulated import Checks
from tests.fix.small import Small, at, said, small, unbuildable
from tests.fix.world import Fault, Listing
from tests.support.local_index import Fault as Breaks
from tests.support.local_index import LocalIndex, Project

# A release that breaks from setuptools 81 on, as many do.
OLD = {
    "build_requires": ["setuptools"],
    "with_tool": {"setuptools": "81"},
    "fault": Breaks.API_REMOVED,
}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    index = LocalIndex(
        tmp_path_factory.mktemp("index"),
        Project("setuptools").release("80.0").release("82.0"),
        Project("plain").release("1.0"),
        Project("stuck").release("1.0", **OLD),  # type: ignore[arg-type]
        Project("fixes").release("1.0", **OLD).release("2.0"),  # type: ignore[arg-type]
        Project("turns").release("1.0", fault=Breaks.COMPILE).release("2.0"),
        Project("broken").release("1.0", fault=Breaks.API_REMOVED),
    )
    with index.serve() as server:
        yield server.url


def bisect(folder: Path, served: str, text: str, **more: object) -> Finished:
    file = folder / "requirements.txt"
    file.write_text(text)
    settings = RunSettings(
        file=file,
        python=sys.executable,
        index=IndexSettings(index_url=served),
        **more,  # type: ignore[arg-type]
    )
    return run(settings, Silent())


STUCK = "plain==1.0\nstuck==1.0\n"


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory, served: str) -> Finished:
    """Return what came of a release that has no other way."""
    return bisect(tmp_path_factory.mktemp("stuck"), served, STUCK)


@pytest.mark.parametrize("installer", ["uv", "pip"])
def test_what_has_no_other_way_keeps_its_version(
    tmp_path: Path, served: str, kept: Finished, installer: str
) -> None:
    by_pip = installer == "pip"
    finished = bisect(tmp_path, served, "stuck==1.0\n", installer="pip") if by_pip else kept
    verdict = finished.verdict
    assert verdict.kind is VerdictKind.FIXED
    assert verdict.fix is not None
    assert verdict.fix.style == "build-constraint"
    assert dict(verdict.fix.files) == {BUILD_CONSTRAINTS_FILE: b"setuptools<81\n"}
    proof = next(probe for probe in verdict.probes if probe.number == verdict.fix.probe)
    assert proof.outcome is Outcome.PASS
    assert proof.candidate.edits == ()
    assert "no release was found" in verdict.fix.reason.lower()


def test_its_command_installs_the_file_as_it_is(
    tmp_path: Path, served: str, kept: Finished
) -> None:
    file = tmp_path / "requirements.txt"
    file.write_text(STUCK)
    write_fix(kept.verdict, kept.originals, file, None, in_place=True)
    assert file.read_text() == STUCK
    uv = find_uv() or "uv"
    subprocess.run(
        [uv, "venv", "-q", "--python", sys.executable, ".venv"], cwd=tmp_path, check=True
    )
    assert kept.verdict.fix is not None
    command = f"{kept.verdict.fix.commands[0]} --default-index {served}"
    plain = f"uv pip install -r requirements.txt --default-index {served}"
    assert in_shell(plain, tmp_path, uv) != 0, "the caches hold nothing that older tools built"
    # uv's cache does not tell wheels by build constraints, so this one must not be the others'.
    assert in_shell(f"{command} --cache-dir {tmp_path / 'cache'}", tmp_path, uv) == 0


def in_shell(command: str, folder: Path, uv: str) -> int:
    text = command.replace("uv pip", f"{uv} pip", 1)
    return subprocess.run(text, shell=True, cwd=folder, check=False).returncode


def test_the_other_culprits_are_fixed_beside_it(tmp_path: Path, served: str) -> None:
    fix = bisect(tmp_path, served, "stuck==1.0\nturns==1.0\n").verdict.fix
    assert fix is not None
    assert fix.files[BUILD_CONSTRAINTS_FILE] == b"setuptools<81\n"
    assert fix.files["requirements.txt"] == b"stuck==1.0\nturns==2.0\n"


def test_a_release_that_builds_is_taken_and_no_older_tool_tried(
    tmp_path: Path, served: str
) -> None:
    verdict = bisect(tmp_path, served, "fixes==1.0\nplain==1.0\n").verdict
    assert verdict.fix is not None
    assert verdict.fix.style == "bump"
    assert verdict.other_fixes == ()


def test_alternatives_are_shown_below_the_bump_with_the_reason(tmp_path: Path, served: str) -> None:
    text = "fixes==1.0\nplain==1.0\n"
    verdict = bisect(tmp_path, served, text, alternatives=True).verdict
    assert verdict.fix is not None
    assert verdict.fix.style == "bump"
    [other] = verdict.other_fixes
    assert other.style == "build-constraint"
    assert "a newer release lasts longer" in other.reason
    assert fix_changes(other) == ["build with setuptools<81"]
    assert "fewest lines" not in verdict.fix.reason


def test_a_culprit_that_moves_costs_no_such_build_beside_one_that_has_no_way(
    tmp_path: Path, served: str
) -> None:
    verdict = bisect(tmp_path, served, "fixes==1.0\nnonesuch==1.0\n").verdict
    assert verdict.kind is VerdictKind.CULPRITS, "leaving nonesuch out is no fix"
    assert verdict.fallback is not None
    assert [edit.text for edit in verdict.fallback.edits] == ["fixes==2.0", ""]
    alone = [probe for probe in verdict.probes if probe.kind is ProbeKind.ISOLATED]
    assert len(alone) <= 2, "no older tool was tried: only whether they fail by themselves"


def test_what_no_tool_builds_is_a_culprit_without_a_fix(tmp_path: Path, served: str) -> None:
    verdict = bisect(tmp_path, served, "broken==1.0\nplain==1.0\n").verdict
    assert verdict.kind is VerdictKind.CULPRITS
    assert verdict.fix is None
    assert verdict.fallback is not None
    assert verdict.fallback.dropped == {0}
    tried = [probe for probe in verdict.probes if probe.kind is ProbeKind.ISOLATED]
    assert len(tried) > 1, "the older tools were tried"


def test_once_written_the_fix_is_found_again(tmp_path: Path, served: str) -> None:
    (tmp_path / BUILD_CONSTRAINTS_FILE).write_text("setuptools<81\n")
    verdict = bisect(tmp_path, served, STUCK).verdict
    assert verdict.fix is not None
    assert verdict.fix.style == "build-constraint"
    assert "as it is" in usage(verdict, verdict.fix)
    assert proof_text(verdict.culprits[0], verdict.probes).endswith("passes with the fix")


def test_a_file_of_the_users_is_never_replaced(tmp_path: Path, served: str) -> None:
    (tmp_path / BUILD_CONSTRAINTS_FILE).write_text("mine<1\n")
    verdict = bisect(tmp_path, served, STUCK).verdict
    assert verdict.kind is VerdictKind.CULPRITS
    assert verdict.fix is None
    assert (tmp_path / BUILD_CONSTRAINTS_FILE).read_text() == "mine<1\n"
    assert any("it stays" in note.text for note in verdict.notes)


def failed_alone(here: Small, name: str) -> Culprit:
    member = here.case.member(name, "1.0")
    assert member is not None
    return described([member], here.alone(f"{name}==1.0"))


@pytest.mark.parametrize(
    ("advised", "tried"),
    [
        (True, [("setuptools<58",)]),
        (False, [("setuptools<81",), ("setuptools<58",)]),
    ],
    ids=["of the log", "of the cause"],
)
def test_advice_of_the_log_is_tried_before_that_of_its_cause(
    advised: bool, tried: list[tuple[str, ...]]
) -> None:
    old = replace(REMOVED, remedy="setuptools<58")
    here = small("lib==1.0\n", {"lib": [at("1.0")]}, old, checks=Checks.NONE)
    culprit = failed_alone(here, "lib")
    assert culprit.remedies == ("setuptools<58",)
    culprit = culprit if advised else replace(culprit, remedies=())
    kept, _ = here.told(keep_by_older_tools(here.case, [culprit], Candidate(), [culprit], []))
    assert kept is not None
    assert kept.constraints == ("setuptools<58",)
    alone = [i.build_constraints for i, _ in here.builds.asked if i.isolated is not None]
    assert alone[1:] == tried


def test_what_is_kept_does_not_move_and_the_other_culprits_do() -> None:
    faults = (replace(REMOVED, remedy="setuptools<81"), unbuildable("gneiss", "side", "1.0"))
    projects = {"lib": [at("1.0"), at("2.0")], "side": [at("1.0"), at("2.0")]}
    here = small("lib==1.0\nside==1.0\n", projects, *faults, checks=Checks.NONE)
    lib, side = (failed_alone(here, name) for name in ("lib", "side"))
    before = here.case.settled(Candidate(), {"lib": "2.0", "side": "2.0"})
    kept, _ = here.told(keep_by_older_tools(here.case, [lib], before, [lib, side], []))
    assert kept is not None
    assert said(kept.candidate) == "side==2.0"
    assert [culprit.members[0].name for culprit in kept.culprits] == ["lib"]


@pytest.mark.parametrize(("shown", "builds"), [(True, 2), (False, 4)])
def test_no_edit_stays_beside_build_constraints_that_it_passes_without(
    shown: bool, builds: int
) -> None:
    faults = (replace(REMOVED, remedy="setuptools<81"), unbuildable("gneiss", "side", "1.0"))
    projects = {name: [at("1.0"), at("2.0")] for name in ("lib", "side", "idle")}
    here = small("lib==1.0\nside==1.0\nidle==1.0\n", projects, *faults, checks=Checks.NONE)
    lib, side, idle = (failed_alone(here, name) for name in ("lib", "side", "idle"))
    before = here.case.settled(Candidate(), {"lib": "2.0", "side": "2.0", "idle": "2.0"})
    known = [probe for _, probe in here.builds.asked if shown] * 2
    here.builds.asked.clear()
    kept, _ = here.told(keep_by_older_tools(here.case, [lib], before, [lib, side, idle], known))
    assert kept is not None
    assert said(kept.candidate) == "side==2.0"
    whole = [inquiry for inquiry, _ in here.builds.asked if inquiry.isolated is None]
    assert len(whole) == builds, "what a log shows to fail is not built again"
    assert {inquiry.build_constraints for inquiry in whole} == {("setuptools<81",)}


SOURCE: dict[str, Any] = {"wheel": "", "sdist": True}


def two_that_need_older_tools(*more: Fault, **projects: Sequence[Listing]) -> Small:
    """Return a file whose lines keep each other from every release that builds with today's."""
    old = [f"0.{n}" for n in range(4)]
    plugin = unbuildable("flint", "plugin", "/".join(old), Cause.BUILD_API_REMOVED)
    codec = unbuildable("granite", "codec", "0.3", Cause.BUILD_API_REMOVED)
    listed = {
        "framework": [at("1.0"), at("2.0")],
        "plugin": [*(at(n, **SOURCE) for n in old), at("0.4", "2021-01-01", "framework>=2")],
        "queue": [at("3.1", "2018-01-01", "codec"), at("4.0")],
        "codec": [at("0.3", **SOURCE)],
        "bridge": [at("0.2", "2018-01-01", "queue<4", "framework<2")],
    }
    text = "framework>=1,<2\nplugin==0.1\nqueue==3.1\nbridge==0.2\n"
    text += "".join(f"{name}==1.0\n" for name in projects)
    faults = [replace(plugin, remedy="tools<58"), replace(codec, remedy="tools<81")]
    return small(text, {**listed, **projects}, *faults, *more, checks=Checks.NONE)


def test_what_only_did_not_suit_a_move_is_no_culprit_once_older_tools_keep_all() -> None:
    here = two_that_need_older_tools()
    conclusion = here.told(repair(here.case))
    assert conclusion.kind is VerdictKind.FIXED
    assert [said(way.candidate) for way in conclusion.ways] == [""]
    assert names_of(conclusion.culprits) == {"plugin", "codec"}
    assert conclusion.ways[0].build_constraints == ("tools<58",), "the looser bound says nothing"


def test_what_else_fails_with_older_tools_is_repaired_with_them() -> None:
    side = unbuildable("gneiss", "side", "1.0", Cause.COMPILE_ERROR)
    here = two_that_need_older_tools(side, side=[at("1.0"), at("2.0")])
    conclusion = here.told(repair(here.case))
    assert conclusion.kind is VerdictKind.FIXED
    assert [said(way.candidate) for way in conclusion.ways] == ["side==2.0"]
    assert names_of(conclusion.culprits) == {"plugin", "codec", "side"}
    assert "side" not in conclusion.ways[0].reason


REMOVED = unbuildable("flint", "lib", "1.0", Cause.BUILD_API_REMOVED)


def test_page_shows_the_commands_that_a_verdict_shows() -> None:
    page = Path(__file__).parents[2].joinpath("docs", "build-constraints.md").read_text("utf-8")
    assert "".join(f"    {line}\n" for line in commands_for("requirements.txt")) in page


def test_an_older_pip_is_asked_for_an_environment_that_the_constraints_reach() -> None:
    [older] = [line for line in commands_for("requirements.txt") if "PIP_CONSTRAINT=" in line]
    assert " --use-pep517 " in older

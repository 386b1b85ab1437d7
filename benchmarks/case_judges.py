"""What is right for each case of `cases/run.toml`: a strict reading of its `right` text.

A judge is given one answer and yields all that is wrong with it, one sentence each; nothing at all
is right. Must not know how an answer came about.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, TypeAlias

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from benchmarks.runs import Installed, Run

Complaints: TypeAlias = Iterator[str]


@dataclass(frozen=True)
class Answer:
    """What one run said of a case, and what plain installs say of its fix.

    `before` and `after` are the case's own files, `fixed` is what `-o` wrote: relative path to
    text. `proof` is a plain install and check of `fixed`; None where there was nothing to install.
    `logs` maps the name of each kept log to its text. `variant` says what was special about this
    run, `place` is the address of an index that was served for it.
    """

    run: Run
    variant: str = ""
    before: Mapping[str, str] = field(default_factory=dict)
    after: Mapping[str, str] = field(default_factory=dict)
    fixed: Mapping[str, str] = field(default_factory=dict)
    proof: Installed | None = None
    logs: Mapping[str, str] = field(default_factory=dict)
    place: str = ""

    @property
    def report(self) -> Mapping[str, Any]:
        """Return the report as it was written."""
        return self.run.report

    @property
    def builds(self) -> int:
        """Return how many builds the report counts."""
        return int(self.report.get("builds", 0))

    @property
    def culprits(self) -> list[frozenset[str]]:
        """Return the names that each culprit consists of: transitive releases by their own."""
        return [
            frozenset(canonicalize_name(member["name"]) for member in culprit["requirements"])
            for culprit in self.report["culprits"]
        ]

    @property
    def named(self) -> set[str]:
        """Return the names of all culprits."""
        return {name for names in self.culprits for name in names}

    @property
    def lines_named(self) -> set[str]:
        """Return the names of all culprits, and of the lines by which they come in."""
        members = [
            member for culprit in self.report["culprits"] for member in culprit["requirements"]
        ]
        chains = {canonicalize_name(name) for member in members for name in member["via"][:1]}
        return self.named | chains | {name_in(member["text"]) for member in members}

    @property
    def edits(self) -> list[Mapping[str, Any]]:
        """Return the edits of the fix; none without one."""
        return list(self.report["fix"]["edits"]) if self.report["fix"] else []

    @property
    def edited(self) -> set[str]:
        """Return the names of the projects that the fix changes."""
        return {canonicalize_name(edit["name"]) for edit in self.edits}

    @property
    def narrowings(self) -> list[Mapping[str, Any]]:
        """Return every range that the report tells, of all culprits."""
        return [
            narrowing
            for culprit in self.report["culprits"]
            for narrowing in culprit.get("narrowings") or [culprit["narrowing"]]
            if narrowing
        ]

    @property
    def words(self) -> str:
        """Return all that a user reads: progress, notes and verdict, each line's ends joined."""
        return " ".join(f"{self.run.err}\n{self.run.out}".split())


def name_in(text: str) -> str:
    """Return the normalised name of a requirement's text, or the text where it has none."""
    try:
        return canonicalize_name(Requirement(text).name)
    except InvalidRequirement:
        _, _, egg = text.partition("#egg=")
        return canonicalize_name(egg or text.partition("==")[0].strip())


# -- what most cases ask for


def fixes(answer: Answer, *names: str, drops: Sequence[str] = ()) -> Complaints:
    """Want exit 0 and a fix that changes exactly these projects, proven by a plain install.

    Only what `drops` names may be left out (law 7).
    """
    if other := list(ends(answer, "fixed", 0)):
        yield from other
        return
    if answer.edited != set(names):
        yield f"the fix changes {listed(answer.edited)} instead of {listed(names)}"
    yield from drops_only(answer, *drops)
    yield from accuses_what_it_changes(answer)
    yield from is_proven(answer)


def ends(answer: Answer, verdict: str, exit_code: int) -> Complaints:
    """Want this verdict and this exit code."""
    found = (answer.report["verdict"], answer.run.exit_code)
    if found != (verdict, exit_code):
        yield f"{found[0]}, exit {found[1]}, instead of {verdict}, exit {exit_code}"


def is_proven(answer: Answer) -> Complaints:
    """Want that the fix passes a plain install and the check."""
    if answer.proof is None:
        yield "no fixed file was written"
    elif not answer.proof.passed:
        last = answer.proof.log.strip().splitlines()[-1:] or [""]
        yield f"the fix fails a plain install and check: {last[0][:120]}"


def drops_only(answer: Answer, *names: str) -> Complaints:
    """Want that the fix leaves out nothing but these (law 7)."""
    dropped = {canonicalize_name(edit["name"]) for edit in answer.edits if edit["action"] == "drop"}
    if surplus := dropped - set(names):
        yield f"the fix leaves out {listed(surplus)}"


def accuses_what_it_changes(answer: Answer) -> Complaints:
    """Want that each line that the fix changes is a culprit's (law 2); what it adds may be new."""
    members = [
        member for culprit in answer.report["culprits"] for member in culprit["requirements"]
    ]
    places = {(member["file"], member["line"]) for member in members}
    unaccused = {
        edit["name"]
        for edit in answer.edits
        if edit["action"] != "add"
        and (edit["file"], edit["line"]) not in places
        and canonicalize_name(edit["name"]) not in answer.named
    }
    if unaccused:
        yield f"the fix changes {listed(unaccused)}, which no culprit names"


def installs(answer: Answer, **wanted: str) -> Complaints:
    """Want that the fixed file installs these versions; `_` in a name stands for `-`."""
    if answer.proof is None:
        return
    versions = answer.proof.versions
    for name, specifier in wanted.items():
        project = canonicalize_name(name)
        version = versions.get(project)
        if version is None:
            yield f"the fixed file does not install {project}"
        elif not Requirement(f"{project}{specifier}").specifier.contains(version):
            yield f"the fixed file installs {project} {version}, not {specifier}"


def names(answer: Answer, *wanted: str, may: Sequence[str] = ()) -> Complaints:
    """Want all of these among the culprits, and nobody else but who `may` be."""
    if missed := set(wanted) - answer.named:
        yield f"does not name {listed(missed)}"
    if innocent := answer.named - set(wanted) - set(may):
        yield f"names {listed(innocent)}"


def builds(answer: Answer, most: int) -> Complaints:
    """Want at most so many builds."""
    if answer.builds > most:
        yield f"{answer.builds} builds, {most} are enough"


def listed(items: Iterable[str]) -> str:
    """Return names as one phrase, `nothing` for none."""
    return ", ".join(sorted(items)) or "nothing"


# -- the cases, in the order of the file


def layers(answer: Answer) -> Complaints:
    """Hold werkzeug and sqlalchemy in at most 6 builds, neither markupsafe nor jinja2 named."""
    yield from fixes(answer, "werkzeug", "sqlalchemy")
    yield from installs(answer, werkzeug="<3", sqlalchemy="<2")
    yield from names(answer, "werkzeug", "sqlalchemy", may=["flask", "flask-sqlalchemy"])
    yield from builds(answer, 6)


def range_transitive(answer: Answer) -> Complaints:
    """Hold werkzeug below 3."""
    yield from fixes(answer, "werkzeug")
    yield from installs(answer, werkzeug=">=2.0.3,<3", flask=">=2.0,<2.1")
    yield from names(answer, "werkzeug", may=["flask"])


def range_soft_unicode(answer: Answer) -> Complaints:
    """Hold markupsafe below 2.1."""
    yield from fixes(answer, "markupsafe")
    yield from installs(answer, markupsafe="<2.1", jinja2=">=2.11,<3")
    yield from names(answer, "markupsafe", may=["jinja2"])


def bare_name(answer: Answer) -> Complaints:
    """Find pydantic 1.10, the older major series, without being asked."""
    yield from fixes(answer, "pydantic")
    yield from installs(answer, pydantic="==1.10.*")
    yield from names(answer, "pydantic")


def gallop(answer: Answer) -> Complaints:
    """Hold huggingface-hub below 1, and try no row of neighbouring gradio releases."""
    yield from fixes(answer, "huggingface-hub")
    yield from installs(answer, huggingface_hub="<1", gradio=">=4.37.1,<5")
    yield from names(answer, "huggingface-hub", may=["gradio"])
    moves = {
        edit["to"]
        for probe in answer.report["probes"]
        for edit in probe["edits"]
        if edit["name"] == "gradio" and edit["to"]
    }
    if len(moves) > 2:
        yield f"tries {len(moves)} releases of gradio"
    yield from builds(answer, 8)


def widen_or_advice(answer: Answer) -> Complaints:
    """Add setuptools, or widen the range of Django."""
    if "setuptools" in answer.edited:
        yield from fixes(answer, "setuptools")
        yield from installs(answer, setuptools="<81", django=">=2.2,<2.3")
    else:
        yield from fixes(answer, "django")
    yield from names(answer, may=["django", "setuptools"])


def second_fault_named(answer: Answer) -> Complaints:
    """Name faiss and the path; write faiss-cpu and a version for the path."""
    yield from names(answer, "faiss", "packaging")
    changed = {edit["line"] for edit in answer.edits}
    yield from fixes(answer, *answer.edited)
    if answer.edits and changed != {2, 3}:
        yield f"the fix changes the lines {sorted(changed)} instead of 2 and 3"
    yield from installs(answer, faiss_cpu="==1.12.0", packaging="", idna="==3.10", six="==1.17.0")
    if "file:" in _active(answer.fixed.get("requirements.txt", "")):
        yield "the path is still in the fixed file"


def clock_innocent(answer: Answer) -> Complaints:
    """Leave wsgiref out, and touch nothing else."""
    yield from fixes(answer, "wsgiref", drops=["wsgiref"])
    yield from installs(answer, six="==1.16.0", pycryptodome="==3.9.9")
    yield from names(answer, "wsgiref")


def clock_django(answer: Answer) -> Complaints:
    """Move PyYAML alone."""
    yield from fixes(answer, "pyyaml")
    yield from installs(answer, pyyaml=">=6.0", pillow="==8.3.1")
    yield from names(answer, "pyyaml")


def clock_aiohttp(answer: Answer) -> Complaints:
    """Move PyYAML alone; aiohttp compiles."""
    yield from fixes(answer, "pyyaml")
    yield from installs(answer, aiohttp="==3.7.4", httpx="==0.24.0")
    yield from names(answer, "pyyaml")


def three_conflicts(answer: Answer) -> Complaints:
    """List the three pairs, and no range that boto3's own limits forbid."""
    pairs = [("urllib3", "botocore"), ("urllib3", "boto3"), ("botocore", "boto3")]
    wanted = {frozenset(pair) for pair in pairs}
    for pair in sorted(wanted - set(answer.culprits), key=sorted):
        yield f"does not list {' + '.join(sorted(pair))}"
    for pair in sorted(set(answer.culprits) - wanted, key=sorted):
        yield f"names {' + '.join(sorted(pair))}"
    # boto3 1.28.0 requires botocore>=1.31.0,<1.32.0; a boto3 that the fix moves requires another.
    allowed = [answer.proof.versions.get("botocore")] if answer.proof else []
    for told in answer.narrowings:
        passing = (told["name"] == "botocore" and told["first_passing"]) or ""
        if passing and passing not in allowed and not passing.startswith("1.31."):
            yield f"botocore passes from {passing}, which boto3 forbids"
    yield from fixes(answer, *answer.edited)
    if others := answer.edited - {"urllib3", "botocore", "boto3"}:
        yield f"the fix changes {listed(others)}"


def shared_cause(answer: Answer) -> Complaints:
    """Name the lines that break by themselves, and hold werkzeug: one line fixes all."""
    yield from fixes(answer, "werkzeug")
    yield from installs(answer, werkzeug="<2.1", flask="==2.0.1", flask_login="==0.5.0")
    if missed := {"flask-login", "flask-wtf"} - answer.lines_named:
        yield f"does not name {listed(missed)}"
    yield from names(answer, may=["werkzeug", "flask", "flask-login", "flask-wtf"])


def one_abi_two_lines(answer: Answer) -> Complaints:
    """Hold numpy below 2, and name both lines that need it."""
    yield from fixes(answer, "numpy")
    yield from installs(answer, numpy="<2", pandas="==1.5.3", scikit_learn="==1.2.2")
    if missed := {"pandas", "scikit-learn"} - answer.lines_named:
        yield f"does not name {listed(missed)}"
    yield from names(answer, may=["numpy", "pandas", "scikit-learn"])


def constraint_pin(answer: Answer) -> Complaints:
    """Find the culprit in the constraints file, and move it there."""
    yield from names(answer, "flask", may=["werkzeug", "jinja2", "itsdangerous", "markupsafe"])
    places = {
        (member["file"], member["line"])
        for culprit in answer.report["culprits"]
        for member in culprit["requirements"]
    }
    if ("constraints.txt", 1) not in places:
        yield "does not name constraints.txt:1"
    yield from fixes(answer, "flask")
    changed = {(edit["file"], edit["line"]) for edit in answer.edits}
    if answer.edits and changed != {("constraints.txt", 1)}:
        yield f"the fix changes {changed}"
    yield from installs(answer, markupsafe="==2.1.3", werkzeug="==2.3.7", requests="==2.31.0")


def no_such_version(answer: Answer) -> Complaints:
    """Say that 8.1.99 does not exist, which releases are nearest, and no range that ends there."""
    yield from fixes(answer, "click")
    yield from names(answer, "click")
    if answer.proof and answer.proof.versions.get("click") not in ("8.1.8", "8.2.0"):
        yield f"the fix takes click {answer.proof.versions.get('click')}"
    for version in ("8.1.8", "8.2.0"):
        if version not in answer.words:
            yield f"does not say that {version} is near"
    said = re.search(r"(fails (up to|from)|passes (up to|from)) 8\.1\.99", answer.words)
    pairs = [(told["last_failing"], told["first_passing"]) for told in answer.narrowings]
    if said or any("8.1.99" in pair for pair in pairs):
        yield "puts 8.1.99, which does not exist, at the end of a range"


def system_library(answer: Answer) -> Complaints:
    """Say what to install in at most 3 builds; exit 1, and nothing written even with --write."""
    yield from ends(answer, "culprits", 1)
    if answer.after != answer.before:
        yield "the file was changed"
    yield from names(answer, "mysqlclient")
    if causes := {culprit["cause"] for culprit in answer.report["culprits"]} - {
        "system-dep-missing"
    }:
        yield f"the cause is {listed(causes)}"
    commands = " ".join(
        str(command)
        for culprit in answer.report["culprits"]
        for command in (culprit.get("install") or {}).values()
    )
    for package in ("default-libmysqlclient-dev", "pkg-config"):
        if package not in commands:
            yield f"`install` does not name {package}"
    yield from builds(answer, 3)


def dry_run_proof(answer: Answer) -> Complaints:
    """Prove by builds what pip and uv would do, or say that there is evidence only."""
    yield from fixes(answer, *answer.edited)
    yield from names(answer, may=["numpy", "scipy", "pandas"])
    probes = {probe["number"]: probe for probe in answer.report["probes"]}
    if not answer.culprits:
        yield "no culprit"
    for culprit in answer.report["culprits"]:
        title = " + ".join(member["name"] for member in culprit["requirements"])
        probe = probes.get(culprit["proof"]["failing_probe"])
        if probe is None:
            said = f"{culprit['summary']} {culprit.get('advice', '')}"
            if "evidence" not in f"{said} {answer.words}":
                yield f"{title}: not built, and nowhere said to be evidence only"
        elif probe["kind"] == "resolve" or forbids_sources(answer.logs.get(probe["log"], "")):
            yield f"{title}: the proof is the resolver's answer"


def another_age(answer: Answer) -> Complaints:
    """Say before any build that the file is made for Python 3.8; then fix it for 3.11."""
    version = (answer.report.get("python_for") or {}).get("version")
    if version != "3.8":
        yield f"`python_for` says {version}"
    before, started, _ = answer.run.err.partition("  build 1")
    if not re.search(r"Python 3\.8\b", before) or not started:
        yield "does not say Python 3.8 before the first build"
    yield from fixes(answer, *answer.edited)


def pair_behind_another_failure(answer: Answer) -> Complaints:
    """Name the pair, with its own log as the proof wherever one is quoted; no fix by removal."""
    if answer.culprits != [frozenset({"a", "broken"})]:
        titles = [" + ".join(sorted(culprit)) for culprit in answer.culprits]
        yield f"names {'; '.join(titles) or 'nothing'} instead of a + broken"
    failing = {
        probe["log"]
        for probe in answer.report["probes"]
        for culprit in answer.report["culprits"]
        if probe["number"] == culprit["proof"]["failing_probe"]
    }
    quoted = {
        evidence["log"]
        for culprit in answer.report["culprits"]
        for evidence in culprit["evidence"]
        if evidence["log"]
    }
    for log in sorted(failing | quoted):
        if LOG_Y not in answer.logs.get(log, ""):
            yield f"{log} is cited and shows another failure"
    if not failing:
        yield "no failing build is cited"
    yield from ends(answer, "culprits", 1)


def boundary_on_a_platform(answer: Answer) -> Complaints:
    """Claim no boundary over releases that were not built, unless it lists them."""
    yield from fixes(answer, "flask")
    yield from names(answer, "flask", may=["werkzeug", "jinja2", "markupsafe"])
    if not any(narrowing["name"] == "flask" for narrowing in answer.narrowings):
        yield "no range of flask is told"
    for narrowing in answer.narrowings:
        if narrowing["name"] == "flask":
            yield from boundary(narrowing, FLASK)


def index_serves_a_page(answer: Answer) -> Complaints:
    """Blame the index by its address, exit 4, and write nothing."""
    yield from ends(answer, "unavailable", 4)
    if answer.after != answer.before:
        yield "the file was changed"
    if answer.named:
        yield f"names {listed(answer.named)}"
    if answer.place not in answer.words:
        yield "the index is not named"


def installer_refuses_a_line(answer: Answer) -> Complaints:
    """Name the editable repository and the invented pin from the first logs, nobody else."""
    if missed := {"tool", "pkg-resources"} - answer.lines_named:
        yield f"does not name {listed(missed)}"
    if innocent := answer.lines_named & {"six", "idna"}:
        yield f"names {listed(innocent)}"
    # A repository out of reach is tried three times, and each try counts.
    yield from builds(answer, 6)
    if answer.variant == OWN_REPOSITORY:
        yield from fixes(answer, "tool", "pkg-resources", drops=["pkg-resources"])
        yield from installs(answer, tool="==1.0", six="==1.16.0", idna="==2.9")
        return
    if answer.run.exit_code != 1:
        yield f"exit {answer.run.exit_code} instead of 1: the repository cannot be reached"
    if not re.search(r"reach|resolve host|connect|clone", answer.words):
        yield "does not say that the repository cannot be reached"
    known = [edit for edit in answer.report.get("fallback") or () if edit["action"] == "drop"]
    dropped = {canonicalize_name(edit["name"]) for edit in known}
    if not {"pkg-resources"} <= dropped <= {"pkg-resources", "tool"}:
        yield f"the rest is not solved: known to pass is the file without {listed(dropped)}"


Judge = Callable[[Answer], Complaints]
JUDGES: dict[str, Judge] = {
    "layers": layers,
    "range-transitive": range_transitive,
    "range-soft-unicode": range_soft_unicode,
    "bare-name": bare_name,
    "gallop": gallop,
    "widen-or-advice": widen_or_advice,
    "second-fault-named": second_fault_named,
    "clock-innocent": clock_innocent,
    "clock-django": clock_django,
    "clock-aiohttp": clock_aiohttp,
    "three-conflicts": three_conflicts,
    "shared-cause": shared_cause,
    "one-abi-two-lines": one_abi_two_lines,
    "constraint-pin": constraint_pin,
    "no-such-version": no_such_version,
    "system-library": system_library,
    "dry-run-proof": dry_run_proof,
    "another-age": another_age,
    "pair-behind-another-failure": pair_behind_another_failure,
    "boundary-on-a-platform": boundary_on_a_platform,
    "index-serves-a-page": index_serves_a_page,
    "installer-refuses-a-line": installer_refuses_a_line,
}


def judge(case: str, answer: Answer) -> list[str]:
    """Return all that is wrong with an answer; nothing is right."""
    if answer.run.exit_code is None:
        return [f"stopped after {answer.run.seconds:.0f} s"]
    if answer.report["verdict"] == "none":
        last = answer.run.err.strip().splitlines()[-1:] or [""]
        return [f"no report, exit {answer.run.exit_code}: {last[0][:120]}"]
    return list(JUDGES[case](answer))


def same_fix(answers: Sequence[Answer]) -> Complaints:
    """Want the same bytes and the same culprits in every variant (law 1)."""
    first = answers[0]
    for answer in answers[1:]:
        if answer.fixed != first.fixed:
            yield f"another fix when {answer.variant} than when {first.variant}"
        if set(answer.culprits) != set(first.culprits):
            yield f"other culprits when {answer.variant} than when {first.variant}"


# -- a flaky release beside a culprit: many runs, each right, inconclusive or wrong


class Flaky(str, Enum):
    """How one run fared on a file with a release that fails for good and a flaky one."""

    RIGHT = "right"
    INCONCLUSIVE = "inconclusive"
    WRONG = "wrong"


def judge_flaky(answer: Answer, culprit: str, flaky: str) -> tuple[Flaky, str]:
    """Return how a run fared, and why.

    Wrong is who accuses or moves the flaky release, or gives a verdict that misses the culprit.
    """
    verdict = answer.report["verdict"]
    if answer.run.exit_code is None:
        return Flaky.WRONG, "stopped at the limit"
    if verdict == "none":
        return Flaky.WRONG, f"no report, exit {answer.run.exit_code}"
    if answer.named - {culprit}:
        return Flaky.WRONG, f"names {listed(answer.named - {culprit})}"
    if answer.edited - {culprit}:
        return Flaky.WRONG, f"the fix changes {listed(answer.edited - {culprit})}"
    if verdict == "passes" or (verdict == "fixed" and culprit not in answer.named):
        return Flaky.WRONG, f"{verdict}, and {flaky} is all that it saw"
    if verdict == "fixed" and culprit in answer.named:
        return Flaky.RIGHT, ""
    return Flaky.INCONCLUSIVE, f"{verdict}, exit {answer.run.exit_code}"


def enough_right(found: Sequence[Flaky], share: float) -> Complaints:
    """Want nobody wrongly accused; where at most 5 % of the builds are flaky, 58 of 60 right."""
    wrong = found.count(Flaky.WRONG)
    if wrong:
        yield f"{wrong} of {len(found)} runs wrong"
    if share <= 0.05 and found.count(Flaky.RIGHT) < len(found) * 58 / 60:
        yield f"{found.count(Flaky.RIGHT)} of {len(found)} runs right"


# -- facts and helpers

LOG_X = "make: *** No rule to make target 'needed.h', needed by 'main.o'.  Stop."
LOG_Y = "/usr/bin/ld: broken.o: multiple definition of 'start'; a.o: first defined here"
OWN_REPOSITORY = "own repository"
# The releases from the one that the case pins on, as of November 2026.
FLASK = (
    *("1.1.2", "1.1.3", "1.1.4", "2.0.0", "2.0.1", "2.0.2", "2.0.3", "2.1.0", "2.1.1", "2.1.2"),
    *("2.1.3", "2.2.0", "2.2.1", "2.2.2", "2.2.3", "2.2.4", "2.2.5", "2.3.0", "2.3.1", "2.3.2"),
    *("2.3.3", "3.0.0", "3.0.1", "3.0.2", "3.0.3", "3.1.0", "3.1.1", "3.1.2", "3.1.3"),
)


def boundary(narrowing: Mapping[str, Any], releases: Sequence[str]) -> Complaints:
    """Want that what lies between the two ends was built, or is listed as not built (law 6)."""
    pair = (narrowing["last_failing"], narrowing["first_passing"])
    if None in pair:
        return
    if unknown := [version for version in pair if version not in releases]:
        yield f"{', '.join(unknown)} does not exist"
        return
    low, high = sorted(releases.index(version) for version in pair)
    told = {*narrowing.get("not_built", ()), *(tried["version"] for tried in narrowing["tried"])}
    if silent := [version for version in releases[low + 1 : high] if version not in told]:
        yield f"{pair[0]} fails, {pair[1]} passes: {', '.join(silent)} between them not mentioned"


def forbids_sources(log: str) -> bool:
    """Say whether a log is that of an install which may build nothing from source."""
    return bool(re.search(r"--no-build\b|--only-binary|building from source is disabled", log))


def _active(text: str) -> str:
    """Return a requirements file without its comments."""
    return "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))

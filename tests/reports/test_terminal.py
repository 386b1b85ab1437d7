"""The verdict in a terminal says all that was found, in words for everyone, and nothing else."""

from __future__ import annotations

import re
from dataclasses import replace
from unicodedata import category

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bisect_deps.model import (
    Candidate,
    Cause,
    Culprit,
    Edit,
    EditAction,
    Evidence,
    FixEdit,
    Narrowing,
    Note,
    Outcome,
    Phase,
    Probe,
    Proof,
    PythonFor,
    Tried,
    Verdict,
    VerdictKind,
)
from bisect_deps.reports import html, markdown
from bisect_deps.reports.base import (
    NO_REQUIREMENT,
    also_built,
    between,
    builds_text,
    fix_changes,
    how_also,
    left_out,
    line_reasons,
    made_for,
    note_text,
    proof_text,
    reason,
    together,
    turning_point,
)
from bisect_deps.reports.terminal import render
from bisect_deps.text import duration, listed, safe, safe_line, some
from tests.reports.verdicts import (
    ANOTHER_AGE,
    ANSWER,
    BUILD_CONSTRAINT,
    FIX,
    FLAKY,
    HOSTILE,
    NOT_FIXED,
    NUMPY,
    PAIR,
    PANDAS,
    PASSES,
    PROBES,
    READY,
    VERDICTS,
)

PASS, FAIL = Outcome.PASS, Outcome.FAIL
each_verdict = pytest.mark.parametrize("verdict", VERDICTS.values(), ids=VERDICTS)
each_width = pytest.mark.parametrize("width", [1, 40, 80, 100, 300])


def flat(text: str) -> str:
    return " ".join(text.split())


@each_verdict
@each_width
def test_text_for_a_pipe_is_plain(verdict: Verdict, width: int) -> None:
    text = render(verdict, width=width)
    assert all(char.isprintable() or char == "\n" for char in text)
    assert "hunter2" not in text
    assert all(line == line.rstrip() for line in text.splitlines())
    assert "\n\n\n" not in text
    assert text.endswith(".\n")


@each_verdict
def test_colour_changes_no_word(verdict: Verdict) -> None:
    coloured = render(verdict, color=True)
    assert "\x1b[" in coloured
    assert re.sub(r"\x1b\[[\d;]*m", "", coloured) == render(verdict)
    assert "\x1b" not in re.sub(r"\x1b\[[\d;]*m", "", coloured)


@each_verdict
@pytest.mark.parametrize("width", [40, 80, 100])
def test_prose_fits_the_width(verdict: Verdict, width: int) -> None:
    for line in render(verdict, width=width).splitlines():
        too_long_to_break = max(map(len, line.split() or [""])) > width - 20
        is_command = any(words in line for words in ("  uv pip", "apt-get install", "dnf install"))
        assert len(line) <= width or too_long_to_break or is_command


def test_wide_characters_are_counted_as_two() -> None:
    wide = replace(PASSES, summary="\u6587" * 70)
    assert all(len(line) <= 40 for line in render(wide, width=80).splitlines() if "\u6587" in line)


def test_a_fixed_file_is_explained_line_by_line() -> None:
    text = flat(render(READY))
    for part in (
        "Fix found. 3 lines of requirements.txt break the build on Python 3.12; "
        "with the 3 changes below it passes.",
        "1. numpy==1.19.5 requirements.txt:1",
        "its setup needs distutils, which Python 3.12 removed.",
        "--> .depbisect/probes/3.log:118",
        "120 | ModuleNotFoundError: No module named 'distutils'",
        "Versions: numpy fails at 1.25.2 (build 8), passes at 1.26.0 (build 7), the next "
        "release; also built: 1.19.5 fails.",
        "Proof: build 3 fails with it, build 5 passes without it.",
        "flask pulls in jinja2 3.1.6.",
        "Versions: jinja2 passes at 3.0.3 (build 12), fails at 3.1.0 (resolver answer 1), the "
        "next release.",
        "The fix, which passes as build 13:",
        "-numpy==1.19.5",
        "+numpy==1.26.0",
        "Why this one: it keeps every requirement",
        "add jinja2<3.1 (build 15)",
        "with --write to change requirements.txt in place, or with -o FILE",
        "requests==2.25.1 is not at fault: build 5 passes with it.",
        "pandas 2.1.1 needs a newer numpy (pandas 2.1.1 asks for numpy>=1.26).",
        "12 builds, 1 more known from before; 48 s (a fix was proven after 31 s).",
        "Python 3.12.3, linux-x86_64, uv 0.13.9.",
        "Package index as of 2026-11-21 00:00 UTC.",
    ):
        assert part in text


def test_what_was_not_built_between_the_neighbours_is_said() -> None:
    text = flat(render(PAIR))
    assert (
        "Versions: urllib3 passes at 1.26.20 (build 4), fails at 2.2.1 (build 2); between "
        "them 2.0.2, 2.0.3 and 3 more were not built." in text
    )
    assert "between them" not in render(READY), "an exact boundary says nothing of that"


@pytest.mark.parametrize(
    ("not_built", "words"),
    [
        ((), ""),
        (("2.2.4",), "between them 2.2.4 was not built"),
        (("2.2.4", "2.2.5"), "between them 2.2.4 and 2.2.5 were not built"),
        (tuple("abcde"), "between them a, b and 3 more were not built"),
    ],
)
def test_few_of_the_versions_between_are_named(not_built: tuple[str, ...], words: str) -> None:
    assert between(Narrowing("a", "1", "2", not_built=not_built)) == words


def test_a_line_of_the_fix_that_is_not_at_fault_has_its_reason_beside_it() -> None:
    added = [FixEdit("requirements.txt", 5, name, None, "==1", EditAction.ADD) for name in "xy"]
    said = Note("x==1 is added: flask 2.2.5 requires x", None, "without that nothing resolves")
    fix = replace(FIX, edits=(*FIX.edits, *added))
    verdict = replace(READY, fix=fix, notes=(*READY.notes, said))
    expected = [
        "x==1 is added: flask 2.2.5 requires x (without that nothing resolves).",
        "add y==1: no build of its own shows that this is needed.",
    ]
    assert line_reasons(verdict) == expected
    assert line_reasons(READY) == []
    # A constraint of a culprit's project moves with its line.
    edit = FIX.edits[0]
    moved = Note(f"{edit.name}{edit.after} moves along: what it needs asks for it", None)
    assert line_reasons(replace(READY, notes=(*READY.notes, moved))) == []
    shown = flat(render(verdict))
    assert shown.index("Other lines that change, and why:") < shown.index("Why this one")
    assert shown.count(expected[0]) == 1
    for other in (markdown.render(verdict), html.render(verdict)):
        assert "Other lines that change" in other


def test_the_verdict_comes_first_and_the_python_of_the_file_second() -> None:
    assert flat(render(ANOTHER_AGE)).startswith(
        "No clear answer. Nothing but the Python is at fault. This file was made for Python 3.8: 9 "
        "of 10 pins have wheels there and none here; numpy 1.17.3 says that it needs Python <3.9; "
        "--python 3.8 builds it as it is (build 2)."
    )


@pytest.mark.parametrize(
    ("python", "end"),
    [
        (
            PythonFor("3.8", ("a fact.",), "/bin/python3.8", 4),
            ": a fact; --python 3.8 builds it as it is (build 4).",
        ),
        (
            PythonFor("3.8", ("a fact",), "/bin/python3.8", failing_probe=2),
            ": a fact; as it is, it fails on that Python, too (build 2).",
        ),
        (
            PythonFor("3.8", ("a fact",), "/bin/python3.8"),
            ": a fact; that Python is here; to build for it: --python 3.8.",
        ),
        (
            PythonFor("3.8", ()),
            "; that Python is not installed here: uv python install 3.8, then --python 3.8.",
        ),
    ],
)
def test_the_python_of_the_file_comes_with_the_next_step(python: PythonFor, end: str) -> None:
    assert made_for(python) == f"This file was made for Python 3.8{end}"


def test_a_file_that_asks_for_nothing_is_not_said_to_pass() -> None:
    empty = replace(READY, kind=VerdictKind.PASSES, culprits=(), fix=None, summary=NO_REQUIREMENT)
    assert flat(render(empty)).startswith("Nothing to install. The file names no requirement.")


def test_before_the_first_build_two_facts_are_enough() -> None:
    python = PythonFor("3.8", ("all 4 fit", "a 1 does not here", "a 1 is old"), "/bin/python3.8")
    assert made_for(python, 2) == (
        "This file was made for Python 3.8: all 4 fit; a 1 does not here; that Python is here; "
        "to build for it: --python 3.8."
    )


def test_a_fix_is_followed_by_how_to_keep_the_version_and_by_no_other_advice() -> None:
    kept = replace(NUMPY, advice="build it another way", remedies=("setuptools<81",))
    text = flat(render(replace(READY, culprits=(kept,), other_fixes=())))
    assert "another way" not in text
    assert (
        "To keep it: the build constraint `setuptools<81` may still build numpy 1.19.5; "
        "--alternatives tries that." in text
    )
    tried = replace(FIX, style="build-constraint")
    assert "To keep it" not in render(replace(READY, culprits=(kept,), other_fixes=(tried,)))
    unfixed = render(replace(READY, kind=VerdictKind.CULPRITS, fix=None, culprits=(kept,)))
    assert "Advice: build it another way." in unfixed
    assert "To keep it" not in unfixed


def test_a_requirement_too_long_for_the_line_stands_whole_above_its_place() -> None:
    long = replace(NUMPY.members[0].requirement, text="-e git+https://forge.example/" + "x" * 60)
    culprit = replace(NUMPY, members=(replace(NUMPY.members[0], requirement=long),))
    lines = render(replace(READY, culprits=(culprit,))).splitlines()
    at = next(n for n, line in enumerate(lines) if line.startswith("1. "))
    assert lines[at] == f"1. {long.text}"
    assert lines[at + 1] == "   requirements.txt:1"


def test_what_to_install_is_listed_by_system() -> None:
    assert (
        "   To install what this machine lacks:\n"
        "     Debian and Ubuntu: apt-get install default-libmysqlclient-dev\n"
        "     Fedora:            dnf install mysql-devel\n"
    ) in render(NOT_FIXED, width=40)
    assert "To install" not in render(READY)


def test_lines_that_pin_nothing_are_named_with_the_next_step() -> None:
    assert (
        "Not pinned: flask>=2.0,<2.1 (2.0.3) and six (1.17.0); to pin them as verified, run the "
        "same command again with --lock FILE." in flat(render(ANOTHER_AGE))
    )
    assert "Not pinned" not in render(READY)


@pytest.mark.parametrize(
    ("note", "words"),
    [
        (Note("A sentence"), "A sentence."),
        (Note("It fails.", 7), "It fails (build 7)."),
        (Note("Build 1 fails, build 7 passes.", 7), "Build 1 fails, build 7 passes."),
        (Note("It cannot be resolved", ANSWER), "It cannot be resolved (resolver answer 1)."),
        (Note("It is old.", None, "released in 2014."), "It is old (released in 2014)."),
        (Note("It is old.", 7, "released in 2014"), "It is old (build 7; released in 2014)."),
    ],
)
def test_a_sentence_cites_what_shows_it(note: Note, words: str) -> None:
    assert note_text(note, READY.probes) == words


@pytest.mark.parametrize(
    ("probes", "words"),
    [
        ((), "nothing was built"),
        ((PROBES[12],), "1 build"),
        ((PROBES[11],), "nothing was built, 1 known from before"),
        ((PROBES[11], PROBES[12]), "1 build, 1 more known from before"),
        ((PROBES[0], PROBES[13]), "1 build"),
        (
            (PROBES[0], replace(PROBES[1], tries=3), replace(PROBES[2], tries=0)),
            "3 builds, 1 of them made more than once, 1 of them found where they are made",
        ),
    ],
)
def test_as_many_builds_are_said_as_are_listed(probes: tuple[Probe, ...], words: str) -> None:
    assert builds_text(replace(READY, probes=probes)) == words


@pytest.mark.parametrize(
    ("proof", "members", "words"),
    [
        (
            Proof(ANSWER, 5),
            1,
            "the resolver refuses it (resolver answer 1), build 5 passes without it",
        ),
        (
            Proof(1, ANSWER),
            2,
            "build 1 fails with them together, the resolver finds a solution once one of them is "
            "out (resolver answer 1)",
        ),
        (
            Proof(ANSWER, None),
            2,
            "the resolver refuses them together (resolver answer 1); that it passes once one of "
            "them is out was not shown",
        ),
    ],
)
def test_a_proof_says_who_refuses(proof: Proof, members: int, words: str) -> None:
    culprit = replace(NUMPY, proof=proof, members=(*NUMPY.members, *PANDAS.members)[:members])
    assert proof_text(culprit, READY.probes) == words


def test_words_of_the_code_stay_in_the_code() -> None:
    for verdict in VERDICTS.values():
        text = render(verdict).lower().replace("/probes/", "")
        assert not re.search(r"\b(probe|verdict kind|narrowing|unresolved|journal)", text)


def test_a_combination_names_each_line() -> None:
    text = flat(render(PAIR))
    assert "2 lines of requirements.txt do not go together" in text
    assert "1. botocore==1.29.0 requirements.txt:4 + urllib3==2.2.1 requirements.txt:8" in text
    assert "build 3 passes once one of them is out" in text


def test_a_fix_that_leaves_lines_out_says_what_that_means() -> None:
    dropped = FixEdit("requirements.txt", 1, "numpy", "==1.19.5", None, EditAction.DROP)
    fix = replace(FIX, edits=(dropped, *FIX.edits[1:]))
    assert "Warning: it leaves out numpy. Code that needs it will not run" in flat(
        render(replace(READY, fix=fix))
    )
    assert "Mind:" not in render(READY)


def test_what_was_written_is_said_instead_of_how_to_write() -> None:
    text = flat(render(READY, written=("requirements.txt", "req/base.txt")))
    assert text.startswith("Fixed. ")
    assert "Written to requirements.txt and req/base.txt." in text
    assert "--write" not in text


def test_a_fix_in_other_files_asks_for_a_folder() -> None:
    text = flat(render(BUILD_CONSTRAINT))
    assert "--write to have build-constraints.txt written beside requirements.txt" in text
    assert "-o FOLDER/" in text
    assert "Install it with: uv pip install -r requirements.txt --build-constraints" in text


def test_several_files_are_named_and_written_to_a_folder() -> None:
    edits = tuple(replace(edit, file="a.txt") for edit in FIX.edits)
    several = replace(
        READY, file="a.txt", files=("a.txt", "sub/b.txt"), fix=replace(FIX, edits=edits)
    )
    text = flat(render(several))
    assert "3 lines of requirements.txt break the build" in text, "the file that holds them"
    assert "with --write to change a.txt in place, or with -o FOLDER/ to write all files" in text


@pytest.mark.parametrize("files", [(), ("a.txt", "<stdin>")])
def test_standard_input_is_not_to_be_written_in_place(files: tuple[str, ...]) -> None:
    fix = replace(FIX, edits=tuple(replace(edit, file="<stdin>") for edit in FIX.edits))
    text = flat(render(replace(READY, file="<stdin>", files=files, fix=fix)))
    assert "--write" not in text
    assert f"same command again with -o {'FOLDER/' if files else 'FILE'} to write" in text


def test_without_a_fix_the_best_known_is_said() -> None:
    text = flat(render(NOT_FIXED))
    assert "this machine lacks what is needed, and no version is to blame." in text
    assert (
        "Known to pass: the file without mysqlclient (with --allow-removal, that counts as a fix)."
        in text
    )
    assert "built: 1.3.7 (build 2), 1.4.6 (build 4) and 2.2.4 (build 5)." in text
    assert "Advice" not in text, "the packages to install are listed, and once is enough"
    plain = replace(NOT_FIXED.culprits[0], install={}, cause=Cause.COMPILE_ERROR)
    text = flat(render(replace(NOT_FIXED, culprits=(plain,))))
    assert "no fix was found that keeps every line." in text
    assert "Advice: install the MySQL client headers" in text


def test_doubts_are_said() -> None:
    text = flat(render(FLAKY))
    assert "this verdict is 81% certain" in text
    assert "1 build gave no clear answer: it failed for another reason, or took too long." in text
    half = replace(NUMPY, proof=Proof(3, None))
    assert "that it passes without it was not shown" in flat(
        render(replace(READY, culprits=(half,)))
    )


def test_a_long_log_line_is_wrapped_beside_its_number() -> None:
    long = replace(NUMPY, evidence=(Evidence(7, "word " * 40, "probes/1.log"),))
    rows = [row for row in render(replace(READY, culprits=(long,))).splitlines() if "word" in row]
    assert len(rows) > 2
    assert rows[0].startswith("   7 | word")
    assert all(row.startswith("     |   word") for row in rows[1:])


def test_an_endless_log_line_is_cut() -> None:
    long = replace(NUMPY, evidence=(Evidence(7, "x" * 100_000, "probes/1.log"),))
    text = render(replace(READY, culprits=(long,)))
    assert text.count("x") < 500
    assert "x..." in text


def test_more_log_lines_than_fit_are_counted() -> None:
    many = replace(NUMPY, evidence=tuple(Evidence(n, f"line {n}") for n in range(1, 20)))
    assert "| and 13 more" in render(replace(READY, culprits=(many,)))


def test_terminal_commands_and_markup_of_a_log_are_shown_not_obeyed() -> None:
    text = render(HOSTILE, color=True)
    assert "[bold]" in text
    assert "\x1b[2J" not in text
    assert "\x1b]" not in text
    assert "\u202e" not in text


def test_crlf_of_a_file_does_not_show() -> None:
    crlf = replace(READY, fix=replace(FIX, diff="-a==1\r\n+a==2\r\n"))
    assert "\n  -a==1\n  +a==2\n" in render(crlf)


@given(st.text())
def test_safe_text_is_harmless_and_plain_text_is_kept(text: str) -> None:
    assert not any(category(char) in ("Cc", "Cs") for char in safe(text) if char not in "\t\n")
    assert not set(safe(text)) & set("\u202a\u202e\u2066\u2069\u200f\u2028")
    assert safe(safe(text)) == safe(text)
    assert "\n" not in safe_line(text)
    printable = "".join(char for char in text if char.isprintable())
    plain = re.sub("[\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]", "", printable)
    assert safe(plain) == plain


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.0, "0.0 s"),
        (4, "4 s"),
        (9.96, "10 s"),
        (59.6, "1 min"),
        (125, "2 min 5 s"),
        (3599.9, "1 h"),
        (3840, "1 h 4 min"),
        (7200, "2 h"),
    ],
)
def test_spans_of_time_read_as_people_say_them(seconds: float, words: str) -> None:
    assert duration(seconds) == words


@pytest.mark.parametrize(
    ("narrowing", "words"),
    [
        (Narrowing("a", "1.9", "1.10"), "fails at 1.9, passes at 1.10, the next release"),
        (Narrowing("a", "1.10", "1.9"), "passes at 1.9, fails at 1.10, the next release"),
        (Narrowing("a", None, "2"), "passes at 2"),
        (Narrowing("a", "2", None), "fails at 2"),
        (Narrowing("a", None, None), "was not built at any other version"),
        (
            Narrowing("a", "2", None, (Tried("2", FAIL), Tried("1", FAIL))),
            "fails at every version that was built: 1 and 2",
        ),
        (
            Narrowing("a", "1", "2", (Tried("3", FAIL), Tried("1", FAIL), Tried("2", PASS))),
            "1 fails, 2 passes and 3 fails",
        ),
        (Narrowing("a", "final", "1.0"), "fails at final, passes at 1.0, the next release"),
    ],
)
def test_versions_read_as_ranges(narrowing: Narrowing, words: str) -> None:
    assert turning_point(narrowing) == words


def test_versions_beside_the_turn_are_told_with_what_they_did() -> None:
    tried = (
        Tried("0.9", FAIL),
        Tried("1.0", FAIL),
        Tried("1.1", Outcome.UNRESOLVED),
        Tried("1.2", Outcome.UNRESOLVED),
        Tried("2.0", PASS),
    )
    narrowing = Narrowing("a", "1.0", "2.0", tried)
    assert also_built(narrowing) == "0.9 fails; 1.1 and 1.2 give no answer"
    assert also_built(Narrowing("a", "1.0", "2.0", (tried[1], tried[4]))) == ""
    assert also_built(Narrowing("a", "1.0", None, tried)) == ""


def test_an_absolute_path_does_not_fill_the_sentence() -> None:
    text = flat(render(replace(READY, file="/home/me/project/requirements.txt")))
    assert "3 lines of requirements.txt break" in text
    assert "--> /home/me/project/.depbisect/probes/3.log:118" in text
    assert "to change requirements.txt in place" in text
    text = flat(render(replace(READY, file="req/prod.txt")))
    assert "3 lines of req/requirements.txt" in text
    assert "1. numpy==1.19.5 req/requirements.txt:1" in text


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        (Edit(EditAction.DROP, "flask", 2), "build 11 passes without it"),
        (Edit(EditAction.REPIN, "flask", 2, "==2.2.5"), "build 11 passes with flask==2.2.5"),
        (Edit(EditAction.ADD, "jinja2", None, "<3.1"), "build 11 passes with jinja2<3.1"),
        (Edit(EditAction.DROP, "numpy", 0), "build 11 passes without it"),
        (Edit(EditAction.DROP, "jinja2", 7), "build 11 passes without it"),
        (
            Edit(EditAction.REPLACE, "flask-lite", 2, "flask-lite==1.0"),
            "build 11 passes with flask-lite==1.0",
        ),
    ],
)
def test_a_proof_says_what_the_passing_build_has_instead(edit: Edit, words: str) -> None:
    [passing] = [probe for probe in READY.probes if probe.number == 11]
    changed = replace(passing, candidate=Candidate((edit,)))
    assert proof_text(READY.culprits[2], (changed,)) == f"build 6 fails with it, {words}"


def test_a_proof_names_the_release_that_a_line_without_an_edit_comes_to_instead() -> None:
    culprit = READY.culprits[2]
    name, version = culprit.members[0].name, culprit.members[0].version
    edits = (Edit(EditAction.ADD, "beside", None, "==1"),)
    [known] = [probe for probe in READY.probes if probe.number == 11]
    passing = replace(known, candidate=Candidate(edits), installed={name: "99.0"})
    assert version != "99.0"
    assert proof_text(culprit, (passing,)).endswith(f"passes with {name} 99.0")


def test_what_a_line_pulls_in_is_told_by_its_own_edit_not_by_the_lines() -> None:
    culprit = READY.culprits[2]
    [member] = culprit.members
    edits = (
        Edit(EditAction.REPIN, member.requirement.name, member.requirement.number, "==2.2.5"),
        Edit(EditAction.ADD, member.name, None, "==3.0.3"),
    )
    [passing] = [probe for probe in READY.probes if probe.number == 11]
    changed = replace(passing, candidate=Candidate(edits))
    assert proof_text(culprit, (changed,)).endswith(f"passes with {member.name}==3.0.3")


def test_versions_left_out_are_told_by_reason() -> None:
    skipped = tuple(Tried(f"1.{n}", Outcome.UNRESOLVED, None, "yanked") for n in range(5))
    narrowing = Narrowing(
        "a", "1", "3", (), (*skipped, Tried("2rc1", Outcome.UNRESOLVED, None, "a pre-release"))
    )
    assert left_out(narrowing) == "1.0, 1.1, 1.2 and 2 more (yanked)"


@pytest.mark.parametrize(
    ("action", "before", "after", "words"),
    [
        (EditAction.REPIN, "==1.0", "==2.0", "a 1.0 to 2.0"),
        (EditAction.REPIN, ">=1.0", "==2.0", "a >=1.0 to ==2.0"),
        (EditAction.REPIN, None, "<2", "a of any version to <2"),
        (EditAction.REPIN, "<2", "", "a <2 to any version"),
        (EditAction.DROP, "==1.0", None, "leave out a"),
        (EditAction.ADD, None, "<2", "add a<2"),
        (EditAction.REPLACE, "a==1.0", "b==2.0", "a==1.0 to b==2.0"),
    ],
)
def test_edits_read_as_words(
    action: EditAction, before: str | None, after: str | None, words: str
) -> None:
    fix = replace(FIX, edits=(FixEdit("r.txt", 1, "a", before, after, action),))
    assert fix_changes(fix) == [words]


def test_lists_read_as_sentences() -> None:
    assert listed([]) == ""
    assert listed(["a"]) == "a"
    assert listed(["a", "b", "c"]) == "a, b and c"
    assert some(["a", "b", "c"], 2) == "a, b and 1 more"
    assert some(["a", "b", "c"], None) == "a, b and c"


@pytest.mark.parametrize(
    ("summary", "words"),
    [
        ("numpy==1.19.5: the build script fails", "The build script fails."),
        ("numpy: it imports distutils", "It imports distutils."),
        ("numpy: url_quote is not in this version", "url_quote is not in this version."),
        ("jinja2: the module is gone", "jinja2: the module is gone."),
    ],
)
def test_a_cause_does_not_repeat_the_line_above_it(summary: str, words: str) -> None:
    assert reason(replace(NUMPY, summary=summary)) == words


@pytest.mark.parametrize(
    ("phase", "passing", "words"),
    [
        (Phase.CHECK, 5, "Together they fail; without any one of them, the rest can pass."),
        (Phase.CHECK, None, "Together they fail."),
        (
            Phase.RESOLVE,
            None,
            "Together nothing suits them; without any one of them, the rest can be resolved.",
        ),
    ],
)
def test_a_combination_is_said_to_do_no_more_than_was_shown(
    phase: Phase, passing: int | None, words: str
) -> None:
    numpy, pandas = READY.culprits[0].members[0], READY.culprits[1].members[0]
    both = Culprit((numpy, pandas), phase, Cause.UNKNOWN, "", proof=Proof(3, passing))
    assert together(both) == words
    assert together(replace(both, members=(numpy,))) == ""


def test_what_the_resolver_alone_was_asked_was_not_built() -> None:
    ends = Tried("1.0", Outcome.FAIL, 3), Tried("2.0", Outcome.PASS, 5)
    asked, built = Tried("1.5", Outcome.PASS, ANSWER), Tried("1.6", Outcome.PASS, 6)
    for more, words in (
        ((asked,), "also asked of the resolver"),
        ((built,), "also built"),
        ((asked, built), "also tried"),
    ):
        assert how_also(Narrowing("a", "1.0", "2.0", (*ends, *more)), ()) == words

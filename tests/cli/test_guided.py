"""A guided session by its commands, as a person types them."""

from __future__ import annotations

import io
import json
import os
import random
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from referencing import Registry, Resource

from bisect_deps.cli import main
from bisect_deps.guided.sessions import Store
from bisect_deps.system.trust import open_up
from tests.support.local_index import Fault, LocalIndex, Project
from tests.support.person import Secret

ROOT = Path(__file__).parent.parent.parent
SCHEMAS = ROOT / "bisect_deps" / "reports"
LINES = tuple(f"p{at}==1.{at}" for at in range(12))
SINGLE = Secret(LINES, (frozenset({"p4==1.4"}),))
PAIR = Secret(LINES, (frozenset({"p2==1.2", "p9==1.9"}),))
FILE = "requirements.txt"
# Words of the code, which mean nothing to who has a broken build.
INTERNAL = [
    "candidate",
    "inquiry",
    "probe",
    "oracle",
    "hypergraph",
    "frame",
    "baseline",
    "journal",
    "manifest",
    "builder",
    "render",
    "unresolved",
    "traceback",
    "none",
    "null",
    "evidence",
    "minimal",
    "subset",
    "digest",
    "jsonl",
]

Call = Callable[..., tuple[int, str, str]]


@pytest.fixture
def call(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Call:
    """Run a command in the test's folder; return exit code, standard output, standard error."""
    monkeypatch.chdir(tmp_path)

    def one(*args: str) -> tuple[int, str, str]:
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main(args)
        out, err = capsys.readouterr()
        said = f"{out} {err}".lower()
        if args[0] != "log" and "--json" not in args:
            assert not [word for word in INTERNAL if f" {word} " in said], said
        return int(ended.value.code or 0), out, err

    return one


def begin(call: Call, secret: Secret, *more: str) -> None:
    Path(FILE).write_bytes(secret.text)
    assert call("start", FILE, "--no-evidence", *more)[0] == 0


def answers(call: Call, secret: Secret, at_most: int = 99) -> int:
    """Answer truly until the end; return how many answers it took."""
    for count in range(at_most):
        state = state_of(call)
        if state["state"] == "done":
            return count
        works = secret.builds(Path(state["build"]["file"]).read_bytes())
        code, _, err = call("good" if works else "bad")
        assert (code, err) == (0, "")
    return at_most


def state_of(call: Call) -> dict[str, Any]:
    code, out, err = call("status", "--json")
    assert (code, err) == (0, "")
    state: dict[str, Any] = json.loads(out)
    return state


def snapshot() -> dict[str, bytes]:
    """Return every file of the folder and of the session, logs and locks left out."""
    kept = Path(".depbisect/session").rglob("*")
    return {str(file): file.read_bytes() for file in (Path(FILE), *sorted(kept)) if file.is_file()}


def test_without_versions_a_session_ends_with_the_original_and_the_culprit(call: Call) -> None:
    begin(call, SINGLE)
    answers(call, SINGLE)
    assert Path(FILE).read_bytes() == SINGLE.text, "no line is left out without leave"
    _, out, _ = call("status")
    assert "Proven to break the build: p4==1.4" in out
    assert f"{FILE} holds the original now" in out
    assert "the fix" not in out
    _, out, _ = call("report")
    assert out.startswith("Culprits found, no fix. 1 line of requirements.txt breaks the build")
    assert "Known to pass: the file without p4." in out
    code, _, err = call("good")
    assert (code, "has its answer already" in err) == (2, True)


def test_what_to_do_next_fits_in_eighty_columns(call: Call) -> None:
    begin(call, SINGLE)
    _, out, _ = call("bad")
    assert "depbisect bad --log" in out
    assert [line for line in out.splitlines() if len(line) > 80] == []


def test_the_original_comes_back_byte_for_byte(call: Call) -> None:
    begin(call, SINGLE)
    answers(call, SINGLE, at_most=2)
    assert Path(FILE).read_bytes() != SINGLE.text
    code, out, _ = call("reset")
    assert (code, Path(FILE).read_bytes()) == (0, SINGLE.text)
    assert "as it was before the session" in out
    assert call("status")[0] == 2


def test_a_session_ends_with_the_fix_in_the_file_and_it_can_be_kept(
    call: Call, served: str
) -> None:
    Path(FILE).write_text("plain==1.0\nturns==1.0\n")
    assert call("start", FILE, "--index-url", served, "--python", sys.executable)[0] == 0
    while state_of(call)["state"] == "ask":
        works = "\nturns==1." not in Path(FILE).read_text()
        assert call("good" if works else "bad")[0] == 0
    fixed = Path(FILE).read_text()
    assert fixed == "plain==1.0\nturns==2.0\n"
    _, out, _ = call("status")
    assert f"{FILE} holds the fix now" in out
    assert "depbisect reset --keep" in out
    assert call("reset", "--keep")[0] == 0
    assert Path(FILE).read_text() == fixed
    assert call("report")[1].startswith("Fix found. 1 line of requirements.txt breaks the build")
    begin(call, PAIR)


def test_a_file_that_builds_is_told_so(call: Call) -> None:
    begin(call, SINGLE)
    _, out, _ = call("good")
    assert "holds the original now" in out
    assert Path(FILE).read_bytes() == SINGLE.text


def test_every_state_fits_the_schema_that_ships(call: Call) -> None:
    schema, report = (
        json.loads((SCHEMAS / f"{name}.schema.json").read_text()) for name in ("session", "report")
    )
    registry: Registry[Any] = Registry().with_resource(
        report["$id"], Resource.from_contents(report)
    )
    validator = jsonschema.Draft202012Validator(schema, registry=registry)
    begin(call, PAIR)
    seen = set()
    while True:
        state = state_of(call)
        validator.validate(state)
        seen.add(state["state"])
        if state["state"] == "done":
            break
        answers(call, PAIR, at_most=1)
    assert seen == {"ask", "done"}
    assert not validator.is_valid({**state, "state": "ask"})
    assert state["report"]["verdict"] == "culprits"
    assert len(state["known"]["proven"][0]) == 2


def test_the_log_replayed_gives_the_same_bytes(call: Call) -> None:
    begin(call, PAIR, "--check-note", "it's up,\nand # runs")
    Path("build.log").write_text("error: something else\n")
    assert call("bad", "--log", "build.log")[0] == 0
    answers(call, PAIR, at_most=2)
    call("skip", "--reason", "platform 'down'")
    answers(call, PAIR, at_most=2)
    script, before, state = call("log")[1], snapshot(), state_of(call)
    Path("script").write_text(script)
    assert call("replay", "script")[0] == 2, "a session is under way"
    assert call("reset")[0] == 0
    code, _, err = call("replay", "script")
    assert (code, err) == (0, "")
    assert (snapshot(), state_of(call), call("log")[1]) == (before, state, script)


def test_a_session_is_replayed_in_another_folder(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin(call, SINGLE)
    Path("build.log").write_text("error: Failed to build `p4==1.4`\n")
    call("bad", "--log", "build.log")
    answers(call, SINGLE, at_most=2)
    (tmp_path / "script").write_text(call("log")[1])
    before = snapshot()
    there = tmp_path / "there"
    there.mkdir()
    (there / FILE).write_bytes(SINGLE.text)
    monkeypatch.chdir(there)
    code, _, err = call("replay", "../script")
    assert (code, err) == (0, "")
    assert snapshot() == before


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("", "it is empty"),
        ("depbisect good\n", "does not begin with a start"),
        ("rm -rf /\n", "not a command of a session"),
        ("depbisect start requirements.txt\ndepbisect reset\n", "knows no 'reset'"),
        ("depbisect start 'requirements.txt\n", "cannot be read"),
    ],
    ids=["empty", "no start", "another command", "reset", "open quote"],
)
def test_what_is_no_session_is_not_replayed(call: Call, script: str, message: str) -> None:
    Path(FILE).write_bytes(SINGLE.text)
    Path("script").write_text(script)
    code, _, err = call("replay", "script")
    assert code == 2
    assert message in err
    assert not Path(".depbisect/session").exists()


def test_reset_refuses_what_was_changed_by_hand_and_shows_it(call: Call) -> None:
    begin(call, SINGLE)
    call("bad")
    Path(FILE).write_bytes(Path(FILE).read_bytes() + b"mine==1\n")
    code, _, err = call("reset")
    assert code == 2
    assert "+mine==1" in err
    assert "depbisect reset --force" in err
    assert "mine==1" in Path(FILE).read_text()
    assert call("reset", "--force")[0] == 0
    assert Path(FILE).read_bytes() == SINGLE.text


def test_a_session_of_another_version_is_refused_and_can_be_left(call: Call) -> None:
    begin(call, SINGLE)
    call("bad")
    path = Store(Path()).path
    be_killed(Store(Path()))
    path.write_text(path.read_text().replace('"format": 1', '"format": 99'))
    for words in (["status"], ["good"], ["reset"], ["log"]):
        code, _, err = call(*words)
        assert code == 4
        assert "another version" in err
    assert call("reset", "--force")[0] == 0
    assert Path(FILE).read_bytes() == SINGLE.text


@pytest.mark.parametrize("text", ["", "no json\n", '{"format": 1}\n', "[]\n"])
def test_a_broken_record_is_never_misread(call: Call, text: str) -> None:
    begin(call, SINGLE)
    call("bad")
    be_killed(Store(Path()))
    Store(Path()).path.write_text(text)
    code, _, err = call("good")
    assert code == 4
    assert "cannot be read" in err
    assert call("reset", "--force")[0] == 0
    assert Path(FILE).read_bytes() == SINGLE.text


def be_killed(store: Store) -> None:
    """Leave the records as a killed command does: what it wrote last may be damaged."""
    open_up(store.state)


def test_a_second_terminal_is_told_to_wait(call: Call) -> None:
    begin(call, SINGLE)
    with Store(Path()):
        code, _, err = call("good")
    assert code == 4
    assert "in use in another terminal" in err
    assert call("good")[0] == 0


def test_a_log_of_the_failed_build_is_the_first_answer(call: Call) -> None:
    Path("build.log").write_text("error: Failed to build `p4==1.4`\n")
    begin(call, SINGLE, "--log", "build.log")
    assert state_of(call)["answered"] == 1
    assert Path(FILE).read_bytes() != SINGLE.text
    assert answers(call, SINGLE) <= 3


@pytest.mark.parametrize("text", ["", " \n"])
def test_an_empty_log_is_not_taken(call: Call, text: str) -> None:
    begin(call, SINGLE)
    Path("build.log").write_text(text)
    code, _, err = call("bad", "--log", "build.log")
    assert (code, "it is empty" in err) == (2, True)
    assert state_of(call)["answered"] == 0


def test_a_log_of_failure_elsewhere_suggests_to_skip(call: Call) -> None:
    begin(call, SINGLE)
    Path("build.log").write_text("error: No space left on device\n[Errno 28] No space left\n")
    code, _, err = call("bad", "--log", "build.log")
    assert code == 2
    assert "depbisect skip" in err
    assert "--sure" in err
    assert call("bad", "--log", "build.log", "--sure")[0] == 0


def test_a_session_is_known_in_the_folder_where_it_was_started(call: Call) -> None:
    Path("app").mkdir()
    Path("app", FILE).write_bytes(SINGLE.text)
    code, out, _ = call("start", f"app/{FILE}", "--no-evidence")
    assert (code, f"app/{FILE} is ready" in out) == (0, True)
    while state_of(call)["state"] == "ask":
        works = SINGLE.builds(Path("app", FILE).read_bytes())
        assert call("good" if works else "bad")[0] == 0
    assert call("report")[0] == 0
    assert call("reset")[0] == 0
    assert Path("app", FILE).read_bytes() == SINGLE.text


def test_commands_without_a_session_say_how_to_begin(call: Call) -> None:
    for words in (["good"], ["bad"], ["skip"], ["undo"], ["status"], ["log"], ["reset"]):
        code, _, err = call(*words)
        assert code == 2
        assert "depbisect start requirements.txt" in err
    assert not Path(".depbisect").exists()


def test_control_characters_of_the_file_and_reasons_never_reach_the_terminal(call: Call) -> None:
    Path(FILE).write_bytes(b"a==1  # \x1b[31mred\nb==2\n")
    outs = [call("start", FILE, "--no-evidence", "--check-note", "\x1b[2Jgone")[1]]
    outs.append(call("bad")[1])
    outs.append(call("skip", "--reason", "\x1b]0;title\x07")[1])
    outs.append(call("status")[1])
    Path(FILE).write_bytes(b"\x1b[2J")
    outs.append(call("reset")[2])
    assert not [out for out in outs if "\x1b" in out or "\x07" in out]


COMMANDS = ("good", "bad", "skip", "undo", "reset", "start requirements.txt --no-evidence")


@pytest.mark.parametrize("seed", range(2))
def test_a_kill_at_any_moment_leaves_file_and_session_whole(call: Call, seed: int) -> None:
    dice = random.Random(seed)
    begin(call, PAIR)
    call("bad")
    possible = {PAIR.text, Path(FILE).read_bytes()}
    for _ in range(10):
        words = dice.choice(COMMANDS).split()
        if words[0] in ("good", "bad") and Store(Path()).exists:
            works = PAIR.builds(Path(FILE).read_bytes())
            words = ["good"] if works else ["bad"]
        killed(words, after=dice.uniform(0.001, 0.06))
        # What stands in the file is the original or a whole build, never a part of one.
        lines = [line.removeprefix("# depbisect: ") for line in Path(FILE).read_text().splitlines()]
        assert "".join(f"{line}\n" for line in lines).encode() == PAIR.text
        if Store(Path()).exists:
            assert call("status", "--write")[0] == 0
        possible.add(Path(FILE).read_bytes())
    assert [path.name for path in Path().iterdir() if path.name.startswith(".req")] == []
    if not Store(Path()).exists:
        begin(call, PAIR)
    state = state_of(call)
    if state["answered"]:
        call("undo", str(state["answered"]))
    answers(call, PAIR)
    [proven] = state_of(call)["known"]["proven"]
    assert {line["text"] for line in proven} == set(PAIR.broken[0])
    assert call("reset")[0] == 0
    assert Path(FILE).read_bytes() == PAIR.text


def killed(words: list[str], after: float) -> None:
    """Run a command in a process of its own and kill it after so many seconds."""
    child = os.fork()
    if child == 0:
        try:
            sink = os.open(os.devnull, os.O_WRONLY)
            os.dup2(sink, 1)
            os.dup2(sink, 2)
            main(words)
        finally:
            os._exit(0)
    time.sleep(after)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)


def depbisect(*args: str, most_bytes: int) -> subprocess.CompletedProcess[str]:
    """Run a command that can write no file larger than that, as on a disk that is full."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (most_bytes, most_bytes))

    return subprocess.run(
        [sys.executable, "-m", "bisect_deps", *args],
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"},
        preexec_fn=limit,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_full_disk_loses_no_answer_and_says_so(call: Call) -> None:
    large = Secret(
        tuple(f"project{at}==1.{at}  # {'x' * 60}" for at in range(90)),
        (frozenset({f"project7==1.7  # {'x' * 60}"}),),
    )
    begin(call, large)
    call("bad")
    before, state = snapshot(), state_of(call)

    done = depbisect("good", most_bytes=0)
    assert (done.returncode, snapshot()) == (2, before)
    assert "the answer was not taken: make room" in done.stderr

    done = depbisect("good", most_bytes=4000)
    assert done.returncode == 2
    assert "the answer is kept; make room on the disk" in done.stderr
    assert Path(FILE).read_bytes() == before[FILE], "the file is whole"
    assert state_of(call)["answered"] == state["answered"] + 1
    code, _, err = call("good")
    assert (code, "another build" in err) == (2, True)
    assert call("undo")[0] == 0
    assert (snapshot(), state_of(call)) == (before, state)

    done = depbisect("reset", most_bytes=0)
    assert (done.returncode, snapshot()) == (2, before)
    assert "make room" in done.stderr
    assert call("reset")[0] == 0
    assert Path(FILE).read_bytes() == large.text
    done = depbisect("start", FILE, "--no-evidence", most_bytes=0)
    assert (done.returncode, Path(FILE).read_bytes()) == (2, large.text)
    assert not Store(Path()).exists


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    index = LocalIndex(
        tmp_path_factory.mktemp("index"),
        Project("plain").release("1.0"),
        Project("turns")
        .release("1.0", fault=Fault.COMPILE)
        .release("1.1", fault=Fault.COMPILE)
        .release("2.0")
        .release("3.0"),
    )
    with index.serve() as server:
        yield server.url


def test_it_goes_on_to_versions_and_a_run_takes_the_session_over(
    call: Call, served: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path(FILE).write_text("plain==1.0\nturns==1.0\n")
    options = ["--index-url", served, "--python", sys.executable]
    assert call("start", FILE, *options)[0] == 0
    builds = []
    while state_of(call)["state"] == "ask":
        builds.append(Path(FILE).read_text())
        works = "turns==1." not in builds[-1].replace("# depbisect: turns", "")
        assert call("good" if works else "bad")[0] == 0
    assert any("turns==2.0" in build for build in builds)
    assert Path(FILE).read_text() == "plain==1.0\nturns==2.0\n"
    report = state_of(call)["report"]
    assert report["verdict"] == "fixed"
    assert report["culprits"][0]["narrowing"]["first_passing"] == "2.0"

    command = (
        f"{sys.executable} -c \"import sys; sys.exit('turns==1.' in open(r'{{file}}').read())\""
    )
    run = ["run", FILE, "--resume", *options, "--builder", "command", "--build-cmd", command]
    code, out, _ = call(*run, "--json", "-")
    assert code == 0
    taken = json.loads(out)
    assert taken["builds"] < len(builds)
    assert taken["fix"]["diff"] == report["fix"]["diff"]
    assert Path(FILE).read_text() == "plain==1.0\nturns==2.0\n", "run leaves the session's file"
    assert call(*run, "--write")[0] == 0
    assert Path(FILE).read_text() == "plain==1.0\nturns==2.0\n"
    assert not Store(Path()).exists


def test_the_local_builder_takes_the_answers_as_given(call: Call, served: str) -> None:
    Path(FILE).write_text("plain==1.0\nturns==1.0\n")
    options = ["--index-url", served, "--python", sys.executable]
    run = ["run", FILE, *options, "--builder", "local", "--json", "-"]
    Path("build.log").write_text("error: Failed to build `turns==1.0`\n")
    assert call("start", FILE, *options, "--log", "build.log")[0] == 0
    assert Path(FILE).read_text() != "plain==1.0\nturns==1.0\n"
    code, out, _ = call(*run, "--resume")
    taken = json.loads(out)
    assert (code, taken["verdict"]) == (0, "fixed")
    assert [culprit["requirements"][0]["name"] for culprit in taken["culprits"]] == ["turns"]
    built = [probe for probe in taken["probes"] if probe["kind"] != "resolve"]
    assert taken["builds"] == len(built) - 1, "the person's build is not repeated"
    assert call("reset")[0] == 0
    assert Path(FILE).read_text() == "plain==1.0\nturns==1.0\n"


def test_a_run_that_takes_over_may_learn_more_from_the_resolver(call: Call, served: str) -> None:
    Path(FILE).write_text("plain==1.0\nturns==9.0\n")
    options = ["--index-url", served, "--python", sys.executable]
    Path("build.log").write_text("ERROR: No matching distribution found for turns==9.0\n")
    assert call("start", FILE, *options, "--log", "build.log")[0] == 0
    with Store(Path()) as store:  # As where the index says something else since.
        told = [path for path in store.answers.iterdir() if "No matching" not in path.read_text()]
        for path in told:
            path.unlink()
    assert told
    code, out, err = call("run", FILE, *options, "--json", "-")
    assert code == 0, err
    assert json.loads(out)["verdict"] == "fixed"


def test_a_run_refuses_a_session_whose_file_was_changed_by_hand(call: Call) -> None:
    begin(call, SINGLE)
    call("bad")
    Path(FILE).write_bytes(b"mine==1\n")
    code, _, err = call("run", FILE, "--builder", "command", "--build-cmd", "true")
    assert code == 2
    assert "changed by hand" in err
    assert Path(FILE).read_bytes() == b"mine==1\n"


def test_several_files_are_one_session_and_each_is_put_back(call: Call) -> None:
    Path("a.txt").write_text("one==1\nbad==1\n", encoding="utf-8")
    Path("b.txt").write_text("two==1\nworse==1\n", encoding="utf-8")
    secret = Secret((), (frozenset({"bad==1", "worse==1"}),))
    before = {name: Path(name).read_bytes() for name in ("a.txt", "b.txt")}
    assert call("start", "-r", "a.txt", "-r", "b.txt", "--no-evidence")[0] == 0
    for _ in range(20):
        state = state_of(call)
        if state["state"] == "done":
            break
        both = Path("a.txt").read_bytes() + Path("b.txt").read_bytes()
        assert call("good" if secret.builds(both) else "bad")[0] == 0
    report = state["report"]
    assert report["files"] == ["a.txt", "b.txt"]
    [culprit] = report["culprits"]
    assert {(m["file"], m["text"]) for m in culprit["requirements"]} == {
        ("a.txt", "bad==1"),
        ("b.txt", "worse==1"),
    }
    script = call("log")[1]
    assert "depbisect start -r a.txt -r b.txt --no-evidence" in script
    assert call("reset")[0] == 0
    assert {name: Path(name).read_bytes() for name in before} == before
    Path("log.sh").write_text(script, encoding="utf-8")
    assert call("replay", "log.sh")[0] == 0
    assert state_of(call)["report"]["culprits"] == report["culprits"]


def test_standard_input_needs_a_file_to_be_written_to(
    call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    for args in (("start", "-"), ("start", "-r", "-", "--to", "out/")):
        code, _, err = call(*args)
        assert code == 2
        assert "depbisect start - --to requirements.txt" in err
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(SINGLE.text)))
    assert call("start", "-", "--to", FILE, "--no-evidence")[0] == 0
    assert answers(call, SINGLE) > 1
    assert state_of(call)["original"] == FILE
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"other==1\n")))
    code, _, err = call("start", "-", "--to", FILE, "--no-evidence")
    assert code == 2
    assert "it is not what standard input gave" in err


def test_a_session_is_read_for_another_platform(call: Call) -> None:
    Path(FILE).write_bytes(SINGLE.text)
    assert call("start", FILE, "--platform", "windows", "--no-evidence")[0] == 0
    assert "--platform windows" in call("log")[1]
    call("reset")
    code, _, err = call("start", FILE, "--platform", "amiga", "--no-evidence")
    assert code == 2
    assert "amiga" in err

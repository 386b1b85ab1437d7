"""Hostile builds, in the sandbox and without: what they get of the machine, and what they leave."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bisect_deps.errors import BuilderUnavailable, JournalError
from bisect_deps.model import BuildStatus
from bisect_deps.run.journal import Journal
from bisect_deps.system import sandbox
from bisect_deps.system.sandbox import Isolation, open_sandbox
from tests.builders.contract import left_in_the_end
from tests.hostile.builds import backend_of, build
from tests.support.living import living
from tests.support.local_index import Fault, LocalIndex, Project
from tests.support.sandboxes import WORKS_HERE

ROOT = Path(__file__).resolve().parents[2]
IN_SANDBOX = pytest.param(
    Isolation.REQUIRE,
    id="sandbox",
    marks=pytest.mark.skipif(not WORKS_HERE, reason="bubblewrap does not work here"),
)
MODES = [IN_SANDBOX, pytest.param(Isolation.OFF, id="none")]

# What a build tries, with the Python that tries it; true where a build without sandbox gets it.
ATTACKS = {
    "a key in the home folder": ("open(os.path.expanduser('~/.ssh/id_ed25519')).read()", True),
    "cloud credentials by their path": ("open('{top}/home/.aws/credentials').read()", True),
    "a token of our environment": ("os.environ['UPLOAD_TOKEN']", False),
    "to write the requirements file": ("open('{top}/project/requirements.txt', 'w')", True),
    "the journal": ("open('{top}/project/.depbisect/journal.jsonl').read()", True),
    "a token in the repository's settings": ("open('{top}/project/.git/config').read()", True),
    "other processes": ("sum(name.isdigit() for name in os.listdir('/proc')) > 12", True),
    "the memory of its parents": ("open('/proc/%d/environ' % {pid}).read()", True),
    "to signal who started it": ("os.kill({pid}, 0) is None", True),
    "logs of other builds": ("glob.glob('{top}/work/*/private/*.log')", True),
    "folders of other builds": ("glob.glob('{top}/work/*/slot1/build/env')", True),
    "a socket of the user": ("connect('{top}/home/agent')", True),
    "the terminal": ("open('/dev/tty', 'w')", False),
    "logins of uv's own store": (
        "open('{top}/home/.local/share/uv/credentials/credentials.toml').read()",
        True,
    ),
    "logins of another tool, by its variable": ("open('{top}/gh/hosts.yml').read()", True),
    "a registry's token beside the tools": ("open('{top}/cargo/credentials.toml').read()", True),
    "settings by a variable that builds do not get": ("open('{top}/aws/config').read()", True),
}


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Make a user with secrets: a home folder, a project, another build under way."""
    top = tmp_path_factory.mktemp("machine")
    files = {
        "home/.ssh/id_ed25519": "key",
        "home/.aws/credentials": "key",
        "home/.local/share/uv/credentials/credentials.toml": "key",
        "home/.config/pip/pip.conf": "[global]\nindex-url = https://a:key@index.example/\n",
        "gh/hosts.yml": "key",
        "cargo/bin/cargo": "",
        "cargo/credentials.toml": "key",
        "aws/config": "key",
        "project/requirements.txt": "hostile\n",
        "project/.depbisect/journal.jsonl": "{}\n",
        "project/.git/config": "[http]\n  extraheader = AUTHORIZATION: basic aHVudGVyMg==\n",
    }
    for name, text in files.items():
        (top / name).parent.mkdir(parents=True, exist_ok=True)
        (top / name).write_text(text)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(top / "home"))
        patch.setenv("UPLOAD_TOKEN", "hunter2hunter2")
        patch.setenv("GH_CONFIG_DIR", str(top / "gh"))
        patch.setenv("CARGO_HOME", str(top / "cargo"))
        patch.setenv("AWS_CONFIG_FILE", str(top / "aws" / "config"))
        yield top


@pytest.fixture(scope="module", params=MODES)
def tried(request: pytest.FixtureRequest, machine: Path) -> tuple[Isolation, dict[str, str]]:
    """Run all attacks in one build; return the mode and what came of each."""
    agent = socket.socket(socket.AF_UNIX)
    where = os.getcwd()
    os.chdir(machine / "home")
    agent.bind("agent")
    os.chdir(where)
    agent.listen()
    lines = [
        f"attempt({name!r}, lambda: {code.format(top=machine, pid=os.getpid())})"
        for name, (code, _) in ATTACKS.items()
    ]
    try:
        status, log = build(machine, "\n".join(lines), request.param, beside=True)
    finally:
        agent.close()
        (machine / "home" / "agent").unlink()
    assert status is BuildStatus.PASSED, log
    return request.param, dict(re.findall(r"ATTEMPT (.*) = (.*)", log))


@pytest.mark.parametrize("name", ATTACKS)
def test_a_build_in_the_sandbox_gets_nothing(
    tried: tuple[Isolation, dict[str, str]], name: str
) -> None:
    mode, outcomes = tried
    gets_it = outcomes[name] == "got"
    assert gets_it is (ATTACKS[name][1] and mode is Isolation.OFF), outcomes[name]


@pytest.mark.parametrize("mode", [IN_SANDBOX])
def test_what_a_build_writes_stays_in_its_room(machine: Path, mode: Isolation) -> None:
    code = (
        "attempt('home', lambda: open(os.path.expanduser('~/.bashrc'), 'w').write('evil'))\n"
        "attempt('temporary', lambda: open('/tmp/depbisect-hostile', 'w').write('evil'))"
    )
    status, log = build(machine, code, mode)
    assert status is BuildStatus.PASSED
    assert "ATTEMPT home = got" in log
    assert "ATTEMPT temporary = got" in log
    assert not (machine / "home" / ".bashrc").exists()
    assert not Path("/tmp/depbisect-hostile").exists()


@pytest.mark.parametrize("mode", [IN_SANDBOX])
def test_a_check_sees_no_login_of_an_installer(
    machine: Path, monkeypatch: pytest.MonkeyPatch, mode: Isolation
) -> None:
    monkeypatch.delenv("PIP_CONFIG_FILE")
    code = f"attempt('tools', lambda: os.path.exists('{machine}/cargo/bin/cargo'))"
    looks = 'os; print("check:", open(os.path.expanduser("~/.config/pip/pip.conf")).read())'
    status, log = build(machine, code, mode, module=f"hostile, {looks}")
    assert status is BuildStatus.PASSED, log
    assert "ATTEMPT tools = got" in log
    assert "check: \n" in log


@pytest.mark.parametrize("mode", [IN_SANDBOX])
def test_a_cache_in_the_project_is_written(
    machine: Path, monkeypatch: pytest.MonkeyPatch, mode: Isolation
) -> None:
    monkeypatch.setenv("UV_CACHE_DIR", str(machine / "project" / ".uv-cache"))
    status, log = build(machine, "", mode)
    assert status is BuildStatus.PASSED, log


@pytest.mark.parametrize("mode", [IN_SANDBOX])
def test_no_process_survives_its_build(machine: Path, mode: Isolation) -> None:
    word = f"3{machine.name[-4:].encode().hex()}"
    code = (
        f"subprocess.Popen(['env', '-i', '/usr/bin/setsid', '-f', '/bin/sleep', '{word}'],"
        " stdout=-3, stderr=-3)\n"
        "time.sleep(0.3)"
    )
    status, log = build(machine, code, mode)
    assert status is BuildStatus.PASSED, log
    assert left_in_the_end(lambda: living(f"sleep {word}"), 5) == []


@pytest.mark.parametrize("mode", [IN_SANDBOX])
def test_a_local_folder_is_built_in_a_copy(machine: Path, mode: Isolation) -> None:
    project = machine / "project"
    (project / "lib").mkdir()
    (project / "lib" / "pyproject.toml").write_text(
        '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
        '[project]\nname = "local"\nversion = "1.0"\n'
    )
    backend = backend_of("open('beside-the-source', 'w').write('x')", "local")
    (project / "lib" / "backend.py").write_text(backend)
    status, log = build(machine, "", mode, text="./lib\n", module="local")
    assert status is BuildStatus.PASSED, log
    assert sorted(path.name for path in (project / "lib").iterdir()) == [
        "backend.py",
        "pyproject.toml",
    ]


def test_a_required_sandbox_that_is_absent_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    sandbox._find.cache_clear()
    try:
        with pytest.raises(BuilderUnavailable) as caught:
            open_sandbox(Isolation.REQUIRE)
        assert open_sandbox(Isolation.AUTO) == (None, "bubblewrap is not installed")
    finally:
        sandbox._find.cache_clear()
    assert str(caught.value) == "--sandbox require: bubblewrap is not installed"
    assert "apt-get install bubblewrap" in (caught.value.hint or "")


@pytest.mark.parametrize("setting", ['sandbox = "off"', 'sandbox = "auto"', 'sandbox-path = ["/"]'])
def test_a_projects_own_file_cannot_open_the_sandbox(tmp_path: Path, setting: str) -> None:
    (tmp_path / "depbisect.toml").write_text(setting)
    done = subprocess.run(
        [sys.executable, "-m", "bisect_deps", "run"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "a project's own file may not set sandbox" in done.stderr


@pytest.mark.parametrize("how", ["env -i setsid -f", "setsid -f", "env -i nohup setsid -f"])
def test_without_a_sandbox_too_no_process_survives(machine: Path, how: str) -> None:
    word = f"300.{os.getpid()}{len(how)}"
    command = [*how.split(), "/bin/sleep", word]
    code = f"subprocess.Popen({command}, stdin=-3, stdout=-3, stderr=-3).wait(); time.sleep(0.2)"
    status, log = build(machine, code, Isolation.OFF)
    assert status is BuildStatus.PASSED, log
    assert living(f"/bin/sleep {word}") == []


def test_the_journal_is_not_written_over_what_a_build_did_to_it(tmp_path: Path) -> None:
    with Journal(tmp_path / ".depbisect") as journal:
        journal.begin("inputs", {})
        path = journal.path
        path.write_bytes(path.read_bytes().replace(b"run", b"RUN"))
        with pytest.raises(JournalError, match="changed by something else"):
            journal.begin("other inputs", {})


def written_to(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Run with `--write` and a check that writes to the requirements file."""
    check = f"echo '# evil' >> {folder}/requirements.txt"
    return subprocess.run(
        [sys.executable, "-m", "bisect_deps", "run", "--write", "--check", check, *options],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_file_that_changes_during_a_run_is_named_and_not_written(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("")
    done = written_to(tmp_path, "--json", "report.json")
    assert done.returncode == 0, done.stderr
    notes = json.loads((tmp_path / "report.json").read_text())["notes"]
    assert any("requirements.txt changed while" in note["text"] for note in notes), notes


def test_a_fix_is_not_written_over_what_changed_during_the_run(
    tmp_path: Path, local_index: LocalIndex
) -> None:
    local_index.add(Project("lib").release("1.0", fault=Fault.METADATA).release("1.1"))
    file = tmp_path / "requirements.txt"
    file.write_text("lib==1.0\n")
    where = ("--no-index", "--find-links", str(local_index.find_links))
    done = written_to(tmp_path, *where, "--python", sys.executable, "--sandbox", "off")
    assert done.returncode == 2, done.stderr
    assert "changed or removed while the run went on; nothing was written" in done.stderr
    assert file.read_text().startswith("lib==1.0\n# evil\n")

"""How each case of `cases/run.toml` is put before `depbisect run`: files, servers, repositories.

A scene runs one case as a user would, in a folder of its own, once for each of its variants. Must
not know what a right answer is.
"""

from __future__ import annotations

import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from benchmarks.case_judges import LOG_X, LOG_Y, OWN_REPOSITORY, Answer
from benchmarks.runs import (
    Installed,
    busy_machine,
    cold_caches,
    depbisect,
    plain_install,
)
from bisect_deps.system import interpreters
from tests.support.algorithmia_emulator import Install, Key, Platform
from tests.support.algorithmia_emulator import Server as Cluster
from tests.support.index_server import Server
from tests.support.local_index import Fault, LocalIndex, Project, flaky_import

USUAL_PYTHON = "3.11"
WARM, COLD, BUSY = "warm", "cold", "four busy loops"
CULPRIT, FLAKY = "fails-for-good", "fails-at-times"


@dataclass(frozen=True)
class Case:
    """One case as the file has it."""

    id: str
    right: str
    python: str = USUAL_PYTHON
    files: Mapping[str, str] = field(default_factory=dict)
    checks: tuple[str, ...] = ()
    imports: bool = False
    options: tuple[str, ...] = ()


@dataclass(frozen=True)
class Setting:
    """Where and how cases run; the series of flaky runs has a length and a share of failures.

    `options` go to every `depbisect run`; `flaky_kinds` are names in `FLAKY_KINDS`, none for all.
    """

    work: Path
    limit: float | None = None
    options: tuple[str, ...] = ()
    flaky_runs: int = 30
    flaky_share: float = 0.2
    flaky_kinds: tuple[str, ...] = ()


def read_case(table: Mapping[str, Any]) -> Case:
    """Return a case from its table: `requirements` are the lines of `requirements.txt`."""
    lines = "".join(f"{line}\n" for line in table.get("requirements", ()))
    return Case(
        id=table["id"],
        right=table["right"],
        python=table.get("python", USUAL_PYTHON),
        files=table.get("files", {"requirements.txt": lines}),
        checks=(table["check"],) if "check" in table else (),
        imports=table.get("imports", False),
        options=tuple(table.get("options", ())),
    )


def answers(case: Case, setting: Setting) -> Iterator[Answer]:
    """Run a case in all its variants and yield the answers; what an earlier run left goes first."""
    shutil.rmtree(setting.work / case.id, ignore_errors=True)
    yield from SCENES.get(case.id, as_written)(case, setting)


# -- one run


def ask(
    case: Case,
    setting: Setting,
    variant: str = "",
    *,
    options: Sequence[str] = (),
    write: bool = False,
    proves: bool = True,
    environment: Mapping[str, str] | None = None,
    place: str = "",
) -> Answer:
    """Run one variant of a case in a folder of its own, and prove its fix by a plain install."""
    folder = setting.work / case.id / "-".join(["run", *variant.split()])
    project, fixed = folder / "project", folder / "fixed"
    _write(project, case.files)
    arguments = ["requirements.txt", "--python", _python(case)]
    arguments += [*case.options, *setting.options, *options]
    for check in case.checks:
        arguments += ["--check", check]
    arguments += ["--imports"] if case.imports else []
    arguments += ["--write"] if write else ["-o", f"{fixed}/"]
    run = depbisect(arguments, project, folder, environment=environment, limit=setting.limit)
    return Answer(
        run,
        variant,
        before=case.files,
        after=_read(project, case.files),
        fixed=_read(fixed, case.files) if fixed.exists() else {},
        proof=_prove(case, fixed, folder, environment) if proves else None,
        logs=_logs(project),
        place=place,
    )


def _prove(
    case: Case, fixed: Path, folder: Path, environment: Mapping[str, str] | None
) -> Installed | None:
    file = fixed / "requirements.txt"
    if not file.exists():
        return None
    checks = [*case.checks, *PROVEN_BY.get(case.id, ())]
    return plain_install(_python(case), file, checks, folder / "venv", environment=environment)


def _python(case: Case) -> str:
    return interpreters.find(case.python).path


def _write(folder: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def _read(folder: Path, names: Mapping[str, str]) -> dict[str, str]:
    found = [path for path in folder.rglob("*") if path.is_file()]
    texts = {str(path.relative_to(folder)): path for path in found}
    wanted = [name for name in texts if name in names or not name.startswith(".")]
    return {name: texts[name].read_text(encoding="utf-8") for name in wanted}


def _logs(project: Path) -> dict[str, str]:
    state = project / ".depbisect"
    return {
        str(path.relative_to(state)): path.read_text(encoding="utf-8", errors="replace")
        for path in state.glob("probes/*.log")
    }


# What shows that the fix of a case without a check of its own works.
PROVEN_BY = {
    "gallop": ["python -c 'import gradio'"],
    "one-abi-two-lines": ["python -c 'import pandas, sklearn, requests'"],
    "clock-aiohttp": ["python -c 'import aiohttp, httpx, yaml'"],
    "boundary-on-a-platform": ["python -c 'import flask'"],
}


# -- scenes


def as_written(case: Case, setting: Setting) -> Iterator[Answer]:
    """Run the case once, with the user's caches as they are."""
    yield ask(case, setting)


def warm_and_cold(case: Case, setting: Setting) -> Iterator[Answer]:
    """Run the case with the user's caches, and without any."""
    yield ask(case, setting, WARM)
    cold = cold_caches(setting.work / case.id / "caches")
    yield ask(case, setting, COLD, environment=cold)


def at_any_load(case: Case, setting: Setting) -> Iterator[Answer]:
    """Run the case warm, cold, and cold beside four busy loops."""
    yield from warm_and_cold(case, setting)
    cold = cold_caches(setting.work / case.id / "caches")
    with busy_machine(4):
        yield ask(case, setting, BUSY, environment=cold)


def any_order(case: Case, setting: Setting) -> Iterator[Answer]:
    """Run the case with its lines in three orders."""
    lines = case.files["requirements.txt"].splitlines(keepends=True)
    orders = {"as written": lines, "reversed": lines[::-1], "rotated": lines[3:] + lines[:3]}
    for order, ordered in orders.items():
        files = {"requirements.txt": "".join(ordered)}
        yield ask(_with_files(case, files), setting, order)


def written_in_place(case: Case, setting: Setting) -> Iterator[Answer]:
    """Run the case with `--write`."""
    yield ask(case, setting, write=True, proves=False)


def by_command(case: Case, setting: Setting) -> Iterator[Answer]:
    """Run the case with a shell command that builds: log X without `needed`, log Y for the pair."""
    command = (
        f'if ! grep -q ^needed== {{file}}; then echo "{LOG_X}"; exit 1; fi; '
        f'if grep -q ^a== {{file}} && grep -q ^broken== {{file}}; then echo "{LOG_Y}"; exit 1; fi'
    )
    builder = ["--builder", "command", "--build-cmd", command]
    yield ask(case, setting, options=builder, proves=False)


def on_a_platform(case: Case, setting: Setting) -> Iterator[Answer]:
    """Run the case on the emulator of a hosted platform, whose builds are real installs."""
    source = "import flask\n\n\ndef apply(value):\n    return value\n"
    first = {"requirements.txt": case.files["requirements.txt"], "src/Run.py": source}
    folder = setting.work / case.id / "platform"
    platform = Platform(folder, recipe=Install(python=_python(case)))
    platform.keys["benchmark-key"] = Key("acme")
    with Cluster(platform) as cluster:
        platform.create("acme", "Run", first)
        options = ["--builder", "algorithmia", "--algorithm", "acme/Run"]
        options += ["--api-address", cluster.address, "--check-input", '"x"']
        key = {"ALGORITHMIA_API_KEY": "benchmark-key"}
        yield ask(case, setting, options=options, environment=key)


def from_a_broken_index(case: Case, setting: Setting) -> Iterator[Answer]:
    """Run the case against an index of login pages, and one whose wheels have a byte too many."""
    with login_pages() as url:
        yield _ask_index(case, setting, "login page", url)
    index = LocalIndex(setting.work / case.id / "index")
    index.add(Project("p0").release("1.0"), Project("p1").release("1.0"))
    server = OneByteMore(index)
    server.start()
    try:
        yield _ask_index(case, setting, "one byte more", server.url)
    finally:
        server.stop()


def _ask_index(case: Case, setting: Setting, variant: str, url: str) -> Answer:
    options = ["--index-url", url]
    place = urlsplit(url).netloc
    return ask(case, setting, variant, options=options, write=True, proves=False, place=place)


class OneByteMore(Server):
    """An index that sends one byte more than each wheel has."""

    def answer(self, path: str, accept: str) -> tuple[str, bytes] | None:
        """Return what the index would answer, and a line feed after a wheel."""
        found = super().answer(path, accept)
        if found is None or not path.endswith(".whl"):
            return found
        return found[0], found[1] + b"\n"


class _LoginPage(BaseHTTPRequestHandler):
    body = (
        b"<!DOCTYPE html><html><head><title>Sign in</title></head><body><form method='post'>"
        b"<input name='user'><input name='password' type='password'></form></body></html>\n"
    )

    def do_GET(self) -> None:
        """Answer whatever is asked with the login form."""
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(self.body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(self.body)

    do_HEAD = do_POST = do_GET

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@contextmanager
def login_pages() -> Iterator[str]:
    """Serve a login form at every address until the block ends; yield the index's address."""
    httpd = ThreadingHTTPServer(("127.0.0.1", 0), _LoginPage)
    threading.Thread(target=httpd.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{httpd.server_address[1]}/simple/"
    finally:
        httpd.shutdown()
        httpd.server_close()


def with_repositories(case: Case, setting: Setting) -> Iterator[Answer]:
    """Run the case as written, and with a bare repository on this machine in place of the host."""
    yield ask(case, setting, "out of reach")
    folder = setting.work / case.id / "repository"
    url, commit = bare_repository(folder)
    text = case.files["requirements.txt"]
    [line] = [line for line in text.splitlines() if line.startswith("-e ")]
    own = text.replace(line, f"-e git+{url}@{commit}#egg=tool")
    yield ask(_with_files(case, {"requirements.txt": own}), setting, OWN_REPOSITORY)


def bare_repository(folder: Path) -> tuple[str, str]:
    """Make a bare repository of the project `tool` 1.0; return its address and newest commit."""
    tree, bare = folder / "tree", folder / "tool.git"
    project = '[project]\nname = "tool"\nversion = "1.0"\n'
    _write(tree, {"pyproject.toml": project, "tool.py": "ANSWER = 42\n"})
    author = ["-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"]
    _git(tree, "init", "-q", "--initial-branch", "main")
    _git(tree, "add", ".")
    _git(tree, *author, "commit", "-q", "-m", "tool 1.0")
    _git(folder, "clone", "-q", "--bare", str(tree), str(bare))
    return f"file://{bare}", _git(tree, "rev-parse", "HEAD").strip()


def _git(folder: Path, *arguments: str) -> str:
    command = ["git", "-C", str(folder), *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def flaky_series(case: Case, setting: Setting) -> Iterator[Answer]:
    """Run a file with a culprit and a flaky release again and again, each time another draw."""
    kinds = setting.flaky_kinds or tuple(FLAKY_KINDS)
    for number in range(setting.flaky_runs):
        kind = kinds[number % len(kinds)]
        folder = setting.work / case.id / "index" / str(number)
        index = LocalIndex(folder)
        index.add(
            *_bystanders(), _culprit(), FLAKY_KINDS[kind](folder, setting.flaky_share, number)
        )
        lines = ["steady==1.0", f"{FLAKY}==1.1", "calm==1.0", f"{CULPRIT}==1.1", "quiet==1.0"]
        files = {"requirements.txt": "".join(f"{line}\n" for line in lines)}
        with index.serve() as server:
            own = _with_files(case, files, imports=kind == "import")
            # The draws are counted in a file, which no build in a sandbox could write.
            options = ["--index-url", server.url, "--sandbox", "off"]
            yield ask(own, setting, f"{kind} {number}", options=options, proves=False)


def _bystanders() -> list[Project]:
    return [Project(name).release("1.0") for name in ("steady", "calm", "quiet")]


def _culprit() -> Project:
    return Project(CULPRIT).release("1.0").release("1.1", fault=Fault.COMPILE).release("1.2")


def _flaky_build(fault: Fault) -> Callable[[Path, float, int], Project]:
    def project(folder: Path, share: float, seed: int) -> Project:
        del folder
        flaky = Project(FLAKY).release("1.0")
        return flaky.release("1.1", fault=fault, share=share, seed=seed).release("1.2")

    return project


def _flaky_import(folder: Path, share: float, seed: int) -> Project:
    code = flaky_import(folder / "imports", share, seed)
    return Project(FLAKY).release("1.0").release("1.1", code=code).release("1.2")


# How the flaky release fails: in words of the network, in words of a compiler, or at import.
FLAKY_KINDS: dict[str, Callable[[Path, float, int], Project]] = {
    "network": _flaky_build(Fault.NETWORK),
    "compile": _flaky_build(Fault.COMPILE),
    "import": _flaky_import,
}


def _with_files(case: Case, files: Mapping[str, str], *, imports: bool | None = None) -> Case:
    imported = case.imports if imports is None else imports
    return Case(case.id, case.right, case.python, files, case.checks, imported, case.options)


Scene = Callable[[Case, Setting], Iterator[Answer]]
SCENES: dict[str, Scene] = {
    "clock-innocent": at_any_load,
    "clock-django": warm_and_cold,
    "clock-aiohttp": warm_and_cold,
    "three-conflicts": any_order,
    "system-library": written_in_place,
    "pair-behind-another-failure": by_command,
    "boundary-on-a-platform": on_a_platform,
    "index-serves-a-page": from_a_broken_index,
    "installer-refuses-a-line": with_repositories,
    "flaky-beside-a-culprit": flaky_series,
}

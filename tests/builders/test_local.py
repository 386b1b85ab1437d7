from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bisect_deps.builders import make_builder
from bisect_deps.builders._installers import Pip
from bisect_deps.builders.base import FENCE, Builder, Order, begin_fence, end_fence
from bisect_deps.builders.local import Options
from bisect_deps.diagnosis import diagnose
from bisect_deps.errors import BuilderUnavailable, InputError
from bisect_deps.model import BuildStatus, IndexSettings
from bisect_deps.system import interpreters
from tests.builders.contract import Bench, BuilderContract, finish, whole_log
from tests.support.living import living
from tests.support.local_index import Fault, LocalIndex, Project, broken_import
from tests.support.sandboxes import WORKS_HERE

HERE = interpreters.find(sys.executable)
Make = Callable[..., Builder]

NO_LIBRARY = "cannot open shared object file: No such file or directory"
PROJECTS = (
    Project("good").release("1.0", requires=["helper"]),
    Project("helper").release("1.0").release("2.0"),
    Project("slow").release("1.0", seconds=300),
    Project("header").release("1.0", fault=Fault.HEADER),
    Project("broken").release("1.0", code=broken_import()),
    Project("Odd-Name", module="something_else").release("1.0", code="import nothing_of_that_name"),
    Project("left").release("1.0", requires=["helper<2"]),
    Project("right").release("1.0", requires=["helper>=2"]),
    Project("user").release("1.0", requires=["broken"]),
    Project("crash").release("1.0", code="import os\nos.kill(os.getpid(), 11)"),
    Project("leaver").release("1.0", code="raise SystemExit(3)"),
    Project("settings").release("1.0", code="import os\nos.environ['NOT_SET_ANYWHERE']"),
    Project("keyless").release("1.0", code="{}['NOT_SET_ANYWHERE']"),
    Project("window").release("1.0", code="raise ImportError('none', name='_tkinter')"),
    Project("video").release("1.0", code=f"raise ImportError('libGL.so.1: {NO_LIBRARY}')"),
    Project("account").release("1.0", code="raise OSError('Could not find account.json')"),
    Project("paired").release("1.0", code="raise OSError('/x/pair.so: undefined symbol: _Z1')"),
    Project("fileless").release("1.0", code="open(__file__ + '.version')"),
    Project("dated").release("1.0", uploaded="2021-01-01").release("2.0", uploaded="2024-01-01"),
)


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> LocalIndex:
    return LocalIndex(tmp_path_factory.mktemp("index"), *PROJECTS)


@pytest.fixture
def make(tmp_path: Path, index: LocalIndex) -> Iterator[Make]:
    made: list[Builder] = []
    for name in ("project", "work"):
        (tmp_path / name).mkdir()

    def one(**given: object) -> Builder:
        settings = IndexSettings(no_index=True, find_links=(str(index.find_links),))
        options: dict[str, object] = {
            "folder": tmp_path / "project",
            "cwd": tmp_path / "project",
            "work": tmp_path / "work",
            "interpreter": HERE,
            "index": settings,
            "sandbox": "off",
        }
        made.append(make_builder("local", Options(**{**options, **given})))  # type: ignore[arg-type]
        return made[-1]

    yield one
    for builder in made:
        builder.close()


def order(*lines: str, digest: str = "", **given: object) -> Order:
    text = "".join(f"{line}\n" for line in lines).encode()
    given.setdefault("timeout", 60.0)
    return Order({"requirements.txt": text}, "requirements.txt", digest or text.hex(), **given)  # type: ignore[arg-type]


def built(builder: Builder, asked: Order) -> tuple[BuildStatus, str]:
    handle = builder.start(asked)
    return finish(builder, handle), whole_log(builder, handle)


class TestLocalBuilder(BuilderContract):
    @pytest.fixture(params=["uv", "pip", "uv in a sandbox", "pip in a sandbox"])
    def bench(
        self, request: pytest.FixtureRequest, make: Make, tmp_path: Path, index: LocalIndex
    ) -> Bench:
        work = tmp_path / "work"
        installer, _, sandboxed = request.param.partition(" ")
        if sandboxed and not WORKS_HERE:
            pytest.skip("bubblewrap is not installed, or does not work here")

        def left() -> list[str]:
            return [str(path) for path in work.iterdir()] + living(str(work))

        return Bench(
            builder=make(
                installer=installer,
                sandbox="require" if sandboxed else "off",
                sandbox_paths=(index.find_links.parent,),
            ),
            passing=order("good==1.0", "helper<2"),
            failing=order("header==1.0", digest="failing"),
            hanging=order("slow==1.0"),
            telling="ffi.h: No such file or directory",
            installed={"good": "1.0", "helper": "1.0"},
            left=left,
        )


def test_every_step_stands_between_fences(make: Make) -> None:
    status, log = built(make(), order("good", check=("echo one", "exit 7", "echo never")))
    assert status is BuildStatus.FAILED
    assert [line for line in log.splitlines() if line.startswith(FENCE)] == [
        begin_fence("install"),
        end_fence("install", 0),
        begin_fence("check"),
        end_fence("check", 0),
        begin_fence("check"),
        end_fence("check", 7),
    ]
    assert "$ echo one\none\n" in log


def test_checks_run_in_the_built_environment(make: Make, tmp_path: Path) -> None:
    (tmp_path / "project" / "beside.txt").write_text("seen")
    check = "python -c 'import good, sys; print(sys.prefix)' && echo $VIRTUAL_ENV && cat beside.txt"
    status, log = built(make(), order("good", check=(check,)))
    assert status is BuildStatus.PASSED, log
    prefix, folder, seen = log.splitlines()[-4:-1]
    assert prefix == folder != sys.prefix
    assert seen == "seen"


def test_the_imports_check_names_every_failing_module(make: Make) -> None:
    status, log = built(make(), order("good", "broken", "odd_name", imports=True))
    assert status is BuildStatus.FAILED
    assert "::depbisect import begin project=broken module=broken\nTraceback" in log
    assert "module=something_else\n" in log
    assert "No module named 'nothing_of_that_name'" in log
    assert "imported good of good" in log
    assert log.splitlines()[-1] == end_fence("imports", 1)


def test_the_imports_check_leaves_alone_what_no_line_names(make: Make) -> None:
    status, log = built(make(), order("user", imports=True))
    assert status is BuildStatus.PASSED, log


def test_the_imports_check_leaves_alone_what_the_user_named_nowhere(make: Make) -> None:
    asked = order("good", "broken==1.0", imports=True, unasked=("broken",))
    status, log = built(make(), asked)
    assert status is BuildStatus.PASSED, log
    assert "imported good of good" in log


def test_what_the_machine_or_its_user_lacks_fails_no_import(make: Make) -> None:
    lacking = ("settings", "window", "video", "account")
    status, log = built(make(), order(*lacking, imports=True))
    assert status is BuildStatus.PASSED, log
    assert [name for name in lacking if f"skipped {name} of {name}: " in log] == list(lacking)


@pytest.mark.parametrize("project", ["keyless", "paired", "fileless"])
def test_what_a_release_lacks_by_itself_fails_its_import(make: Make, project: str) -> None:
    status, log = built(make(), order(project, imports=True))
    assert status is BuildStatus.FAILED, log


def test_a_crashing_import_fails_and_spoils_no_other(make: Make) -> None:
    status, log = built(make(), order("crash", "good", "leaver", imports=True))
    assert status is BuildStatus.FAILED
    assert "::depbisect import begin project=crash module=crash" in log
    assert "killed by signal 11" in log
    assert "imported good of good" in log
    assert "skipped leaver of leaver: it is a program" in log


@pytest.fixture
def tool(tmp_path: Path) -> Path:
    """Return a project `./tool` with a module `tool`, and room for more beside it."""
    site = tmp_path / "project" / "tool"
    (site / "tool").mkdir(parents=True)
    (site / "tool" / "__init__.py").write_text("")
    (site / "backend.py").write_text(BESIDE)
    (site / "pyproject.toml").write_text(
        '[project]\nname = "tool"\nversion = "1.0"\n'
        '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
    )
    return site


@pytest.mark.parametrize("code", [0, 7])
def test_a_module_that_ends_the_interpreter_fails_its_import(
    make: Make, tool: Path, code: int
) -> None:
    (tool / "toold.py").write_text(f"import os\nos._exit({code})")
    status, log = built(make(), order("./tool", "good", imports=True))
    assert status is BuildStatus.FAILED, log
    assert "::depbisect import begin project=tool module=toold\nimported tool of tool\n" in log
    assert f"the interpreter ended with {code} while importing\n" in log
    assert "imported good of good" in log


def test_a_module_beside_the_main_one_may_need_an_extra(make: Make, tool: Path) -> None:
    (tool / "toold.py").write_text("raise ImportError('install tool[d] for it')")
    status, log = built(make(), order("./tool", imports=True))
    assert status is BuildStatus.PASSED, log
    assert "skipped toold of tool" in log


@pytest.mark.parametrize("minor", ["3.6", "3.7", "3.8", "3.9", "3.13"])
def test_the_imports_check_runs_on_any_python(make: Make, minor: str) -> None:
    found = [python for python in interpreters.find_all() if python.version.startswith(f"{minor}.")]
    if not found:
        pytest.skip(f"no Python {minor} here")
    status, log = built(
        make(interpreter=found[0]), order("good", "broken", "helper<2", imports=True)
    )
    assert status is BuildStatus.FAILED
    assert "imported good of good" in log
    assert "import begin project=broken" in log


def test_a_conflict_fails_in_the_install(make: Make) -> None:
    status, log = built(make(), order("left", "right", check=("true",)))
    assert status is BuildStatus.FAILED
    assert log.splitlines()[-1] == end_fence("install", 1)


@pytest.mark.parametrize("installer", ["uv", "pip"])
def test_includes_and_relative_paths_lead_where_they_did(
    make: Make, index: LocalIndex, tmp_path: Path, installer: str
) -> None:
    (tmp_path / "project" / "links").symlink_to(index.find_links)
    builder = make(installer=installer, index=IndexSettings(no_index=True))
    files = {
        "requirements.txt": b"--find-links ./links\n-r sub/more.txt\n-r ../common.txt\n",
        "sub/more.txt": b"-c limits.txt\ngood\n",
        "sub/limits.txt": b"helper==1.0\n",
        "../common.txt": b"left\n",
    }
    handle = builder.start(Order(files, "requirements.txt", "tree", timeout=60))
    assert finish(builder, handle) is BuildStatus.PASSED, whole_log(builder, handle)
    assert builder.installed(handle) == {"good": "1.0", "helper": "1.0", "left": "1.0"}


@pytest.mark.parametrize("installer", ["uv", "pip"])
@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("pyproject.toml", '[project]\nname = "x"\nversion = "1"\ndependencies = ["broken<2"]\n'),
        ("tool.py", '# /// script\n# dependencies = ["broken<2"]\n# ///\n'),
        ("setup.cfg", "[options]\ninstall_requires =\n    broken<2\n"),
    ],
)
def test_other_formats_are_installed_as_their_requirements(
    make: Make, path: str, text: str, installer: str
) -> None:
    builder = make(installer=installer)
    asked = Order({path: text.encode()}, path, path, imports=True, timeout=60)
    status, log = built(builder, asked)
    assert status is BuildStatus.FAILED, log
    assert "import begin project=broken" in log


@pytest.mark.parametrize("installer", ["uv", "pip"])
def test_an_isolated_release_is_built_without_its_dependencies(
    make: Make, index: LocalIndex, installer: str
) -> None:
    builder = make(installer=installer, index=IndexSettings())
    lines = ("--no-index", f"--find-links {index.find_links}", "no-such-project==1")
    handle = builder.start(order(*lines, isolated="user==1.0"))
    assert finish(builder, handle) is BuildStatus.PASSED, whole_log(builder, handle)
    assert builder.installed(handle) == {"user": "1.0"}


def test_the_index_date_is_kept(make: Make, index: LocalIndex) -> None:
    with index.serve() as server:
        settings = IndexSettings(index_url=server.url, exclude_newer="2022-01-01T00:00:00Z")
        builder = make(index=settings)
        handle = builder.start(order("dated"))
        assert finish(builder, handle) is BuildStatus.PASSED, whole_log(builder, handle)
    assert builder.installed(handle) == {"dated": "1.0"}
    assert "2022-01-01" in builder.identity()


def test_an_unknown_installer_is_told(make: Make) -> None:
    with pytest.raises(InputError, match="no installer 'conda'"):
        make(installer="conda")


def test_a_python_that_cannot_make_environments_is_no_failed_build(
    make: Make, tmp_path: Path
) -> None:
    broken = tmp_path / "python"
    broken.write_text("#!/bin/sh\nexit 1\n")
    broken.chmod(0o755)
    builder = make(interpreter=interpreters.Interpreter(str(broken), "3.11.0", "cpython", "linux"))
    assert builder.preflight()
    with pytest.raises(BuilderUnavailable):
        builder.start(order("good"))


BESIDE = """
import os, zipfile
def build_wheel(folder, settings=None, metadata=None):
    name = "tool-1.0-py3-none-any.whl"
    with zipfile.ZipFile(os.path.join(folder, name), "w") as wheel:
        for path in ("tool/__init__.py", "toold.py"):
            wheel.write(path)
        for path, lines in {
            "METADATA": ["Metadata-Version: 2.1", "Name: tool", "Version: 1.0"],
            "WHEEL": ["Wheel-Version: 1.0", "Root-Is-Purelib: true", "Tag: py3-none-any"],
            "RECORD": ["tool/__init__.py,,", "toold.py,,"],
        }.items():
            text = "".join(line + chr(10) for line in lines)
            wheel.writestr("tool-1.0.dist-info/" + path, text)
    return name
"""
PLANTED = "planted-secret-value"
SPY = """
import os, subprocess, zipfile
def build_wheel(folder, settings=None, metadata=None):
    print("ENVIRONMENT", dict(os.environ))
    print("PROCESSES", subprocess.run(["ps", "axww"], capture_output=True, text=True).stdout)
    name = "spy-1.0-py3-none-any.whl"
    with zipfile.ZipFile(os.path.join(folder, name), "w") as wheel:
        wheel.writestr("spy-1.0.dist-info/METADATA", "Name: spy\\nVersion: 1.0\\n")
        wheel.writestr("spy-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\\nTag: py3-none-any\\n")
        wheel.writestr("spy-1.0.dist-info/RECORD", "")
    raise SystemExit("seen enough")
"""


def plant_spy(folder: Path) -> None:
    (folder / "spy").mkdir()
    (folder / "spy" / "backend.py").write_text(SPY)
    (folder / "spy" / "pyproject.toml").write_text(
        '[project]\nname = "spy"\nversion = "1.0"\n'
        '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
    )


@pytest.mark.parametrize("installer", ["uv", "pip"])
def test_no_secret_reaches_a_build_backend_or_a_log(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, index: LocalIndex, installer: str
) -> None:
    plant_spy(tmp_path / "project")
    for name in ("GITHUB_TOKEN", "AWS_SECRET_ACCESS_KEY", "ALGORITHMIA_API_KEY", "MY_PASSWORD"):
        monkeypatch.setenv(name, PLANTED)
    monkeypatch.setenv("DATABASE_URL", f"postgres://app:{PLANTED}@db.example/app")
    with index.serve(auth=("me", PLANTED)) as server:
        private = IndexSettings(index_url=server.url_with("me", "${MY_PASSWORD}"))
        builder = make(index=private, installer=installer)
        status, log = built(builder, order("good", "./spy"))
    assert status is BuildStatus.FAILED
    assert "ENVIRONMENT" in log
    assert "PROCESSES" in log
    assert PLANTED not in log
    assert PLANTED not in builder.identity()


@pytest.mark.parametrize("installer", ["uv", "pip"])
@pytest.mark.parametrize("place", ["settings", "variable", "file"])
def test_a_private_index_is_still_asked_with_its_credentials(
    make: Make, index: LocalIndex, monkeypatch: pytest.MonkeyPatch, place: str, installer: str
) -> None:
    with index.serve(auth=("me", PLANTED)) as server:
        url, lines = server.url_with("me", PLANTED), ["good"]
        if place == "variable":
            monkeypatch.setenv(f"{installer.upper()}_INDEX_URL", url)
        if place == "file":
            monkeypatch.setenv("INDEX_PASSWORD", PLANTED)
            monkeypatch.delenv(f"{installer.upper()}_INDEX_URL")
            lines.insert(0, "--index-url " + server.url_with("me", "${INDEX_PASSWORD}"))
        settings = IndexSettings(index_url=url) if place == "settings" else IndexSettings()
        builder = make(index=settings, installer=installer)
        status, log = built(builder, order(*lines))
    assert status is BuildStatus.PASSED, log
    assert PLANTED not in log


def test_a_failed_check_tells_whose_the_modules_in_its_log_are(make: Make) -> None:
    builder = make()
    check = 'python -c "import something_else"'
    handle = builder.start(order("Odd-Name==1.0", "good==1.0", check=(check,)))
    assert finish(builder, handle) is BuildStatus.FAILED
    found = builder.modules(handle)
    assert found is not None
    assert found["something_else"] == "odd-name"


def test_a_failed_install_tells_no_modules(make: Make) -> None:
    builder = make()
    for asked in (order("good==1.0", imports=True), order("header==1.0", imports=True)):
        handle = builder.start(asked)
        finish(builder, handle)
        assert builder.modules(handle) is None


@pytest.mark.parametrize("sandbox", ["auto", "off"])
def test_what_was_built_with_older_tools_is_not_built_again(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sandbox: str
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "user"))
    monkeypatch.delenv("UV_CACHE_DIR", raising=False)
    index = LocalIndex(tmp_path / "mine", Project("sourced").release("1.0", wheel=False))
    settings = IndexSettings(no_index=True, find_links=(str(index.find_links),))
    logs = []
    for digest in ("first", "second"):
        builder = make(index=settings, sandbox=sandbox)
        asked = order("sourced==1.0", digest=digest, build_constraints=("setuptools<99",))
        status, log = built(builder, asked)
        assert status is BuildStatus.PASSED, log
        logs.append(log)
        builder.close()
    assert ["Built sourced==1.0" in log for log in logs] == [True, False]


@pytest.mark.skipif(not WORKS_HERE, reason="bubblewrap does not work here")
def test_a_check_that_writes_where_the_sandbox_only_reads_is_told_where_to(make: Make) -> None:
    builder = make(sandbox="require")
    status, log = built(builder, order("good==1.0", check=("echo x > written",)))
    assert status is BuildStatus.FAILED, log
    [breakage] = diagnose(log, exit_status=1).breakages
    assert "$TMPDIR" in breakage.advice
    status, log = built(builder, order("good==1.0", digest="n", check=("echo x > $TMPDIR/w",)))
    assert status is BuildStatus.PASSED, log
    warns = "echo 'PytestCacheWarning: [Errno 30] Read-only file system'; exit 3"
    status, log = built(builder, order("good==1.0", digest="o", check=(warns,)))
    assert status is BuildStatus.FAILED, log
    assert not any(breakage.advice for breakage in diagnose(log, exit_status=1).breakages)


def test_a_newer_pip_is_of_one_run_and_leaves_the_kept_one_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    python, kept = interpreters.find(None), tmp_path / "cache/depbisect/pip"
    for run in ("first", "second"):
        dated = IndexSettings(no_index=True, exclude_newer="2022-01-01T00:00:00Z")
        # No index has a newer one: the run's own copy stays as old as the kept one.
        pip = Pip(tmp_path / run / "template", python, dated, interpreters.find_uv())
        assert "knows no index date" in pip.identity()
        assert (tmp_path / run / "renewed").is_dir()
        [template] = kept.iterdir()
    assert Pip(tmp_path / "third", python, IndexSettings(), None).identity().startswith("pip ")
    assert [template] == list(kept.iterdir()), "made once"
    # A cache is cleaned file by file: what lost one is made anew.
    [part] = template.glob("lib/*/site-packages/pip/__main__.py")
    part.unlink()
    assert Pip(tmp_path / "fourth", python, IndexSettings(), None).identity().startswith("pip ")
    assert part.exists()

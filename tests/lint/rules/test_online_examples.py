"""Every online rule reports its bad examples and none of its good ones, asked of a real index."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path

import pytest

from bisect_deps.lint.checking import Checker
from bisect_deps.lint.fixing import fix
from bisect_deps.lint.inputs import Inputs
from bisect_deps.lint.rules import all_rules
from bisect_deps.lint.rules.base import Example, Needs, Rule, Severity
from bisect_deps.lint.settings import LintSettings
from bisect_deps.model import IndexSettings
from tests.support.linted import codes, write_files
from tests.support.local_index import LocalIndex, Project, Server

ONLINE = [rule for rule in all_rules().values() if rule.needs in (Needs.INDEX, Needs.RESOLVER)]
WINDOWS = "cp311-cp311-win_amd64"
HASHES = {}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    today = datetime.now(timezone.utc).date().isoformat()
    index = LocalIndex(
        tmp_path_factory.mktemp("index"),
        Project("fine").release("1.0", uploaded="2021-01-01").release("1.1", uploaded="2021-02-01"),
        Project("withdrawn").release("1.0", yanked="lost a file").release("1.1"),
        Project("modern").release("1.0").release("2.0", requires_python=">=3.99"),
        Project("elsewhere").release("1.0", wheel=WINDOWS, sdist=False),
        Project("many").release("1.0", wheel=[WINDOWS, "py3-none-any"]),
        Project("sources").release("1.0", wheel=False, sdist=True),
        Project("anyjson")
        .release("0.3.3", wheel=False, sdist=True)
        .release("0.4", wheel=False, sdist=True),
        Project("young").release("1.0", uploaded=today),
        Project("needs").release("1.0", requires=["fine<1.1"]),
    )
    for file in index.files("many") or ():
        HASHES["windows" if "win" in file.filename else "any"] = file.sha256
    with index.serve() as running:
        yield running


def cases(which: str) -> list[object]:
    return [
        pytest.param(rule, example, id=f"{rule.code}-{which}-{number}")
        for rule in ONLINE
        for number, example in enumerate(getattr(rule, which), start=1)
    ]


def reported(folder: Path, server: Server, rule: Rule, example: Example) -> list[str]:
    named = (rule.code,) if rule.severity is Severity.OFF else ()
    files = {
        name: str(text).replace("<the Windows wheel's>", f"sha256:{HASHES['windows']}")
        for name, text in example.files.items()
    }
    write_files(folder, files)
    settings = LintSettings(
        online=True, profile=example.profile, targets=example.targets, extend_select=named
    )
    index = IndexSettings(index_url=server.url)
    checker = Checker(Inputs(folder, variables={}), settings, index=index)
    try:
        report = checker.check([next(iter(files))])
    finally:
        checker.close()
    assert report.unavailable == ""
    return codes(report)


@pytest.mark.parametrize(("rule", "example"), cases("bad"))
def test_bad_example_is_reported(
    tmp_path: Path, server: Server, rule: Rule, example: Example
) -> None:
    assert rule.code in reported(tmp_path, server, rule, example)


@pytest.mark.parametrize(("rule", "example"), cases("good"))
def test_good_example_is_not_reported(
    tmp_path: Path, server: Server, rule: Rule, example: Example
) -> None:
    assert rule.code not in reported(tmp_path, server, rule, example)


def test_targets_are_judged_each_for_itself(tmp_path: Path, server: Server) -> None:
    write_files(tmp_path, {"requirements.txt": "elsewhere==1.0\n"})
    settings = LintSettings(
        online=True,
        targets=("python=3.11,platform=win_amd64", "python=3.11,platform=linux_x86_64"),
    )
    checker = Checker(
        Inputs(tmp_path, variables={}), settings, index=IndexSettings(index_url=server.url)
    )
    report = checker.check(["requirements.txt"])
    checker.close()
    [found] = [diagnostic for diagnostic in report.diagnostics if diagnostic.rule.code == "DB602"]
    assert "linux" in found.message
    only_windows = settings._replace(targets=settings.targets[:1])
    checker = Checker(
        Inputs(tmp_path, variables={}), only_windows, index=IndexSettings(index_url=server.url)
    )
    assert "DB602" not in codes(checker.check(["requirements.txt"]))
    checker.close()


def test_unreachable_index_is_never_a_pass(tmp_path: Path) -> None:
    write_files(tmp_path, {"requirements.txt": "fine==1.0\n"})
    index = IndexSettings(index_url="http://127.0.0.1:9/simple/")
    checker = Checker(Inputs(tmp_path, variables={}), LintSettings(online=True), index=index)
    report = checker.check(["requirements.txt"])
    checker.close()
    assert report.unavailable
    assert codes(report) == ["DB900"]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("uv.lock", 'version = 1\n\n[[package]]\nname = "withdrawn"\nversion = "1.0"\n'),
        ("poetry.lock", '[[package]]\nname = "withdrawn"\nversion = "1.0"\n\n[metadata]\n'),
        (
            "pylock.toml",
            'lock-version = "1.0"\ncreated-by = "x"\n[[packages]]\nname = "withdrawn"\n'
            'version = "1.0"\nwheels = [{name = "withdrawn-1.0-py3-none-any.whl", '
            'url = "https://files.example/w.whl", hashes = {sha256 = "' + "0" * 64 + '"}}]\n',
        ),
    ],
)
def test_lock_is_looked_up_and_never_edited(
    tmp_path: Path, server: Server, name: str, text: str
) -> None:
    write_files(tmp_path, {name: text})
    index = IndexSettings(index_url=server.url)
    checker = Checker(Inputs(tmp_path, variables={}), LintSettings(online=True), index=index)
    result = fix(checker, [name], unsafe=True)
    checker.close()
    [found] = [
        diagnostic for diagnostic in result.report.diagnostics if diagnostic.rule.code == "DB502"
    ]
    assert text.splitlines()[found.line - 1] == 'name = "withdrawn"'
    assert not result.files


def test_a_version_that_a_variable_holds_is_not_asked_for(tmp_path: Path, server: Server) -> None:
    files = {"Dockerfile": "FROM x\nRUN pip install fine==${V}\nRUN pip install fine==7.0\n"}
    write_files(tmp_path, files)
    settings = LintSettings(online=True)
    index = IndexSettings(index_url=server.url)
    checker = Checker(Inputs(tmp_path, variables={}), settings, index=index)
    try:
        report = checker.check(["Dockerfile"])
    finally:
        checker.close()
    assert [(found.rule.code, found.line) for found in report.diagnostics] == [("DB501", 3)]


def test_commands_of_one_file_need_no_versions_in_common(tmp_path: Path, server: Server) -> None:
    text = "FROM x\nRUN pip install needs==1.0\nFROM y\nRUN pip install fine==1.1\n"
    write_files(tmp_path, {"Dockerfile": text, "requirements.txt": "needs==1.0\nfine==1.1\n"})
    index = IndexSettings(index_url=server.url)
    for name, wanted in (("Dockerfile", []), ("requirements.txt", ["DB703"])):
        checker = Checker(Inputs(tmp_path, variables={}), LintSettings(online=True), index=index)
        try:
            report = checker.check([name])
        finally:
            checker.close()
        assert [code for code in codes(report) if code == "DB703"] == wanted

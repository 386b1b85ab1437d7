"""What an installer cannot take is attributed to the user's own line, by its words, number, path or URL."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from bisect_deps.diagnosis import diagnose
from bisect_deps.diagnosis.requirements import UserList
from bisect_deps.model import Requirement
from tests.diagnosis.labelled import FOLDER

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

REFUSED: list[dict[str, Any]] = tomllib.loads((FOLDER / "refused.toml").read_text("utf-8"))["log"]
OWN = "packaging @ file:///home/nobody/packaging_1/work"


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case["name"])
def test_real_log_gives_the_users_own_line(case: dict[str, Any]) -> None:
    stays = case.get("stays", False)
    found = diagnose(case["text"], requirements=case["lines"], exit_status=1, stays=stays)
    assert not found.infrastructure
    first = found.suspects[0]
    assert first.requirement == case["lines"][case["right"]]
    if not case["name"].startswith("duplicate"):
        assert len(found.suspects) == 1
    assert "://" not in first.name
    assert first.name not in ("git", "file", "https", "ssh") or "git@git" in case["lines"][1]


@pytest.mark.parametrize(
    "case", [case for case in REFUSED if case.get("stays")], ids=lambda case: case["name"]
)
def test_a_place_that_cannot_be_reached_once_is_the_networks(case: dict[str, Any]) -> None:
    assert diagnose(case["text"], requirements=case["lines"], exit_status=1).infrastructure


def own(text: str, line: int, *, name: str = "", url: str | None = None) -> Requirement:
    return Requirement(line - 1, name, "", text, "deps/requirements.txt", line, url=url)


def test_a_numbered_line_is_that_line_of_that_file() -> None:
    user = UserList([own("six", 1, name="six"), own("tool @ git+https://a.example/x", 2)])
    assert user.placed("in `deps/requirements.txt` at line 2:") == user.items[1]
    assert user.placed("(from line 1 of requirements.txt)") == user.items[0]
    assert user.placed("in `other.txt` at line 2:") is None


@pytest.mark.parametrize(
    ("requirement", "text", "is_found"),
    [
        (OWN, "Distribution not found at: file:///home/nobody/packaging_1/work", True),
        (OWN, "Processing /home/nobody/packaging_1/work", True),
        (OWN, "No such file: '/home/nobody/packaging_1/work/setup.py'", False),
        ("./lib", "file:///app/lib does not appear to be a Python project", True),
        ("./lib", 'File "/usr/lib/python3/x.py"', False),
        ("git+https://git.example/tool.git@v1", "unable to access 'https://git.example/tool.git/'", True),
        ("git+https://git.example/tool.git@v1", "unable to access 'https://git.example/tools.git/'", False),
        ("-e git+ssh://git@git.example/a/tool.git#egg=tool", "Cloning ssh://****@git.example/a/tool.git to /x", True),
        ("https://a.example/t-1.0.tar.gz", "error sending request for url (https://a.example/t-1.0.tar.gz)", True),
    ],
)  # fmt: skip
def test_a_path_or_url_in_a_log_is_matched_as_a_whole(
    requirement: str, text: str, is_found: bool
) -> None:
    found = UserList(["six==1.16.0", requirement]).of_path(text)
    assert (found is not None and found.text == requirement) is is_found


def test_of_two_paths_the_longer_one_is_meant() -> None:
    user = UserList(["./lib", "./vendor/lib"])
    assert user.of_path("file:///app/vendor/lib is no project") == user.items[1]


@pytest.mark.parametrize(
    "line",
    [
        "ERROR: Could not build wheels for alpha, beta and gamma, which is required to install pyproject.toml-based projects",
        "ERROR: Could not build wheels for alpha, beta, gamma, which is required to install pyproject.toml-based projects",
        "ERROR: Could not build wheels for alpha, beta, gamma which use PEP 517 and cannot be installed directly",
        "ERROR: Failed to build installable wheels for some pyproject.toml based projects (alpha, beta, gamma)",
        "× Failed to build installable wheels for some pyproject.toml based projects\n╰─> alpha, beta, gamma",
    ],
)  # fmt: skip
def test_a_list_of_what_could_not_be_built_names_each_once(line: str) -> None:
    failed = "".join(
        f"Building wheels for collected packages: {name}\n"
        f"  Building wheel for {name} (setup.py): started\n"
        f"  Building wheel for {name} (setup.py): finished with status 'error'\n"
        f"  ERROR: Failed building wheel for {name}\n"
        for name in ("alpha", "beta", "gamma")
    )
    lines = ["six==1.16.0", "alpha==1.0", "beta==1.0", "gamma==1.0"]
    for log in (failed + line, line):
        found = diagnose(f"{log}\n", requirements=lines, exit_status=1)
        assert [suspect.requirement for suspect in found.suspects] == lines[1:]


def test_two_lines_that_fail_for_different_reasons_are_both_named() -> None:
    log = (
        "error: No solution found when resolving dependencies\n"
        "  cause: Because faiss was not found in the package registry and you require faiss==1.12.0, "
        "we can conclude that your requirements are unsatisfiable.\n"
        "error: Distribution not found at: file:///home/nobody/packaging_1/work\n"
    )
    lines = ["idna==3.10", "faiss==1.12.0", OWN, "six==1.17.0"]
    found = diagnose(log, requirements=lines, exit_status=1)
    assert {suspect.requirement for suspect in found.suspects} == {lines[1], OWN}


def test_a_url_that_a_build_failed_for_is_no_second_project() -> None:
    url = "git+https://example.org/tool.git"
    log = (
        f"Collecting {url} (from -r requirements.txt (line 2))\n"
        "  Getting requirements to build wheel: finished with status 'error'\n"
        "  ModuleNotFoundError: No module named 'pkg_resources'\n"
        f"ERROR: Failed to build '{url}' when getting requirements to build wheel\n"
    )
    [suspect] = diagnose(log, requirements=["six==1.16.0", url]).suspects
    assert (suspect.name, suspect.requirement) == ("tool", url)


def test_what_a_local_project_pulls_in_is_attributed_to_its_path() -> None:
    log = (
        "Processing ./lib (from -r requirements.txt (line 2))\n"
        "  Preparing metadata (pyproject.toml): finished with status 'done'\n"
        "Collecting idna==3.3 (from -r requirements.txt (line 1))\n"
        "  Using cached idna-3.3-py3-none-any.whl (61 kB)\n"
        "ERROR: Could not find a version that satisfies the requirement pytz==1999.1 (from geo-core) "
        "(from versions: 2005rc2, 2023.3)\n"
        "ERROR: No matching distribution found for pytz==1999.1\n"
    )
    [suspect] = diagnose(log, requirements=["idna==3.3", "./lib", "click==8.0.4"]).suspects
    assert (suspect.requirement, str(suspect.failing)) == ("./lib", "pytz==1999.1")

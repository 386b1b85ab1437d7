"""A path of another machine stands for the release it names, or for that of its day."""

from __future__ import annotations

import pytest

from bisect_deps.index.paths import version_in_path
from bisect_deps.index.releases import File, ReleaseFacts, group

DAYS = {
    "1.0": "2019-01-01",
    "20.3": "2020-03-05",
    "21.2.0": "2021-05-07",
    "21.3.0rc1": "2021-05-10",
    "21.4.0": "2021-12-29",
    "22.1.0": "2022-07-28",
}


def releases(project: str = "my-lib", *, only: str = "", dated: bool = True) -> list[ReleaseFacts]:
    """Return a project's releases; all but `only` refuse the Python that they are judged for."""
    files = [
        File(
            f"my_lib-{version}-py3-none-any.whl",
            version,
            "",
            True,
            requires_python="<3" if only and version != only else None,
            uploaded=f"{day}T12:00:00Z" if dated else None,
        )
        for version, day in DAYS.items()
    ]
    return list(group(project, files, tags=("py3-none-any",), python="3.12.1"))


WRITTEN = {
    "file:///tmp/my_lib-21.2.0-py3-none-any.whl": "21.2.0",
    "file:///tmp/my_lib-21.2.0-py3-none-any.whl#sha256=00": "21.2.0",
    "./wheels/my-lib-20.3.tar.gz": "20.3",
    "file:///tmp/My.Lib-1.zip": "1.0",
    "file:///C:/src/my_lib_21.2.0/work": "21.2.0",
    "file:///home/me/my-lib-v21.2": "21.2.0",
    "file:///pkgs/my-lib-21.4.0-pyhd3eb1b0_0.conda": "21.4.0",
    "git+https://g.example/me/lib@v21.2.0": "21.2.0",
    "git+https://g.example/me/lib@21.2#egg=my-lib": "21.2.0",
    "https://g.example/me/lib/archive/refs/tags/v21.2.0.tar.gz": "21.2.0",
    "https://g.example/me/lib/archive/v21.2.0.zip": "21.2.0",
    "https://g.example/me/lib/releases/download/21.2.0/lib.tar.gz": "21.2.0",
}


@pytest.mark.parametrize("url", WRITTEN)
def test_a_version_in_the_path_is_meant(url: str) -> None:
    found = version_in_path(url, releases())
    assert found is not None
    assert found.release.version == WRITTEN[url]
    assert found.reason == "is the version in the path"


SILENT = [
    "file:///tmp/build/80754af9/other_1620827162558/work/my-lib",
    "file:///home/nobody/my_lib_1/work",
    "file:///opt/python/20.3/my-lib",
    "file:///tmp/my-lib-9.9.tar.gz",
    "file:///tmp/other-21.2.0.tar.gz",
    "git+https://g.example/me/lib@0123456789012345678901234567890123456789",
    "./my-lib",
]


@pytest.mark.parametrize("url", SILENT[1:])
def test_a_path_without_the_version_stands_for_the_day_of_the_file(url: str) -> None:
    found = version_in_path(url, releases(), "2022-01-05T00:00:00Z")
    assert found is not None
    assert found.release.version == "21.4.0"
    assert found.reason == "was the newest on 2022-01-05, the day of the file's newest pin"


@pytest.mark.parametrize(
    "url",
    [
        "file:///tmp/build/80754af9/my_lib_1620827162558/work",
        "file:///croot/my_lib-suite_1620827162558/work/my_lib",
        "file:///C:/ci/my-lib_1620827162558/work",
        SILENT[0],
    ],
)
def test_the_time_in_a_conda_path_goes_before_the_day_of_the_file(url: str) -> None:
    found = version_in_path(url, releases(), "2022-01-05T00:00:00Z")
    assert found is not None
    # 21.3.0rc1 was out as well; a final release is meant.
    assert found.release.version == "21.2.0"
    assert found.reason == "was the newest on 2021-05-12, when the path was made"


def test_a_release_that_does_not_install_is_passed_over() -> None:
    url = "file:///tmp/build/80754af9/my_lib_1620827162558/work"
    found = version_in_path(url, releases(only="20.3"))
    assert found is not None
    assert found.release.version == "20.3"


@pytest.mark.parametrize(
    ("before", "dated"), [(None, True), ("2018-01-01", True), ("2022-01-05", False)]
)
def test_without_a_day_the_newest_that_installs_is_meant(before: str | None, dated: bool) -> None:
    found = version_in_path("./my-lib", releases(only="21.4.0", dated=dated), before)
    assert found is not None
    assert (found.release.version, found.reason) == ("21.4.0", "is the newest that installs")


def test_a_bare_day_includes_its_hours() -> None:
    found = version_in_path("./my-lib", releases(), "2021-12-29")
    assert found is not None
    assert found.release.version == "21.4.0"


def test_no_release_is_meant_where_none_installs() -> None:
    assert version_in_path("./my-lib", releases(only="none")) is None
    assert version_in_path("file:///tmp/my_lib-21.2.0.zip", []) is None

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.version import Version

from bisect_deps.index.facts import matches, nearest_release
from bisect_deps.index.releases import File, group, visible

TAGS = ("cp312-cp312-linux_x86_64", "py3-none-any")


def files_of(*versions: str, tag: str = "py3-none-any") -> list[File]:
    return [File(f"p-{v}-{tag}.whl", v, f"http://index.example/{v}", True) for v in versions]


VERSIONS = st.builds(
    lambda parts, suffix: ".".join(map(str, parts)) + suffix,
    st.lists(st.integers(0, 3), min_size=1, max_size=3),
    st.sampled_from(["", "", "", "a1", "rc2", ".post1", ".dev1"]),
)


@given(st.lists(VERSIONS, max_size=12))
def test_releases_are_in_order_and_each_version_is_there_once(versions: list[str]) -> None:
    releases = group("p", files_of(*versions), tags=TAGS, python="3.12.1")
    parsed = [release.parsed for release in releases]
    assert parsed == sorted({Version(version) for version in versions})


@given(st.lists(VERSIONS, max_size=12), VERSIONS)
def test_the_nearest_release_prefers_its_own_line_and_then_the_next(
    versions: list[str], wanted: str
) -> None:
    releases = group("p", files_of(*versions), tags=TAGS, python="3.12.1")
    found = nearest_release(wanted, releases)
    others = [r for r in releases if r.parsed != Version(wanted)]
    finals = [r for r in others if not r.parsed.is_prerelease] or others
    if found is None:
        assert others == []
        return
    line = Version(wanted).major, Version(wanted).minor
    same = [r for r in finals if (r.parsed.major, r.parsed.minor) == line]
    pool = same or finals
    above = [r for r in pool if r.parsed > Version(wanted)]
    assert found == (above[0] if above else pool[-1])


@pytest.mark.parametrize(
    ("clause", "expected"),
    [
        ("", ["1.0", "2.0"]),
        ("==1.*", ["1.0"]),
        (">=2", ["2.0"]),
        (">=2.1a1", ["2.1rc1"]),
        (">2.0", ["2.1rc1"]),
        ("===1.0", ["1.0"]),
        ("==3", []),
        ("not a clause", []),
    ],
)
def test_a_clause_allows_what_the_installers_would_take(clause: str, expected: list[str]) -> None:
    releases = group("p", files_of("1.0", "2.0", "2.1rc1"), tags=TAGS, python="3.12.1")
    assert [release.version for release in matches(clause, releases)] == expected


def test_one_release_may_be_usable_by_some_of_its_files_only() -> None:
    mixed = [
        File("p-1-cp39-cp39-linux_x86_64.whl", "1", "u", True, requires_python="<3.10"),
        File("p-1.tar.gz", "1", "u", False, requires_python="<3.10"),
        File("p-1-cp312-cp312-linux_x86_64.whl", "1", "u", True, requires_python=">=3.12"),
    ]
    [release] = group("p", mixed, tags=TAGS, python="3.12.1")
    assert release.python_ok
    assert release.usable_wheel
    assert not release.has_sdist
    [old] = group("p", mixed[:2], tags=TAGS, python="3.12.1")
    assert not old.python_ok
    assert old.has_sdist


def test_a_release_is_yanked_when_all_its_files_are() -> None:
    half = [
        File("p-1-py3-none-any.whl", "1", "u", True, yanked="broken"),
        File("p-1.tar.gz", "1", "u", False),
    ]
    assert group("p", half, tags=TAGS, python="3.12.1")[0].yanked is None
    assert group("p", half[:1], tags=TAGS, python="3.12.1")[0].yanked == "broken"


def test_names_that_break_the_rules_do_no_harm() -> None:
    odd = [
        File("p-1.0-py2.5.whl", "1.0", "u", True),
        File("p-2004d.tar.gz", "2004d", "u", False),
        File("p-1.0.tar.gz", "1.0", "u", False, requires_python=">=3.6.*"),
    ]
    [release] = group("p", odd, tags=TAGS, python="3.12.1")
    assert (release.version, release.python_ok, release.usable_wheel) == ("1.0", True, False)


def test_an_index_without_dates_shows_nothing_as_of_a_day_and_a_folder_shows_all() -> None:
    undated = files_of("1.0")
    folder = [File("p-1.0-py3-none-any.whl", "1.0", "wheels/p-1.0-py3-none-any.whl", True)]
    assert visible(undated, "2021-01-01") == []
    assert visible(undated, None) == undated
    assert visible(folder, "2021-01-01") == folder


@pytest.mark.parametrize(
    ("cutoff", "seen"),
    [
        ("2020-01-01T00:00:00Z", 0),
        ("2020-01-01T00:00:00.4Z", 2),
        ("2020-01-01T02:00:00.3+02:00", 1),
        ("2020-01-01T00:00:01Z", 2),
        ("2020-01-01", 2),
        ("2019-12-31", 0),
        ("0001-01-01T00:00:00+05:00", 0),
        ("9999-12-31", 2),
        ("9999-12-31T23:00:00-05:00", 2),
    ],
)
def test_a_date_hides_what_came_at_it_or_later(cutoff: str, seen: int) -> None:
    second = File("a-1.tar.gz", "1", "https://index.example/a", False)
    files = [
        second._replace(uploaded="2020-01-01T00:00:00Z"),
        second._replace(uploaded="2020-01-01T00:00:00.300000Z"),
    ]
    assert len(visible(files, cutoff)) == seen

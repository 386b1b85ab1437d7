"""A fix is written as the user's file writes: pins stay pins, ranges stay ranges."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from bisect_deps.formats.style import specifiers
from bisect_deps.model import Requirement


def line(text: str, number: int = 0, *hashes: str) -> Requirement:
    found = re.match(r"[\w.-]+", text)
    assert found is not None
    clause = text[found.end() :].strip()
    return Requirement(number, found[0], clause, text, "r.txt", number + 1, hashes=hashes)


PINS = (line("a==1"), line("b==2", 1), line("c>=3", 2))
BOUNDS = (line("a>=1", 0), line("b<2", 1), line("c==3", 2))
NAMES = (line("a"), line("b", 1))

CHANGED = [
    # clause, passing, failing, in the file's style
    ("==1.19.5", "1.26.0", ["1.19.5"], ["==1.26.0"]),
    ("== 1.19.5", "1.26.0", ["1.19.5"], ["== 1.26.0"]),
    ("===1.19.5", "1.26.0", ["1.19.5"], ["===1.26.0"]),
    # held back: an upper bound where the failing series begins, then where the passing one ends
    (">=2.0", "2.3.8", ["3.1.3"], [">=2.0,<3", "==2.3.8"]),
    (">=2.0", "2.0.3", ["2.3.1"], [">=2.0,<2.3", ">=2.0,<2.1", "==2.0.3"]),
    (">=2.0, !=2.1", "2.0.3", ["2.3.1"], [">=2.0, !=2.1, <2.3", ">=2.0, !=2.1, <2.1", "==2.0.3"]),
    (">=2.0,<4", "2.3.8", ["3.1.3"], [">=2.0,<3", "==2.3.8"]),
    (">=2.0.0,<4.0.0", "2.3.8", ["3.1.3"], [">=2.0.0,<3.0.0", "==2.3.8"]),
    ("<4", "2.3.8", ["3.1.3"], ["<3", "==2.3.8"]),
    ("<=3.1.3", "2.3.8", ["3.1.3"], ["<=2.3.8", "==2.3.8"]),
    (">=1", "1.0", ["1.0.post1"], [">=1,<1.0.post1", "==1.0"]),
    ("!=2.0", "1.9", ["2.1"], ["!=2.0,<2", "==1.9"]),
    # moved up: the lower bound stays where it can, the upper one goes behind the passing version
    (">=2.2,<2.3", "3.2.5", ["2.2.28"], [">=3.2,<3.3", ">=3.2,<3.2.6", "==3.2.5"]),
    (">=6,<7", "8.1.2", ["6.4"], [">=8,<9", ">=8,<8.2"]),
    (">=6,<7", "7.1", [], [">=6,<8", ">=6,<7.2"]),
    (">=2.0,<2.1", "2.3.5", ["2.0.9"], [">=2.3,<2.4"]),
    (">=2.0,<3.0", "3.2.5", ["2.9"], [">=3.2,<4.0"]),
    (">=1.2.3,<2.0.0", "3.1.4", ["1.9.9"], [">=3.1.4,<4.0.0"]),
    ("<2", "2.4.1", [], ["<3"]),
    ("<2", "2.4.1", ["1.9"], [">=2,<3"]),
    ("<=2.0", "2.4.1", [], ["<=2.4.1"]),
    (">=1", "2.3.5", ["2.3.1"], [">=2.3.5"]),
    (">1", "2.3.5", ["1.9"], [">=2"]),
    # moved down
    (">=3,<4", "2.9.1", ["3.1"], [">=2,<3", "==2.9.1"]),
    (">= 3.0", "2.9.1", ["3.1"], [">= 2.9,<3"]),
    # compatible releases stay so
    ("~=2.0", "3.2.5", ["2.9"], ["~=3.2", "~=3.2.5", "==3.2.5"]),
    ("~=2.0", "1.9", ["2.1"], ["~=1.9"]),
    ("~=2.0", "2.3", ["2.5"], ["~=2.0,<2.5"]),
    ("~=2.0", "2.5.1", ["2.3"], ["~=2.5"]),
    ("~=2.0.1", "3", ["2.0.4"], ["~=3.0.0", "==3"]),
    ("==2.*", "1.4.2", ["2.1"], ["==1.*"]),
    ("==2.0.*", "1.4.2", ["1.5"], ["==1.4.*"]),
    # what the passing version is excluded by is taken out
    (">=1,!=1.5", "1.5", ["1.6"], [">=1,<1.6", "==1.5"]),
    ("==1.4,!=1.5", "1.5", ["1.4"], ["==1.5"]),
    # nothing but a pin asks for these
    (">=1", "2.0rc1", ["1.5"], ["==2.0rc1"]),
    (">=1", "2.0+cpu", ["2.1"], ["==2.0+cpu"]),
    (">=1", "odd", ["2.1"], ["==odd"]),
    ("==1!2.0", "1!3.0", ["1!2.0"], ["==1!3.0"]),
    (">=1!2.0", "1!2.4", ["1!3.5"], [">=1!2.0,<1!3", "==1!2.4"]),
    (">=0.4", "0.4.9", ["0.5.0"], [">=0.4,<0.5", "==0.4.9"]),
]


@pytest.mark.parametrize(("clause", "passing", "failing", "first"), CHANGED)
def test_a_line_keeps_its_style(
    clause: str, passing: str, failing: list[str], first: list[str]
) -> None:
    own = line(f"x{clause}")
    assert list(specifiers([own], own, passing, failing))[: len(first)] == first


@pytest.mark.parametrize(
    ("file", "passing", "failing", "expected"),
    [
        (PINS, "2.3.8", ["3.1.3"], ["==2.3.8"]),
        (NAMES, "2.3.8", ["3.1.3"], ["==2.3.8"]),
        ((), "2.3.8", ["3.1.3"], ["==2.3.8"]),
        (BOUNDS, "2.3.8", ["3.1.3"], ["<3", "==2.3.8"]),
        (BOUNDS, "2.0.3", ["2.1.1"], ["<2.1", "==2.0.3"]),
        (BOUNDS, "2.0.3", ["2.3.1"], ["<2.3", "<2.1", "==2.0.3"]),
        (BOUNDS, "2.3.5", ["2.3.1"], [">=2.3.5", "==2.3.5"]),
        (BOUNDS, "2.3.5", ["2.3.1", "3.0"], [">=2.3.5,<3", "==2.3.5"]),
        (BOUNDS, "2.3.5", [], ["<3", "==2.3.5"]),
        (BOUNDS, "80.9.0", ["81.0.0", "82.0"], ["<81", "==80.9.0"]),
    ],
)
def test_added_lines_and_bare_names_follow_the_file(
    file: Sequence[Requirement], passing: str, failing: list[str], expected: list[str]
) -> None:
    bare = line("x", 9)
    assert list(specifiers(file, None, passing, failing)) == expected
    assert list(specifiers([*file, bare], bare, passing, failing)) == expected


def test_a_file_with_hashes_takes_pins_alone() -> None:
    own = line("x>=1")
    hashed = line("a==1", 1, "sha256:00")
    assert specifiers([own, hashed], own, "2.3.8", ["3.1.3"]) == ("==2.3.8",)
    assert specifiers([*BOUNDS, hashed], None, "2.3.8", ["3.1.3"]) == ("==2.3.8",)


VERSIONS = st.lists(st.integers(0, 12), min_size=1, max_size=4).map(
    lambda numbers: ".".join(map(str, numbers))
)
CLAUSES = st.builds(
    lambda operator, version: f"{operator}{version}",
    st.sampled_from([">=", ">", "<", "<=", "!=", "=="]),
    VERSIONS,
) | st.builds(lambda version: f"~={version}.0", VERSIONS)


@given(
    clauses=st.lists(CLAUSES, max_size=3),
    passing=VERSIONS,
    failing=st.lists(VERSIONS, max_size=3),
)
def test_what_is_offered_allows_what_passes_and_nothing_that_fails(
    clauses: list[str], passing: str, failing: list[str]
) -> None:
    failing = [version for version in failing if Version(version) != Version(passing)]
    own = line(f"x{','.join(clauses)}")
    for file in ([own], [own, *BOUNDS]):
        offered = specifiers(file, own, passing, failing)
        assert Version(offered[-1].lstrip("= ")) == Version(passing)
        assert own.specifier not in offered[:-1]
        assert len(offered) == len(set(offered))
        for text in offered:
            specifier = SpecifierSet(text)
            assert specifier.contains(passing)
            assert not any(specifier.contains(version) for version in failing)

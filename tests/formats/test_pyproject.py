"""Requirement strings in TOML: found, taken out, changed and added without touching the rest."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bisect_deps.errors import InputError
from bisect_deps.formats import open_manifest, parse_manifest
from bisect_deps.formats._toml import load
from bisect_deps.formats.base import Manifest, ProblemKind
from bisect_deps.model import Edit, EditAction

PROJECT = """\
[build-system]
requires = ["hatchling>=1.27", 'wheel']

[project]  # the project
name = "x"
dependencies = [
  "flask>=3,<4",  # web
  'requests[socks] ; python_version < "3.13"',
  "numpy\\u003d=1.26",   # odd
  "pandas"
]

[project.optional-dependencies]
dev = ["pytest", "ruff==0.5", "mypy"]
"odd name" = []

[dependency-groups]
test = ["pytest>8", {include-group = "dev"}]
"""


def read(text: str) -> Manifest:
    return parse_manifest(text.encode(), Path("/nowhere/pyproject.toml"))


def edited(text: str, *edits: Edit) -> str:
    return read(text).render(edits)["pyproject.toml"].decode()


def drop(number: int) -> Edit:
    return Edit(EditAction.DROP, "", number)


def repin(number: int, to: str = "==9") -> Edit:
    return Edit(EditAction.REPIN, "", number, to)


def add(text: str) -> Edit:
    return Edit(EditAction.ADD, text)


def test_all_groups_are_read_with_their_places() -> None:
    found = read(PROJECT).requirements
    assert [(own.group, own.line, own.name, own.specifier) for own in found] == [
        ("build-system.requires", 2, "hatchling", ">=1.27"),
        ("build-system.requires", 2, "wheel", ""),
        ("project.dependencies", 7, "flask", ">=3,<4"),
        ("project.dependencies", 8, "requests", ""),
        ("project.dependencies", 9, "numpy", "==1.26"),
        ("project.dependencies", 10, "pandas", ""),
        ("project.optional-dependencies.dev", 14, "pytest", ""),
        ("project.optional-dependencies.dev", 14, "ruff", "==0.5"),
        ("project.optional-dependencies.dev", 14, "mypy", ""),
        ("dependency-groups.test", 18, "pytest", ">8"),
    ]


def test_a_build_sees_only_what_it_installs(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(PROJECT)
    names = [own.name for own in open_manifest(tmp_path / "pyproject.toml").requirements]
    assert names == ["flask", "requests", "numpy", "pandas"]


def test_a_string_on_its_own_line_is_commented_out() -> None:
    after = edited(PROJECT, drop(2), drop(5))
    assert '\n  # depbisect: "flask>=3,<4",  # web\n' in after
    assert '\n  # depbisect: "pandas"\n]' in after


INLINE = {
    "the first": ('["a", "b", "c"]', (0,), '["b", "c"]'),
    "the middle": ('["a", "b", "c"]', (1,), '["a", "c"]'),
    "the last": ('["a", "b", "c"]', (2,), '["a", "b"]'),
    "the last two": ('["a", "b", "c"]', (1, 2), '["a"]'),
    "first and last": ('["a", "b", "c"]', (0, 2), '["b"]'),
    "all": ('[ "a", "b" ]', (0, 1), "[  ]"),
    "the only one": ('["a"]', (0,), "[]"),
    "before a trailing comma": ('["a", "b",]', (1,), '["a", ]'),
    "beside a comment": ('["a", # why\n "b"]', (1,), '["a", # why\n ]'),
    "before a comment": ('["a", # why\n "b"]', (0,), '[# why\n "b"]'),
    "a long string": ('["""a""", "b"]', (0,), '["b"]'),
    "a string over lines": ('[\n  """\na""",\n  "b",\n]', (0,), '[\n  \n  "b",\n]'),
    "with commas that lead": ('[\n    "a"  # c\n  , "b"\n]', (0,), '[\n      # c\n   "b"\n]'),
    "the last with commas that lead": ('[\n    "a"\n  , "b"\n]', (1,), '[\n    "a"\n  , \n]'),
}


@pytest.mark.parametrize("case", INLINE)
def test_dropping_from_a_list_keeps_it_valid(case: str) -> None:
    before, dropped, after = INLINE[case]
    head = "[project]\ndependencies = "
    assert edited(head + before + "\n", *map(drop, dropped)) == head + after + "\n"


def test_repinning_replaces_only_the_specifier() -> None:
    after = edited(PROJECT, *(repin(number) for number in range(10)))
    assert "\"hatchling==9\", 'wheel==9'" in after
    assert "'requests[socks]==9 ; python_version < \"3.13\"'" in after
    assert '"numpy==9",   # odd' in after
    assert 'test = ["pytest==9", {include-group = "dev"}]' in after


ADDED = {
    "in the lines of a list": (
        '[project]\ndependencies = [\n    "a",  # c\n]\n',
        '[project]\ndependencies = [\n    "a",  # c\n    "x",\n    "y",\n]\n',
    ),
    "after a last string without comma": (
        "[project]\r\ndependencies = [\r\n  'a' # c\r\n]\r\n",
        '[project]\r\ndependencies = [\r\n  \'a\', # c\r\n  "x",\r\n  "y",\r\n]\r\n',
    ),
    "on the line of a list": (
        '[project]\ndependencies = ["a"]\n',
        '[project]\ndependencies = ["a", "x", "y"]\n',
    ),
    "to an empty list": (
        "[project]\ndependencies = []\n",
        '[project]\ndependencies = ["x", "y"]\n',
    ),
    "where there is no list, with other line ends": (
        '[project] # c\r\nname = "n"\r\n',
        '[project] # c\r\ndependencies = ["x", "y"]\r\nname = "n"\r\n',
    ),
    "where there is no list": (
        '[project] # c\nname = "n"\n',
        '[project] # c\ndependencies = ["x", "y"]\nname = "n"\n',
    ),
}


@pytest.mark.parametrize("case", ADDED)
def test_adding_follows_the_style_of_the_list(case: str) -> None:
    before, after = ADDED[case]
    assert edited(before, add("x"), add("y")) == after


@pytest.mark.parametrize("case", INLINE)
def test_dropping_and_adding_go_together(case: str) -> None:
    before, dropped, _ = INLINE[case]
    text = f"[project]\ndependencies = {before}\n"
    left = [own.name for own in read(text).requirements if own.number not in dropped]
    after = edited(text, *map(drop, dropped), add("x"), add("y"))
    assert load(after)["project"]["dependencies"] == [*left, "x", "y"]


def test_nothing_is_added_where_dependencies_are_dynamic() -> None:
    with pytest.raises(InputError, match="no list"):
        edited('[project]\ndynamic = ["dependencies"]\n', add("x"))
    with pytest.raises(InputError, match="no list"):
        edited("[tool.x]\n", add("x"))


def test_edits_are_described_as_the_report_shows_them() -> None:
    manifest = read(PROJECT)
    described = manifest.describe([repin(2), drop(4), add("x")])
    assert [(own.line, own.name, own.before, own.after) for own in described] == [
        (7, "flask", ">=3,<4", "==9"),
        (9, "numpy", "==1.26", None),
        (19, "x", None, None),
    ]


def test_a_number_that_is_no_requirement_is_an_error() -> None:
    with pytest.raises(InputError, match="no requirement has the number"):
        edited(PROJECT, drop(99))


def test_hashes_and_constraints_have_no_place_in_it() -> None:
    with pytest.raises(InputError, match="hashes"):
        edited(PROJECT, Edit(EditAction.REPIN, "", 0, "==1", ("sha256:0",)))
    with pytest.raises(InputError, match="constraints"):
        edited(PROJECT, Edit(EditAction.ADD, "x", constraint=True))


def test_an_invalid_requirement_is_named_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "pyproject.toml"
    path.write_text('[project]\ndependencies = [\n  "ok",\n  "a=1",\n]\n')
    with pytest.raises(InputError) as caught:
        open_manifest(path)
    assert caught.value.place == f"{path}:4"
    assert caught.value.hint == "write a==1"


def test_invalid_toml_is_named_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "pyproject.toml"
    path.write_text('[project]\nname = "x\n')
    with pytest.raises(InputError, match="not valid TOML") as caught:
        open_manifest(path)
    assert caught.value.place == f"{path}:2"


@pytest.mark.parametrize("text", ["[tool.poetry]\n", '[project]\ndynamic = ["dependencies"]\n', ""])
def test_a_file_that_lists_nothing_to_install_is_an_error(text: str, tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(text)
    with pytest.raises(InputError, match="lists no requirements") as caught:
        open_manifest(tmp_path / "pyproject.toml")
    assert re.search("export|give that file", caught.value.hint or "")


@pytest.mark.parametrize(
    ("hook", "names"),
    [
        ('files = ["requirements.txt", "more.txt"]', {"first", "second"}),
        ('filename = "more.txt"', {"second"}),
        ("", {"first"}),
    ],
)
def test_files_of_the_hook_of_hatch_are_followed(
    hook: str, names: set[str], tmp_path: Path
) -> None:
    (tmp_path / "requirements.txt").write_text("first==1\n")
    (tmp_path / "more.txt").write_text("second==2\n")
    path = tmp_path / "pyproject.toml"
    path.write_text(
        '[project]\nname = "x"\ndynamic = ["dependencies"]\n'
        '[build-system]\nrequires = ["hatchling==1"]\nbuild-backend = "hatchling.build"\n'
        f"[tool.hatch.metadata.hooks.requirements_txt]\n{hook}\n"
    )
    manifest = open_manifest(path)
    assert {own.name for own in manifest.requirements if own.name != "hatchling"} == names
    assert not manifest.problems


def test_what_an_override_of_hatch_asks_for_is_judged_as_any_other() -> None:
    head = '[project]\nname = "x"\ndependencies = []\n[tool.hatch.envs.test.overrides]\n'
    manifest = read(f'{head}matrix.d.dependencies = [{{if = ["1"], value = "a=1"}}, "b"]\n')
    [problem] = manifest.problems
    assert (problem.kind, problem.line) == (ProblemKind.INVALID_REQUIREMENT, 5)
    assert [item.name for item in manifest.requirements] == ["b"]


def test_an_empty_string_is_no_requirement() -> None:
    [problem] = read('[project]\ndependencies = [\n  "",\n]\n').problems
    assert (problem.kind, problem.line) == (ProblemKind.INVALID_REQUIREMENT, 3)


def test_paths_are_no_requirements_here() -> None:
    [problem] = read('[project]\ndependencies = ["./pkg"]\n').problems
    assert problem.kind is ProblemKind.INVALID_REQUIREMENT


LAYOUTS = {
    "dotted keys": 'project.name = "x"\nproject.dependencies = ["a"]\n',
    "inline tables": 'project = {name = "x", dependencies = ["a"]}\n',
    "quoted keys": '["project"]\n"dependencies" = ["a"]\n',
    "dates and numbers": (
        "[project]\nx = 1979-05-27 07:32:00Z\ny = 1e9\nz = [1, true]\ndependencies = ['a']\n"
    ),
    "nested arrays": '[project]\nx = [["y"], [{z = ["q"]}]]\ndependencies = ["a"]\n',
    "array tables": (
        '[[tool.x]]\ny = ["q"]\n[[tool.x]]\ny = ["r"]\n[project]\ndependencies = ["a"]\n'
    ),
    "strings that look like more": (
        "[project]\nx = '''\n[project]\ndependencies = ['b']\n'''\n"
        'y = "# \\" ]"\ndependencies = ["a"]\n'
    ),
    "quotes before the end": '[project]\nx = """a"""""\ndependencies = ["a"]\n',
    "escaped line ends": '[project]\ndependencies = ["""\\\n   a\\\n   """]\n',
    "no newline at the end": '[project]\ndependencies = ["a"]',
}


@pytest.mark.parametrize("case", LAYOUTS)
def test_every_layout_of_toml_is_followed(case: str) -> None:
    manifest = read(LAYOUTS[case])
    assert manifest.problems == ()
    assert [own.name for own in manifest.requirements] == ["a"]
    after = load(manifest.render([repin(0)])["pyproject.toml"].decode())
    assert after["project"]["dependencies"] == ["a==9"]


@given(st.binary())
def test_arbitrary_bytes_never_crash(data: bytes) -> None:
    manifest = parse_manifest(data, Path("/nowhere/pyproject.toml"))
    assert manifest.render() == {"pyproject.toml": data}


QUOTES = st.sampled_from(['"{}"', "'{}'", '"""{}"""', "'''{}'''"])
GAPS = st.sampled_from(["", " ", "\n", "\n  ", "  # c\n ", "\t"])


@given(st.data())
def test_edits_of_any_list_change_its_strings_only(data: st.DataObject) -> None:
    count = data.draw(st.integers(1, 5))
    gap = [data.draw(GAPS) for _ in range(2 * count + 2)]
    strings = [data.draw(QUOTES).format(f"p{number}>=1") for number in range(count)]
    body = ",".join(
        gap[2 * number] + string + gap[2 * number + 1] for number, string in enumerate(strings)
    )
    tail = data.draw(st.sampled_from(["", ","])) + gap[-1]
    text = f"[project]\nname = 'n' # x\ndependencies = [{body}{tail}]\nversion = '1'\n"
    manifest = read(text)
    assert not manifest.problems
    choices = [data.draw(st.sampled_from(["keep", "drop", "repin"])) for _ in range(count)]
    edits = [
        drop(number) if choice == "drop" else repin(number)
        for number, choice in enumerate(choices)
        if choice != "keep"
    ]
    after = manifest.render(edits)["pyproject.toml"].decode()
    loaded = load(after)["project"]
    assert loaded["dependencies"] == [
        f"p{number}{'==9' if choice == 'repin' else '>=1'}"
        for number, choice in enumerate(choices)
        if choice != "drop"
    ]
    assert after.endswith("\nversion = '1'\n")

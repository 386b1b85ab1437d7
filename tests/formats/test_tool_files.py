"""Every format is read as its tool reads it, and every edit keeps all other bytes."""

from __future__ import annotations

from pathlib import Path

import pytest

from bisect_deps.errors import InputError
from bisect_deps.formats import (
    FORMATS,
    default_names,
    format_of,
    found_pattern,
    is_found,
    listing,
    open_manifest,
    parse_manifest,
)
from bisect_deps.formats._embedded import EmbeddedManifest
from bisect_deps.formats.base import Span, users_files
from bisect_deps.model import Edit, EditAction
from tests.support.bundles import Bundled, bundle, formats

FILES = [
    pytest.param(own, id=f"{name}-{number}")
    for name in formats()
    for number, own in enumerate(bundle(name), start=1)
]


def read(own: Bundled) -> EmbeddedManifest:
    manifest = parse_manifest(own.text.encode(), Path("/nowhere") / own.name, judging=True)
    assert isinstance(manifest, EmbeddedManifest)
    return manifest


@pytest.mark.parametrize("own", FILES)
def test_requirements_are_those_that_the_tool_reads(own: Bundled) -> None:
    found = [f"{item.group} {item.line} {item.text}" for item in read(own).requirements]
    assert found == list(own.read)


@pytest.mark.parametrize("own", FILES)
def test_nothing_in_a_file_that_its_tool_takes_is_wrong(own: Bundled) -> None:
    assert [problem for problem in read(own).problems if problem.fatal] == []


@pytest.mark.parametrize("own", FILES)
def test_rendering_gives_back_the_same_bytes(own: Bundled) -> None:
    assert list(read(own).render().values()) == [own.text.encode()]


@pytest.mark.parametrize("own", FILES)
def test_a_new_version_changes_the_version_and_no_other_byte(own: Bundled) -> None:
    manifest = read(own)
    for requirement in manifest.requirements:
        edit = Edit(EditAction.REPIN, requirement.name, requirement.number, "==9.9")
        parts = manifest.line_of(requirement).parts
        assert parts is not None
        if parts.url is not None:
            with pytest.raises(InputError, match="names a URL or a path"):
                manifest.render([edit])
            continue
        span = parts.specifier_span
        if span is None:
            assert parts.insertion is not None
            span = Span(parts.insertion, parts.insertion)
        expected = f"{own.text[: span.start]}==9.9{own.text[span.end :]}"
        assert list(manifest.render([edit]).values()) == [expected.encode()]


@pytest.mark.parametrize(
    ("name", "text", "pinned"),
    [
        ("Dockerfile", 'RUN pip install a=="${VERSION}" b\n', "RUN pip install a==9.9 b\n"),
        ("Dockerfile", "RUN pip install a>='1' 'b'\n", None),
        ("go.sh", "pip install a=='1.0'\n", "pip install a==9.9\n"),
        ("go.sh", 'pip install "a==$VERSION"\n', 'pip install "a==9.9"\n'),
        ("go.sh", "pip install \"a\">='1'\n", None),
    ],
)
def test_quotes_in_the_clause_go_with_it(name: str, text: str, pinned: str | None) -> None:
    whole = f"FROM x\n{text}" if name == "Dockerfile" else text
    manifest = parse_manifest(whole.encode(), Path(name), judging=True)
    first = next(item for item in manifest.requirements if item.name == "a")
    edit = Edit(EditAction.REPIN, "a", first.number, "==9.9")
    [rendered] = manifest.render([edit]).values()
    if pinned is not None:
        assert rendered.decode().endswith(pinned)
    assert rendered.count(b'"') % 2 == rendered.count(b"'") % 2 == 0


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("name", ["poetry", "pipfile", "conda", "dockerfile", "workflow", "tox"])
def test_line_ends_of_any_system_are_kept(name: str, newline: str) -> None:
    for own in bundle(name):
        changed = own._replace(text=own.text.replace("\n", newline))
        manifest = read(changed)
        assert len(manifest.requirements) == len(own.read)
        assert list(manifest.render().values()) == [changed.text.encode()]


def test_every_format_has_five_files() -> None:
    embedded = {own.module for own in FORMATS} - {"requirements", "lock", "script"}
    read_as = {format_of(Path(own.name)) for name in formats() for own in bundle(name)}
    assert embedded == read_as
    assert all(len(bundle(name)) >= 5 for name in formats())
    # Two systems with workflows of their own are one format.
    of_gitlab = [own.name.startswith(".gitlab-ci") for own in bundle("workflow")]
    assert min(of_gitlab.count(True), of_gitlab.count(False)) >= 5


@pytest.mark.parametrize(
    ("path", "module", "found"),
    [
        ("requirements.txt", "requirements", True),
        ("requirements/prod.txt", "requirements", True),
        ("notes.txt", "requirements", False),
        (".github/workflows/ci.yml", "workflow", True),
        ("environment-gpu.yml", "conda", True),
        ("env.cpu.yaml", "conda", True),
        ("deploy/test_env.yml", "conda", True),
        ("mkdocs.yml", "conda", False),
        ("docker/api.Dockerfile", "dockerfile", True),
        ("setup.py", "setup_py", True),
        ("tool.py", "script", False),
        ("pylock.dev.toml", "lock", True),
        ("run.sh", "shell", False),
    ],
)
def test_format_is_known_by_the_name(path: str, module: str, found: bool) -> None:
    assert format_of(Path(path)) == module
    assert is_found(path) is found


def test_run_looks_for_requirements_before_the_project() -> None:
    assert list(default_names()) == ["requirements.txt", "pyproject.toml"]


def test_hook_is_given_the_files_that_folders_are_searched_for() -> None:
    hooks = Path(__file__).parents[2].joinpath(".pre-commit-hooks.yaml").read_text(encoding="utf-8")
    wanted = f"files: &files '{found_pattern()}'\n"
    assert wanted in hooks, f"write into .pre-commit-hooks.yaml: {wanted}"


def test_run_says_which_file_of_dynamic_requirements_is_not_there(tmp_path: Path) -> None:
    [own, *_] = bundle("setuptools")
    path = tmp_path / own.name
    path.write_text(own.text)
    with pytest.raises(
        InputError, match=r"requirements from .*requirements\.txt, which is not there"
    ):
        open_manifest(path)


DYNAMIC = """[project]
name = "x"
dynamic = ["dependencies"]
[tool.setuptools.dynamic]
dependencies = {file = ["reqs/base.in", "more.txt"]}
optional-dependencies.a = {file = "extra.txt"}
"""
NAMING = {
    "pyproject.toml": DYNAMIC,
    "setup.cfg": "[options]\ninstall_requires = file: reqs/base.in, more.txt\n",
    "setup.py": """from setuptools import setup
setup(install_requires=[*read("reqs/base.in"), *read("requirements/more.in")])
""",
}


@pytest.mark.parametrize("name", NAMING)
def test_run_edits_the_files_that_setuptools_reads(name: str, tmp_path: Path) -> None:
    other = "requirements/more.in" if name == "setup.py" else "more.txt"
    for file, text in {
        name: NAMING[name],
        "reqs/base.in": "# base\r\na==1.0  # keep\r\n",
        other: "b==1.0",
        "extra.txt": "not read",
    }.items():
        (tmp_path / file).parent.mkdir(exist_ok=True)
        (tmp_path / file).write_bytes(text.encode())
    manifest = open_manifest(tmp_path / name)
    assert [(line.name, line.file) for line in manifest.requirements] == [
        ("a", "reqs/base.in"),
        ("b", other),
    ]
    edits = [
        Edit(EditAction.REPIN, line.name, line.number, "==2") for line in manifest.requirements
    ]
    files = users_files(manifest)
    after = {file: data for file, data in manifest.render(edits).items() if file in files}
    assert after == {"reqs/base.in": b"# base\r\na==2  # keep\r\n", other: b"b==2"}


def test_run_follows_a_project_that_leaves_all_to_setup_cfg(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "x"\ndynamic = ["dependencies"]\n')
    (tmp_path / "setup.cfg").write_text("[options]\ninstall_requires = file: r.txt\n")
    (tmp_path / "r.txt").write_text("a==1\n")
    [line] = open_manifest(tmp_path / "pyproject.toml").requirements
    assert (line.text, line.file) == ("a==1", "r.txt")
    assert listing(tmp_path / "pyproject.toml") == tmp_path / "r.txt"


POETRY = '[tool.poetry.dependencies]\npython = "^3.11"\na = "^1.0"  # first\n'
ADDED = Edit(EditAction.ADD, "b", None, "==2")


@pytest.mark.parametrize(
    ("name", "text", "edit", "expected"),
    [
        ("pyproject.toml", POETRY, ADDED, POETRY + 'b = "==2"\n'),
        ("Pipfile", '[packages]\na = "*"\n', ADDED, '[packages]\na = "*"\nb = "==2"\n'),
        (
            "pyproject.toml",
            POETRY,
            Edit(EditAction.DROP, "a", 0),
            POETRY.replace("a = ", "# depbisect: a = "),
        ),
        (
            "pyproject.toml",
            POETRY,
            Edit(EditAction.REPIN, "a", 0, ">=1.2,<1.5"),
            POETRY.replace("^1.0", ">=1.2,<1.5"),
        ),
    ],
)
def test_tables_take_new_entries_and_lose_old_ones(
    name: str, text: str, edit: Edit, expected: str
) -> None:
    manifest = parse_manifest(text.encode(), Path(name))
    assert manifest.render([edit])[name].decode() == expected


def dropped(name: str, text: str) -> str:
    """Return a file without its first requirement, which must be read again without it."""
    manifest = parse_manifest(text.encode(), Path(name), judging=True)
    [after] = manifest.render([Edit(EditAction.DROP, "", 0)]).values()
    left = parse_manifest(after, Path(name), judging=True).requirements
    assert [item.text for item in left] == [item.text for item in manifest.requirements[1:]]
    return after.decode()


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        (
            "tox.ini",
            "[testenv]\ndeps =\n    a>=1, \\\n      # why\n      <2\n    b\n",
            "[testenv]\ndeps =\n    # depbisect: a>=1, \\\n      # why\n"
            "      # depbisect: <2\n    b\n",
        ),
        (
            "hatch.toml",
            '[envs.a.overrides]\nenv.CI.dependencies = [\n  {value="b", if=["1"]},\n  "c",\n]\n',
            "[envs.a.overrides]\nenv.CI.dependencies = [\n"
            '# depbisect:   {value="b", if=["1"]},\n  "c",\n]\n',
        ),
    ],
)
def test_a_requirement_of_several_parts_is_taken_out_whole(
    name: str, text: str, expected: str
) -> None:
    assert dropped(name, text) == expected


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("hatch.toml", '[[envs.a.overrides.env.CI.dependencies]]\nvalue = "b"\nif = ["1"]\n'),
        ("hatch.toml", '[envs.a.scripts]\nx = "pip install b c"\n'),
        ("tox.toml", '[env.a]\ncommands = [\n  ["pip", "install", "b"],\n]\n'),
    ],
)
def test_what_would_leave_a_broken_table_or_command_is_refused(name: str, text: str) -> None:
    with pytest.raises(InputError, match=r"more than its own requirement|cannot be taken out"):
        dropped(name, text)

"""Several files that are installed together: read as by pip, edited where each line stands."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from bisect_deps.errors import InputError
from bisect_deps.formats import open_several
from bisect_deps.formats.base import Manifest, users_files
from bisect_deps.model import Edit, EditAction
from bisect_deps.system.interpreters import find_uv
from tests.support.pip_oracle import read_with_pip

ADD = Edit(EditAction.ADD, "six", None, "<2")
HELD = Edit(EditAction.ADD, "six", None, "<2", (), True)


def write(folder: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(text.encode())


def opened(folder: Path, files: Mapping[str, str], *names: str) -> Manifest:
    write(folder, files)
    paths = [folder / name for name in names or files]
    return open_several(paths, paths[0], folder=folder, variables={})


def changed(manifest: Manifest, *edits: Edit) -> dict[str, str]:
    files = manifest.render(edits)
    return {key: data.decode() for key, data in files.items() if manifest.files.get(key) != data}


TWO = {"a.txt": "x==1\n", "b.txt": "y==1\nz==1\n"}


def test_requirements_stand_in_the_order_of_the_files(tmp_path: Path) -> None:
    manifest = opened(tmp_path, {**TWO, "c.txt": "-r a.txt\nw==1"}, "b.txt", "c.txt", "a.txt")
    places = [(own.name, own.file, own.line, own.number) for own in manifest.requirements]
    assert places == [
        ("y", "b.txt", 1, 0),
        ("z", "b.txt", 2, 1),
        ("x", "a.txt", 1, 2),
        ("w", "c.txt", 2, 3),
    ]


def test_the_files_are_the_users_and_the_joining_one_is_none(tmp_path: Path) -> None:
    manifest = opened(tmp_path, TWO)
    assert users_files(manifest) == {key: text.encode() for key, text in TWO.items()}
    assert manifest.named == ("a.txt", "b.txt")
    assert manifest.path == tmp_path / "a.txt"
    root, *others = manifest.files
    assert others == ["a.txt", "b.txt"]
    assert not (tmp_path / root).exists()


def test_an_edit_changes_the_file_where_the_line_stands(tmp_path: Path) -> None:
    manifest = opened(tmp_path, TWO)
    edits = (Edit(EditAction.REPIN, "x", 0, "==2"), Edit(EditAction.DROP, "z", 2))
    assert changed(manifest, *edits) == {
        "a.txt": "x==2\n",
        "b.txt": "y==1\n# depbisect: z==1\n",
    }
    assert [(change.file, change.line) for change in manifest.describe(edits)] == [
        ("a.txt", 1),
        ("b.txt", 2),
    ]


def test_a_line_is_added_to_the_last_file(tmp_path: Path) -> None:
    manifest = opened(tmp_path, TWO)
    assert changed(manifest, ADD) == {"b.txt": "y==1\nz==1\nsix<2\n"}
    [described] = manifest.describe([ADD])
    assert (described.file, described.line) == ("b.txt", 3)


def test_constraints_go_beside_the_file_that_includes_them(tmp_path: Path) -> None:
    manifest = opened(tmp_path, {"a.txt": "x==1\n", "sub/b.txt": "y==1\n"})
    assert changed(manifest, HELD) == {
        "sub/b.txt": "y==1\n-c depbisect-constraints.txt\n",
        "sub/depbisect-constraints.txt": "six<2\n",
    }
    [described] = manifest.describe([HELD])
    assert described.file == "sub/depbisect-constraints.txt"


@pytest.mark.parametrize(
    "names",
    [
        ("a.txt", "b.txt"),
        ("b.txt", "a.txt"),
        ("sub/a.txt", "b.txt"),
        ("a b.txt", "it's.txt"),
        ("-dash.txt", "b.txt"),
        ("<stdin>", "b.txt"),
        ("ä.txt", "b.in"),
    ],
    ids=lambda names: " and ".join(names),
)
def test_installers_read_the_joining_file_as_the_files_one_by_one(
    tmp_path: Path, names: tuple[str, str]
) -> None:
    files = {names[0]: "x==1\n-r c.txt\n", names[1]: "y==1\n"}
    base = (tmp_path / names[0]).parent
    write(tmp_path, files)
    write(base, {"c.txt": "z==1\n"})
    manifest = open_several([tmp_path / name for name in names], tmp_path / names[0])
    root = next(iter(manifest.files))
    (base / root).write_bytes(manifest.files[root])
    pip = read_with_pip(base / root, tmp_path)
    assert pip.rejected is None
    mine = [(own.name, str((base / own.file).resolve())) for own in manifest.requirements]
    assert mine == [(item.name, str(Path(item.file).resolve())) for item in pip.items]
    uv = subprocess.run(
        [str(find_uv()), "pip", "compile", "--no-deps", "--no-index", "--offline", root],
        cwd=base,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "No solution found" in uv.stderr, "all files were read, and nothing is in no index"


@pytest.mark.parametrize("name", ["a#b.txt", 'a"b.txt', "a\nb.txt", "${HOME}.txt", "a\\b.txt"])
def test_a_name_that_no_file_can_include_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match="together") as caught:
        opened(tmp_path, {"x.txt": "x==1\n", name: "y==1\n"})
    assert caught.value.place == str(tmp_path / name)
    assert caught.value.hint


@pytest.mark.parametrize("name", ["pyproject.toml", "setup.cfg", "uv.lock", "environment.yml"])
def test_other_formats_do_not_go_together(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match="only requirements files go together") as caught:
        opened(tmp_path, {"a.txt": "x==1\n", name: ""})
    assert caught.value.place == str(tmp_path / name)


def test_a_missing_file_is_named_and_the_joining_one_never(tmp_path: Path) -> None:
    write(tmp_path, TWO)
    with pytest.raises(InputError) as caught:
        open_several([tmp_path / "a.txt", tmp_path / "gone.txt"], tmp_path / "a.txt")
    assert str(caught.value) == f"{tmp_path / 'gone.txt'}: no such file"


def test_what_pip_rejects_is_placed_in_its_own_file(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        opened(tmp_path, {"a.txt": "x==1\n", "b.txt": "\ny=1\n"})
    assert caught.value.place == f"{tmp_path}/b.txt:2"


def test_a_constraints_file_that_is_named_too_gives_requirements(tmp_path: Path) -> None:
    manifest = opened(tmp_path, {"a.txt": "-c b.txt\nx\n", "b.txt": "y==1\n"})
    assert [(own.name, own.constraint) for own in manifest.requirements] == [
        ("y", False),
        ("x", False),
    ]

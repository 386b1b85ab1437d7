"""Locks and freezes give the last known good versions."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bisect_deps.errors import InputError
from bisect_deps.formats import is_lock, open_manifest, read_known_good, read_pins
from bisect_deps.system.interpreters import find_uv
from tests.formats.locks import LOCKS, MARKERS, POETRY_1
from tests.support.local_index import LocalIndex, Project

D = "a" * 64
FILES = {
    "pylock.toml": f"""\
lock-version = "1.0"
created-by = "test"
[[packages]]
name = "numpy"
version = "1.26.4"
[[packages.wheels]]
name = "numpy-1.26.4-py3-none-any.whl"
url = "https://files.example/numpy-1.26.4-py3-none-any.whl"
hashes = {{sha256 = "{D}"}}
[[packages]]
name = "own"
directory = {{path = "."}}
""",
    "pylock.dev.toml": """\
lock-version = "1.0"
created-by = "test"
[[packages]]
name = "numpy"
version = "1.26.4"
sdist = {url = "https://files.example/numpy-1.26.4.tar.gz", hashes = {sha256 = "DIGEST"}}
""".replace("DIGEST", D),
    "uv.lock": f"""\
version = 1
[[package]]
name = "own"
version = "0.1"
source = {{ editable = "." }}
[[package]]
name = "NumPy"
version = "1.26.4"
source = {{ registry = "https://index.example/simple" }}
sdist = {{ url = "https://files.example/n.tar.gz", hash = "sha256:{D}", size = 1 }}
wheels = [{{ url = "https://files.example/n.whl", hash = "sha256:{D}", size = 1 }}]
""",
    "poetry.lock": f"""\
[[package]]
name = "numpy"
version = "1.26.4"
optional = false
files = [{{file = "numpy-1.26.4.tar.gz", hash = "sha256:{D}"}}]
[metadata]
lock-version = "2.0"
""",
    "Pipfile.lock": (
        '{"_meta": {}, "develop": {}, "default": {"numpy": {"version": "==1.26.4",'
        f' "hashes": ["sha256:{D}"]}}}}}}'
    ),
    "requirements.txt": f"numpy==1.26.4 \\\n    --hash=sha256:{D}\n    # via x\nrange>=1\n",
    "environment.yml": f"dependencies:\n  - pip:\n    - numpy==1.26.4 --hash=sha256:{D}\n",
}


@pytest.mark.parametrize("name", FILES)
def test_a_lock_gives_versions_and_hashes(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(FILES[name])
    assert read_known_good(tmp_path / name) == {"numpy": "1.26.4"}
    [pin] = read_pins(tmp_path / name)
    assert set(pin.hashes) == {f"sha256:{D}"}


def test_a_freeze_gives_its_pins(tmp_path: Path) -> None:
    path = tmp_path / "freeze.txt"
    path.write_text(
        "Flask==3.0.3\n-e git+https://g.example/a@0123#egg=a\nlocal @ file:///srv/x.whl\nx==1+cu118\n"
    )
    assert read_known_good(path) == {"flask": "3.0.3", "x": "1+cu118"}


def test_markers_choose_among_versions_of_one_name(tmp_path: Path) -> None:
    path = tmp_path / "uv.lock"
    path.write_text(
        "".join(
            f'[[package]]\nname = "a"\nversion = "{version}"\nresolution-markers = ["{marker}"]\n'
            for version, marker in (
                ("1", "python_version < '3.9'"),
                ("2", "python_version >= '3.9'"),
            )
        )
    )
    assert read_known_good(path, {"python_version": "3.8"}) == {"a": "1"}
    assert read_known_good(path, {"python_version": "3.12"}) == {"a": "2"}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("uv.lock", "version = 1\n"),
        ("uv.lock", "= no toml\n"),
        ("uv.lock", "package = [1, 2]\n"),
        ("Pipfile.lock", "[]"),
        ("Pipfile.lock", '{"_meta": 1, "default": 2}'),
        ("pylock.toml", 'lock-version = "1.0"\npackages = 1\n'),
        ("requirements.txt", "flask\n"),
    ],
)
def test_what_pins_nothing_is_an_error(name: str, text: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(InputError):
        read_known_good(tmp_path / name)


@pytest.mark.parametrize("name", ["uv.lock", "poetry.lock", "Pipfile.lock", "pylock.toml"])
def test_a_lock_is_not_opened_for_editing(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(FILES[name])
    assert is_lock(tmp_path / name)
    with pytest.raises(InputError, match="not edited"):
        open_manifest(tmp_path / name)


@given(name=st.sampled_from(["uv.lock", "Pipfile.lock", "pylock.toml"]), data=st.binary())
def test_arbitrary_bytes_are_refused_in_words(
    tmp_path_factory: pytest.TempPathFactory, name: str, data: bytes
) -> None:
    path = tmp_path_factory.mktemp("lock") / name
    path.write_bytes(data)
    with pytest.raises(InputError):
        read_known_good(path)


@pytest.mark.parametrize("name", LOCKS)
def test_real_layouts_give_what_fits_the_target(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(LOCKS[name])
    found = {target: read_known_good(tmp_path / name, MARKERS[target]) for target in MARKERS}
    assert found["3.11"]["importlib-metadata"] == "9.0.1"
    if name != "Pipfile.lock":
        assert found["3.9"]["importlib-metadata"] == "6.11.0"
        assert found["Windows"]["colorama"] == "0.4.6"
    if name not in ("uv.lock", "Pipfile.lock"):
        # Uv says it where it is asked for, pipenv not at all.
        assert "colorama" not in found["3.11"]
    if name not in ("pylock.toml", "requirements.lock"):
        assert found["3.11"]["iniconfig"] == "2.3.1"
    assert not any("tool" in versions or "own" in versions for versions in found.values())


@pytest.mark.parametrize(
    ("name", "zipp"), [("uv.lock", "3.23.1"), ("poetry.lock", "3.23.1")], ids=["uv", "poetry"]
)
def test_a_fork_takes_its_own_version_of_what_it_brings(
    name: str, zipp: str, tmp_path: Path
) -> None:
    (tmp_path / name).write_text(LOCKS[name])
    assert read_known_good(tmp_path / name, MARKERS["3.9"])["zipp"] == zipp
    assert read_known_good(tmp_path / name, MARKERS["3.11"])["zipp"] == "4.1.2"


def test_without_markers_the_main_group_and_the_python_decide(tmp_path: Path) -> None:
    path = tmp_path / "poetry.lock"
    path.write_text(POETRY_1)
    assert read_known_good(path, MARKERS["3.11"])["importlib-metadata"] == "9.0.1"
    assert read_known_good(path, MARKERS["3.9"])["importlib-metadata"] == "6.11.0"
    assert read_known_good(path, MARKERS["3.9"])["iniconfig"] == "2.3.1"


def test_pdm_before_4_5_kept_hashes_in_one_table(tmp_path: Path) -> None:
    path = tmp_path / "pdm.lock"
    path.write_text(
        '[[package]]\nname = "six"\nversion = "1.16"\n[metadata]\nlock_version = "4.1"\n'
        f'[metadata.files]\n"six 1.16" = [{{url = "https://x.example/s", hash = "sha256:{D}"}}]\n'
    )
    [pin] = read_pins(path)
    assert (pin.name, pin.version, pin.hashes) == ("six", "1.16", (f"sha256:{D}",))


def test_uvs_own_lock_of_a_forked_project_is_read(tmp_path: Path) -> None:
    index = LocalIndex(
        tmp_path / "index",
        Project("forked").release("1.0").release("2.0", requires=["brought>=2"]),
        Project("brought").release("1.0").release("2.0"),
    )
    project = tmp_path / "project"
    project.mkdir()
    (project / "pyproject.toml").write_text(
        '[project]\nname = "own"\nversion = "1"\nrequires-python = ">=3.8"\n'
        "dependencies = [\"forked<2 ; python_version < '3.10'\", "
        "\"forked>=2 ; python_version >= '3.10'\"]\n"
    )
    with index.serve() as server:
        subprocess.run(
            [str(find_uv()), "lock", "--quiet", "--default-index", server.url],
            cwd=project,
            check=True,
        )
    assert (project / "uv.lock").exists()
    assert read_known_good(project / "uv.lock", MARKERS["3.9"])["forked"] == "1.0"
    assert read_known_good(project / "uv.lock", MARKERS["3.11"]) == {
        "forked": "2.0",
        "brought": "2.0",
    }

"""What is compiled already is linked once, for this run and later ones."""

from __future__ import annotations

import venv
from pathlib import Path

import pytest

from bisect_deps.builders._bytecode import StandardLibrary


def shown(library: StandardLibrary, folder: Path) -> Path:
    """Return where an environment of this Python finds what is compiled."""
    folder.mkdir()
    venv.create(folder / "env")
    library.show(folder / "env", folder / "bytecode")
    [link] = [path for path in (folder / "bytecode").rglob("*") if path.is_symlink()]
    return link.resolve()


def test_later_runs_find_the_links_and_a_changed_library_gets_others(tmp_path: Path) -> None:
    first = shown(StandardLibrary(tmp_path / "spare"), tmp_path / "1")
    about = first.stat()
    assert shown(StandardLibrary(tmp_path / "spare"), tmp_path / "2") == first
    assert first.stat() == about
    assert not (tmp_path / "spare").exists()
    assert [path for path in first.parent.iterdir() if path.name.startswith("tmp")] == []


def other_than_ours(kept: Path, how: str, tmp_path: Path) -> None:
    """Put something in the place of the kept links that somebody else could write to."""
    if how == "a link":
        (tmp_path / "theirs").mkdir()
        kept.symlink_to(tmp_path / "theirs")
    elif how == "a file":
        kept.write_text("")
    else:
        kept.mkdir()
        kept.chmod(0o777)


@pytest.mark.parametrize("how", ["a link", "a file", "writable by all"])
def test_links_that_others_could_write_are_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    (tmp_path / "depbisect").mkdir()
    other_than_ours(tmp_path / "depbisect" / "library", how, tmp_path)
    library = StandardLibrary(tmp_path / "spare")
    assert library.folder == tmp_path / "spare"
    assert shown(library, tmp_path / "1").is_relative_to(tmp_path / "spare")

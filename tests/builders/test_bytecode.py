"""What is compiled already is linked once, for this run and later ones."""

from __future__ import annotations

import venv
from pathlib import Path

import pytest

from bisect_deps.builders._bytecode import StandardLibrary
from bisect_deps.builders._scratch import WorkFolder


def shown(library: StandardLibrary, folder: Path) -> Path:
    """Return where an environment of this Python finds what is compiled."""
    folder.mkdir()
    venv.create(folder / "env")
    library.show(folder / "env", folder / "bytecode")
    [link] = [path for path in (folder / "bytecode").rglob("*") if path.is_symlink()]
    return link.resolve()


def test_later_runs_find_the_links_and_a_changed_library_gets_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "user"))
    work = WorkFolder(tmp_path / "builds")
    first = shown(StandardLibrary(work), tmp_path / "1")
    about = first.stat()
    later = WorkFolder(tmp_path / "builds")
    assert shown(StandardLibrary(later), tmp_path / "2") == first
    assert first.stat() == about
    assert [path for path in first.parent.iterdir() if path.name.startswith("tmp")] == []
    work.close()
    later.close()

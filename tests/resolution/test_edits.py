"""The requirements of a file as a candidate has them, and edits that pin."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import pytest

from bisect_deps.errors import InputError
from bisect_deps.formats.requirements import parse
from bisect_deps.index import Index
from bisect_deps.model import Edit, EditAction, Release
from bisect_deps.resolution.edits import edited, pinned_to, replaced_by
from bisect_deps.resolution.pins import hashes_of, repinned

OLD, NEW = f"sha256:{'0' * 64}", f"sha256:{'1' * 64}"
TEXT = f"""\
alpha==1.0
beta[y,x,w,v,u]>=1 ; python_version > "3"
gamma==1.0 --hash={OLD}
"""
LINES = parse(TEXT.encode(), Path("requirements.txt")).requirements


A, B, C = (line.text for line in LINES)


@pytest.mark.parametrize(
    ("edit", "texts"),
    [
        (Edit(EditAction.DROP, "alpha", 0), [B, C]),
        (Edit(EditAction.REPIN, "alpha", 0, "==2.0"), ["alpha==2.0", B, C]),
        (Edit(EditAction.REPIN, "alpha", 0), ["alpha", B, C]),
        (
            Edit(EditAction.REPIN, "beta", 1, "<3"),
            [A, 'beta[u,v,w,x,y]<3 ; python_version > "3"', C],
        ),
        (Edit(EditAction.REPLACE, "delta", 2, "delta>=4"), [A, B, "delta>=4"]),
        (Edit(EditAction.ADD, "delta", None, "==1.0"), [A, B, C]),
    ],
    ids=["dropped", "pinned", "loosened", "extras and marker stay", "another text", "added"],
)
def test_a_candidate_has_the_lines_of_the_file_with_its_edits(edit: Edit, texts: list[str]) -> None:
    assert [line.text for line in edited(LINES, [edit])] == texts


def test_an_edit_has_hashes_of_its_own_and_the_place_of_its_line() -> None:
    line = LINES[2]
    assert line.hashes == (OLD,)
    assert pinned_to(line, "==2.0").hashes == ()
    for now in (pinned_to(line, "==2.0", (NEW,)), replaced_by(line, "delta==2.0", (NEW,))):
        assert (now.number, now.file, now.line) == (line.number, line.file, line.line)
        assert now.hashes == (NEW,)
        assert now.pin == "2.0"


@pytest.mark.parametrize("text", ["", "delta==1\nomega==1"])
def test_what_is_not_one_requirement_takes_no_place_of_one(text: str) -> None:
    with pytest.raises(InputError, match="is not one requirement") as refused:
        replaced_by(LINES[0], text)
    assert refused.value.place == "requirements.txt"


class Listed:
    """An index that knows one release, and its hash."""

    def release(self, release: Release) -> Listed | None:
        return self if release == Release("gamma", "2.0") else None

    hashes = (NEW,)


def test_a_pin_has_the_hashes_of_its_release_where_its_line_had_some() -> None:
    index = cast("Index", Listed())
    assert repinned(LINES[2], "2.0", index).hashes == (NEW,)
    assert repinned(LINES[2], "2.0", None).hashes == ()
    assert hashes_of(index, "gamma", "3.0") == ()
    plain = repinned(LINES[0], "2.0", index)
    assert plain == Edit(EditAction.REPIN, "alpha", 0, "==2.0")

"""How close the line model is to pip, beside pip-requirements-parser, on the same files.

Usage, from the project root: python -m benchmarks.conformance [--edits N] [FOLDER]...

Reads every requirements file below the folders (default: fixtures/requirements, ../shared/corpus)
with pip itself, with ours, and with pip-requirements-parser. Then edits N items of each file (4,
drawn the same way each time; 0 for all), in a copy, and asks pip again. Progress goes to standard
error.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bisect_deps.errors import InputError
from bisect_deps.formats.requirements import RequirementsManifest, parse
from bisect_deps.model import Edit, EditAction
from tests.support.pip_oracle import (
    VARIABLES,
    Item,
    Reading,
    read_with_ours,
    read_with_pip,
    variables,
)

ROOT = Path(__file__).parents[1]
DEFAULTS = (ROOT / "fixtures" / "requirements", ROOT.parent / "shared" / "corpus")
NOT_REQUIREMENTS = ("log.txt",)
PIN, DIGEST = "==987.6", "sha256:" + "e" * 64


@dataclass
class Score:
    """Counts of what was right out of what was tried, and what was wrong."""

    right: Counter[str] = field(default_factory=Counter)
    tried: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    def add(self, what: str, place: object, *, right: bool) -> None:
        self.tried[what] += 1
        self.right[what] += right
        if not right:
            self.wrong.append(f"{what}: {place}")

    def show(self, what: str) -> str:
        tried = self.tried[what]
        if not tried:
            return "-"
        return f"{self.right[what]}/{tried} ({100 * self.right[what] / tried:.1f} %)"


def main(folders: list[Path], most: int) -> None:
    ours, anchor = Score(), Score()
    started = time.monotonic()
    read_by_anchor = _anchor()
    files = 0
    for folder in folders:
        with tempfile.TemporaryDirectory() as scratch:
            copy = Path(scratch).resolve() / "files"
            shutil.copytree(folder, copy, copy_function=shutil.copyfile)
            found = list(_files(copy))
            for number, path in enumerate(found, start=1):
                files += 1
                _measure(path, ours, anchor, read_by_anchor, most)
                if number % 20 == 0 or number == len(found):
                    seconds = time.monotonic() - started
                    done = f"{number} of {len(found)} files of {folder.name}, {seconds:.0f} s"
                    print(done, file=sys.stderr, flush=True)
    print(f"{files} files, {ours.tried['comment out']} items that pip accepts\n")
    print(f"{'':<36}{'depbisect':>22}{'pip-requirements-parser':>26}")
    for what in (
        "round trip byte for byte",
        "items equal to pip's",
        "line of every item as in pip",
        "rejected files flagged with a line",
        "comment out",
        "add back",
        "re-pin",
        "re-pin with hashes",
        "add a line",
    ):
        print(f"{what:<36}{ours.show(what):>22}{anchor.show(what):>26}")
    for wrong in ours.wrong:
        print("wrong:", wrong)
    sys.exit(bool(ours.wrong))


def _files(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        if path.suffix in (".txt", ".in") and path.name not in NOT_REQUIREMENTS and path.is_file():
            yield path


def _measure(
    path: Path,
    ours: Score,
    anchor: Score,
    read_by_anchor: Callable[[Path], Reading] | None,
    most: int,
) -> None:
    truth = read_with_pip(path, path.parent)
    manifest = _read(path)
    ours.add("round trip byte for byte", path, right=manifest.render() == manifest.files)
    _compare(ours, path, truth, read_with_ours(path, path.parent), is_anchor=False)
    if read_by_anchor is not None:
        _round_trip_of_anchor(anchor, path)
        _compare(anchor, path, truth, read_by_anchor(path), is_anchor=True)
    if truth.rejected is None:
        _edit_some(ours, path, manifest, truth, most)


def _compare(score: Score, path: Path, truth: Reading, found: Reading, *, is_anchor: bool) -> None:
    if truth.rejected is not None:
        score.add("rejected files flagged with a line", path, right=found.rejected is not None)
        return
    equal = not found.rejected and _unplaced(found.items) == _unplaced(truth.items)
    score.add("items equal to pip's", path, right=equal)
    if not is_anchor:
        places = [(item.file, item.line) for item in truth.items]
        same = [(item.file, item.line) for item in found.items] == places
        score.add("line of every item as in pip", path, right=same)


def _unplaced(items: tuple[Item, ...]) -> Counter[Item]:
    return Counter(
        replace(
            item,
            name=canonicalize_name(item.name),
            extras=frozenset(canonicalize_name(extra) for extra in item.extras),
            constraint=False,
            file="",
            line=0,
        )
        for item in items
    )


def _read(path: Path) -> RequirementsManifest:
    return parse(path.read_bytes(), path, folder=path.parent, variables=variables())


def _edit_some(
    score: Score, path: Path, manifest: RequirementsManifest, truth: Reading, most: int
) -> None:
    pairs = list(zip(manifest.requirements, truth.items, strict=True))
    if most and len(pairs) > most:
        pairs = random.Random(path.name).sample(pairs, most)
    for own, item in pairs:
        others = tuple(other for other in truth.items if other is not item)
        drop = Edit(EditAction.DROP, own.name, own.number)
        right = _edit(path, manifest, drop, others)
        score.add("comment out", f"{path}:{own.line}", right=right)
        score.add("add back", path, right=manifest.render(()) == manifest.files)
        if not own.name or own.url or own.editable:
            continue
        for what, hashes in (("re-pin", ()), ("re-pin with hashes", (DIGEST,))):
            pinned = replace(item, clauses=frozenset({PIN}), hashes=frozenset(hashes))
            if _is_inside_a_variable(manifest, own.number):
                continue
            repin = Edit(EditAction.REPIN, own.name, own.number, PIN, hashes)
            right = _edit(path, manifest, repin, (*others, pinned))
            score.add(what, f"{path}:{own.line}", right=right)
    plain = Item(
        "added", frozenset({PIN}), *(frozenset(), "", "", frozenset()), False, False, "", 0
    )
    added = Edit(EditAction.ADD, "added", None, PIN)
    score.add("add a line", path, right=_edit(path, manifest, added, (*truth.items, plain)))


def _is_inside_a_variable(manifest: RequirementsManifest, number: int) -> bool:
    parts = manifest.places[number][1].parts
    return bool(parts and parts.name_span and parts.name_span == parts.specifier_span)


def _edit(
    path: Path, manifest: RequirementsManifest, edit: Edit, expected: tuple[Item, ...]
) -> bool:
    """Make one edit in the scratch copy, and say whether pip and the bytes agree with it."""
    try:
        files = manifest.render([edit])
    except InputError:
        return False
    changed = [name for name, data in files.items() if data != manifest.files[name]]
    if len(changed) != 1 or not _keeps_other_bytes(manifest, edit, changed[0], files[changed[0]]):
        return False
    place = path.parent / changed[0]
    place.write_bytes(files[changed[0]])
    try:
        found = read_with_pip(path, path.parent)
    finally:
        place.write_bytes(manifest.files[changed[0]])
    return found.rejected is None and _unplaced(found.items) == _unplaced(expected)


def _keeps_other_bytes(
    manifest: RequirementsManifest, edit: Edit, name: str, edited: bytes
) -> bool:
    document = next(own for own in manifest.documents if own.path == name)
    if edit.number is None:
        return edited.startswith(document.data)
    span = manifest.places[edit.number][1].span
    before = document.bom + document.text[: span.start].encode(document.encoding)
    after = document.text[span.end :].encode(document.encoding)
    return edited.startswith(before) and edited.endswith(after)


def _anchor() -> Callable[[Path], Reading] | None:
    try:
        from pip_requirements_parser import RequirementsFile  # noqa: F401
    except ImportError:
        return None
    os.environ.update(VARIABLES)
    return _read_by_anchor


def _read_by_anchor(path: Path) -> Reading:
    from pip_requirements_parser import RequirementsFile

    before = Path.cwd()
    os.chdir(path.parent)
    try:
        parsed = RequirementsFile.from_file(str(path), include_nested=True)
        if parsed.invalid_lines:
            return Reading(rejected="invalid lines")
        return Reading(tuple({_anchor_item(own): None for own in parsed.requirements}))
    except (Exception, RecursionError) as error:
        return Reading(rejected=type(error).__name__)
    finally:
        os.chdir(before)


def _anchor_item(own: object) -> Item:
    requirement = own.req  # type: ignore[attr-defined]
    link = own.link  # type: ignore[attr-defined]
    clauses = SpecifierSet(str(requirement.specifier)) if requirement else SpecifierSet()
    return Item(
        name=own.name or "",  # type: ignore[attr-defined]
        clauses=frozenset(str(clause) for clause in clauses),
        extras=frozenset(own.extras or ()),  # type: ignore[attr-defined]
        marker=str(own.marker or ""),  # type: ignore[attr-defined]
        url=link.url if link else "",
        hashes=frozenset(own.hash_options or ()),  # type: ignore[attr-defined]
        editable=bool(own.is_editable),  # type: ignore[attr-defined]
        constraint=False,
        file="",
        line=own.line_number,  # type: ignore[attr-defined]
    )


def _round_trip_of_anchor(score: Score, path: Path) -> None:
    from pip_requirements_parser import RequirementsFile

    try:
        dumped = RequirementsFile.from_file(str(path)).dumps()
        same = dumped.encode() == path.read_bytes()
    except (Exception, RecursionError):
        same = False
    score.add("round trip byte for byte", path, right=same)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Compare the line model with pip's own reading.")
    parser.add_argument("folders", nargs="*", type=Path)
    parser.add_argument("--edits", type=int, default=4, help="items to edit in each file; 0 is all")
    options = parser.parse_args()
    given = [folder.resolve() for folder in options.folders]
    main(given or [folder for folder in DEFAULTS if folder.exists()], options.edits)

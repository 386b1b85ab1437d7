"""Lines whose own text is wrong, and what stands there instead: no version would fix them.

Another project is meant (`faiss` is faiss-cpu), nothing is needed here (a backport of what this
Python has), the project is for another system (a marker), the path is of another machine (a
version), the installer takes no editable repository (a direct reference).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import unquote, urlsplit

from bisect_deps.fix.case import Case, dropped
from bisect_deps.index import Index, ReleaseFacts
from bisect_deps.index.other_systems import system_marker, system_of
from bisect_deps.index.paths import version_in_path
from bisect_deps.index.releases import parsed
from bisect_deps.knowledge.system_packages import wheel_sibling
from bisect_deps.knowledge.wrong_names import Advice, AdviceKind, advice_on
from bisect_deps.model import (
    Cause,
    Culprit,
    Edit,
    EditAction,
    Note,
    Release,
    Requirement,
    exactly,
)

_VCS = ("git+", "hg+", "svn+", "bzr+")


@dataclass(frozen=True, slots=True)
class Amendment:
    """What becomes of a line whose text is wrong, and the sentence that says why.

    `edit` is None where nothing is known to put in its place.
    """

    requirement: Requirement
    edit: Edit | None
    note: Note


def amendments(case: Case, culprits: Sequence[Culprit]) -> Iterator[Amendment]:
    """Yield what becomes of the culprits' own lines where their text is wrong."""
    seen: set[int] = set()
    for culprit in culprits:
        member = culprit.members[0]
        line = member.requirement
        if len(culprit.members) > 1 or member.via or line.number in seen:
            continue
        seen.add(line.number)
        found = _of_place(case, line) if line.url or line.editable else _of_name(case, line)
        if found is None and culprit.cause is Cause.SYSTEM_DEP_MISSING:
            found = _sibling(case, line)
        if found is not None:
            yield found


def is_known(case: Case, name: str) -> bool:
    """Say whether a project's name is known to lead astray here."""
    return _advice(case, name) is not None


def is_needless(case: Case, edit: Edit) -> bool:
    """Say whether an edit leaves a line out that does nothing here: then it is a fix."""
    if edit.action is not EditAction.DROP or edit.number is None:
        return False
    line = case.manifest.requirements[edit.number]
    advice = _advice(case, line.name)
    if advice is None:
        return False
    if advice.kind is AdviceKind.NOTHING_HERE:
        return True
    # A line whose right name stands in the file already.
    return advice.kind is AdviceKind.ANOTHER_PROJECT and bool(case.named(advice.name))


def _advice(case: Case, name: str) -> Advice | None:
    own = case.interpreter
    return advice_on(name, own.minor, system_of(own)) if own is not None and name else None


def _of_name(case: Case, line: Requirement) -> Amendment | None:
    advice = _advice(case, line.name)
    if advice is None:
        return _of_system(case, line)
    said = f"{line.name} {advice.reason}"
    if advice.kind is AdviceKind.ANOTHER_PROJECT:
        return _renamed(case, line, advice.name, said)
    if advice.kind is AdviceKind.NOTHING_HERE and ">=" not in advice.marker:
        return Amendment(line, dropped(line), _note(line, f"{said}; leave it out."))
    edit = _marked(line, advice.marker)
    return Amendment(line, edit, _note(line, f"{said}: it needs the marker {advice.marker}."))


def _renamed(case: Case, line: Requirement, right: str, said: str) -> Amendment | None:
    if case.named(right):
        text = f"{said}; {right}, which the file has already, is what is meant."
        return Amendment(line, dropped(line), _note(line, text))
    version = _stand_in(case.index, right, line) if case.index is not None else None
    if version is None:
        text = f"{said}; what is meant is most likely {right}, in a version that you choose."
        return Amendment(line, None, _note(line, text))
    edit = _replaced(line, right, version)
    return Amendment(line, edit, _note(line, f"{said}; what is meant is {edit.to}."))


def _sibling(case: Case, line: Requirement) -> Amendment | None:
    """Return the project with wheels of the same modules, where no release of this one has any."""
    sibling = wheel_sibling(line.name)
    ready = any(release.usable_wheel for release in case.releases(line.name))
    if sibling is None or ready or case.index is None or case.named(sibling):
        return None
    version = _stand_in(case.index, sibling, line)
    if version is None:
        return None
    edit = _replaced(line, sibling, version)
    text = f"{line.name} needs a library that this machine lacks; {edit.to} brings its own."
    return Amendment(line, edit, _note(line, text))


def _stand_in(index: Index, name: str, line: Requirement) -> str | None:
    """Return the clause for the right project: the version that was written, or the next newer one.

    None where the version was never one of the right project: no number says which was meant.
    """
    if line.pin is None:
        exists = not line.specifier and index.newest(name) is not None
        return "" if exists else None
    if index.release(Release(name, line.pin)) is None:
        return None
    start = parsed(line.pin)
    for release in index.releases(name):
        if start is not None and release.parsed >= start and _is_ready(release, line.pin):
            return exactly(release.version)
    return None


def _is_ready(release: ReleaseFacts, version: str) -> bool:
    final = not release.parsed.is_prerelease or release.parsed == parsed(version)
    return release.usable_wheel and release.python_ok and release.yanked is None and final


def _of_system(case: Case, line: Requirement) -> Amendment | None:
    """Return a marker for a release whose files are for another system only."""
    if line.pin is None or case.interpreter is None:
        return None
    known = case.release(line.name, line.pin)
    marker = system_marker(known, case.interpreter) if known is not None else None
    if not marker or any(release.usable_wheel for release in case.releases(line.name)):
        return None
    text = f"{line.name} {line.pin} has files for another system only: {marker}."
    return Amendment(line, _marked(line, marker), _note(line, text))


def _of_place(case: Case, line: Requirement) -> Amendment | None:
    url = line.url or ""
    if not line.name:
        return None
    if url.startswith(_VCS) and line.editable:
        place = url.partition("#")[0]
        edit = Edit(EditAction.REPLACE, line.name, line.number, f"{line.name} @ {place}")
        text = f"The installer takes no editable repository: {edit.to} is the same, not editable."
        return Amendment(line, edit, _note(line, text))
    if urlsplit(url).scheme != "file" or Path(unquote(urlsplit(url).path)).exists():
        return None
    if case.index is None:
        return None
    pins = [Release(r.name, r.pin) for r in case.requirements if r.pin and not r.url]
    before = case.index.latest_upload(pins)
    meant = version_in_path(url, case.index.releases(line.name), before)
    if meant is None:
        return None
    edit = _replaced(line, line.name, exactly(meant.release.version))
    text = (
        f"{line.text} is a path of another machine; {line.name} {meant.release.version} "
        f"{meant.reason}."
    )
    return Amendment(line, edit, _note(line, text))


def _replaced(line: Requirement, name: str, clause: str) -> Edit:
    extras = f"[{','.join(sorted(line.extras))}]" if line.extras else ""
    marker = f" ; {line.marker}" if line.marker else ""
    return Edit(EditAction.REPLACE, name, line.number, f"{name}{extras}{clause}{marker}")


def _marked(line: Requirement, marker: str) -> Edit:
    both = f"({line.marker}) and ({marker})" if line.marker else marker
    return _replaced(replace(line, marker=both), line.name, line.specifier)


def _note(line: Requirement, text: str) -> Note:
    return Note(text, fact=f"{line.file}:{line.line}")

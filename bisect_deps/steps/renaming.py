"""A culprit whose name misleads: the project that was meant, in place of nothing at all.

`sklearn` means scikit-learn, `bs4` beautifulsoup4. The line is commented out and the right project
added, at the version that was written where that can be installed.
"""

from __future__ import annotations

from dataclasses import dataclass

from bisect_deps.index import Index, ReleaseFacts
from bisect_deps.index.releases import parsed
from bisect_deps.knowledge.wrong_names import Advice, AdviceKind, advice_on
from bisect_deps.model import Edit, EditAction, Release, Requirement
from bisect_deps.steps.base import Case, Context, add


@dataclass(frozen=True, slots=True)
class Rename:
    """A requirement of a wrong name; `edit` adds the right one, None where a line has it."""

    requirement: Requirement
    edit: Edit | None


def renames_of(context: Context, case: Case) -> list[Rename]:
    """Return the culprits that another project is meant by and can stand for; notes tell of all."""
    found: list[Rename] = []
    for culprit in case.culprits:
        member = culprit.members[0]
        advice = _advice(context, member.name)
        if len(culprit.members) > 1 or member.via or advice is None:
            continue
        requirement = member.requirement
        rename = _rename(context, requirement, advice.name) if advice.name else None
        if rename is not None:
            found.append(rename)
        _tell(case, requirement, advice, rename)
    return found


def _advice(context: Context, name: str) -> Advice | None:
    python = context.interpreter.minor if context.interpreter else "3"
    advice = advice_on(name, python, system="")
    return None if advice is None or advice.kind is AdviceKind.OTHER_SYSTEM else advice


def _rename(context: Context, requirement: Requirement, right: str) -> Rename | None:
    if context.named(right):
        return Rename(requirement, None)
    if context.index is None or requirement.marker or requirement.extras or requirement.constraint:
        return None
    if requirement.pin is None:
        exists = not requirement.specifier and context.index.newest(right) is not None
        return Rename(requirement, Edit(EditAction.ADD, right)) if exists else None
    release = _stand_in(context.index, right, requirement.pin)
    if release is None:
        return None
    edit = add(context, right, release.version)
    # A line of the file, not a limit: nothing else would bring the project in.
    return Rename(requirement, Edit(edit.action, edit.name, None, edit.to, edit.hashes))


def _stand_in(index: Index, name: str, version: str) -> ReleaseFacts | None:
    """Return the release of that version, or the next newer one, that needs no compiler."""
    if index.release(Release(name, version)) is None:
        # The version was never one of the right project: no number says which was meant.
        return None
    start = parsed(version)
    for release in index.releases(name):
        ready = release.usable_wheel and release.python_ok and release.yanked is None
        final = not release.parsed.is_prerelease or release.parsed == start
        if start is not None and release.parsed >= start and ready and final:
            return release
    return None


def _tell(case: Case, requirement: Requirement, advice: Advice, rename: Rename | None) -> None:
    right = advice.name
    note = f"{requirement.name} {advice.reason}"
    if not right:
        note += "; leave it out."
    elif rename is None:
        note += f"; what is meant is most likely {right}, in a version that you choose."
    elif rename.edit is None:
        note += f"; {right}, which the file has already, is what is meant."
    else:
        note += f"; what is meant is {right}{rename.edit.to or ''}."
    if note not in case.notes:
        case.notes.append(note)

"""What a guided session says to the person who builds: plain text, safe to show."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

from bisect_deps.guided.sessions import PersonAnswer
from bisect_deps.model import EditAction
from bisect_deps.text import counted, listed, safe_line, shown

if TYPE_CHECKING:
    from bisect_deps.guided.questions import Guided
    from bisect_deps.model import Requirement

WORDS = {
    PersonAnswer.GOOD: "built",
    PersonAnswer.BAD: "failed",
    PersonAnswer.SKIP: "could not be tested",
}
# A file of more lines is on disk to be read; only what differs is shown.
MOST_LINES = 40


def next_step(guided: Guided) -> Iterator[str]:
    """Yield what to build next, and how to say how it went."""
    from bisect_deps.guided.state import said

    here = guided.position
    if here.inquiry is None:
        return
    yield from learnt(guided)
    what = safe_line(said(guided.manifest, here.inquiry.candidate))
    yield f"Build {len(here.asked) + 1}: {what}."
    yield from _shown_files(guided)
    several = has_several(guided)
    if guided.is_as_asked():
        ready = "are ready: build them as they are" if several else "is ready: build it as it is"
        yield f"  {place(guided)} {ready} now."
    else:
        yield f"  {place(guided)} {'hold' if several else 'holds'} something else now."
        yield "  To have this written: depbisect status --write"
    if guided.start.check_note:
        yield f"  It is good when: {shown(guided.start.check_note)}"
    yield "  Then say how it went:"
    yield "    depbisect good                  it built, and works"
    yield "    depbisect bad --log build.log   it failed; its log, if any, saves builds"
    yield "    depbisect skip                  cannot be tested: the platform was down, say"
    yield f"  {left(guided)}"


def learnt(guided: Guided) -> Iterator[str]:
    """Yield what the last answer showed: what its log says, and the fix where it proves one."""
    here = guided.position
    if not here.asked:
        return
    last = here.asked[-1].probe
    if last.reported:
        yield f"The log of build {last.number} says: {shown(last.reported)}."
    if here.inquiry is not None and here.fix is not None and here.fix[1] == last.number:
        from bisect_deps.reports.diff import unified

        yield f"Fix proven (build {last.number}). What follows looks for less to change, and for"
        yield "the versions at which the outcome turns. To stop here, this is the change:"
        files = guided.manifest.files
        diff = unified(files, {**files, **guided.manifest.render(here.fix[0].edits)})
        yield from (f"  {shown(line)}" for line in diff.splitlines())


def left(guided: Guided) -> str:
    """Return in a sentence how many builds are still to come."""
    one, two = guided.position.left
    return f"Roughly {counted(one, 'build')} left if one line is at fault, {two} if two are."


def so_far(guided: Guided) -> Iterator[str]:
    """Yield the answers, and what they have shown."""
    from bisect_deps.guided.state import known, said

    for number, asked in enumerate(guided.position.asked, start=1):
        what = safe_line(said(guided.manifest, asked.inquiry.candidate))
        reason = f" ({shown(asked.given.reason)})" if asked.given.reason else ""
        yield f"{number}. {what}: {WORDS[asked.given.word]}{reason}"
    if not guided.position.asked:
        yield "Nothing was answered yet."
        return
    if guided.position.fix is not None and guided.position.inquiry is not None:
        candidate, build = guided.position.fix
        yield f"Fix proven (build {build}): {safe_line(said(guided.manifest, candidate))}"
    facts = known(guided)
    if facts.cleared:
        yield f"Cleared: {', '.join(shown(line.text) for line in facts.cleared)}"
    for group in facts.proven:
        yield f"Proven to break the build: {' with '.join(shown(line.text) for line in group)}"
    if facts.suspected and guided.position.inquiry is not None:
        yield f"Still suspected: {', '.join(shown(line.text) for line in facts.suspected)}"


def end(guided: Guided, *, fixed: bool) -> Iterator[str]:
    """Yield what is in the file now, and how to end the session."""
    where = place(guided)
    own = guided.start.to is None
    yield ""
    holds = "hold" if has_several(guided) else "holds"
    yield f"{where} {holds} {'the fix' if fixed else 'the original'} now."
    if fixed:
        yield f"  depbisect reset --keep   ends the session and keeps {'it' if own else where}"
        back = "puts the original back" if own else f"removes {where}"
        yield f"  depbisect reset          ends the session and {back}"
    else:
        yield "  depbisect reset          ends the session"
    yield "  depbisect undo           takes the last answer back, if it was wrong"
    yield "  depbisect report         shows this again, also when the session is over"


def place(guided: Guided) -> str:
    """Return the files, or the folder, that hold what is to be built, as seen from here."""
    if guided.start.named and guided.start.to is None:
        return files(guided)
    is_folder = (guided.start.to or "").endswith("/")
    return shown(os.path.relpath(guided.place)) + ("/" if is_folder else "")


def files(guided: Guided) -> str:
    """Return the files that the session is about, as seen from here."""
    named = guided.start.named or (guided.start.file,)
    return shown(listed([os.path.relpath(guided.store.root / key) for key in named]))


def has_several(guided: Guided) -> bool:
    """Say whether what is to be built lies in several places."""
    return len(guided.start.named) > 1 and guided.start.to is None


def checklist(guided: Guided) -> Iterator[str]:
    """Yield every line of the original as a checklist: what is in, what is out, what differs."""
    edits = {e.number: e for e in guided.position.candidate.edits if e.number is not None}
    for requirement in guided.manifest.requirements:
        edit = edits.get(requirement.number)
        if edit is None:
            yield f"  [x] {shown(requirement.text)}"
        elif edit.action is EditAction.DROP:
            yield f"  [ ] {shown(requirement.text)}   (commented out)"
        else:
            text = edit.text if edit.action is EditAction.REPLACE else _moved(requirement, edit.to)
            yield f"  [x] {shown(text)}   (was {shown(requirement.text)})"
    for edit in guided.position.candidate.edits:
        if edit.action is EditAction.ADD:
            yield f"  [+] {edit.text}   (added)"


def _moved(requirement: Requirement, to: str | None) -> str:
    """Return a line as the user wrote it, with another version clause."""
    before, found, after = requirement.text.partition(requirement.specifier or "\0")
    to = to or ""
    return f"{before}{to}{after}" if found else f"{requirement.name}{to}"


def _shown_files(guided: Guided) -> Iterator[str]:
    """Yield the files to build: short ones whole, of long ones the lines that differ."""
    many = len(guided.originals) > 1
    for (path, data), key in zip(guided.targets().items(), guided.originals, strict=False):
        lines = data.decode("utf-8", "replace").splitlines()
        before = guided.originals[key].decode("utf-8", "replace").splitlines()
        differs = [at for at, line in enumerate(lines) if before[at : at + 1] != [line]]
        if not differs:
            continue
        if many:
            yield f"  {shown(os.path.relpath(path))}:"
        whole = len(lines) <= MOST_LINES
        for at in range(len(lines)) if whole else differs[:MOST_LINES]:
            yield f"    {'>' if at in differs else ' '} {at + 1:3}  {shown(lines[at])}".rstrip()
        if not whole and len(differs) > MOST_LINES:
            yield f"    and {len(differs) - MOST_LINES} more lines that differ"

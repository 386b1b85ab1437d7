"""What a guided session says to the person who builds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from bisect_deps.model import EditAction, Requirement
from bisect_deps.reports.base import counted, safe_line
from bisect_deps.sessions import Word

if TYPE_CHECKING:
    from bisect_deps.guiding import Guided

WORDS = {Word.GOOD: "built", Word.BAD: "failed", Word.SKIP: "could not be told"}


def next_step(guided: Guided) -> Iterator[str]:
    """Yield what to build next, and how to say how it went."""
    from bisect_deps.guiding import said

    here = guided.position
    if here.inquiry is None:
        return
    number = len(here.asked) + 1
    yield f"Build {number}: {safe_line(said(guided.manifest, here.inquiry.candidate))}."
    place = guided.start.to or guided.start.file
    yield f"  {place} is ready: build it as it is now."
    if guided.start.check_note:
        yield f"  It is good when: {safe_line(guided.start.check_note)}"
    yield "  Then say how it went:"
    yield "    depbisect good                  it built, and works"
    yield "    depbisect bad --log build.log   it failed (the log saves builds; it may be left out)"
    yield "    depbisect skip                  cannot be told: the platform was down, say"
    one, two = here.left
    yield f"  Roughly {counted(one, 'build')} left if one line is at fault, {two} if two are."


def known(guided: Guided) -> Iterator[str]:
    """Yield what the answers have shown so far."""
    from bisect_deps.guiding import said

    for number, asked in enumerate(guided.position.asked, start=1):
        what = safe_line(said(guided.manifest, asked.inquiry.candidate))
        yield f"{number}. {what}: {WORDS[asked.given.word]}"
    cleared, suspected = _sorted_out(guided)
    if cleared:
        yield f"Cleared: {', '.join(safe_line(each.text) for each in cleared)}"
    if suspected and guided.position.asked:
        yield f"Not cleared yet: {', '.join(safe_line(each.text) for each in suspected)}"


def _sorted_out(guided: Guided) -> tuple[list[Requirement], list[Requirement]]:
    """Return the lines that were in a build that passed, as they are, and the others."""
    cleared: set[int] = set()
    numbers = {each.number for each in guided.manifest.requirements}
    for asked in guided.position.asked:
        if asked.given.word is Word.GOOD:
            edits = asked.inquiry.candidate.edits
            touched = {e.number for e in edits if e.action is not EditAction.ADD}
            cleared |= numbers - touched
    lines = guided.manifest.requirements
    return (
        [each for each in lines if each.number in cleared],
        [each for each in lines if each.number not in cleared],
    )

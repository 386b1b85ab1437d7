"""What a run takes over from a guided session: the original file, and the answers as given."""

from __future__ import annotations

from pathlib import Path

from bisect_deps.guided.sessions import PersonAnswer, Store
from bisect_deps.model import BuildStatus
from bisect_deps.run.running import Handover, Reported

STATUSES = {PersonAnswer.GOOD: BuildStatus.PASSED, PersonAnswer.BAD: BuildStatus.FAILED}


def handed_over(file: Path) -> Handover | None:
    """Return what the session about a file knows, None where no session is under way about it.

    What a person could not tell is left for the run to find out. Raises Changed where the file was
    changed by hand meanwhile, JournalError where another terminal uses the session.
    """
    store = Store(file.absolute().parent)
    if not store.exists or store.read()[0].file != file.name:
        return None
    # Where no session is under way, which is nearly always, a run needs nothing of it.
    from bisect_deps.guided.questions import Guided

    with store:  # What it asks the resolver again is kept there.
        guided = Guided(store)
        guided.be_ours("to end the session first: depbisect reset")
        reported = tuple(
            Reported(asked.inquiry, STATUSES[asked.given.word], store.log(asked.given))
            for asked in guided.position.asked
            if asked.given.word in STATUSES
        )
    return Handover(guided.manifest, reported)


def end_session(file: Path) -> None:
    """Put the original back and end the session about a file: its fix is written next."""
    from bisect_deps.guided.questions import Guided

    with Store(file.absolute().parent) as store:
        Guided(store).reset()

"""What the journal answers is not built again."""

from __future__ import annotations

from pathlib import Path

from bisect_deps.builders import make_builder
from bisect_deps.builders.base import BuilderOptions
from bisect_deps.formats import open_manifest
from bisect_deps.journal import Journal
from bisect_deps.model import Candidate, Outcome, Probe, ProbeKind
from bisect_deps.probing import Inquiry, Limits, Prober
from bisect_deps.progress import Silent


def probed(folder: Path, command: str, inquiry: Inquiry) -> tuple[Probe, int]:
    builder = make_builder("command", BuilderOptions(folder=folder, cwd=folder, build_cmd=command))
    with Journal(folder / ".depbisect") as journal:
        try:
            prober = Prober(
                open_manifest(folder / "requirements.txt"), builder, journal, Silent(), Limits()
            )
            [probe] = prober.answer([inquiry])
        finally:
            builder.close()
    return probe, prober.builds


def test_a_build_stopped_at_its_limit_is_not_built_again(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("a==1\n", encoding="utf-8")
    inquiry = Inquiry(Candidate(), ProbeKind.WHOLE, "does it build in time?", limit=0.3)
    first, built = probed(tmp_path, "sleep 60", inquiry)
    assert (first.outcome, built) == (Outcome.UNRESOLVED, 1)
    again, built = probed(tmp_path, "sleep 60", inquiry)
    assert (again.outcome, again.from_journal, built) == (Outcome.UNRESOLVED, True, 0)


def test_a_finished_build_is_not_built_again_and_another_question_is(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("a==1\n", encoding="utf-8")
    inquiry = Inquiry(Candidate(), ProbeKind.WHOLE, "does it build?")
    repeat = Inquiry(Candidate(), ProbeKind.WHOLE, "does it build?", repeat=1)
    assert [probed(tmp_path, "true", asked)[1] for asked in (inquiry, inquiry, repeat)] == [1, 0, 1]

"""Whether the file as written builds on another Python that is present: a build says so.

Asked of the Python that the file was made for, and of others where every way out is wanted. Must
not know what is at fault.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import closing, suppress
from dataclasses import replace

from packaging.version import Version

from bisect_deps.builders import make_builder
from bisect_deps.builders.base import BuilderOptions
from bisect_deps.errors import DepbisectError
from bisect_deps.fix.inquiry import Inquiry
from bisect_deps.model import Interpreter, Outcome, Probe, PythonFor
from bisect_deps.policy import POLICY
from bisect_deps.run.driver import Prober
from bisect_deps.system import interpreters
from bisect_deps.text import listed


def try_other_pythons(prober: Prober, options: BuilderOptions, as_written: Inquiry) -> str:
    """Build the file as written on other Pythons till it passes; return what to tell of it.

    Their probes go to `prober`, too. "" where no other Python is present.
    """
    if options.interpreter is None:
        return ""
    failed: list[Interpreter] = []
    for other in nearest(options.interpreter, interpreters.find_all())[: POLICY.other_pythons]:
        prober.progress.phase(f"Trying the file as it is on Python {other.version}")
        try:
            with closing(_There(prober, options, other)) as there:
                probe = there.answer(as_written)
        except DepbisectError:
            # A spent budget, or a Python without what it needs: the verdict stands without it.
            return _tell_failed(failed)
        if probe.outcome is Outcome.PASS:
            checked = " and passes its check" if prober.checks or as_written.imports else ""
            return (
                f"As it is, the file builds{checked} on Python {other.version}, which is here, too "
                f"(build {probe.number}): --python {other.path}."
            )
        if probe.outcome is Outcome.FAIL:
            failed.append(other)
    return _tell_failed(failed)


def located(python_for: PythonFor) -> PythonFor:
    """Return it with the path of that Python, where it is here."""
    other = interpreters.present(f"cpython{python_for.version}")
    return python_for if other is None else replace(python_for, path=other.path)


class MadeFor:
    """The Python that a file was made for, once that is known: does the file build there as it is?

    The build may start before it is asked for, which changes no answer. Close it.
    """

    def __init__(self, prober: Prober, options: BuilderOptions) -> None:
        self.python_for: PythonFor | None = None
        self._prober = prober
        self._options = options
        self._there: _There | None = None

    def expect(self, as_written: Inquiry) -> None:
        """Start the build, where nobody counts builds and that Python is here."""
        if self._there is None and self._prober.limits.max_builds is None:
            with suppress(DepbisectError):  # Whoever asks will hear of it.
                self._there = self._opened()
                if self._there is not None:
                    self._there.expect(as_written)

    def ask(self, as_written: Inquiry) -> None:
        """Build the file there; `python_for` then has the probe that says how it ended."""
        with suppress(DepbisectError):  # The verdict stands without it.
            self._there = self._there or self._opened()
            if self._there is not None and self.python_for is not None:
                version = self._there.interpreter.version
                self._prober.progress.phase(f"Trying the file as it is on Python {version}")
                self.python_for = _proven(self.python_for, self._there.answer(as_written))

    def close(self) -> None:
        """End what still runs."""
        if self._there is not None:
            self._there.close()

    def _opened(self) -> _There | None:
        if self.python_for is None or not self._options.here:
            return None
        other = interpreters.present(f"cpython{self.python_for.version}")
        return None if other is None else _There(self._prober, self._options, other)


def _proven(python_for: PythonFor, probe: Probe) -> PythonFor:
    if probe.outcome is Outcome.PASS:
        return replace(python_for, probe=probe.number)
    if probe.outcome is Outcome.FAIL:
        return replace(python_for, failing_probe=probe.number)
    return python_for


class _There:
    """Builds on another Python, told of as the run's own."""

    def __init__(self, prober: Prober, options: BuilderOptions, other: Interpreter) -> None:
        limits = prober.limits
        if limits.max_builds is not None:
            limits = replace(limits, max_builds=max(0, limits.max_builds - prober.builds))
        self.interpreter = other
        self._prober = prober
        self._builder = make_builder("local", replace(options, interpreter=other, own_cache=True))
        self._asked = Prober(
            prober.manifest, self._builder, prober.journal, prober.progress, limits, prober.checks
        )

    def expect(self, as_written: Inquiry) -> None:
        self._asked.expect([as_written])

    def answer(self, as_written: Inquiry) -> Probe:
        [probe] = self._asked.answer([as_written])
        self._prober.probes += self._asked.probes
        self._prober.builds += self._asked.builds
        return probe

    def close(self) -> None:
        self._builder.close()


def nearest(target: Interpreter, present: Iterable[Interpreter]) -> Sequence[Interpreter]:
    """Return the other Pythons, one of each minor version: the next older first, then newer."""
    by_minor: dict[tuple[int, ...], Interpreter] = {}
    for interpreter in sorted(
        present, key=lambda interpreter: Version(interpreter.version), reverse=True
    ):
        if interpreter.implementation == target.implementation:
            by_minor.setdefault(_minor(interpreter), interpreter)
    here = _minor(target)
    older = sorted((minor for minor in by_minor if minor < here), reverse=True)
    newer = sorted(minor for minor in by_minor if minor > here)
    return [by_minor[minor] for minor in (*older, *newer)]


def _minor(interpreter: Interpreter) -> tuple[int, ...]:
    return Version(interpreter.version).release[:2]


def _tell_failed(failed: Sequence[Interpreter]) -> str:
    if not failed:
        return ""
    names = listed([f"Python {other.version}" for other in failed])
    return f"As it is, the file does not pass on {names} either."

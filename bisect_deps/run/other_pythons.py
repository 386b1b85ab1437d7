"""Whether the file as written builds on another Python that is present: a build says so.

Asked of the Python that the file was made for, and of others where every way out is wanted. Must
not know what is at fault.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
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
            there = replace(options, interpreter=other, own_cache=True)
            probe = _ask(prober, there, as_written)
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


def try_made_for(
    prober: Prober, options: BuilderOptions, as_written: Inquiry, python_for: PythonFor
) -> PythonFor:
    """Build the file as written on the Python that it was made for, where that one is here."""
    other = interpreters.present(f"cpython{python_for.version}")
    if other is None:
        return python_for
    prober.progress.phase(f"Trying the file as it is on Python {other.version}")
    try:
        probe = _ask(prober, replace(options, interpreter=other, own_cache=True), as_written)
    except DepbisectError:
        return python_for
    if probe.outcome is Outcome.PASS:
        return replace(python_for, probe=probe.number)
    if probe.outcome is Outcome.FAIL:
        return replace(python_for, failing_probe=probe.number)
    return python_for


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


def _ask(prober: Prober, options: BuilderOptions, as_written: Inquiry) -> Probe:
    limits = prober.limits
    if limits.max_builds is not None:
        limits = replace(limits, max_builds=max(0, limits.max_builds - prober.builds))
    builder = make_builder("local", options)
    try:
        asked = Prober(
            prober.manifest, builder, prober.journal, prober.progress, limits, prober.checks
        )
        [probe] = asked.answer([as_written])
    finally:
        builder.close()
    prober.probes += asked.probes
    prober.builds += asked.builds
    return probe


def _tell_failed(failed: Sequence[Interpreter]) -> str:
    if not failed:
        return ""
    names = listed([f"Python {other.version}" for other in failed])
    return f"As it is, the file does not pass on {names} either."

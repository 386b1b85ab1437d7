"""Known vulnerabilities of pins, as pip-audit tells them: an optional extra, its words and ids.

The pins go to `pip-audit` in a file; it asks the advisory service that it is set up for, and
nothing is resolved or installed. Source: pip-audit, JSON format.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable, Mapping
from importlib.util import find_spec
from typing import Any, NamedTuple

from bisect_deps.errors import BuilderUnavailable, IndexUnavailable
from bisect_deps.lint.rules.base import Advisory
from bisect_deps.policy import POLICY
from bisect_deps.secret import redact
from bisect_deps.system.scratch import scratch

_OPTIONS = (
    "--no-deps",
    "--disable-pip",
    "--format",
    "json",
    "--progress-spinner",
    "off",
    "-o",
    "stdout",
)


class Audit(NamedTuple):
    """Advisories by name and version; the projects that the service does not know, and why."""

    advisories: Mapping[tuple[str, str], tuple[Advisory, ...]]
    skipped: Mapping[str, str]


def audit(pins: Iterable[tuple[str, str]]) -> Audit:
    """Return what is known against pins (normalised name, version).

    Raises BuilderUnavailable without pip-audit, IndexUnavailable where its service gives no answer.
    """
    wanted = sorted(set(pins))
    if not wanted:
        return Audit({}, {})
    if find_spec("pip_audit") is None:
        raise BuilderUnavailable(
            "pip-audit is not installed",
            hint="pip install depbisect[audit], or pip-audit beside it",
        )
    found = _read(_asked(wanted))
    if len(found.skipped) == len({name for name, _ in wanted}):
        raise IndexUnavailable("the service of pip-audit knows none of these pins")
    return found


def _asked(pins: Iterable[tuple[str, str]]) -> Any:
    with scratch() as folder:
        path = folder / "requirements.txt"
        path.write_text("".join(f"{name}=={version}\n" for name, version in pins))
        command = [sys.executable, "-m", "pip_audit", "-r", str(path), *_OPTIONS]
        try:
            answer = subprocess.run(
                command,
                capture_output=True,
                text=True,
                timeout=POLICY.audit_timeout,
                check=False,
                cwd=folder,
            )
        except (OSError, subprocess.SubprocessError) as error:
            raise IndexUnavailable(f"pip-audit could not run: {error}") from error
    try:
        return json.loads(answer.stdout)
    except ValueError as error:
        lines = answer.stderr.strip().splitlines()
        said = redact(lines[-1]) if lines else f"it ended with {answer.returncode}"
        raise IndexUnavailable(f"pip-audit gave no answer: {said}") from error


def _read(answer: Any) -> Audit:
    advisories: dict[tuple[str, str], tuple[Advisory, ...]] = {}
    skipped: dict[str, str] = {}
    for own in answer.get("dependencies", ()):
        if "skip_reason" in own:
            skipped[own["name"]] = own["skip_reason"]
        elif own.get("vulns"):
            advisories[own["name"], own["version"]] = tuple(map(_advisory, own["vulns"]))
    return Audit(advisories, skipped)


def _advisory(found: Mapping[str, Any]) -> Advisory:
    description = " ".join(str(found.get("description", "")).split())
    return Advisory(
        found["id"],
        tuple(found.get("aliases", ())),
        tuple(found.get("fix_versions", ())),
        description,
    )

"""Proof by one build: files, built as they would be written, and what their log says where not."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bisect_deps.builders import make_builder, options_for
from bisect_deps.builders.base import Builder, Order
from bisect_deps.errors import BuilderUnavailable
from bisect_deps.model import BuildStatus, IndexSettings, Interpreter, Requirement
from bisect_deps.policy import POLICY


@dataclass(frozen=True, slots=True)
class ProofBuild:
    """How a build ended: `failure` is its diagnosis in words, "" where it passed.

    `installed` maps names to versions, None where the builder cannot tell.
    """

    failure: str = ""
    seconds: float = 0.0
    installed: Mapping[str, str] | None = field(default=None, repr=False)


def prove(
    files: Mapping[str, bytes],
    *,
    folder: Path,
    cwd: Path,
    index: IndexSettings,
    requirements: Iterable[Requirement] = (),
    interpreter: Interpreter | None = None,
    label: str = "",
    checks: tuple[str, ...] = (),
    imports: bool = False,
) -> ProofBuild:
    """Build the first of `files`, which lie in `folder`, with uv in an environment of its own.

    Then it has to pass `checks`, and its imports where `imports` says so.
    `requirements` are the user's lines, for the diagnosis. Raises BuilderUnavailable where nothing
    can be built here.
    """
    chosen = {} if interpreter is None else {"interpreter": interpreter}
    options = options_for("local", {}, folder=folder, cwd=cwd, index=index, **chosen)
    builder = make_builder("local", options)
    try:
        if missing := builder.preflight():
            raise BuilderUnavailable(missing[0], hint="depbisect doctor says what to fix")
        order = Order(
            files,
            next(iter(files)),
            _digest(files),
            check=checks,
            imports=imports,
            label=label,
        )
        return _built(builder, order, tuple(requirements))
    finally:
        builder.close()


def _digest(files: Mapping[str, bytes]) -> str:
    digest = hashlib.sha256()
    for name, data in files.items():
        digest.update(name.encode() + b"\0" + data + b"\0")
    return digest.hexdigest()


def _built(builder: Builder, order: Order, requirements: tuple[Requirement, ...]) -> ProofBuild:
    started = time.monotonic()
    handle = builder.start(order)
    while not (status := builder.poll(handle)).is_final:
        time.sleep(POLICY.proving_look)
    seconds = time.monotonic() - started
    if status is BuildStatus.PASSED:
        installed = builder.installed(handle) if builder.describe().installed else None
        return ProofBuild("", seconds, installed)
    log, _ = builder.log(handle)
    return ProofBuild(_diagnosed(log, requirements), seconds)


def _diagnosed(log: str, requirements: tuple[Requirement, ...]) -> str:
    from bisect_deps.diagnosis import diagnose
    from bisect_deps.reports.diagnosis import to_text

    diagnosis = diagnose([log.encode()], requirements=list(requirements), exit_status=1)
    lines = [line for line in to_text(diagnosis, log="the build") if "next: " not in line]
    return "\n".join(lines)

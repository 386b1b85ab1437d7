"""Which reader opens a file: one of the formats, or the view of a lock."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path

from bisect_deps.formats import is_lock, parse_manifest
from bisect_deps.formats.base import LineKind, Manifest, Problem, ProblemKind
from bisect_deps.formats.requirements import RequirementsManifest


def open_manifest(
    data: bytes,
    path: Path,
    *,
    folder: Path,
    variables: Mapping[str, str] | None,
    read: Callable[[str], bytes],
    constraint: bool = False,
) -> Manifest:
    """Return the manifest of a root file; what is wrong is in its problems, for a lock too."""
    if is_lock(path):
        from bisect_deps.lint.locks import lock_manifest

        return lock_manifest(data, path)
    is_constraint = constraint or path.name.startswith("constraint")
    manifest = parse_manifest(
        data,
        path,
        folder=folder,
        variables=variables,
        constraint=is_constraint,
        read=read,
        judging=True,
    )
    if isinstance(manifest, RequirementsManifest) and manifest.documents[0].problems:
        return _of_its_kind(manifest)
    return manifest


def _of_its_kind(manifest: RequirementsManifest) -> RequirementsManifest:
    """Return the manifest; of a file of another kind, with one problem in place of many."""
    root = manifest.documents[0]
    invalid = [p for p in root.problems if p.kind is ProblemKind.INVALID_REQUIREMENT]
    said = [line for line in root.lines if line.kind is not LineKind.BLANK]
    kind = _kind_of(root.path, said[0].text if said else "")
    if not kind or 2 * len(invalid) < len(said):
        return manifest
    message = f"this is {kind} and no requirements file"
    hint = "give it the name that its own tools know it by, or name another file"
    number, span = said[0].number, said[0].span
    problem = Problem(ProblemKind.INVALID_FILE, root.path, number, message, hint, span, fatal=True)
    documents = (root._replace(problems=(problem,)), *manifest.documents[1:])
    return RequirementsManifest(
        manifest.path, documents, manifest.places, manifest.folder, manifest.variables
    )


# The ends of names, and the first lines, of what is handed over by mistake.
_KINDS = (
    (r"\.toml$", r"\[+[\w.\"' -]+\]+\s*(?:#.*)?$", "TOML"),
    (r"\.json$|\.ipynb$", r"[{\[]\s*(?:\"|$)", "JSON"),
    (r"\.ya?ml$", r"---|[\w-]+:(?:\s|$)", "YAML"),
    (r"\.html?$|\.xml$", r"(?i)<(?:!doctype|html|\?xml|head|body)", "a web page or XML"),
    (r"\.md$|\.rst$", r"\A(?!)", "a text for people"),
    (r"\.py$", r"(?:import|from|def|class)\s+\w+", "Python"),
)


def _kind_of(path: str, first: str) -> str:
    for name, start, kind in _KINDS:
        if re.search(name, path) or re.match(start, first):
            return kind
    return ""

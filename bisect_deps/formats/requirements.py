"""Requirements and constraints files with all that they include, as one manifest.

Reads what pip reads, renders what the user wrote. Every edit is checked: the edited file is read
again, and must declare what it declared before except for the edit.
"""

from __future__ import annotations

import os
import posixpath
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from bisect_deps.errors import InputError
from bisect_deps.formats._kinds import of_another_kind
from bisect_deps.formats._lines import read_document
from bisect_deps.formats._splice import (
    CONSTRAINTS_FILE,
    JOINING_FILE,
    Change,
    append,
    comment_out,
    continued,
    newline_of,
    remark,
    remark_at,
    repin,
    replace,
)
from bisect_deps.formats.base import (
    Document,
    Include,
    LineKind,
    LogicalLine,
    Parts,
    Problem,
    ProblemKind,
    render_with_comments,
    target_of,
)
from bisect_deps.system.files import OutsideProject, read_regular
from bisect_deps.text import escaped

if TYPE_CHECKING:
    from bisect_deps.model import Edit, FixEdit, Requirement

# What uv reads otherwise in the name of an included file, in quotes or not (0.13).
_UNREADABLE = re.compile(r"[#\"\\]|\$\{")
# Deeper than anybody includes by hand, and well within the interpreter's own limit.
_MAX_DEPTH = 200


class RequirementsManifest:
    """A requirements file and its includes, or several that one joining document includes.

    Lines are added to the last of the `named` files.
    """

    def __init__(
        self,
        path: Path,
        documents: tuple[Document, ...],
        places: tuple[tuple[Document, LogicalLine], ...],
        folder: Path,
        variables: Mapping[str, str],
        named: tuple[str, ...] = (),
    ) -> None:
        self.path = path
        self.documents = documents
        self.named = named or (documents[0].path,)
        self.places = places
        self.folder = folder
        self.variables = variables

    @cached_property
    def requirements(self) -> tuple[Requirement, ...]:
        """Every requirement, `number` being the index."""
        from bisect_deps.formats._requirement import requirement_of

        return tuple(
            requirement_of(number, line, line.parts or Parts(), document)
            for number, (document, line) in enumerate(self.places)
        )

    @property
    def files(self) -> Mapping[str, bytes]:
        """The original bytes, the root file first."""
        return {document.path: document.data for document in self.documents}

    @property
    def problems(self) -> Sequence[Problem]:
        """What all documents report."""
        return tuple(problem for document in self.documents for problem in document.problems)

    def as_its_kind(self) -> RequirementsManifest:
        """Return it; a file of another kind without lines, and with that as its one problem."""
        root = self.documents[0]
        problem = of_another_kind(root) if root.problems else None
        if problem is None:
            return self
        documents = (root._replace(problems=(problem,), lines=()), *self.documents[1:])
        places = tuple(place for place in self.places if place[0] is not root)
        return RequirementsManifest(self.path, documents, places, self.folder, self.variables)

    @property
    def is_judged(self) -> bool:
        """Say that the file itself is a list of requirements."""
        return True

    def named_as(self, path: Path, named: tuple[str, ...]) -> RequirementsManifest:
        """Return the same manifest as that of several `named` files, at home beside `path`."""
        return RequirementsManifest(
            path, self.documents, self.places, self.folder, self.variables, named
        )

    def line_of(self, requirement: Requirement) -> LogicalLine:
        """Return the logical line that a requirement stands on."""
        return self.places[requirement.number][1]

    def render(self, edits: Iterable[Edit] = ()) -> Mapping[str, bytes]:
        """Return the files with the edits made; each edited file is read again and compared."""
        return render_with_comments(self._rendered, edits)

    def _rendered(self, edits: tuple[Edit, ...]) -> Mapping[str, bytes]:
        files = dict(self.files)
        for document in self.documents:
            changes = self._changes(document, edits)
            if changes:
                files[document.path] = document.splice(changes)
                self._check(document, files[document.path], edits)
        if self._includes_anew(edits):
            files[self._constraints] = self._new_constraints(edits)
        return files

    def describe(self, edits: Iterable[Edit]) -> Sequence[FixEdit]:
        """Return the edits as the report shows them."""
        from bisect_deps.formats._requirement import described_edit
        from bisect_deps.model import FixEdit

        described = []
        edits = tuple(edits)
        last = {document.path: len(document.physical) for document in self.documents}
        for edit in edits:
            if _is_add(edit):
                file = self._constraints if edit.constraint else self.named[-1]
                last[file] = last.get(file, 0) + 1
                described.append(FixEdit(file, last[file], edit.name, None, edit.to, edit.action))
                last[file] += len(edit.hashes)
                continue
            described.append(described_edit(target_of(self, edit), edit))
        return described

    @property
    def _constraints(self) -> str:
        """Return the key of the file for added constraints, beside the file that includes it."""
        return posixpath.join(posixpath.dirname(self.named[-1]), CONSTRAINTS_FILE)

    def _changes(self, document: Document, edits: tuple[Edit, ...]) -> list[Change]:
        from bisect_deps.model import EditAction

        changes: list[Change] = []
        for edit in edits:
            if _is_add(edit) or target_of(self, edit).file != document.path:
                continue
            line = self.line_of(target_of(self, edit))
            if edit.action is EditAction.DROP:
                changes += comment_out(document, line)
            elif edit.action is EditAction.REPLACE:
                changes += replace(document, line, edit.to or "", edit.hashes)
            else:
                changes += repin(document, line, edit.to or "", edit.hashes)
            if edit.comment:
                changes.append(remark_at(document, line.last, edit.comment))
        return changes + append(document, self._added(document, edits))

    def _added(self, document: Document, edits: tuple[Edit, ...]) -> list[str]:
        """Return the lines to append to one file."""
        is_last = document.path == self.named[-1]
        is_own = document.path == self._constraints
        lines = [
            _line(edit, document)
            for edit in edits
            if _is_add(edit) and (is_own if edit.constraint else is_last)
        ]
        if is_last and self._includes_anew(edits):
            lines.append(f"-c {CONSTRAINTS_FILE}")
        return lines

    def _includes_anew(self, edits: tuple[Edit, ...]) -> bool:
        is_known = any(document.path == self._constraints for document in self.documents)
        return not is_known and any(_is_add(edit) and edit.constraint for edit in edits)

    def _new_constraints(self, edits: tuple[Edit, ...]) -> bytes:
        beside = self.path.parent / self._constraints
        if beside.exists():
            raise InputError(
                "the file for added constraints exists already and is not included",
                place=str(beside),
                hint="move it away, or include it with -c",
            )
        root = self.documents[0]
        lines = [_line(edit, root) for edit in edits if _is_add(edit) and edit.constraint]
        newline = newline_of(root)
        return "".join(f"{line}{newline}" for line in lines).encode()

    def _check(self, document: Document, data: bytes, edits: tuple[Edit, ...]) -> None:
        again = self._read(data, document.path)
        expected = self._expected(document, edits)
        if _declared_by(again.lines) != expected or again.encoding != document.encoding:
            raise InputError(
                "this edit would change more than its own line",
                place=document.path,
                hint="write each requirement on a plain line of its own",
            )

    def _expected(self, document: Document, edits: tuple[Edit, ...]) -> list[object]:
        from bisect_deps.formats._requirement import comparable
        from bisect_deps.model import EditAction

        by_line = {
            target_of(self, edit).line: edit
            for edit in edits
            if not _is_add(edit) and target_of(self, edit).file == document.path
        }
        expected: list[object] = []
        for line in document.lines:
            edit = by_line.get(line.number)
            if edit is None:
                expected += _declared_by([line])
            elif edit.action is EditAction.REPIN and line.parts is not None:
                parts = line.parts._replace(specifier=edit.to or "", hashes=edit.hashes)
                expected.append(comparable(parts))
            elif edit.action is EditAction.REPLACE and line.parts is not None:
                expected.append(comparable(self._replacing(edit, line.parts)))
        added = "\n".join(self._added(document, edits)).encode()
        return expected + _declared_by(self._read(added, document.path).lines)

    def _replacing(self, edit: Edit, before: Parts) -> Parts:
        """Return what stands in place of a requirement: its options stay, but for hashes."""
        lines = self._read((edit.to or "").encode(), "").lines
        parts = lines[0].parts if len(lines) == 1 else None
        is_bare = not (lines and (lines[0].options or lines[0].comment))
        if parts is None or lines[0].kind is not LineKind.REQUIREMENT or not is_bare:
            place = target_of(self, edit).file
            raise InputError(f"{escaped(edit.to or '')!r} is no requirement", place=place)
        return parts._replace(hashes=edit.hashes, config_settings=before.config_settings)

    def _read(self, data: bytes, path: str) -> Document:
        return read_document(data, path, self.folder, self.variables)


def parse(
    data: bytes,
    path: Path,
    *,
    folder: Path | None = None,
    variables: Mapping[str, str] | None = None,
    constraint: bool = False,
    read: Callable[[str], bytes] | None = None,
) -> RequirementsManifest:
    """Read a requirements file and all that it includes; what is wrong is in `problems`.

    `data` are the root file's bytes, `path` its place, from which includes are found. `folder` is
    pip's working directory (default: the process's), `variables` the environment for `${NAME}`,
    `read` how included files are read by absolute path (default: from the disk).
    Never raises for what a file says.
    """
    loader = _Loader(
        path.absolute().parent,
        folder or Path.cwd(),
        os.environ if variables is None else variables,
        read or _from_disk,
    )
    loader.load(os.path.abspath(path), data, constraint=constraint, stack=())
    return loader.manifest(path)


def parse_several(
    files: Sequence[Path],
    path: Path,
    *,
    folder: Path | None = None,
    variables: Mapping[str, str] | None = None,
    read: Callable[[str], bytes] | None = None,
) -> RequirementsManifest:
    """Read requirements files that are installed together, in order, as one manifest.

    `path` is the one in whose folder the run is at home; the rest is as in `parse`. Raises
    InputError for a name that no requirements file can include.
    """
    home = path.absolute().parent
    keys = [os.path.relpath(file, home).replace(os.sep, "/") for file in files]
    joined = "".join(f"-r {_as_option(key)}\n" for key in keys).encode()
    manifest = parse(joined, home / JOINING_FILE, folder=folder, variables=variables, read=read)
    root = manifest.documents[0]
    named = tuple(line.include.target or "" for line in root.lines if line.include is not None)
    for file, key in zip(files, keys, strict=True):
        if key not in named or _UNREADABLE.search(key):
            raise InputError(
                "a file with this name cannot be read together with others",
                place=str(file),
                hint="give it a plain name, or one file alone",
            )
    return manifest.named_as(path, named)


def _as_option(key: str) -> str:
    """Write a path as pip and uv both read it; one that starts with a dash is no option then."""
    key = f"./{key}" if key.startswith("-") else key
    return f'"{key}"' if re.search(r"[\s']", key) else key


class _Loader:
    """Follows includes depth first, as pip does, reading each file once.

    `places` are the requirements in pip's order: the absolute path of the file, and the line.
    """

    def __init__(
        self,
        root: Path,
        folder: Path,
        variables: Mapping[str, str],
        read: Callable[[str], bytes],
    ) -> None:
        self.root = root
        self.folder = folder
        self.variables = variables
        self.read = read
        self.documents: dict[str, Document] = {}
        self.order: list[str] = []
        self.places: list[tuple[str, LogicalLine]] = []
        self.constraining: set[str] = set()

    def manifest(self, path: Path) -> RequirementsManifest:
        """Return what was loaded, for a root file that the user named `path`."""
        documents = tuple(self.documents[key] for key in self.order)
        places = tuple((self.documents[key], line) for key, line in self.places)
        return RequirementsManifest(path, documents, places, self.folder, self.variables)

    def load(self, path: str, data: bytes, *, constraint: bool, stack: tuple[str, ...]) -> None:
        """Read one file and what it includes, adding its requirements in pip's order."""
        key = os.path.relpath(path, self.root).replace(os.sep, "/")
        document = read_document(data, key, self.folder, self.variables)
        document = document._replace(constraint=constraint)
        self.documents[path] = document
        self.order.append(path)
        lines, problems = [], list(document.problems)
        for line in document.lines:
            if line.include is not None and line.kind is LineKind.INCLUDE:
                written = document.slice(line.include.span)
                include, problem = self._follow(line.include, written, (*stack, path))
                line = line._replace(include=include)  # noqa: PLW2901
                if problem:
                    problems.append(problem._replace(file=key, line=line.number))
            elif line.kind is LineKind.REQUIREMENT and line.parts is not None:
                self.places.append((path, line))
            lines.append(line)
        problems.sort(key=lambda problem: problem.line)
        self.documents[path] = self.documents[path]._replace(
            lines=tuple(lines), problems=tuple(problems)
        )
        if constraint:
            self._constrains(path)

    def _follow(
        self, include: Include, written: str, stack: tuple[str, ...]
    ) -> tuple[Include, Problem | None]:
        if re.match(r"https?:", include.path, re.IGNORECASE):
            message = "a file included by URL is not read here: only the installer will see it"
            return include, _include_problem(
                include, message, "keep a copy beside this file", ProblemKind.REMOTE_INCLUDE
            )
        try:
            named = _local(include.path)
        except ValueError as error:
            return include, _include_problem(include, f"not a valid URL: {error}", "")
        target = os.path.abspath(os.path.join(os.path.dirname(stack[-1]), named))
        if target in stack:
            message = f"{written} includes a file that includes this one"
            return include, _include_problem(include, message, "break the circle")
        if len(stack) > _MAX_DEPTH:
            return include, _include_problem(include, "includes are nested too deeply", "")
        if target not in self.documents:
            try:
                data = self.read(target)
            except (OSError, ValueError) as error:
                return include, _not_read(include, written, error)
            self.load(target, data, constraint=include.constraint, stack=stack)
        elif include.constraint:
            self._constrains(target)
        else:
            # A file read as constraints is included as requirements too.
            self.documents[target] = self.documents[target]._replace(constraint=False)
        return include._replace(target=self.documents[target].path), None

    def _constrains(self, path: str) -> None:
        """Report what no constraints file may hold, once for each file read as one."""
        if path in self.constraining:
            return
        self.constraining.add(path)
        document = self.documents[path]
        problems = list(document.problems)
        for line in document.lines:
            if line.kind is LineKind.REQUIREMENT and line.parts is not None:
                problem = _bad_constraint(line, line.parts)
                if problem is not None:
                    problems.append(problem._replace(file=document.path, line=line.number))
        problems.sort(key=lambda problem: problem.line)
        self.documents[path] = document._replace(problems=tuple(problems))


def _from_disk(path: str) -> bytes:
    return read_regular(path)


def _local(path: str) -> str:
    if path.lower().startswith("file:"):
        import urllib.request  # brings in the whole HTTP client, and few files need it

        return urllib.request.url2pathname(urllib.parse.urlsplit(path).path)
    return path


def _include_problem(
    include: Include, message: str, hint: str, kind: ProblemKind = ProblemKind.BAD_INCLUDE
) -> Problem:
    fatal = kind is ProblemKind.BAD_INCLUDE
    return Problem(kind, "", 0, escaped(message), hint, include.span, fatal=fatal)


def _not_read(include: Include, written: str, error: OSError | ValueError) -> Problem:
    if isinstance(error, OutsideProject):
        message = f"{written} leads out of the project: it is not read here"
        hint = "keep a copy in the project, or name the file itself on the command line"
        return _include_problem(include, message, hint, ProblemKind.REMOTE_INCLUDE)
    reason = error.strerror if isinstance(error, OSError) else str(error)
    hint = "a path is relative to the file that names it"
    return _include_problem(include, f"{written} cannot be read: {reason}", hint)


def _bad_constraint(line: LogicalLine, parts: Parts) -> Problem | None:
    kind, span = ProblemKind.BAD_CONSTRAINT, line.body
    if parts.editable:
        message = "pip rejects -e in a constraints file"
        return Problem(kind, "", 0, message, "move it to a requirements file", span, fatal=True)
    if not parts.name:
        message = "a constraint needs a name: pip's resolver rejects this line"
        return Problem(kind, "", 0, message, "write `name @ URL`", span)
    if parts.extras:
        message = "a constraint cannot have extras: pip's resolver rejects this line"
        return Problem(kind, "", 0, message, "take the extras off", span)
    return None


def _is_add(edit: Edit) -> bool:
    from bisect_deps.model import EditAction

    return edit.action is EditAction.ADD


def _line(edit: Edit, document: Document) -> str:
    comment = f"  {remark(document, edit.comment)}" if edit.comment else ""
    return f"{edit.name}{edit.to or ''}{continued(document, edit.hashes)}{comment}"


def _declared_by(lines: Iterable[LogicalLine]) -> list[object]:
    """Return what lines declare in a form that compares: requirements, includes, options."""
    from bisect_deps.formats._requirement import comparable

    declared: list[object] = []
    for line in lines:
        if line.kind is LineKind.REQUIREMENT and line.parts is not None:
            declared.append(comparable(line.parts))
        elif line.include is not None:
            declared.append((line.include.path, line.include.constraint))
        elif line.kind is not LineKind.BLANK:
            declared.append(line.text)
    return declared

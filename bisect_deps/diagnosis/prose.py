"""Reads a resolver's explanation: who asks for what, and which of it the user asked for.

pip, pip-tools, uv, poetry, pdm and conda each have their own sentences; all come down to edges
`parent depends on wanted` and to wishes of the user. Knows no requirements file.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from bisect_deps.diagnosis.facts import Project, project_of

_N = r"[A-Za-z][\w.-]{0,100}(?:\[[^\]]{0,80}\])?"
# The first letter of a word only: tried at each, a long word costs a hundred times as much.
_WORD = rf"(?<![A-Za-z])(?<![A-Za-z][\w.-]){_N}"
_SPEC = r"(?:[<>=!~]=?=?[^\s,`)]{1,60}(?:,[<>=!~]=?[^\s,`)]{1,60}){0,8})"
_PIP_EDGE = re.compile(rf"^\s+({_N}) (\d[\w.+!-]{{0,60}}) depends on ({_N}.{{0,200}})$")
_PIP_WISH = re.compile(rf"^\s+The user requested (\(constraint\) )?({_N}.{{0,200}})$")
_PIP_HEAD = re.compile(r"Cannot install (.{1,2000}?) because th")
_PIP_LINE = re.compile(r"-r \S{1,100} \(line (\d{1,6})\)")
_UV_WISH = re.compile(
    rf"(?:you require|your (?:project|workspace|script) (?:requires|depends on)) `?({_N}{_SPEC}?)"
)
_UV_EDGE = re.compile(rf"({_WORD}{_SPEC}?)`? depends on `?({_N}{_SPEC}?)")
# `all versions of lib depend on core<2`, too: uv's words where the index has but one release.
_UV_ASKING = re.compile(rf"({_WORD}{_SPEC}?)`? depends? on `?({_N}{_SPEC}?)")
_UV_LIST = re.compile(
    r"(?:you require|your project depends on) ([^,]{1,200}?(?:,[<>=!~][^ ]{1,60}){0,6}),? we can"
)
_UV_ITEM = re.compile(rf"^`?({_N}{_SPEC}?)`?,?$")
_POETRY_EDGE = re.compile(
    rf"({_WORD})(?: \(([^)]{{1,80}})\))? (?:which )?depends on (?:both )?({_N})(?: \(([^)]{{1,120}})\))?"
)
_POETRY_BOTH = re.compile(
    rf"depends on both ({_N})(?: \(([^)]{{1,120}})\))? and ({_N})(?: \(([^)]{{1,120}})\))?"
)
_POETRY_ROOT = re.compile(
    rf"(?:So, because|Because) (?:no versions of .{{1,200}} and )?({_N}) depends on"
)
_POETRY_FINAL = re.compile(rf"[Ss]o,? because ({_N}) depends on")
_FROM_EDGE = re.compile(
    rf"^\s*({_N}{_SPEC}?)(?: from \S{{1,600}})? \(from ([^()]{{1,200}}(?:\(line \d{{1,6}}\))?)\)"
)
_PDM_EDGE = re.compile(
    rf"^\s*({_N}\s?{_SPEC}?) \(from (?:<Candidate )?({_N})[ @=]{{0,2}}([\w.]{{0,40}})"
)
_PDM_INFORMATION = re.compile(
    rf"Requirement\(name='({_N})'[^()]{{0,200}}(?:\([^()]{{0,200}}\)[^()]{{0,200}}){{0,3}}\), parent=(?:<Candidate ({_N})[@ ]([\w.]{{0,40}}))?"
)
_CONDA_NEED = re.compile(rf"package ({_N})-(\d[\w.]{{0,40}})-\S{{1,60}} requires ({_N})")
_CONDA_ITEM = re.compile(rf"(?:[├└]─|\|--) ({_N}) (\S{{1,60}})")
_CONDA_WANTED = re.compile(rf"nothing provides requested ({_N}) ?(\S{{0,60}})")
_BULLET = re.compile(rf"^\s{{2,8}}- (?:\S{{1,80}}::)?({_N})(=?=?[^\s=]{{1,40}})?$")
_HASHES = re.compile(
    rf"^\s{{2,8}}({_N}(?:=={{1,2}}[^\s:]{{1,60}})?)(?: from \S{{1,600}}| --hash=\S{{1,200}})"
)


@dataclass(slots=True)
class Story:
    """What an explanation says: the user's own wishes, and who depends on what.

    `wishes` and `parents` are in the order told, without repeats; `wanted` are the projects that
    somebody depends on; `file_lines` the lines of the requirements file that stand for names.
    """

    wishes: list[Project] = field(default_factory=list)
    constraints: list[Project] = field(default_factory=list)
    parents: list[Project] = field(default_factory=list)
    wanted: list[Project] = field(default_factory=list)
    file_lines: list[int] = field(default_factory=list)
    root: str = ""


def read(lines: Iterable[tuple[int, str]]) -> Story:
    """Return what the lines of an explanation tell."""
    texts = [text for _, text in lines]
    story = Story()
    _pip(texts, story)
    _listed(texts, story)
    joined = _joined(texts)
    if "version solving failed" in joined or (
        "Because" in joined and " (" in joined and "we can" not in joined
    ):
        _poetry(joined, story)
    _uv(joined, story)
    return story


def edges(line: str) -> list[tuple[str, str]]:
    """Return who depends on what in one line of pip's or uv's explanation, as requirements."""
    if edge := _PIP_EDGE.match(f" {line}"):
        return [(f"{edge[1]}=={edge[2]}", edge[3].replace(" and ", ","))]
    return uv_edges(line)


def uv_edges(log: str) -> list[tuple[str, str]]:
    """Return who depends on what in uv's explanation: (`tensorflow==2.16.1`, `absl-py>=1.0.0`)."""
    return [(edge[1], edge[2]) for edge in _UV_ASKING.finditer(" ".join(log.split()))]


def _add(found: list[Project], project: Project | None) -> None:
    if project is None:
        return
    for index, known in enumerate(found):
        if known.key == project.key:
            if project.version and not known.version:
                found[index] = project
            return
    found.append(project)


def _pip(texts: list[str], story: Story) -> None:
    for text in texts:
        if head := _PIP_HEAD.search(text):
            story.file_lines.extend(int(number) for number in _PIP_LINE.findall(head.group(1)))
            for part in re.split(r", | and ", head.group(1)):
                if not part.startswith("-r ") and part[:1].isalnum():
                    _add(story.wishes, project_of(part))
        elif wish := _PIP_WISH.match(text):
            _add(story.constraints if wish.group(1) else story.wishes, project_of(wish.group(2)))
        elif edge := _PIP_EDGE.match(text):
            name, version, wanted = edge.groups()
            bare = name.partition("[")[0]
            _add(story.parents, Project(bare, version, f"{name}=={version}"))
            _add(story.wanted, project_of(wanted))


def _listed(texts: list[str], story: Story) -> None:
    """Read the lists of pip-tools (`x (from y->-r file (line 1))`), pdm and the hash checks."""
    missing = any("NotFound" in text or "found to be in conflict" in text for text in texts)
    for text in texts:
        if missing and (match := _BULLET.match(text)):
            version = (match.group(2) or "").lstrip("=") or None
            _add(story.wishes, Project(match.group(1), version))
        elif match := _FROM_EDGE.match(text):
            wanted, chain = match.groups()
            steps = chain.split("->")
            if steps[0].startswith("-r") or steps[0] == "project":
                _add(story.wishes, project_of(wanted))
            else:
                _add(story.wanted, project_of(wanted))
                owner = steps[-2] if steps[-1].startswith("-r") else steps[0]
                _add(story.wishes if steps[-1].startswith("-r") else story.parents, _at(owner))
        elif "RequirementInformation" in text:
            for name, parent, version in _PDM_INFORMATION.findall(text):
                if name != "python":  # the interpreter is no project
                    _add(story.wishes if not parent else story.wanted, Project(name))
                _add(story.parents, Project(parent, version or None) if parent else None)
        elif match := _HASHES.match(text):
            _add(story.wishes, project_of(match.group(1)))
        elif match := _CONDA_NEED.search(text):
            _add(story.parents, Project(match.group(1), match.group(2)))
            _add(story.wanted, Project(match.group(3)))
        elif match := _CONDA_WANTED.search(text):
            _add(story.wishes, Project(match.group(1), match.group(2).lstrip("=") or None))
        elif match := _CONDA_ITEM.search(text):
            name, spec = match.group(1), match.group(2).strip("=*")
            _add(story.parents, Project(name, _exact(spec), _spelled(name, spec)))


def _at(text: str) -> Project | None:
    """Return the project of `flask@2.0.1`, `<Candidate flask 2.0.1>` or `flask==2.0.1`."""
    cleaned = text.strip().removeprefix("<Candidate ").rstrip(">").replace("@", "==")
    return project_of(re.sub(r"^(\S+) (\d)", r"\1==\2", cleaned))


def _joined(texts: list[str]) -> str:
    """Return the sentences as one line: wrapped lines joined, frames and bullets removed."""
    parts = (text.strip().lstrip("│├╰─▶×→ ").strip() for text in texts)
    return " ".join(part for part in parts if part)[:64_000]


def _uv(joined: str, story: Story) -> None:
    for match in _UV_WISH.finditer(joined):
        _add(story.wishes, project_of(match.group(1)))
    for match in _UV_LIST.finditer(joined):
        for part in match.group(1).split(" and "):
            if item := _UV_ITEM.match(part.strip()):
                _add(story.wishes, project_of(item.group(1)))
    for match in _UV_EDGE.finditer(joined):
        parent, wanted = project_of(match.group(1)), project_of(match.group(2))
        if parent and parent.key not in ("project", "and", "which", "or", story.root):
            _add(story.parents, parent)
        _add(story.wanted, wanted)


def _poetry(joined: str, story: Story) -> None:
    final = _POETRY_FINAL.search(joined) or _POETRY_ROOT.search(joined)
    root = final.group(1).lower() if final else ""
    story.root = root
    for match in _POETRY_EDGE.finditer(joined):
        parent, version, wanted, spec = match.groups()
        child = Project(wanted, _exact(spec), _spelled(wanted, spec))
        if parent.lower() == root:
            _add(story.wishes, child)
        elif parent not in ("which", "and"):
            _add(story.parents, Project(parent, _exact(version), _spelled(parent, version)))
            _add(story.wanted, child)
    for match in _POETRY_BOTH.finditer(joined):
        name, spec = match.group(3), match.group(4)
        _add(story.wishes, Project(name, _exact(spec), _spelled(name, spec)))


def _exact(spec: str | None) -> str | None:
    return spec if spec and spec[0].isdigit() and "," not in spec else None


def _spelled(name: str, spec: str | None) -> str:
    exact = _exact(spec)
    return f"{name}=={exact}" if exact else f"{name}{spec or ''}"

"""pip: what it collects, which step it runs, the blocks it quotes, and the pip inside of it."""

from __future__ import annotations

import re
from dataclasses import replace

from bisect_deps.diagnosis.announcements import (
    ARCHIVE,
    ARROW_NAMES,
    BLOCK_END,
    COMMAND_FAILED,
    EGG_INFO,
    FILE_LINE,
    FROM_CHAIN,
    HEADLINE,
    HOOK_FRAME,
    NOT_THERE,
    STAGE,
    STEP,
    direct_reference,
    how_ended,
    phase_of_command,
    phase_of_headline,
    project_at,
    project_in,
)
from bisect_deps.diagnosis.facts import Episode, Project, project_of
from bisect_deps.diagnosis.lines import Line
from bisect_deps.diagnosis.steps import MOST_COLLECTED, Handler, Steps
from bisect_deps.model import Phase

MOST_WORDS = 400
_ERRORED_OUT = re.compile(r"Command errored out with exit status -?\d{1,5}:$")
_WORD = re.compile(r"(?<![\w./-])[A-Za-z][\w-]{2,40}(?![\w./-])")


def in_block(steps: Steps, line: Line, text: str, bare: str) -> bool:
    """Take a line of what a build script wrote; say whether it is one."""
    indent = len(text) - len(text.lstrip())
    if bare.endswith(("-", "]")) and BLOCK_END.match(text):
        steps.block = None
        steps.tracebacks.reset()
        return True
    if steps.block is not None and indent < steps.block:
        steps.block = None
        return False
    if steps.episode is not None:
        if steps.episode.project is None:
            _name_by_output(steps, bare)
        if "build_" in bare and (hook := HOOK_FRAME.search(bare)):
            steps.hook(hook)
        if steps.episode.build_requires:
            _inner(steps, line, bare)
    return True


def _name_by_output(steps: Steps, bare: str) -> None:
    """Take the name from what the build writes, for a tool that names nothing."""
    if egg := EGG_INFO.search(bare):
        steps.rename(egg["name"] or egg["said"])
    elif unpacked := project_in(bare):
        steps.take_name(unpacked)
    elif steps.episode is not None and len(steps.episode.words) < MOST_WORDS:
        steps.episode.words.update(word.lower() for word in _WORD.findall(bare))


def _inner(steps: Steps, line: Line, bare: str) -> None:
    """Follow the installer that runs inside the installer, for the build requirements."""
    if steps.episode is None:
        return
    for prefix in ("Collecting ", "Processing "):
        if bare.startswith(prefix):
            rest = bare.removeprefix(prefix)
            named = direct_reference(rest, (), None, False) or project_of(rest)
            steps.episode.inner = named or steps.episode.inner
    if step := STEP.match(bare):
        _name_inner(steps, step["name"])
    if names := ARROW_NAMES.match(bare):
        _name_inner(steps, names["names"].partition(",")[0])
    if wanted := NOT_THERE.search(bare):
        _name_inner(steps, wanted["name"])


def _name_inner(steps: Steps, name: str) -> None:
    inner = steps.episode.inner if steps.episode else None
    if steps.episode and (inner is None or inner.key != Project(name).key):
        steps.episode.inner = Project(name)


def _failed_list(steps: Steps, line: Line, text: str, bare: str) -> None:
    """Take pip's summary, `Failed to build one two`, where it names what it collected."""
    names = bare.removeprefix("Failed to build ").split()
    if bare.startswith("Failed to build ") and all(
        Project(name).key in steps.collected for name in names
    ):
        steps.name_all(",".join(names), line.number)


def _collecting(steps: Steps, line: Line, text: str, bare: str) -> None:
    rest = bare.split(" ", 1)[1] if " " in bare else ""
    if rest.startswith("package metadata"):
        return
    of_setuptools = rest.startswith("dependencies for ")  # said of what it installed
    rest = rest.removeprefix("dependencies for ")
    indent = len(text) - len(text.lstrip())
    inside = steps.episode is not None and (indent >= 2 or steps.episode.tool == "build")
    if inside and steps.episode and steps.episode.build_requires and not steps.episode.done:
        steps.episode.inner = project_of(rest) or steps.episode.inner
        return
    chain: tuple[str, ...] = ()
    at = None
    rooted = False
    if match := FROM_CHAIN.search(rest):
        rest = rest[: match.start()]
        links = match["chain"].split("->")
        if file := FILE_LINE.search(links[-1]):
            at, rooted = int(file["line"]), True
            links = links[:-1]
        chain = tuple(reversed(links))
    project = direct_reference(rest, chain, at, rooted) or project_of(
        rest.partition(" from ")[0], chain=chain, line=at, rooted=rooted
    )
    if project is None:
        return
    steps.current = project
    phase = Phase.RESOLVE if of_setuptools else Phase.DOWNLOAD
    tool = "setuptools" if of_setuptools else ""
    steps.episode = Episode(project, phase, line.number, tool=tool)
    steps.in_uv = steps.installed = False
    steps.tracebacks.reset()
    steps.progress = line.number
    steps.collected[project.key] = project
    if len(steps.collected) > MOST_COLLECTED:
        steps.collected.popitem(last=False)


def _walking(steps: Steps, line: Line, text: str, bare: str) -> None:
    """Take a resolver's word that it goes through the releases of a project."""
    steps.walks.take(line.number, bare)


def _downloading(steps: Steps, line: Line, text: str, bare: str) -> None:
    steps.reached = steps.reached or bare.startswith("Downloading ")
    steps.walks.take(line.number, bare)
    match = ARCHIVE.search(bare)
    nested = steps.episode is not None and steps.episode.build_requires and not steps.episode.done
    known = steps.collected.get(Project(match["name"]).key) if match and not nested else None
    if match and known:
        _take_release(steps, known, match["version"], line.number)
    if steps.episode is None or not steps.episode.failed:
        steps.progress = line.number


def _take_release(steps: Steps, known: Project, version: str, number: int) -> None:
    """Take the release of a collected project whose sources are fetched.

    One of those after the first is a step of its own: pip says `Collecting` only once for a project.
    """
    steps.current = steps.collected[known.key] = replace(known, version=version)
    working = steps.episode.project if steps.episode else None
    if known.version not in (None, version) or working is None or working.key != known.key:
        steps.episode = Episode(steps.current, Phase.DOWNLOAD, number)
    elif steps.episode is not None:
        steps.episode.project = steps.current


def _stage(steps: Steps, line: Line, text: str, bare: str) -> None:
    if not STAGE.match(bare):
        return
    indent = len(text) - len(text.lstrip())
    build_requires = "build dependencies" in bare or "backend dependencies" in bare
    if steps.episode and steps.episode.build_requires and not build_requires and indent >= 4:
        return
    ended = how_ended(bare)
    phase = Phase.BUILD if build_requires else Phase.METADATA
    started = steps.episode is not None and steps.episode.started == bare.partition(":")[0]
    if ended is False and steps.episode is not None and steps.episode.started == "headline":
        started = steps.episode.project == steps.current  # its complaints came before its answer
    if ended is None or not started:
        steps.open(steps.current, phase, line.number).build_requires = build_requires
        if steps.episode is not None:
            steps.episode.started = bare.partition(":")[0]
    steps.end(ended)


def _step(steps: Steps, line: Line, text: str, bare: str) -> None:
    match = STEP.match(bare)
    if not match:
        if bare.startswith("Building wheels for collected packages"):
            steps.walks.end()
            steps.episode = None
        elif bare.startswith("Running command git clone ") and steps.current is None:
            steps.current = _cloned(bare)
        elif bare.startswith(("Running setup.py (path:", "Running setup.py egg_info for ")):
            steps.open(steps.current, Phase.METADATA, line.number)
        return
    name = match["name"]
    install = match["command"] in ("install", "develop")
    if match["command"] == "clean":
        return
    phase = Phase.INSTALL if install else Phase.BUILD
    ended = how_ended(bare)
    key = Project(name).key
    if (
        ended is None
        or steps.episode is None
        or steps.episode.project is None
        or (steps.episode.project.key != key or steps.episode.phase is not phase)
    ):
        steps.open(steps.collected.get(key, Project(name)), phase, line.number).started = name
    steps.end(ended)
    if install and ended is True:
        for hit in steps.hits:
            past = hit.episode
            if past and past.project and past.project.key == key:
                past.done = True


def _cloned(bare: str) -> Project | None:
    """Return the project of the repository that a clone's command names."""
    address = next((word for word in bare.split() if "://" in word), "")
    return direct_reference(address, (), None, False) if address else None


def _installing(steps: Steps, line: Line, text: str, bare: str) -> None:
    if bare.startswith(("Installing build dependencies", "Installing backend dependencies")):
        _stage(steps, line, text, bare)
    elif bare.startswith("Installing collected packages"):
        steps.walks.end()
        steps.episode = None
        steps.current = None
        steps.progress = line.number
        steps.open(None, Phase.INSTALL, line.number)


def explain(steps: Steps, line: Line, text: str, bare: str) -> None:
    """Take the name that a path or the arrow under a headline gives."""
    if "Command " in bare:
        if command := COMMAND_FAILED.search(bare):
            _command_failed(steps, line, command)
        elif _ERRORED_OUT.search(bare) and (
            steps.episode is None or steps.episode.started in ("", "command")
        ):
            steps.open(steps.current, Phase.METADATA, line.number)
    elif bare.startswith("command: ") and steps.episode and not steps.episode.started:
        if (phase := phase_of_command(bare)) is not None:
            steps.episode.phase, steps.episode.started = phase, "command"
    elif "cwd:" in bare and (unpacked := project_in(f"{bare}/")):
        if steps.episode is None:
            steps.current = unpacked  # the block below is about it
        steps.take_name(unpacked)
    if steps.arrow and (names := ARROW_NAMES.match(bare)):
        steps.name_all(names["names"], line.number)
    if not bare.startswith("note:"):
        steps.arrow = bare.startswith("×")


def _command_failed(steps: Steps, line: Line, command: re.Match[str]) -> None:
    """Take old pip's last word on a command: whose folder it ran in, and which step that was."""
    phase = phase_of_command(command[0])
    if phase is None:
        return
    if steps.episode is None or not (steps.episode.started or steps.episode.failed):
        steps.open(steps.current, phase, line.number).started = "command"
    place = command["place"]
    if project := project_at(place) if place else project_in(command[0]):
        steps.take_name(project)


def _not_run(steps: Steps, line: Line, text: str, bare: str) -> None:
    """Take the headline of a step that failed: what the step wrote stands above it, or nowhere."""
    steps.said = bare
    if steps.block is not None or HEADLINE.match(bare) is None:
        return
    episode = steps.episode
    if episode is None or not (episode.started or episode.build_requires):
        _open_by_headline(steps, line.number).started = "headline"


def _open_by_headline(steps: Steps, number: int) -> Episode:
    """Return the step that the headline of a block names, where nothing announced one."""
    headline = HEADLINE.match(steps.said)
    project = steps.current
    name = headline["name"] if headline else None
    if name and (project is None or project.key != Project(name).key):
        project = steps.collected.get(Project(name).key, Project(name))
    episode = steps.open(project, phase_of_headline(headline), number)
    episode.build_requires = bool(headline and headline["requires"])
    return episode


def open_block(steps: Steps, number: int, indent: int) -> None:
    """Take the line above what a build script wrote."""
    steps.block = indent
    if steps.episode is None or not steps.episode.started:
        _open_by_headline(steps, number).started = "output"


def _isolated(steps: Steps, line: Line, text: str, bare: str) -> None:
    """Follow what `python -m build` has pip install for a build, up to its next step."""
    if steps.episode is not None and steps.episode.tool == "build":
        steps.episode.done, steps.episode = True, None
    if bare == "* Installing packages in isolated environment:":
        episode = steps.open(None, Phase.BUILD, line.number, "build")
        episode.build_requires = episode.failed = True  # so it stands where no next step comes


ANNOUNCES: dict[str, Handler] = {
    "*": _isolated,
    "Collecting": _collecting,
    "Processing": _collecting,
    "Obtaining": _collecting,
    "Downloading": _downloading,
    "Downloading/unpacking": _collecting,
    "Using": _downloading,
    "Preparing": _stage,
    "Getting": _stage,
    "Checking": _stage,
    "Building": _step,
    "Running": _step,
    "Installing": _installing,
    "INFO:": _walking,
    "×": _not_run,
    "Failed": _failed_list,
}

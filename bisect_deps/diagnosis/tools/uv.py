"""uv: what it builds and fetches, the hook that failed, and the chain that it tells."""

from __future__ import annotations

from dataclasses import replace

from bisect_deps.diagnosis.announcements import (
    HOOK_FRAME,
    OUTPUT,
    OUTPUT_END,
    UV_CHAIN,
    UV_HOOK,
    UV_LACKING,
    UV_STEP,
    direct_reference,
    phase_of_hook,
)
from bisect_deps.diagnosis.facts import Project, project_of
from bisect_deps.diagnosis.lines import Line
from bisect_deps.diagnosis.steps import Handler, Steps
from bisect_deps.model import Phase

# The first words of a hint that names the project whose build failed.
_TELLS = ("was included because", "hint: This error likely", "is often confused for")


def follow_output(steps: Steps, text: str) -> None:
    """Follow where what a build script wrote begins and ends."""
    if "std" in text and (marker := OUTPUT.match(text)):
        steps.output = len(marker["indent"] or "")
        if steps.episode is None:
            steps.open(None, Phase.BUILD, 0, "uv").started = "output"
    elif steps.output is not None:
        indent = len(text) - len(text.lstrip())
        if indent < steps.output or (not steps.output and OUTPUT_END.match(text)):
            steps.output = None


def _follow_chain(steps: Steps, bare: str) -> None:
    if steps.chain_text is not None:
        left, reported = steps.chain_text
        reported = f"{reported} {bare}"
        _learn(steps, reported)
        steps.chain_text = (left - 1, reported) if left > 1 else None
    if any(word in bare for word in _TELLS):
        steps.chain_text = (6, bare)
        _learn(steps, bare)


def _learn(steps: Steps, reported: str) -> None:
    """Take what a hint tells, wrapped or not: which project failed, and what led to it."""
    if lacking := UV_LACKING.search(reported):
        _name(steps, Project(lacking["name"] or lacking["other"], lacking["version"]))
    _learn_chain(steps, reported)


def _name(steps: Steps, project: Project) -> None:
    """Name the project of a build that failed, where nothing did before."""
    episode = steps.episode
    if episode is not None and episode.tool == "uv" and episode.project is None:
        steps.take_name(project)


def _learn_chain(steps: Steps, reported: str) -> None:
    match = UV_CHAIN.search(reported)
    if not match:
        return
    _name(steps, Project(match["name"], match["version"]))
    links = list(UV_STEP.finditer(match["rest"]))
    if not links:
        return
    if steps.rooted_by_project:
        links = links[1:]
    chain = tuple(
        f"{step['name']}=={step['version']}" if step["version"] else step["name"] for step in links
    )
    steps.chains[Project(match["name"]).key] = chain


def _building(steps: Steps, line: Line, text: str, bare: str) -> None:
    """Take uv's announcement, `Building name==version` or `Building name @ file:///...`."""
    named = project_of(bare.removeprefix("Building ").partition(" @ ")[0])
    if named is not None and (named.version or " @ " in bare):
        steps.collected[named.key] = replace(named, text=bare.removeprefix("Building "))
        steps.building[named.key] = steps.collected[named.key]
        steps.progress = line.number


def _updating(steps: Steps, line: Line, text: str, bare: str) -> None:
    """Take uv's announcement, `Updating URL (reference)`, and `Updated` at its end."""
    word, _, rest = bare.partition(" ")
    url = rest.partition(" (")[0]
    if "://" not in url:
        return
    if word == "Updated":
        steps.fetching.pop(url, None)
    elif named := direct_reference(url, (), None, False):
        steps.fetching[url] = named


def _built(steps: Steps, line: Line, text: str, bare: str) -> None:
    named = project_of(bare.removeprefix("Built ").partition(" @ ")[0])
    if named is not None:
        steps.building.pop(named.key, None)


def _headline(steps: Steps, line: Line, text: str, bare: str) -> None:
    steps.said = bare
    steps.wrapped = text.startswith("  ×")
    steps.in_uv = steps.in_uv or steps.wrapped
    _answer(steps, line, text, bare.removeprefix("× "))


def _answer(steps: Steps, line: Line, text: str, bare: str) -> None:
    """Take an answer that the resolver could give: without what it could not reach before."""
    if bare.removeprefix("error: ").startswith("No solution found when resolving dependencies"):
        steps.progress = line.number


def _cause(steps: Steps, line: Line, text: str, bare: str) -> None:
    """Take a reason of a newer uv, which it wraps at the terminal's width."""
    steps.wrapped = steps.wrapped or text.startswith("  cause: ")


def _walking(steps: Steps, line: Line, text: str, bare: str) -> None:
    """Take a resolver's word that it goes through the releases of a project."""
    steps.walks.take(line.number, bare)


def _follow_hook(steps: Steps, bare: str) -> None:
    episode = steps.episode
    if episode is None:
        return
    if steps.in_uv and " to determine " in bare and "`" in bare:
        episode.phase, episode.hooked = Phase.METADATA, True
    elif steps.in_uv and (hook := UV_HOOK.search(bare)):
        episode.phase, episode.hooked = phase_of_hook(hook["hook"] or hook["old"]), True
    elif "build_" in bare and (hook := HOOK_FRAME.search(bare)):
        steps.hook(hook)


def explain(steps: Steps, line: Line, text: str, bare: str) -> None:
    """Take the backend's hook, and the chain that uv tells of what failed."""
    _follow_hook(steps, bare)
    _follow_chain(steps, bare)


ANNOUNCES: dict[str, Handler] = {
    "Building": _building,
    "Built": _built,
    "Updating": _updating,
    "Updated": _updating,
    "×": _headline,
    "cause:": _cause,
    "error:": _answer,
    "DEBUG": _walking,
}

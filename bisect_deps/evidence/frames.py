"""Follows what a tool is working on, line by line, and gives each recognised line its episode.

One `Frames` per channel of a log. pip, uv, poetry, pdm and conda announce their steps each in
its own way; all become episodes: a project, a phase, how it ended. Must not know what a cause
means or who is to blame.
"""

from __future__ import annotations

import re
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import replace

from bisect_deps.evidence.facts import Episode, Hit, Project, project_of
from bisect_deps.evidence.lines import Line
from bisect_deps.evidence.tracebacks import Tracebacks
from bisect_deps.model import Phase
from bisect_deps.signatures.base import Blame, Scope, Signature, Weight

MOST_COLLECTED = 20_000
MOST_EPISODES = 400
AROUND_BEFORE = 14
AROUND_AFTER = 120

_FROM_CHAIN = re.compile(r" \(from (?!versions)(?P<chain>.{1,400})\)\s*$")
_FILE_LINE = re.compile(r"-[rc] \S{1,200}? ?\(line (?P<line>\d{1,6})\)")
_ARCHIVE = re.compile(
    r"(?:^|/)(?P<name>[A-Za-z0-9][\w.-]{0,100}?)-(?P<version>\d[\w.+!]{0,60}?)"
    r"(?:\.tar\.(?:gz|bz2|xz)|\.zip|\.tgz)(?:$|[\s#?(])"
)
_BUILD_PATH = re.compile(
    r"pip-(?:install|build|wheel|req-build|download|resolve)-[\w-]{4,16}[\\/](?P<name>[A-Za-z0-9][\w.-]{0,100}?)(?:_[0-9a-f]{32})?[\\/]"
)
_BLOCK = re.compile(
    r"^(?P<indent>\s*)(?:╰─> \[\d+ lines? of output\]|(?:ERROR: )?Complete output )"
)
_BLOCK_END = re.compile(r"^\s*(?:\[end of output\]|-{40})\s*$")
_STEP = re.compile(
    r"^(?:Building (?P<kind>wheel|editable) for|Running setup\.py (?P<command>install|bdist_wheel|develop|clean) for|Running command (?P<run>Building wheel for|Preparing metadata))"
    r" (?P<name>[A-Za-z0-9][\w.-]{0,100})"
)
_ARROW_NAMES = re.compile(r"^╰─> (?P<names>[A-Za-z0-9][\w., -]{0,2000})$")
_UV_HOOK = re.compile(
    r"(?:Call to `[^`]{0,120}?\.?(?P<hook>build_\w{1,20}|get_requires_for_\w{1,30}|prepare_metadata_for_\w{1,30})`|with `(?P<old>build_\w{1,20}|prepare_metadata_\w{1,40}|get_requires_\w{1,40})`)"
)
_HOOK_FRAME = re.compile(
    r"\bin (?P<hook>get_requires_for_build_\w{1,20}|prepare_metadata_for_build_\w{1,20}|build_wheel|build_editable)\b|invoke (?P<called>get_requires_for_build_\w{1,20}|prepare_metadata_for_build_\w{1,20}|build_wheel|build_editable)"
)
_UV_CHAIN = re.compile(
    r"`(?P<name>[A-Za-z0-9][\w.-]{0,100})` ?(?:\(v(?P<version>[^)]{1,60})\) )?was included because (?P<rest>.{1,600})"
)
_UV_STEP = re.compile(
    r"`(?P<name>[A-Za-z0-9][\w.-]{0,100})(?:\[[^\]]{0,80}\])?` ?(?:\(v(?P<version>[^)]{1,60})\) )?depends on `(?P<next>[A-Za-z0-9][\w.-]{0,100})"
)
_INSTALLING = re.compile(
    r"^(?:[-•✖✔⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏] +)?(?:Installing|Updating|Downgrading|Install|Update) (?P<name>[A-Za-z0-9][\w.-]{0,100}) \(?(?:[\w.+!-]{1,40} -> )?(?P<version>\d[\w.+!-]{0,60})\)?(?P<end>.{0,40})$"
)
_POETRY_NOTE = re.compile(
    r"with poetry but with (?P<name>[A-Za-z0-9][\w.-]{0,100}) \((?P<version>[^)\s]{1,60})"
)
_FENCE = re.compile(
    r"^::depbisect (?P<step>[\w-]{1,20}) (?P<edge>begin|end)(?: rc=(?P<code>-?\d{1,5}))?"
)
_SUCCESS = re.compile(
    r"^(?:Successfully installed |Successfully built \S+\.(?:whl|tar\.gz)|Installed \d+ packages? in |(?:Resolved|Audited|Checked) \d+ packages? in |Saved \./|Prepared \d+ packages? in |No broken requirements found|All installations are complete|🎉|✔ Update successful|# To activate this environment)"
)
_TESTS_DONE = re.compile(
    r"^=+ (?P<counts>[\d\w, ]{1,200}?) in [\d.]+s.{0,40}=+$|^(?P<bare>\d+ (?:passed|failed|error)[\d\w, ]{0,200}?) in [\d.]+s|^(?P<unittest>OK|FAILED)(?: \(.{0,80}\))?$"
)
_ENDINGS_BAD = re.compile(
    r"exited with (?:code |non-zero code )?'?[1-9]|Job failed|returned a non-zero code|Finished: (?:FAILURE|ABORTED)|did not complete successfully: exit code|Push rejected|script returned exit code [1-9]|Process completed with exit code [1-9]|exit-code: [1-9]|failed with exit code [1-9]|finished with exit code [1-9]|program finished with exit code [1-9]|Build step .{1,80} marked build as failure|^ERROR: build step"
)
_ENDINGS_GOOD = re.compile(
    r"Job succeeded|Finished: SUCCESS|exited with (?:code )?0\b|exit-code: 0|program finished with exit code 0|Build succeeded"
)
_PYTEST = re.compile(
    r"^(?:=+ (?:test session starts|FAILURES|ERRORS) =+|ImportError while loading conftest)"
)
_EXCERPT = re.compile(r"^-{6}$")


def _phase_of_hook(hook: str) -> Phase:
    return (
        Phase.BUILD if hook in ("build_wheel", "build_editable", "build_sdist") else Phase.METADATA
    )


class Frames:
    """The state of one channel: feed it lines, then read `hits`, `collected` and the endings."""

    def __init__(self, signatures: Callable[[str], list[Signature]]) -> None:
        self._signatures = signatures
        self.hits: list[Hit] = []
        self.collected: OrderedDict[str, Project] = OrderedDict()
        self.episode: Episode | None = None
        self.success: int = 0
        self.bad_ending: int = 0
        self.good_ending: int = 0
        self.progress: int = 0
        self.chains: dict[str, tuple[str, ...]] = {}
        self.fences: dict[str, int | None] = {}
        self.step = ""
        self.tests = False
        self.tests_passed = 0
        self._current: Project | None = None
        self._block: int | None = None
        self._uv = False
        self._wrapped = False
        self._previous: Line | None = None
        self._seen: dict[tuple[str, int], int] = {}
        self._recent: deque[tuple[int, str]] = deque(maxlen=AROUND_BEFORE)
        self._following: list[tuple[Hit, int]] = []
        self._tracebacks = Tracebacks()
        self._arrow = False
        self._chain_text: tuple[int, str] | None = None
        self._installed = False
        self.leaves: frozenset[str] = frozenset()

    @property
    def last_phase(self) -> Phase:
        """Return how far the log got."""
        if self.tests or self.tests_passed or (self.step and self.step != "install"):
            return Phase.CHECK
        if self.success:
            return Phase.INSTALL
        return self.episode.phase if self.episode else Phase.RESOLVE

    def feed(self, line: Line) -> None:
        """Take one line, in order."""
        text = line.text
        bare = text.strip()
        if not bare:
            self._previous = None
            self._tracebacks.blank()
            return
        self._explain(line)
        if bare.startswith("::depbisect "):
            self._fence(line, bare)
            return
        self._ends(line, bare)
        self._follow(line, text, bare)
        self._tracebacks.feed(line.number, text)
        self._recognise(line)
        self._recent.append((line.number, text))

    # --- what comes around a headline -----------------------------------------------------

    def _explain(self, line: Line) -> None:
        if self._following:
            kept = []
            for hit, left in self._following:
                hit.around.append((line.number, line.text))
                if left > 1:
                    kept.append((hit, left - 1))
            self._following = kept
        if self._chain_text is not None:
            left, told = self._chain_text
            told = f"{told} {line.text.strip()}"
            self._learn_chain(told)
            self._chain_text = (left - 1, told) if left > 1 else None

    def _learn_chain(self, told: str) -> None:
        match = _UV_CHAIN.search(told)
        if not match:
            return
        steps = list(_UV_STEP.finditer(match["rest"]))
        if not steps:
            return
        chain = tuple(
            f"{step['name']}=={step['version']}" if step["version"] else step["name"]
            for step in steps
        )
        self.chains[Project(match["name"]).key] = chain

    # --- fences and endings ---------------------------------------------------------------

    def _fence(self, line: Line, bare: str) -> None:
        match = _FENCE.match(bare)
        if not match:
            return
        if match["edge"] == "begin":
            self.step = match["step"]
            self.episode = None
            self._block = None
            self._uv = False
            self.progress = line.number
        else:
            code = int(match["code"]) if match["code"] else None
            self.fences[match["step"]] = code
            if code == 0:
                self._succeed(line.number)
            self.step = ""

    def _ends(self, line: Line, bare: str) -> None:
        if _ENDINGS_BAD.search(bare):
            self.bad_ending = line.number
        elif _ENDINGS_GOOD.search(bare):
            self.good_ending = line.number
        elif match := _TESTS_DONE.match(bare):
            told = match["counts"] or match["bare"] or match["unittest"]
            if told == "OK" or ("passed" in told and "failed" not in told and "error" not in told):
                self.tests_passed = line.number
                self._succeed(line.number)
        if _PYTEST.match(bare):
            self.tests = True

    def _succeed(self, number: int) -> None:
        self.success = number
        if self.episode is not None and not self.episode.failed:
            self.episode = None

    # --- which project, which phase -------------------------------------------------------

    def _follow(self, line: Line, text: str, bare: str) -> None:
        if self._block is not None and self._in_block(line, text, bare):
            return
        if block := _BLOCK.match(text):
            self._block = len(block["indent"])
            if self.episode is None or self.episode.done:
                self._open(self._current, Phase.METADATA, line.number)
            return
        first = bare.split(" ", 1)[0]
        handler = _HANDLERS.get(first)
        if handler is not None:
            handler(self, line, text, bare)
        if _SUCCESS.match(bare):
            self._installed = not bare.startswith(("Resolved", "Prepared"))
            if self._installed:
                self._succeed(line.number)
                self.episode = None
                self._current = None
            self.progress = line.number
        if self._uv and (hook := _UV_HOOK.search(bare)) and self.episode:
            self.episode.phase = _phase_of_hook(hook["hook"] or hook["old"])
        elif self.episode and (hook := _HOOK_FRAME.search(bare)):
            self._hook(hook)
        if "was included because" in bare:
            self._chain_text = (6, bare)
            self._learn_chain(bare)
        if (
            (path := _BUILD_PATH.search(text))
            and self.episode
            and ("cwd:" in bare or "failed with error code" in bare)
        ):
            self._rename(path["name"])
        if self._arrow and (names := _ARROW_NAMES.match(bare)):
            self._name_all(names["names"], line.number)
        if not bare.startswith("note:"):
            self._arrow = bare.startswith("×")

    def _in_block(self, line: Line, text: str, bare: str) -> bool:
        indent = len(text) - len(text.lstrip())
        if _BLOCK_END.match(text):
            self._block = None
            return True
        if self._block is not None and indent < self._block:
            self._block = None
            return False
        if self.episode is not None:
            if hook := _HOOK_FRAME.search(bare):
                self._hook(hook)
            if self.episode.build_requires:
                self._inner(line, bare)
        return True

    def _hook(self, hook: re.Match[str]) -> None:
        if self.episode is not None and not self.episode.build_requires:
            self.episode.phase = _phase_of_hook(hook["hook"] or hook["called"])

    def _inner(self, line: Line, bare: str) -> None:
        """Follow the installer that runs inside the installer, for the build requirements."""
        if self.episode is None:
            return
        for prefix in ("Collecting ", "Processing "):
            if bare.startswith(prefix):
                self.episode.inner = project_of(bare.removeprefix(prefix)) or self.episode.inner
        if step := _STEP.match(bare):
            self._name_inner(step["name"])
        if names := _ARROW_NAMES.match(bare):
            self._name_inner(names["names"].split(",")[0])

    def _name_inner(self, name: str) -> None:
        inner = self.episode.inner if self.episode else None
        if self.episode and (inner is None or inner.key != Project(name).key):
            self.episode.inner = Project(name)

    def _open(
        self, project: Project | None, phase: Phase, number: int, tool: str = "pip"
    ) -> Episode:
        self.episode = Episode(project, phase, number, tool=tool)
        return self.episode

    def _rename(self, name: str) -> None:
        if self.episode is None or name in ("overlay", "setup.py"):
            return
        known = self.episode.project
        if known is None or known.key != Project(name).key:
            self.episode.project = self.collected.get(Project(name).key, Project(name))

    def _name_all(self, names: str, number: int) -> None:
        for name in names.replace(" ", "").split(","):
            if name and name not in ("See",):
                self._closed(name, number)

    def _closed(self, name: str, number: int) -> Episode:
        """Return the episode that failed for `name`, opened now where there was none."""
        key = Project(name).key
        current = self.episode
        if current and (current.project is None or current.project.key == key):
            current.project = current.project or self.collected.get(key, Project(name))
            current.failed = True
            return current
        for hit in reversed(self.hits):
            past = hit.episode
            if past and past.project and past.project.key == key and not past.runtime:
                past.failed = True
                return past
        fresh = Episode(self.collected.get(key, Project(name)), Phase.BUILD, number, failed=True)
        if self.episode is None:
            self.episode = fresh
        return fresh

    # --- handlers by first word -----------------------------------------------------------

    def _collecting(self, line: Line, text: str, bare: str) -> None:
        rest = bare.split(" ", 1)[1] if " " in bare else ""
        if rest.startswith("package metadata"):
            return
        indent = len(text) - len(text.lstrip())
        if indent >= 2 and self.episode and self.episode.build_requires and not self.episode.done:
            self.episode.inner = project_of(rest) or self.episode.inner
            return
        chain: tuple[str, ...] = ()
        at = None
        rooted = False
        if match := _FROM_CHAIN.search(rest):
            rest = rest[: match.start()]
            steps = match["chain"].split("->")
            if file := _FILE_LINE.search(steps[-1]):
                at, rooted = int(file["line"]), True
                steps = steps[:-1]
            chain = tuple(reversed(steps))
        project = _from_url(rest, chain, at, rooted) or project_of(
            rest.split(" from ")[0], chain=chain, line=at, rooted=rooted
        )
        if project is None:
            return
        self._current = project
        self.episode = None
        self._uv = False
        self.progress = line.number
        self.collected[project.key] = project
        if len(self.collected) > MOST_COLLECTED:
            self.collected.popitem(last=False)

    def _downloading(self, line: Line, text: str, bare: str) -> None:
        match = _ARCHIVE.search(bare)
        if match and self._current and not self._current.version:
            name = match["name"]
            if Project(name).key == self._current.key:
                self._current = _with_version(self._current, match["version"])
                self.collected[self._current.key] = self._current
        if self.episode is None:
            self.progress = line.number

    def _stage(self, line: Line, text: str, bare: str) -> None:
        indent = len(text) - len(text.lstrip())
        build_requires = "build dependencies" in bare or "backend dependencies" in bare
        if self.episode and self.episode.build_requires and not build_requires and indent >= 4:
            return
        ended = _ended(bare)
        phase = Phase.BUILD if build_requires else Phase.METADATA
        if ended is None or self.episode is None:
            self._open(self._current, phase, line.number)
            assert self.episode is not None
            self.episode.build_requires = build_requires
        self._end(ended)

    def _step(self, line: Line, text: str, bare: str) -> None:
        match = _STEP.match(bare)
        if not match:
            if bare.startswith("Building wheels for collected packages"):
                self.episode = None
            elif bare.startswith("Running setup.py (path:"):
                self._open(self._current, Phase.METADATA, line.number)
            elif bare.startswith("Building "):
                self._building(line, bare)
            return
        name = match["name"]
        install = match["command"] in ("install", "develop")
        if match["command"] == "clean":
            return
        phase = Phase.INSTALL if install else Phase.BUILD
        ended = _ended(bare)
        key = Project(name).key
        if (
            ended is None
            or self.episode is None
            or self.episode.project is None
            or (self.episode.project.key != key or self.episode.phase is not phase)
        ):
            self._open(self.collected.get(key, Project(name)), phase, line.number)
        self._end(ended)
        if install and ended is True:
            for hit in self.hits:
                past = hit.episode
                if past and past.project and past.project.key == key:
                    past.done = True

    def _building(self, line: Line, bare: str) -> None:
        """Take uv's announcement, `Building name==version` or `Building name @ file:///...`."""
        named = project_of(bare[9:].split(" @ ", maxsplit=1)[0])
        if named is not None and (named.version or " @ " in bare):
            self.collected[named.key] = replace(named, text=bare[9:])
            self.progress = line.number

    def _end(self, ended: bool | None) -> None:
        if self.episode is None or ended is None:
            return
        if ended:
            self.episode.done = True
        else:
            self.episode.failed = True

    def _installing(self, line: Line, text: str, bare: str) -> None:
        if bare.startswith(("Installing build dependencies", "Installing backend dependencies")):
            self._stage(line, text, bare)
        elif bare.startswith("Installing collected packages"):
            self.episode = None
            self._current = None
            self.progress = line.number
            self._open(None, Phase.INSTALL, line.number)
        else:
            self._operation(line, text, bare)

    def _operation(self, line: Line, text: str, bare: str) -> None:
        if match := _INSTALLING.match(bare):
            project = Project(match["name"], match["version"])
            self.collected[project.key] = project
            failed = "ailed" in match["end"]
            if failed or not (self.episode and self.episode.failed):
                self._current = project
                episode = self._open(project, Phase.BUILD, line.number, "poetry")
                episode.failed = failed
            self.progress = line.number

    def _headline(self, line: Line, text: str, bare: str) -> None:
        self._wrapped = bare.startswith("×") and text.startswith("  ×")
        self._uv = self._uv or self._wrapped

    def _note(self, line: Line, text: str, bare: str) -> None:
        if match := _POETRY_NOTE.search(bare):
            project = Project(match["name"], match["version"])
            if self.episode is None:
                self._open(project, Phase.BUILD, line.number, "poetry")
            elif self.episode.project is None or self.episode.project.key != project.key:
                self.episode.project = project

    # --- signatures -----------------------------------------------------------------------

    def _recognise(self, line: Line) -> None:
        found = self._match(line, line.text)
        if self._wrapped or self._uv:
            if not found and self._previous is not None and len(self._previous.text) > 45:
                joined = f"{self._previous.text.rstrip()} {line.text.strip()}"
                self._match(Line(self._previous.number, joined, line.channel), joined)
            self._previous = None if found else line

    def _match(self, line: Line, text: str) -> bool:
        matched = False
        for signature in self._signatures(text):
            match = signature.regex.search(text)
            if match is None or not self._fits(signature):
                continue
            matched = True
            groups = {name: value for name, value in match.groupdict().items() if value}
            self._hit(signature, line, groups)
        return matched

    def _fits(self, signature: Signature) -> bool:
        runtime = self._is_runtime()
        if signature.scope is Scope.BUILD:
            return not runtime
        if signature.scope is Scope.RUNTIME:
            return runtime or signature.weight <= Weight.NOISE
        return True

    def _is_runtime(self) -> bool:
        if self.step:
            return self.step not in ("install", "resolve", "build", "download")
        if self._block is not None or self._uv:
            return False
        if self.episode is not None and not self.episode.runtime and not self.episode.done:
            return self.tests
        return self._installed or self.tests or self._tracebacks.outside

    def _hit(self, signature: Signature, line: Line, groups: dict[str, str]) -> None:
        episode = self._episode_of(signature, line, groups)
        key = (signature.name, id(episode))
        count = self._seen.get(key, 0)
        self._seen[key] = count + 1
        hit = Hit(signature, line.number, line.text, groups, episode)
        if count >= 3:
            for index in range(len(self.hits) - 1, -1, -1):
                old = self.hits[index]
                if old.signature is signature and old.episode is episode:
                    self.hits[index] = hit
                    break
        else:
            self.hits.append(hit)
        if signature.blame is Blame.PROSE and len(self._following) < 6:
            hit.around = [*self._recent, (line.number, line.text)]
            self._following.append((hit, AROUND_AFTER))
        if len(self.hits) > MOST_EPISODES * 4:
            self._forget()

    def _episode_of(
        self, signature: Signature, line: Line, groups: dict[str, str]
    ) -> Episode | None:
        """Return the episode that a recognised line belongs to; closing lines may open one."""
        episode = self.episode
        if signature.name.startswith("uv-failed"):
            episode = self._uv_headline(signature, line, groups)
        elif signature.name == "uv-build-requires" and episode is not None:
            episode.build_requires = True
        elif signature.name in ("pip-wheel-failed", "pip-failed-when", "pip-wheels-failed"):
            names = groups.get("name") or groups.get("names") or groups.get("list") or ""
            for name in names.split(","):
                if name.strip() and self._block is None:
                    episode = self._closed(name.strip(), line.number)
        elif signature.name == "poetry-build-error":
            self._note(line, line.text, line.text.strip())
            episode = self.episode or self._open(self._current, Phase.BUILD, line.number, "poetry")
            episode.failed = True
        elif self._is_runtime() and signature.scope is not Scope.BUILD:
            episode = self._runtime(line)
        return episode

    def _forget(self) -> None:
        half = len(self.hits) // 2
        kept = [hit for hit in self.hits[half // 2 : -half] if hit.signature.weight >= Weight.EXACT]
        self.hits = self.hits[: half // 2] + kept[:100] + self.hits[-half:]
        self._seen.clear()

    def _uv_headline(
        self, signature: Signature, line: Line, groups: dict[str, str]
    ) -> Episode | None:
        name = groups.get("name")
        self._uv = True
        if not name:
            return self.episode
        current = self.episode
        if current and current.build_requires and current.tool == "uv":
            current.inner = Project(name, groups.get("version"))
            return current
        project = Project(name, groups.get("version"), rooted=False)
        if (
            current
            and current.tool == "uv"
            and current.project
            and current.project.key == project.key
        ):
            return current
        episode = self._open(project, Phase.BUILD, line.number, "uv")
        episode.failed = True
        return episode

    def _runtime(self, line: Line) -> Episode:
        """Return the episode of the traceback or the test that the line belongs to."""
        told = self._tracebacks.take()
        if self.episode is not None and self.episode.runtime and told is None:
            return self.episode
        self.episode = Episode(None, Phase.CHECK, line.number, runtime=True, tests=self.tests)
        if told is not None:
            self.episode.packages = told.packages
            self.episode.user_code = told.user_code
        return self.episode


def _ended(bare: str) -> bool | None:
    """Return how the step ended, or None where it only started."""
    if "finished with status 'error'" in bare or bare.endswith(("... error", " error")):
        return False
    if "finished with status 'done'" in bare or bare.endswith(("... done", " done")):
        return True
    return None


def _from_url(rest: str, chain: tuple[str, ...], at: int | None, rooted: bool) -> Project | None:
    """Return the project of a direct reference: a path, an URL, or `name from URL`."""
    target = rest.split(" (", 1)[0].strip()
    if " from " in rest or " @ " in rest:
        name = re.split(r" from | @ ", rest, maxsplit=1)[0]
        found = project_of(name)
        text = re.split(r" from ", rest, maxsplit=1)[-1] if " from " in rest else rest
        return found and Project(found.name, found.version, text, chain, at, rooted)
    if "/" not in target and not target.endswith((".whl", ".gz", ".zip")):
        return None
    last = target.rstrip("/").rsplit("/", 1)[-1].split("#")[0]
    if wheel := re.match(r"([A-Za-z0-9][\w.]{0,100})-(\d[\w.+!]{0,60})-.{1,120}\.whl$", last):
        return Project(wheel[1], wheel[2], target, chain, at, rooted)
    if archive := _ARCHIVE.search(last):
        return Project(archive["name"], archive["version"], target, chain, at, rooted)
    return Project(last or target, None, target, chain, at, rooted)


def _with_version(project: Project, version: str) -> Project:
    return Project(project.name, version, project.text, project.chain, project.line, project.rooted)


_Handler = Callable[[Frames, Line, str, str], None]
_HANDLERS: dict[str, _Handler] = {
    "Collecting": Frames._collecting,
    "Processing": Frames._collecting,
    "Obtaining": Frames._collecting,
    "Downloading": Frames._downloading,
    "Using": Frames._downloading,
    "Preparing": Frames._stage,
    "Getting": Frames._stage,
    "Checking": Frames._stage,
    "Building": Frames._step,
    "Running": Frames._step,
    "Installing": Frames._installing,
    "-": Frames._operation,
    "•": Frames._operation,
    "✖": Frames._operation,
    "×": Frames._headline,
    "Note:": Frames._note,
}

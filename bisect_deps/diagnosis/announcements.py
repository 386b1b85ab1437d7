"""How tools announce what they do: the lines that open, name, end and explain a step.

Patterns only, with the few readings that need more than one group. Knows no state.
"""

from __future__ import annotations

import re

from bisect_deps.diagnosis.facts import Project, project_of
from bisect_deps.model import Phase

FROM_CHAIN = re.compile(r" \(from (?!versions)(?P<chain>.{1,400})\)\s*$")
FILE_LINE = re.compile(r"-[rc] \S{1,200}? ?\(line (?P<line>\d{1,6})\)")
ARCHIVE = re.compile(
    r"(?:^|/|^(?:Downloading|Using cached) )(?P<name>[A-Za-z0-9][\w.-]{0,100}?)-(?P<version>\d[\w.+!]{0,60}?)"
    r"(?:\.tar\.(?:gz|bz2|xz)|\.zip|\.tgz)(?:$|[\s#?(])"
)
# Where pip unpacks what it builds, from 1.3 on, and where uv does.
_UNPACKED = re.compile(
    r"(?:pip-(?:install|build|wheel|req-build|download|resolve)-[\w-]{4,16}|pip_build_[\w.-]{1,32})[\\/]{1,2}(?P<name>[A-Za-z0-9][\w.-]{0,100}?)(?:_[0-9a-f]{32})?[\\/]"
    r"|[\\/]sdists-v\d{1,3}[\\/](?:pypi|index[\\/][0-9a-f]{8,64})[\\/](?P<name2>[A-Za-z0-9][\w.-]{0,100})[\\/](?P<version>\d[\w.+!]{0,60})[\\/]"
)
# A command that pip ran, up to 21, and where: in the folder of the project that it builds.
COMMAND_FAILED = re.compile(
    r"(?:^|: )Command (?:.{1,3000}? failed with error code -?\d{1,5}(?: in (?P<place>\S.{0,400}))?|errored out with exit status -?\d{1,5}: \S.{0,3000})"
)
_OF_COMMAND = re.compile(
    r"(?P<metadata>egg_info)|(?P<build>bdist_wheel)|(?P<install>install --record|setup\.py['\"]? (?:install|develop)|['\"]?develop\b)"
)
# A folder that pip gives a random name, where it unpacks what has none.
_NAMELESS = re.compile(r"pip-\S{1,20}$|overlay$|build$|src$|src-\S{1,20}$|app$|code$|workspace$")
BLOCK = re.compile(r"^(?P<indent>\s*)(?:╰─> \[\d+ lines? of output\]|(?:ERROR: )?Complete output )")
BLOCK_END = re.compile(r"^\s*(?:\[end of output\]|-{40})\s*$")
# What a build script wrote, as uv shows it: indented below a marker; old ones end it by a line.
OUTPUT = re.compile(r"^(?:(?P<indent>\s{4,40})\[std(?:out|err)\]|--- std(?:out|err):)\s*$")
OUTPUT_END = re.compile(r"^---\s*$")
STEP = re.compile(
    r"^(?:Building (?P<kind>wheel|editable) for|Running setup\.py (?P<command>install|bdist_wheel|develop|clean) for|Running command (?P<run>Building wheel for|Preparing metadata))"
    r" (?P<name>[A-Za-z0-9][\w.-]{0,100})"
)
# What did not run, in the headline of a block: pip's own log may come after it, or nowhere.
HEADLINE = re.compile(
    r"^× (?:(?P<wheel>Building (?:wheel|editable) for (?P<name>[A-Za-z0-9][\w.-]{0,100}))"
    r"|(?P<requires>pip subprocess to install)"
    r"|(?P<metadata>.{0,80}egg_info|Getting requirements|Preparing (?:editable )?metadata)"
    r"|.{0,80}(?P<bdist>bdist_wheel)|.{0,80}(?P<install>setup\.py (?:install|develop)))"
)
ARROW_NAMES = re.compile(r"^╰─> (?P<names>[A-Za-z0-9][\w., -]{0,2000})$")
UV_HOOK = re.compile(
    r"(?:Call to `[^`]{0,120}?\.?(?P<hook>build_\w{1,20}|get_requires_for_\w{1,30}|prepare_metadata_for_\w{1,30})`|(?:with|through) `(?P<old>build_\w{1,20}|prepare_metadata_\w{1,40}|get_requires_\w{1,40})(?:\(\))?`)"
)
HOOK_FRAME = re.compile(
    r"\bin (?P<hook>get_requires_for_build_\w{1,20}|prepare_metadata_for_build_\w{1,20}|build_wheel|build_editable)\b|invoke (?P<called>get_requires_for_build_\w{1,20}|prepare_metadata_for_build_\w{1,20}|build_wheel|build_editable)"
)
UV_CHAIN = re.compile(
    r"`(?P<name>[A-Za-z0-9][\w.-]{0,100})` ?(?:\(v(?P<version>[^)]{1,60})\) )?was included because (?P<rest>.{1,600})"
)
# uv's guess at a library that a build lacks, or at a name that was mistaken.
UV_LACKING = re.compile(
    r"hint: This error likely indicates .{0,200}for `(?P<name>[A-Za-z0-9][\w.-]{0,100})@(?P<version>[^`\s]{1,60})`"
    r"|help: `(?P<other>[A-Za-z0-9][\w.-]{0,100})` is often confused for"
)
UV_STEP = re.compile(
    r"`(?P<name>[A-Za-z0-9][\w.-]{0,100})(?:\[[^\]]{0,80}\])?` ?(?:\(v(?P<version>[^)]{1,60})\) )?depends on `(?P<next>[A-Za-z0-9][\w.-]{0,100})"
)
INSTALLING = re.compile(
    r"^(?:[-•✖✔⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏] +)?(?:Installing|Updating|Downgrading|Install|Update) (?P<name>[A-Za-z0-9][\w.-]{0,100}) \(?(?:[\w.+!-]{1,40} -> )?(?P<version>\d[\w.+!-]{0,60})\)?(?P<end>.{0,40})$"
)
POETRY_NOTE = re.compile(
    r"with poetry but (?:one of the following issues )?with (?P<name>[A-Za-z0-9][\w.-]{0,100}) \((?P<version>[^)\s]{1,60})"
)
FENCE = re.compile(
    r"^::depbisect (?P<step>[\w-]{1,20}) (?P<edge>begin|end)(?: rc=(?P<code>-?\d{1,5}))?(?: project=(?P<project>\S{1,100}))?(?: module=(?P<module>\S{1,200}))?"
)
SUCCESS = re.compile(
    r"^(?:Successfully installed |Successfully built \S+\.(?:whl|tar\.gz)|Installed \d+ packages? in |(?:Resolved|Audited|Checked) \d+ packages? in |Saved \./|Prepared \d+ packages? in |No broken requirements found|All installations are complete|🎉|✔ Update successful|# To activate this environment)"
)
TESTS_DONE = re.compile(
    r"^=+ (?P<counts>[\d\w, ]{1,200}?) in [\d.]+s.{0,40}=+$|^(?P<bare>\d+ (?:passed|failed|error)[\d\w, ]{0,200}?) in [\d.]+s|^(?P<unittest>OK|FAILED)(?: \(.{0,80}\))?$"
)
DOCS_DONE = re.compile(r"^build succeeded(?:, \d{1,6} warnings?)?\.")
ENDINGS_BAD = re.compile(
    r"[Ee]xited with (?:code |non-zero code )?'?[1-9]|Job failed|returned a non-zero code|Finished: (?:FAILURE|ABORTED)|did not complete successfully: exit code|Push rejected|script returned exit code [1-9]|Process completed with exit code [1-9]|exit-code: [1-9]|failed with exit code [1-9]|finished with exit code [1-9]|program finished with exit code [1-9]|Build step .{1,80} marked build as failure|^ERROR: build step|[Ee]xited with code exit status [1-9]|State: FAILED$|Build script returned non-zero exit code|installer returned a non-zero exit code|Error during processing dependencies|failed with status code:? [1-9]|^(?:\S{1,4} )?(?:Error: )?(?:==> )?(?:[Tt]he )?(?:[Bb]uild|[Jj]ob|[Dd]eploy(?:ment)?|[Tt]ask|[Ss]tage|[Ss]tep|[Pp]ipeline|[Ww]orkflow|[Ii]nstallation|BUILD|JOB)(?: \S{1,60})? (?:has )?(?:[Ff]ailed|FAILED|FAILURE|errored|aborted)\b|^(?:Failed|FAILED|Error|ERROR)[.!]?$"
)
ENDINGS_GOOD = re.compile(
    r"Job succeeded|Finished: SUCCESS|exited with (?:code )?0\b|exit-code: 0|program finished with exit code 0|Build succeeded"
)
# What a CI system writes around a step, whatever it runs: nothing of what came of it.
MARKER = re.compile(
    r"^(?:section_(?:start|end):\d{1,12}:|travis_(?:fold|time):|::(?:group|endgroup)::|##\[(?:group|endgroup|section)\]|Running with gitlab-runner |  on \S{1,80} \S{1,40}, system ID: |(?:Preparing|Using|Pulling|Getting source|Running on) .{0,40}(?:executor|docker image|environment|from Git repository|runner))"
)
# What every ending above holds one of: looked for first, ten times faster than the patterns.
ENDING_WORDS = (
    "xit",
    "ail",
    "AIL",
    "rror",
    "RROR",
    "bort",
    "BORT",
    "ucce",
    "UCCE",
    "ejected",
    "non-zero",
)
PYTEST = re.compile(
    r"^(?:=+ (?:test session starts|FAILURES|ERRORS) =+|ImportError while loading conftest)"
)
# unittest's own headline of a test that ended badly.
UNITTEST = re.compile(r"^(?:ERROR|FAIL): \S{1,200} \(\S{1,300}\)$")
STAGE = re.compile(
    r"^(?:Preparing (?:editable |wheel )?metadata|Getting requirements to build|Checking if build backend|Installing (?:build|backend) dependencies)"
)
NOT_THERE = re.compile(r"No matching distribution found for (?P<name>[A-Za-z0-9][\w.-]{0,100})")
EGG_INFO = re.compile(
    r"^(?:writing|creating) (?:\S{1,300}/)?(?P<name>[A-Za-z0-9][\w.-]{0,100})\.egg-info(?:/PKG-INFO)?$"
    r"|^error in (?P<said>[A-Za-z0-9][\w.-]{0,100}) setup command"
)
# Tried again: no failure yet. The last try (`total=0`) is told apart by not matching.
RETRYING = re.compile(
    r"Retrying \(Retry\(total=[1-9]|spurious network error \([1-9]|Retrying in \d"
)
REFERENCE = re.compile(r" from (?=\S*[/:])| ?@ (?=\S*[/:])")
# A platform's word that the program it runs cannot be imported.
UNIMPORTABLE = re.compile(r"Unable to import module '[^']{1,120}': ")
# What only a program writes that uses what is installed, without a traceback.
_PROGRAMS = (
    r"Could not import extension \S{1,120} \(exception: |^pluggy\.\S{1,80}Error: |^Extension error"
)
OF_A_PROGRAM = re.compile(rf"{UNIMPORTABLE.pattern}|{_PROGRAMS}")
# A shell's echo of a command that uses what was installed.
CHECK_COMMAND = re.compile(
    r"^[+$] (?:\S{1,200}/)?(?:python[\d.]{0,5} (?:-W \S{1,40} )?-c |python[\d.]{0,5} -m (?:pytest|unittest)|pytest\b)"
)
UV_PROJECT = re.compile(r"\buv (?:sync|lock|run|add|export)\b")


def project_in(path: str) -> Project | None:
    """Return the project that an installer unpacked to a path in the text, None where none is."""
    match = _UNPACKED.search(path)
    return match and Project(match["name"] or match["name2"], match["version"])


def project_at(place: str) -> Project | None:
    """Return the project that the folder of a failed command holds, by the folder's name."""
    place = place.strip("'\". ").rstrip("/\\")
    if found := project_in(f"{place}/"):
        return found
    last = re.split(r"[\\/]", place)[-1]
    if last == place or _NAMELESS.match(last):
        return None
    named = project_of(last)
    return named if named is not None and named.name == last else None


def phase_of_command(command: str) -> Phase | None:
    """Return the phase of a build script's command, None for another."""
    if (match := _OF_COMMAND.search(command)) is None:
        return None
    return {"metadata": Phase.METADATA, "build": Phase.BUILD, "install": Phase.INSTALL}[
        match.lastgroup or ""
    ]


def phase_of_headline(headline: re.Match[str] | None) -> Phase:
    """Return the phase of the step that a headline says did not run."""
    if headline is None or headline["metadata"]:
        return Phase.METADATA
    return Phase.INSTALL if headline["install"] else Phase.BUILD


def phase_of_hook(hook: str) -> Phase:
    """Return the phase that a build backend's hook belongs to."""
    return (
        Phase.BUILD if hook in ("build_wheel", "build_editable", "build_sdist") else Phase.METADATA
    )


def how_ended(bare: str) -> bool | None:
    """Return how the step ended, or None where it only started."""
    if "finished with status 'error'" in bare or bare.endswith(("... error", " error")):
        return False
    if "finished with status 'done'" in bare or bare.endswith(("... done", " done")):
        return True
    return None


def direct_reference(
    rest: str, chain: tuple[str, ...], at: int | None, rooted: bool
) -> Project | None:
    """Return the project of a direct reference: a path, an URL, or `name from URL`."""
    target = rest.partition(" (")[0].strip()
    if REFERENCE.search(rest):
        name = REFERENCE.split(rest, maxsplit=1)[0]
        found = project_of(name)
        text = rest.partition(" from ")[2] or rest
        return found and Project(found.name, found.version, text, chain, at, rooted)
    if "/" not in target and not target.endswith((".whl", ".gz", ".zip")):
        return None
    if "#egg=" in target:
        return Project(target.split("#egg=")[1].partition("&")[0], None, target, chain, at, rooted)
    last = target.rstrip("/").rpartition("/")[2].partition("#")[0]
    last = last.partition("@")[0].removesuffix(".git")
    if wheel := re.match(r"([A-Za-z0-9][\w.]{0,100})-(\d[\w.+!]{0,60})-.{1,120}\.whl$", last):
        return Project(wheel[1], wheel[2], target, chain, at, rooted)
    if archive := ARCHIVE.search(last):
        return Project(archive["name"], archive["version"], target, chain, at, rooted)
    return Project(last or target, None, target, chain, at, rooted)

"""The tools that an assistant sees: their arguments, descriptions and the schemas of their results.

A tool checks what it was given, runs one command, and hands back its report and its words. Must
not know how a command works.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Literal

from mcp.server import MCPServer
from mcp.server.mcpserver import Context
from mcp.server.mcpserver.exceptions import ToolError
from mcp.types import CallToolResult, TextContent, Tool, ToolAnnotations
from pydantic import Field

from bisect_deps import __version__
from bisect_deps.assistants.allowed import Allowed, is_own_place, options, python_option
from bisect_deps.assistants.commands import Ended, call
from bisect_deps.errors import DepbisectError, InputError
from bisect_deps.system.scratch import scratch
from bisect_deps.system.trust import STATE_FOLDER

INSTRUCTIONS = """\
depbisect finds which lines of a Python requirements file break a build, and what they should say \
instead. Begin with `diagnose` where there is a log: it builds nothing. `run` builds to a verdict \
and a fix that a build proved; it takes minutes and tells its progress. A culprit, a version and a \
diff in its report were built: repeat them as they are, and guess none beside them. Where only \
the user can build, use guided_start, then guided_answer after each build. Files change only \
where `write` is allowed; else apply the diff yourself."""

# What each tool's result looks like; the rest have no schema of their own.
_SCHEMAS = {
    "run": "report.schema.json",
    "report": "report.schema.json",
    "guided_start": "session.schema.json",
    "guided_answer": "session.schema.json",
    "guided_status": "session.schema.json",
}
_BUILD_PLACE = f"{STATE_FOLDER}/build/"

File = Annotated[
    str, Field(description="The requirements file, from the allowed folder; also pyproject.toml.")
]
Folder = Annotated[str, Field(description="The folder of the session's requirements file.")]
Python = Annotated[
    str | None, Field(description="Version of Python to build for, such as 3.12; auto: the file's.")
]
Newer = Annotated[
    str | None, Field(description="Read the index as of this date, such as 2024-05-01.")
]
Write = Annotated[bool, Field(description="Change the file in place, where that is allowed.")]
LogText = Annotated[str | None, Field(description="The text of the build log.")]
LogFile = Annotated[str | None, Field(description="The file of the build log, instead.")]


@dataclass(frozen=True, slots=True)
class Tools:
    """The tools, for one caller. `python` and `index_url` are what the user chose for it."""

    allowed: Allowed
    python: str | None = None
    index_url: str | None = None

    async def diagnose(
        self,
        context: Context,
        log: LogText = None,
        log_file: LogFile = None,
        requirements: Annotated[
            str | None, Field(description="The file that was installed: suspects become its lines.")
        ] = None,
    ) -> CallToolResult:
        """Name the suspects in the log of a failed build, and the lines that show them.

        Builds and downloads nothing. Give `log` or `log_file`.
        """
        with _reported():
            given, source = self._log(log, log_file)
            listed = None if requirements is None else self.allowed.file(requirements)
        if source is None:
            raise ToolError("error: there is no log\nhint: give log or log_file")
        words = ["diagnose", *options(requirements=listed)]
        return await self._reported(context, words, [source], given=given)

    async def run(
        self,
        context: Context,
        file: File = "requirements.txt",
        python: Python = None,
        check: Annotated[
            list[str] | None,
            Field(description="Shell commands that must succeed in the built environment."),
        ] = None,
        imports: Annotated[
            bool, Field(description="Also import the modules of every requirement.")
        ] = False,
        log_file: LogFile = None,
        good: Annotated[
            str | None,
            Field(description="A lock, a freeze, a date or a git revision that still worked."),
        ] = None,
        exclude_newer: Newer = None,
        narrow: Annotated[
            Literal["none", "quick", "full"],
            Field(description="How far versions are narrowed once the fix is proven."),
        ] = "quick",
        max_builds: Annotated[int | None, Field(description="Stop after so many builds.")] = None,
        timeout: Annotated[
            float | None, Field(description="Time limit of one build, in seconds.")
        ] = None,
        allow_removal: Annotated[
            bool, Field(description="A fix may leave a requirement out.")
        ] = False,
        write: Write = False,
    ) -> CallToolResult:
        """Bisect a failing build to its culprits and to a fix that a build proved.

        Installs releases from the package index, which runs their build scripts. Takes minutes;
        a cancelled run loses nothing, the same call goes on. The report has the diff of the fix.
        """
        with _reported():
            path = self.allowed.file(file)
            self.allowed.be_writable(write)
            self.allowed.be_silent(path.parent)
            log = None if log_file is None else self.allowed.file(log_file)
            words = [
                "run",
                "--no-progress",
                *self._python(python),
                *self._index(),
                *options(
                    check=check,
                    imports=imports,
                    log=log,
                    good=self._good(good, path.parent),
                    exclude_newer=exclude_newer,
                    narrow=narrow,
                    max_builds=max_builds,
                    timeout=timeout,
                    allow_removal=allow_removal,
                    write=write,
                ),
            ]
        return await self._reported(context, words, [path.name], folder=path.parent)

    async def report(self, context: Context, file: File = "requirements.txt") -> CallToolResult:
        """Show the report of the last run of a file, or of a guided session, again."""
        with _reported():
            path = self.allowed.path(file)
        return await self._reported(context, ["report"], [path.name], folder=path.parent)

    async def lint(
        self,
        context: Context,
        paths: Annotated[
            list[str] | None, Field(description="Files and folders; by default the allowed one.")
        ] = None,
        profile: Annotated[
            Literal["publish", "library", "locked", "dev"] | None,
            Field(description="What the files are for."),
        ] = None,
        online: Annotated[bool, Field(description="Also ask the package index.")] = False,
        write: Annotated[
            bool, Field(description="Fix what can be fixed safely, where that is allowed.")
        ] = False,
    ) -> CallToolResult:
        """Check that versions are pinned and can still be installed; each finding has its place."""
        with _reported():
            self.allowed.be_writable(write)
            named = [str(self.allowed.path(path)) for path in paths or ["."]]
        index = self._index() if online else []
        words = ["lint", *options(output_format="json", profile=profile, online=online), *index]
        words += options(offline=not online, fix=write)
        ended = await self._call(context, [*words, "--", *named], self.allowed.roots[0])
        if not ended.output.lstrip().startswith("{"):
            raise ToolError(ended.error())
        return _result(ended.output, json.loads(ended.output))

    async def pin(
        self,
        context: Context,
        file: File = "requirements.txt",
        source: Annotated[
            str | None,
            Field(description="Where versions come from: env, run, index, or a lock or freeze."),
        ] = None,
        python: Python = None,
        transitive: Annotated[bool, Field(description="Also pin what the lines pull in.")] = False,
        exclude_newer: Newer = None,
        write: Write = False,
    ) -> CallToolResult:
        """Show the pins that would stand in place of bare names and ranges, as a diff.

        With `write`, a build proves them, and then they are written.
        """
        with _reported():
            path = self.allowed.file(file)
            self.allowed.be_writable(write)
            if source not in (None, "env", "run", "index"):
                source = str(self.allowed.file(str(source)))
            words = ["pin", *self._python(python), *self._index()]
            chosen = {"from": source, "exclude_newer": exclude_newer, "transitive": transitive}
            words += options(**chosen, diff=not write)
        ended = await self._call(context, [*words, "--", path.name], path.parent)
        if ended.code > 1:
            raise ToolError(ended.error())
        messages = ended.messages.strip().splitlines()
        said = {"done": ended.code == 0, "diff": ended.output, "messages": messages}
        return _result(f"{ended.output}\n{ended.messages}".strip(), said)

    async def guided_start(
        self,
        context: Context,
        file: File = "requirements.txt",
        log: LogText = None,
        log_file: LogFile = None,
        to: Annotated[
            str, Field(description="Where what is to be built is written; a folder ends with /.")
        ] = _BUILD_PLACE,
        python: Python = None,
        check_note: Annotated[
            str | None, Field(description='What "it works" means, in words.')
        ] = None,
        evidence: Annotated[
            bool, Field(description="Look releases up in the package index, which saves builds.")
        ] = True,
        exclude_newer: Newer = None,
    ) -> CallToolResult:
        """Begin a guided session: somebody else builds what is written, and says how it went.

        The result says which file or folder to build; answer with guided_answer.
        """
        with _reported():
            path = self.allowed.file(file)
            place = self.allowed.path(os.path.join(path.parent, to))
            self.allowed.be_writable(not is_own_place(place, path.parent))
            given, source = self._log(log, log_file)
            words = ["start", *self._python(python), *self._index()]
            words += options(
                log=source,
                to=f"{os.path.relpath(place, path.parent)}{'/' if to.endswith('/') else ''}",
                check_note=check_note,
                no_evidence=not evidence,
                exclude_newer=exclude_newer,
            )
        return await self._guided(context, [*words, "--", path.name], path.parent, given)

    async def guided_answer(
        self,
        context: Context,
        answer: Annotated[
            Literal["good", "bad", "skip", "undo"],
            Field(description="The build passed, failed, cannot be tested; or take one back."),
        ],
        folder: Folder = ".",
        log: LogText = None,
        log_file: LogFile = None,
        reason: Annotated[str | None, Field(description="Why a build is skipped.")] = None,
        sure: Annotated[
            bool, Field(description="It looks like a mistake, and is true all the same.")
        ] = False,
    ) -> CallToolResult:
        """Say how the build went that the session asked for. A log of a bad one saves builds."""
        with _reported():
            where = self.allowed.folder(folder)
            given, source = self._log(log, log_file)
            if answer != "bad":
                given, source = b"", None
        sure = sure and answer in ("good", "bad")
        words = [answer, *options(log=source, reason=reason if answer == "skip" else None)]
        return await self._guided(context, [*words, *options(sure=sure)], where, given)

    async def guided_status(self, context: Context, folder: Folder = ".") -> CallToolResult:
        """Show what is known in the session, and what to build next; at its end, the report."""
        with _reported():
            where = self.allowed.folder(folder)
        return await self._guided(context, [], where)

    async def guided_end(self, context: Context, folder: Folder = ".") -> CallToolResult:
        """End the session, and remove what was written to be built."""
        with _reported():
            where = self.allowed.folder(folder)
        ended = await self._call(context, ["reset"], where)
        if ended.code:
            raise ToolError(ended.error())
        return _result(ended.output.strip())

    def _log(self, text: str | None, named: str | None) -> tuple[bytes, str | None]:
        """Return standard input and the name of the log: `-` where it was given as text."""
        if text is not None and named is not None:
            raise InputError("there are two logs", hint="give log or log_file, not both")
        if text is not None:
            return text.encode(), "-"
        return b"", None if named is None else str(self.allowed.file(named))

    def _good(self, named: str | None, folder: Path) -> str | None:
        """Return what worked before: a file inside, else a date or a revision as it is."""
        if named is None or not (folder / named).exists():
            return named
        return str(self.allowed.file(str(folder / named)))

    def _python(self, named: str | None) -> list[str]:
        """Return `--python`: the caller's version, else what the server was started with."""
        return python_option(named) or options(python=self.python)

    def _index(self) -> list[str]:
        return options(index_url=self.index_url)

    async def _call(
        self, context: Context, words: Sequence[str], folder: Path, given: bytes = b""
    ) -> Ended:
        lines = 0

        async def hear(line: str) -> None:
            nonlocal lines
            lines += 1
            await context.report_progress(lines, message=line)

        environment = self.allowed.environment(os.environ)
        return await call(words, folder=folder, environment=environment, given=given, hear=hear)

    async def _reported(
        self,
        context: Context,
        words: Sequence[str],
        named: Sequence[str],
        *,
        folder: Path | None = None,
        given: bytes = b"",
    ) -> CallToolResult:
        """Run a command that writes a report; return it, and what the command shows to people."""
        with scratch() as place:
            path = place / "report.json"
            whole = [*words, f"--json={path}", "--", *named]
            ended = await self._call(context, whole, folder or self.allowed.roots[0], given)
            if not path.exists():
                raise ToolError(ended.error())
            report = json.loads(path.read_text("utf-8"))
        return _result(ended.output.strip(), report)

    async def _guided(
        self, context: Context, words: Sequence[str], folder: Path, given: bytes = b""
    ) -> CallToolResult:
        """Take a step of a session, if there is one to take; return where it stands after it."""
        text = ""
        if words:
            ended = await self._call(context, words, folder, given)
            if ended.code:
                raise ToolError(ended.error())
            text = ended.output.strip()
        state = await self._call(context, ["status", "--json"], folder)
        if state.code:
            raise ToolError(state.error())
        return _result(text or state.output, json.loads(state.output))


class Server(MCPServer[Any]):
    """A server whose tools say what their results look like by the schemas that we publish."""

    async def list_tools(self) -> list[Tool]:
        """Return the tools, each with the schema of its result where there is one."""
        return [
            tool.model_copy(update={"output_schema": schema_of(_SCHEMAS[tool.name])})
            if tool.name in _SCHEMAS
            else tool
            for tool in await super().list_tools()
        ]


def serve(tools: Tools) -> Server:
    """Return a server with the tools; `run()` of it speaks over standard input and output."""
    server = Server(
        "depbisect", version=__version__, instructions=INSTRUCTIONS, log_level="WARNING"
    )
    looks = ToolAnnotations(read_only_hint=True, open_world_hint=False)
    builds = ToolAnnotations(destructive_hint=tools.allowed.may_write, open_world_hint=True)
    keeps = ToolAnnotations(destructive_hint=False, open_world_hint=True)
    for tool, nature in (
        (tools.diagnose, looks),
        (tools.run, builds),
        (tools.report, looks),
        (tools.lint, builds),
        (tools.pin, builds),
        (tools.guided_start, keeps),
        (tools.guided_answer, keeps),
        (tools.guided_status, looks),
        (tools.guided_end, keeps),
    ):
        server.add_tool(tool, annotations=nature)
    return server


def schema_of(name: str) -> dict[str, Any]:
    """Return a published schema by its file name, whole: what it refers to stands inside it."""
    schema: dict[str, Any] = _read(name)
    if name != "report.schema.json" and "urn:depbisect:report:1" in json.dumps(schema):
        schema["$defs"]["report"] = _read("report.schema.json")
    return schema


def _read(name: str) -> Any:
    return json.loads(files("bisect_deps.reports").joinpath(name).read_text("utf-8"))


class _reported:
    """Hands an error of ours to the caller as the command line shows it: the error, then a hint."""

    def __enter__(self) -> None: ...

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        if isinstance(error, DepbisectError):
            hint = f"\nhint: {error.hint}" if error.hint else ""
            raise ToolError(f"error: {error}{hint}") from error


def _result(text: str, structured: dict[str, Any] | None = None) -> CallToolResult:
    content = [TextContent(type="text", text=text)]
    return CallToolResult(content=[*content], structured_content=structured)

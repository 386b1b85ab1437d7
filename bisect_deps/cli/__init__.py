"""The command line: flags in, exit code out. One file per command, imported when it is called.

Holds the table of commands and what happens to an error. Must not know how any command works.
"""

from __future__ import annotations

import gc
import importlib
import re
import sys
from collections.abc import Sequence
from typing import Any

import click

from bisect_deps import __version__
from bisect_deps.cli.endings import OutputClosed, as_ours, be_steady, close_output, crash, say
from bisect_deps.cli.odd_values import be_of_one_mind, be_said
from bisect_deps.cli.options import give_common, relative
from bisect_deps.errors import DepbisectError, ExitCode, InputError
from bisect_deps.text import alike

# What click says of a word that is no number.
_VERSION = ("-V", "--version")
_NOT_A_NUMBER = re.compile(r"is not a valid (integer|float)(?: range)?\b")

# Objects that make a look worth while; Python's own 700 are for short programs.
_COLLECTED_FROM = 50_000

# Command name to (module in this folder, one line for `--help`). Each module has `command`.
COMMANDS: dict[str, tuple[str, str]] = {
    "run": ("run", "Bisect a failing build to a verdict and a verified fix."),
    "fleet": ("fleet", "Bisect many files; what one shows of a release is known to the next."),
    "doctor": ("doctor", "Check what a run needs, and say what to fix."),
    "init": ("init", "Write the file that a builder's system needs, such as a CI workflow."),
    "lint": ("lint", "Check that versions are pinned, and can still be installed."),
    "pin": ("pin", "Write pins in place of bare names, proven by a build."),
    "diagnose": ("diagnose", "Name the suspects in a build log; builds nothing."),
    "errors": ("errors", "Show why calls of a hosted algorithm failed."),
    "build-log": ("build_log", "Show the log of a hosted build, and name its suspects."),
    "guide": ("guide", "Go through a guided session, question by question."),
    "start": ("guided", "Begin a guided session: you build elsewhere, we choose each build."),
    "good": ("guided", "Say that the build asked for passed."),
    "bad": ("guided", "Say that it failed."),
    "skip": ("guided", "Say that it cannot be tested."),
    "undo": ("guided", "Take back the last answer."),
    "status": ("guided", "Show where the guided session stands."),
    "log": ("guided", "Print the guided session as a script."),
    "replay": ("guided", "Give the answers of such a script again."),
    "reset": ("guided", "End the guided session; the original comes back."),
    "trust": ("trust", "Say which hosts get your keys, and which projects are yours."),
    "mcp": ("mcp", "Serve these commands to an assistant (Model Context Protocol)."),
    "report": ("report", "Show the last run again, as text, HTML, JSON, Markdown or SARIF."),
    "help": ("help", "Show how a command is used."),
}


class LazyGroup(click.Group):
    """A group that imports a command's module only when the command is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the commands in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return the command, or None where there is none of that name."""
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"bisect_deps.cli.{COMMANDS[cmd_name][0]}")
        command: click.Command = module.command_named(cmd_name)
        give_common(command)
        if ctx.resilient_parsing:  # A shell asks what may come next.
            from bisect_deps.cli.completing import with_values

            with_values(command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that the words begin with. Raises InputError, with what is alike."""
        is_unknown = args[0] not in COMMANDS and not args[0].startswith("-")
        if is_unknown and not ctx.resilient_parsing:
            meant = " or ".join(alike(args[0].lower(), COMMANDS))
            hint = f"did you mean {meant}?" if meant else "see: depbisect help"
            raise InputError(f"there is no command {args[0]!r}", hint=hint)
        name, command, rest = super().resolve_command(ctx, args)
        if command is not None and not ctx.resilient_parsing:
            be_said(rest, [flag for param in command.params for flag in param.opts])
            be_of_one_mind(rest, command.params)
        return name, command, rest

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; a closed pipe ends it quietly, with no code that would mean a result."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError as error:
            raise OutputClosed from error
        except click.BadOptionUsage as error:
            raise self._lacking(ctx, error) from error

    def _lacking(self, ctx: click.Context, error: click.BadOptionUsage) -> InputError:
        """Return the error for an option without its value, which click says of no command."""
        command = self.get_command(ctx, ctx.invoked_subcommand or "")
        if command is None:
            return _usage(error)
        inner = click.Context(command, info_name=command.name, parent=ctx)
        named = [param for param in command.params if error.option_name in param.opts]
        values = [param.make_metavar(inner) for param in named]
        if not values:
            return _usage(error)
        what = f"{error.option_name} needs a value: {error.option_name} {values[0]}"
        return InputError(what, hint=f"see: {inner.command_path} --help")

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands from the table, so that `--help` imports none of them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, *_VERSION, prog_name="depbisect")
def group() -> None:
    """Find which requirements break a build, and what they should say instead."""


def main(args: Sequence[str] | None = None) -> None:
    """Run the command line and exit with the contract's code."""
    # Three hundred modules are no garbage: looking through them takes a tenth of a start.
    gc.set_threshold(_COLLECTED_FROM)
    code = _code(args)
    sys.exit(close_output() or code)


def _code(args: Sequence[str] | None) -> int:
    try:
        be_steady()
        code = group.main(args, standalone_mode=False)
    except click.ClickException as error:
        return _misused(error)
    except DepbisectError as error:
        _show(error)
        return error.exit_code
    except (click.Abort, KeyboardInterrupt) as error:
        return _interrupted(error)
    except (OutputClosed, BrokenPipeError):  # The latter from completion: a shell that looks away.
        return ExitCode.USAGE
    except Exception as error:
        return _foreign(error)
    return code if isinstance(code, int) else ExitCode.OK


def _interrupted(error: BaseException) -> int:
    if isinstance(error.__cause__, EOFError):  # Of data that end too soon, not of a person.
        return _foreign(error.__cause__)
    say("Interrupted; nothing is lost: the same command goes on.")
    return ExitCode.INTERRUPTED


def _foreign(error: Exception) -> int:
    if (ours := as_ours(error)) is not None:
        _show(ours)
        return ours.exit_code
    for line in crash(error):
        say(line)
    return ExitCode.INTERNAL


def _misused(error: click.ClickException) -> int:
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        error.show()
    else:
        _show(_usage(error))
    return ExitCode.USAGE


def _usage(error: click.ClickException) -> InputError:
    """Return an error of the command line's own in the words of all others."""
    context = getattr(error, "ctx", None)
    see = f"see: {context.command_path if context else 'depbisect'} --help"
    if isinstance(error, click.NoSuchOption):
        return InputError(f"there is no option {error.option_name}", hint=_meant(error) or see)
    said = _NOT_A_NUMBER.sub(_no_number, error.format_message().rstrip("."))
    return InputError(said[:1].lower() + said[1:], hint=see)


def _meant(error: click.NoSuchOption) -> str:
    """Return what to type for an option that is not there; "" where nothing is like it."""
    if error.option_name in _VERSION:
        return "the version: depbisect --version"
    # Two dashes are no likeness.
    named = {option.lstrip("-"): option for option in error.possibilities or ()}
    if near := alike(error.option_name.lstrip("-"), named):
        return f"did you mean {' or '.join(named[name] for name in near)}?"
    if error.ctx is not None and error.ctx.parent is None:
        return f"options follow the command: depbisect COMMAND {error.option_name}"
    return ""


def _no_number(found: re.Match[str]) -> str:
    return f"is not a {'whole number' if found[1] == 'integer' else 'number'}"


def _show(error: DepbisectError) -> None:
    from bisect_deps.secret import masked

    say(masked(relative(f"error: {error}")))
    if error.hint:
        say(masked(relative(f"hint: {error.hint}")))

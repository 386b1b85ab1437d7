"""What a shell completes beyond what click knows: builders, Pythons, rules, files.

By the name of the parameter, so that it is the same in every command. Must not know the commands.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial

import click
from click.shell_completion import CompletionItem

# The value so far, to all that it may become, each with a word of help.
Source = Callable[[str], Iterable[tuple[str, str]]]


def with_values(command: click.Command) -> click.Command:
    """Return the command, its parameters completed as their names say."""
    for param in command.params:
        if param.name in _FILES:
            vars(param)["shell_complete"] = _files
        elif source := _SOURCES.get(param.name or ""):
            vars(param)["shell_complete"] = partial(_values, source)
    return command


def _files(_: click.Context, incomplete: str) -> list[CompletionItem]:
    return [CompletionItem(incomplete, type="file")]


def _values(source: Source, _: click.Context, incomplete: str) -> list[CompletionItem]:
    return [
        CompletionItem(value, help=words)
        for value, words in source(incomplete)
        if value.startswith(incomplete)
    ]


def _builders(_: str) -> Iterator[tuple[str, str]]:
    from bisect_deps.builders import BUILDERS

    yield from ((name, "") for name in (*BUILDERS, "manual"))


def _pythons(_: str) -> Iterator[tuple[str, str]]:
    from bisect_deps.system.interpreters import find_all

    yield "auto", "that of the file"
    for found in find_all():
        yield found.version, found.path


def _rules(incomplete: str) -> Iterator[tuple[str, str]]:
    """Yield rules by code and by name; of a list with commas, the last is what is completed."""
    from bisect_deps.lint.rules import all_rules

    before, comma, _ = incomplete.rpartition(",")
    yield f"{before}{comma}ALL", "all rules"
    for rule in all_rules().values():
        yield f"{before}{comma}{rule.code}", rule.name
        yield f"{before}{comma}{rule.name}", rule.code


_FILES = ("paths", "logs", "log", "file", "requirements")
_SOURCES: dict[str, Source] = {
    "builder": _builders,
    "python": _pythons,
    "select": _rules,
    "extend_select": _rules,
    "ignore": _rules,
    "explain": _rules,
}

"""Markers as most are written, read without the parser of the packaging specifications.

The parser takes a tenth of the linter's start. What is not plainly `variable operator "value"`,
joined by `and` and `or`, is left to it: `plain` returns None. Knows no requirement and no rule.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

_VERSIONS = "python_version|python_full_version"
_NAMES = (
    "sys_platform|platform_system|os_name|platform_machine|implementation_name"
    "|platform_python_implementation"
)
_CLAUSE = re.compile(
    rf"""\s*(?:(?P<version>{_VERSIONS})\s*(?P<order>==|!=|>=|<=|>|<)\s*"""
    r"""(?P<quote>["'])(?P<number>\d{1,4}(?:\.\d{1,4}){0,2})(?P=quote)"""
    rf"""|(?P<name>{_NAMES})\s*(?P<equal>==|!=)\s*"""
    r"""(?P<mark>["'])(?P<value>[A-Za-z_][\w-]{0,40})(?P=mark))\s*"""
)
_JOINED = re.compile(r"(and|or)(?=\s)")
_NUMBER = re.compile(r"\d{1,4}(?:\.\d{1,4}){0,3}")


class Clause(NamedTuple):
    """One comparison: the environment's variable, the operator, the value."""

    name: str
    operator: str
    value: str


class Plain(NamedTuple):
    """A marker: it holds where all clauses of one of its groups hold."""

    groups: tuple[tuple[Clause, ...], ...]

    @property
    def text(self) -> str:
        """Return the marker as the parser writes it."""
        return " or ".join(
            " and ".join(f'{clause.name} {clause.operator} "{clause.value}"' for clause in group)
            for group in self.groups
        )

    def holds(self, environment: Mapping[str, str]) -> bool | None:
        """Say whether it holds; None where a version of the environment is no plain one."""
        versions = (
            clause.name for group in self.groups for clause in group if clause.value[0].isdigit()
        )
        if not all(_NUMBER.fullmatch(environment[name]) for name in versions):
            return None
        return any(
            all(_holds(clause, environment[clause.name]) for clause in group)
            for group in self.groups
        )


def plain(text: str) -> Plain | None:
    """Return a marker that is plainly written, None for any other."""
    groups: list[list[Clause]] = [[]]
    at = 0
    while (match := _CLAUSE.match(text, at)) is not None:
        name, operator = match["version"] or match["name"], match["order"] or match["equal"]
        groups[-1].append(Clause(name, operator, match["number"] or match["value"]))
        at = match.end()
        if at == len(text):
            return Plain(tuple(tuple(group) for group in groups))
        if (joined := _JOINED.match(text, at)) is None:
            return None
        if joined[1] == "or":
            groups.append([])
        at = joined.end()
    return None


def _holds(clause: Clause, found: str) -> bool:
    if not clause.value[0].isdigit():
        return (found == clause.value) is (clause.operator == "==")
    own, wanted = _numbers(found), _numbers(clause.value)
    return {
        "==": own == wanted,
        "!=": own != wanted,
        ">=": own >= wanted,
        "<=": own <= wanted,
        ">": own > wanted,
        "<": own < wanted,
    }[clause.operator]


def _numbers(version: str) -> tuple[int, ...]:
    """Return a version's numbers without the zeros at its end, which count for nothing."""
    numbers = [int(part) for part in version.split(".")]
    while len(numbers) > 1 and not numbers[-1]:
        numbers.pop()
    return tuple(numbers)

"""Small worlds for the resolver: an index in one line of text, requirements, and what conflicts.

The text holds releases, `|` between them: `name version`, then in any order
`-> requirement, requirement`   what it requires
`+extra: requirement, ...`      what an extra requires
`@yanked @source @windows @python>=4 @static`   how it differs from a plain wheel
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from packaging.requirements import Requirement as Parsed
from packaging.utils import canonicalize_name

from bisect_deps.model import Requirement
from tests.support.local_index import Project


@dataclass(frozen=True)
class Scenario:
    """`conflicts` are the minimal ones as sets of line numbers; none where all resolves.

    A line that starts with `-c ` is one of a constraints file.
    """

    name: str
    world: str
    lines: tuple[str, ...]
    conflicts: tuple[frozenset[int], ...] = ()
    chosen: dict[str, str] = field(default_factory=dict)

    def projects(self) -> list[Project]:
        return list(read_world(self.world))

    def requirements(self) -> list[Requirement]:
        return [read_line(number, line) for number, line in enumerate(self.lines)]


def scenario(
    name: str, world: str, lines: str, *conflicts: Iterable[int], **chosen: str
) -> Scenario:
    """Return a scenario; `lines` has `|` between them, too."""
    split = tuple(line.strip() for line in lines.split("|"))
    return Scenario(name, world, split, tuple(frozenset(c) for c in conflicts), chosen)


def read_line(number: int, line: str) -> Requirement:
    """Return a requirement as a parsed requirements file would hold it."""
    text = line.removeprefix("-c ").strip()
    parsed = Parsed(text)
    return Requirement(
        number=number,
        name=canonicalize_name(parsed.name),
        specifier=str(parsed.specifier),
        text=text,
        file="requirements.txt",
        line=number + 1,
        extras=frozenset(parsed.extras),
        marker=str(parsed.marker) if parsed.marker else None,
        constraint=line.startswith("-c "),
    )


def read_world(text: str) -> Iterable[Project]:
    found: dict[str, Project] = {}
    for item in text.split("|"):
        parts = re.split(r"\s(?=->|\+|@)", " ".join(item.split()))
        name, version = parts[0].split()
        options: dict[str, Any] = {"extras": {}}
        for part in parts[1:]:
            _read_option(part, options)
        project = found.get(name, Project(name))
        found[name] = project.release(version, **options)
    return found.values()


def _read_option(part: str, options: dict[str, Any]) -> None:
    if part.startswith("->"):
        options["requires"] = _split(part[2:])
    elif part.startswith("+"):
        extra, _, requires = part[1:].partition(":")
        options["extras"][extra] = _split(requires)
    elif part == "@yanked":
        options["yanked"] = "withdrawn"
    elif part == "@source":
        options["wheel"] = False
    elif part == "@static":
        options.update(wheel=False, static=True)
    elif part == "@windows":
        options["wheel"] = "py3-none-win_amd64"
    elif part.startswith("@python"):
        options["requires_python"] = part.removeprefix("@python")
    else:
        raise ValueError(part)


def _split(text: str) -> list[str]:
    # A comma within a version clause has no space after it.
    return [word.strip() for word in text.split(", ")]


# Two lines that ask two versions of one project, in the many ways in which that happens.
SCENARIOS = [
    # -- chains
    scenario("two direct pins of one project", "a 1 | a 2", "a==1 | a==2", (0, 1)),
    scenario("a pin against what another needs", "a 1 -> b<2 | b 1 | b 2", "a | b==2", (0, 1)),
    scenario(
        "two that need different versions", "a 1 -> c<2 | b 1 -> c>=2 | c 1 | c 2", "a | b", (0, 1)
    ),
    scenario(
        "three innocents beside a conflict",
        "a 1 -> c<2 | b 1 -> c>=2 | c 1 | c 2 | x 1 | y 1 -> x | z 1",
        "x | a | y | b | z",
        (1, 3),
    ),
    scenario("a chain of three", "a 1 -> b | b 1 -> c<2 | c 1 | c 2", "a | c==2", (0, 1)),
    scenario(
        "a chain of four against a chain of two",
        "a 1 -> b | b 1 -> c | c 1 -> d<2 | e 1 -> d>=2 | d 1 | d 2",
        "a | e",
        (0, 1),
    ),
    scenario(
        "an older release of the first avoids it",
        "a 1 -> b | a 2 -> b<2 | b 1 | b 2",
        "a | b==2",
        a="1",
    ),
    scenario(
        "an older release of a transitive avoids it",
        "a 1 -> b | b 1 -> c | b 2 -> c<2 | c 1 | c 2",
        "a | c==2",
        b="1",
    ),
    scenario(
        "every release of a transitive is to blame",
        "a 1 -> b | b 1 -> c<2 | b 2 -> c<2 | c 1 | c 2",
        "a | c==2",
        (0, 1),
    ),
    scenario(
        "backtracking through three releases",
        "a 1 | a 2 -> b>=2 | a 3 -> b>=3 | b 1",
        "a | b",
        a="1",
    ),
    scenario("a circle is no conflict", "a 1 -> b | b 1 -> a", "a | b"),
    scenario("a circle with a pin against it", "a 1 -> b | a 2 | b 1 -> a==1", "a==2 | b", (0, 1)),
    scenario(
        "a diamond that meets",
        "a 1 -> b, c | b 1 -> d<3 | c 1 -> d>1 | d 1 | d 2 | d 3",
        "a",
        d="2",
    ),
    scenario(
        "a diamond that does not meet",
        "a 1 -> b, c | b 1 -> d<2 | c 1 -> d>=2 | d 1 | d 2",
        "a",
        (0,),
    ),
    # -- several conflicts
    scenario(
        "two conflicts apart",
        "a 1 -> b<2 | b 1 | b 2 | c 1 -> d<2 | d 1 | d 2",
        "a | b==2 | c | d==2",
        (0, 1),
        (2, 3),
    ),
    scenario(
        "a single beside a pair", "a 1 -> b<2 | b 1 | b 2", "a | b==2 | nothing", (0, 1), (2,)
    ),
    scenario("two singles", "a 1 | b 1", "a==9 | b | c==1 | b==9", (0,), (2,), (3,)),
    scenario(
        "one line in two conflicts",
        "a 1 -> b<2, c<2 | b 1 | b 2 | c 1 | c 2",
        "a | b==2 | c==2",
        (0, 1),
        (0, 2),
    ),
    scenario(
        "three that conflict pairwise",
        "a 1 -> x==1 | b 1 -> x==2 | c 1 -> x==3 | x 1 | x 2 | x 3",
        "a | b | c",
        (0, 1),
        (0, 2),
        (1, 2),
    ),
    scenario(
        "two overlapping pairs in a row",
        "a 1 -> x<2 | b 1 -> x>=2, y<2 | c 1 -> y>=2 | x 1 | x 2 | y 1 | y 2",
        "a | b | c",
        (0, 1),
        (1, 2),
    ),
    scenario(
        "two projects that two lines cannot agree on",
        "a 1 -> x<2, y<2 | b 1 -> x>=2, y>=2 | x 1 | x 2 | y 1 | y 2",
        "a | b",
        (0, 1),
    ),
    # -- combinations of three and more
    scenario(
        "a triple, any two of which suit",
        "a 1 -> x!=1 | b 1 -> x!=2 | c 1 -> x!=3 | x 1 | x 2 | x 3",
        "a | b | c",
        (0, 1, 2),
    ),
    scenario(
        "a triple beside innocents",
        "a 1 -> x!=1 | b 1 -> x!=2 | c 1 -> x!=3 | x 1 | x 2 | x 3 | y 1",
        "y | a | b | c",
        (1, 2, 3),
    ),
    scenario(
        "four lines that leave nothing",
        "x 1 | x 2 | x 3",
        "x!=1 | x!=2 | x!=3 | x",
        (0, 1, 2),
    ),
    scenario(
        "bounds from three sides",
        "a 1 -> x>=2 | b 1 -> x<4 | c 1 -> x!=2, x!=3 | x 1 | x 2 | x 3 | x 4",
        "a | b | c",
        (0, 1, 2),
    ),
    # -- extras
    scenario("only the extra conflicts", "a 1 +more: b<2 | b 1 | b 2", "a[more] | b==2", (0, 1)),
    scenario("without the extra it suits", "a 1 +more: b<2 | b 1 | b 2", "a | b==2"),
    scenario(
        "two extras of one project", "a 1 +p: b<2 +q: b>=2 | b 1 | b 2", "a[p] | a[q]", (0, 1)
    ),
    scenario("an extra that is not there is no conflict", "a 1 | b 1", "a[none] | b"),
    scenario(
        "an extra of a transitive",
        "a 1 -> b[more] | b 1 +more: c<2 | c 1 | c 2",
        "a | c==2",
        (0, 1),
    ),
    scenario(
        "an older release without the conflict in its extra",
        "a 1 +more: b | a 2 +more: b<2 | b 1 | b 2",
        "a[more] | b==2",
        a="1",
    ),
    # -- markers
    scenario(
        "a marker that is false here", "a 1 | a 2", "a==1 | a==2; python_version < '3'", a="1"
    ),
    scenario(
        "a marker that is true here", "a 1 | a 2", "a==1 | a==2; python_version >= '3'", (0, 1)
    ),
    scenario(
        "a requirement with a false marker",
        "a 1 -> b<2; sys_platform == 'nowhere' | b 1 | b 2",
        "a | b==2",
    ),
    scenario(
        "a requirement with a true marker",
        "a 1 -> b<2; sys_platform != 'nowhere' | b 1 | b 2",
        "a | b==2",
        (0, 1),
    ),
    scenario(
        "one pin a Python, as files often have it",
        "a 1 | a 2 | b 1 -> a>=2",
        "a==1; python_version < '3' | a==2; python_version >= '3' | b",
        a="2",
    ),
    # -- pre-releases
    scenario("a pre-release is not chosen by itself", "a 1 | a 2rc1", "a", a="1"),
    scenario("a pre-release by name", "a 1 | a 2rc1", "a==2rc1", a="2rc1"),
    scenario("only pre-releases", "a 1a1 | a 1a2", "a", a="1a2"),
    scenario("a floor between release and pre-release", "a 1 | a 2rc1", "a>=2", (0,)),
    scenario(
        "a transitive pre-release that nobody named", "a 1 -> b>=2 | b 1 | b 2b1", "a | b", (0,)
    ),
    scenario(
        "a pre-release that another line's name allows",
        "a 1 -> b>=2.dev0 | b 1 | b 2b1",
        "a | b>=2b1",
        b="2b1",
    ),
    scenario("a development release by name", "a 1.dev3 | a 0.9", "a==1.dev3", a="1.dev3"),
    # -- post-releases, local versions, epochs
    scenario("a post-release is newer", "a 1 | a 1.post1", "a", a="1.post1"),
    scenario("a pin is not its post-release", "a 1.post1", "a==1", (0,)),
    scenario("greater than excludes post-releases", "a 1 | a 1.post1", "a>1", (0,)),
    scenario(
        "at least includes post-releases", "a 1 | a 1.post1 | b 1 -> a!=1", "a>=1 | b", a="1.post1"
    ),
    scenario(
        "a post-release against a pin", "a 1 | a 1.post1 | b 1 -> a==1.post1", "a==1 | b", (0, 1)
    ),
    scenario("a prefix takes post-releases", "a 1.0.post2 | a 1.1", "a==1.0.*", a="1.0.post2"),
    scenario("compatible release", "a 1.4 | a 1.5 | a 2.0", "a~=1.4", a="1.5"),
    scenario(
        "compatible release against a need", "a 1.4 | a 2.0 | b 1 -> a>=2", "a~=1.4 | b", (0, 1)
    ),
    scenario("trailing zeros are equal", "a 1.0 | b 1 -> a==1", "a==1.0.0 | b"),
    # -- yanked
    scenario("a yanked release is passed over", "a 1 | a 2 @yanked", "a", a="1"),
    scenario("a yanked release by name", "a 1 | a 2 @yanked", "a==2", a="2"),
    scenario("only yanked releases", "a 1 @yanked", "a", (0,)),
    scenario(
        "a yanked release that would have suited",
        "a 1 -> b>=2 | b 1 | b 2 @yanked",
        "a | b",
        (0,),
    ),
    scenario(
        "a yanked transitive pinned by its parent", "a 1 -> b==2 | b 1 | b 2 @yanked", "a", (0,)
    ),
    # -- requires-python
    scenario("a release for a later Python is passed over", "a 1 | a 2 @python>=4", "a", a="1"),
    scenario("a pin for a later Python", "a 1 | a 2 @python>=4", "a==2 | a", (0,)),
    scenario("no release for this Python", "a 1 @python>=4 | a 2 @python>=4 | b 1", "b | a", (1,)),
    scenario(
        "a transitive for a later Python",
        "a 1 -> b>=2 | b 1 | b 2 @python>=4",
        "a | b",
        (0,),
    ),
    scenario(
        "an older parent avoids a transitive for a later Python",
        "a 1 -> b | a 2 -> b>=2 | b 1 | b 2 @python>=4",
        "a",
        a="1",
    ),
    scenario(
        "a conflict made by requires-python",
        "a 1 -> b<2 | a 2 -> b @python>=4 | b 1 | b 2",
        "a | b==2",
        (0, 1),
    ),
    # -- files
    scenario("wheels for another system only", "a 1 @windows | b 1", "a | b", (0,)),
    scenario("the newest has no file for here", "a 1 | a 2 @windows", "a", a="1"),
    scenario("a pin without a file for here", "a 1 | a 2 @windows", "a==2", (0,)),
    scenario("a transitive without a file for here", "a 1 -> b | b 1 @windows", "a", (0,)),
    scenario("a source distribution resolves", "a 1 @source | b 1", "a | b", a="1"),
    scenario(
        "a source distribution against a need",
        "a 1 @source | a 2 | b 1 -> a>=2",
        "a==1 | b",
        (0, 1),
    ),
    scenario(
        "a source distribution that tells what it requires",
        "a 1 @static -> b<2 | b 1 | b 2",
        "a | b==2",
        (0, 1),
    ),
    # -- constraints
    scenario("a constraint against a line", "a 1 | a 2", "a==2 | -c a<2", (0, 1)),
    scenario("a constraint against a transitive", "a 1 -> b>=2 | b 1 | b 2", "a | -c b<2", (0, 1)),
    scenario("a constraint nobody needs", "a 1 | b 1", "a | -c b==9"),
    # -- names and versions that are not there
    scenario("an unknown project", "a 1", "a | nothing", (1,)),
    scenario("an unknown transitive", "a 1 -> nothing | b 1", "b | a", (1,)),
    scenario("an unknown version", "a 1 | b 1", "b | a==1.5", (1,)),
    scenario("an unknown version of a transitive", "a 1 -> b==7 | b 1 | c 1", "c | a", (1,)),
    scenario(
        "names that differ in spelling only",
        "Some.Name 1 | Some.Name 2 | b 1 -> SOME_name<2",
        "some_name==2 | b",
        (0, 1),
    ),
]

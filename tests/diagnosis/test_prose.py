"""A resolver's explanation tells what the user asked for and who depends on what."""

from __future__ import annotations

import pytest

from bisect_deps.diagnosis import diagnose
from bisect_deps.diagnosis.prose import Story, edges, read

PIP = """\
ERROR: Cannot install -r requirements.txt (line 2) and botocore==1.19.0 because these package versions have conflicting dependencies.
The conflict is caused by:
    The user requested botocore==1.19.0
    boto3 1.20.0 depends on botocore<1.24.0 and >=1.23.0
"""
UV = """\
  × No solution found when resolving dependencies:
  ╰─▶ Because boto3==1.20.0 depends on botocore>=1.23.0,<1.24.0 and you require
      boto3==1.20.0, we can conclude that you require botocore>=1.23.0,<1.24.0.
      And because you require botocore==1.19.0, we can conclude that your
      requirements are unsatisfiable.
"""
POETRY = """\
Because app depends on boto3 (1.20.0) which depends on botocore (>=1.23.0,<1.24.0), botocore is required.
So, because app depends on botocore (1.19.0), version solving failed.
"""
PIP_TOOLS = """\
There are incompatible versions in the resolved dependencies:
  botocore==1.19.0 (from -r requirements.in (line 2))
  botocore<1.24.0,>=1.23.0 (from boto3==1.20.0->-r requirements.in (line 1))
"""


def told(text: str) -> Story:
    return read(list(enumerate(text.split("\n"), 1)))


@pytest.mark.parametrize(
    "text", [PIP, UV, POETRY, PIP_TOOLS], ids=["pip", "uv", "poetry", "pip-tools"]
)
def test_both_sides_of_a_conflict_are_named(text: str) -> None:
    story = told(text)
    named = {project.key for project in (*story.wishes, *story.parents)}
    assert named == {"boto3", "botocore"}
    assert "botocore" in {project.key for project in (*story.wishes, *story.wanted)}


def test_version_stands_beside_the_name() -> None:
    versions = {project.key: project.version for project in told(UV).wishes}
    assert versions == {"boto3": "1.20.0", "botocore": "1.19.0"}


def test_line_of_the_file_is_kept_where_it_stands_for_a_name() -> None:
    assert told(PIP).file_lines == [2]


def test_constraint_is_no_wish() -> None:
    story = told(
        "    The user requested click>=8\n    The user requested (constraint) click==7.1.2\n"
    )
    assert [project.text for project in story.wishes] == ["click>=8"]
    assert [project.version for project in story.constraints] == ["7.1.2"]


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (
            "boto3 1.20.0 depends on botocore<1.24.0 and >=1.23.0",
            [("boto3==1.20.0", "botocore<1.24.0,>=1.23.0")],
        ),
        ("    rich 13 depends on pygments", [("rich==13", "pygments")]),
        (
            "Because boto3==1.20.0 depends on botocore>=1.23.0,<1.24.0 and you require boto3==1.20.0",
            [("boto3==1.20.0", "botocore>=1.23.0,<1.24.0")],
        ),
        ("Because you require boto3, it fails", []),
    ],
    ids=["pip", "pip, any version", "uv", "neither"],
)
def test_one_line_tells_who_depends_on_what(line: str, told: list[tuple[str, str]]) -> None:
    assert edges(line) == told


def test_interpreter_that_a_resolver_holds_against_a_release_is_no_suspect() -> None:
    python = "requirement=PythonRequirement(name='python', marker=None, specifier=<PySpecSet {}>)"
    log = (
        f"[ResolutionImpossible]: [RequirementInformation({python.format('>=3.10')}, parent=None), "
        f"RequirementInformation({python.format('>=3.9,<3.13')}, parent=<Candidate numpy@1.26.1>)]\n"
    )
    assert [suspect.name for suspect in diagnose(log).suspects] == ["numpy"]

"""The verdict as Markdown: nothing of a log or a file becomes markup."""

from __future__ import annotations

import pytest

from bisect_deps.model import Verdict
from bisect_deps.reports._marks import code, fenced, plain
from bisect_deps.reports.markdown import render
from tests.reports import verdicts


def test_text_shows_as_it_is() -> None:
    marked = plain("a_b <img src=x> @someone #12 [x](http://h.example) `c`")
    assert not set("<>@#[]`*") & set(marked.replace("&#", ""))
    assert plain("two\nlines") == "two lines"


@pytest.mark.parametrize("text", ["a", "`a", "a``b", "```\nx\n````"])
def test_code_is_closed_by_its_own_fence_alone(text: str) -> None:
    inside = code(text)
    ticks = inside[: len(inside) - len(inside.lstrip("`"))]
    assert inside.endswith(ticks)
    assert ticks not in inside[len(ticks) : -len(ticks)]
    first, *_, last = fenced(text).splitlines()
    assert first == f"{last}text"
    assert last not in text


def test_a_fixed_verdict_shows_culprits_evidence_and_the_diff() -> None:
    text = render(verdicts.READY)
    assert text.startswith("### ")
    for culprit in verdicts.READY.culprits:
        assert all(code(member.requirement.text) in text for member in culprit.members)
        assert all(item.text.strip() in text for item in culprit.evidence[:1])
    assert verdicts.READY.fix is not None
    assert fenced(verdicts.READY.fix.diff, "diff") in text


@pytest.mark.parametrize("verdict", [verdicts.PASSES, verdicts.PAIR, verdicts.NOT_FIXED])
def test_every_verdict_has_a_headline_and_what_it_cost(verdict: Verdict) -> None:
    text = render(verdict)
    assert text.startswith("### ")
    assert text.rstrip().endswith("</sub>")

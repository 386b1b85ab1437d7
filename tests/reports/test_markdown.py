"""The verdict as Markdown: nothing of a log or a file becomes markup."""

from __future__ import annotations

import html
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from bisect_deps.model import Verdict
from bisect_deps.reports._marks import code, fenced, plain
from bisect_deps.reports.markdown import render
from tests.reports import verdicts


def test_text_shows_as_it_is() -> None:
    marked = plain("a_b <img src=x> @someone #12 [x](http://h.example) `c www.h.example")
    assert not set("<@#[]`*") & set(marked.replace("&#", ""))
    assert "://" not in marked
    assert "www." not in marked
    assert plain("two\nlines") == "two lines"


def test_what_means_nothing_in_markdown_is_left_as_people_read_it() -> None:
    text = "Python 3.9: pkg_resources (build 12) needs >=3.7; `setuptools<81` may do"
    assert plain(text) == text


@given(st.text(st.sampled_from("ab1 `_*:()[]<>#+-=!|~@&$.\\{}\n"), max_size=30))
@example("__a__ _b_ **c** `<i>` ``d`` https://h.example")
@example("- a")
@example("> a")
def test_no_text_becomes_markup_but_code(text: str) -> None:
    page = MarkdownIt("gfm-like", {"linkify": False}).render(f"x: {plain(text)}\n\n{plain(text)}")
    assert set(re.findall(r"<(\w+)", page)) <= {"p", "code"}
    words = html.unescape(re.sub(r"</?(p|code)>", "", page)).replace("`", "")
    assert "".join(words.split()) == "".join(f"x:{text}{text}".replace("`", "").split())


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

"""The page of many files: whatever a log or a file name holds is text there."""

from __future__ import annotations

import re
from dataclasses import dataclass

from bisect_deps.reports.many import render


@dataclass(frozen=True)
class Row:
    file: str
    python: str | None = None
    verdict: str = "passes"
    summary: str = "All is well"
    builds: int = 1
    seconds: float = 2.0
    culprits: tuple[str, ...] = ()
    known: tuple[str, ...] = ()
    diff: str = ""

    @property
    def is_good(self) -> bool:
        return self.verdict in ("passes", "fixed")


EVIL = "<img src=x onerror=alert(1)>\x1b[31m"


def test_foreign_text_stays_text() -> None:
    row = Row(EVIL, EVIL, "error", EVIL, culprits=(EVIL,), known=(EVIL,), diff=f"+{EVIL}\n")
    page = render([row], [(EVIL, 1)])
    assert "<img" not in page
    assert "\x1b" not in page
    assert page.count("&lt;img") >= 6


def test_every_link_of_the_page_leads_somewhere() -> None:
    rows = [
        Row("a.txt", verdict="fixed", culprits=("x==1",), diff="-x==1\n+x==2\n"),
        Row("b.txt", "3.11"),
        Row("b.txt", "3.12", "inconclusive", culprits=("x==1", "y==2 + z==3")),
    ]
    page = render(rows, [("x==1", 2), ("y==2 + z==3", 1)])
    anchors = re.findall(r'href="#([\w-]+)"', page)
    assert anchors == ["file-1", "file-3", "file-3"]
    assert set(anchors) <= set(re.findall(r'id="([\w-]+)"', page))
    assert "2 of 3 files pass or have a verified fix." in page
    assert page.count("The patch") == 1

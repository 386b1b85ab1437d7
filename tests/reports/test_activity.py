"""What a build is doing is told by its own lines."""

from __future__ import annotations

import pytest

from bisect_deps.reports._activity import Activity, after

UV = """\
::depbisect install begin
$ uv pip install --requirements requirements.txt
Resolved 40 packages in 312ms
   Building pillow==8.3.1
Downloading numpy (17.1MiB)
 Downloaded numpy
   Building lxml==4.6.3
      Built lxml==4.6.3
      Built pillow==8.3.1
Prepared 12 packages in 41.02s
Installed 40 packages in 210ms
::depbisect install end rc=0
::depbisect imports begin
::depbisect import begin project=flask module=flask
::depbisect check begin
""".splitlines()
PIP = """\
::depbisect install begin
Collecting pandas==1.1.5 (from -r requirements.txt (line 2))
  Downloading pandas-1.1.5.tar.gz (5.2 MB)
Collecting numpy
  Building wheel for pandas (pyproject.toml): started
  Building wheel for pandas (pyproject.toml): finished with status 'error'
Installing collected packages: numpy
""".splitlines()


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ([], ""),
        (UV[:2], "resolving"),
        (UV[:3], "downloading 0 of 40"),
        (UV[:4], "compiling pillow 8.3.1"),
        (UV[:7], "compiling pillow 8.3.1 and 1 more"),
        (UV[:9], "downloading 1 of 40"),
        (UV[:11], "installing"),
        (UV[:14], "importing flask"),
        (UV, "running the check"),
        (PIP[:2], "resolving pandas"),
        (PIP[:3], "downloading"),
        (PIP[:5], "compiling pandas"),
        (PIP[:6], "resolving numpy"),
        (PIP, "installing"),
        (["a line of a build's own"], ""),
    ],
)
def test_it_is_told_in_a_few_words(lines: list[str], words: str) -> None:
    assert str(after(Activity(), lines)) == words


def test_lines_may_come_in_any_portions() -> None:
    activity = Activity()
    for line in UV:
        activity = after(activity, [line])
    assert activity == after(Activity(), UV)

"""Targets are read as people and wheels spell them."""

from __future__ import annotations

import pytest

from bisect_deps.errors import InputError
from bisect_deps.lint.targets import judge_for, parse_target, system_of


@pytest.mark.parametrize(
    ("platform", "system", "machine"),
    [
        ("linux", "linux", ""),
        ("linux_x86_64", "linux", "x86_64"),
        ("linux-aarch64", "linux", "aarch64"),
        ("manylinux2014_x86_64", "linux", "x86_64"),
        ("manylinux_2_28_aarch64", "linux", "aarch64"),
        ("musllinux_1_2_x86_64", "linux", "x86_64"),
        ("macosx_14_0_arm64", "macos", "arm64"),
        ("macos", "macos", ""),
        ("win_amd64", "windows", "x86_64"),
        ("win32", "windows", ""),
        ("Windows", "windows", ""),
    ],
)
def test_platform_is_understood(platform: str, system: str, machine: str) -> None:
    assert system_of(platform) == (system, machine)


@pytest.mark.parametrize("text", ["python=3", "python", "os=linux", "platform=amiga", "python=3.x"])
def test_unknown_target_is_refused(text: str) -> None:
    with pytest.raises(InputError):
        parse_target(text)


def test_marker_is_judged_for_the_targets_alone() -> None:
    judge = judge_for([parse_target("python=3.12,platform=win_amd64")])
    assert judge.where('sys_platform == "win32" and platform_machine == "AMD64"')
    assert not judge.where('sys_platform == "linux"')
    assert not judge.where('python_version < "3.12"')
    assert judge_for([]).where('python_version < "3.12"')

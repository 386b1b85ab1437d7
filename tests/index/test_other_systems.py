"""A release whose wheels are all for other systems gets their marker, and no other release does."""

from __future__ import annotations

import pytest
from packaging.markers import Marker

from bisect_deps.index.other_systems import system_marker, system_of, systems_of
from bisect_deps.index.releases import File, ReleaseFacts, group
from bisect_deps.index.targets import accepted_tags, on_platform
from bisect_deps.model import Interpreter

HERE = on_platform(Interpreter("", "3.12.1", "cpython", "", (), {}), "linux")
WINDOWS, MACOS = "cp312-cp312-win_amd64", "cp311-cp311-macosx_11_0_arm64"
LINUX, MUSL = "cp312-cp312-manylinux2014_x86_64", "cp312-cp312-musllinux_1_2_x86_64"


def release(*kinds: str) -> ReleaseFacts:
    files = [
        File("p-1.tar.gz", "1", "", False)
        if kind == "sdist"
        else File(f"p-1-{kind}.whl", "1", "", True)
        for kind in kinds
    ]
    [found] = group("p", files, tags=accepted_tags(HERE), python=HERE.version)
    return found


CASES = {
    "for Windows alone": ((WINDOWS, "cp38-cp38-win32"), 'sys_platform == "win32"'),
    "for macOS alone": ((MACOS,), 'sys_platform == "darwin"'),
    "for both others": ((MACOS, WINDOWS), 'sys_platform != "linux"'),
    "with a source": ((WINDOWS, "sdist"), None),
    "a source alone": (("sdist",), None),
    "for this system, another machine": (("cp312-cp312-manylinux2014_ppc64le", WINDOWS), None),
    "for this system, another Python": (("cp38-cp38-manylinux1_x86_64", WINDOWS), None),
    "for a system of the same kind": ((MUSL,), None),
    "for any system": (("py3-none-any",), None),
    "for any system by one of two": ((WINDOWS, "py3-none-any"), None),
    "for an unknown system": ((WINDOWS, "cp312-cp312-ios_13_0_arm64_iphoneos"), None),
}


@pytest.mark.parametrize("case", CASES)
def test_the_marker_names_the_systems_of_the_wheels(case: str) -> None:
    kinds, marker = CASES[case]
    found = system_marker(release(*kinds), HERE)
    assert found == marker
    if found is not None:
        systems = systems_of(release(*kinds))
        for system in ("linux", "darwin", "win32"):
            assert Marker(found).evaluate({"sys_platform": system}) is (system in systems)


@pytest.mark.parametrize(
    ("platform", "markers", "system"),
    [
        ("linux-x86_64", {}, "linux"),
        ("macos-arm64", {}, "darwin"),
        ("windows-x86_64", {}, "win32"),
        ("linux-x86_64", {"sys_platform": "win32"}, "win32"),
        ("somewhere", {}, ""),
    ],
)
def test_the_system_is_read_off_the_target(
    platform: str, markers: dict[str, str], system: str
) -> None:
    target = Interpreter("", "3.12.1", "cpython", platform, HERE.tags, markers)
    assert system_of(target) == system
    is_other = system not in ("", "win32")
    assert (system_marker(release(WINDOWS), target) is not None) is is_other

"""The table of system packages finds what a build script asks for, under any of its names."""

from __future__ import annotations

import pytest

from bisect_deps.evidence.system_packages import packages_for


@pytest.mark.parametrize(
    ("wanted", "debian"),
    [
        ("pg_config", "libpq-dev"),
        ("openssl/opensslv.h", "libssl-dev"),
        ("/usr/bin/gcc", "build-essential"),
        ("x86_64-linux-gnu-gcc", "build-essential"),
        ("llvm-config-10", "llvm-dev"),
        ("cairo.pc", "libcairo2-dev"),
        ("libGL.so.1", "libgl1"),
        ("portaudio.h", "portaudio19-dev"),
        ("GEOS", "libgeos-dev"),
        ("rustc", "cargo"),
    ],
)
def test_package_is_found(wanted: str, debian: str) -> None:
    assert debian in packages_for(wanted)["Debian, Ubuntu"]


def test_unknown_thing_gives_no_guess() -> None:
    assert packages_for("no-such-thing-at-all") == {}

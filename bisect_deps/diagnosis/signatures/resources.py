"""The machine and the job: disk, memory, time limits, places that cannot be written.

A full disk and lack of memory are the machine's whoever says so; of the rest only the installer or
the job itself can tell: what a build script lacks or may not write is that script's failure.
"""

from __future__ import annotations

from bisect_deps.diagnosis.signatures.base import Blame, Signature, SignatureScope, Trait, Weight
from bisect_deps.model import Cause, Phase


def _resources(
    name: str,
    pattern: str,
    means: str,
    advice: str,
    example: str,
    *,
    phase: Phase | None = None,
    weight: int = Weight.DECISIVE,
    counter: str = "",
    scope: SignatureScope = SignatureScope.INSTALLER,
    traits: tuple[Trait, ...] = (),
) -> Signature:
    return Signature(
        name=name,
        pattern=pattern,
        cause=Cause.RESOURCES,
        phase=phase,
        means=means,
        advice=advice,
        example=example,
        weight=weight,
        blame=Blame.NOBODY,
        counter=counter,
        scope=scope,
        traits=traits,
    )


SIGNATURES: tuple[Signature, ...] = (
    _resources(
        "resources-disk",
        r"No space left on device|\[Errno 27\]|\[Errno 28\]|Disk quota exceeded|ENOSPC|not enough space on the disk|File size limit exceeded|CPU time limit exceeded",
        "the disk is full",
        "free space, or point TMPDIR and the cache at a larger disk",
        "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device",
        scope=SignatureScope.ANY,
    ),
    _resources(
        "resources-killed",
        r"Killed signal terminated program|^\s*(?:\S{1,60}: line \d+: +\d+ )?Killed(?:: 9|\s*$|\s{2,40}\S)|Killed process|SIGKILL|signal:? 9\b|signal: killed\b|(?:exit code|exit status|code):? (?:137|-9)\b|OOMKilled|oom-kill",
        "the operating system killed a process, most likely out of memory",
        "give the build more memory, or build fewer things at once (MAKEFLAGS=-j1)",
        "      gcc: fatal error: Killed signal terminated program cc1",
        scope=SignatureScope.ANY,
    ),
    _resources(
        "resources-memory",
        r"Cannot allocate memory|virtual memory exhausted|[Oo]ut of memory|^\s*MemoryError\b|std::bad_alloc|memory allocation of \d+ bytes failed|out of heap space",
        "the machine ran out of memory",
        "give the build more memory, or build fewer things at once (MAKEFLAGS=-j1)",
        "virtual memory exhausted: Cannot allocate memory",
        scope=SignatureScope.ANY,
    ),
    _resources(
        "resources-time-limit",
        r"Job failed: execution took longer than|exceeded the maximum (?:execution time|time limit)|[Tt]he operation was cancell?ed\.|ran longer than the maximum time of|Cancelling nested steps due to timeout|No output has been received in the last|Too long with no output|command timed out: \d+ seconds|context deadline exceeded|Command killed due to timeout|has exceeded the maximum|##\[error\].{0,80}(?:timed out|cancel)|exceeded (?:the )?(?:build |job )?(?:timeout|time limit)|^::depbisect stopped after|^Terminated$|Build (?:has )?timed out\b|TIMEOUT after",
        "the job ran out of its time",
        "raise the limit, or cache what takes so long to build",
        "ERROR: Job failed: execution took longer than 1h0m0s seconds",
        scope=SignatureScope.JOB,
        traits=(Trait.TIME,),
    ),
    _resources(
        "resources-timed-out",
        r"timed out after \d+ (?:minutes|seconds|m|s)\b",
        "the job ran out of its time",
        "raise the limit, or cache what takes so long to build",
        "ERROR: the build timed out after 30 minutes",
        traits=(Trait.TIME,),
    ),
    _resources(
        "resources-permission",
        r"(?:Could not install packages due to an|PermissionError:|OSError:|EnvironmentError:|IOError:).{0,80}(?:\[Errno (?:13|30|1)\]|\[WinError (?:5|32)\]|Permission denied|Read-only file system)|\(os error (?:13|30)\)|[Rr]ead-only file system",
        "the place to install into cannot be written",
        "install into a virtual environment that belongs to you",
        "ERROR: Could not install packages due to an OSError: [Errno 13] Permission denied: '/usr/lib/python3'",
        phase=Phase.INSTALL,
        weight=Weight.EXACT,
    ),
    _resources(
        "resources-target",
        r"No such file or directory: '/(?:proc|sys|dev)/|failed to create (?:directory|file) `|Too many open files|\[Errno 24\]|Input/output error|\[Errno 5\]|File name too long",
        "the place to install into cannot be written",
        "install into a folder that can be written",
        "FileNotFoundError: [Errno 2] No such file or directory: '/proc/site'",
        phase=Phase.INSTALL,
    ),
    _resources(
        "resources-long-path",
        r"does not have Windows Long Path support enabled|\[WinError 206\]",
        "a path is longer than this Windows takes",
        "turn on long paths in Windows, or install into a folder nearer to the root: `python -m venv C:\\v`",
        "HINT: This error might have occurred since this system does not have Windows Long Path support enabled.",
        phase=Phase.INSTALL,
    ),
    _resources(
        "resources-no-installer",
        r"(?:^|[\s:/])(?:pip[23]?(?:\.\d+)?|uv|poetry|pdm|pipenv|conda|mamba|tox|nox|python[23]?(?:\.\d+)?|virtualenv|pip-compile|pip-sync|hatch|rye|pixi): (?:command )?not found|(?:exec: )?\"(?:pip3?|uv|poetry|pdm|pipenv|conda|python3?)\": executable file not found|^\s*\S{0,80}python[\d.]{0,5}(?:\.exe)?: No module named (?:pip|uv|ensurepip|venv|virtualenv|build|poetry|tox)\b|env: .?python[\d.]{0,4}.?: No such file|/bin/(?:pip|python|uv|poetry)[\d.]{0,4}: No such file or directory$|unable to run (?:pip-compile|pip-sync|pip|uv)$|required executable (?:pip|python|virtualenv|uv)[\d.]{0,4}\b|spawn (?:pip|python|uv|poetry)[\d.]{0,4} ENOENT",
        "the install command is not on the machine",
        "install it first, or call it through the interpreter: `python -m pip`",
        "/bin/sh: 1: uv: not found",
        phase=Phase.RESOLVE,
    ),
    _resources(
        "resources-lost-runner",
        r"lost communication with the server|received a shutdown signal|The agent did not connect|Cannot contact \S{1,80}:|was marked offline|slave lost|Job failed \(system failure\)|Pod was evicted",
        "the machine that built was lost",
        "build again",
        "##[error]The hosted runner lost communication with the server.",
        scope=SignatureScope.JOB,
    ),
)

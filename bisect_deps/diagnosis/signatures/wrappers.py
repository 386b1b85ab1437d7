"""What platforms and runners around an installer say in their own words: whom their installer named.

AWS Lambda's builders, Google's buildpacks, Azure's Oryx, Heroku, tox, nox and hatch. Most repeat the
installer's answer, which the installer's own signatures read; here is what only they say.
"""

from __future__ import annotations

from bisect_deps.diagnosis.signatures.base import Blame, Signature, Trait, Weight
from bisect_deps.model import Cause, Phase

_NAME = r"(?P<name>[A-Za-z0-9][\w.-]{0,100})"

SIGNATURES: tuple[Signature, ...] = (
    Signature(
        name="lambda-no-such-package",
        pattern=rf"Could not satisfy the requirement:? {_NAME}(?:\[[^\]]{{0,80}}\])?(?P<spec>[<>=!~][^;(]{{0,120}})?",
        cause=Cause.NO_MATCHING_VERSION,
        phase=Phase.RESOLVE,
        means="no release that fits is on the index, for this Python and this machine",
        advice="check the name and pick a version that exists: `pip index versions {name}`",
        example="Error: PythonPipBuilder:ResolveDependencies - Could not satisfy the requirement: QuantLib",
        blame=Blame.NAMED,
        weight=Weight.CAUSE,
        fatal=True,
    ),
    Signature(
        name="lambda-missing-dependencies",
        pattern=r"(?:ResolveDependencies - |[Cc]ould not install dependencies:?\s?|missing dependencies:?\s?)\{?(?P<names>[A-Za-z0-9][\w.-]{0,100}==[^\s(,}]{1,60}\((?:wheel|sdist)\)(?:, [A-Za-z0-9][\w.-]{0,100}==[^\s(,}]{1,60}\((?:wheel|sdist)\)){0,60})",
        cause=Cause.NO_COMPATIBLE_WHEEL,
        phase=Phase.RESOLVE,
        means="no wheel fits the platform's machine, and its source could not be built there",
        advice="pick a version of {name} with a wheel for the platform, or build in a container of it",
        example="Error: PythonPipBuilder:ResolveDependencies - {numpy==1.19.5(wheel)}",
        blame=Blame.NAMED,
        weight=Weight.CAUSE,
        fatal=True,
    ),
    Signature(
        name="lambda-no-metadata",
        pattern=rf"Unable to retrieve name/version for package:? {_NAME}",
        cause=Cause.INVALID_METADATA,
        phase=Phase.METADATA,
        means="the archive does not tell its name and version",
        advice="take another release of {name}",
        example="Error: PythonPipBuilder:ResolveDependencies - Unable to retrieve name/version for package: odd-1.0.tar.gz",
        blame=Blame.NAMED,
        weight=Weight.EXACT,
        fatal=True,
    ),
    Signature(
        name="bazel-library-failed",
        pattern=r"whl_library \S{0,80}?(?:pip_deps|py_deps|pypi|pip\d{0,3}|deps?)(?:_\d{2,3})?_{1,2}(?P<name>[a-z0-9][a-z0-9_]{0,80}?) failed",
        cause=None,
        phase=Phase.METADATA,
        means="a project could not be fetched or made a library of",
        example="Error in fail: whl_library pip_deps_celery failed:  (Traceback (most recent call last):",
        weight=Weight.CLOSER,
        blame=Blame.NAMED,
        fatal=True,
    ),
    Signature(
        name="nix-builder-failed",
        pattern=r"(?:builder for|Cannot build) '/nix/store/[a-z0-9]{1,60}-python[\d.]{0,6}-(?P<name>[A-Za-z0-9][\w.-]{0,100}?)-(?P<version>\d[\w.+]{0,60})\.drv'",
        cause=None,
        means="a build step failed",
        advice="look at the lines below it: they say why",
        example="error: builder for '/nix/store/abc-python3.11-foo-1.0.drv' failed with exit code 1;",
        weight=Weight.CLOSER,
        blame=Blame.NAMED,
        fatal=True,
        traits=(Trait.CLOSES,),
    ),
    Signature(
        name="nix-runtime-dependency",
        pattern=r"- (?P<other>[A-Za-z0-9][\w.-]{0,100})(?P<spec>[<>=!~][^ ]{1,60})? not (?:satisfied by version (?P<have>\d\S{0,40})|installed$)",
        cause=Cause.RESOLVER_CONFLICT,
        means="what is there of a dependency does not satisfy what the project declares",
        advice="take {other} as the project asks for it, or another release of the project",
        example="       >   - httpcore==1.* not satisfied by version 0.18.0",
        weight=Weight.CAUSE,
        traits=(Trait.COMPARES,),
    ),
    Signature(
        name="nix-runtime-project",
        pattern=r"^\s*(?:> *)?Checking runtime dependencies for (?P<name>[A-Za-z0-9][\w.]{0,100})-(?P<version>\d[\w.+!]{0,60})-\S{1,200}\.whl",
        cause=None,
        means="what it was built with is compared with what it declares",
        example="       > Checking runtime dependencies for httpx-0.27.0-py3-none-any.whl",
        weight=Weight.NOISE,
        blame=Blame.NAMED,
        traits=(Trait.COMPARES,),
    ),
    Signature(
        name="pipx-failed",
        pattern=rf"^Error installing {_NAME} from spec ",
        cause=None,
        means="it could not be installed",
        advice="look at the lines above it: they say why",
        example="Error installing python-ldap from spec 'python-ldap==3.2.0'.",
        weight=Weight.CLOSER,
        blame=Blame.NAMED,
        fatal=True,
    ),
    Signature(
        name="pex-conflict",
        pattern=rf"^\s*(?:\d{{1,4}}: )?{_NAME}(?:==| )(?P<version>\d[\w.+!]{{0,60}}) requires (?P<other>[A-Za-z0-9][\w.-]{{0,100}})(?P<spec>[<>=!~][^ ]{{1,120}})? but (?:\d{{1,4}} incompatible dists? w(?:as|ere)|no version was|[A-Za-z0-9][\w.-]{{0,100}}(?:==| )\d\S{{0,60}} was) resolved",
        cause=Cause.RESOLVER_CONFLICT,
        phase=Phase.RESOLVE,
        means="what was resolved of a dependency does not satisfy what the project declares",
        advice="align the two: another release of {name}, or of {other} as it asks for it",
        example="    requests 2.31.0 requires urllib3<3,>=1.21.1 but 1 incompatible dist was resolved:",
        weight=Weight.EXACT,
        blame=Blame.NAMED,
        fatal=True,
    ),
    Signature(
        name="hatch-incompatible",
        pattern=r"^Environment `[^`]{1,80}` is incompatible: ",
        cause=None,
        means="the environment cannot be made",
        advice="look at the rest of the line: it says why",
        example="Environment `default` is incompatible: cannot locate Python: 3.14",
        weight=Weight.NOISE,
        blame=Blame.NOBODY,
        fatal=True,
    ),
    Signature(
        name="heroku-no-runtime",
        pattern=r"Requested runtime '?\(?(?P<what>[\w.-]{1,40})\)?'? is not available for this stack",
        cause=Cause.RESOURCES,
        phase=Phase.RESOLVE,
        means="the platform does not have that Python",
        advice="name a Python that the platform has, in `.python-version` or `runtime.txt`",
        example=" !     Requested runtime (Python-3.6.4) is not available for this stack (heroku-16).",
        weight=Weight.DECISIVE,
        blame=Blame.NOBODY,
        fatal=True,
    ),
    Signature(
        name="oryx-broken-pipe",
        pattern=r"^write error : Broken pipe",
        cause=Cause.RESOURCES,
        means="what read the build's output went away",
        advice="build again",
        example="write error : Broken pipe",
        weight=Weight.DECISIVE,
        blame=Blame.NOBODY,
        fatal=True,
    ),
    Signature(
        name="gunicorn-failed-to-boot",
        pattern=r"Reason: (?:Worker failed to boot|App failed to load)",
        cause=Cause.RUNTIME_ERROR,
        phase=Phase.CHECK,
        means="the program stopped before it served anything",
        advice="have its own error shown: `gunicorn --preload`, or import the program by itself",
        example="[2025-01-01 05:42:15 +0000] [1] [ERROR] Reason: Worker failed to boot.",
        blame=Blame.NOBODY,
        weight=Weight.CLOSER,
        fatal=True,
    ),
    Signature(
        name="wrapped-install-failed",
        pattern=r"(?:nox > Command .{1,400} failed with exit code [1-9]"
        r"|^[\w.,-]{1,60}: (?:exit [1-9]\d{0,2} \(|could not install deps \[)|^ERROR: {1,3}[\w.,-]{1,60}: could not install deps \["
        r"|could not install deps \[[^\]]{1,400}\]; v = InvocationError"
        r"|Unable to install dependencies using (?:pip|pipenv|poetry|uv)\b"
        r"|Failed pip installation with exit code|(?:installer|pip) returned a non-zero exit code"
        r"|Error during processing dependencies!|(?:Error: )?Command failed: .{0,80}(?:pip[\d.]{0,5}|uv|poetry) (?:install|sync|pip)\b"
        r"|`pip_(?:download_wheels|install)` returned code: [1-9]|Failed to install packages: "
        r"|Error while executing command: .{0,60}(?:pip[\d.]{0,5}|uv|poetry)\b)",
        cause=None,
        means="the installer that it ran failed",
        advice="look at the installer's lines above it: they say why",
        example="nox > Command python -m pip install -r requirements.txt failed with exit code 1:",
        weight=Weight.NOISE,
        blame=Blame.NOBODY,
        fatal=True,
        counter="py311: exit 0 (3.45 seconds) /app> python -m pip install -r requirements.txt pid=4",
    ),
)

"""What the Algorithmia builder is told: cluster, algorithms, keys, sample input; checked early.

The platform's own variables are read as its client reads them: the key wins over the token.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from bisect_deps.builders._http import refuse_open_channel
from bisect_deps.builders.algorithmia.api import Algorithm, clean_address
from bisect_deps.builders.algorithmia.repository import Login
from bisect_deps.builders.base import BuilderOptions, setting
from bisect_deps.errors import BuilderUnavailable, InputError
from bisect_deps.policy import POLICY
from bisect_deps.secret import Secret

STATE = Path(".depbisect") / "algorithmia"


@dataclass(frozen=True, slots=True)
class Options(BuilderOptions):
    """What the Algorithmia builder is told; keys not given here are the platform's own variables'.

    `algorithms` are OWNER/NAME, `check_input` is JSON, `call_timeout` seconds.
    """

    one_file: ClassVar[bool] = True
    instead_of_check: ClassVar[str] = (
        "give --check-input JSON, which calls the built version, or use another builder"
    )

    algorithms: tuple[str, ...] = setting(
        "--algorithm", "A hosted algorithm to build.", metavar="OWNER/NAME", repeat=True
    )
    api_address: str | None = setting("--api-address", "The build API's address.", metavar="URL")
    check_input: str | None = setting(
        "--check-input", "Call the built version with this input.", metavar="JSON"
    )
    call_timeout: float = setting(
        "--call-timeout",
        "Limit of that call.",
        metavar="SECONDS",
        kind=float,
        default=POLICY.call_timeout,
    )
    api_key: Secret | None = None
    bearer_token: Secret | None = None


@dataclass(frozen=True, slots=True)
class AlgorithmiaSettings:
    """Checked settings; `check_input` counts only where `calls`. `state` holds what to put back.

    `fresh` asks for no build of the past; `tell` hears what is waited for.
    """

    address: str
    algorithms: tuple[Algorithm, ...]
    state: Path
    key: Secret | None = None
    token: Secret | None = None
    git_user: str | None = None
    git_password: Secret | None = None
    calls: bool = False
    check_input: object = None
    call_timeout: float = POLICY.call_timeout
    fresh: bool = False
    tell: Callable[[str], None] | None = field(default=None, compare=False)

    @property
    def secrets(self) -> tuple[Secret, ...]:
        """Return all that must never be shown."""
        found = (self.key, self.token, self.git_password)
        return tuple(secret for secret in found if secret)

    def login(self, algorithm: Algorithm) -> Login | None:
        """Return the login of the platform's git host: an account with its password or key."""
        password = self.git_password or self.key
        return Login(self.git_user or algorithm.owner, password) if password else None

    def login_elsewhere(self) -> Login | None:
        """Return the login of a source host elsewhere, which never sees the platform's key."""
        if self.git_user and self.git_password:
            return Login(self.git_user, self.git_password)
        return None


def read_settings(
    options: Options, environment: Mapping[str, str] | None = None
) -> AlgorithmiaSettings:
    """Check the options; what they leave open comes from the environment. Raises InputError."""
    env = os.environ if environment is None else environment
    address = read_address(options, env)
    if not options.algorithms:
        raise InputError(
            "no algorithm to build on",
            hint="name a scratch algorithm with --algorithm OWNER/NAME; repeat it to build several "
            "candidates at once",
        )
    key, token = read_keys(options, env)
    if not key and not token:
        raise without_keys()
    if not 0 < options.call_timeout <= POLICY.longest_call:
        raise InputError(
            f"a call may last up to {POLICY.longest_call:g} s, not {options.call_timeout:g} s",
            hint="change --call-timeout",
        )
    password = env.get("ALGORITHMIA_GIT_PASSWORD")
    return AlgorithmiaSettings(
        address=address,
        algorithms=tuple(dict.fromkeys(Algorithm.parse(name) for name in options.algorithms)),
        state=options.folder / STATE,
        key=key,
        token=token,
        git_user=env.get("ALGORITHMIA_GIT_USER") or None,
        git_password=Secret(password) if password else None,
        calls=options.check_input is not None,
        check_input=read_input(options.check_input),
        call_timeout=options.call_timeout,
        fresh=options.fresh,
        tell=options.tell,
    )


def without_keys() -> BuilderUnavailable:
    """Return the error for a user without key and token."""
    return BuilderUnavailable(
        "no API key",
        hint="put a management-capable standard key into ALGORITHMIA_API_KEY (or a token into "
        "ALGORITHMIA_BEARER_TOKEN); keys are never taken from the command line",
    )


def read_address(options: Options, environment: Mapping[str, str]) -> str:
    """Return the API's address. Raises InputError where there is none, or an unsafe one."""
    given = options.api_address or environment.get("ALGORITHMIA_API")
    if not given:
        raise InputError(
            "no cluster to build on", hint="give --api-address, as in https://api.CLUSTER"
        )
    address = clean_address(given)
    refuse_open_channel(address)
    return address


def read_keys(
    options: Options, environment: Mapping[str, str]
) -> tuple[Secret | None, Secret | None]:
    """Return key and token; the token is None where there is a key."""
    key, token = options.api_key, options.bearer_token
    if not key and not token:
        key = _secret(environment.get("ALGORITHMIA_API_KEY"))
        token = _secret(environment.get("ALGORITHMIA_BEARER_TOKEN"))
    if not key:
        return None, token
    # Examples of the platform write the header's value; git wants the key alone.
    return Secret(key.reveal().strip().removeprefix("Simple ").strip()), None


def read_input(text: str | None) -> object:
    """Return the sample input's value. Raises InputError for what JSON cannot say."""
    if text is None:
        return None

    def refuse(name: str) -> object:
        raise ValueError(f"{name} is not in JSON")

    try:
        return json.loads(text, parse_constant=refuse)
    except ValueError as error:
        raise InputError(
            f"the sample input is not JSON: {error}",
            hint="quote it for the shell, as in --check-input '{\"a\": 1}'",
        ) from None


def _secret(text: str | None) -> Secret | None:
    return Secret(text.strip()) if text and text.strip() else None

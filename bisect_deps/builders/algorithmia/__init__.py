"""Builds on a cluster of the Algorithmia model-hosting platform, through its API and its git host.

One module in several files: `settings`, `api` (requests), `rights` (what errors mean),
`repository` (git), `builder` (the protocol), `checks` (doctor).
"""

from __future__ import annotations

import os
from collections.abc import Iterator

from bisect_deps.builders.algorithmia.api import Api
from bisect_deps.builders.algorithmia.builder import AlgorithmiaBuilder
from bisect_deps.builders.algorithmia.checks import look
from bisect_deps.builders.algorithmia.settings import (
    Options,
    read_address,
    read_keys,
    read_settings,
    without_keys,
)
from bisect_deps.builders.base import Builder, Check


def make(options: Options) -> Builder:
    """Return the builder. Raises InputError for options that cannot work; asks nobody yet."""
    return AlgorithmiaBuilder(read_settings(options))


def checks(options: Options) -> Iterator[Check]:
    """Yield what `doctor` finds out about the cluster, the key and each algorithm, as it goes."""
    yield from look(read_settings(options))


def open_api(options: Options) -> Api:
    """Return the cluster's API for other uses than building. Raises InputError."""
    key, token = read_keys(options, os.environ)
    if not key and not token:
        raise without_keys()
    return Api(read_address(options, os.environ), key=key, token=token)

"""The data sources that an algorithm's source names, and whether the key may read them.

Hosted collections alone can be asked about; what another connector allows, its own host decides.
Source: the platform's API reference, section on data.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from bisect_deps.builders._http import HttpError
from bisect_deps.builders.algorithmia.api import Algorithm, Api
from bisect_deps.builders.base import Check

# As `git grep -E` reads it.
URIS = r"(data|s3|gs|gcp|dropbox|azureblob)([+][A-Za-z0-9_-]+)?://[A-Za-z0-9_.%/+-]+"
_MOST = 20
_HOSTED = re.compile(r"data://(?P<owner>[^/]+)/(?P<collection>[^/]+)")
_WHO = {
    (): "its owner alone",
    ("algo://.my/*",): "its owner's algorithms",
    ("user://*",): "anybody",
}


def data_checks(api: Api, algorithm: Algorithm, uris: Iterable[str]) -> Iterator[Check]:
    """Yield whether the key may read each data source that the source code names."""
    seen: dict[str, None] = {}
    others: dict[str, None] = {}
    for uri in uris:
        match = _HOSTED.match(uri)
        if match:
            seen[f"{match['owner']}/{match['collection']}"] = None
        elif not uri.startswith("data://"):
            others["/".join(uri.split("/", 3)[:3])] = None
    for collection in list(seen)[:_MOST]:
        yield _hosted(api, algorithm, collection)
    if others:
        yield Check(
            f"other data of {algorithm}",
            True,
            f"{', '.join(list(others)[:_MOST])}: not asked, what they allow is set at their host",
        )


def _hosted(api: Api, algorithm: Algorithm, collection: str) -> Check:
    name = f"data://{collection} of {algorithm}"
    try:
        rights = api.read_rights(collection)
    except HttpError as error:
        return _refused(name, error)
    who = "unknown" if rights is None else _WHO.get(rights, ", ".join(rights))
    return Check(
        name,
        True,
        f"the key may read it; readers: {who}. Whether the key may write there, the API does not "
        "tell",
    )


def _refused(name: str, error: HttpError) -> Check:
    if error.status in (401, 403):
        return Check(
            name,
            False,
            f"the key may not read it ({error})",
            "set the key's Data API access to Read Only (Read & Write where the algorithm writes), "
            "or the collection's read access to its owner's algorithms or to anybody",
        )
    if error.status == 404:
        return Check(
            name,
            False,
            f"there is no such collection for this key ({error})",
            "create the collection, or use a key of its owner",
        )
    return Check(name, True, f"unknown: {error}")

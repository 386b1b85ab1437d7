"""Where an algorithm's source is kept, and who may push there."""

from __future__ import annotations

from bisect_deps.builders.algorithmia.api import Algorithm, Api
from bisect_deps.builders.algorithmia.repository import Login
from bisect_deps.builders.algorithmia.rights import BY_CODE, unavailable
from bisect_deps.builders.algorithmia.settings import AlgorithmiaSettings


def source_of(
    api: Api, settings: AlgorithmiaSettings, algorithm: Algorithm
) -> tuple[str, Login | None]:
    """Return where an algorithm's source is and who may push there; raises HttpError.

    The platform's key goes to the platform's own git host alone.
    """
    source = api.algorithm(algorithm).get("source")
    source = source if isinstance(source, dict) else {}
    host = source.get("scm")
    provider = host.get("provider", "internal") if isinstance(host, dict) else "internal"
    if provider == "internal":
        return api.git_url(algorithm), settings.login(algorithm)
    url = source.get("repository_https_url")
    if not isinstance(url, str) or "bitbucket_server" in str(provider):
        raise unavailable(BY_CODE[4011], str(algorithm), f"source host: {provider}")
    return url, settings.login_elsewhere()

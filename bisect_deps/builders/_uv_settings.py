"""uv's own settings on this machine, and ours where there are none: an index's files never change.

An index that tells neither age nor version of a file makes uv fetch it again for every build, and
compile again what it compiled before; one that tells no age of its pages makes it ask for each page
again in every build. Where the user says nothing of uv, our builds are told that a file of the
default index stays as it is, and that its pages have the age that it documents. Must not know what
is built.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import platformdirs

from bisect_deps.knowledge.default_index import default_index
from bisect_deps.model import IndexSettings
from bisect_deps.policy import POLICY
from bisect_deps.system.files import read_settings

# What decides where uv looks, or which settings it reads.
_DECIDING = (
    "UV_CONFIG_FILE",
    "UV_DEFAULT_INDEX",
    "UV_EXTRA_INDEX_URL",
    "UV_INDEX",
    "UV_INDEX_URL",
    "UV_NO_CONFIG",
    "UV_NO_INDEX",
    "UV_PROJECT",
)
_KEPT_FILES = """\
[[index]]
url = "{index}"
default = true
cache-control = {{ api = "max-age={age}", files = "max-age=31536000, immutable" }}
"""


def settings_files(folder: Path) -> Iterator[Path]:
    """Yield the files in which uv finds settings for a project in `folder`, the nearest first."""
    for parent in (folder, *folder.parents):
        for name in ("uv.toml", "pyproject.toml"):
            if (parent / name).is_file():
                yield parent / name


def keeps_files(folder: Path, index: IndexSettings, environment: Mapping[str, str]) -> bool:
    """Say whether our own settings may stand in for none: nobody names an index or sets up uv."""
    named = index.index_url or index.extra_index_urls or index.no_index
    if named or any(environment.get(name) for name in _DECIDING):
        return False
    users = platformdirs.user_config_path("uv") / "uv.toml"
    if users.exists() or Path("/etc/uv/uv.toml").exists():
        return False
    return not any(_sets_up_uv(path) for path in settings_files(folder))


def write_kept_files(folder: Path) -> Path:
    """Write our settings into a folder of their own, and return what UV_PROJECT is set to."""
    place = folder / "uv-settings"
    place.mkdir(exist_ok=True)
    # Without the last slash, as uv itself spells it: its cache is parted by the spelling.
    text = _KEPT_FILES.format(index=default_index().rstrip("/"), age=POLICY.page_age)
    (place / "uv.toml").write_text(text, encoding="utf-8")
    return place


def _sets_up_uv(path: Path) -> bool:
    if path.name == "uv.toml":
        return True
    return b"[tool.uv" in read_settings(path)

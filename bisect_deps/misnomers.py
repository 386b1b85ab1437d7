"""Projects whose name misleads: normalised name to the right one ("" for none) and the reason."""

from __future__ import annotations

from packaging.utils import canonicalize_name

_SHELL = "is an empty shell that others kept for its name"
_OTHER = "is not the project of that import name"
_BACKPORT = "is part of the standard library of every Python in use"

WRONG_NAMES: dict[str, tuple[str, str]] = {
    "sklearn": ("scikit-learn", "is a placeholder that refuses to install"),
    "bs4": ("beautifulsoup4", _SHELL),
    "pil": ("Pillow", "cannot be installed and was never made for Python 3"),
    "cv2": ("opencv-python", _OTHER),
    "skimage": ("scikit-image", _OTHER),
    "dotenv": ("python-dotenv", "is an abandoned project with another purpose"),
    "python-yaml": ("PyYAML", _OTHER),
    "yaml": ("PyYAML", _OTHER),
    "crypto": ("pycryptodome", _OTHER),
    "pycrypto": ("pycryptodome", "is abandoned since 2013 and does not build on today's Python"),
    "dateutil": ("python-dateutil", _OTHER),
    "usb": ("pyusb", _OTHER),
    "mysql-python": ("mysqlclient", "was never made for Python 3"),
    "nose": ("pytest", "is abandoned and does not import on Python 3.10 and later"),
    "discord": ("discord.py", "is a mirror of another name"),
    "tensorflow-gpu": ("tensorflow", "is removed: tensorflow has the GPU support"),
    "argparse": ("", _BACKPORT),
    "asyncio": ("", _BACKPORT),
    "concurrent-futures": ("", _BACKPORT),
    "contextvars": ("", _BACKPORT),
    "dataclasses": ("", _BACKPORT),
    "enum34": ("", _BACKPORT),
    "futures": ("", _BACKPORT),
    "functools32": ("", _BACKPORT),
    "ipaddress": ("", _BACKPORT),
    "multiprocessing": ("", _BACKPORT),
    "ordereddict": ("", _BACKPORT),
    "pathlib": ("", _BACKPORT),
    "singledispatch": ("", _BACKPORT),
    "statistics": ("", _BACKPORT),
    "typing": ("", _BACKPORT),
    "unittest2": ("", _BACKPORT),
    "uuid": ("", _BACKPORT),
    "wsgiref": ("", _BACKPORT),
}


def meant_by(name: str) -> str | None:
    """Return the project that a misleading name stands for, normalised; None for none."""
    right, _ = WRONG_NAMES.get(name, ("", ""))
    return canonicalize_name(right) if right else None

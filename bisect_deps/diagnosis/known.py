"""What some ubiquitous projects bring with them: enough to rule them out as the bringer of another.

Old installers do not say which requirement brought a dependency. A requirement listed here can
only have brought what stands beside it, in any release; so it is not the one to suspect for
something else. Only projects with few and stable dependencies belong here.
"""

from __future__ import annotations

BRINGS: dict[str, frozenset[str]] = {
    name: frozenset(brought.split())
    for name, brought in {
        "requests": "urllib3 idna certifi charset-normalizer chardet pysocks",
        "click": "colorama importlib-metadata typing-extensions zipp",
        "six": "", "idna": "", "certifi": "", "chardet": "", "charset-normalizer": "", "urllib3": "pysocks brotli",
        "colorama": "", "toml": "", "tomli": "", "attrs": "", "wheel": "", "pip": "", "setuptools": "", "pytz": "",
        "markupsafe": "", "itsdangerous": "", "jinja2": "markupsafe", "werkzeug": "markupsafe dataclasses",
        "flask": "werkzeug jinja2 markupsafe itsdangerous click blinker importlib-metadata zipp colorama typing-extensions",
        "typing-extensions": "", "zipp": "", "importlib-metadata": "zipp typing-extensions", "packaging": "pyparsing six",
        "pyparsing": "", "python-dateutil": "six", "pyyaml": "", "simplejson": "", "docutils": "", "decorator": "",
        "wrapt": "", "pycparser": "", "cffi": "pycparser", "ujson": "", "psutil": "", "tqdm": "colorama", "termcolor": "",
        "tabulate": "", "cachetools": "", "filelock": "", "platformdirs": "typing-extensions", "iniconfig": "", "pluggy": "importlib-metadata zipp typing-extensions",
        "pytest": "attrs pluggy iniconfig packaging toml tomli py colorama exceptiongroup importlib-metadata zipp more-itertools atomicwrites wcwidth six pathlib2 pyparsing pygments typing-extensions",
        "multidict": "typing-extensions", "frozenlist": "", "numpy": "", "pillow": "", "lxml": "", "markdown": "importlib-metadata zipp typing-extensions",
        "pygments": "", "mock": "pbr six funcsigs", "redis": "async-timeout importlib-metadata packaging typing-extensions deprecated wrapt pyjwt",
        "gunicorn": "setuptools packaging", "psycopg2": "", "psycopg2-binary": "", "pymysql": "", "sqlparse": "", "django": "asgiref sqlparse pytz tzdata typing-extensions backports-zoneinfo",
        "python-dotenv": "", "pyjwt": "", "httplib2": "pyparsing", "bottle": "", "tornado": "", "mypy-extensions": "", "py": "",
        "errorhandler": "", "better-exceptions": "", "ply": "", "webencodings": "", "soupsieve": "", "beautifulsoup4": "soupsieve typing-extensions",
    }.items()
}  # fmt: skip


def may_bring(requirement: str, project: str) -> bool:
    """Say whether the requirement can have brought the project; both names normalised."""
    brought = BRINGS.get(requirement)
    return brought is None or project in brought

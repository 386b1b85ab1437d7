"""What setup.py, setuptools and other build backends say while they read or build a project."""

from __future__ import annotations

from dataclasses import replace

from bisect_deps.diagnosis.signatures.base import Blame, Scope, Signature, Weight
from bisect_deps.model import Cause

_REMOVED = Cause.BUILD_API_REMOVED


def _lost(name: str, module: str, below: str, example: str) -> Signature:
    """Return the signature of a part of setuptools that is gone from `below` on."""
    return Signature(
        name=name,
        pattern=rf"(?:ModuleNotFoundError|ImportError): No module named u?'?(?P<module>{module})'?(?:;|$|\s)",
        cause=_REMOVED,
        means="the build script imports {module}, which setuptools no longer has",
        example=f"ModuleNotFoundError: No module named '{example}'",
        weight=Weight.EXACT + 5,
        remedies=(f"setuptools<{below}",),
    )


_ALL: tuple[Signature, ...] = (
    Signature(
        name="setup-use-2to3",
        pattern=r"use_2to3 is invalid|error in .{1,80} setup command: use_2to3",
        cause=_REMOVED,
        means="the build script asks setuptools for `use_2to3`, which setuptools 58 removed",
        remedies=("setuptools<58",),
        example="error in anyjson setup command: use_2to3 is invalid.",
        weight=Weight.EXACT + 5,
    ),
    Signature(
        name="setup-feature",
        pattern=r"cannot import name '?(?P<what>Feature|convert_path|parse_config_files|bdist_wininst|upload_docs|bdist_msi|log|msvccompiler|six|find_module|setuptools)'? from '?(?P<module>setuptools[\w.]{0,60}|distutils[\w.]{0,60})|cannot import name '?(?P<what2>Feature)'?|module 'setuptools[\w.]{0,60}' has no attribute|module 'distutils[\w.]{0,60}' has no attribute|'(?:dry_run|install_layout)'",
        cause=_REMOVED,
        means="the build script uses something that setuptools no longer has",
        remedies=("setuptools<46",),
        example="    ImportError: cannot import name 'Feature' from 'setuptools' "
        "(/app/.venv/lib/python3.8/site-packages/setuptools/__init__.py)",
        weight=Weight.EXACT + 4,
    ),
    Signature(
        name="setup-no-hook",
        pattern=r"module '(?P<module>[\w.]{1,80})' has no attribute '(?P<hook>(?:build|prepare_metadata_for_build|get_requires_for_build)_\w{1,20})'",
        cause=Cause.SETUP_SCRIPT_ERROR,
        means="the build backend {module} has no {hook}: it is older than what the installer asks of it",
        advice="allow a newer build backend (setuptools has editable builds since 64), or take -e away",
        remedies=("setuptools>=64",),
        example="AttributeError: module 'setuptools.build_meta' has no attribute 'build_editable'",
        weight=Weight.EXACT + 5,
    ),
    Signature(
        name="setup-cython-sources",
        pattern=r"AttributeError: '?cython_sources'?|object has no attribute '?cython_sources'?",
        cause=_REMOVED,
        means="the build script does not know Cython 3",
        remedies=("Cython<3",),
        example="AttributeError: cython_sources",
        weight=Weight.EXACT + 5,
    ),
    Signature(
        name="setup-setuptools-module",
        pattern=r"(?:ModuleNotFoundError|ImportError): No module named u?'?(?P<module>pkg_resources|distutils|distutils\.[\w.]{1,40}|setuptools\.[\w.]{1,40})'?(?:;|$|\s)",
        cause=_REMOVED,
        means="the build script imports {module}, which this Python or setuptools no longer has",
        remedies=("setuptools<81",),
        example="ModuleNotFoundError: No module named 'pkg_resources'",
        weight=Weight.EXACT + 4,
    ),
    Signature(
        name="setup-no-setuptools",
        pattern=r"(?:ModuleNotFoundError|ImportError): No module named u?'?(?P<module>setuptools)'?(?:;|$|\s)",
        cause=Cause.BUILD_DEP_MISSING,
        means="setuptools, which builds it, is not in the build environment",
        advice="install setuptools first where the build has no environment of its own, or name it in `build-system.requires`",
        example="ModuleNotFoundError: No module named 'setuptools'",
        counter="ModuleNotFoundError: No module named 'setuptools.command.test'",
        weight=Weight.EXACT + 4,
    ),
    _lost("setup-extern", r"setuptools\.extern(?:\.\w{1,40}){0,3}", "71", "setuptools.extern.six"),
    _lost("setup-dep-util", r"setuptools\.dep_util", "70", "setuptools.dep_util"),
    _lost(
        "setup-uploads",
        r"setuptools\.command\.(?:upload_docs|register|upload)",
        "75",
        "setuptools.command.upload_docs",
    ),
    _lost(
        "setup-msvc", r"(?:setuptools\._)?distutils\.msvc9?compiler", "74", "distutils.msvccompiler"
    ),
    Signature(
        name="setup-standard-module",
        pattern=r"(?:ModuleNotFoundError|ImportError): No module named u?'?(?P<module>imp|numpy\.distutils|lib2to3|asynchat|asyncore|pipes|cgi|imghdr|smtpd|telnetlib|crypt|nntplib|sndhdr|uu|xdrlib|audioop|aifc|chunk|msilib|nis|ossaudiodev|spwd|sunau|symbol|parser|formatter|binhex)'?(?:;|$|\s)",
        cause=_REMOVED,
        means="the build script imports {module}, which this Python no longer has",
        advice="take a newer release of {project}, or build with an older Python",
        example="ModuleNotFoundError: No module named 'imp'",
        weight=Weight.EXACT + 4,
    ),
    Signature(
        name="setup-impimporter",
        pattern=r"module 'pkgutil' has no attribute 'ImpImporter'|'?ImpImporter'?\. Did you mean|object has no attribute 'find_module'",
        cause=_REMOVED,
        means="a setuptools from before Python 3.12 is used for the build",
        advice="take a release that does not pin an old setuptools",
        remedies=("setuptools>=66.1",),
        example="AttributeError: module 'pkgutil' has no attribute 'ImpImporter'. Did you mean: 'zipimporter'?",
        weight=Weight.EXACT + 5,
    ),
    Signature(
        name="setup-stdlib-attribute",
        pattern=r"module 'configparser' has no attribute 'SafeConfigParser'|object has no attribute 'readfp'|module '(?P<module>inspect|collections|platform|time|asyncio|string|os|ast|cgi|locale|gettext|unittest|typing|importlib[\w.]{0,30}|sysconfig|types|fractions|math|array|base64|xml[\w.]{0,40}|html[\w.]{0,20}|plistlib|threading|sys|imp|pipes|pkgutil|_imp|tarfile|logging|email[\w.]{0,20})' has no attribute '(?P<attribute>\w{1,60})'|cannot import name '(?P<attribute2>\w{1,60})' from '(?P<module2>inspect|collections|platform|fractions|math|typing|configparser|importlib[\w.]{0,30}|asyncio[\w.]{0,20}|unittest[\w.]{0,20}|string|sysconfig|ast|types|locale|time|os|cgi|html[\w.]{0,20})'",
        cause=_REMOVED,
        means="the build script uses something that Python's standard library no longer has",
        advice="take a newer release of {project}, or build with an older Python",
        example="AttributeError: module 'configparser' has no attribute 'SafeConfigParser'. Did you mean: 'RawConfigParser'?",
        weight=Weight.EXACT + 3,
    ),
    Signature(
        name="setup-command-removed",
        pattern=r"Invalid dash-separated key|No module named ['\"]setuptools\.command\.test|InvalidConfigError: .{0,80}(?:deprecated|no longer)|error: invalid command '(?P<what>test|upload|register|develop)'",
        cause=_REMOVED,
        means="the build script uses a setuptools feature that is gone",
        remedies=("setuptools<78",),
        example="setuptools.errors.InvalidConfigError: Invalid dash-separated key 'description-file' in 'metadata' (setup.cfg), please use the underscore name 'description_file' instead.",
        weight=Weight.EXACT,
    ),
    Signature(
        name="setup-no-wheel",
        pattern=r"error: invalid command '(?P<module>bdist_wheel)'",
        cause=Cause.BUILD_DEP_MISSING,
        means="wheel, which this setuptools builds wheels with, is not in the build environment",
        advice="install wheel first: `pip install wheel`, or setuptools 70.1 and newer, which does without",
        example="      error: invalid command 'bdist_wheel'",
        weight=Weight.EXACT,
    ),
    Signature(
        name="setup-missing-module",
        pattern=r"(?:ModuleNotFoundError|ImportError): No module named u?'?(?P<module>[A-Za-z_][\w.]{0,100})'?",
        cause=Cause.BUILD_DEP_MISSING,
        means="the build script imports {module}, which it never declared as a build requirement",
        advice="install {module} first and build without isolation, or declare it as an extra build dependency",
        example="      ModuleNotFoundError: No module named 'Cython'",
        weight=Weight.CAUSE + 3,
    ),
    Signature(
        name="setup-requires-failed",
        pattern=r"No local packages or working download links found for (?P<name>[A-Za-z0-9][\w.-]{0,100})|Could not find suitable distribution for Requirement\.parse\('(?P<name2>[A-Za-z0-9][\w.-]{0,100})",
        cause=Cause.BUILD_DEP_FAILED,
        means="what the build script requires could not be had",
        advice="install it first and build without isolation",
        example="error: Could not find suitable distribution for Requirement.parse('numpy>=1.9')",
        weight=Weight.EXACT,
        fatal=True,
    ),
    Signature(
        name="setup-fetch-failed",
        pattern=r"DistutilsError: Command '\[?.{1,400}?'(?:-m', ')?pip', .{0,200}?'wheel', .{0,200}?'(?P<name>[A-Za-z0-9][\w.-]{0,100})[^']{0,80}'\]' returned non-zero exit status",
        cause=Cause.BUILD_DEP_FAILED,
        means="the build script fetches {name} with a pip of its own, and that failed",
        advice="declare {name} as a build requirement of {project}, or install it first and build without isolation",
        example="distutils.errors.DistutilsError: Command '['/b/bin/python', '-m', 'pip', '--disable-pip-version-check', 'wheel', '--no-deps', '-w', '/tmp/x', '--quiet', 'cython>=0.27.3']' returned non-zero exit status 1.",
        weight=Weight.EXACT,
    ),
    Signature(
        name="setup-missing-prose",
        literals=(
            "is not installed",
            "must be installed",
            "requires NumPy",
            "requires numpy",
            "not installed",
            "required to build",
            "required to install",
        ),
        pattern=r"(?i)(?:ImportError|RuntimeError|OSError|ValueError|ModuleNotFoundError|EnvironmentError|Exception|SystemExit): .{0,80}?\b(?P<module>numpy|cython|scipy|numerical python \(numpy\)|torch|pytorch|pybind11)\b.{0,40}?(?:is not installed|must be installed|is required|not found|not installed)|requires (?P<module2>numpy|cython|torch|pybind11)(?: to be installed|,? (?:which|but) )|please install (?P<module3>numpy|cython|torch|pybind11)\b",
        cause=Cause.BUILD_DEP_MISSING,
        means="the build script needs {module}, which it never declared as a build requirement",
        advice="install {module} first and build without isolation",
        example="    ImportError: Numerical Python (NumPy) is not installed.",
        weight=Weight.CAUSE + 2,
    ),
    Signature(
        name="setup-python2-module",
        pattern=r"(?:ModuleNotFoundError|ImportError): No module named u?'?(?P<module>ConfigParser|StringIO|cStringIO|urllib2|urlparse|Queue|httplib|commands|__builtin__|HTMLParser|cPickle|Tkinter|exceptions|md5|sets|SocketServer|thread|xmlrpclib|copy_reg|UserDict|cookielib|BaseHTTPServer|ez_setup|distribute_setup)'?(?:$|\s)|NameError: (?:global )?name '(?P<name2>file|unicode|raw_input|execfile|xrange|reload|basestring|long|unichr|reduce|cmp)' is not defined",
        cause=Cause.SETUP_SCRIPT_ERROR,
        means="the build script is Python 2 only",
        advice="take a release made for Python 3, or another project in its place",
        example="ModuleNotFoundError: No module named 'ConfigParser'",
        weight=Weight.EXACT + 5,
    ),
    Signature(
        name="setup-syntax",
        pattern=r"^\s*(?:E\s+)?(?:SyntaxError|TabError|IndentationError): (?P<what>.{1,200})",
        cause=Cause.SETUP_SCRIPT_ERROR,
        means="the build script is not valid for this Python",
        advice="take a release made for this Python",
        example="    SyntaxError: Missing parentheses in call to 'print'. Did you mean print(x)?",
        weight=Weight.CAUSE,
    ),
    Signature(
        name="setup-requirements-refused",
        pattern=r"^\s*error in (?P<name>[A-Za-z0-9][\w.-]{0,80}|.{1,80}) setup command: (?P<why>.{1,200})",
        cause=Cause.SETUP_SCRIPT_ERROR,
        means="setuptools refuses what the build script declares",
        advice="take another release",
        remedies=("setuptools<66",),
        example="error in celery setup command: 'install_requires' must be a string or list of strings",
        blame=Blame.NAMED,
        weight=Weight.CAUSE,
    ),
    Signature(
        name="setup-exception",
        pattern=r"^\s*(?P<exception>(?!(?:InstallationError|Error): Command |pdm\.|pip\.|piptools\.|poetry\.|pipenv\.|pep517\.|pyproject_hooks\.|subprocess\.Called|CondaEnv)(?:[A-Za-z_]\w{0,60}\.){0,6}(?:[A-Z]\w{0,60})?(?:Error|Exception|Exit|Invalid\w{1,40}|Conflict|NotFound|Missing|Required)): ?(?! {1,4}[×x] )(?P<what>.{0,300})",
        cause=Cause.SETUP_SCRIPT_ERROR,
        means="the build script stopped with an error of its own",
        advice="take another release of {project}; a newer one may have a wheel",
        example="      RuntimeError: wheels are not supported for this package",
        counter="SetuptoolsDeprecationWarning: setup.py install is deprecated.",
        weight=Weight.EXCEPTION,
    ),
    Signature(
        name="setup-refuses",
        literals=(
            "not supported",
            "requires Python",
            "deprecated",
            "Please use",
            "has been renamed",
            "do not install",
            "You are not supposed",
            "unsupported",
            "Unsupported",
        ),
        pattern=r"(?i)python (?:version )?[\d.]{1,8}\S{0,3} is not supported|requires python (?:version )?['\"]?[<>=!~]{0,2}\s?[23]|(?:package|project) (?:has been|is) (?:deprecated|renamed)|only (?:supports|works (?:with|on)) python|not supported on (?:this|your) platform|unsupported (?:platform|python|operating system)",
        cause=Cause.SETUP_SCRIPT_ERROR,
        means="the build script refuses this Python or platform, or asks for another project",
        advice="do what the message says: another release, or the project it names",
        example="The 'sklearn' PyPI package is deprecated, use 'scikit-learn': this package is deprecated",
        counter="DEPRECATION: Python 2.7 reached the end of its life on January 1st, 2020.",
        weight=Weight.EXCEPTION - 2,
    ),
)

SIGNATURES: tuple[Signature, ...] = tuple(
    replace(signature, scope=Scope.BUILD) for signature in _ALL
)

"""What setup.py, setuptools and other build backends say while they read or build a project."""

from __future__ import annotations

from dataclasses import replace

from bisect_deps.model import Cause
from bisect_deps.signatures.base import Scope, Signature, Weight

_REMOVED = Cause.BUILD_API_REMOVED


def _old(constraint: str) -> str:
    return f"build with the tools it was made for: a build constraint `{constraint}`"


_ALL: tuple[Signature, ...] = (
    Signature(
        name="setup-use-2to3",
        gate=("use_2to3",),
        pattern=r"use_2to3 is invalid|error in .{1,80} setup command: use_2to3",
        cause=_REMOVED,
        means="the build script asks setuptools for `use_2to3`, which setuptools 58 removed",
        advice=_old("setuptools<58"),
        example="error in anyjson setup command: use_2to3 is invalid.",
        weight=Weight.EXACT + 5,
    ),
    Signature(
        name="setup-feature",
        gate=("cannot import name", "has no attribute"),
        pattern=r"cannot import name '?(?P<what>Feature|convert_path|parse_config_files|bdist_wininst|upload_docs|bdist_msi|log|msvccompiler|six|find_module|setuptools)'? from '?(?P<module>setuptools[\w.]{0,60}|distutils[\w.]{0,60})|cannot import name '?(?P<what2>Feature)'?|module 'setuptools[\w.]{0,60}' has no attribute|module 'distutils[\w.]{0,60}' has no attribute|'(?:dry_run|install_layout)'",
        cause=_REMOVED,
        means="the build script uses something that setuptools no longer has",
        advice=_old("setuptools<46"),
        example="    ImportError: cannot import name 'Feature' from 'setuptools' "
        "(/app/.venv/lib/python3.8/site-packages/setuptools/__init__.py)",
        weight=Weight.EXACT + 4,
    ),
    Signature(
        name="setup-cython-sources",
        gate=("cython_sources",),
        pattern=r"AttributeError: '?cython_sources'?|object has no attribute '?cython_sources'?",
        cause=_REMOVED,
        means="the build script does not know Cython 3",
        advice=_old("Cython<3"),
        example="AttributeError: cython_sources",
        weight=Weight.EXACT + 5,
    ),
    Signature(
        name="setup-setuptools-module",
        gate=("No module named",),
        pattern=r"(?:ModuleNotFoundError|ImportError): No module named u?'?(?P<module>pkg_resources|distutils|imp|setuptools\.command\.test|setuptools\.extern|setuptools\.dep_util|setuptools\._distutils|distutils\.msvccompiler|numpy\.distutils|lib2to3|asynchat|asyncore|pipes|cgi|imghdr|smtpd|telnetlib|crypt|nntplib|sndhdr|uu|xdrlib|audioop|aifc|chunk|msilib|nis|ossaudiodev|spwd|sunau|symbol|parser|formatter|binhex|distutils\.[\w.]{1,40}|setuptools\.[\w.]{1,40})'?(?:;|$|\s)",
        cause=_REMOVED,
        means="the build script imports {module}, which this Python or setuptools no longer has",
        advice=_old("setuptools<81"),
        example="ModuleNotFoundError: No module named 'pkg_resources'",
        weight=Weight.EXACT + 4,
    ),
    Signature(
        name="setup-impimporter",
        gate=("ImpImporter", "FileFinder", "find_module"),
        pattern=r"module 'pkgutil' has no attribute 'ImpImporter'|'?ImpImporter'?\. Did you mean|object has no attribute 'find_module'",
        cause=_REMOVED,
        means="a setuptools from before Python 3.12 is used for the build",
        advice="build with a newer setuptools: a build constraint `setuptools>=66.1`, or a release that does not pin it",
        example="AttributeError: module 'pkgutil' has no attribute 'ImpImporter'. Did you mean: 'zipimporter'?",
        weight=Weight.EXACT + 5,
    ),
    Signature(
        name="setup-stdlib-attribute",
        gate=("SafeConfigParser", "has no attribute", "readfp", "cannot import name"),
        pattern=r"module 'configparser' has no attribute 'SafeConfigParser'|object has no attribute 'readfp'|module '(?P<module>inspect|collections|platform|time|asyncio|string|os|ast|cgi|locale|gettext|unittest|typing|importlib[\w.]{0,30}|sysconfig|types|fractions|math|array|base64|xml[\w.]{0,40}|html[\w.]{0,20}|plistlib|threading|sys|imp|pipes|pkgutil|_imp|tarfile|logging|email[\w.]{0,20})' has no attribute '(?P<attribute>\w{1,60})'|cannot import name '(?P<attribute2>\w{1,60})' from '(?P<module2>inspect|collections|platform|fractions|math|typing|configparser|importlib[\w.]{0,30}|asyncio[\w.]{0,20}|unittest[\w.]{0,20}|string|sysconfig|ast|types|locale|time|os|cgi|html[\w.]{0,20})'",
        cause=_REMOVED,
        means="the build script uses something that Python's standard library no longer has",
        advice="take a newer release of {project}, or build with an older Python",
        example="AttributeError: module 'configparser' has no attribute 'SafeConfigParser'. Did you mean: 'RawConfigParser'?",
        weight=Weight.EXACT + 3,
    ),
    Signature(
        name="setup-command-removed",
        gate=(
            "invalid command",
            "setuptools.command.test",
            "setup_requires",
            "test_suite",
            "License-File",
            "license_file",
            "dash-separated",
            "Invalid dash-separated key",
        ),
        pattern=r"Invalid dash-separated key|No module named ['\"]setuptools\.command\.test|InvalidConfigError: .{0,80}(?:deprecated|no longer)|error: invalid command '(?P<what>bdist_wheel|test|upload|register|develop)'",
        cause=_REMOVED,
        means="the build script uses a setuptools feature that is gone",
        advice=_old("setuptools<78"),
        example="setuptools.errors.InvalidConfigError: Invalid dash-separated key 'description-file' in 'metadata' (setup.cfg), please use the underscore name 'description_file' instead.",
        weight=Weight.EXACT,
    ),
    Signature(
        name="setup-missing-module",
        gate=("No module named",),
        pattern=r"(?:ModuleNotFoundError|ImportError): No module named u?'?(?P<module>[A-Za-z_][\w.]{0,100})'?",
        cause=Cause.BUILD_DEP_MISSING,
        means="the build script imports {module}, which it never declared as a build requirement",
        advice="install {module} first and build without isolation, or declare it as an extra build dependency",
        example="      ModuleNotFoundError: No module named 'Cython'",
        weight=Weight.CAUSE + 3,
    ),
    Signature(
        name="setup-requires-failed",
        gate=(
            "No local packages or working download links",
            "Could not find suitable distribution for",
        ),
        pattern=r"No local packages or working download links found for (?P<name>[A-Za-z0-9][\w.-]{0,100})|Could not find suitable distribution for Requirement\.parse\('(?P<name2>[A-Za-z0-9][\w.-]{0,100})",
        cause=Cause.BUILD_DEP_FAILED,
        means="what the build script requires could not be had",
        advice="install it first and build without isolation",
        example="error: Could not find suitable distribution for Requirement.parse('numpy>=1.9')",
        weight=Weight.EXACT,
        fatal=True,
    ),
    Signature(
        name="setup-missing-prose",
        gate=(
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
        gate=("No module named", "NameError"),
        pattern=r"(?:ModuleNotFoundError|ImportError): No module named u?'?(?P<module>ConfigParser|StringIO|cStringIO|urllib2|urlparse|Queue|httplib|commands|__builtin__|HTMLParser|cPickle|Tkinter|exceptions|md5|sets|SocketServer|thread|xmlrpclib|copy_reg|UserDict|cookielib|BaseHTTPServer|ez_setup|distribute_setup)'?(?:$|\s)|NameError: (?:global )?name '(?P<name2>file|unicode|raw_input|execfile|xrange|reload|basestring|long|unichr|reduce|cmp)' is not defined",
        cause=Cause.SETUP_SCRIPT_ERROR,
        means="the build script is Python 2 only",
        advice="take a release made for Python 3, or another project in its place",
        example="ModuleNotFoundError: No module named 'ConfigParser'",
        weight=Weight.EXACT + 5,
    ),
    Signature(
        name="setup-syntax",
        gate=("SyntaxError:", "TabError:", "IndentationError:"),
        pattern=r"^\s*(?:E\s+)?(?:SyntaxError|TabError|IndentationError): (?P<what>.{1,200})",
        cause=Cause.SETUP_SCRIPT_ERROR,
        means="the build script is not valid for this Python",
        advice="take a release made for this Python",
        example="    SyntaxError: Missing parentheses in call to 'print'. Did you mean print(x)?",
        weight=Weight.CAUSE,
    ),
    Signature(
        name="setup-requirements-refused",
        gate=("error in ",),
        pattern=r"^\s*error in (?P<what>.{1,80}) setup command: (?P<why>.{1,200})",
        cause=Cause.SETUP_SCRIPT_ERROR,
        means="setuptools refuses what the build script declares",
        advice="take another release, or build with an older setuptools: a build constraint `setuptools<66`",
        example="error in celery setup command: 'install_requires' must be a string or list of strings",
        weight=Weight.CAUSE,
    ),
    Signature(
        name="setup-exception",
        gate=("Error", "Exception", "Invalid", "exit", "Exit", "Warning", "Interrupt"),
        pattern=r"^\s*(?P<exception>(?!pdm\.|pip\.|piptools\.|poetry\.|pipenv\.|pep517\.|pyproject_hooks\.|subprocess\.Called)(?:[A-Za-z_]\w{0,60}\.){0,6}(?:[A-Z]\w{0,60})?(?:Error|Exception|Exit|Invalid\w{1,40}|Conflict|NotFound|Missing|Required)): ?(?P<what>.{0,300})",
        cause=Cause.SETUP_SCRIPT_ERROR,
        means="the build script stopped with an error of its own",
        advice="take another release of {project}; a newer one may have a wheel",
        example="      RuntimeError: wheels are not supported for this package",
        counter="SetuptoolsDeprecationWarning: setup.py install is deprecated.",
        weight=Weight.EXCEPTION,
    ),
    Signature(
        name="setup-refuses",
        gate=(
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

SIGNATURES: tuple[Signature, ...] = tuple(replace(one, scope=Scope.BUILD) for one in _ALL)

"""What compilers and build systems say when source code does not compile."""

from __future__ import annotations

from dataclasses import replace

from bisect_deps.diagnosis.signatures.base import Signature, SignatureScope, Weight
from bisect_deps.model import Cause

_CAUSE = Cause.COMPILE_ERROR
_NEWER = "take a release of {project} made for this Python, or build with an older Python"

_ALL: tuple[Signature, ...] = (
    Signature(
        name="compiler-python-header",
        pattern=r"fatal error: '?(?:[\w.]{1,40}/)?(?P<header>longintrepr\.h|code\.h|graminit\.h|grammar\.h|node\.h|symtable\.h|Python-ast\.h|pyarena\.h|asdl\.h|parsetok\.h|bitset\.h|errcode\.h|token\.h|cStringIO\.h|eval\.h|pycore_\w{1,40}\.h|osdefs\.h)'?(?::| file)",
        cause=_CAUSE,
        means="the source includes a header that this Python no longer has",
        advice=_NEWER,
        example="frozenlist/_frozenlist.c:198:12: fatal error: longintrepr.h: No such file or directory",
        weight=Weight.EXACT + 2,
    ),
    Signature(
        name="compiler-error",
        pattern=r"^\s*(?P<file>[^\s:()][^:()]{0,200}\.(?:c|cc|cpp|cxx|C|h|hpp|hh|hxx|pyx|pxd|pxi|f|f90|f95|m|mm|cu|cuh|s|S|inc|tcc|ipp)):\d{1,7}(?::\d{1,5})?: (?:fatal )?error: (?P<what>.{1,300})|^\s*[^\s(][^(]{0,200}\(\d{1,6}\)\s?: (?:fatal )?error C\d{4}: (?P<what2>.{1,200})",
        cause=_CAUSE,
        means="C or C++ source does not compile with this Python or compiler",
        advice=_NEWER,
        example="      blist/_blist.c:6592:27: error: lvalue required as left operand of assignment",
        counter="warning: no previously-included files matching '*.c' found",
    ),
    Signature(
        name="compiler-python-api",
        pattern=r"error: .{0,20}\bPy(?!Array)[A-Z]\w{1,40}.{1,60} has no member named|undefined reference to .{0,3}\b_?Py(?!Array)[A-Z]\w{1,80}|error: .{0,60}(?:implicit declaration of function|use of undeclared identifier) .{0,3}\b_?Py(?!Array)[A-Z]\w{1,80}|error: .{0,3}\b_?Py(?!Array)[A-Z]\w{1,80}.{0,3} (?:undeclared|was not declared)",
        cause=_CAUSE,
        means="the source uses what the C interface of this Python does not have",
        advice=_NEWER,
        example="uvloop/loop.c:156613:36: error: ‘PyTypeObject’ {aka ‘struct _typeobject’} has no member named ‘tp_print’",
        counter="x.c:3:34: error: 'PyArray_Descr' {aka 'struct _PyArray_Descr'} has no member named 'elsize'",
        weight=Weight.EXACT,
    ),
    Signature(
        name="compiler-numpy-2",
        pattern=r"error: .{0,4}PyArray_Descr\W.{0,60}has no member named|numpy/(?:noprefix|oldnumeric|old_defines)\.h: No such file|error: .(?:NPY_(?:IN_ARRAY|OUT_ARRAY|INOUT_ARRAY|CONTIGUOUS|ALIGNED|CHAR)|PyArray_(?:CONTIGUOUS|DescrCheck))\W{1,3}undeclared",
        cause=_CAUSE,
        means="the source was written for numpy 1 and is compiled against numpy 2",
        advice=_NEWER,
        example="x.c:3:34: error: 'PyArray_Descr' {aka 'struct _PyArray_Descr'} has no member named 'elsize'",
        weight=Weight.EXACT + 3,
        remedies=("numpy<2",),
    ),
    Signature(
        name="compiler-cython",
        pattern=r"^\s*Error compiling Cython file|Cython\.Compiler\.Errors\.CompileError: (?P<file>\S{1,200})|raise CompileError|Command .{1,200}cython.{1,300} returned non-zero exit status",
        cause=_CAUSE,
        means="Cython refuses the source",
        remedies=("Cython<3",),
        example="Cython.Compiler.Errors.CompileError: sklearn/ensemble/_hist_gradient_boosting/splitting.pyx",
        weight=Weight.CAUSE + 1,
    ),
    Signature(
        name="compiler-missing-source",
        pattern=r"(?:cc1(?:plus)?|gcc|g\+\+|clang): (?:fatal )?error: (?:no such file or directory: '?)?(?P<file>[^\s:']{1,200}\.(?:c|cc|cpp|cxx|pyx))'?:? ?(?:No such file)?|(?:Cannot|Could not) find source file|'(?P<file2>[^']{1,200}\.(?:pyx|c|cpp))' doesn't match any files|unknown file type '\.pyx'",
        cause=_CAUSE,
        means="the release lacks a source file",
        advice="take another release of {project}",
        example="      cc1: fatal error: hungry.c: No such file or directory",
    ),
    Signature(
        name="compiler-command-failed",
        pattern=r"error: [Cc]ommand (?:'[^']{1,300}'|\"[^\"]{1,300}\"|'?\[.{1,3500}|[^'\" ]\S{0,200}) (?:failed with exit (?:status|code) \d+|returned non-zero exit status \d+)|error: [Cc]ommand '\['",
        cause=_CAUSE,
        means="the compiler failed",
        advice=_NEWER,
        example="      error: command '/usr/bin/gcc' failed with exit code 1",
        weight=Weight.GENERIC,
    ),
    Signature(
        name="compiler-linker",
        pattern=r"undefined reference to|collect2: error: ld returned|relocation .{1,100} can not be used|Undefined symbols for architecture",
        cause=_CAUSE,
        means="the parts of an extension module do not fit together",
        advice=_NEWER,
        example="collect2: error: ld returned 1 exit status",
        weight=Weight.GENERIC,
    ),
    Signature(
        name="compiler-rust",
        pattern=r"^\s*error\[E\d{4}\]|error: could not compile `(?P<crate>[\w-]{1,80})`|error: linking with",
        cause=_CAUSE,
        means="Rust source does not compile",
        advice=_NEWER,
        example="error: could not compile `pyo3-ffi` (build script) due to 1 previous error",
    ),
    Signature(
        name="compiler-pyo3-python",
        pattern=r"interpreter version \((?P<python>[\d.]{1,10})\) is newer than PyO3's maximum supported version|PyO3's maximum supported version",
        cause=_CAUSE,
        means="the Rust binding to Python does not know this Python yet",
        advice="take a newer release of {project}, or build with an older Python",
        example="error: the configured Python interpreter version (3.13) is newer than PyO3's maximum supported version (3.12)",
        weight=Weight.EXACT + 1,
    ),
    Signature(
        name="compiler-make-cmake",
        pattern=r"^\s*g?make(?:\[\d+\])?: \*\*\*|ninja: build stopped: subcommand failed|^\s*FAILED: |CalledProcessError: Command '\[.{0,400}?(?:cmake|make|ninja).{0,2500}returned non-zero",
        cause=_CAUSE,
        means="the project's own build system failed",
        advice=_NEWER,
        example="ninja: build stopped: subcommand failed.",
        weight=Weight.GENERIC,
    ),
    Signature(
        name="compiler-cmake-policy",
        pattern=r"Compatibility with CMake < (?P<version>[\d.]{1,6}) has been removed",
        cause=Cause.BUILD_API_REMOVED,
        means="the project's CMake files are too old for this CMake",
        advice="set CMAKE_POLICY_VERSION_MINIMUM=3.5 for the build",
        remedies=("cmake<4",),
        example="  Compatibility with CMake < 3.5 has been removed from CMake.",
        weight=Weight.EXACT,
    ),
    Signature(
        name="compiler-cmake-error",
        pattern=r"^\s*CMake Error(?: at|:| in)|CMake Error: ",
        cause=_CAUSE,
        means="CMake could not configure the build",
        advice=_NEWER,
        example="CMake Error at CMakeLists.txt:25 (message):",
        weight=Weight.GENERIC,
    ),
    Signature(
        name="compiler-meson-error",
        pattern=r"meson\.build:\d{1,5}:\d{1,4}: ERROR: (?P<what>.{1,200})",
        cause=_CAUSE,
        means="Meson could not configure the build",
        advice=_NEWER,
        example="../meson.build:1:0: ERROR: Problem encountered: NumPy requires GCC >= 8.4",
        weight=Weight.GENERIC,
    ),
)

SIGNATURES: tuple[Signature, ...] = tuple(
    replace(signature, scope=SignatureScope.BUILD) for signature in _ALL
)

"""A header, library, program or compiler that the machine lacks, as build scripts say it."""

from __future__ import annotations

from dataclasses import replace

from bisect_deps.diagnosis.signatures.base import Signature, SignatureScope, Weight
from bisect_deps.model import Cause

_CAUSE = Cause.SYSTEM_DEP_MISSING

_ALL: tuple[Signature, ...] = (
    Signature(
        name="system-header",
        pattern=r"fatal error: '?(?P<header>[\w./+-]{1,120}\.(?:h|hpp|hh|hxx|H)|[\w./+-]{1,120})'?(?:: No such file or directory| file not found)|fatal error C1083: Cannot open include file: '(?P<header2>[^']{1,120})'",
        cause=_CAUSE,
        means="a header that the project compiles against is not installed",
        example="src/_portaudiomodule.c:29:10: fatal error: portaudio.h: No such file or directory",
        weight=Weight.EXACT,
    ),
    Signature(
        name="system-library",
        pattern=r"(?:cannot find|library not found for) -l:?(?P<library>[\w.+-]{1,80})",
        cause=_CAUSE,
        means="a library that the project links against is not installed",
        example="/usr/bin/ld: cannot find -lpq: No such file or directory",
        weight=Weight.EXACT,
    ),
    Signature(
        name="system-config-program",
        pattern=r"(?P<tool>[A-Za-z][\w+.-]{0,30}[-_]config\d{0,2}|pkgconf)['\"]?(?:: (?:command )?not found| executable not found| not found|: No such file| is required| (?:is|was) not (?:found|installed|available))|No such file or directory: u?['\"](?P<tool2>[\w-]{1,30}[-_]config\d{0,2}|pkgconf)['\"]|(?:install|find|missing|need|locate|run) (?:the )?['`\"]?(?P<tool3>[\w-]{1,30}[-_]config)\b",
        cause=_CAUSE,
        means="the program that tells where a library is (or the library with it) is not installed",
        example="    Error: pg_config executable not found.",
        counter="If you prefer to avoid building psycopg2 from source, look at setup.cfg",
        weight=Weight.EXACT,
    ),
    Signature(
        name="system-pg-config-hint",
        pattern=r"build_ext --pg-config (?P<tool>/path/to/pg_config)",
        cause=_CAUSE,
        means="the program that tells where PostgreSQL's library is, is not installed",
        example="    python setup.py build_ext --pg-config /path/to/pg_config build ...",
    ),
    Signature(
        name="system-pkg-config",
        pattern=r"Package '?(?P<library>[\w.+-]{1,80})'? was not found in the pkg-config search path|Package '(?P<library2>[^']{1,80})', required by 'virtual:world', not found|No package '(?P<library3>[^']{1,80})' found|pkg-config' ?,.{1,200}returned non-zero exit status|Could not run pkg-config|pkg-config (?:is|was) not|pkg-config probably not installed|Can(?:no| no)t find valid pkg-config name|Specify \w{1,40}_CFLAGS and|add the directory containing `(?P<library4>[\w.+-]{1,80})\.pc'",
        cause=_CAUSE,
        means="a library that the build looks for with pkg-config is not installed",
        example="Package cairo was not found in the pkg-config search path.",
        weight=Weight.EXACT,
    ),
    Signature(
        name="system-meson-dependency",
        pattern=r'ERROR: Dependency (?:lookup for )?"?(?P<library>[\w.+-]{1,80})"? (?:not found|with method)',
        cause=_CAUSE,
        means="a library that the build looks for is not installed",
        example='../meson.build:75:8: ERROR: Dependency "OpenBLAS" not found, tried pkgconfig',
        weight=Weight.EXACT,
    ),
    Signature(
        name="system-cmake-package",
        pattern=r"Could NOT find (?P<library>[\w.+-]{1,80}) \(missing|Could not find a package configuration file provided by \"(?P<library2>[^\"]{1,80})\"|By not providing \"Find(?P<library3>\w{1,60})\.cmake\"",
        cause=_CAUSE,
        means="a library that CMake looks for is not installed",
        example="  Could NOT find OpenSSL (missing: OPENSSL_CRYPTO_LIBRARY)",
        weight=Weight.EXACT - 2,
    ),
    Signature(
        name="system-not-found",
        pattern=r"^\s{4,}(?P<library>[A-Z][\w+-]{1,40}) (?:compiler|library|libraries|headers?) not found[.!]?$",
        cause=_CAUSE,
        means="a library or program that the build looks for is not installed",
        example="        Protobuf compiler not found",
        counter="checking whether the C++ library not found by name is needed",
        weight=Weight.EXACT - 2,
    ),
    Signature(
        name="system-cmake",
        literals=("cmake", "CMake"),
        pattern=r"(?i)(?:[`'\"]?(?P<tool>cmake)[`'\"]?:? (?:command )?not found|(?:no such file or directory|command not found): ?u?['\"]?(?P<tool2>cmake)\b|(?P<tool3>cmake) must be (?:installed|available|in)|(?:install|find|requires|missing|without) (?P<tool4>cmake)\b(?! (?:from|\d))|failed to execute command: .{0,60}(?P<tool5>cmake)|is (?P<tool6>cmake) not installed|(?P<tool7>cmake) (?:executable|is) (?:not|missing|required))",
        cause=_CAUSE,
        means="CMake is not installed",
        example="RuntimeError: CMake must be installed to build the following extensions: dlib",
        counter="-- Installing: /usr/lib/cmake/x.cmake",
        weight=Weight.EXACT - 1,
    ),
    Signature(
        name="system-compiler",
        pattern=r"(?:cannot execute|error trying to exec) ['‘`\"](?P<part>[\w./+-]{0,80}?(?:cc1(?:plus|obj|objplus)?|f951|as|ld|collect2|lto1|lto-wrapper))['’\"]|unable to execute '(?P<tool>[^']{1,120})': No such file|error: (?:command|Command) '(?P<tool2>[^']{1,60}?(?:gcc|cc|g\+\+|c\+\+|clang|clang\+\+)(?:-\d+)?)' failed: No such file|No such file or directory: u?'(?P<tool3>(?:[\w./-]{0,60}/)?(?:[\w-]{1,30}-)?(?:gcc|cc|g\+\+|c\+\+|clang|clang\+\+|cl|gfortran|f95|ld|ar)(?:-\d{1,2})?)'|(?:^|\s)(?P<tool4>(?:gcc|cc|g\+\+|c\+\+|clang|make|ninja|gfortran|swig|nvcc|cl\.exe|link\.exe))(?:: (?:command )?not found|: No such file)|command not found: (?P<tool5>gcc|cc|g\+\+|make|swig)|(?P<msvc>Microsoft Visual C\+\+ \d[\d.]* (?:or greater )?is required)|Unknown compiler\(s\): \[\[(?P<list>[^\]]{0,200})|No CMAKE_(?:C|CXX|Fortran)_COMPILER could be found|CMAKE_(?:C|CXX|Fortran)_COMPILER not set, after EnableLanguage|no acceptable C compiler found|C compiler cannot create executables|[Yy]ou need a C compiler|cannot link a simple C program|[Nn]o (?P<fortran>Fortran) compiler found|error: no C compiler|linker `(?P<linker>cc|link\.exe|gcc)` not found",
        cause=_CAUSE,
        means="the compiler is not installed",
        example="error: command 'gcc' failed: No such file or directory",
        weight=Weight.EXACT,
    ),
    Signature(
        name="system-tool",
        pattern=r"(?:^|[\s:])(?P<tool>swig|nvcc|ninja|make|autoconf|automake|autoreconf|libtool|libtoolize|bison|flex|m4|patch|git|nasm|yasm|protoc|java|javac|node|npm|perl|patchelf|llvm-config|gfortran|unzip|wget|curl|bazel|go|meson)['\"]?(?:: (?:command )?not found|: No such file| (?:was |is )?not (?:found|installed)\b)|No such file or directory: u?['\"](?:[\w./-]{0,60}/)?(?P<tool2>swig|nvcc|ninja|make|autoconf|automake|autoreconf|libtoolize|bison|flex|m4|patch|nasm|yasm|protoc|java|javac|node|npm|perl|patchelf|llvm-config(?:-\d+)?|gfortran|bazel|go|meson|pkg-config|Rscript|R)['\"]|Program ['\"](?P<tool3>[\w-]{1,40})['\"] not found|(?P<tool4>protoc|swig|nvcc|bison|flex) executable .{0,40}not|(?:^|\s)(?P<tool5>(?!python|pip\b)[a-z][\w-]{1,30}) executable (?:was |is )?not found|error: [Cc]ommand '(?P<tool6>[^']{1,80})' failed: No such file",
        cause=_CAUSE,
        means="a program that the build calls is not installed",
        example="    FileNotFoundError: [Errno 2] No such file or directory: 'swig'",
        weight=Weight.EXACT - 1,
    ),
    Signature(
        name="system-rust",
        pattern=r"(?:[Cc]an(?:'t| ?not) find Rust compiler|Rust not found|error: can't find Rust|[Ff]ailed to (?:find|run) [`'\"]?(?P<tool>rustc|cargo)|Cargo, the Rust package manager, is not installed|No such file or directory: u?['\"](?P<tool2>cargo|rustc)|(?P<tool3>rustc|cargo)['\"`]?: (?:command )?not found|requires Rust|[Rr]ust compiler (?:is )?(?:not|missing)|Rust toolchain (?:is )?not|install Rust|`(?P<tool4>cargo|rustc)` (?:not found|executable)|rustup could not choose a version|no default toolchain|rustc .{0,40}is not supported by|requires rustc \d|which is currently not supported|package `[^`]{1,80}` cannot be built because it requires rustc|feature `edition20\d\d` is required)",
        cause=_CAUSE,
        means="Rust (a new enough one) is not installed",
        example="error: can't find Rust compiler",
        weight=Weight.EXACT - 1,
    ),
    Signature(
        name="system-python-headers",
        pattern=r"fatal error: '?(?P<header>Python\.h)'?|Python development (?:headers|files)|install (?:the )?(?P<tool>python3?-dev)",
        cause=_CAUSE,
        means="the headers of Python itself are not installed",
        example="src/x.c:1:10: fatal error: Python.h: No such file or directory",
        weight=Weight.EXACT + 1,
    ),
    Signature(
        name="system-library-prose",
        pattern=r"(?:make sure|ensure|please install|Please install|try installing|You need to install|Install) (?:the |that |you have )?(?:\S{1,40} ){0,6}?(?:development (?:packages?|headers|files|libraries|version)|header files|dev(?:el)? packages?)|headers or library files could not be found for (?P<library>\w{1,40})|The headers or library files could not|Could not find (?:the )?(?P<library2>lib\w{2,40}|function \w{1,40}|openssl|OpenSSL|zlib|HDF5|libhdf5)\b|Unable to (?:find|load|locate) (?:dependency )?(?P<library3>HDF5|GDAL|GEOS|PROJ|libhdf5|openssl|OpenSSL|LLVM|BLAS|zbar|libpq|pcre)|(?P<library4>lib\w{2,40}) (?:is|was|could) not (?:be )?(?:found|installed)|[Nn]o (?P<library10>lapack|blas|LAPACK|BLAS)\S{0,20} (?:resources|libraries) found|error: library dfftpack|No (?P<library5>BLAS|LAPACK)(?:/LAPACK)? libraries found|(?P<library6>gdal|GDAL) API version (?:must|obtained)|cannot find (?:the )?(?P<library7>openssl|OpenSSL|libffi|zlib|libusb|libmagic)\b|RequiredDependencyException: (?P<library8>\w{1,40})|could not find (?P<library9>krb5-config|libmemcached|sodium|openssl)|[Dd]evelopment files for (?P<library11>[\w+.-]{1,40}) (?:were|are) not found",
        cause=_CAUSE,
        means="a library that the project builds against is not installed",
        example="Error: Please make sure the libxml2 and libxslt development packages are installed.",
        weight=Weight.EXACT - 3,
    ),
    Signature(
        name="system-openssl-rust",
        pattern=r"Could not find (?:directory of (?P<library>OpenSSL)|(?P<library2>openssl))|failed to run custom build command for `(?P<crate>[\w-]{1,60}-sys) v",
        cause=_CAUSE,
        means="a C library that a Rust crate binds to is not installed",
        example="  Could not find directory of OpenSSL installation, and this `-sys` crate cannot",
        weight=Weight.EXACT - 1,
    ),
    Signature(
        name="system-shared-object",
        pattern=r"(?P<library>[\w.+-]{1,80}\.so[\d.]*): cannot open shared object file|Library not loaded: (?P<library2>\S{1,200})|DLL load failed while importing (?P<module>\w{1,60})",
        cause=_CAUSE,
        means="a shared library that an installed module needs is not on the machine",
        example="ImportError: libGL.so.1: cannot open shared object file: No such file or directory",
        weight=Weight.EXACT,
    ),
    Signature(
        name="system-shell-not-found",
        pattern=r"(?:/bin/)?(?:ba|da)?sh: (?:line )?(?:\d+: )?(?P<tool>[\w+./-]{1,60}): (?:command )?not found",
        cause=_CAUSE,
        means="a program that the build calls is not installed",
        example="    /bin/sh: 1: mysql_config: not found",
        weight=Weight.CAUSE + 2,
    ),
)

SIGNATURES: tuple[Signature, ...] = tuple(
    signature
    if signature.name == "system-shared-object"
    else replace(signature, scope=SignatureScope.BUILD)
    for signature in _ALL
)

"""Which distribution brings a module, and which modules and attributes were removed when.

The environment's own metadata comes first wherever a caller has it; this is the table for a log
without one. Only names that differ from their distribution need a line here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from packaging.utils import canonicalize_name

# Import name to distribution, where they differ after normalisation.
DISTRIBUTIONS: dict[str, str] = {
    "bs4": "beautifulsoup4", "Crypto": "pycryptodome", "Cryptodome": "pycryptodomex", "cv2": "opencv-python",
    "dateutil": "python-dateutil", "docx": "python-docx", "dotenv": "python-dotenv", "fitz": "pymupdf",
    "git": "gitpython", "github": "pygithub", "gi": "pygobject", "google.protobuf": "protobuf",
    "googleapiclient": "google-api-python-client", "jose": "python-jose", "jwt": "pyjwt", "kafka": "kafka-python",
    "ldap": "python-ldap", "magic": "python-magic", "MySQLdb": "mysqlclient", "nacl": "pynacl",
    "OpenSSL": "pyopenssl", "PIL": "pillow", "pkg_resources": "setuptools", "_distutils_hack": "setuptools",
    "pptx": "python-pptx", "psycopg2": "psycopg2", "pymysql": "pymysql", "serial": "pyserial", "skimage": "scikit-image",
    "sklearn": "scikit-learn", "slugify": "python-slugify", "socks": "pysocks", "telegram": "python-telegram-bot",
    "usb": "pyusb", "websocket": "websocket-client", "win32api": "pywin32", "wx": "wxpython", "yaml": "pyyaml",
    "_yaml": "pyyaml", "zmq": "pyzmq", "attr": "attrs", "attrs": "attrs", "markdown": "markdown", "levenshtein": "python-levenshtein",
    "Levenshtein": "python-levenshtein", "memcache": "python-memcached", "mpl_toolkits": "matplotlib", "pylab": "matplotlib",
    "multipart": "python-multipart", "rest_framework": "djangorestframework", "corsheaders": "django-cors-headers",
    "environ": "django-environ", "debug_toolbar": "django-debug-toolbar", "storages": "django-storages",
    "crispy_forms": "django-crispy-forms", "import_export": "django-import-export", "flask_sqlalchemy": "flask-sqlalchemy",
    "flask_login": "flask-login", "flask_wtf": "flask-wtf", "requests_toolbelt": "requests-toolbelt", "OpenGL": "pyopengl",
    "pythoncom": "pywin32", "ruamel.yaml": "ruamel-yaml", "snowflake": "snowflake-connector-python", "tlz": "toolz",
    "vlc": "python-vlc", "xlsxwriter": "xlsxwriter", "Xlib": "python-xlib", "bson": "pymongo", "gridfs": "pymongo",
    "psycopg2_binary": "psycopg2-binary", "lib2to3": "", "airflow": "apache-airflow", "pyspark": "pyspark", "tf_keras": "tf-keras",
    "pytorch_lightning": "pytorch-lightning", "lightning": "lightning", "cairo": "pycairo", "igraph": "python-igraph",
    "cpuinfo": "py-cpuinfo", "stdnum": "python-stdnum", "haystack": "django-haystack", "umap": "umap-learn",
    "community": "python-louvain", "lxml": "lxml", "OpenEXR": "openexr", "faiss": "faiss-cpu", "tensorflow": "tensorflow",
    "grpc": "grpcio", "grpc_tools": "grpcio-tools", "google.cloud.storage": "google-cloud-storage", "pkg_about": "setuptools",
    "ipykernel": "ipykernel", "IPython": "ipython", "nltk": "nltk", "ujson": "ujson", "pywt": "pywavelets", "shapefile": "pyshp",
    "osgeo": "gdal", "gdal": "gdal", "rtree": "rtree", "pyximport": "cython", "Cython": "cython", "mock": "mock",
    "OpenImageIO": "openimageio", "tabula": "tabula-py", "jsonschema_specifications": "jsonschema-specifications",
    "enum": "enum34", "concurrent": "futures",
    "_cffi_backend": "cffi", "_pytest": "pytest", "google.auth": "google-auth", "google.api_core": "google-api-core", "google.oauth2": "google-auth",
    "google.rpc": "googleapis-common-protos", "google.api": "googleapis-common-protos", "google.type": "googleapis-common-protos",
    "google.longrunning": "googleapis-common-protos", "google.resumable_media": "google-resumable-media",
    "google_auth_httplib2": "google-auth-httplib2", "jaraco.functools": "jaraco-functools", "past": "future", "libfuturize": "future",
    "pydantic_core": "pydantic-core", "typing_extensions": "typing-extensions", "importlib_metadata": "importlib-metadata",
}  # fmt: skip

# Projects of the same name as their module that many releases import and do not ask for, because
# something else once pulled them in. Only these are added by their name: a name alone is no proof.
UNASKED = frozenset(
    {
        "appdirs", "chardet", "decorator", "docutils", "future", "imageio_ffmpeg", "importlib_resources", "ipython_genutils",
        "jinja2", "markupsafe", "numpy", "packaging", "pandas", "psutil", "pyparsing", "pytz", "requests", "scipy", "simplejson",
        "six", "tabulate", "toml", "tomli", "tqdm", "typing_inspect", "urllib3", "wheel",
    }
)  # fmt: skip

# One import name, several distributions that may bring it: the user's list decides.
ALTERNATIVES: dict[str, tuple[str, ...]] = {
    "cv2": ("opencv-python", "opencv-python-headless", "opencv-contrib-python", "opencv-contrib-python-headless"),
    "psycopg2": ("psycopg2", "psycopg2-binary"),
    "Crypto": ("pycryptodome", "pycrypto"),
    "tensorflow": ("tensorflow", "tensorflow-cpu", "tensorflow-gpu", "tensorflow-intel"),
    "jwt": ("pyjwt", "jwt"),
    "magic": ("python-magic", "python-magic-bin", "file-magic"),
    "kafka": ("kafka-python", "kafka-python-ng"),
    "faiss": ("faiss-cpu", "faiss-gpu"),
    "slugify": ("python-slugify", "awesome-slugify", "unicode-slugify"),
    "skimage": ("scikit-image",),
    "sklearn": ("scikit-learn", "sklearn"),
    "PIL": ("pillow", "pillow-simd"),
    "igraph": ("igraph", "python-igraph"),
    "Levenshtein": ("levenshtein", "python-levenshtein"),
    "google": ("protobuf", "google-api-core", "google-auth", "google-cloud-core"),
    "docx": ("python-docx", "docx"),
}  # fmt: skip

# Modules that a distribution stopped shipping though it is installed: (module, distribution).
GONE: dict[str, str] = {
    "pkg_resources": "setuptools", "distutils": "setuptools", "setuptools": "setuptools",
}  # fmt: skip

# Parts of the standard library: in an error they are no distribution.
STANDARD = frozenset(
    [
        "abc",
        "aifc",
        "argparse",
        "array",
        "ast",
        "asynchat",
        "asyncio",
        "asyncore",
        "base64",
        "bdb",
        "binascii",
        "binhex",
        "bisect",
        "builtins",
        "bz2",
        "calendar",
        "cgi",
        "cgitb",
        "chunk",
        "cmath",
        "cmd",
        "code",
        "codecs",
        "codeop",
        "collections",
        "colorsys",
        "compileall",
        "concurrent",
        "configparser",
        "contextlib",
        "contextvars",
        "copy",
        "copyreg",
        "crypt",
        "csv",
        "ctypes",
        "curses",
        "dataclasses",
        "datetime",
        "dbm",
        "decimal",
        "difflib",
        "dis",
        "distutils",
        "doctest",
        "email",
        "encodings",
        "ensurepip",
        "enum",
        "errno",
        "faulthandler",
        "fcntl",
        "filecmp",
        "fileinput",
        "fnmatch",
        "formatter",
        "fractions",
        "ftplib",
        "functools",
        "gc",
        "getopt",
        "getpass",
        "gettext",
        "glob",
        "graphlib",
        "grp",
        "gzip",
        "hashlib",
        "heapq",
        "hmac",
        "html",
        "http",
        "imaplib",
        "imghdr",
        "imp",
        "importlib",
        "inspect",
        "io",
        "ipaddress",
        "itertools",
        "json",
        "keyword",
        "lib2to3",
        "linecache",
        "locale",
        "logging",
        "lzma",
        "mailbox",
        "mailcap",
        "marshal",
        "math",
        "mimetypes",
        "mmap",
        "modulefinder",
        "msilib",
        "msvcrt",
        "multiprocessing",
        "netrc",
        "nis",
        "nntplib",
        "ntpath",
        "numbers",
        "operator",
        "optparse",
        "os",
        "ossaudiodev",
        "parser",
        "pathlib",
        "pdb",
        "pickle",
        "pickletools",
        "pipes",
        "pkgutil",
        "platform",
        "plistlib",
        "poplib",
        "posix",
        "posixpath",
        "pprint",
        "profile",
        "pstats",
        "pty",
        "pwd",
        "py_compile",
        "pyclbr",
        "pydoc",
        "queue",
        "quopri",
        "random",
        "re",
        "readline",
        "reprlib",
        "resource",
        "rlcompleter",
        "runpy",
        "sched",
        "secrets",
        "select",
        "selectors",
        "shelve",
        "shlex",
        "shutil",
        "signal",
        "site",
        "smtpd",
        "smtplib",
        "sndhdr",
        "socket",
        "socketserver",
        "spwd",
        "sqlite3",
        "ssl",
        "stat",
        "statistics",
        "string",
        "stringprep",
        "struct",
        "subprocess",
        "sunau",
        "symbol",
        "symtable",
        "sys",
        "sysconfig",
        "syslog",
        "tabnanny",
        "tarfile",
        "telnetlib",
        "tempfile",
        "termios",
        "test",
        "textwrap",
        "threading",
        "time",
        "timeit",
        "tkinter",
        "token",
        "tokenize",
        "tomllib",
        "trace",
        "traceback",
        "tracemalloc",
        "tty",
        "turtle",
        "types",
        "typing",
        "unicodedata",
        "unittest",
        "urllib",
        "uu",
        "uuid",
        "venv",
        "warnings",
        "wave",
        "weakref",
        "webbrowser",
        "winreg",
        "winsound",
        "wsgiref",
        "xdrlib",
        "xml",
        "xmlrpc",
        "zipapp",
        "zipfile",
        "zipimport",
        "zlib",
        "zoneinfo",
        "_ctypes",
        "_ssl",
        "_sqlite3",
        "_lzma",
        "_bz2",
        "_tkinter",
        "_imp",
        "_collections_abc",
        "genericpath",
    ]
)

# Types of Python's own.
BUILTIN_TYPES = frozenset(
    {"str", "bytes", "int", "float", "bool", "dict", "list", "tuple", "set", "frozenset", "object",
     "NoneType", "function", "module", "property", "method", "generator", "type", "coroutine"}
)  # fmt: skip
# Types that a message names without their module, and the distribution that has them.
TYPES: dict[str, str] = {
    "DataFrame": "pandas", "Series": "pandas", "Index": "pandas", "DataFrameGroupBy": "pandas", "Styler": "pandas",
    "ndarray": "numpy", "np": "numpy", "Engine": "sqlalchemy", "Connection": "sqlalchemy", "LegacyRow": "sqlalchemy", "Row": "sqlalchemy",
    "Session": "sqlalchemy", "MetaData": "sqlalchemy", "Flask": "flask", "Markup": "markupsafe", "Elasticsearch": "elasticsearch",
    "BaseModel": "pydantic", "ModelMetaclass": "pydantic", "FieldInfo": "pydantic", "Tensor": "torch", "Sequential": "keras",
    "CountVectorizer": "scikit-learn", "TfidfVectorizer": "scikit-learn", "OneHotEncoder": "scikit-learn", "Pipeline": "scikit-learn",
    "DiGraph": "networkx", "Graph": "networkx", "Redis": "redis", "StrictRedis": "redis", "Retry": "urllib3", "HTTPResponse": "urllib3",
    "Image": "pillow", "FreeTypeFont": "pillow", "ImageDraw": "pillow", "Word2Vec": "gensim", "KeyedVectors": "gensim",
    "Axes3D": "matplotlib", "Figure": "matplotlib", "AxesSubplot": "matplotlib", "Collection": "pymongo", "MongoClient": "pymongo",
    "WebDriver": "selenium", "WebElement": "selenium", "Client": "redis", "Celery": "celery", "Environment": "jinja2", "Database": "pymongo", "PdfFileReader": "pypdf2",
    "Account": "web3", "Web3": "web3", "FigureCanvasBase": "matplotlib", "Request": "werkzeug", "WSGIRequestHandler": "werkzeug",
}  # fmt: skip


# Functions that a message names without their module, by the argument that they no longer take, or
# methods by the type.
ARGUMENTS: dict[tuple[str, str], str] = {
    ("Client", "proxies"): "httpx", ("AsyncClient", "proxies"): "httpx", ("HTTPTransport", "proxies"): "httpx",
    ("Client", "app"): "httpx", ("AsyncClient", "app"): "httpx",
    ("Retry", "method_whitelist"): "urllib3", ("OneHotEncoder", "sparse"): "scikit-learn",
    ("load", "Loader"): "pyyaml", ("load_all", "Loader"): "pyyaml",
    ("Parameter", "make_metavar"): "click", ("TyperArgument", "make_metavar"): "click", ("TyperOption", "make_metavar"): "click",
    ("DataFrame", "encoding"): "pandas", ("read_csv", "error_bad_lines"): "pandas", ("read_csv", "squeeze"): "pandas",
}  # fmt: skip

# Names under which compiled modules hide inside their own distribution: no project is meant.
INNER = frozenset({"lib", "ffi", "core", "ext", "backend", "native", "speedups", "cython_runtime"})

# Whose compiled module a project uses as its own.
BINDINGS: dict[str, str] = {"pyopenssl": "cryptography"}

# What brings back a module that the standard library lost: projects of the index that are it.
BACKPORTS: dict[str, str] = {
    "distutils": "setuptools<81", "asyncore": "pyasyncore", "asynchat": "pyasynchat", "audioop": "audioop-lts",
    "cgi": "legacy-cgi", "cgitb": "legacy-cgi",
    **{
        name: f"standard-{name}"
        for name in ("aifc", "chunk", "crypt", "imghdr", "mailcap", "nntplib", "pipes", "smtpd", "sndhdr", "sunau", "telnetlib", "uu", "xdrlib")
    },
}  # fmt: skip


def distribution_of(
    module: str,
    known: Mapping[str, str],
    listed: Mapping[str, object],
    *,
    installed: bool = False,
) -> str | None:
    """Return the normalised distribution that brings `module`, None for the standard library.

    `known` is the environment's own mapping of import names; `listed` has the user's requirements
    by normalised name, which decide between alternatives. `installed` says that the module was
    seen in the installed packages, where even a name of the standard library is a distribution.
    """
    parts = module.split(".")
    for length in range(len(parts), 0, -1):
        if owner := known.get(".".join(parts[:length])):
            return canonicalize_name(owner)
    if parts[0] in STANDARD and not installed:
        return None
    return canonicalize_name(_tabled(parts, listed))


def _tabled(parts: Sequence[str], listed: Mapping[str, object]) -> str:
    """Return the distribution by the tables and the user's list, else the module's own name."""
    top = parts[0]
    if found := DISTRIBUTIONS.get(".".join(parts[:2])) if len(parts) > 1 else None:
        return found
    for candidate in ALTERNATIVES.get(top, ()):
        if canonicalize_name(candidate) in listed:
            return candidate
    joined = canonicalize_name("-".join(parts[:2]))
    own = canonicalize_name(top) in listed
    if len(parts) > 1 and joined in listed and not own:
        return joined
    found = DISTRIBUTIONS.get(top)
    return found if found and not own else (top.strip("_").removesuffix("-") or top)

"""The network between the build and what it downloads: never a dependency's fault."""

from __future__ import annotations

from bisect_deps.diagnosis.signatures.base import Blame, Signature, Trait, Weight
from bisect_deps.model import Cause, Phase

_RETRY = "build again; if it stays, check the index URL, the proxy and the name service"


def _network(
    name: str,
    pattern: str,
    means: str,
    example: str,
    *,
    weight: int = Weight.DECISIVE,
    advice: str = _RETRY,
    counter: str = "",
    traits: tuple[Trait, ...] = (),
) -> Signature:
    return Signature(
        name=name,
        pattern=pattern,
        cause=Cause.NETWORK,
        phase=Phase.DOWNLOAD,
        means=means,
        advice=advice,
        example=example,
        weight=weight,
        blame=Blame.NOBODY,
        counter=counter,
        traits=traits,
    )


SIGNATURES: tuple[Signature, ...] = (
    Signature(
        name="network-amid-download",
        pattern=r"pip[/\\]_vendor[/\\]urllib3[/\\]response\.py\", line \d{1,6}, in _error_catcher",
        cause=Cause.NETWORK,
        phase=Phase.DOWNLOAD,
        means="the connection broke in the middle of a download",
        advice="build again; if it stays, look at the proxy or mirror between here and the index",
        example='  File "/v/lib/python3.7/site-packages/pip/_vendor/urllib3/response.py", line 425, in _error_catcher',
        weight=Weight.GENERIC,
        blame=Blame.NOBODY,
        fatal=True,
    ),
    _network(
        "network-retrying",
        r"Retrying \(Retry\(total=(?P<left>\d+)|spurious network error",
        "a connection broke and was tried again",
        "WARNING: Retrying (Retry(total=0, connect=None, read=None, redirect=None, status=None)) after "
        "connection broken by 'NewConnectionError('...')': /simple/click/",
        weight=Weight.NOISE,
    ),
    _network(
        "network-unreachable",
        r"Max retries exceeded with url|All attempts to connect to \S{1,100} failed|NewConnectionError|NameResolutionError|ConnectTimeoutError|Network is unreachable|No route to host|ConnectionRefusedError",
        "the index or a file host cannot be reached",
        "HTTPConnectionPool(host='mirror.example', port=443): Max retries exceeded with url: /simple/click/",
    ),
    _network(
        "network-name-service",
        r"Temporary failure in name resolution|Name or service not known|Could not resolve host|nodename nor servname|getaddrinfo failed|failed to lookup address",
        "a host name cannot be looked up",
        "fatal: unable to access 'https://example.test/x.git/': Could not resolve host: example.test",
    ),
    _network(
        "network-broken-connection",
        r"Connection refused|Connection reset by peer|ConnectionResetError|Connection aborted|RemoteDisconnected|Connection timed out|Read timed out|ReadTimeoutError|ProtocolError\(|socket\.timeout: |TimeoutError: The (?:read|write) operation timed out|Failed to connect to \S{1,100} port|Couldn't connect to server|URLError: <urlopen error|Connection closed by \S{1,100} port",
        "a connection was refused or broke",
        "ConnectionResetError: [Errno 104] Connection reset by peer",
    ),
    _network(
        "network-tls",
        r"CERTIFICATE_VERIFY_FAILED|SSLError\(|SSLError:|certificate verify failed|problem confirming the ssl certificate|TLSV1_ALERT_PROTOCOL_VERSION|gnutls_handshake\(\) failed|SSL certificate problem|invalid peer certificate|TLS connection was non-properly|ssl module in Python is not available|server certificate verification failed|WRONG_VERSION_NUMBER",
        "the index's certificate is not trusted, or TLS is not possible",
        "Could not fetch URL https://mirror.example/simple/idna/: There was a problem confirming the ssl certificate",
        advice="give the installer the authority's certificate (PIP_CERT, SSL_CERT_FILE), or correct the mirror's",
    ),
    _network(
        "network-proxy",
        r"ProxyError|Tunnel connection failed|Cannot connect to proxy|from proxy after CONNECT|Proxy Authentication Required",
        "the proxy refuses or is not there",
        "ProxyError('Cannot connect to proxy.', OSError('Tunnel connection failed: 403 Forbidden'))",
        advice="check HTTPS_PROXY and what the proxy allows",
    ),
    _network(
        "network-http-status",
        r"HTTP error [45]\d\d\b|\b[45]\d\d Client Error|\b5\d\d Server Error|HTTPError: (?:HTTP Error )?[45]\d\d|too many \d{3} error responses|HTTP status (?:client|server) error \([45]\d\d|returned error: [45]\d\d|401 Error, Credentials not correct|50[234] (?:Bad Gateway|Service (?:Temporarily )?Unavailable|Gateway Time-?out)|bad HTTP response code",
        "the index or a file host answered with an error",
        "requests.exceptions.HTTPError: 503 Server Error: Service Unavailable for url: https://mirror.example/simple/",
        advice="build again; for 401 and 403 check the credentials, for 404 the URL",
    ),
    _network(
        "network-credentials",
        r"^(?:WARNING: )?User for [\w.:-]{1,100}: ?",
        "the index asks for a user name, and nobody is there to answer",
        "User for mirror.example: ERROR: Exception:",
        advice="give the index its credentials: a user part in the URL by variable, or a keyring",
    ),
    _network(
        "network-truncated",
        r"IncompleteRead|ChunkedEncodingError|BadZipFile|[Nn]ot a (?:zip|gzip) ?file|is not a zip file|tarfile\.ReadError|Compressed file ended before|unexpected end of data|zlib\.error|CRC check failed|BadGzipFile|Cannot unpack file|Cannot determine archive format|has an invalid wheel, could not read|[Ww]heel '[^']{1,100}' located at \S{1,200} is invalid",
        "a download was cut short, or what came is no archive",
        "zipfile.BadZipFile: File is not a zip file",
        advice="build again without the cache; if it stays, ask the mirror",
        traits=(Trait.ARCHIVE,),
    ),
    _network(
        "network-git",
        r"RPC failed; |[Tt]he remote end hung up unexpectedly|fatal: early EOF",
        "the connection to a repository broke",
        "error: RPC failed; curl 56 GnuTLS recv error (-54)",
        weight=Weight.DECISIVE,
    ),
    _network(
        "network-rust",
        r"failed to download from `|could not download file from|download of config\.json failed",
        "crates could not be downloaded",
        "        failed to download from `https://crates.example/config.json`",
        traits=(Trait.DECLARED,),
    ),
    _network(
        "network-apt",
        r"E: (?:Unable to fetch some archives|Failed to fetch)|Could not connect to \S{1,100}(?::\d{1,5})",
        "the system's packages could not be downloaded",
        "E: Unable to fetch some archives, maybe run apt-get update or try with --fix-missing?",
    ),
)

"""The HTTP connection: proxies, certificates and time-outs, the same for all that asks a server."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import httpx

from fbsync import __version__
from fbsync.errors import ExitCode, FbsyncError
from fbsync.settings import is_loopback

if TYPE_CHECKING:
    from pathlib import Path

_CONNECT_SECONDS = 10.0


def http_client(api_url: str, *, timeout: float, parallelism: int, ca_file: Path | None) -> httpx.AsyncClient:
    """A client for one server.

    The proxies of the environment are used, and ``SSL_CERT_FILE`` and ``SSL_CERT_DIR`` (httpx, 'Environment
    Variables'); a file of certificates that is given takes their place.

    Args:
        api_url: the base URL, without a slash at its end.
        timeout: seconds that an answer may take.
        parallelism: how many connections there may be at a time.
        ca_file: certificates of authorities to trust, in PEM, or None for those of the environment.

    Raises:
        FbsyncError: that file cannot be used.
    """
    host = urlsplit(api_url).hostname or ""
    return httpx.AsyncClient(
        base_url=api_url,
        timeout=httpx.Timeout(timeout, connect=min(timeout, _CONNECT_SECONDS)),
        limits=httpx.Limits(max_connections=parallelism, max_keepalive_connections=parallelism),
        headers={"User-Agent": f"fbsync/{__version__}", "Accept": "application/json"},
        # A proxy of the environment is for the way out, never for this machine itself.
        mounts={f"all://[{host}]" if ":" in host else f"all://{host}": None} if is_loopback(host) else None,
        verify=True if ca_file is None else _trusting(ca_file),
    )


def _trusting(ca_file: Path) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=ca_file)
    except OSError as error:
        # ssl.SSLError is one: the file is there and holds no certificate.
        reason = "it holds no certificate in PEM" if isinstance(error, ssl.SSLError) else error.strerror
        raise FbsyncError(
            f"the certificates in {ca_file} cannot be used: {reason}",
            hint="name a file of CA certificates in PEM with --ca-file",
            exit_code=ExitCode.INVALID_INPUT,
        ) from error

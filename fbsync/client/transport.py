"""The HTTP connection: proxies, certificates and time-outs, the same for all that asks a server."""

from __future__ import annotations

import ssl
import sys
from contextlib import asynccontextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import httpx

from fbsync.model.errors import ExitCode, FbsyncError
from fbsync.settings import is_loopback
from fbsync.version import __version__

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

_CONNECT_SECONDS = 10.0

if find_spec("sniffio") is None:
    # httpcore loads it several times a request, if it is there. Where it is not, Python would look for it all along the
    # path each time, which takes a quarter of a request; None says once for all that there is nothing to be found
    # (Python Language Reference, 5.3.1, "The module cache").
    sys.modules["sniffio"] = None  # type: ignore[assignment]


class Connections:
    """The connections to one server: as many as there are requests under way, each used again when it is free.

    Each has an HTTP client of its own. In a pool of several, httpcore goes through all of them for each request, and
    asks the operating system about every idle one, which takes longer than the request (``docs/benchmarks.md``).

    The proxies of the environment are used, and ``SSL_CERT_FILE`` and ``SSL_CERT_DIR`` (httpx, 'Environment
    Variables'); a file of certificates that is given takes their place.

    Args:
        api_url: the base URL, without a slash at its end.
        timeout: seconds that an answer may take.
        ca_file: certificates of authorities to trust, in PEM, or None for those of the environment.

    Raises:
        FbsyncError: that file, or the one of the environment, cannot be used.
    """

    def __init__(self, api_url: str, *, timeout: float, ca_file: Path | None) -> None:
        self._api_url = api_url
        self._timeout = httpx.Timeout(timeout, connect=min(timeout, _CONNECT_SECONDS))
        self._is_here = is_loopback(urlsplit(api_url).hostname)
        # Nobody speaks TLS with a server of this machine that is asked without: no authority need be trusted.
        speaks_tls = not self._is_here or api_url.startswith("https:")
        self._trusted = _trusted(ca_file) if speaks_tls or ca_file else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self._all: list[httpx.AsyncClient] = []
        self._free: list[httpx.AsyncClient] = []

    @asynccontextmanager
    async def one(self) -> AsyncIterator[httpx.AsyncClient]:
        """A client that nobody else uses meanwhile."""
        client = self._free.pop() if self._free else self._another()
        try:
            yield client
        finally:
            self._free.append(client)

    async def aclose(self) -> None:
        """Closes all of them."""
        for client in self._all:
            await client.aclose()

    def _another(self) -> httpx.AsyncClient:
        host = urlsplit(self._api_url).hostname or ""
        client = httpx.AsyncClient(
            timeout=self._timeout,
            limits=httpx.Limits(max_connections=1),
            headers={"User-Agent": f"fbsync/{__version__}", "Accept": "application/json"},
            # A proxy of the environment is for the way out, never for this machine itself.
            mounts={f"all://[{host}]" if ":" in host else f"all://{host}": None} if self._is_here else None,
            verify=self._trusted,
        )
        self._all.append(client)
        return client


def _trusted(ca_file: Path | None) -> ssl.SSLContext:
    try:
        return httpx.create_ssl_context() if ca_file is None else ssl.create_default_context(cafile=ca_file)
    except OSError as error:
        # ssl.SSLError is one: the file is there and holds no certificate.
        reason = "it holds no certificate in PEM" if isinstance(error, ssl.SSLError) else error.strerror
        where, option = (f"in {ca_file}", "--ca-file") if ca_file else ("of SSL_CERT_FILE", "it, or unset it")
        raise FbsyncError(
            f"the certificates {where} cannot be used: {reason}",
            hint=f"name a file of CA certificates in PEM with {option}",
            exit_code=ExitCode.INVALID_INPUT,
        ) from error

"""The transport: connections, and exchanges over them, each limited in time and size."""

from __future__ import annotations

import asyncio
import os
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from fbsync.client.connection import Connection
from fbsync.client.library import httpx
from fbsync.client.proxies import proxy_for
from fbsync.client.trust import trusted, untrusting
from fbsync.settings import is_loopback
from fbsync.version import __version__

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from fbsync.client.proxies import Proxy

_CONNECT_SECONDS = 10.0
_CONNECT_SHARE = 0.75
"""The share of an exchange's time for connecting. A timeout within it proves that the request was not sent."""

LIST_LIMIT = 64 * 1024 * 1024
"""The largest list, decoded: more than 100,000 configurations."""
ANSWER_LIMIT = 1024 * 1024
"""The largest other answer."""

_HEADERS = {"User-Agent": f"fbsync/{__version__}", "Accept": "application/json", "Accept-Encoding": "gzip"}
_WITH_BODY = ("POST", "PUT")
"""Methods that always have a Content-Length, even without a body (RFC 9110, 8.6)."""
_ANY_WRAPPER = 47
"""zlib's ``wbits`` that detects gzip or zlib by the first bytes (zlib manual, ``inflateInit2``)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """The answer over a connection.

    Attributes:
        headers: the headers; their names ignore case.
        body: the decoded body, which is empty if it has a flaw.
        flaw: why the body cannot be read, as the end of a sentence, or None.
        tls: the TLS connection of the response, or None.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    flaw: str | None = None
    tls: Any = None


class Connections:
    """The connections to one server: one for each concurrent request, reused when it is free.

    Each is a transport of its own. In a pool of several connections, httpcore checks all of them for each request,
    and asks the operating system about every idle one. That takes longer than the request (``docs/benchmarks.md``).

    Args:
        api_url: the base URL, without a slash at its end.
        timeout: the time limit of a whole exchange, in seconds.
        ca_file: a PEM file of CA certificates to trust, or None for the environment's.

    Raises:
        FbsyncError: the certificate file, or the environment's certificates or proxy, cannot be used.

    Attributes:
        proxy: the proxy of the connections, or None.
    """

    def __init__(self, api_url: str, *, timeout: float, ca_file: Path | None) -> None:
        self._api_url = api_url
        self._timeout = timeout
        self._extensions = {"timeout": {"connect": min(timeout * _CONNECT_SHARE, _CONNECT_SECONDS)}}
        self.proxy = proxy_for(api_url, os.environ)
        # A server on this machine with an http URL does not use TLS, so no authority is needed.
        is_here = is_loopback(urlsplit(api_url).hostname)
        speaks_tls = not is_here or api_url.startswith("https:")
        self._trusted = trusted(ca_file) if speaks_tls or ca_file else untrusting()
        self._urls: dict[str, httpx.URL] = {}
        self._all: list[Connection] = []
        self._free: list[Connection] = []

    async def send(
        self, method: str, path: str, *, headers: Mapping[str, str], body: bytes | None = None, limit: int
    ) -> Response:
        """Send a request, and return the response.

        Args:
            method: the HTTP method.
            path: the path and the query.
            headers: additional headers.
            body: the request's body, or None.
            limit: the maximum size of the decoded body, in bytes.

        Raises:
            httpx.HTTPError, httpx.InvalidURL, OSError: the exchange failed. TimeoutError means that its time was up.
        """
        request = self._request(method, self._url(path), headers, body)
        connection = self._free.pop() if self._free else self._another()
        try:
            async with asyncio.timeout(self._timeout):
                return await _exchange(connection, request, limit)
        finally:
            self._free.append(connection)

    async def aclose(self) -> None:
        """Close all connections."""
        for connection in self._all:
            await connection.aclose()

    def _request(self, method: str, url: httpx.URL, headers: Mapping[str, str], body: bytes | None) -> httpx.Request:
        """A request with all of its headers. httpx would otherwise determine and check them for each request."""
        named = {**_HEADERS, **headers}
        if body is not None or method in _WITH_BODY:
            named["Content-Length"] = str(len(body or b""))
        raw = [(b"Host", url.netloc), *((name.encode("ascii"), value.encode("ascii")) for name, value in named.items())]
        stream = httpx.ByteStream(body or b"")
        return httpx.Request(method, url, headers=raw, stream=stream, extensions=self._extensions)

    def _url(self, path: str) -> httpx.URL:
        """A path's URL. Creations and lists share a few URLs, which httpx would otherwise parse each time."""
        if path not in self._urls:
            if len(self._urls) > 16:  # noqa: PLR2004 - paths with ids are not worth keeping
                return httpx.URL(self._api_url + path)
            self._urls[path] = httpx.URL(self._api_url + path)
        return self._urls[path]

    def _another(self) -> Connection:
        proxy = None if self.proxy is None else _httpx_proxy(self.proxy)
        connection = Connection(trusted=self._trusted, proxy=proxy)
        self._all.append(connection)
        return connection


def _httpx_proxy(proxy: Proxy) -> httpx.Proxy:
    password = "" if proxy.password is None else proxy.password.reveal()
    auth = None if proxy.user is None else (proxy.user, password)
    return httpx.Proxy(proxy.address, auth=auth)


async def _exchange(connection: Connection, request: httpx.Request, limit: int) -> Response:
    response = await connection.handle_async_request(request)
    assert isinstance(response.stream, httpx.AsyncByteStream)
    try:
        stream = response.extensions.get("network_stream")
        tls = stream.get_extra_info("ssl_object") if stream is not None else None
        body = _DecodedBody(response.headers.get("Content-Encoding"), limit)
        async for chunk in response.stream:
            body.add(chunk)
            if body.flaw is not None:
                break
    finally:
        await response.stream.aclose()
    flaw = body.ended()
    return Response(
        status=response.status_code,
        headers=response.headers,
        body=b"" if flaw else bytes(body.data),
        flaw=flaw,
        tls=tls,
    )


class _DecodedBody:
    """A body that is decoded as it arrives, and only up to a limit, against gzip bombs.

    Args:
        encoding: the answer's ``Content-Encoding``.
        limit: the maximum size of the decoded body, in bytes.
    """

    def __init__(self, encoding: str | None, limit: int) -> None:
        self.data = bytearray()
        self.flaw: str | None = None
        self._limit = limit
        coding = (encoding or "identity").strip().lower()
        self._inflate = zlib.decompressobj(_ANY_WRAPPER) if coding in ("gzip", "x-gzip", "deflate") else None
        if self._inflate is None and coding != "identity":
            self.flaw = "in an encoding that fbsync did not ask for"

    def add(self, chunk: bytes) -> None:
        """Decode and add the next chunk."""
        if self.flaw is not None:
            return
        if self._inflate is not None:
            try:
                chunk = self._inflate.decompress(chunk, self._limit - len(self.data) + 1)
            except zlib.error:
                self.flaw = "that is damaged"
                return
        self.data += chunk
        if len(self.data) > self._limit:
            self.flaw = f"of more than {self._limit // (1024 * 1024)} MiB"

    def ended(self) -> str | None:
        """Return what is wrong with the body after its last chunk, as the end of a sentence, or None."""
        if self.flaw is None and self._inflate is not None and self.data and not self._inflate.eof:
            return "that is damaged"
        return self.flaw

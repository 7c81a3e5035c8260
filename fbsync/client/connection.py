"""The connection: a transport for httpx, built from httpcore's HTTP/1.1 over asyncio sockets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fbsync.client.library import httpcore, httpx
from fbsync.client.sockets import Sockets

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator

_KEPT_SECONDS = 5.0
"""How long an idle connection may be reused: as in httpx, and shorter than servers keep it open."""

_ERRORS = (
    httpcore.TimeoutException,
    httpcore.NetworkError,
    httpcore.ProxyError,
    httpcore.UnsupportedProtocol,
    httpcore.ProtocolError,
)


class Connection(httpx.AsyncBaseTransport):
    """One connection at a time. It is reused for the next request, or opened again after it ended.

    Apart from the sockets, it works like httpx's own transport.

    Args:
        trusted: the TLS context.
        proxy: the proxy to connect through, or None.
    """

    def __init__(self, *, trusted: ssl.SSLContext, proxy: httpx.Proxy | None) -> None:
        self._way = _Direct(trusted) if proxy is None else _through(proxy, trusted)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request, and return the response.

        Raises:
            httpx.TransportError: the exchange failed.
        """
        url = request.url
        assert isinstance(request.stream, httpx.AsyncByteStream)
        sent = httpcore.Request(
            request.method,
            httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
            headers=request.headers.raw,
            content=request.stream,
            extensions=request.extensions,
        )
        try:
            answer = await self._way.handle_async_request(sent)
        except _ERRORS as error:
            raise _as_httpx(error) from error
        return httpx.Response(answer.status, headers=answer.headers, stream=_Body(answer), extensions=answer.extensions)

    async def aclose(self) -> None:
        """Close it."""
        await self._way.aclose()


class _Body(httpx.AsyncByteStream):
    """The body of a response, read as its parts arrive."""

    def __init__(self, answer: httpcore.Response) -> None:
        self._answer = answer

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            async for piece in self._answer.aiter_stream():
                yield piece
        except _ERRORS as error:
            raise _as_httpx(error) from error

    async def aclose(self) -> None:
        await self._answer.aclose()


def _as_httpx(error: Exception) -> httpx.TransportError:
    """The httpx error with the same name as an httpcore error."""
    kind: type[httpx.TransportError] = getattr(httpx, type(error).__name__)
    return kind(str(error))


class _Direct:
    """A connection without a proxy. A pool of one would work too, but it checks several things for each request."""

    def __init__(self, trusted: ssl.SSLContext) -> None:
        self._trusted = trusted
        self._latest: httpcore.AsyncHTTPConnection | None = None

    async def handle_async_request(self, request: httpcore.Request) -> httpcore.Response:
        """Send a request as httpcore's pools do."""
        if self._latest is not None and (self._latest.is_closed() or self._latest.has_expired()):
            await self.aclose()
        if self._latest is None:
            self._latest = httpcore.AsyncHTTPConnection(
                request.url.origin,
                ssl_context=self._trusted,
                keepalive_expiry=_KEPT_SECONDS,
                network_backend=Sockets(),
            )
        return await self._latest.handle_async_request(request)

    async def aclose(self) -> None:
        """Close it."""
        latest, self._latest = self._latest, None
        if latest is not None:
            await latest.aclose()


def _through(proxy: httpx.Proxy, trusted: ssl.SSLContext) -> httpcore.AsyncConnectionPool:
    url = proxy.url
    kind = httpcore.AsyncSOCKSProxy if url.scheme.startswith("socks") else httpcore.AsyncHTTPProxy
    return kind(
        proxy_url=httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
        proxy_auth=proxy.raw_auth,
        ssl_context=trusted,
        max_connections=1,
        keepalive_expiry=_KEPT_SECONDS,
        network_backend=Sockets(),
    )

"""The wire: HTTP/1.1 by h11 over asyncio, as a transport for httpx, which leaves it what is between two hosts only.

httpx's own transport takes four times as long for a request (benchmarks/README.md). It stays in use where there is
a proxy. Failures are httpx's exceptions, so that ``fbsync.client.answers`` tells them apart in one way.
"""

from __future__ import annotations

import asyncio
import errno
import select
from typing import TYPE_CHECKING, Any

import h11
import httpx

if TYPE_CHECKING:
    import ssl
    from types import TracebackType
    from typing import Self

_LARGEST_HEAD = 100 * 1024
_SECOND_ADDRESS_SECONDS = 0.25
"""After so long another address of the host is tried beside the first (RFC 8305, 5)."""


class Wire(httpx.AsyncBaseTransport):
    """Connections to one host, kept alive and used again.

    Args:
        connections: how many there may be at a time.
    """

    def __init__(self, connections: int) -> None:
        self._room = asyncio.Semaphore(connections)
        self._idle: list[_Connection] = []
        self._tls: ssl.SSLContext | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Closes what is open."""
        while self._idle:
            await self._idle.pop().close()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Sends a request and reads its whole answer.

        Raises:
            httpx.TransportError: one of ``ConnectError`` and ``ConnectTimeout`` where nothing was sent.
        """
        timeout: dict[str, float | None] = request.extensions.get("timeout", {})
        body = await request.aread()
        async with self._room:
            connection = self._idle_one() or await self._connect(request.url, timeout.get("connect"))
            try:
                answer = await connection.exchange(request, body, timeout.get("read"))
            except BaseException:
                await connection.close()
                raise
            if connection.is_reusable:
                self._idle.append(connection)
            else:
                await connection.close()
        return answer

    def _idle_one(self) -> _Connection | None:
        """The connection that was used last, if the server has not closed it meanwhile."""
        while self._idle:
            connection = self._idle.pop()
            if connection.is_quiet:
                return connection
            connection.abort()
        return None

    async def _connect(self, url: httpx.URL, seconds: float | None) -> _Connection:
        secure = url.scheme == "https"
        try:
            async with asyncio.timeout(seconds):
                _, connection = await asyncio.get_running_loop().create_connection(
                    _Connection,
                    url.raw_host.decode("ascii"),
                    url.port or (443 if secure else 80),
                    ssl=self._context() if secure else None,
                    happy_eyeballs_delay=_SECOND_ADDRESS_SECONDS,
                )
        except TimeoutError as error:
            raise httpx.ConnectTimeout("no connection in time") from error
        except OSError as error:  # ssl.SSLError and socket.gaierror are among these
            raise httpx.ConnectError("no connection") from _one_of(error)
        return connection

    def _context(self) -> ssl.SSLContext:
        """Httpx's own rules of whom to trust, SSL_CERT_FILE and SSL_CERT_DIR included."""
        if self._tls is None:
            self._tls = httpx.create_ssl_context()
            self._tls.set_alpn_protocols(["http/1.1"])
        return self._tls


def _one_of(error: OSError) -> OSError:
    """The error; for one that asyncio made of several addresses' errors in words only, the one that says most."""
    refused = error.errno is None and f"[Errno {errno.ECONNREFUSED}]" in str(error)
    return ConnectionRefusedError(errno.ECONNREFUSED, "all addresses refused") if refused else error


class _Connection(asyncio.Protocol):
    """One connection, with one exchange at a time."""

    def __init__(self) -> None:
        self._http = h11.Connection(h11.CLIENT, max_incomplete_event_size=_LARGEST_HEAD)
        self._woken: asyncio.Future[None] | None = None
        self._is_waiting_for_answer = False
        self._is_lost = False
        self._error: Exception | None = None
        self._lost = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        if self._is_waiting_for_answer:
            self._http.receive_data(data)
            self._wake()
        else:
            self.abort()  # nobody asked for anything: whatever this is, it is no answer to what comes next

    def eof_received(self) -> None:
        self._end()

    def connection_lost(self, exc: Exception | None) -> None:
        self._error = self._error or exc
        self._end()
        if not self._lost.done():
            self._lost.set_result(None)

    def _end(self) -> None:
        if not self._is_lost:
            self._is_lost = True
            self._http.receive_data(b"")
        self._wake()

    def _wake(self) -> None:
        if self._woken is not None and not self._woken.done():
            self._woken.set_result(None)

    @property
    def is_reusable(self) -> bool:
        """Whether another exchange may follow; the answer may have said that none is to."""
        return not self._is_lost and self._http.our_state is h11.IDLE

    @property
    def is_quiet(self) -> bool:
        """Whether nothing has come since the last answer, the end of the connection included.

        The event loop need not have run since then, as while a question is asked, so the socket itself is looked at.
        """
        if self._is_lost or self._transport.is_closing():
            return False
        poll = select.poll()
        poll.register(self._transport.get_extra_info("socket").fileno(), select.POLLIN)
        return not poll.poll(0)

    def abort(self) -> None:
        """Lets go of the connection."""
        self._is_lost = True
        self._transport.abort()

    async def close(self) -> None:
        """Lets go of the connection, and waits until the event loop has."""
        self.abort()
        await asyncio.shield(self._lost)

    async def exchange(self, request: httpx.Request, body: bytes, seconds: float | None) -> httpx.Response:
        """Sends a request and reads its whole answer.

        Args:
            request: the request.
            body: its body.
            seconds: how many may pass without a byte of the answer.

        Raises:
            httpx.TransportError: no whole answer came.
        """
        self._is_waiting_for_answer = True
        try:
            self._transport.write(self._written(request, body))
            head, content = await self._answer(seconds)
            self._go_on()
        except h11.LocalProtocolError as error:
            raise httpx.LocalProtocolError("this cannot be sent as HTTP") from error
        except h11.RemoteProtocolError as error:
            raise httpx.RemoteProtocolError("the answer is no HTTP, or was cut short") from (self._error or error)
        finally:
            self._is_waiting_for_answer = False
        return httpx.Response(head.status_code, headers=head.headers.raw_items(), content=content, request=request)

    def _go_on(self) -> None:
        """Gets ready for the next exchange, if both sides are, and nothing came behind the answer."""
        both = self._http.our_state is h11.DONE and self._http.their_state is h11.DONE
        if both and not self._http.trailing_data[0]:
            self._http.start_next_cycle()

    def _written(self, request: httpx.Request, body: bytes) -> bytes:
        head = h11.Request(method=request.method, target=request.url.raw_path, headers=request.headers.raw)
        events = (head, h11.Data(data=body), h11.EndOfMessage()) if body else (head, h11.EndOfMessage())
        return b"".join(self._http.send(event) or b"" for event in events)

    async def _answer(self, seconds: float | None) -> tuple[h11.Response, bytes]:
        head: h11.Response | None = None
        content: list[bytes] = []
        while True:
            event: Any = self._http.next_event()
            match event:
                case h11.NEED_DATA:
                    await self._more(seconds)
                case h11.Response():
                    head = event
                case h11.Data():
                    content.append(bytes(event.data))
                case h11.EndOfMessage() if head is not None:
                    return head, b"".join(content)
                case h11.InformationalResponse():
                    pass
                case _:
                    raise httpx.RemoteProtocolError("the connection ended before the answer") from self._error

    async def _more(self, seconds: float | None) -> None:
        """Waits for bytes, or for the end of the connection."""
        self._woken = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(seconds):
                await self._woken
        except TimeoutError as error:
            raise httpx.ReadTimeout("no answer in time") from error
        finally:
            self._woken = None

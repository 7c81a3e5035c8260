"""Sockets for httpcore, made with asyncio. They cost less than httpcore's default (``docs/benchmarks.md``)."""

from __future__ import annotations

import asyncio
import os
import re
import select
from typing import TYPE_CHECKING, Any

from fbsync.client.library import httpcore

if TYPE_CHECKING:
    import socket
    import ssl
    from collections.abc import Iterable

_NEXT_ADDRESS_SECONDS = 0.25
"""The delay before the next address of a host is tried in parallel (RFC 8305, 5)."""
_MOST_UNREAD = 256 * 1024
"""How many received bytes may wait before the socket stops reading."""
_ERRNO = re.compile(r"\[Errno (\d+)\]")


class Sockets(httpcore.AsyncNetworkBackend):
    """A network backend that connects with asyncio."""

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's interface
        local_address: str | None = None,  # noqa: ARG002 - httpcore's interface
        socket_options: Iterable[Any] | None = None,  # noqa: ARG002 - httpcore's interface
    ) -> httpcore.AsyncNetworkStream:
        """Connect to the address of a host that answers first.

        Raises:
            httpcore.ConnectError, httpcore.ConnectTimeout: connecting failed.
        """
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(timeout):
                _, stream = await loop.create_connection(Socket, host, port, happy_eyeballs_delay=_NEXT_ADDRESS_SECONDS)
        except TimeoutError as error:
            raise httpcore.ConnectTimeout from error
        except OSError as error:
            raise httpcore.ConnectError from _first(error)
        return stream


def _first(error: OSError) -> OSError:
    """The first of the errors that asyncio combines into one text if a host has several addresses."""
    number = _ERRNO.search(str(error)) if error.errno is None else None
    return error if number is None else OSError(int(number[1]), os.strerror(int(number[1])))


class Socket(asyncio.Protocol, httpcore.AsyncNetworkStream):
    """One connection. The caller limits the time of an exchange; reading and writing have no timeout here."""

    _transport: asyncio.Transport

    def __init__(self) -> None:
        self._received = bytearray()
        self._unsent = bytearray()
        self._has_ended = False
        self._error: Exception | None = None
        self._news: asyncio.Future[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Keep received bytes. Stop reading if too many wait."""
        self._received += data
        if len(self._received) > _MOST_UNREAD:
            self._transport.pause_reading()
        self._tell()

    def eof_received(self) -> None:
        """Note that the server has ended the connection. The transport then closes itself: nothing more is sent."""
        self._has_ended = True
        self._tell()

    def connection_lost(self, exc: Exception | None) -> None:
        """Note that the connection is closed, and the error if it broke."""
        self._has_ended = True
        self._error = exc
        self._tell()

    def _tell(self) -> None:
        if self._news is not None and not self._news.done():
            self._news.set_result(None)

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002, ASYNC109
        """Return received bytes, or wait for the next ones. Return nothing after the server has ended the connection.

        Raises:
            httpcore.ReadError: the connection broke.
        """
        self._flush()
        if not self._received and not self._has_ended:
            self._news = asyncio.get_running_loop().create_future()
            await self._news
        if not self._received and self._error is not None:
            raise httpcore.ReadError from self._error
        was_full = len(self._received) > _MOST_UNREAD
        data = bytes(self._received[:max_bytes])
        del self._received[:max_bytes]
        if was_full and len(self._received) <= _MOST_UNREAD:
            self._transport.resume_reading()
        return data

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002, ASYNC109
        """Keep bytes to send. The next ``read`` sends them all, so head and body go to the operating system together.

        Bytes that it does not take at once wait in memory, where the body is anyway.

        Raises:
            httpcore.WriteError: the connection is closed.
        """
        if self._transport.is_closing():
            raise httpcore.WriteError from self._error
        self._unsent += buffer

    def _flush(self) -> None:
        if self._unsent:
            unsent, self._unsent = self._unsent, bytearray()
            self._transport.write(unsent)

    async def aclose(self) -> None:
        """Close at once. No bytes need to be delivered: the exchange has ended or was given up."""
        self._transport.abort()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's interface
    ) -> httpcore.AsyncNetworkStream:
        """Start TLS on this connection.

        Raises:
            httpcore.ConnectError, httpcore.ConnectTimeout: there is no TLS, or the certificate is not trusted.
        """
        if self._received:  # these bytes would count as part of what comes over TLS
            await self.aclose()
            raise httpcore.ConnectError
        self._flush()
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(timeout):
                upgraded = await loop.start_tls(self._transport, self, ssl_context, server_hostname=server_hostname)
        except TimeoutError as error:
            await self.aclose()
            raise httpcore.ConnectTimeout from error
        except OSError as error:
            await self.aclose()
            raise httpcore.ConnectError from error
        if upgraded is None:  # the connection was lost at once (asyncio, ``loop.start_tls``)
            raise httpcore.ConnectError from self._error
        self._transport = upgraded
        return self

    def get_extra_info(self, info: str) -> object:
        """Answer httpcore's questions. An idle connection that ``is_readable`` can no longer be used."""
        if info == "is_readable":
            return bool(self._received) or self._has_ended or _is_readable(self._transport.get_extra_info("socket"))
        return self._transport.get_extra_info(info)


def _is_readable(connected: socket.socket | None) -> bool:
    """Whether the socket has bytes, or the end of the connection, that the event loop has not seen yet."""
    if connected is None or (descriptor := connected.fileno()) < 0:
        return True
    waiting = select.poll()
    waiting.register(descriptor, select.POLLIN)
    return bool(waiting.poll(0))

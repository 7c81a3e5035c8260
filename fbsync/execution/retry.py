"""Retries: repeat a call while that is safe, at a pace that the server can keep up with.

Backoff is exponential with full jitter (M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015).
The number of concurrent requests is halved on 429 and 503, and grows again with each success, as in TCP (RFC 5681,
additive increase, multiplicative decrease).
"""

from __future__ import annotations

import asyncio
import math
from typing import TYPE_CHECKING, Self, TypeVar

from fbsync.execution.wrapped_server import Call, WrappedServer
from fbsync.model.server_error import Failure, ServerError, left_open

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from types import TracebackType

    from fbsync.execution.ports import Clock, Stop
    from fbsync.model.server import Server

_Result = TypeVar("_Result")

_BASE_SECONDS = 0.5
_LONGEST_SECONDS = 20.0
_BUSY = (429, 503)


class Pace:
    """The number of concurrent requests: at most the parallelism, fewer after a 429 or 503.

    Args:
        parallelism: the highest number.
        clock: the clock.
    """

    def __init__(self, parallelism: int, clock: Clock) -> None:
        self._most = parallelism
        self._limit = float(parallelism)
        self._active = 0
        self._resume_at = 0.0
        self._clock = clock
        self._room = asyncio.Condition()

    @property
    def limit(self) -> int:
        """The number of requests that may run now."""
        return int(self._limit)

    async def __aenter__(self) -> Self:
        async with self._room:
            await self._room.wait_for(lambda: self._active < self.limit)
            self._active += 1
        while (wait := self._resume_at - self._clock.now()) > 0:
            await self._clock.sleep(wait)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(error, ServerError) and _asks_for_less(error):
            self._limit = max(1.0, self._limit / 2)
            self._resume_at = max(self._resume_at, self._clock.now() + (error.retry_after or 0.0))
        elif error is None:
            self._limit = min(float(self._most), self._limit + 1 / self._limit)
        async with self._room:
            self._active -= 1
            self._room.notify_all()


class Retrying(WrappedServer):
    """A server that retries calls when that is safe, within a time budget.

    It repeats a request that certainly was not carried out (no connection, 429). It also repeats a request that may
    have been carried out if that does no harm: a list, an update to given values, a deletion. It never repeats a
    creation with an unknown outcome: the caller has to check the list first. Once the outcome of one attempt is
    unknown, the outcome of the request is unknown, too, unless a later attempt succeeds.

    Args:
        server: the server.
        clock: the clock.
        stop: ends waiting early. A stopped run retries nothing.
        parallelism: the highest number of concurrent requests.
        timeout: how many seconds to retry after a call's first failure. It also limits ``Retry-After``.
    """

    def __init__(self, server: Server, *, clock: Clock, stop: Stop, parallelism: int, timeout: float) -> None:
        super().__init__(server)
        self._clock = clock
        self._stop = stop
        self._timeout = timeout
        self._pace = Pace(parallelism, clock)

    async def _pass_on(self, kind: Call, call: Callable[[], Awaitable[_Result]]) -> _Result:
        """Repeat a call until it succeeds, or until repeating it is pointless or unsafe.

        Usage counters are requested only once, and a refusal slows nothing else: nothing depends on them.

        Raises:
            ServerError: the last failure. Its outcome is unknown if any attempt's was.
        """
        if kind is Call.COUNT:
            return await call()
        attempt, deadline, in_doubt = 0, math.inf, False
        while True:
            try:
                async with self._pace:
                    return await call()
            except ServerError as error:
                failure = left_open(error) if in_doubt and error.failure is not Failure.UNKNOWN else error
                in_doubt = in_doubt or (kind.writes and error.failure is Failure.UNKNOWN)
                deadline = min(deadline, self._clock.now() + self._timeout)
                delay = self._delay(error, attempt)
                if not _may_repeat(error, kind) or self._clock.now() + delay > deadline:
                    raise failure from None
                await self._wait(delay, failure)
                attempt += 1

    def _delay(self, error: ServerError, attempt: int) -> float:
        jittered = self._clock.chance() * min(_LONGEST_SECONDS, _BASE_SECONDS * 2.0**attempt)
        return jittered if error.retry_after is None else min(error.retry_after, self._timeout) + jittered / 10

    async def _wait(self, seconds: float, error: ServerError) -> None:
        """Wait before the next attempt.

        Raises:
            ServerError: the run is stopping, so there is no next attempt.
        """
        stopped, slept = asyncio.create_task(self._stop.wait()), asyncio.create_task(self._clock.sleep(seconds))
        try:
            await asyncio.wait((stopped, slept), return_when=asyncio.FIRST_COMPLETED)
        finally:
            stopped.cancel()
            slept.cancel()
        if self._stop.reason is not None:
            raise error


def _asks_for_less(error: ServerError) -> bool:
    """Whether a failure means that the server is too busy, whatever happened to the request."""
    return error.failure is Failure.THROTTLED or error.status in _BUSY


def _may_repeat(error: ServerError, kind: Call) -> bool:
    """Whether a failed call may be repeated. A validation with an unknown outcome may be billed, so it may not."""
    match error.failure:
        case Failure.THROTTLED:
            return True
        case Failure.UNREACHABLE:
            return error.is_transient
        case Failure.UNKNOWN:
            return kind in (Call.LOOK, Call.CHANGE) and error.is_transient
        case _:
            return False

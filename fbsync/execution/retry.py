"""Retries: a server that is tried again while that is safe, and a pace that it can keep.

Backoff is exponential with full jitter (M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog,
2015); the number of requests at a time is halved on 429 and 503 and grows again by successes, as TCP does
(RFC 5681, additive increase, multiplicative decrease).
"""

from __future__ import annotations

import asyncio
import math
from typing import TYPE_CHECKING, Self, TypeVar

from fbsync.model.server import Failure, ServerError, left_open

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import datetime
    from types import TracebackType

    from fbsync.execution.ports import Clock, Stop
    from fbsync.model.configurations import Workspace
    from fbsync.model.server import ApiKey, Fields, Listing, LlmStats, Server, Validation

_Result = TypeVar("_Result")

_BASE_SECONDS = 0.5
_LONGEST_SECONDS = 20.0
_BUSY = (429, 503)


class Pace:
    """How many requests may be under way at a time: at most the parallelism, fewer after a 429.

    Args:
        parallelism: the most.
        clock: the time.
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
        """How many there may be now."""
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


class Retrying:
    """A server that is called again when that is safe, within a budget of time.

    What certainly was not carried out (no connection, 429) is sent again. So is what may have been,
    where that does no harm: a list, an update to given values, a deletion. A creation never is: whoever asked
    for it has to look first. Once the outcome of one attempt is unknown, that of the request is, whatever the later
    attempts bring, unless it is success.

    Args:
        server: the server itself.
        clock: the time.
        stop: ends waiting early: a run that is to stop tries nothing again.
        parallelism: how many requests may be under way at a time.
        timeout: seconds after the first failure of a call in which it is tried again; also the longest
            ``Retry-After`` that is honoured.
    """

    def __init__(self, server: Server, *, clock: Clock, stop: Stop, parallelism: int, timeout: float) -> None:
        self._server = server
        self._clock = clock
        self._stop = stop
        self._timeout = timeout
        self._pace = Pace(parallelism, clock)

    @property
    def user_id(self) -> str | None:
        """As the server's."""
        return self._server.user_id

    @property
    def first_served_at(self) -> datetime | None:
        """The server's clock when it gave its first answer."""
        return self._server.first_served_at

    async def learn_user(self) -> None:
        """As the server's, tried again."""
        await self._persist(self._server.learn_user, repeatable=True)

    async def list_llms(self, workspace_id: str | None) -> Listing:
        """As the server's, tried again."""
        return await self._persist(lambda: self._server.list_llms(workspace_id), repeatable=True)

    async def list_memberships(self) -> tuple[Workspace, ...]:
        """List; may be repeated as it is."""
        return await self._persist(self._server.list_memberships, repeatable=True)

    async def list_workspaces(self) -> tuple[Workspace, ...]:
        """As the server's, tried again."""
        return await self._persist(self._server.list_workspaces, repeatable=True)

    async def list_api_keys(self, workspace_id: str | None) -> tuple[ApiKey, ...]:
        """As the server's, tried again."""
        return await self._persist(lambda: self._server.list_api_keys(workspace_id), repeatable=True)

    async def llm_stats(self) -> tuple[LlmStats, ...]:
        """As the server's, once: nothing depends on the answer, and a refusal slows nothing else."""
        return await self._server.llm_stats()

    async def create_llm(self, fields: Fields) -> str | None:
        """As the server's, tried again only while nothing can have been created."""
        return await self._persist(lambda: self._server.create_llm(fields), repeatable=False, writes=True)

    async def update_llm(self, llm_id: str, fields: Fields) -> None:
        """As the server's, tried again."""
        await self._persist(lambda: self._server.update_llm(llm_id, fields), repeatable=True, writes=True)

    async def delete_llm(self, llm_id: str) -> None:
        """As the server's, tried again."""
        await self._persist(lambda: self._server.delete_llm(llm_id), repeatable=True, writes=True)

    async def validate_llm(self, llm_id: str) -> Validation:
        """As the server's, tried again only while the provider cannot have been asked: the call may be billed."""
        return await self._persist(lambda: self._server.validate_llm(llm_id), repeatable=False)

    async def _persist(
        self, call: Callable[[], Awaitable[_Result]], *, repeatable: bool, writes: bool = False
    ) -> _Result:
        """Call until it succeeds, or until there is no use in it.

        Raises:
            ServerError: the last failure; of unknown outcome once that of any attempt was.
        """
        attempt, deadline, in_doubt = 0, math.inf, False
        while True:
            try:
                async with self._pace:
                    return await call()
            except ServerError as error:
                failure = left_open(error) if in_doubt and error.failure is not Failure.UNKNOWN else error
                in_doubt = in_doubt or (writes and error.failure is Failure.UNKNOWN)
                deadline = min(deadline, self._clock.now() + self._timeout)
                delay = self._delay(error, attempt)
                if not _may_repeat(error, repeatable=repeatable) or self._clock.now() + delay > deadline:
                    raise failure from None
                await self._wait(delay, failure)
                attempt += 1

    def _delay(self, error: ServerError, attempt: int) -> float:
        jittered = self._clock.chance() * min(_LONGEST_SECONDS, _BASE_SECONDS * 2.0**attempt)
        return jittered if error.retry_after is None else min(error.retry_after, self._timeout) + jittered / 10

    async def _wait(self, seconds: float, error: ServerError) -> None:
        """Wait for the next attempt, unless the run is to stop: then the failure stands."""
        stopped, slept = asyncio.create_task(self._stop.wait()), asyncio.create_task(self._clock.sleep(seconds))
        try:
            await asyncio.wait((stopped, slept), return_when=asyncio.FIRST_COMPLETED)
        finally:
            stopped.cancel()
            slept.cancel()
        if self._stop.reason is not None:
            raise error


def _asks_for_less(error: ServerError) -> bool:
    """Whether a failure says that the server is too busy, whatever became of the request."""
    return error.failure is Failure.THROTTLED or error.status in _BUSY


def _may_repeat(error: ServerError, *, repeatable: bool) -> bool:
    match error.failure:
        case Failure.THROTTLED:
            return True
        case Failure.UNREACHABLE:
            return error.is_transient
        case Failure.UNKNOWN:
            return repeatable and error.is_transient
        case _:
            return False

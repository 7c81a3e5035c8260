"""The queue: hand out a run's changes one by one, and record the intents of the next ones in advance."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable


class Queue:
    """The remaining changes in order, and the intents that were recorded ahead.

    Args:
        order: the numbers of the changes.
        most: how many intents may be ahead of the changes that were handed out.
        intend: begins to record the intent of a change, or returns None if that has to wait for the change's turn.
        widens: whether to double ``most`` when a change has to wait for an intent that was recorded ahead.
    """

    def __init__(
        self,
        order: Iterable[int],
        *,
        most: int,
        intend: Callable[[int], Awaitable[int] | None],
        widens: bool = False,
    ) -> None:
        self._later = deque(order)
        self._next: deque[int] = deque()
        self._most = most
        self._intend = intend
        self._intents: dict[int, asyncio.Future[int]] = {}
        self._widens = widens
        self._handed_out = 0
        self._widened_until = 0

    def take(self) -> int | None:
        """Return the number of the next change, or None if there are no more."""
        while self._later and len(self._next) <= self._most:
            at = self._later.popleft()
            self._next.append(at)
            if (intent := self._intend(at)) is not None:
                self._intents[at] = asyncio.ensure_future(intent)
        if not self._next:
            return None
        self._handed_out += 1
        return self._next.popleft()

    def put_back(self, at: int) -> None:
        """Give a change another turn, after all others."""
        self._later.append(at)

    def end(self) -> None:
        """Hand out no more changes."""
        self._later.clear()
        self._next.clear()

    async def intended(self, at: int, begin: Callable[[], Awaitable[int]]) -> int:
        """Wait until a change's intent is durable, and return the intent's number.

        Args:
            at: the number of the change.
            begin: begins to record the intent, if that was not done ahead.

        Raises:
            FbsyncError: the intent could not be recorded.
        """
        if at not in self._intents:
            self._intents[at] = asyncio.ensure_future(begin())
        elif not self._intents[at].done():
            self._widen()
        # A worker that is cancelled here has sent nothing. The intent stays in the queue, so that it is taken back.
        number = await asyncio.shield(self._intents[at])
        del self._intents[at]
        return number

    def _widen(self) -> None:
        """Allow more intents ahead. Intents recorded under the old limit raise it only once (TCP's slow start)."""
        if self._widens and self._handed_out > self._widened_until:
            self._most *= 2
            self._widened_until = self._handed_out + self._most

    def unsent(self) -> tuple[Awaitable[int], ...]:
        """Return the intents of changes that were not sent."""
        return tuple(self._intents.values())

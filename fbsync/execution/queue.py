"""The queue: hand out a run's changes one by one, and record the intents of the next ones meanwhile."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable


class Queue:
    """The remaining changes in order, and the intents that were recorded ahead.

    Args:
        order: the changes, by their numbers.
        most: how many intents may be ahead of the changes that were handed out.
        intend: begins to record the intent of a change; None where that has to wait for its turn.
        widens: whether that number is doubled when a change has to wait for an intent that was recorded ahead.
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
        """The change to go on with; None when there are no more."""
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
        """Let a change have another turn, after all others."""
        self._later.append(at)

    def end(self) -> None:
        """Let nothing more be taken."""
        self._later.clear()
        self._next.clear()

    async def intended(self, at: int, begin: Callable[[], Awaitable[int]]) -> int:
        """The number of a change's intent, once that is durable.

        Args:
            at: the change.
            begin: begins to record it, where that was not done ahead.

        Raises:
            FbsyncError: it is not durable.
        """
        if at not in self._intents:
            self._intents[at] = asyncio.ensure_future(begin())
        elif not self._intents[at].done():
            self._widen()
        # Whoever is cut off here has sent nothing: the intent stays, to be taken back.
        number = await asyncio.shield(self._intents[at])
        del self._intents[at]
        return number

    def _widen(self) -> None:
        """Lets more intents be ahead, once for all that were recorded before it was so (TCP's slow start)."""
        if self._widens and self._handed_out > self._widened_until:
            self._most *= 2
            self._widened_until = self._handed_out + self._most

    def unsent(self) -> tuple[Awaitable[int], ...]:
        """The intents of what was not sent."""
        return tuple(self._intents.values())

"""The scheduler: decide which change may start next, and when to start no more."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from fbsync.execution.queue import Queue
from fbsync.model.changes import identity_of, is_verified_first
from fbsync.model.errors import FbsyncError
from fbsync.model.outcomes import Outcome, Result, identities_settled
from fbsync.planning.order import blockers, detours, in_order

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from fbsync.execution.ports import Stop
    from fbsync.model.changes import Change
    from fbsync.model.configurations import Identity


class Scheduler:
    """The remaining changes of an apply, and the outcomes of the others.

    Changes that free a name come before those that claim it. In each circle of renames, one configuration first gets a
    temporary name (``fbsync.planning.order``).

    Args:
        changes: the plan's changes. The number of a change is its place in them.
        stop: says when to start nothing new.
        most: how many intents may be recorded ahead of their changes' turns.
        intend: begins to record the intent of a change, or returns None if that has to wait for the change's turn.
        widens: whether ``most`` grows while changes have to wait for their intents.
    """

    def __init__(
        self,
        changes: tuple[Change, ...],
        *,
        stop: Stop,
        most: int,
        intend: Callable[[int], Awaitable[int] | None],
        widens: bool = False,
    ) -> None:
        self._changes = changes
        self._stop = stop
        self._intend = intend
        self._waits_for = blockers(changes)
        self._detours = set(detours(changes))
        # A change that others wait for comes before them, so a worker that waits for it never blocks its start.
        order = in_order(self._waits_for, frozenset(self._detours))
        self._queue = Queue(order, most=most, intend=self._intend_ahead, widens=widens)
        self._outcomes: dict[int, Outcome] = {}
        self._freed = {blocker: asyncio.Event() for blocker in self._waits_for if blocker is not None}

    def take(self) -> int | None:
        """Return the number of the next change, or None if there are no more."""
        return self._queue.take()

    def goes_aside(self, at: int) -> bool:
        """Whether a rename needs a temporary name first, and does not have it yet."""
        return at in self._detours

    async def obstacle(self, at: int) -> FbsyncError | None:
        """Wait until the name that a change claims is free. Return why the change must not start, or None."""
        blocker = None if self.goes_aside(at) else self._waits_for[at]
        if blocker is not None:
            await self._freed[blocker].wait()
            before = self._outcomes.get(blocker)
            if before is not None and before.result.is_trouble:
                return FbsyncError(
                    f'the name is still held by "{identity_of(before.change).name}", whose change failed',
                    hint="fix that entry first, then run `fbsync apply` again",
                )
        return self._stop.reason

    async def intended(self, at: int, begin: Callable[[], Awaitable[int]]) -> int:
        """Wait until a change's intent is durable, and return the intent's number (``Queue.intended``)."""
        return await self._queue.intended(at, begin)

    def went_aside(self, at: int) -> None:
        """Note that a configuration got its temporary name. Others may take its old name, and it gets another turn."""
        self._detours.discard(at)
        self._freed[at].set()
        self._queue.put_back(at)

    def decide(self, at: int, outcome: Outcome) -> None:
        """Note the outcome of a change that is still being recorded."""
        self._outcomes[at] = outcome

    def settle(self, at: int, outcome: Outcome) -> None:
        """Note the outcome of a change. Changes that waited for it may start."""
        self._outcomes[at] = outcome
        if at in self._freed:
            self._freed[at].set()

    def end(self) -> None:
        """Hand out no more changes."""
        self._queue.end()

    def unsent(self) -> tuple[Awaitable[int], ...]:
        """Return the intents of changes that were not sent."""
        return self._queue.unsent()

    def settled(self) -> tuple[Identity, ...]:
        """Return the entries whose changes have succeeded so far."""
        return identities_settled(self._outcomes.values())

    def outcomes(self) -> tuple[Outcome, ...]:
        """Return an outcome for every change. A change whose turn never came was not attempted."""
        return tuple(
            self._outcomes.get(at) or not_attempted(change, self._stop.reason)
            for at, change in enumerate(self._changes)
        )

    def _intend_ahead(self, at: int) -> Awaitable[int] | None:
        """Record an intent before its turn, unless the change may have to wait for another change or for a verdict."""
        if self._stop.reason is not None or self._waits_for[at] is not None or self.goes_aside(at):
            return None
        if is_verified_first(self._changes[at]):
            return None
        return self._intend(at)


def not_attempted(change: Change, reason: FbsyncError | None) -> Outcome:
    """Return the outcome of a change for which no request was sent."""
    return Outcome(change=change, result=Result.NOT_ATTEMPTED, error=reason)

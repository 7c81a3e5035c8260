"""The scheduler: decide which change may start next, and when no more may."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from fbsync.execution.queue import Queue
from fbsync.model.changes import identity_of, is_verified_first
from fbsync.model.errors import FbsyncError
from fbsync.model.outcomes import Outcome, Result
from fbsync.planning.order import blockers, detours, in_order

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from fbsync.execution.ports import Stop
    from fbsync.model.changes import Change
    from fbsync.model.configurations import Identity


class Scheduler:
    """The remaining changes of an apply, and the outcomes of the others.

    Changes that free a name come before those that claim it; of each circle of renames, one goes by way of a third
    name (``fbsync.planning.order``).

    Args:
        changes: the plan's, by whose places they are numbered here.
        stop: when nothing new may start.
        most: how many intents may be recorded ahead of their changes' turns.
        intend: begins to record the intent of a change; None where that has to wait for its turn.
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
        # What others wait for comes first, so that the one that they wait for is always under way.
        order = in_order(self._waits_for, frozenset(self._detours))
        self._queue = Queue(order, most=most, intend=self._intend_ahead, widens=widens)
        self._outcomes: dict[int, Outcome] = {}
        self._freed = {blocker: asyncio.Event() for blocker in self._waits_for if blocker is not None}

    def take(self) -> int | None:
        """The number of the change to go on with; None when there are no more."""
        return self._queue.take()

    def goes_aside(self, at: int) -> bool:
        """Whether a rename has to go by way of a third name, and has not yet."""
        return at in self._detours

    async def obstacle(self, at: int) -> FbsyncError | None:
        """Wait until the name that a change claims is free; give the reason where it must not start at all."""
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
        """The number of a change's intent, once that is durable (``Queue.intended``)."""
        return await self._queue.intended(at, begin)

    def went_aside(self, at: int) -> None:
        """Take note that a configuration bears a third name: others may take its name, and it gets another turn."""
        self._detours.discard(at)
        self._freed[at].set()
        self._queue.put_back(at)

    def decide(self, at: int, outcome: Outcome) -> None:
        """Note the result of a change, while it is still being recorded."""
        self._outcomes[at] = outcome

    def settle(self, at: int, outcome: Outcome) -> None:
        """Note the result of a change; those that waited for it may go on."""
        self._outcomes[at] = outcome
        if at in self._freed:
            self._freed[at].set()

    def end(self) -> None:
        """Let nothing more be taken."""
        self._queue.end()

    def unsent(self) -> tuple[Awaitable[int], ...]:
        """The intents of what was not sent."""
        return self._queue.unsent()

    def settled(self) -> tuple[Identity, ...]:
        """The entries whose changes came to a good end so far."""
        ended = (outcome for outcome in self._outcomes.values() if not outcome.result.is_trouble)
        return tuple(identity_of(outcome.change) for outcome in ended)

    def outcomes(self) -> tuple[Outcome, ...]:
        """An outcome for every change; those whose turn never came are not attempted."""
        return tuple(
            self._outcomes.get(at) or not_attempted(change, self._stop.reason)
            for at, change in enumerate(self._changes)
        )

    def _intend_ahead(self, at: int) -> Awaitable[int] | None:
        """Record an intent before its turn comes, unless its change may have to wait, for another one or a verdict."""
        if self._stop.reason is not None or self._waits_for[at] is not None or self.goes_aside(at):
            return None
        if is_verified_first(self._changes[at]):
            return None
        return self._intend(at)


def not_attempted(change: Change, reason: FbsyncError | None) -> Outcome:
    """The outcome of a change for which nothing was sent."""
    return Outcome(change=change, result=Result.NOT_ATTEMPTED, error=reason)

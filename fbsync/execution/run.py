"""Apply a plan: several requests at a time, each recorded before and after. One failure does not stop the others."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, assert_never

from fbsync.execution.body import body
from fbsync.execution.create import Creator
from fbsync.execution.ids import IdsInUse
from fbsync.execution.recordings import Recordings
from fbsync.execution.scheduler import Scheduler, not_attempted
from fbsync.execution.step import Step, StepState, unexpected
from fbsync.execution.trials import Trials
from fbsync.execution.workers import until_done
from fbsync.model.changes import (
    Adopt,
    Blocked,
    Change,
    Create,
    Delete,
    Unchanged,
    Undeclared,
    Update,
)
from fbsync.model.configurations import Field, aside_name
from fbsync.model.errors import FbsyncError
from fbsync.model.outcomes import Outcome, Result

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Container

    from fbsync.execution.ports import Clock, Ledger, Stop
    from fbsync.model.plan import Plan
    from fbsync.model.server import Fields, Server


async def apply(
    plan: Plan,
    *,
    server: Server,
    clock: Clock,
    ledger: Ledger,
    parallelism: int,
    stop: Stop,
    grace: float,
    on_outcome: Callable[[Outcome], None],
    ahead: int | None = None,
    taken: Container[str] = (),
) -> tuple[Outcome, ...]:
    """Make the changes of a plan.

    Args:
        plan: the plan. All variables that it needs are set.
        server: the server.
        clock: the clock.
        ledger: records intents and outcomes.
        parallelism: how many changes may run at a time. As many intents are recorded ahead.
        stop: lets the caller end the run early.
        grace: how many seconds requests in progress get after a stop.
        on_outcome: called with each outcome as it happens, also for unchanged entries.
        ahead: how many intents are recorded ahead of their requests at first, or None for as many as the parallelism.
            If it is given, the number grows while changes have to wait for their intents.
        taken: the ids of configurations outside the plan, which no temporary configuration can have.

    Returns:
        An outcome for every change, in the plan's order.
    """
    run = _Run(
        plan.changes,
        server=server,
        clock=clock,
        ledger=ledger,
        most=parallelism if ahead is None else ahead,
        widens=ahead is not None,
        stop=stop,
        told=on_outcome,
        taken=taken,
    )
    workers = [asyncio.create_task(run.work()) for _ in range(min(parallelism, len(plan.changes)))]
    if workers:
        try:
            await until_done(workers, stop, grace)
        finally:
            await run.recorded()
    return run.scheduler.outcomes()


class _Run:
    """One apply: run the steps that the scheduler releases, and record and report their outcomes."""

    def __init__(
        self,
        changes: tuple[Change, ...],
        *,
        server: Server,
        clock: Clock,
        ledger: Ledger,
        most: int,
        widens: bool,
        stop: Stop,
        told: Callable[[Outcome], None],
        taken: Container[str],
    ) -> None:
        self.scheduler = Scheduler(changes, stop=stop, most=most, intend=self._intend, widens=widens)
        self._changes = changes
        self._server = server
        self._creator = Creator(server, clock)
        self._ledger = ledger
        self._stop = stop
        self._told = told
        self._ids = IdsInUse(changes, taken)
        self._trials = Trials(server, creator=self._creator, ledger=ledger, stop=stop, ids=self._ids)
        self._recordings = Recordings(on_failure=self.scheduler.end)

    async def work(self) -> None:
        """Make one change after the other until none is left."""
        while (at := self.scheduler.take()) is not None:
            outcome = await self._outcome(at, self._changes[at])
            if outcome is not None:
                self._settle(at, outcome)

    async def recorded(self) -> None:
        """Wait until all outcomes are recorded and reported. Take back the intents of requests that were not sent."""
        await asyncio.gather(*map(self._take_back, self.scheduler.unsent()))
        self._ledger.ending(self.scheduler.settled())
        await self._recordings.ended()

    async def _take_back(self, intent: Awaitable[int]) -> None:
        with suppress(FbsyncError):  # not recorded, or still open: the next run then checks in vain
            await self._ledger.not_done(await intent)

    def _intend(self, at: int) -> Awaitable[int] | None:
        """Begin to record a change's intent."""
        change = self._changes[at]
        if not isinstance(change, (Create, Update, Adopt, Delete)):
            return None
        try:
            return self._ledger.intend(change, body(change))
        except FbsyncError as error:
            self._stop.request(error)
            return None

    def _settle(self, at: int, outcome: Outcome) -> None:
        outcome = self._trials.with_verdict(at, outcome)
        self.scheduler.settle(at, outcome)
        self._told(outcome)

    async def _outcome(self, at: int, change: Change) -> Outcome | None:
        """Make a change. Return its outcome, or None if it is still being recorded or the change gets another turn."""
        try:
            return await self._carry_out(at, change)
        except FbsyncError as error:
            # The ledger cannot be written: nothing more may be sent.
            self._stop.request(error)
            return not_attempted(change, error)
        except Exception as error:  # noqa: BLE001 - one entry's failure, whatever it is, must not stop the others
            return Outcome(change=change, result=Result.FAILED, error=unexpected(error))

    async def _carry_out(self, at: int, change: Change) -> Outcome | None:
        match change:
            case Undeclared():
                return Outcome(change=change, result=Result.UNCHANGED, llm_id=change.locked.id)
            case Blocked():
                reason = FbsyncError(change.message, hint=change.hint)
                return Outcome(change=change, result=Result.FAILED, error=reason)
            case Unchanged():
                if change.record:
                    self._ledger.noted(change, change.locked.id)
                return Outcome(change=change, result=Result.UNCHANGED, llm_id=change.locked.id)
            case Create() | Update() | Adopt() | Delete():
                if (obstacle := await self.scheduler.obstacle(at)) is not None:
                    return not_attempted(change, obstacle)
                if (untaken := await self._tried(at, change)) is not None:
                    return untaken
                if self.scheduler.goes_aside(at) and isinstance(change, Update):
                    return await self._go_aside(at, change)
                return await self._request(at, change)
            case _:
                assert_never(change)

    async def _tried(self, at: int, change: Change) -> Outcome | None:
        """Verify a change first if it asks for that. Return its outcome if it must not be made, else None."""
        try:
            return await self._trials.outcome(at, change)
        except asyncio.CancelledError:
            from fbsync.execution.trial import cut_off

            self._settle(at, not_attempted(change, cut_off()))
            raise

    async def _request(self, at: int, change: Create | Update | Adopt | Delete) -> Outcome | None:
        """Record the intent, send the request, and begin to record the outcome.

        An intent is durable before its request is sent, since it is recorded while earlier requests run. The worker
        continues while the outcome is being written. A crash therefore leaves open the requests in progress, and about
        as many that were not sent yet or had just been answered.
        """
        step = await self._step(at, change, body(change))
        if step.state is not StepState.DONE or step.llm_id is None:
            return step.outcome
        outcome = step.outcome
        if isinstance(change, Create) and (error := self._ids.claim(step.llm_id, at)) is not None:
            return replace(outcome, result=Result.FAILED, llm_id=None, error=error)
        # The server has carried it out. That is the outcome, even if it can no longer be recorded.
        self.scheduler.decide(at, outcome)
        self._recordings.begin(self._record(at, outcome, self._ledger.done(step.number, change, step.llm_id)))
        return None

    async def _go_aside(self, at: int, change: Update) -> Outcome | None:
        """Take the first step of a rename in a circle: rename to a temporary name, so that the others can continue.

        The step is recorded like any change. If the run ends after it, the record has the temporary name, and the next
        plan finishes the rename (``fbsync.planning.order``).
        """
        name = aside_name(change.desired.name, change.locked.id)
        step = await self._step(at, change, {Field.NAME: name})
        if step.state is not StepState.DONE:
            return step.outcome
        try:
            await self._ledger.set_aside(step.number, change, name)
        except FbsyncError as error:
            self._stop.request(error)
            return replace(step.outcome, result=Result.UNKNOWN, error=error)
        self.scheduler.went_aside(at)
        return None

    async def _step(self, at: int, change: Create | Update | Adopt | Delete, sent: Fields) -> Step:
        """Take a step. Stop the run if the step's failure would affect all other steps."""
        step = Step(change, sent, server=self._server, creator=self._creator, ledger=self._ledger)
        try:
            await step.run(lambda: self.scheduler.intended(at, lambda: self._ledger.intend(change, sent)))
        except asyncio.CancelledError:
            if step.state is StepState.UNKNOWN:
                self._settle(at, step.outcome)
            raise
        if step.ends_run is not None:
            self._stop.request(step.ends_run)
        return step

    async def _record(self, at: int, outcome: Outcome, recorded: Awaitable[object]) -> None:
        """Wait until a change that was carried out is recorded, then settle it."""
        try:
            await recorded
        except FbsyncError as error:
            self._stop.request(error)
            outcome = replace(outcome, error=error)
        self._settle(at, outcome)

"""Applies a plan: several requests at a time, each recorded before and after, one entry's failure its own."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, assert_never

from fbsync.execution.create import Creator
from fbsync.execution.queue import Ahead
from fbsync.model.changes import (
    Adopt,
    Blocked,
    Change,
    Create,
    Delete,
    Forget,
    Plan,
    Unchanged,
    Undeclared,
    Update,
    identity_of,
)
from fbsync.model.configurations import Field, Llm, aside_name
from fbsync.model.errors import FbsyncError
from fbsync.model.outcomes import Outcome, Result
from fbsync.model.server import Failure, ServerError
from fbsync.planning.order import blockers, detours, in_order

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from fbsync.execution.ports import Clock, Ledger, Stop
    from fbsync.model.secret import Secret
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
) -> tuple[Outcome, ...]:
    """Carries a plan out.

    Args:
        plan: what is to be done; nothing in it may lack a variable that it needs.
        server: where.
        clock: the time.
        ledger: where it is recorded.
        parallelism: how many changes may be under way at a time; the intents of as many more are recorded ahead.
        stop: lets the caller end the run early.
        grace: seconds that requests under way get once the run is to stop.
        on_outcome: told of each outcome as it happens, unchanged entries included.

    Returns:
        An outcome for every change of the plan, in its order.
    """
    run = _Run(
        plan.changes, server=server, clock=clock, ledger=ledger, ahead=parallelism, stop=stop, on_outcome=on_outcome
    )
    workers = [asyncio.create_task(run.work()) for _ in range(min(parallelism, len(plan.changes)))]
    if workers:
        try:
            await _until_done(workers, stop, grace)
        finally:
            await run.recorded()
    return run.outcomes()


async def _until_done(workers: list[asyncio.Task[None]], stop: Stop, grace: float) -> None:
    """Waits for the workers; once the run is to stop, only so long, and then cuts the rest off."""
    finished = asyncio.gather(*workers)
    stopped = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait((finished, stopped), return_when=asyncio.FIRST_COMPLETED)
        await asyncio.wait((finished,), timeout=grace)
    finally:
        stopped.cancel()
    if not finished.done() or finished.exception() is not None:
        for worker in workers:
            worker.cancel()
    results = await asyncio.gather(*workers, return_exceptions=True)
    for result in results:
        if isinstance(result, BaseException) and not isinstance(result, asyncio.CancelledError):
            raise result


class _Run:
    """The state of one apply: what is still to do, and what came of the rest."""

    def __init__(
        self,
        changes: tuple[Change, ...],
        *,
        server: Server,
        clock: Clock,
        ledger: Ledger,
        ahead: int,
        stop: Stop,
        on_outcome: Callable[[Outcome], None],
    ) -> None:
        self._changes = changes
        self._server = server
        self._creator = Creator(server, clock)
        self._ledger = ledger
        self._stop = stop
        self._on_outcome = on_outcome
        self._waits_for = blockers(changes)
        self._detours = detours(changes)
        self._aside: set[int] = set()
        # What others wait for comes first, so that the one that they wait for is always under way.
        order = in_order(self._waits_for, self._detours)
        self._ahead = Ahead(order, most=ahead, intend=self._intend_ahead)
        self._outcomes: dict[int, Outcome] = {}
        self._recording: set[asyncio.Task[None]] = set()
        self._freed = {blocker: asyncio.Event() for blocker in self._waits_for if blocker is not None}

    def outcomes(self) -> tuple[Outcome, ...]:
        """An outcome for every change; those that nobody came to are not attempted."""
        return tuple(
            self._outcomes.get(at) or self._not_attempted(change, self._stop.reason)
            for at, change in enumerate(self._changes)
        )

    async def work(self) -> None:
        """Takes changes one after the other until none is left."""
        while (at := self._ahead.take()) is not None:
            outcome = await self._outcome(at, self._changes[at])
            if outcome is not None:
                self._settle(at, outcome)

    async def recorded(self) -> None:
        """Waits until all that came about is recorded and told, and takes back intents of what was never sent."""
        await asyncio.gather(*self._recording, *map(self._take_back, self._ahead.unsent()))

    async def _take_back(self, intent: Awaitable[int]) -> None:
        with suppress(FbsyncError):  # it was not recorded, or stays open: the next run looks for what is not there
            await self._ledger.not_done(await intent)

    def _intend_ahead(self, at: int) -> Awaitable[int] | None:
        """Records an intent before its turn comes, unless its change may still have to wait for another one."""
        change = self._changes[at]
        if not isinstance(change, (Create, Update, Adopt, Delete)) or self._stop.reason is not None:
            return None
        if self._waits_for[at] is not None or at in self._detours:
            return None
        try:
            return self._ledger.intend(change, body(change))
        except FbsyncError as error:
            self._stop.request(error)
            return None

    def _settle(self, at: int, outcome: Outcome) -> None:
        self._outcomes[at] = outcome
        if at in self._freed:
            self._freed[at].set()
        self._on_outcome(outcome)

    async def _outcome(self, at: int, change: Change) -> Outcome | None:
        """What became of a change; None while that is being recorded, or where it is the first of two steps."""
        try:
            if at in self._detours and at not in self._aside and isinstance(change, Update):
                return await self._step_aside(at, change)
            return await self._carry_out(at, change)
        except _NotAttempted as refused:
            return self._not_attempted(change, refused.reason)
        except ServerError as error:
            if error.failure is Failure.NOT_SIGNED_IN:
                self._stop.request(error)
            return Outcome(change=change, result=Result.FAILED, error=error)
        except FbsyncError as error:
            # The ledger cannot be written: nothing more may be sent.
            self._stop.request(error)
            return self._not_attempted(change, error)

    @staticmethod
    def _not_attempted(change: Change, reason: FbsyncError | None) -> Outcome:
        return Outcome(change=change, result=Result.NOT_ATTEMPTED, error=reason)

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
            case Forget():
                self._ledger.noted(change, change.locked.id)
                return Outcome(change=change, result=Result.FORGOTTEN, llm_id=change.locked.id)
            case Create() | Update() | Adopt() | Delete():
                await self._until_free(at)
                return await self._request(at, change)
            case _:
                assert_never(change)

    async def _until_free(self, at: int) -> None:
        """Waits until the name that a change claims is free.

        Raises:
            _NotAttempted: it will not be, or the run is to stop.
        """
        blocker = self._waits_for[at]
        if blocker is not None:
            await self._freed[blocker].wait()
            before = self._outcomes.get(blocker)
            if before is not None and before.result.is_trouble:
                raise _NotAttempted(
                    FbsyncError(
                        f'the name is still held by "{identity_of(before.change).name}", '
                        "whose change did not come about",
                        hint="mend that entry first, and run `fbsync apply` again",
                    )
                )
        if self._stop.reason is not None:
            raise _NotAttempted(self._stop.reason)

    async def _step_aside(self, at: int, change: Update) -> Outcome | None:
        """The first step of a rename in a circle: to a third name, so that the others can go on.

        It is recorded as any change: a run that ends in between leaves a record under the third name, which the
        next plan takes on to where it was going (``fbsync.planning.order.name_ahead``).

        Raises:
            _NotAttempted: the run is to stop.
        """
        if self._stop.reason is not None:
            raise _NotAttempted(self._stop.reason)
        name = aside_name(change.desired.name, change.locked.id)
        sent: Fields = {Field.NAME: name}
        number = await self._ahead.intended(at, lambda: self._ledger.intend(change, sent))
        try:
            await self._server.update_llm(change.locked.id, sent)
        except ServerError as error:
            return await self._failed(number, change, sent, error)
        await self._ledger.set_aside(number, change, name)
        self._aside.add(at)
        self._freed[at].set()
        self._ahead.put_back(at)
        return None

    async def _request(self, at: int, change: Create | Update | Adopt | Delete) -> Outcome | None:
        """Intent, request, outcome.

        An intent is durable before its request is sent: it was recorded while an earlier one was under way. An outcome
        is on its way to the disk when the worker goes on. So a crash leaves open what was under way, and about as much
        again: what was not sent yet, or had just come about.
        """
        sent = body(change)
        number = await self._ahead.intended(at, lambda: self._ledger.intend(change, sent))
        try:
            self._ledger.sending(number)
            llm_id = await self._send(change, sent, number)
        except ServerError as error:
            return await self._failed(number, change, sent, error)
        except asyncio.CancelledError:
            unknown = FbsyncError(
                "the request was cut off before its answer came: whether it was carried out is not known",
                hint="run `fbsync apply` again: it looks at the server's list before it sends anything",
            )
            self._settle(at, Outcome(change=change, result=Result.UNKNOWN, error=unknown, sent=tuple(sent)))
            raise
        outcome = Outcome(change=change, result=_DONE[type(change)], llm_id=llm_id, sent=tuple(sent))
        # The server has done it: that is the outcome, even where it can no longer be recorded.
        self._outcomes[at] = outcome
        recording = asyncio.create_task(self._record(at, outcome, self._ledger.done(number, change, llm_id)))
        self._recording.add(recording)
        recording.add_done_callback(self._on_recorded)
        return None

    async def _record(self, at: int, outcome: Outcome, recorded: Awaitable[object]) -> None:
        """Settles a change that came about, once that is durable."""
        try:
            await recorded
        except FbsyncError as error:
            self._stop.request(error)
            outcome = replace(outcome, error=error)
        self._settle(at, outcome)

    def _on_recorded(self, recording: asyncio.Task[None]) -> None:
        """Lets go of a task that is done; one that failed is kept for ``recorded``, and nothing more is begun."""
        if recording.cancelled() or recording.exception() is not None:
            self._ahead.end()
        else:
            self._recording.discard(recording)

    async def _send(self, change: Create | Update | Adopt | Delete, sent: Fields, number: int) -> str:
        match change:
            case Create():
                identity = change.desired.identity
                return await self._creator.create(
                    identity, sent, earlier=self._ledger.claims(identity), own=lambda: self._ledger.claim(number)
                )
            case Update():
                await self._server.update_llm(change.locked.id, sent)
                return change.locked.id
            case Adopt():
                await self._server.update_llm(change.live.id, sent)
                return change.live.id
            case Delete():
                await self._delete(change.locked.id)
                return change.locked.id
            case _:
                assert_never(change)

    async def _delete(self, llm_id: str) -> None:
        """Deletes; a configuration that is not there any more is as good as deleted."""
        try:
            await self._server.delete_llm(llm_id)
        except ServerError as error:
            if error.failure is not Failure.NOT_FOUND:
                raise

    async def _failed(self, number: int, change: Change, sent: Fields, error: ServerError) -> Outcome:
        if error.failure is Failure.NOT_SIGNED_IN:
            self._stop.request(error)
        if error.failure is Failure.UNKNOWN:
            return Outcome(change=change, result=Result.UNKNOWN, error=error, sent=tuple(sent))
        await self._ledger.not_done(number)
        return Outcome(change=change, result=Result.FAILED, error=error, sent=tuple(sent))


class _NotAttempted(Exception):  # noqa: N818 - a way out, not an error
    """Nothing was sent for this change, and why."""

    def __init__(self, reason: FbsyncError) -> None:
        self.reason = reason


_DONE: dict[type[Change], Result] = {
    Create: Result.CREATED,
    Update: Result.UPDATED,
    Adopt: Result.ADOPTED,
    Delete: Result.DELETED,
}


def body(change: Create | Update | Adopt | Delete) -> Fields:
    """What a change sends: all of a new or adopted configuration, only what differs of a known one."""
    match change:
        case Create():
            return {**_whole(change.desired), Field.WORKSPACE_ID: _value(change.desired.workspace_id.value)}
        case Adopt():
            # A key that is there and that the manifest does not have goes, too.
            return ({Field.KEY: None} if change.live.has_key else {}) | _whole(change.desired)
        case Update():
            fields = {item.field: _value(item.after.value) for item in change.fields}
            return fields | {
                item.field: item.after.secret if item.after else None for item in change.credentials if item.is_sent
            }
        case Delete():
            return {}
        case _:
            assert_never(change)


def _whole(llm: Llm) -> dict[Field, str | Secret | None]:
    return {
        Field.NAME: llm.name,
        Field.AI_TYPE: llm.ai_type,
        Field.ENDPOINT: _value(llm.endpoint.value),
        **{name: credential.secret for name, credential in llm.credentials},
    }


def _value(text: str | None) -> str:
    """A resolved text: what lacks a variable is refused before an apply begins."""
    assert text is not None
    return text

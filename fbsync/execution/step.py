"""The step: one request for one change, from its durable intent to its outcome."""

from __future__ import annotations

import asyncio
from enum import StrEnum
from typing import TYPE_CHECKING, assert_never

from fbsync.model.changes import Adopt, Create, Delete, Update
from fbsync.model.errors import FbsyncError
from fbsync.model.outcomes import Outcome, Result
from fbsync.model.server_error import Failure, ServerError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from fbsync.execution.create import Creator
    from fbsync.execution.ports import Ledger
    from fbsync.model.changes import Change
    from fbsync.model.server import Fields, Server

_AGAIN = "run `fbsync apply` again: it checks the server's list before it sends anything"
_NOT_SIGNED_IN = 401


class StepState(StrEnum):
    """The progress of a step: PLANNED, INTENDED, SENT, then one of the others; never back."""

    PLANNED = "planned"
    INTENDED = "intended"
    """The intent is durable."""
    SENT = "sent"
    """The request may have been sent."""
    NOT_SENT = "not-sent"
    """The request certainly was not sent, and will not be."""
    DONE = "done"
    """The server says that the request was carried out."""
    REFUSED = "refused"
    """The request certainly was not carried out."""
    UNKNOWN = "unknown"
    """The request may have been carried out. The intent stays open."""


class Step:
    """One request for a change.

    Args:
        change: the change.
        sent: the fields of the request.
        server: the server.
        creator: creates configurations on the server.
        ledger: records the request.

    Attributes:
        state: the progress.
        number: the intent's number, or -1 until the intent is durable.
        llm_id: the configuration's id, or None until the request is done.
        error: why the request failed, was not sent or has an unknown outcome, or None.
        unrecorded: why the ledger can no longer be written, or None. If it is set, nothing more may be sent.
    """

    def __init__(
        self,
        change: Create | Update | Adopt | Delete,
        sent: Fields,
        *,
        server: Server,
        creator: Creator,
        ledger: Ledger,
    ) -> None:
        self.state = StepState.PLANNED
        self.number = -1
        self.llm_id: str | None = None
        self.error: FbsyncError | None = None
        self.unrecorded: FbsyncError | None = None
        self._change = change
        self._sent = sent
        self._server = server
        self._creator = creator
        self._ledger = ledger

    async def run(self, intent: Callable[[], Awaitable[int]]) -> StepState:
        """Take the step. This is called only once.

        It raises nothing but a cancellation. The state is then UNKNOWN if the request may have left.

        Args:
            intent: records the intent, and returns its number once the intent is durable.

        Returns:
            The final state. The attributes have the details.
        """
        try:
            self.number = await intent()
            self.state = StepState.INTENDED
            self._ledger.sending(self.number)
        except FbsyncError as error:
            self.error = self.unrecorded = error
            self.state = StepState.NOT_SENT
            return self.state
        self.state = StepState.SENT
        try:
            self.llm_id = await self._request()
        except ServerError as error:
            await self._fail(error)
        except asyncio.CancelledError:
            self._leave_open("the request was interrupted before it was answered")
            raise
        except Exception as error:  # noqa: BLE001 - one entry's failure, whatever it is, must not stop the others
            self.error = unexpected(error)
            self.state = StepState.UNKNOWN
        else:
            self.state = StepState.DONE
        return self.state

    @property
    def outcome(self) -> Outcome:
        """The outcome of the change after this step."""
        result = {
            StepState.DONE: _DONE[type(self._change)],
            StepState.REFUSED: Result.FAILED,
            StepState.UNKNOWN: Result.UNKNOWN,
        }
        return Outcome(
            change=self._change,
            result=result.get(self.state, Result.NOT_ATTEMPTED),
            llm_id=self.llm_id,
            error=self.error,
            sent=() if self.state is StepState.NOT_SENT else tuple(self._sent),
        )

    @property
    def ends_run(self) -> FbsyncError | None:
        """Why no other step may begin (the ledger cannot be written, or the session ended), or None."""
        return self.unrecorded or signed_out(self.error)

    async def _fail(self, error: ServerError) -> None:
        self.error = error
        if error.failure is Failure.UNKNOWN:
            self.state = StepState.UNKNOWN
            return
        self.state = StepState.REFUSED
        try:
            await self._ledger.not_done(self.number)
        except FbsyncError as unrecorded:
            self.unrecorded = unrecorded

    def _leave_open(self, what: str) -> None:
        self.error = FbsyncError(f"{what}: whether it was carried out is unknown", hint=_AGAIN)
        self.state = StepState.UNKNOWN

    async def _request(self) -> str:
        change = self._change
        match change:
            case Create():
                identity = change.desired.identity
                return await self._creator.create(
                    identity,
                    self._sent,
                    earlier=self._ledger.claims(identity),
                    own=lambda: self._ledger.claim(self.number),
                )
            case Update():
                await self._server.update_llm(change.locked.id, self._sent)
                return change.locked.id
            case Adopt():
                await self._server.update_llm(change.live.id, self._sent)
                return change.live.id
            case Delete():
                await self._delete(change.locked.id)
                return change.locked.id
            case _:
                assert_never(change)

    async def _delete(self, llm_id: str) -> None:
        """Delete a configuration. If the server itself says that it does not exist, it counts as deleted."""
        try:
            await self._server.delete_llm(llm_id)
        except ServerError as error:
            if error.failure is not Failure.NOT_FOUND:
                raise


_DONE: dict[type[Change], Result] = {
    Create: Result.CREATED,
    Update: Result.UPDATED,
    Adopt: Result.ADOPTED,
    Delete: Result.DELETED,
}


def signed_out(error: FbsyncError | None) -> FbsyncError | None:
    """Return a failure that means that the session ended, after which all requests fail; None for other failures."""
    if not isinstance(error, ServerError):
        return None
    return error if error.failure is Failure.NOT_SIGNED_IN or error.status == _NOT_SIGNED_IN else None


def unexpected(error: Exception) -> FbsyncError:
    """Turn a failure of fbsync itself into an entry's. It has kind and place but no text, which may have values."""
    place, trace = "an unknown place", error.__traceback__
    while trace is not None:
        module = str(trace.tb_frame.f_globals.get("__name__", ""))
        if module.partition(".")[0] == "fbsync":
            place = f"{module}, line {trace.tb_lineno}"
        trace = trace.tb_next
    failure = FbsyncError(
        f"fbsync itself failed in {place} ({type(error).__name__}): whether the request was carried out is unknown",
        hint=f"{_AGAIN}; if it fails again, report it",
    )
    failure.__cause__ = error
    return failure

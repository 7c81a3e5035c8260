"""The ledger for a store: records are written to the copy's files, and one swap publishes all that are waiting."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeVar

from fbsync.execution.wrapped_server import Call, WrappedServer
from fbsync.model.errors import FbsyncError
from fbsync.model.server_error import Failure, ServerError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from fbsync.model.changes import Adopt, Change, Update
    from fbsync.model.claims import Claim
    from fbsync.model.configurations import Identity
    from fbsync.model.server import Fields, Server
    from fbsync.state.ledger import FileLedger
    from fbsync.workflow.shared_state import SharedState

_Result = TypeVar("_Result")


class StoreLedger:
    """Records an apply in a store. A record is durable once the store has it.

    Args:
        files: the ledger of the copy.
        shared: the store. This run takes its lease before the first change.
    """

    def __init__(self, files: FileLedger, shared: SharedState) -> None:
        self._files = files
        self._shared = shared
        self._running: asyncio.Task[None] | None = None
        self._next: asyncio.Task[None] | None = None
        self._in_files: set[asyncio.Future[int]] = set()
        self._settled: tuple[Identity, ...] | None = None
        self._closing: asyncio.Task[None] | None = None

    def intend(self, change: Change, sent: Fields) -> Awaitable[int]:
        """Record a request that is about to be sent: see ``fbsync.execution.ports``.

        An intent counts as sent as soon as it is in the store, because a later mark might not get there.
        """
        return asyncio.ensure_future(self._intended(self._begun(self._files.intend(change, sent))))

    def intend_trial(self, change: Update | Adopt, sent: Fields) -> Awaitable[int]:
        """Record that a temporary configuration is about to be created, as ``intend`` does."""
        return asyncio.ensure_future(self._intended(self._begun(self._files.intend_trial(change, sent))))

    def made(self, number: int, llm_id: str) -> Awaitable[object]:
        """Record the id of a temporary configuration."""
        return self._recorded(self._files.made(number, llm_id))

    def removed(self, identity: Identity) -> Awaitable[object]:
        """Record that a temporary configuration of an earlier run is gone."""
        return self._recorded(self._files.removed(identity))

    def sending(self, number: int) -> None:  # noqa: ARG002 - the protocol's
        """Check that this run has not lost its lease. The store already has the mark."""
        if self._shared.lost is not None:
            raise self._shared.lost

    def claims(self, identity: Identity) -> tuple[Claim, ...]:
        """Return what earlier runs may have created with this identity, without a known outcome."""
        return self._files.claims(identity)

    def claim(self, number: int) -> Claim:
        """Return what an intent of this run would explain on the server if its request was carried out."""
        return self._files.claim(number)

    def is_in_doubt(self, identity: Identity) -> bool:
        """Whether an earlier run may have created this, with an unknown outcome."""
        return self._files.is_in_doubt(identity)

    def noted(self, change: Change, llm_id: str) -> None:
        """Note a change that needs no request."""
        self._files.noted(change, llm_id)

    def done(self, number: int, change: Change, llm_id: str) -> Awaitable[object]:
        """Record that a request was carried out."""
        return self._recorded(self._files.done(number, change, llm_id))

    def set_aside(self, number: int, change: Update, name: str) -> Awaitable[object]:
        """Record that a configuration has a temporary third name."""
        return self._recorded(self._files.set_aside(number, change, name))

    def not_done(self, number: int) -> Awaitable[object]:
        """Record that a request certainly was not carried out."""
        return self._recorded(self._files.not_done(number))

    def ending(self, settled: Iterable[Identity]) -> None:
        """Let the write that has the last records also end the journal and release the lease."""
        self._settled = tuple(settled)

    async def close(self, settled: Iterable[Identity]) -> None:
        """End the journal, write the known state to the store, and release the lease.

        Raises:
            FbsyncError: the store cannot be written, or another run took over the lease.
        """
        pending = [task for task in (self._running, self._next) if task is not None]
        await asyncio.gather(*pending, return_exceptions=True)
        try:
            await self._close_files(settled)
        finally:
            await asyncio.get_running_loop().run_in_executor(None, self._shared.release)

    def _begun(self, recorded: Awaitable[int]) -> asyncio.Future[int]:
        """Start to write a record to the copy's files, and keep track of it until it is written."""
        begun = asyncio.ensure_future(recorded)
        self._in_files.add(begun)
        begun.add_done_callback(self._in_files.discard)
        return begun

    def _recorded(self, recorded: Awaitable[int]) -> Awaitable[int]:
        return asyncio.ensure_future(self._published(self._begun(recorded)))

    async def _intended(self, recorded: Awaitable[int]) -> int:
        number = await recorded
        self._files.sending(number)
        await self._publish()
        return number

    async def _published(self, recorded: Awaitable[int]) -> int:
        number = await recorded
        await self._publish()
        return number

    async def _publish(self) -> None:
        """Wait until the store has everything that is recorded so far."""
        if self._next is None:
            self._next = asyncio.create_task(self._publish_after(self._running))
        await asyncio.shield(self._next)

    async def _publish_after(self, running: asyncio.Task[None] | None) -> None:
        """Publish once, after the swap in progress. This includes everything that is recorded before it starts."""
        if running is not None:
            await asyncio.wait([running])
        self._running, self._next = self._next, None
        if self._settled is None:
            await asyncio.get_running_loop().run_in_executor(None, self._shared.publish)
        else:
            await self._publish_last(self._settled)

    async def _publish_last(self, settled: tuple[Identity, ...]) -> None:
        """Make the last swap, which ends the journal and releases the lease. If it fails, ``close`` tries again."""
        if self._in_files:
            await asyncio.wait(self._in_files)
        await self._close_files(settled)
        await asyncio.get_running_loop().run_in_executor(None, self._shared.publish_last)

    async def _close_files(self, settled: Iterable[Identity]) -> None:
        """Close the copy's files, once. Whoever asks again gets the same end."""
        if self._closing is None:
            self._closing = asyncio.create_task(self._files.close(settled))
        await asyncio.shield(self._closing)


class LeasedServer(WrappedServer):
    """A server that receives a change only if the lease outlasts the request.

    Args:
        server: the server.
        shared: the state with the lease.
        timeout: how many seconds a request may take.
    """

    def __init__(self, server: Server, shared: SharedState, *, timeout: float) -> None:
        super().__init__(server)
        self._shared = shared
        self._timeout = timeout

    async def _pass_on(self, kind: Call, call: Callable[[], Awaitable[_Result]]) -> _Result:
        if kind.writes:
            await self._leased()
        return await call()

    async def _leased(self) -> None:
        """Renew the lease if it would not outlast the request.

        Raises:
            ServerError: the lease is lost or cannot be renewed. The request must not be sent.
        """
        if self._shared.outlasts(self._timeout):
            return
        try:
            await asyncio.get_running_loop().run_in_executor(None, self._shared.renew, self._timeout)
        except FbsyncError as error:
            raise ServerError(
                error.message, hint=error.hint, failure=Failure.UNREACHABLE, is_transient=False
            ) from error
        if not self._shared.outlasts(self._timeout):
            raise ServerError(
                f"the lease of the state in {self._shared.name} would end before a request could be answered",
                hint="the store is too slow: run `fbsync doctor`",
                failure=Failure.UNREACHABLE,
                is_transient=False,
            )

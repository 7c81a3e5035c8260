"""A session with a project's server: refresh, then carry out and record a proposal. Commands and library share it."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol, Self, TypeVar

from fbsync.execution.ports import Stop, SystemClock
from fbsync.model.changes import Create
from fbsync.model.server_error import ServerError
from fbsync.workflow.checks import check_workspaces
from fbsync.workflow.connection import Patience, connected, known_secrets, public_texts
from fbsync.workflow.refresh import list_live, resolve_stored_keys, resolve_workspaces
from fbsync.workflow.usage import usage_of

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Sequence
    from types import TracebackType

    from fbsync.client import Exchange
    from fbsync.model.live import Live
    from fbsync.model.outcomes import Outcome
    from fbsync.model.server import Server
    from fbsync.model.temporary import Removal
    from fbsync.model.verifications import Target, Verified
    from fbsync.workflow.applied import Applied
    from fbsync.workflow.project import Project
    from fbsync.workflow.proposal import Proposal
    from fbsync.workflow.shared_state import SharedState

_Result = TypeVar("_Result")


class Run(Protocol):
    """How a session's coroutines are run: ``asyncio.Runner.run``, or with more care for signals."""

    def __call__(self, runner: asyncio.Runner, work: Coroutine[Any, Any, _Result], /) -> _Result:
        """Run a coroutine to its end."""


def _run(runner: asyncio.Runner, work: Coroutine[Any, Any, _Result]) -> _Result:
    return runner.run(work)


class Session:
    """A connection to a project's server: a synchronous context manager with its own event loop.

    Args:
        project: whose server.
        patience: how it is asked.
        on_exchange: called with every request.
        run: how coroutines are run.
        shared: the store that the known state is in, or None where it is in files.

    Attributes:
        project: the project, with the ids of workspaces given by name once ``look`` has asked for them.
        stop: ends waiting, and an apply, early.
    """

    def __init__(
        self,
        project: Project,
        patience: Patience | None = None,
        *,
        on_exchange: Callable[[Exchange], None] = lambda _: None,
        run: Run = _run,
        shared: SharedState | None = None,
    ) -> None:
        self.project = project
        self._shared = shared
        self.stop = Stop()
        self._patience = patience or Patience()
        self._on_exchange = on_exchange
        self._run = run
        self._clock = SystemClock()
        self._runner = asyncio.Runner()
        self._stack = AsyncExitStack()
        self._has_asked_for_user = False

    def __enter__(self) -> Self:
        """Connect.

        Raises:
            FbsyncError: there are no means of signing in.
        """
        server = connected(
            self.project,
            self._patience,
            stop=self.stop,
            on_exchange=self._on_exchange,
            secrets=known_secrets(self.project),
            public=public_texts(self.project),
            shared=self._shared,
        )
        try:
            self.server: Server = self._runner.run(self._stack.enter_async_context(server))
        except BaseException:
            self._runner.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._runner.run(self._stack.aclose())
        finally:
            self._runner.close()

    def run(self, work: Coroutine[Any, Any, _Result]) -> _Result:
        """Run a coroutine that speaks with this session's server."""
        return self._run(self._runner, work)

    def look(
        self, *, refresh: bool = True, all_or_nothing: bool = False, plans: bool = True, applies: bool = False
    ) -> Live | None:
        """Ask for the ids of workspaces and stored keys given by name, and for what the workspaces hold.

        Args:
            refresh: whether to ask for the latter; it always is where an earlier run left something open.
            all_or_nothing: whether it is a failure that the server would not list a workspace.
            plans: whether changes are planned from it. What is declared of stored keys does not matter otherwise.
            applies: whether they are carried out, too: then who is signed in (``learn_user``) is asked at the same
                time, if anything looks new.

        Raises:
            InvalidInput: a workspace's variable is not set, or a name is not that of one workspace or stored key.
            ServerError: a call failed.
        """
        return self.run(self._look(refresh=refresh, all_or_nothing=all_or_nothing, plans=plans, applies=applies))

    async def _look(self, *, refresh: bool, all_or_nothing: bool, plans: bool, applies: bool) -> Live | None:
        check_workspaces(self.project)
        self.project = await resolve_workspaces(self.server, self.project)
        if plans:
            self.project = await resolve_stored_keys(self.server, self.project)
        if not refresh and not self.project.open_intents:
            return None
        listed = list_live(self.server, self.project, self._clock, all_or_nothing=all_or_nothing)
        if not (applies and self._creates_something()):
            return await listed
        live, _ = await asyncio.gather(listed, self._learn_user())
        return live

    def _creates_something(self) -> bool:
        """Whether a creation is to be expected; what was deleted outside shows only in the list."""
        known = {llm.identity for llm in self.project.known.llms}
        return any(llm.identity not in known for llm in self.project.desired)

    async def _learn_user(self) -> None:
        if self._has_asked_for_user:
            return
        self._has_asked_for_user = True
        with suppress(ServerError):  # time, type and endpoint tell as well
            await self.server.learn_user()

    def with_usage(self, proposal: Proposal) -> Proposal:
        """The proposal with how much what it deletes is used, as far as the server says.

        Args:
            proposal: what to do; where it was made without the server, the server is not asked for this either.
        """
        if proposal.live is None:
            return proposal
        return replace(proposal, usage=self.run(usage_of(self.server, proposal.plan)))

    def learn_user(self, proposal: Proposal) -> None:
        """Ask who is signed in, before a creation and where signing in did not tell.

        Its intent names the user, so that what another user creates under the same name meanwhile is not taken for
        its result.

        Args:
            proposal: what is about to be carried out.
        """
        if any(isinstance(change, Create) for change in proposal.plan.changes):
            self.run(self._learn_user())

    def lock(self, proposal: Proposal) -> None:
        """Lease a known state in a store, on the version that a proposal was made from, if it changes anything.

        Args:
            proposal: what is about to be carried out.

        Raises:
            Conflict: the state was changed meanwhile: read it again, and plan again.
            FbsyncError: the store cannot be written; nothing was changed.
        """
        if self._shared is not None and (proposal.leftovers or not proposal.plan.is_empty):
            self._shared.acquire(timeout=self._patience.timeout)

    def carry_out(
        self,
        proposal: Proposal,
        *,
        begin: Callable[[], None] = lambda: None,
        on_outcome: Callable[[Outcome], None] = lambda _: None,
        on_removal: Callable[[Removal], None] = lambda _: None,
    ) -> Applied:
        """Carry a proposal out that was checked. The known state holds what was done, however this ends.

        ``learn_user`` and ``lock`` come first.

        Args:
            proposal: what to do; its project is this session's.
            begin: called in the event loop just before the first change.
            on_outcome: called with each outcome as it happens, unchanged entries included.
            on_removal: called with each temporary configuration that an earlier run had left, once it is removed.
        """
        from fbsync.workflow.carry_out import carry_out

        work = carry_out(
            proposal,
            server=self.server,
            clock=self._clock,
            stop=self.stop,
            shared=self._shared,
            parallelism=self._patience.parallelism,
            begin=begin,
            on_outcome=on_outcome,
            on_removal=on_removal,
        )
        try:
            return self._runner.run(work)
        finally:
            work.close()  # Ctrl-C may have come before it was begun

    def verify(
        self,
        targets: Sequence[Target],
        *,
        begin: Callable[[], None] = lambda: None,
        on_verdict: Callable[[Verified], None] = lambda _: None,
    ) -> tuple[Verified, ...]:
        """Have the server try credentials with their providers: real calls, which may be billed.

        Args:
            targets: the configurations.
            begin: called in the event loop just before the first call.
            on_verdict: called with each verdict as it comes.
        """
        from fbsync.execution.verify import verify

        async def work() -> tuple[Verified, ...]:
            begin()
            return await verify(
                targets,
                server=self.server,
                parallelism=self._patience.parallelism,
                stop=self.stop,
                on_verdict=on_verdict,
            )

        return self._runner.run(work())

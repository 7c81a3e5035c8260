"""A session with a project's server: refresh, then carry out and record a proposal."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Self, TypeVar

from fbsync.execution.ports import Stop, SystemClock
from fbsync.model.changes import Create
from fbsync.model.server_error import ServerError
from fbsync.workflow.checks import check_workspaces
from fbsync.workflow.connection import Patience, connected, known_secrets, public_texts
from fbsync.workflow.refresh import list_live, resolve_stored_keys, resolve_workspaces
from fbsync.workflow.run_protocol import Run, run_plainly
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


class Session:
    """A connection to a project's server: a synchronous context manager with its own event loop.

    Args:
        project: the project.
        patience: timeouts, retries and parallelism.
        on_exchange: called with every request.
        run: runs coroutines.
        shared: the store of the known state, or None if the state is in files.

    Attributes:
        project: the project. After ``look``, it has the ids of workspaces and stored keys that are given by name.
        stop: ends waiting or an apply early.
    """

    def __init__(
        self,
        project: Project,
        patience: Patience | None = None,
        *,
        on_exchange: Callable[[Exchange], None] = lambda _: None,
        run: Run = run_plainly,
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
            FbsyncError: there is no way to sign in.
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
            self.server: Server = self.run(self._stack.enter_async_context(server))
        except BaseException:
            self._runner.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self.run(self._stack.aclose())
        finally:
            self._runner.close()

    def run(self, work: Coroutine[Any, Any, _Result]) -> _Result:
        """Run a coroutine that uses this session's server."""
        return self._run(self._runner, work)

    def look(
        self, *, refresh: bool = True, all_or_nothing: bool = False, plans: bool = True, applies: bool = False
    ) -> Live | None:
        """Ask for the ids of workspaces and stored keys given by name, and for the workspaces' configurations.

        Args:
            refresh: whether to list the configurations. If an earlier run left a request open, they are always listed.
            all_or_nothing: whether it is an error if the server has no list for a workspace.
            plans: whether a plan is made from the result. Otherwise, stored keys are not resolved.
            applies: whether the plan is carried out, too. If anything looks new, the user is asked for at the same
                time (``learn_user``).

        Returns:
            What the server lists, or None if it was not asked.

        Raises:
            InvalidInput: a workspace's variable is not set, or a name belongs to no workspace or stored key or to
                several.
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
        """Whether to expect a creation. Configurations that were deleted outside show only in the list."""
        known = {llm.identity for llm in self.project.known.llms}
        return any(llm.identity not in known for llm in self.project.desired)

    async def _learn_user(self) -> None:
        if self._has_asked_for_user:
            return
        self._has_asked_for_user = True
        with suppress(ServerError):  # Time, type and endpoint also identify what this run created.
            await self.server.learn_user()

    def with_usage(self, proposal: Proposal) -> Proposal:
        """Add to a proposal how much the configurations to delete are used, as far as the server says.

        Args:
            proposal: the proposal. If it was made without the server, the server is not asked for this either.
        """
        if proposal.live is None:
            return proposal
        return replace(proposal, usage=self.run(usage_of(self.server, proposal.plan)))

    def learn_user(self, proposal: Proposal) -> None:
        """Ask who is signed in, if the proposal creates something and signing in did not say.

        The intent of a creation names the user. If another user creates a configuration with the same name in the
        meantime, it is then not mistaken for this run's.

        Args:
            proposal: the proposal.
        """
        if any(isinstance(change, Create) for change in proposal.plan.changes):
            self.run(self._learn_user())

    def lock(self, proposal: Proposal) -> None:
        """Take the lease of a state in a store, on the version that the proposal was made from, if it changes anything.

        Args:
            proposal: the proposal.

        Raises:
            Conflict: the state has changed in the meantime. Read it and plan again.
            FbsyncError: the store cannot be written. Nothing was changed.
        """
        if self._shared is not None and (proposal.leftovers or not proposal.plan.is_empty):
            self._shared.acquire(timeout=self._patience.timeout)

    def carry_out(
        self,
        proposal: Proposal,
        *,
        run: Run = run_plainly,
        on_outcome: Callable[[Outcome], None] = lambda _: None,
        on_removal: Callable[[Removal], None] = lambda _: None,
    ) -> Applied:
        """Carry out a proposal that was checked. The known state has what was done, however this ends.

        Call ``learn_user`` and ``lock`` first.

        Args:
            proposal: the proposal. Its project is this session's.
            run: runs the coroutine.
            on_outcome: called with each outcome as it happens, including those of unchanged entries.
            on_removal: called with the result for each temporary configuration that an earlier run left.
        """
        from fbsync.workflow.carry_out import carry_out

        work = carry_out(
            proposal,
            server=self.server,
            clock=self._clock,
            stop=self.stop,
            shared=self._shared,
            parallelism=self._patience.parallelism,
            on_outcome=on_outcome,
            on_removal=on_removal,
        )
        return run(self._runner, work)

    def verify(
        self,
        targets: Sequence[Target],
        *,
        run: Run = run_plainly,
        on_verdict: Callable[[Verified], None] = lambda _: None,
    ) -> tuple[Verified, ...]:
        """Have the server validate credentials with their providers. These are real calls, which may be billed.

        Args:
            targets: the configurations.
            run: runs the coroutine.
            on_verdict: called with each verdict as it arrives.
        """
        from fbsync.execution.verify import verify

        work = verify(
            targets,
            server=self.server,
            parallelism=self._patience.parallelism,
            stop=self.stop,
            on_verdict=on_verdict,
        )
        return run(self._runner, work)

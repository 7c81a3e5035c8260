"""Carry out a proposal: remove leftovers, make and record the changes, and write the lockfile."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from fbsync.execution.run import apply
from fbsync.model.errors import FbsyncError
from fbsync.model.outcomes import identities_settled
from fbsync.state.intents import still_open
from fbsync.state.ledger import FileLedger
from fbsync.state.trials import still_open_trials
from fbsync.workflow.applied import Applied
from fbsync.workflow.store_ledger import StoreLedger

if TYPE_CHECKING:
    from collections.abc import Callable

    from fbsync.execution.ports import Stop, SystemClock
    from fbsync.model.outcomes import Outcome
    from fbsync.model.server import Server
    from fbsync.model.temporary import Removal
    from fbsync.workflow.proposal import Proposal
    from fbsync.workflow.shared_state import SharedState

GRACE_SECONDS = 6.0
"""How long requests in progress may take after a signal. CI systems kill a process 7.5 to 10 s after the first one."""


async def carry_out(
    proposal: Proposal,
    *,
    server: Server,
    clock: SystemClock,
    stop: Stop,
    shared: SharedState | None,
    parallelism: int,
    on_outcome: Callable[[Outcome], None],
    on_removal: Callable[[Removal], None],
) -> Applied:
    """Carry out a proposal that was checked. The known state has what was done, however this ends.

    Args:
        proposal: the proposal.
        server: the server.
        clock: the clock.
        stop: lets the caller end the run early.
        shared: the store of the known state, leased to this run, or None if the state is in files.
        parallelism: how many changes may be in progress at a time.
        on_outcome: called with each outcome as it happens, including those of unchanged entries.
        on_removal: called with the result for each temporary configuration that an earlier run left.

    Returns:
        The result.
    """
    files = ledger_for(proposal, server, today=clock.today())
    ledger = files if shared is None else StoreLedger(files, shared)
    outcomes: tuple[Outcome, ...] = ()
    removals: tuple[Removal, ...] = ()
    unrecorded = None
    try:
        if proposal.leftovers:
            from fbsync.execution.leftovers import remove_leftovers

            removals = await remove_leftovers(
                proposal.leftovers, server=server, ledger=ledger, stop=stop, grace=GRACE_SECONDS
            )
        for removal in removals:
            on_removal(removal)
        outcomes = await apply(
            proposal.plan,
            server=server,
            clock=clock,
            ledger=ledger,
            parallelism=parallelism,
            stop=stop,
            grace=GRACE_SECONDS,
            on_outcome=on_outcome,
            ahead=None if shared is None else shared.intents_ahead(parallelism),
            taken=proposal.ids_in_use,
        )
    finally:
        unrecorded = await _closed(ledger, outcomes)
    return Applied(plan=proposal.plan, outcomes=outcomes, unrecorded=unrecorded, removals=removals)


def ledger_for(proposal: Proposal, server: Server, *, today: str) -> FileLedger:
    """Return the ledger that records how a proposal is carried out.

    Args:
        proposal: the proposal.
        server: the server. It knows the user who sends the requests, if that is known, and the server's time at its
            first answer, which is used if there is no list.
        today: the day (ISO 8601, UTC).
    """
    project, live = proposal.project, proposal.live
    declared = (llm.identity for llm in project.desired)
    keys_masked = proposal.known.keys_masked or (live is not None and any(llm.has_key for llm in live.llms))
    return FileLedger(
        project.where.lock_path,
        on_disk=project.on_disk,
        known=replace(proposal.known, keys_masked=keys_masked),
        open_intents=(
            *still_open(project.open_intents, proposal.known, declared, live),
            *still_open_trials(project.open_trials, live, known=proposal.known_ids),
        ),
        fingerprints=project.fingerprints,
        state_folder=project.state_folder,
        today=today,
        since=(None if live is None else live.served_at) or server.first_served_at,
        user_id=server.user_id,
    )


async def _closed(ledger: FileLedger | StoreLedger, outcomes: tuple[Outcome, ...]) -> FbsyncError | None:
    """Write the lockfile. Return the error if that fails."""
    try:
        await ledger.close(identities_settled(outcomes))
    except FbsyncError as error:
        return error
    return None

"""Carry out a proposal: leftovers first, then the changes, each recorded, and the lockfile at the end."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from fbsync.execution.run import apply
from fbsync.model.changes import identity_of
from fbsync.model.errors import FbsyncError
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
"""How long requests under way get after a signal; CI systems kill 7.5 to 10 s after their first one."""


async def carry_out(
    proposal: Proposal,
    *,
    server: Server,
    clock: SystemClock,
    stop: Stop,
    shared: SharedState | None,
    parallelism: int,
    begin: Callable[[], None],
    on_outcome: Callable[[Outcome], None],
    on_removal: Callable[[Removal], None],
) -> Applied:
    """Carry a proposal out that was checked. The known state holds what was done, however this ends.

    Args:
        proposal: what to do.
        server: where.
        clock: the time.
        stop: lets the caller end the run early.
        shared: the store that the known state is in, leased to this run, or None where it is in files.
        parallelism: how many changes may be under way at a time.
        begin: called just before the first change.
        on_outcome: called with each outcome as it happens, unchanged entries included.
        on_removal: called with each temporary configuration that an earlier run had left, once it is removed.
    """
    files = ledger_for(proposal, server, today=clock.today())
    ledger = files if shared is None else StoreLedger(files, shared)
    outcomes: tuple[Outcome, ...] = ()
    removals: tuple[Removal, ...] = ()
    unrecorded = None
    begin()
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
    """Where carrying a proposal out is recorded.

    Args:
        proposal: what is carried out.
        server: tells its time when it gave its first answer, which counts where there is no list, and who sends the
            requests, where that is known.
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
    """Write the lockfile; return the reason where it cannot be."""
    try:
        await ledger.close(identity_of(outcome.change) for outcome in outcomes if not outcome.result.is_trouble)
    except FbsyncError as error:
        return error
    return None

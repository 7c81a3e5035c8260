"""A proposal: a plan together with the project and the state that it was made against, and whether it may be done."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fbsync.model.errors import GuardRefused
from fbsync.workflow.checks import check_names, check_needs
from fbsync.workflow.comparison import settled

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fbsync.model.changes import Plan
    from fbsync.model.live import Live
    from fbsync.state.ledger import FileLedger
    from fbsync.state.lockfile import Lockfile
    from fbsync.workflow.project import Project

MAX_DELETES = "5"
"""How many configurations a prune may delete unless somebody allows more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """What would be done to a project.

    Attributes:
        plan: the changes.
        known: the known state that they were compared with.
        live: what the server listed, or None where it was not asked.
    """

    project: Project
    plan: Plan
    known: Lockfile
    live: Live | None


def propose(
    project: Project,
    live: Live | None,
    *,
    prune: bool = False,
    only: Iterable[str] = (),
    assume_secrets: bool = False,
) -> Proposal:
    """Plans, with no request and no secret needed.

    Args:
        project: what is declared and known.
        live: what the server lists, or None to compare with the lockfile alone. A server that was asked and did not
            tell is one that lists no workspace.
        prune: whether known entries that are not declared are to be deleted.
        only: names to limit the plan to.
        assume_secrets: whether credentials of which nothing is known count as what the server holds.

    Raises:
        FbsyncError: a name in ``only`` is neither declared nor known.
    """
    # Not before it is needed: reading a project has credentials stretched in other threads meanwhile.
    from fbsync.planning.decide import make_plan

    known = project.known if live is None else settled(project, live)
    chosen = frozenset(only)
    check_names(project, chosen, known)
    in_doubt = project.open_creations if live is not None else ()
    plan = make_plan(
        project.desired,
        known.llms,
        live,
        fingerprints=project.fingerprints,
        prune=prune,
        only=chosen,
        in_doubt=frozenset(intent.identity for intent in in_doubt),
        assume_secrets=assume_secrets,
    )
    return Proposal(project=project, plan=plan, known=known, live=live)


def check_proposal(proposal: Proposal, *, adopt: bool = False, max_deletes: str = MAX_DELETES) -> None:
    """Everything that must hold before the first change (``design.md``, 'The plan').

    Args:
        proposal: what would be done.
        adopt: whether configurations that are on the server already may be taken over.
        max_deletes: how many deletions are too many: a number, or a percentage of what is known.

    Raises:
        InvalidInput: variables that the changes need are not set; a finding for each.
        GuardRefused: all reasons not to carry it out.
    """
    from fbsync.planning.guards import refusals

    check_needs(proposal.project, proposal.plan)
    reasons = refusals(
        proposal.plan,
        adopt=adopt,
        max_deletes=max_deletes,
        declared=len(proposal.project.desired),
        known=len(proposal.known.llms),
        is_complete=proposal.live is None or proposal.live.is_complete,
    )
    if reasons:
        raise GuardRefused(reasons)


def ledger_for(proposal: Proposal) -> FileLedger:
    """Where carrying a proposal out is recorded."""
    from fbsync.state.journal import still_open
    from fbsync.state.ledger import FileLedger

    project, live = proposal.project, proposal.live
    told = live.workspaces if live is not None else frozenset[str]()
    declared = (llm.identity for llm in project.desired)
    return FileLedger(
        project.where.lock_path,
        on_disk=project.on_disk,
        known=proposal.known,
        open_intents=still_open(project.open_intents, proposal.known, declared, told=told),
        fingerprints=project.fingerprints,
        state_folder=project.state_folder,
    )

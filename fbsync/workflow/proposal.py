"""A proposal: a plan with its project and state, and whether it may be applied."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fbsync.model.errors import GuardRefused
from fbsync.model.spelling import canonical_url
from fbsync.workflow.checks import check_needs, chosen_names
from fbsync.workflow.comparison import settled

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fbsync.model.ages import Ages
    from fbsync.model.live import Live
    from fbsync.model.plan import Plan, Refusal
    from fbsync.model.server import LlmStats
    from fbsync.model.temporary import Leftover
    from fbsync.planning.allowed import Allowed
    from fbsync.state.lockfile import Lockfile
    from fbsync.workflow.project import Project


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """The planned changes of a project.

    Attributes:
        plan: the changes.
        known: the known state that they were compared with.
        live: what the server listed, or None where it was not asked.
        destroys: whether everything that is known is to go, whatever the manifest declares.
        usage: how much what is to be deleted is used, as far as the server says.
        ages: the day, and how old credentials may be.
    """

    project: Project
    plan: Plan
    known: Lockfile
    live: Live | None
    destroys: bool = False
    usage: tuple[LlmStats, ...] = ()
    ages: Ages | None = None

    @property
    def known_ids(self) -> frozenset[str]:
        """The ids of all that is known."""
        return frozenset(llm.id for llm in self.known.llms)

    @property
    def ids_in_use(self) -> frozenset[str]:
        """The ids of all that is known or listed: no temporary configuration can have one of them."""
        if self.live is None:
            return self.known_ids
        return self.known_ids | {llm.id for llm in (*self.live.llms, *self.live.temporary)}

    @property
    def leftovers(self) -> tuple[Leftover, ...]:
        """The temporary configurations that an earlier run left, which are deleted before the changes."""
        if not self.project.open_trials:
            return ()
        from fbsync.state.trials import leftovers

        return leftovers(self.project.open_trials, self.live, known=self.known_ids)


def propose(
    project: Project,
    live: Live | None,
    *,
    prune: bool = False,
    only: Iterable[str] = (),
    assume_secrets: bool = False,
    resend_secrets: bool = False,
    verify_first: bool = False,
    destroy: bool = False,
    ages: Ages | None = None,
) -> Proposal:
    """Plan, with no request and no secret needed.

    Args:
        project: what is declared and known.
        live: what the server lists, or None to compare with the lockfile alone. A server that was asked and did not
            say is one that lists no workspace.
        prune: whether known entries that are not declared are to be deleted.
        only: names, or patterns of them (``team-a/*``), to limit the plan to.
        assume_secrets: whether credentials without a record count as what the server has.
        resend_secrets: whether all credentials are sent again.
        verify_first: whether the provider has to accept changed credentials and endpoints, of whichever entry, on a
            temporary configuration before they replace those in use.
        destroy: whether everything that is known is to go, whatever is declared, and by which manifest it was.
        ages: the day, and how old credentials may be; None where their age does not matter.

    Raises:
        FbsyncError: a name in ``only`` is neither declared nor in the lockfile.
    """
    # Not before it is needed: reading a project has credentials stretched in other threads meanwhile.
    from fbsync.planning.decide import make_plan

    known = project.known if live is None else settled(project, live)
    chosen = chosen_names(project, only, known)
    in_doubt = project.open_creations if live is not None else ()
    plan = make_plan(
        () if destroy else project.desired,
        known.llms,
        live,
        fingerprints=project.fingerprints,
        prune=prune or destroy,
        only=chosen,
        in_doubt=frozenset(intent.identity for intent in in_doubt),
        assume_secrets=assume_secrets,
        resend_secrets=resend_secrets,
        verify_first=verify_first,
        keys_masked=known.keys_masked,
        reads=(lambda _: True) if destroy else project.manifests.reads,
        ages=ages,
    )
    return Proposal(project=project, plan=plan, known=known, live=live, destroys=destroy, ages=ages)


def refusals_of(proposal: Proposal, allowed: Allowed) -> tuple[Refusal, ...]:
    """Every reason not to carry a proposal out, the same for ``plan`` and ``apply``.

    Args:
        proposal: what would be done.
        allowed: what the user allows.
    """
    from fbsync.planning.guards import refusals

    updates = ((intent.llm_id, intent.endpoint) for intent in proposal.project.open_intents)
    return refusals(
        proposal.plan,
        allowed,
        declared=len(proposal.project.desired),
        known=proposal.known.llms,
        live=proposal.live,
        explained={(llm_id, canonical_url(url)) for llm_id, url in updates if llm_id is not None and url is not None},
        destroys=proposal.destroys,
    )


def check_proposal(proposal: Proposal, allowed: Allowed) -> None:
    """Everything that must hold before the first change (``design.md``, 'The plan').

    Args:
        proposal: what would be done.
        allowed: what the user allows.

    Raises:
        InvalidInput: variables that the changes need are not set; a finding for each.
        GuardRefused: all reasons not to carry it out.
    """
    check_needs(proposal.project, proposal.plan)
    if reasons := refusals_of(proposal, allowed):
        raise GuardRefused(reasons)

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
        project: the project.
        plan: the changes.
        known: the known state that the project was compared with.
        live: what the server listed, or None if it was not asked.
        destroys: whether everything known will be deleted, whatever the manifest declares.
        usage: how much the configurations to delete are used, as far as the server says.
        ages: the day and the maximum age of credentials, or None if their age does not matter.
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
        """The ids of all known configurations."""
        return frozenset(llm.id for llm in self.known.llms)

    @property
    def ids_in_use(self) -> frozenset[str]:
        """The ids of all known and listed configurations. A new temporary configuration cannot have one of them."""
        if self.live is None:
            return self.known_ids
        return self.known_ids | {llm.id for llm in (*self.live.llms, *self.live.temporary)}

    @property
    def leftovers(self) -> tuple[Leftover, ...]:
        """The temporary configurations that an earlier run left. They are deleted before the changes are made."""
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
    """Make a plan. This sends no request and needs no secret.

    Args:
        project: the project.
        live: what the server lists, or None to compare only with the lockfile. If the server was asked but would not
            list anything, ``live`` has no workspaces.
        prune: whether to delete known entries that are not declared.
        only: the names or patterns (``team-a/*``) to limit the plan to.
        assume_secrets: whether to assume that the server already has credentials without a recorded fingerprint.
        resend_secrets: whether to send all credentials again.
        verify_first: whether the provider must accept changed credentials and endpoints of all entries on a temporary
            configuration before they replace those in use.
        destroy: whether to delete everything known, whatever is declared, and whichever manifest declared it.
        ages: the day and the maximum age of credentials, or None if their age does not matter.

    Raises:
        FbsyncError: a name in ``only`` is neither declared nor in the lockfile.
    """
    # As late as possible: since the project was read, other threads have been stretching credentials.
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
    """Return every reason to refuse a proposal. They are the same for ``plan`` and ``apply``.

    Args:
        proposal: the proposal.
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
    """Check everything that must be true before the first change (``design.md``, 'The plan').

    Args:
        proposal: the proposal.
        allowed: what the user allows.

    Raises:
        InvalidInput: variables that the changes need are not set. There is a finding for each.
        GuardRefused: guards refuse the proposal. It has all reasons.
    """
    check_needs(proposal.project, proposal.plan)
    if reasons := refusals_of(proposal, allowed):
        raise GuardRefused(reasons)

"""A proposal: a plan together with the project and the state that it was made against, and whether it may be done."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fbsync.model.errors import GuardRefused

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fbsync.model.changes import Plan
    from fbsync.planning.decide import Live
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

    @property
    def comparison(self) -> str:
        """The sentence that says what was compared with."""
        return self.project.comparison(self.live)

    def check(self, *, adopt: bool = False, max_deletes: str = MAX_DELETES) -> None:
        """Everything that must hold before the first change (``design.md``, 'The plan').

        Args:
            adopt: whether configurations that are on the server already may be taken over.
            max_deletes: how many deletions are too many: a number, or a percentage of what is known.

        Raises:
            InvalidInput: variables that the changes need are not set; a finding for each.
            GuardRefused: all reasons not to carry it out.
        """
        from fbsync.planning.guards import refusals

        self.project.check_needs(self.plan)
        reasons = refusals(
            self.plan,
            adopt=adopt,
            max_deletes=max_deletes,
            declared=len(self.project.desired),
            known=len(self.known.llms),
            is_complete=self.live is None or self.live.is_complete,
        )
        if reasons:
            raise GuardRefused(reasons)


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
        live: what the server lists, or None to compare with the lockfile alone.
        prune: whether known entries that are not declared are to be deleted.
        only: names to limit the plan to.
        assume_secrets: whether credentials of which nothing is known count as what the server holds.

    Raises:
        InvalidInput: a name in ``only`` is neither declared nor known.
    """
    plan, known = project.plan(live=live, prune=prune, only=only, assume_secrets=assume_secrets)
    return Proposal(project=project, plan=plan, known=known, live=live)

"""What an apply did, and the exit code that says so."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fbsync.model.errors import ExitCode, FbsyncError
from fbsync.model.outcomes import exit_code_of_outcomes

if TYPE_CHECKING:
    from fbsync.model.outcomes import Outcome
    from fbsync.model.plan import Plan
    from fbsync.model.temporary import Removal


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """What an apply did.

    Attributes:
        plan: the changes.
        outcomes: one for each of them, in their order.
        unrecorded: why the lockfile does not hold all of it, or None; the message says where it is instead.
        removals: the temporary configurations of an earlier run that this one removed, or failed to.
    """

    plan: Plan
    outcomes: tuple[Outcome, ...]
    unrecorded: FbsyncError | None = None
    removals: tuple[Removal, ...] = ()

    def __repr__(self) -> str:
        from fbsync.render.outcome_text import outcome_summary

        return f"<fbsync apply: {outcome_summary(self.outcomes)}>"

    @property
    def exit_code(self) -> ExitCode:
        """The status of ``fbsync apply`` for this, had nobody interrupted it."""
        if self.unrecorded is None:
            left = any(removal.error is not None for removal in self.removals)
            return exit_code_of_outcomes(self.outcomes) or (ExitCode.PARTLY_APPLIED if left else ExitCode.DONE)
        return ExitCode.LOCKED if self.unrecorded.exit_code is ExitCode.LOCKED else ExitCode.ERROR

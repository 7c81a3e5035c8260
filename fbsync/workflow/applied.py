"""The result of an apply, and its exit code."""

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
    """The result of an apply.

    Attributes:
        plan: the changes.
        outcomes: an outcome for each change, in the same order.
        unrecorded: why the lockfile does not have everything, or None. The message says where the rest is.
        removals: the temporary configurations of an earlier run that this run removed or failed to remove.
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
        """The exit code of ``fbsync apply``, if it was not interrupted."""
        if self.unrecorded is None:
            left = any(removal.error is not None for removal in self.removals)
            return exit_code_of_outcomes(self.outcomes) or (ExitCode.PARTLY_APPLIED if left else ExitCode.DONE)
        return ExitCode.LOCKED if self.unrecorded.exit_code is ExitCode.LOCKED else ExitCode.ERROR

"""One run of ``fbsync apply``: ask the server, plan, ask the user, make the changes, report."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import click

from fbsync.calendar import today
from fbsync.cli import terminal
from fbsync.cli.apply_report import report_applied
from fbsync.cli.event_loop import Interrupts
from fbsync.cli.events import Events
from fbsync.cli.plan_output import print_plan
from fbsync.cli.progress import Progress
from fbsync.cli.server_session import say_untold, session
from fbsync.cli.signals import exit_code_of, forgive_what_is_unfinished
from fbsync.execution.verify import targets
from fbsync.model import verifications
from fbsync.model.ages import Ages
from fbsync.model.changes import Blocked, Unchanged, Undeclared
from fbsync.model.errors import ExitCode, FbsyncError, GuardRefused
from fbsync.render.outcome_text import outcome_summary
from fbsync.render.paint import visible
from fbsync.render.plan_counts import plan_summary
from fbsync.render.plan_document import is_empty
from fbsync.workflow.checks import check_variables
from fbsync.workflow.plan_report import document_of, verified_first
from fbsync.workflow.proposal import Proposal, check_proposal, propose

if TYPE_CHECKING:
    from fbsync.cli.apply_options import ApplyOptions
    from fbsync.model.live import Live
    from fbsync.model.outcomes import Outcome
    from fbsync.model.verifications import Verified
    from fbsync.workflow.applied import Applied
    from fbsync.workflow.project import Project
    from fbsync.workflow.saved_plan import SavedPlan
    from fbsync.workflow.shared_state import SharedState

_UNTOLD = "fbsync cannot see changes that others make there, and will not retry a creation with an unknown outcome."


class Applying:
    """A run over one project.

    Args:
        project: the project to apply.
        options: the options of the run.
        saved: the reviewed plan, or None.
        shared: the store of the known state, or None if the state is in files.
    """

    def __init__(
        self, project: Project, options: ApplyOptions, saved: SavedPlan | None, shared: SharedState | None = None
    ) -> None:
        self._project = project
        self._saved = saved
        self._options = options
        self._session = session(project, options.asking, shared)
        self._verified: tuple[Verified, ...] = ()
        self._interrupts = Interrupts(self._session.stop, hint=f"run `fbsync {options.command}` again for the rest")

    def run(self) -> int:
        """Plan, confirm, apply and report; return the exit status.

        Raises:
            FbsyncError: nothing was changed, or a signal came after the last change; the message says why.
        """
        try:
            applied = self._run()
        except (KeyboardInterrupt, click.Abort) as ended:
            forgive_what_is_unfinished()
            terminal.end_line()
            moment = (
                "after the last change; what was done is recorded"
                if self._interrupts.has_begun
                else "before the first change; nothing was changed"
            )
            raise FbsyncError(f"interrupted {moment}", exit_code=exit_code_of(ended)) from ended
        if applied is None:
            raise FbsyncError("not confirmed, so nothing was changed")
        code = self._exit_code(applied)
        report_applied(applied, code, project=self._project, options=self._options, verified=self._verified)
        return code

    def _run(self) -> Applied | None:
        """Ask the server, plan, ask the user, and apply; None if the user said no."""
        options = self._options
        check_variables(self._project, lambda: self._propose(self._project, None).plan)
        with self._session as connection:
            live = connection.look(refresh=not options.no_refresh, applies=True)
            say_untold(live, _UNTOLD)
            proposal = self._as_reviewed(self._propose(connection.project, live))
            if not options.json:
                proposal = connection.with_usage(proposal)
            document = document_of(proposal, ExitCode.DONE)
            if not options.json and not (options.destroy and is_empty(document)):
                print_plan(document, "text", verbose=bool(options.asking.verbose))
            check_proposal(proposal, options.allowed)
            if not self._agreed(proposal):
                return None
            with Events(options.events) as events:
                events.emit("started", summary=plan_summary(document))
                applied = self._carry_out(proposal, events)
                if options.verify:
                    with terminal.waits("Verifying the credentials with their providers"):
                        self._verified = connection.verify(targets(applied.outcomes), run=self._interrupts.run)
                events.emit("finished", exit_code=self._exit_code(applied), summary=outcome_summary(applied.outcomes))
            return applied

    def _propose(self, project: Project, live: Live | None) -> Proposal:
        options = self._options
        with terminal.waits("Comparing with the known state"):
            return propose(
                project,
                live,
                prune=options.prune,
                only=options.only,
                assume_secrets=options.assume_secrets,
                resend_secrets=options.resend_secrets,
                verify_first=options.verify_first,
                destroy=options.destroy,
                ages=Ages(today=today(), most=options.max_age),
            )

    def _as_reviewed(self, proposal: Proposal) -> Proposal:
        """Return the part of the plan that was reviewed, or the whole plan if there is no saved plan.

        Raises:
            GuardRefused: a change of an entry differs from the reviewed one (exit 6).
        """
        if self._saved is None:
            return proposal
        from fbsync.workflow.review import differences, narrowed

        project = proposal.project
        reasons = differences(self._saved, proposal.plan, project.fingerprints, project.known.api_url)
        if reasons:
            raise GuardRefused(reasons, message="the saved plan is stale", exit_code=ExitCode.STALE_PLAN)
        return replace(proposal, plan=narrowed(self._saved, proposal.plan))

    def _agreed(self, proposal: Proposal) -> bool:
        """Whether to continue. It asks only if there is something to change.

        Raises:
            FbsyncError: only one of stdin and stderr is a terminal.
        """
        number = sum(not isinstance(change, Unchanged | Undeclared | Blocked) for change in proposal.plan.changes)
        if self._options.yes or self._saved is not None or not number:
            return True
        return terminal.confirm(_question(number, proposal))

    def _carry_out(self, proposal: Proposal, events: Events) -> Applied:
        """Apply the plan, and show each outcome as it happens."""
        self._session.learn_user(proposal)
        with terminal.waits(f"Locking the state in {proposal.project.where.known_in}"):
            self._session.lock(proposal)
        with Progress(proposal.plan, quiet=self._options.json, verbose=bool(self._options.asking.verbose)) as progress:

            def show(outcome: Outcome) -> None:
                progress.show(outcome)
                events.outcome(outcome)

            return self._session.carry_out(
                proposal, run=self._interrupts.run, on_outcome=show, on_removal=events.removal
            )

    def _exit_code(self, applied: Applied) -> ExitCode:
        return (
            self._interrupts.exit_code or applied.exit_code or verifications.exit_code_of_verifications(self._verified)
        )


def _question(number: int, proposal: Proposal) -> str:
    """The question before the first change."""
    project, billed = proposal.project, verified_first(proposal.plan)
    changes = "this change" if number == 1 else f"these {number} changes"
    environment = project.where.environment
    where = f" to {environment} on" if environment is not None else " to"
    return visible(f"{billed} Apply {changes}{where} {project.api_url}?".lstrip())

"""One run of ``fbsync apply``: ask the server, plan, ask the user, do it, report."""

from __future__ import annotations

import asyncio
import signal
import sys
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from fbsync.apply import Stop, apply, exit_code
from fbsync.changes import Plan, identity_of
from fbsync.cli import terminal
from fbsync.cli.asking import Asking, connected, warn_of_clear_text
from fbsync.cli.events import Events, write_result
from fbsync.cli.progress import Progress
from fbsync.cli.running import run
from fbsync.cli.signals import Terminated
from fbsync.errors import ExitCode, FbsyncError, GuardRefused
from fbsync.guards import refusals
from fbsync.project import Project, ask, resolve_workspaces
from fbsync.render.document import dump, outcome_entry, result_document
from fbsync.render.outcome_text import closing_sentence, report
from fbsync.render.paint import visible
from fbsync.render.plan_text import plan_text, summary
from fbsync.retry import SystemClock
from fbsync.saved import SavedPlan, differences, narrowed

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from fbsync.ledger import FileLedger
    from fbsync.lockfile import Lockfile
    from fbsync.outcomes import Outcome
    from fbsync.plan import Live
    from fbsync.server import Server

_GRACE_SECONDS = 6.0
_SIGNALS = {
    signal.SIGINT: ExitCode.INTERRUPTED,
    signal.SIGTERM: ExitCode.TERMINATED,
    signal.SIGHUP: ExitCode.TERMINATED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What the command line says of how to apply."""

    json: bool
    only: tuple[str, ...]
    yes: bool
    parallelism: int
    timeout: float
    retry_timeout: float
    no_refresh: bool
    adopt: bool
    prune: bool
    max_deletes: str
    verbose: int
    result: Path | None
    events: Path | None


class Applying:
    """A run over one project.

    Args:
        project: what to apply.
        options: how.
        saved: the plan that was reviewed, or None.
    """

    def __init__(self, project: Project, options: Options, saved: SavedPlan | None) -> None:
        self._project = project
        self._saved = saved
        self._options = options
        self._stop = Stop()
        self._clock = SystemClock()
        self._signal: signal.Signals | None = None
        self._unrecorded: FbsyncError | None = None
        self._has_begun = False

    def run(self) -> int:
        """Does it all; gives the exit status.

        Raises:
            FbsyncError: nothing was changed, and why.
        """
        warn_of_clear_text(self._project.api_url)
        try:
            outcomes = self._outcomes()
        except (KeyboardInterrupt, click.Abort) as ended:
            if self._has_begun:
                raise
            terminal.end_line()
            raise FbsyncError(
                "interrupted before the first change; nothing was changed",
                exit_code=ExitCode.TERMINATED if isinstance(ended, Terminated) else ExitCode.INTERRUPTED,
            ) from ended
        if outcomes is None:
            raise FbsyncError("not confirmed; nothing was changed")
        return self._report(outcomes)

    def _outcomes(self) -> tuple[Outcome, ...] | None:
        """Asks the server, plans, asks the user, and does it; None where the user said no."""
        # One loop for all requests, and none while a question is asked: a Ctrl-C then ends the run at once.
        with asyncio.Runner() as runner:
            stack = AsyncExitStack()
            how = Asking(
                timeout=self._options.timeout,
                retry_timeout=self._options.retry_timeout,
                verbose=self._options.verbose,
                parallelism=self._options.parallelism,
            )
            server = runner.run(stack.enter_async_context(connected(self._project, how, stop=self._stop)))
            try:
                live = run(runner, self._look(server))
                plan, known = self._project.plan(live=live, prune=self._options.prune, only=self._options.only)
                plan = self._as_reviewed(plan)
                self._show(plan, self._project.comparison(live))
                self._check(plan, known, live)
                return runner.run(self._apply(plan, known, live, server)) if self._agreed(plan) else None
            finally:
                runner.run(stack.aclose())

    @property
    def _refreshes(self) -> bool:
        """Whether the server is asked first: always where an earlier run left something open."""
        return not self._options.no_refresh or bool(self._project.open_intents)

    async def _look(self, server: Server) -> Live | None:
        """What the server lists, if it is to be asked; it always is for the ids of workspaces given by name."""
        self._project.check_workspaces()
        self._project = await resolve_workspaces(server, self._project)
        if not self._refreshes:
            return None
        live = await ask(server, self._project, self._clock)
        if live.untold:
            terminal.say(
                f"The server does not tell what {', '.join(map(visible, sorted(live.untold)))} holds. What somebody "
                "changed there is not seen, and a creation whose outcome is not known is not tried again."
            )
        return live

    def _show(self, plan: Plan, compared: str) -> None:
        if not self._options.json:
            terminal.out(
                plan_text(
                    plan,
                    paint=terminal.paint_for(sys.stdout),
                    compared=compared,
                    width=terminal.width_of(sys.stdout),
                )
            )

    def _check(self, plan: Plan, known: Lockfile, live: Live | None) -> None:
        """Everything that must hold before the first change; nothing is sent when something does not."""
        self._project.check_needs(plan)
        reasons = refusals(
            plan,
            adopt=self._options.adopt,
            max_deletes=self._options.max_deletes,
            declared=len(self._project.desired),
            known=len(known.llms),
            is_complete=live is None or live.is_complete,
        )
        if reasons:
            raise GuardRefused(reasons)

    def _as_reviewed(self, plan: Plan) -> Plan:
        """The part of the plan that was reviewed, where one was; all of it otherwise.

        Raises:
            GuardRefused: what would happen to an entry is not what was reviewed (exit 6).
        """
        if self._saved is None:
            return plan
        reasons = differences(self._saved, plan, self._project.fingerprints, self._project.known.api_url)
        if reasons:
            raise GuardRefused(reasons, message="the saved plan is stale", exit_code=ExitCode.STALE_PLAN)
        return narrowed(self._saved, plan)

    def _agreed(self, plan: Plan) -> bool:
        """Whether to go on: asked only where there is something to change and somebody who can answer."""
        if self._options.yes or self._saved is not None or plan.is_empty or not terminal.can_ask():
            return True
        return terminal.ask("Make these changes?")

    async def _apply(self, plan: Plan, known: Lockfile, live: Live | None, server: Server) -> tuple[Outcome, ...]:
        """The deed. The lockfile holds what came about, however this ends."""
        ledger = self._project.ledger(known, live)
        outcomes: tuple[Outcome, ...] = ()
        self._watch_signals()
        self._has_begun = True
        with Events(self._options.events) as events, Progress(plan, quiet=self._options.json) as progress:
            events.emit("started", summary=summary(plan))

            def show(outcome: Outcome) -> None:
                progress.show(outcome)
                events.outcome(outcome)

            try:
                outcomes = await apply(
                    plan,
                    server=server,
                    clock=self._clock,
                    ledger=ledger,
                    parallelism=self._options.parallelism,
                    stop=self._stop,
                    grace=_GRACE_SECONDS,
                    on_outcome=show,
                )
            finally:
                await self._close(ledger, outcomes)
                events.emit("finished", exit_code=self._exit_code(outcomes), summary=closing_sentence(outcomes))
        return outcomes

    async def _close(self, ledger: FileLedger, outcomes: Iterable[Outcome]) -> None:
        settled = (identity_of(outcome.change) for outcome in outcomes if not outcome.result.is_trouble)
        try:
            await ledger.close(settled)
        except FbsyncError as error:
            self._unrecorded = error

    def _watch_signals(self) -> None:
        """From here on a signal ends the run in order: nothing new is started, what is under way may finish."""
        loop = asyncio.get_running_loop()
        for number in _SIGNALS:
            loop.add_signal_handler(number, self._interrupt, number)

    def _interrupt(self, number: signal.Signals) -> None:
        self._signal = self._signal or number
        reason = FbsyncError(
            f"interrupted by {number.name}",
            hint="run `fbsync apply` again for the rest",
            exit_code=_SIGNALS[number],
        )
        self._stop.request(reason)

    def _exit_code(self, outcomes: Sequence[Outcome]) -> ExitCode:
        if self._signal is not None:
            return _SIGNALS[self._signal]
        return ExitCode.ERROR if self._unrecorded is not None else exit_code(outcomes)

    def _report(self, outcomes: Sequence[Outcome]) -> int:
        code = self._exit_code(outcomes)
        document = result_document(
            "apply",
            code,
            error=self._unrecorded,
            summary=closing_sentence(outcomes),
            entries=[outcome_entry(outcome) for outcome in outcomes],
        )
        if self._options.result is not None:
            write_result(self._options.result, document)
        if self._options.json:
            terminal.out(dump(document))
        else:
            terminal.out(report(outcomes, paint=terminal.paint_for(sys.stdout)))
            if self._unrecorded is not None:
                terminal.report_error(self._unrecorded)
        return code

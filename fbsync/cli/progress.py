"""Show the progress of an apply: a line for each outcome, and a bar on a terminal."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Self

import click

from fbsync.cli import terminal
from fbsync.model.changes import Unchanged, Undeclared, identity_of
from fbsync.render.document import outcome_entry
from fbsync.render.outcome_text import outcome_line

if TYPE_CHECKING:
    from types import TracebackType

    from fbsync.model.outcomes import Outcome
    from fbsync.model.plan import Plan

_CLEAR_LINE = "\r\x1b[K"
_SHOW_CURSOR = "\x1b[?25h"
"""Drawing the bar hides the cursor. click shows it again only if the bar stays."""


class Progress:
    """Show outcomes as they happen; a context manager.

    Args:
        plan: the plan that is applied.
        quiet: whether stdout is reserved for a document. The lines then go to stderr.
        verbose: whether to show the ids of entries.
    """

    def __init__(self, plan: Plan, *, quiet: bool, verbose: bool = False) -> None:
        self._with_place = len({identity_of(change).workspace_id for change in plan.changes}) > 1
        self._verbose = verbose
        self._stream = sys.stderr if quiet else sys.stdout
        self._paint = terminal.paint_for(self._stream)
        steps = sum(not isinstance(change, (Unchanged, Undeclared)) for change in plan.changes)
        self._bar = click.progressbar(length=steps, label="Applying", file=sys.stderr, show_pos=True)
        self._lost = False
        self._has_bar = bool(steps) and sys.stderr.isatty()

    def __enter__(self) -> Self:
        if self._has_bar:
            self._bar.render_progress()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._has_bar:
            self._clear()
            click.echo(_SHOW_CURSOR, file=sys.stderr, nl=False, color=True)

    def show(self, outcome: Outcome) -> None:
        """Show one outcome. Entries that needed no change are not shown; the report counts them."""
        entry = outcome_entry(outcome)
        line = outcome_line(entry, paint=self._paint, with_place=self._with_place, with_id=self._verbose)
        if line is None or self._lost:
            return
        try:
            self._print(line)
        except OSError:
            # A reader that is gone or a full disk must not stop the apply. The final output fails, too, and reports it.
            self._lost = True

    def _print(self, line: str) -> None:
        if self._has_bar:
            self._clear()
        click.echo(line, file=self._stream, color=True)
        if self._has_bar:
            self._bar.update(1)

    def _clear(self) -> None:
        click.echo(_CLEAR_LINE, file=sys.stderr, nl=False, color=True)

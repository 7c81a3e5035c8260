"""Show on a terminal what fbsync waits for, if it takes a while: a lock, a store, a server."""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING, Self

import click

from fbsync.cli.signals import held_signals
from fbsync.render.paint import visible

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from fbsync.client import Exchange
    from fbsync.workflow.project import Project

_AFTER_SECONDS = 1.0
"""The delay before the line appears: on a terminal, fbsync is never silent for more than two seconds."""
_CLEAR_LINE = "\r\x1b[K"


class SlowLine:
    """Say on stderr what fbsync waits for, if stderr is a terminal; a reusable context manager.

    Args:
        text: returns what fbsync waits for at the moment.
    """

    def __init__(self, text: Callable[[], str]) -> None:
        self._text = text
        self._shown = ""
        self._is_over = threading.Event()
        self._thread: threading.Thread | None = None
        self._one_at_a_time = threading.Lock()

    def __enter__(self) -> Self:
        if sys.stderr.isatty():
            with held_signals():
                self._is_over.clear()
                self._thread = threading.Thread(target=self._say, daemon=True)
                self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._thread is not None:
            with held_signals():
                self._is_over.set()
            self._thread.join()
            self._thread = None
            self.clear()

    def clear(self) -> None:
        """Clear the line before something else is printed. The line comes back if the wait goes on."""
        with self._one_at_a_time:
            if self._shown:
                self._shown = ""
                click.echo(_CLEAR_LINE, file=sys.stderr, nl=False, color=True)

    def _say(self) -> None:
        while not self._is_over.wait(_AFTER_SECONDS):
            with self._one_at_a_time:
                text = visible(self._text())
                if text != self._shown and not self._is_over.is_set():
                    self._shown = text
                    click.echo(f"{_CLEAR_LINE}{text}", file=sys.stderr, nl=False, color=True)


def waiting_for(what: str) -> SlowLine:
    """Return a line with fixed words: ``Reading the state in s3://…`` becomes ``Reading the state in s3://… …``."""
    return SlowLine(lambda: f"{what} …")


class Question:
    """Words for what fbsync currently asks the server.

    Args:
        project: the project that fbsync asks about.
    """

    def __init__(self, project: Project) -> None:
        from fbsync.settings import means_of_signing_in
        from fbsync.workflow.refresh import workspaces_of

        self._server = project.api_url
        self._workspaces = len(workspaces_of(project))
        self._listed = 0
        self._signs_in = means_of_signing_in(project.variables)[:1] != ("FLASHBACK_TOKEN",)

    def note(self, exchange: Exchange) -> None:
        """Count an answered request."""
        self._signs_in = False
        self._listed += exchange.method == "GET" and exchange.path.startswith("/ai/llm")

    def text(self) -> str:
        """Return what fbsync waits for."""
        if self._signs_in:
            return f"Signing in to {self._server} …"
        noun = "workspace" if self._workspaces == 1 else "workspaces"
        at = min(self._listed + 1, max(self._workspaces, 1))
        return f"Asking {self._server}: listing {at} of {self._workspaces} {noun} …"

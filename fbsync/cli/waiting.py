"""A line on a terminal that says what is waited for, once that takes a while."""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING, Self

import click

from fbsync.render.paint import visible

if TYPE_CHECKING:
    from types import TracebackType

    from fbsync.client import Exchange
    from fbsync.workflow.project import Project

_AFTER_SECONDS = 1.0
"""Nothing is silent for more than two seconds on a terminal."""
_CLEAR_LINE = "\r\x1b[K"


class Waiting:
    """Says on stderr what the server is asked, while it is asked; a context manager.

    Args:
        project: what it is asked about.
    """

    def __init__(self, project: Project) -> None:
        from fbsync.settings import means_of_signing_in
        from fbsync.workflow.refresh import workspaces_of

        self._server = visible(project.api_url)
        self._workspaces = len(workspaces_of(project))
        self._listed = 0
        self._signs_in = means_of_signing_in(project.variables)[:1] != ("FLASHBACK_TOKEN",)
        self._is_over = threading.Event()
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        if sys.stderr.isatty():
            self._thread = threading.Thread(target=self._say, daemon=True)
            self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._is_over.set()
        if self._thread is not None:
            self._thread.join()

    def note(self, exchange: Exchange) -> None:
        """Count a request that was answered."""
        self._signs_in = False
        self._listed += exchange.method == "GET" and exchange.path.startswith("/ai/llm")

    @property
    def text(self) -> str:
        """What is waited for."""
        if self._signs_in:
            return f"Signing in to {self._server} …"
        noun = "workspace" if self._workspaces == 1 else "workspaces"
        at = min(self._listed + 1, max(self._workspaces, 1))
        return f"Asking {self._server}: listing {at} of {self._workspaces} {noun} …"

    def _say(self) -> None:
        shown = ""
        while not self._is_over.wait(_AFTER_SECONDS):
            if self.text != shown:
                shown = self.text
                click.echo(f"{_CLEAR_LINE}{shown}", file=sys.stderr, nl=False, color=True)
        if shown:
            click.echo(_CLEAR_LINE, file=sys.stderr, nl=False, color=True)

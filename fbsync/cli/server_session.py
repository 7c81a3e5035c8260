"""Sessions of commands with the server: what they print meanwhile, and what the server would not list."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from fbsync.cli import terminal
from fbsync.cli.waiting import Question, SlowLine
from fbsync.render.paint import visible

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Coroutine, Iterator

    from fbsync.cli.server_options import Asking
    from fbsync.client import Exchange
    from fbsync.model.live import Live
    from fbsync.workflow.connection import Patience
    from fbsync.workflow.project import Project
    from fbsync.workflow.session import Session
    from fbsync.workflow.shared_state import SharedState

_Result = TypeVar("_Result")


def ask_server(project: Project, how: Asking, *, all_or_nothing: bool = False) -> tuple[Project, Live]:
    """Ask for the workspaces that are given by name, and what the workspaces of a project hold; plan nothing.

    Args:
        project: what to ask about.
        how: the patience with the server, and whether requests are shown.
        all_or_nothing: whether it is a failure that the server would not list a workspace; it is said otherwise.

    Returns:
        The project with the ids of its workspaces, and what the server lists.

    Raises:
        FbsyncError: nobody can be asked: no means of signing in, a workspace that is not known, a call that failed.
    """
    with asked(project, how, all_or_nothing=all_or_nothing, plans=False) as (connection, live):
        return connection.project, live


@contextmanager
def asked(
    project: Project, how: Asking, *, all_or_nothing: bool = False, plans: bool = True
) -> Iterator[tuple[Session, Live]]:
    """A session after ``ask_server``, with the same arguments; a context manager.

    Where changes are planned from it (``plans``), it has the ids of stored keys that are given by description, too.

    Raises:
        FbsyncError: as ``ask_server``.
    """
    with session(project, how) as connection:
        live = connection.look(all_or_nothing=all_or_nothing, plans=plans)
        assert live is not None
        say_untold(live, "fbsync cannot see changes that others make there.")
        yield connection, live


def session(project: Project, how: Asking, shared: SharedState | None = None) -> Session:
    """A session with a project's server that signals end in order; it says so where the token crosses in clear.

    While it asks the server for something, a terminal shows what that is, if it takes a while.

    Args:
        project: whose server.
        how: how it is asked.
        shared: the store that the known state is in, where it is in one and changes are recorded.

    Raises:
        FbsyncError: there are no means of signing in (when it is entered).
    """
    from fbsync.cli.event_loop import run_unless_signalled
    from fbsync.workflow.session import Session

    warn_of_clear_text(project.api_url)
    now = Question(project)
    line = SlowLine(now.text)
    say = say_exchange(how, line)

    def on_exchange(exchange: Exchange) -> None:
        say(exchange)
        now.note(exchange)

    def run(runner: asyncio.Runner, work: Coroutine[Any, Any, _Result]) -> _Result:
        with line:
            return run_unless_signalled(runner, work)

    return Session(project, patience_of(how), on_exchange=on_exchange, run=run, shared=shared)


def patience_of(how: Asking) -> Patience:
    """The options as the workflow takes them."""
    from fbsync.workflow.connection import Patience

    return Patience(
        timeout=how.timeout, retry_timeout=how.retry_timeout, parallelism=how.parallelism, ca_file=how.ca_file
    )


def warn_of_clear_text(api_url: str) -> None:
    """Warn where the token crosses a network unencrypted."""
    from fbsync.settings import sends_in_clear

    if sends_in_clear(api_url):
        terminal.say("warning: the API URL uses http: tokens and credentials are sent unencrypted")


def say_untold(live: Live | None, consequence: str) -> None:
    """Name the workspaces that the server would not list."""
    if live is not None and live.untold:
        from fbsync.workflow.comparison import workspaces_in_words

        untold = visible(workspaces_in_words(live.untold))
        terminal.say(f"The server would not list {untold}. {consequence}")


def say_exchange(how: Asking, line: SlowLine) -> Callable[[Exchange], None]:
    """The function that prints each request with ``-v``, instead of the line that says what fbsync waits for."""

    def say(exchange: Exchange) -> None:
        if how.verbose:
            line.clear()
            _say_exchange(exchange, verbose=how.verbose)

    return say


def _say_exchange(exchange: Exchange, *, verbose: int) -> None:
    status = exchange.status or "no answer"
    fields = f" [{', '.join(exchange.fields)}]" if verbose > 1 and exchange.fields else ""
    terminal.say(visible(f"{exchange.method} {exchange.path}{fields}: {status}, {exchange.seconds * 1000:.0f} ms"))

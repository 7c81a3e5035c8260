"""Sessions of commands with the server: show what they wait for, and name workspaces that the server would not list."""

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
    """Resolve the workspaces that are given by name, and list the configurations of all workspaces; plan nothing.

    Args:
        project: the project.
        how: the options for requests.
        all_or_nothing: whether it is an error if the server would not list a workspace. Otherwise, a message names it.

    Returns:
        The project with the ids of its workspaces, and the live state.

    Raises:
        FbsyncError: fbsync cannot sign in, a workspace is unknown, or a call failed.
    """
    with asked(project, how, all_or_nothing=all_or_nothing, plans=False) as (connection, live):
        return connection.project, live


@contextmanager
def asked(
    project: Project, how: Asking, *, all_or_nothing: bool = False, plans: bool = True
) -> Iterator[tuple[Session, Live]]:
    """Open a session, and yield it with the live state; a context manager with the arguments of ``ask_server``.

    If changes are planned from it (``plans``), it also resolves the stored keys that are given by description.

    Raises:
        FbsyncError: as in ``ask_server``.
    """
    with session(project, how) as connection:
        live = connection.look(all_or_nothing=all_or_nothing, plans=plans)
        assert live is not None
        say_untold(live, "fbsync cannot see changes that others make there.")
        yield connection, live


def session(project: Project, how: Asking, shared: SharedState | None = None) -> Session:
    """Make a session with a project's server. Signals end it in order.

    It warns if the URL sends the token unencrypted. A terminal shows what the session waits for, if that takes a while.

    Args:
        project: the project.
        how: the options for requests.
        shared: the store of the known state, if it is in a store and changes are recorded.

    Raises:
        FbsyncError: on entering the session, if fbsync has no way to sign in.
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
    """Convert the options for the workflow."""
    from fbsync.workflow.connection import Patience

    return Patience(
        timeout=how.timeout, retry_timeout=how.retry_timeout, parallelism=how.parallelism, ca_file=how.ca_file
    )


def warn_of_clear_text(api_url: str) -> None:
    """Warn if the token crosses a network unencrypted."""
    from fbsync.settings import sends_in_clear

    if sends_in_clear(api_url):
        terminal.say("warning: the API URL uses http: tokens and credentials are sent unencrypted")


def say_untold(live: Live | None, consequence: str) -> None:
    """Print a line that names the workspaces that the server would not list, if there are any.

    Args:
        live: the live state, or None if the server was not asked.
        consequence: a sentence that says what follows from that.
    """
    if live is not None and live.untold:
        from fbsync.workflow.comparison import workspaces_in_words

        untold = visible(workspaces_in_words(live.untold))
        terminal.say(f"The server would not list {untold}. {consequence}")


def say_exchange(how: Asking, line: SlowLine) -> Callable[[Exchange], None]:
    """Return a function that, with ``-v``, prints each request in place of the line that says what fbsync waits for."""

    def say(exchange: Exchange) -> None:
        if how.verbose:
            line.clear()
            _say_exchange(exchange, verbose=how.verbose)

    return say


def _say_exchange(exchange: Exchange, *, verbose: int) -> None:
    status = exchange.status or "no answer"
    fields = f" [{', '.join(exchange.fields)}]" if verbose > 1 and exchange.fields else ""
    terminal.say(visible(f"{exchange.method} {exchange.path}{fields}: {status}, {exchange.seconds * 1000:.0f} ms"))

"""Asking the server what it holds: the options that commands share for it, the connection, and the question."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import click

from fbsync.cli import terminal
from fbsync.render.paint import visible

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from fbsync.apply import Stop
    from fbsync.client import Exchange
    from fbsync.plan import Live
    from fbsync.project import Project
    from fbsync.server import Server

_Command = TypeVar("_Command", bound="Callable[..., Any]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """How the server is asked, as ``asking_options`` have it; the field's names are those of the options."""

    timeout: float
    retry_timeout: float
    verbose: int
    parallelism: int = 8


def asking_options(command: _Command) -> _Command:
    """Adds the options that say how the server is asked: ``--timeout``, ``--retry-timeout``, ``-v``."""
    return click.option(
        "--timeout",
        type=click.FloatRange(min=0, min_open=True),
        default=60.0,
        show_default=True,
        metavar="SECONDS",
        help="How long an answer may take.",
    )(
        click.option(
            "--retry-timeout",
            type=click.FloatRange(min=0),
            default=60.0,
            show_default=True,
            metavar="SECONDS",
            help="How long a request is tried again after its first failure.",
        )(
            click.option(
                "-v", "--verbose", count=True, help="Say each request on stderr; -vv also the names of its fields."
            )(command)
        )
    )


def ask_server(project: Project, how: Asking, *, all_or_nothing: bool = False) -> tuple[Project, Live]:
    """Asks for the workspaces that are given by name, and what the workspaces of a project hold.

    Args:
        project: what to ask about.
        how: the patience with the server, and whether requests are shown.
        all_or_nothing: whether it is a failure that the server does not tell of a workspace; it is said otherwise.

    Returns:
        The project with the ids of its workspaces, and what the server lists.

    Raises:
        FbsyncError: nobody can be asked: no means of signing in, a workspace that is not known, a call that failed.
    """
    import asyncio

    from fbsync.cli.running import run

    project.check_workspaces()
    warn_of_clear_text(project.api_url)
    with asyncio.Runner() as runner:
        project, live = run(runner, _asked(project, how, all_or_nothing=all_or_nothing))
    if live.untold:
        untold = ", ".join(map(visible, sorted(live.untold)))
        terminal.say(f"The server does not tell what {untold} holds. What somebody changed there is not seen.")
    return project, live


def warn_of_clear_text(api_url: str) -> None:
    """Says so where the token would cross a network unencrypted."""
    from fbsync.settings import sends_in_clear

    if sends_in_clear(api_url):
        terminal.say("warning: the API URL is plain http: tokens and credentials cross the network unencrypted")


async def _asked(project: Project, how: Asking, *, all_or_nothing: bool) -> tuple[Project, Live]:
    from fbsync.apply import Stop
    from fbsync.project import ask, resolve_workspaces
    from fbsync.retry import SystemClock

    async with connected(project, how, stop=Stop()) as server:
        project = await resolve_workspaces(server, project)
        return project, await ask(server, project, SystemClock(), all_or_nothing=all_or_nothing)


@asynccontextmanager
async def connected(project: Project, how: Asking, *, stop: Stop) -> AsyncIterator[Server]:
    """The server of a project, for as long as the context lasts: signed in to, and tried again where that is safe.

    Args:
        project: whose server.
        how: the patience with it, and whether requests are shown.
        stop: ends waiting early.

    Raises:
        FbsyncError: there are no means of signing in.
    """
    from fbsync.client import Client
    from fbsync.retry import Retrying, SystemClock
    from fbsync.settings import read_account

    client = Client(
        project.api_url,
        read_account(project.variables),
        timeout=how.timeout,
        parallelism=how.parallelism,
        on_exchange=lambda exchange: _say_exchange(exchange, verbose=how.verbose),
    )
    async with client:
        yield Retrying(client, clock=SystemClock(), stop=stop, parallelism=how.parallelism, timeout=how.retry_timeout)


def _say_exchange(exchange: Exchange, *, verbose: int) -> None:
    if verbose:
        status = exchange.status or "no answer"
        fields = f" [{', '.join(exchange.fields)}]" if verbose > 1 and exchange.fields else ""
        line = f"{exchange.method} {exchange.path}{fields}: {status}, {exchange.seconds * 1000:.0f} ms"
        terminal.say(visible(line))

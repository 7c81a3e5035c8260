"""``fbsync sandbox``: run a local server that follows the API's contract, alone or for one command."""

from __future__ import annotations

import os
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from fbsync.cli.mistakes import Group
from fbsync.cli.options import together

if TYPE_CHECKING:
    from collections.abc import Callable

    from fbsync.sandbox.options import SandboxOptions

Command = TypeVar("Command", bound="Callable[..., Any]")

_FILE = click.Path(path_type=Path)


_host_option = click.option(
    "--host", type=click.Choice(["127.0.0.1", "::1", "localhost"]), default="127.0.0.1", show_default=True
)
_behaviour_options = together(
    click.option(
        "--db", type=_FILE, metavar="FILE", help="Keep the sandbox's data in this SQLite file instead of in memory."
    ),
    click.option("--workspace", "workspaces", multiple=True, metavar="ID", help="Add this workspace; may be repeated."),
    click.option(
        "--token-lifetime",
        type=click.FloatRange(0, min_open=True),
        default=3600,
        metavar="SECONDS",
        show_default=True,
        help="Let access tokens expire after this time.",
    ),
    click.option(
        "--latency",
        type=click.FloatRange(0),
        default=0,
        metavar="MS",
        help="Delay each request by this many milliseconds.",
    ),
    click.option(
        "--clock-skew",
        type=float,
        default=0,
        metavar="SECONDS",
        help="Set the server's clock this many seconds ahead of this machine's; a negative number sets it back.",
    ),
    click.option(
        "--faults",
        type=_FILE,
        metavar="FILE",
        help="Inject faults from this script; for its format: python -m pydoc fbsync.sandbox.fault_script",
    ),
    click.option(
        "--seed",
        type=_FILE,
        metavar="FILE",
        help="Start with the data in this file; for its format: python -m pydoc fbsync.sandbox.seed_file",
    ),
    click.option(
        "--mfa",
        is_flag=True,
        help="Require MFA: restrict logins and the first token until POST /mfa/verify-login gets the code 000000.",
    ),
    click.option("--access-log", is_flag=True, help="Log requests: method, path and status."),
)
"""The options for the sandbox's data, accounts and faults."""


def _shared_options(*, port: int, port_help: str) -> Callable[[Command], Command]:
    """Return a decorator that adds the options of both ``serve`` and ``run``."""
    port_option = click.option("--port", type=click.IntRange(0, 65535), default=port, help=port_help)
    return together(_host_option, port_option, _behaviour_options)


@click.group(cls=Group)
def sandbox() -> None:
    """Rehearse against a local server that behaves like the documented API.

    The sandbox is for rehearsals only: everybody knows its accounts and their passwords. It listens on the
    loopback interface, and answers only under loopback names.
    """


@sandbox.command()
@_shared_options(port=8787, port_help="Listen on this port; 0 takes a free one.  [default: 8787]")
def serve(host: str, port: int, **options: Any) -> None:  # noqa: ANN401 - click's
    """Run a sandbox until Ctrl-C, and print the variables to export.

    To leave the real lockfile alone, set FBSYNC_STATE=file:FOLDER as well.

    \b
    fbsync sandbox serve
    fbsync sandbox serve --db sandbox.db --latency 50 --access-log
    """  # noqa: D301 - click's mark for a block to leave unwrapped
    checked = _sandbox_options(**options)
    from fbsync.sandbox.environment import sandbox_variables
    from fbsync.sandbox.listener import bind, url_of
    from fbsync.sandbox.server import SandboxServer, log_to_stderr

    log_to_stderr()
    server = SandboxServer(checked)
    tokens = server.admin_tokens()
    with bind(host, port) as listener:
        url = url_of(listener)
        variables = sandbox_variables(url, token=tokens.access, refresh_token=tokens.refresh)
        server.serve(listener, on_ready=lambda: _announce(url, variables))


@sandbox.command(context_settings={"allow_interspersed_args": False})
@_shared_options(port=0, port_help="Listen on this port. [default: a free one; with --db, that of the last run]")
@click.argument("command", metavar="-- COMMAND...", nargs=-1, required=True, type=click.UNPROCESSED)
@click.pass_context
def run(context: click.Context, /, command: tuple[str, ...], host: str, port: int, **options: Any) -> None:  # noqa: ANN401 - click's
    """Run COMMAND with its own sandbox, and pass on its exit code.

    COMMAND gets FLASHBACK_API_URL, the variables to sign in as the sandbox's administrator, and
    FLASHBACK_WORKSPACE_ID unless that is set. FBSYNC_STATE gives it a separate known state, so that the real
    lockfile stays as it is: a new one each time, or with --db the one in FILE.state.

    Use --workspace for each workspace that the manifest names by its id.

    \b
    fbsync sandbox run -- fbsync apply --yes
    fbsync sandbox run --db sandbox.db -- fbsync plan --refresh
    fbsync sandbox run --faults faults.json -- sh rehearse.sh
    """  # noqa: D301 - click's mark for a block to leave unwrapped
    checked = _sandbox_options(**options)
    from fbsync.sandbox.environment import command_environment, sandbox_variables
    from fbsync.sandbox.foreground import NOT_EXECUTABLE, NOT_FOUND, run_in_foreground
    from fbsync.sandbox.process import running
    from fbsync.sandbox.rehearsal import keep_port, known_state_folder, last_port

    with ExitStack() as stack:
        folder = stack.enter_context(known_state_folder(checked.db))
        server = stack.enter_context(running(checked, host=host, port=port or last_port(folder)))
        keep_port(folder, server.port)
        variables = sandbox_variables(server.url, token=server.token, refresh_token=server.refresh_token)
        try:
            status = run_in_foreground(command, command_environment(os.environ, variables, state_folder=folder))
        except OSError as error:
            click.echo(f"fbsync sandbox run: {command[0]}: {error.strerror}", err=True)
            status = NOT_FOUND if isinstance(error, FileNotFoundError) else NOT_EXECUTABLE
    context.exit(status)


def _sandbox_options(workspaces: tuple[str, ...], **given: Any) -> SandboxOptions:  # noqa: ANN401 - click's
    """Combine the options with the workspace that the environment names."""
    from fbsync.sandbox.environment import WORKSPACE_VARIABLE
    from fbsync.sandbox.options import SandboxOptions, require_framework

    require_framework()
    named = os.environ.get(WORKSPACE_VARIABLE)
    return SandboxOptions(workspaces=(*workspaces, *([named] if named else ())), **given)


def _announce(url: str, variables: dict[str, str]) -> None:
    from fbsync.sandbox.builtin import READER, WORKSPACE, WRITER
    from fbsync.sandbox.environment import WORKSPACE_VARIABLE

    click.echo(f"# The sandbox runs at {url} until you press Ctrl-C. To use it:")
    for name, value in ({**variables, WORKSPACE_VARIABLE: WORKSPACE}).items():
        click.echo(f"export {name}={value}")
    for user in (WRITER, READER):
        click.echo(f"# or sign in with FLASHBACK_EMAIL={user.email} FLASHBACK_PASSWORD={user.password}")

"""``fbsync workspaces``."""

from __future__ import annotations

import asyncio
import os
import sys
from typing import TYPE_CHECKING, Any

import click

from fbsync.cli import terminal
from fbsync.cli.options import format_option
from fbsync.cli.server_options import Asking, asking_options
from fbsync.cli.target_options import api_url_option, env_file_only_option
from fbsync.model.errors import ExitCode

if TYPE_CHECKING:
    from pathlib import Path

    from fbsync.model.live import Workspace


@click.command()
@env_file_only_option
@api_url_option
@format_option("text", "json")
@asking_options
def workspaces(env_files: tuple[Path, ...], api_url: str | None, format_: str, **asking: Any) -> int:  # noqa: ANN401 - one for each option
    """List the workspaces that you can see, with your role in each.

    It needs a way to sign in, but no manifest. In a manifest, use the id (`workspaceId`) or the name (`workspace`).

    \b
    fbsync workspaces
    fbsync workspaces --format json
    """  # noqa: D301 - click's mark for a block to leave unwrapped
    listed = list_workspaces(env_files, api_url, Asking(**asking))
    if format_ == "json":
        from fbsync.render.document import dump, result_document

        rows = [{"name": one.name, "id": one.id, "role": one.role} for one in listed]
        terminal.out(dump(result_document("workspaces", ExitCode.DONE, workspaces=rows)))
    elif listed:
        from fbsync.render.workspace_table import workspace_table

        terminal.out(workspace_table(listed, paint=terminal.paint_for(sys.stdout)))
    else:
        terminal.say("You cannot see any workspace. Ask an administrator of your organisation for a role in one.")
    return ExitCode.DONE


def list_workspaces(env_files: tuple[Path, ...], api_url: str | None, how: Asking) -> tuple[Workspace, ...]:
    """List the workspaces that the signed-in user can see.

    Args:
        env_files: .env files.
        api_url: the server's URL, or None for the one in the variables or the default.
        how: the options for requests.

    Raises:
        FbsyncError: fbsync cannot sign in, or the call failed.
    """
    from fbsync.cli.event_loop import run_unless_signalled
    from fbsync.cli.server_session import patience_of, say_exchange, warn_of_clear_text
    from fbsync.cli.waiting import waiting_for
    from fbsync.workflow.inputs import no_inputs
    from fbsync.workflow.memberships import access, list_memberships
    from fbsync.workflow.target import Where

    server = access(no_inputs(Where(env_files=env_files), os.environ).variables, api_url)
    warn_of_clear_text(server.api_url)
    line = waiting_for(f"Asking {server.api_url} for the workspaces")
    with asyncio.Runner() as runner, line:
        work = list_memberships(server, patience_of(how), on_exchange=say_exchange(how, line))
        return run_unless_signalled(runner, work)

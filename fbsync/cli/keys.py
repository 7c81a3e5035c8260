"""``fbsync keys``: the provider keys that are stored with Flashback."""

from __future__ import annotations

import asyncio
import os
import sys
from typing import TYPE_CHECKING, Any

import click

from fbsync.cli import terminal
from fbsync.cli.mistakes import Group
from fbsync.cli.options import format_option
from fbsync.cli.server_options import Asking, asking_options
from fbsync.cli.target_options import api_url_option, env_file_only_option
from fbsync.model.errors import ExitCode

if TYPE_CHECKING:
    from pathlib import Path

    from fbsync.workflow.stored_keys import StoredKey


@click.group(cls=Group)
def keys() -> None:
    """Inspect the provider keys that are stored with Flashback.

    An entry that names one (`apiKey`) needs no secret in the pipeline. fbsync lists stored keys but never creates,
    changes or deletes them: use the vendor's console or API for that.
    """


@keys.command("list")
@click.option(
    "--workspace",
    "workspaces",
    multiple=True,
    metavar="ID",
    help="List only the keys of this workspace, by id or name; may be repeated.",
)
@env_file_only_option
@api_url_option
@format_option("text", "json")
@asking_options
def list_(
    workspaces: tuple[str, ...],
    env_files: tuple[Path, ...],
    api_url: str | None,
    format_: str,
    **asking: Any,  # noqa: ANN401 - one for each option
) -> int:
    """List the stored provider keys: workspace, id, provider, description, and how many configurations use each.

    Use the id as `apiKey` in a manifest. fbsync never shows the keys themselves.

    \b
    fbsync keys list
    fbsync keys list --workspace Research --format json
    """  # noqa: D301 - click's mark for a block to leave unwrapped
    found = _listed_keys(workspaces, env_files, api_url, Asking(**asking))
    if format_ == "json":
        from fbsync.render.document import dump, result_document

        terminal.out(dump(result_document("keys", ExitCode.DONE, keys=[_key_entry(key) for key in found])))
    elif found:
        from fbsync.render.key_table import key_table

        rows = [tuple(_key_entry(key).values()) for key in found]
        terminal.out(key_table(rows, paint=terminal.paint_for(sys.stdout)))
    else:
        terminal.say("There are no stored provider keys for AI. Create one in the vendor's console.")
    return ExitCode.DONE


def _key_entry(key: StoredKey) -> dict[str, str | int | None]:
    one = key.api_key
    return {
        "workspaceId": key.workspace_id,
        "id": one.id,
        "provider": one.provider,
        "description": one.description,
        "configurations": one.llm_count,
    }


def _listed_keys(
    workspaces: tuple[str, ...], env_files: tuple[Path, ...], api_url: str | None, how: Asking
) -> tuple[StoredKey, ...]:
    from fbsync.cli.event_loop import run_unless_signalled
    from fbsync.cli.server_session import patience_of, say_exchange, warn_of_clear_text
    from fbsync.cli.waiting import waiting_for
    from fbsync.workflow.inputs import no_inputs
    from fbsync.workflow.memberships import access
    from fbsync.workflow.stored_keys import list_stored_keys
    from fbsync.workflow.target import Where

    server = access(no_inputs(Where(env_files=env_files), os.environ).variables, api_url)
    warn_of_clear_text(server.api_url)
    line = waiting_for(f"Asking {server.api_url} for the stored keys")
    with asyncio.Runner() as runner, line:
        work = list_stored_keys(server, workspaces, patience_of(how), on_exchange=say_exchange(how, line))
        return run_unless_signalled(runner, work)

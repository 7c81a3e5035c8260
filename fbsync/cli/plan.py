"""``fbsync plan``."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import click

from fbsync.cli import terminal
from fbsync.cli.options import format_option, only_option, where_from, where_options
from fbsync.errors import ExitCode

if TYPE_CHECKING:
    from pathlib import Path


@click.command()
@where_options
@only_option
@format_option("text", "json")
@click.option("--prune", is_flag=True, help="Plan to delete what is known but no longer declared.")
@click.option("--detailed-exitcode", is_flag=True, help="Exit with 2 when changes are pending.")
def plan(
    files: tuple[Path, ...],
    environment: str | None,
    env_files: tuple[Path, ...],
    lock_file: Path | None,
    api_url: str | None,
    only: tuple[str, ...],
    format_: str,
    *,
    prune: bool,
    detailed_exitcode: bool,
) -> int:
    r"""Shows what apply would do, compared with the lockfile: no token, no network, no secret needed.

    \b
    fbsync plan
    fbsync plan -e staging --detailed-exitcode
    """
    from fbsync.project import load, read_inputs

    where = where_from(files=files, environment=environment, env_files=env_files, lock_file=lock_file, api_url=api_url)
    project = load(read_inputs(where, os.environ), online=False)
    made, _ = project.plan(prune=prune, only=only)
    code = ExitCode.PENDING if detailed_exitcode and not made.is_empty else ExitCode.DONE
    if format_ == "json":
        from fbsync.render.document import dump, plan_document

        terminal.out(dump(plan_document(made, code, environment=environment, api_url=project.known.api_url)))
    else:
        from fbsync.render.plan_text import plan_text

        terminal.report_warnings(project.manifest.findings)
        if project.open_intents:
            terminal.say(terminal.open_intents_note(len(project.open_intents)))
        compared = project.comparison(refreshed=False)
        terminal.out(plan_text(made, paint=terminal.paint_for(sys.stdout), compared=compared))
    return code

"""``fbsync drift``."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

import click

from fbsync.cli import terminal
from fbsync.cli.options import format_option, only_option, where_from, where_options
from fbsync.cli.server_options import Asking, ask_server, asking_options
from fbsync.cli.store import readable
from fbsync.model.errors import ExitCode

if TYPE_CHECKING:
    from pathlib import Path

    from fbsync.planning.drift import Drift
    from fbsync.workflow.project import Project


@click.command()
@where_options
@only_option
@format_option("text", "json", "html")
@asking_options
def drift(
    files: tuple[Path, ...],
    environment: str | None,
    env_files: tuple[Path, ...],
    lock_file: Path | None,
    api_url: str | None,
    only: tuple[str, ...],
    format_: str,
    **asking: Any,  # noqa: ANN401 - one an option
) -> int:
    """Shows where the server differs from what is known, and what it holds beside that; changes nothing.

    It needs a token, and no credential: the server never shows those, so they are not compared.

    Drift is what was changed, deleted or replaced outside of fbsync; the exit code is then 2. Configurations
    that are not known are named as well, and alone are no drift: unmanaged ones, which are not declared
    either, and declared ones that an apply would have to adopt.

    \b
    fbsync drift
    fbsync drift -e staging --format json
    """  # noqa: D301 - click's mark for lines to be kept
    from fbsync.workflow.comparison import compared_with, drift_of
    from fbsync.workflow.project import read_project

    where = where_from(files=files, environment=environment, env_files=env_files, lock_file=lock_file, api_url=api_url)
    project = read_project(readable(where), os.environ, online=True)
    project, live = ask_server(project, Asking(**asking), all_or_nothing=True)
    found = drift_of(project, live, only=only)
    code = ExitCode.PENDING if found.is_found else ExitCode.DONE
    if format_ != "json":
        warnings = project.manifest.warnings_in(project.where.environment, project.variables)
        terminal.report_warnings(warnings, verbose=bool(asking["verbose"]))
        if project.open_intents:
            terminal.say(terminal.open_intents_note(len(project.open_intents)))
    terminal.out(_rendered(format_, project, found, compared_with(project, live), code))
    return code


def _rendered(format_: str, project: Project, found: Drift, compared: str, code: ExitCode) -> str:
    if format_ == "json":
        from fbsync.render.document import dump, result_document
        from fbsync.render.drift_text import summary
        from fbsync.render.known_document import drift_part

        part = drift_part(found, api_url=project.api_url)
        return dump(result_document("drift", code, summary=summary(found), drift=part))
    compared = f"{compared} Credentials are not compared: the server never shows them."
    if format_ == "html":
        from fbsync.render.drift_html import drift_html

        return drift_html(found, environment=project.where.environment, compared=compared)
    from fbsync.render.drift_text import drift_text

    return drift_text(found, paint=terminal.paint_for(sys.stdout), compared=compared)

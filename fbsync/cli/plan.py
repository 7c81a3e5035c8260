"""``fbsync plan``."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fbsync.cli import terminal
from fbsync.cli.options import assume_secrets_option, format_option, only_option, where_from, where_options
from fbsync.cli.server_options import Asking, ask_server, asking_options
from fbsync.model.errors import ExitCode

if TYPE_CHECKING:
    from fbsync.model.changes import Plan
    from fbsync.workflow.project import Project


@click.command()
@where_options
@only_option
@format_option("text", "json", "markdown", "html")
@click.option(
    "--max-chars",
    type=click.IntRange(min=120),
    default=60_000,
    show_default=True,
    help="How long --format markdown may become; it leaves out whole entries then.",
)
@click.option(
    "--all-environments", is_flag=True, help="One page over the list itself and all environments, with --format html."
)
@click.option("--refresh", is_flag=True, help="Compare with the server, too. This needs a token.")
@asking_options
@assume_secrets_option
@click.option("--prune", is_flag=True, help="Plan to delete what is known but no longer declared.")
@click.option("--detailed-exitcode", is_flag=True, help="Exit with 2 when changes are pending.")
@click.option("--out", type=click.Path(path_type=Path), metavar="FILE", help="Save the plan, for `fbsync apply FILE`.")
def plan(
    files: tuple[Path, ...],
    environment: str | None,
    env_files: tuple[Path, ...],
    lock_file: Path | None,
    api_url: str | None,
    only: tuple[str, ...],
    format_: str,
    *,
    max_chars: int,
    all_environments: bool,
    refresh: bool,
    prune: bool,
    assume_secrets: bool,
    detailed_exitcode: bool,
    out: Path | None,
    **asking: Any,  # noqa: ANN401 - one an option
) -> int:
    """Shows what apply would do, compared with the lockfile: no token, no network, no secret needed.

    With --refresh the server is asked as well, as apply does it; --timeout, --retry-timeout and -v are for that.

    \b
    fbsync plan
    fbsync plan --refresh
    fbsync plan -e staging --detailed-exitcode
    fbsync plan --out reviewed.json
    fbsync plan --all-environments --format html > state.html
    """  # noqa: D301 - click's mark for a block to leave as it is
    from fbsync.workflow.project import read_project

    where = where_from(files=files, environment=environment, env_files=env_files, lock_file=lock_file, api_url=api_url)
    if all_environments:
        from fbsync.cli.plan_environments import plan_all

        if format_ != "html" or environment or lock_file or out:
            raise click.UsageError("--all-environments goes with --format html, and without -e, --lock-file and --out")
        how = Asking(**asking) if refresh else None
        return plan_all(where, how, prune=prune, only=only, detailed_exitcode=detailed_exitcode)
    project = read_project(where, os.environ, online=refresh)
    # Other threads stretch credentials until the comparison: what comes after it is loaded meanwhile.
    from fbsync.workflow.comparison import compared_with
    from fbsync.workflow.proposal import propose

    if format_ == "text":
        import fbsync.render.plan_text  # noqa: F401
    live = None
    if refresh:
        project, live = ask_server(project, Asking(**asking))
    made = propose(project, live, prune=prune, only=only, assume_secrets=assume_secrets).plan
    code = ExitCode.PENDING if detailed_exitcode and not made.is_empty else ExitCode.DONE
    if out is not None:
        _save(out, project, made, prune=prune, only=only)
    if format_ != "json":
        terminal.report_warnings(project.manifest.findings_in(project.where.environment))
        if project.open_intents:
            terminal.say(terminal.open_intents_note(len(project.open_intents)))
    terminal.out(_rendered(format_, project, made, compared_with(project, live), code, max_chars))
    return code


def _rendered(format_: str, project: Project, plan: Plan, compared: str, code: ExitCode, max_chars: int) -> str:
    environment = project.where.environment
    match format_:
        case "markdown":
            from fbsync.render.plan_markdown import plan_markdown

            return plan_markdown(plan, environment=environment, compared=compared, max_chars=max_chars)
        case "html":
            from fbsync.render.plan_html import plan_html

            return plan_html(plan, environment=environment, compared=compared)
        case "json":
            from fbsync.render.document import dump

            return dump(_document(project, plan, code))
        case _:
            from fbsync.render.plan_text import plan_text

            return plan_text(
                plan, paint=terminal.paint_for(sys.stdout), compared=compared, width=terminal.width_of(sys.stdout)
            )


def _document(project: Project, plan: Plan, code: ExitCode) -> dict[str, Any]:
    from fbsync.render.document import plan_document

    return plan_document(plan, code, environment=project.where.environment, api_url=project.known.api_url)


def _save(path: Path, project: Project, plan: Plan, *, prune: bool, only: tuple[str, ...]) -> None:
    from fbsync.workflow.saved_plan import save_plan

    where = project.where
    how = {
        "files": [str(file) for file in where.files],
        "lock_file": None if where.lock_file is None else str(where.lock_file),
        "only": list(only),
        "prune": prune,
    }
    save_plan(path, plan, _document(project, plan, ExitCode.DONE), how, project.fingerprints)

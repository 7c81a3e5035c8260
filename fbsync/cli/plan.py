"""``fbsync plan``."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fbsync.cli import terminal
from fbsync.cli.options import assume_secrets_option, format_option, only_option, where_from, where_options
from fbsync.cli.plan_output import FORMATS, max_chars_option, print_plan
from fbsync.cli.server_options import Asking, ask_server, asking_options
from fbsync.cli.store import readable
from fbsync.model.errors import ExitCode

if TYPE_CHECKING:
    from fbsync.render.document import Json
    from fbsync.workflow.proposal import Proposal


@click.command()
@where_options
@only_option
@format_option(*FORMATS)
@max_chars_option
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
    project = read_project(readable(where), os.environ, online=refresh)
    # Other threads stretch credentials until the comparison: what comes after it is loaded meanwhile.
    from fbsync.workflow.plan_report import document_of
    from fbsync.workflow.proposal import propose

    if format_ == "text":
        import fbsync.render.plan_text  # noqa: F401
    live = None
    if refresh:
        project, live = ask_server(project, Asking(**asking))
    proposal = propose(project, live, prune=prune, only=only, assume_secrets=assume_secrets)
    code = ExitCode.PENDING if detailed_exitcode and not proposal.plan.is_empty else ExitCode.DONE
    document = document_of(proposal, code)
    if out is not None:
        _save(out, proposal, document, prune=prune, only=only)
    if format_ != "json":
        warnings = project.manifest.warnings_in(project.where.environment, project.variables)
        terminal.report_warnings(warnings, verbose=bool(asking["verbose"]))
    print_plan(document, format_, max_chars=max_chars, verbose=bool(asking["verbose"]))
    return code


def _save(path: Path, proposal: Proposal, document: Json, *, prune: bool, only: tuple[str, ...]) -> None:
    from fbsync.workflow.saved_plan import save_plan

    where = proposal.project.where
    how = {
        "files": [str(file) for file in where.files],
        "lock_file": None if where.lock_file is None or where.store else str(where.lock_file),
        "state": where.state,
        "only": list(only),
        "prune": prune,
    }
    save_plan(path, proposal.plan, document, how, proposal.project.fingerprints)

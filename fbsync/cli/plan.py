"""``fbsync plan``."""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fbsync.cli import terminal
from fbsync.cli.options import (
    all_environments_option,
    assume_secrets_option,
    format_option,
    guard_options,
    max_age_option,
    only_option,
    strict_option,
    verify_first_option,
)
from fbsync.cli.plan_output import FORMATS, max_chars_option, print_plan
from fbsync.cli.server_options import Asking, asking_options, grouped
from fbsync.cli.store import readable
from fbsync.cli.target_options import TargetOptions, where_options
from fbsync.model.errors import ExitCode

if TYPE_CHECKING:
    from fbsync.model.findings import Finding
    from fbsync.model.live import Live
    from fbsync.planning.allowed import Allowed
    from fbsync.render.document import Json
    from fbsync.workflow.project import Project
    from fbsync.workflow.proposal import Proposal
    from fbsync.workflow.target import Where


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanOptions:
    """The options of ``fbsync plan``."""

    refresh: bool
    prune: bool
    only: tuple[str, ...]
    assume_secrets: bool
    resend_secrets: bool
    verify_first: bool
    detailed_exitcode: bool
    max_age: int | None
    strict: bool
    allowed: Allowed
    asking: Asking


@click.command()
@where_options
@only_option
@format_option(*FORMATS)
@max_chars_option
@all_environments_option
@click.option("--refresh", is_flag=True, help="Compare with the server too; needs a token.")
@asking_options
@guard_options
@assume_secrets_option
@click.option("--resend-secrets", is_flag=True, help="Plan to resend all credentials, even unchanged ones.")
@verify_first_option
@click.option("--prune", is_flag=True, help="Plan to delete configurations that are no longer declared.")
@max_age_option
@strict_option
@click.option("--detailed-exitcode", is_flag=True, help="Exit with 2 if changes are pending.")
@click.option("--out", type=click.Path(path_type=Path), metavar="FILE", help="Save the plan for `fbsync apply FILE`.")
def plan(
    target: TargetOptions,
    format_: str,
    *,
    max_chars: int,
    all_environments: bool,
    out: Path | None,
    **given: Any,  # noqa: ANN401 - one for each option
) -> int:
    """Preview what apply would change, compared with the lockfile. It needs no token, network or secret.

    If apply would refuse the plan with the same options, the output says why and the exit code is 8.

    With --refresh, it also compares with the server, as apply does; --timeout and --retry-timeout apply to that. With
    -v, it shows each request, and every variable whose credential could not be compared.

    With --max-credential-age or the manifest's maxCredentialAge, it warns of credentials that were last sent longer
    ago. With --strict, a warning makes the exit code 3.

    \b
    fbsync plan
    fbsync plan --refresh
    fbsync plan -e staging --detailed-exitcode
    fbsync plan --out reviewed.json
    fbsync plan --all-environments --format html > state.html
    """  # noqa: D301 - click's mark for a block to leave unwrapped
    where = target.where()
    how = PlanOptions(**grouped(given))
    if all_environments:
        if target.environment or target.lock_file or out:
            raise click.UsageError("--all-environments cannot be combined with -e, --lock-file or --out")
        return _plan_all(where, how, format_, max_chars)
    proposal = _proposal(where, how, format_)
    document = _plan_document(proposal, how)
    if out is not None:
        _save(out, proposal, document, how)
    verbose = bool(how.asking.verbose)
    print_plan(document, format_, max_chars=max_chars, verbose=verbose)
    if format_ != "json":
        # Warnings come after the plan: on a terminal, people read what was printed last.
        project = proposal.project
        terminal.report_warnings(project.manifest.warnings_in(where.environment, project.variables), verbose=verbose)
    return int(document["exit_code"])


def _proposal(where: Where, how: PlanOptions, format_: str) -> Proposal:
    """Plan for one environment."""
    from fbsync.calendar import today
    from fbsync.model.ages import Ages
    from fbsync.workflow.project import read_project

    place = readable(where)
    with terminal.waits("Reading the manifest"):
        project = read_project(place, os.environ, online=how.refresh)
    # Until the comparison, other threads stretch credentials. Meanwhile, load the modules for the output.
    from fbsync.workflow.proposal import propose

    if format_ == "text":
        import fbsync.render.plan_text  # noqa: F401

    def proposed(project: Project, live: Live | None) -> Proposal:
        with terminal.waits("Comparing with the known state"):
            return propose(
                project,
                live,
                prune=how.prune,
                only=how.only,
                assume_secrets=how.assume_secrets,
                resend_secrets=how.resend_secrets,
                ages=Ages(today=today(), most=how.max_age),
                verify_first=how.verify_first,
            )

    if not how.refresh:
        return proposed(project, None)
    from fbsync.cli.server_session import asked

    with asked(project, how.asking) as (connection, live):
        return connection.with_usage(proposed(connection.project, live))


def _plan_document(proposal: Proposal, how: PlanOptions) -> Json:
    """Build the plan's document, with the reasons why apply would refuse it, and the exit code."""
    from fbsync.workflow.plan_report import document_of
    from fbsync.workflow.proposal import refusals_of

    refusals = refusals_of(proposal, how.allowed)
    return document_of(proposal, _code(proposal, how, is_refused=bool(refusals)), refusals=refusals)


def _code(proposal: Proposal, how: PlanOptions, *, is_refused: bool) -> ExitCode:
    """The exit code of the most serious reason."""
    if is_refused:
        return ExitCode.GUARD_REFUSED
    project = proposal.project
    if how.strict and (
        proposal.plan.warnings or project.manifest.warnings_in(project.where.environment, project.variables)
    ):
        return ExitCode.INVALID_INPUT
    return ExitCode.PENDING if how.detailed_exitcode and not proposal.plan.is_empty else ExitCode.DONE


def _plan_all(where: Where, how: PlanOptions, format_: str, max_chars: int) -> int:
    from fbsync.cli.all_environments import in_each
    from fbsync.cli.plan_output import print_plans

    warnings: dict[Finding, None] = {}

    def planned(where: Where) -> Json:
        proposal = _proposal(where, how, format_)
        project = proposal.project
        warnings.update(dict.fromkeys(project.manifest.warnings_in(where.environment, project.variables)))
        return _plan_document(proposal, how)

    results = in_each(where, planned, quiet=format_ == "json")
    code = results.exit_code(ExitCode(max((document["exit_code"] for _, document in results.done), default=0)))
    verbose = bool(how.asking.verbose)
    print_plans(results, format_, code, max_chars=max_chars, verbose=verbose)
    if format_ != "json":
        terminal.report_warnings(warnings, verbose=verbose)
    return code


def _save(path: Path, proposal: Proposal, document: Json, options: PlanOptions) -> None:
    from fbsync.workflow.saved_plan import save_plan

    where = proposal.project.where
    how = {
        "files": [str(file) for file in where.files],
        "lock_file": None if where.lock_file is None or where.store else str(where.lock_file),
        "state": where.state,
        "only": list(options.only),
        "prune": options.prune,
        "assume_secrets": options.assume_secrets,
        "resend_secrets": options.resend_secrets,
        "verify_first": options.verify_first,
        "allowed": asdict(options.allowed),
    }
    save_plan(path, proposal.plan, document, how, proposal.project.fingerprints)

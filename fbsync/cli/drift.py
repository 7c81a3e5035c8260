"""``fbsync drift``."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import click

from fbsync.cli import terminal
from fbsync.cli.all_environments import Results, in_each
from fbsync.cli.drift_output import accepted_rendered, drift_rendered, drifts_rendered
from fbsync.cli.options import all_environments_option, format_option, max_age_option, only_option, strict_option
from fbsync.cli.plan_output import max_chars_option
from fbsync.cli.server_options import Asking, asking_options
from fbsync.cli.store import readable
from fbsync.cli.target_options import TargetOptions, where_options
from fbsync.model.errors import ExitCode
from fbsync.planning.drift import ChangedOutside, DeletedOutside, ReplacedOutside

if TYPE_CHECKING:
    from fbsync.model.findings import Finding
    from fbsync.render.drift_found import DriftFound
    from fbsync.workflow.project import Project
    from fbsync.workflow.target import Where


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftOptions:
    """The options of ``fbsync drift``."""

    only: tuple[str, ...]
    max_age: int | None
    strict: bool
    asking: Asking


@dataclass(frozen=True, slots=True, kw_only=True)
class _Compared:
    """The project that was compared, the drift, and the resulting exit code."""

    project: Project
    found: DriftFound
    warnings: tuple[Finding, ...]
    exit_code: ExitCode


@click.command()
@where_options
@only_option
@format_option("text", "json", "markdown", "html")
@max_chars_option
@all_environments_option
@click.option(
    "--accept",
    multiple=True,
    metavar="NAME",
    help="Write this entry's values on the server into the manifest; may be a pattern, may be repeated.",
)
@max_age_option
@strict_option
@asking_options
def drift(
    target: TargetOptions,
    only: tuple[str, ...],
    format_: str,
    *,
    max_chars: int,
    all_environments: bool,
    accept: tuple[str, ...],
    max_age: int | None,
    strict: bool,
    **asking: Any,  # noqa: ANN401 - one for each option
) -> int:
    """Show what changed on the server outside fbsync, and what is unmanaged there; change nothing.

    It needs a token but no credentials: the server never shows those, so they are not compared. It does show the
    stored key that a configuration uses.

    Drift is what was changed, deleted or replaced outside fbsync; the exit code is then 2. For each it shows what
    undoes it and what keeps it. Configurations that are not in the lockfile are listed too, but are not drift:
    unmanaged ones, which are not declared either, and declared ones that an apply would have to adopt.

    With --accept, the manifest takes over what the server has: changed values, a key that is gone, the removal of an
    entry that was deleted. It then shows the apply that records this.

    With --max-credential-age or the manifest's maxCredentialAge, it warns of credentials that were last sent longer
    ago; with --strict, a warning makes the exit code 3.

    \b
    fbsync drift
    fbsync drift -e staging --format json
    fbsync drift --all-environments --format markdown > issue.md
    fbsync drift --max-credential-age 90d --strict
    fbsync drift --accept "Production OpenAI"
    """  # noqa: D301 - click's mark for a block to leave unwrapped
    where = target.where()
    how = DriftOptions(only=only, max_age=max_age, strict=strict, asking=Asking(**asking))
    if all_environments:
        if target.environment or target.lock_file or accept:
            raise click.UsageError("--all-environments cannot be combined with -e, --lock-file or --accept")
        return _drift_all(where, how, format_, max_chars)
    if accept:
        return _accept(where, how, accept, format_)
    compared = _compare(where, how, quiet=format_ == "json")
    terminal.out(drift_rendered(compared.found, format_, compared.exit_code, max_chars=max_chars))
    return compared.exit_code


def _drift_all(where: Where, how: DriftOptions, format_: str, max_chars: int) -> int:
    quiet = format_ == "json"
    compared = in_each(where, lambda where: _compare(where, how, quiet=True), quiet=quiet)
    if not quiet:
        warnings = dict.fromkeys(warning for _, one in compared.done for warning in one.warnings)
        terminal.report_warnings(warnings, verbose=bool(how.asking.verbose))
    codes = {environment: one.exit_code for environment, one in compared.done}
    results = Results(
        done=tuple((environment, one.found) for environment, one in compared.done), failed=compared.failed
    )
    code = results.exit_code(max(codes.values(), default=ExitCode.DONE))
    terminal.out(
        drifts_rendered(results, format_, code, code_of=lambda found: codes[found.environment], max_chars=max_chars)
    )
    return code


def _compare(where: Where, how: DriftOptions, *, quiet: bool) -> _Compared:
    """Ask the server, and compare the known state with its list."""
    from fbsync.calendar import today
    from fbsync.model.ages import Ages
    from fbsync.render.drift_found import DriftFound
    from fbsync.workflow.accept import kept_by_hand
    from fbsync.workflow.comparison import compared_with, declared_entries, drift_of
    from fbsync.workflow.known_credentials import known_credentials
    from fbsync.workflow.project import read_project
    from fbsync.workflow.taken_over import taken_over

    project = read_project(readable(where), os.environ, online=True)
    from fbsync.cli.server_session import ask_server

    project, live = ask_server(project, how.asking, all_or_nothing=True)
    drift = drift_of(project, live, only=how.only)
    credentials = known_credentials(project, live, Ages(today=today(), most=how.max_age), only=how.only)
    warnings = tuple(project.manifest.warnings_in(where.environment, project.variables))
    if not quiet:
        terminal.report_warnings(warnings, verbose=bool(how.asking.verbose))
        if project.open_intents:
            terminal.say(terminal.open_intents_note(project.open_intents))
    found = DriftFound(
        environment=where.environment,
        api_url=project.api_url,
        compared=compared_with(project, live),
        declared={known: llm.name for known, llm in declared_entries(project, project.known.llms).items()},
        drift=drift,
        by_hand=kept_by_hand(project, drift),
        taken_over=taken_over(project, drift),
        ages=credentials.ages,
        warnings=credentials.too_old,
        has_stored_keys=credentials.has_stored_keys,
    )
    code = ExitCode.PENDING if drift.is_found else ExitCode.DONE
    if how.strict and (warnings or credentials.too_old):
        code = ExitCode.INVALID_INPUT
    return _Compared(project=project, found=found, warnings=warnings, exit_code=code)


def _accept(where: Where, how: DriftOptions, names: tuple[str, ...], format_: str) -> int:
    """Write the server's values into the manifest. The next apply records them."""
    from fbsync.cli.write_once import add_to
    from fbsync.workflow.accept import accept

    if format_ not in ("text", "json"):
        raise click.UsageError("--accept works only with --format text or json")
    compared = _compare(where, replace(how, only=()), quiet=format_ == "json")
    drift = compared.found.drift
    accepted = accept(compared.project, drift, names)
    for path, text in accepted.texts:
        add_to(path, lambda _, text=text: text)  # type: ignore[misc]
    rest = len({item.identity for item in accepted.values})
    drifted = drift.count(ChangedOutside, DeletedOutside, ReplacedOutside)
    code = ExitCode.PENDING if drifted > rest else ExitCode.DONE
    terminal.out(accepted_rendered(accepted, code, format_, environment=where.environment))
    return code

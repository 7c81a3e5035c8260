"""``fbsync apply``."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fbsync.cli import terminal
from fbsync.cli.options import (
    assume_secrets_option,
    format_option,
    guard_options,
    lock_timeout_option,
    max_age_option,
    only_option,
    parallelism_option,
    record_options,
    verify_first_option,
    yes_option,
)
from fbsync.cli.server_options import asking_options, grouped
from fbsync.cli.target_options import TargetOptions, where_options

if TYPE_CHECKING:
    from fbsync.cli.events import ResultFile
    from fbsync.workflow.saved_plan import SavedPlan
    from fbsync.workflow.shared_state import SharedState
    from fbsync.workflow.target import Where


@click.command()
@click.argument("saved_plan", type=click.Path(path_type=Path), required=False, metavar="[PLAN]")
@where_options
@only_option
@format_option("text", "json")
@yes_option
@parallelism_option
@asking_options
@lock_timeout_option
@click.option("--no-refresh", is_flag=True, help="Use only the lockfile; do not check the server first.")
@guard_options
@assume_secrets_option
@click.option("--resend-secrets", is_flag=True, help="Resend all credentials, even unchanged ones.")
@max_age_option
@verify_first_option
@click.option("--prune", is_flag=True, help="Delete configurations that are no longer declared.")
@click.option(
    "--verify", is_flag=True, help="Verify new and changed credentials with their providers; this may be billed."
)
@record_options
def apply(target: TargetOptions, format_: str, result: Path | None, **given: Any) -> int:  # noqa: ANN401 - one for each option
    """Apply the manifest to the server: plan, confirm, then make the changes.

    With PLAN, a file that `fbsync plan --out` wrote, it makes the reviewed changes and no others: it plans again, and
    refuses (exit code 6) if the new plan differs. Without a terminal, it does not ask.

    The token comes from the environment: FLASHBACK_TOKEN, or FLASHBACK_REFRESH_TOKEN, or FLASHBACK_EMAIL
    with FLASHBACK_PASSWORD.

    \b
    fbsync apply
    fbsync apply -e staging --yes
    fbsync apply --only "Production OpenAI"
    fbsync plan --out reviewed.json && fbsync apply reviewed.json
    """  # noqa: D301 - click's mark for a block to leave unwrapped
    from fbsync.cli.events import ResultFile

    with ResultFile("apply", result, target.environment) as kept:
        return _apply(kept, target=target, json=format_ == "json", result=result, **given)


def _apply(
    kept: ResultFile,
    *,
    saved_plan: Path | None,
    target: TargetOptions,
    lock_timeout: float,
    **how: Any,  # noqa: ANN401 - the other options of a run
) -> int:
    from fbsync.cli.apply_options import ApplyOptions
    from fbsync.cli.apply_run import Applying
    from fbsync.cli.store import carried_out
    from fbsync.workflow.inputs import read_inputs
    from fbsync.workflow.project import load_project

    where = target.where()
    saved = None
    if saved_plan is not None:
        from fbsync.workflow.saved_plan import read_saved_plan

        _refuse_beside_a_plan(
            files=target.files,
            environment=target.environment,
            lock_file=target.lock_file,
            only=how["only"],
            prune=how["prune"],
            no_refresh=how["no_refresh"],
        )
        saved = read_saved_plan(saved_plan)
        where = replace(
            where, files=saved.files, environment=saved.environment, lock_file=saved.lock_file, state=saved.state
        )
        how |= _saved_options(saved, how)
        kept.environment = saved.environment
    with terminal.waits("Reading the manifest"):
        inputs = read_inputs(where, os.environ)
    terminal.report_warnings(
        inputs.manifest.warnings_in(where.environment, inputs.variables), verbose=bool(how["verbose"])
    )

    def work(place: Where, shared: SharedState | None) -> int:
        project = load_project(
            replace(inputs, where=place), online=True, parameters=saved.fingerprints if saved else None
        )
        return Applying(project, ApplyOptions(**grouped(how)), saved, shared).run()

    return carried_out(work, where, lock_timeout=lock_timeout)


def _saved_options(saved: SavedPlan, given: dict[str, Any]) -> dict[str, Any]:
    """The options of the saved plan, as options of this run. Either may allow what a guard would refuse."""
    from fbsync.planning.allowed import MAX_DELETES

    flags = ("adopt", "recreate", "host_change")
    limit = given["max_deletes"] if given["max_deletes"] != MAX_DELETES else saved.allowed.max_deletes
    return {
        "only": saved.only,
        "prune": saved.prune,
        "assume_secrets": saved.assume_secrets or given["assume_secrets"],
        "resend_secrets": saved.resend_secrets or given["resend_secrets"],
        "verify_first": saved.verify_first or given["verify_first"],
        "max_deletes": limit,
        **{flag: getattr(saved.allowed, flag) or given[flag] for flag in flags},
    }


def _refuse_beside_a_plan(**given: object) -> None:
    """Refuse options that a saved plan already has.

    Raises:
        click.UsageError: such an option was given.
    """
    if beside := [f"--{name.replace('_', '-').removesuffix('s')}" for name, value in given.items() if value]:
        raise click.UsageError(f"a saved plan already has these options: leave out {', '.join(beside)}")

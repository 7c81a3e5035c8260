"""``fbsync destroy``."""

from __future__ import annotations

import os
import shlex
from typing import TYPE_CHECKING, Any

import click

from fbsync.cli import terminal
from fbsync.cli.options import (
    format_option,
    lock_timeout_option,
    max_deletes_option,
    only_option,
    parallelism_option,
    record_options,
    yes_option,
)
from fbsync.cli.server_options import asking_options, grouped
from fbsync.cli.target_options import TargetOptions, where_options
from fbsync.model.errors import ExitCode, FbsyncError
from fbsync.render.paint import visible

if TYPE_CHECKING:
    from pathlib import Path

    from fbsync.workflow.shared_state import SharedState
    from fbsync.workflow.target import Where


@click.command()
@where_options
@only_option
@format_option("text", "json")
@yes_option
@parallelism_option
@asking_options
@lock_timeout_option
@max_deletes_option("100%")
@click.option(
    "--allow-gone",
    "recreate",
    is_flag=True,
    help="Allow a workspace of which the server lists none: its configurations count as deleted.",
)
@record_options
def destroy(target: TargetOptions, format_: str, result: Path | None, **given: Any) -> int:  # noqa: ANN401 - one for each option
    """Delete everything that fbsync manages in an environment, then its lockfile.

    Only the known state counts: the manifest is not read and need not exist any more. Configurations that fbsync
    does not know stay. It shows the plan, asks for confirmation, and refuses (exit code 8) if an entry is protected.
    It needs a way to sign in but no credentials. If the known state is empty, it does nothing and exits with 0.

    \b
    fbsync destroy -e pr-123
    fbsync destroy -e pr-123 --yes --result destroyed.json
    """  # noqa: D301 - click's mark for a block to leave unwrapped
    from fbsync.cli.events import ResultFile

    with ResultFile("destroy", result, target.environment):
        return _destroy(target=target, json=format_ == "json", result=result, **given)


def _destroy(
    *,
    target: TargetOptions,
    lock_timeout: float,
    **how: Any,  # noqa: ANN401 - the other options of a run
) -> int:
    from fbsync.cli.apply_options import ApplyOptions
    from fbsync.cli.apply_run import Applying
    from fbsync.cli.store import carried_out
    from fbsync.workflow.inputs import no_inputs
    from fbsync.workflow.project import load_project

    where = target.where()
    options = ApplyOptions(
        **grouped(how),
        no_refresh=False,
        resend_secrets=False,
        verify_first=False,
        assume_secrets=False,
        prune=True,
        verify=False,
        destroy=True,
    )

    def work(place: Where, shared: SharedState | None) -> int:
        project = load_project(no_inputs(place, os.environ), online=True)
        if not project.known.llms and not project.open_intents:
            is_missing = project.on_disk is None and shared is None
            terminal.say(
                f"There is nothing to destroy: {place.known_in} {'does not exist' if is_missing else 'is empty'}."
            )
        code = Applying(project, options, None, shared).run()
        if code == ExitCode.DONE and _is_empty(place):
            if shared is None:
                _remove_lockfile(where)
            else:
                terminal.say(_how_to_remove(place))
        return code

    return carried_out(work, where, lock_timeout=lock_timeout)


def _is_empty(where: Where) -> bool:
    """Whether there is a lockfile without entries, and no journal."""
    from fbsync.state.lockfile import journal_path, read_lockfile

    known = read_lockfile(where.lock_path)
    return known is not None and not known.llms and not journal_path(where.lock_path).exists()


def _how_to_remove(where: Where) -> str:
    """Say how to remove the empty state from a store. It stays, since the user may want its history."""
    chosen = "" if where.environment is None else f" -e {shlex.quote(where.environment)}"
    return visible(f"The empty state stays in {where.known_in}: `fbsync state remove{chosen}` removes it.")


def _remove_lockfile(where: Where) -> None:
    """Remove the lockfile of an environment that has no known entries any more.

    Raises:
        FbsyncError: the operating system refused.
    """
    try:
        where.lock_path.unlink()
    except OSError as error:
        raise FbsyncError(
            f"everything is deleted, but {where.lock_path} cannot be removed: {error.strerror}",
            hint="remove it by hand: it is empty",
        ) from error

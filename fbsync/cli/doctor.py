"""``fbsync doctor``."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

import click

from fbsync.cli import terminal
from fbsync.cli.options import format_option
from fbsync.cli.server_options import Asking, asking_options
from fbsync.cli.target_options import TargetOptions, where_options
from fbsync.render.paint import visible

if TYPE_CHECKING:
    from fbsync.doctor.checks import Check
    from fbsync.workflow.target import Where


@click.command()
@where_options
@format_option("text", "json")
@asking_options
def doctor(
    target: TargetOptions,
    format_: str,
    **asking: Any,  # noqa: ANN401 - one for each option
) -> int:
    """Check everything that a run depends on: files, variables, the connection to the server, signing in, roles.

    It changes nothing. It does not try a refresh token, which may be valid only once. Values are
    never shown. The exit code is 3 for invalid input, 4 for a problem with signing in or a role, and 1 for
    any other problem; warnings leave it at 0.

    \b
    fbsync doctor
    fbsync doctor -e staging --ca-file company-ca.pem
    """  # noqa: D301 - click's mark for a block to leave unwrapped
    import asyncio

    from fbsync.cli.event_loop import run_unless_signalled
    from fbsync.doctor.checks import exit_code_of_checks

    where = target.where()
    with terminal.waits("Checking the store of the known state"):
        store, where = _store_checked(where)
    with asyncio.Runner() as runner, terminal.waits("Checking files, server and roles"):
        checks = (*store, *run_unless_signalled(runner, _checked(where, Asking(**asking))))
    code = exit_code_of_checks(checks)
    if format_ == "json":
        from fbsync.render.document import dump, result_document

        terminal.out(dump(result_document("doctor", code, checks=[_check_entry(check) for check in checks])))
    else:
        terminal.out(_checks_text(checks))
    return code


def _store_checked(where: Where) -> tuple[tuple[Check, ...], Where]:
    """Check the store of the known state. Return the checks, and the target with a copy of a readable state."""
    from fbsync.cli.store import readable
    from fbsync.model.errors import FbsyncError

    if not where.is_shared:
        return (), where
    from fbsync.doctor.store_checkup import check_store

    checks = check_store(where, os.environ)
    try:
        return checks, readable(where)
    except FbsyncError:
        return checks, where


async def _checked(where: Where, how: Asking) -> tuple[Check, ...]:
    from fbsync.doctor.checks import problem
    from fbsync.doctor.checkup import check_files
    from fbsync.doctor.server import Way, check_server
    from fbsync.model.errors import FbsyncError
    from fbsync.settings import DEFAULT_API_URL, check_api_url

    found, inputs, project = check_files(where, os.environ)
    given = where.api_url or (inputs.variables.text("FLASHBACK_API_URL") if inputs is not None else None)
    try:
        way = Way(api_url=check_api_url(given or DEFAULT_API_URL), timeout=how.timeout, ca_file=how.ca_file)
        return (*found, *await check_server(way, inputs, project))
    except FbsyncError as error:
        return (*found, problem("server", error))


def _check_entry(check: Check) -> dict[str, object]:
    return {"what": check.what, "health": check.health.value, "detail": check.detail, "remedy": check.remedy}


def _checks_text(checks: tuple[Check, ...]) -> str:
    from fbsync.doctor.checks import Health

    paint = terminal.paint_for(sys.stdout)
    colours = {Health.OK: paint.green, Health.WARNING: paint.yellow, Health.PROBLEM: paint.red}
    width = max(len(health.value) for health in Health)
    lines = []
    for check in checks:
        word = check.health.value.replace("_", " ").ljust(width)
        colour = colours.get(check.health)
        lines.append(f"{colour(word) if colour else word}  {paint.bold(visible(check.what))}: {visible(check.detail)}")
        if check.remedy:
            lines.append(f"{'':<{width}}  {paint.cyan('fix:')} {visible(check.remedy)}")
    counts = [(health, sum(check.health is health for check in checks)) for health in Health]
    said = [f"{number} {health.value.replace('_', ' ')}" for health, number in counts if number]
    return "\n".join([*lines, paint.bold(", ".join(said)), ""])

"""``fbsync apply``."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from fbsync.cli import terminal
from fbsync.cli.options import format_option, only_option, where_from, where_options

if TYPE_CHECKING:
    from pathlib import Path


def _max_deletes(_context: click.Context, _parameter: click.Parameter, value: str) -> str:
    from fbsync.guards import delete_limit

    try:
        delete_limit(value, 0)
    except ValueError:
        raise click.BadParameter(f"{value!r} is neither a number nor a percentage such as 10%") from None
    return value


@click.command()
@where_options
@only_option
@format_option("text", "json")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--parallelism", type=click.IntRange(min=1), default=8, show_default=True, help="Requests at a time.")
@click.option(
    "--timeout",
    type=click.FloatRange(min=0, min_open=True),
    default=60.0,
    show_default=True,
    metavar="SECONDS",
    help="How long an answer may take.",
)
@click.option(
    "--retry-timeout",
    type=click.FloatRange(min=0),
    default=60.0,
    show_default=True,
    metavar="SECONDS",
    help="How long a request is tried again after its first failure.",
)
@click.option(
    "--lock-timeout",
    type=click.FloatRange(min=0),
    default=0.0,
    show_default=True,
    metavar="SECONDS",
    help="How long to wait for another run over the same lockfile.",
)
@click.option("--no-refresh", is_flag=True, help="Go by the lockfile alone; do not list the server's state first.")
@click.option("--adopt", is_flag=True, help="Take over configurations that are on the server already.")
@click.option("--prune", is_flag=True, help="Delete what is known but no longer declared.")
@click.option(
    "--max-deletes",
    default="5",
    show_default=True,
    callback=_max_deletes,
    metavar="NUMBER|PERCENT%",
    help="How many deletions --prune may make.",
)
@click.option("-v", "--verbose", count=True, help="Say each request on stderr; -vv also the names of its fields.")
def apply(
    files: tuple[Path, ...],
    environment: str | None,
    env_files: tuple[Path, ...],
    lock_file: Path | None,
    api_url: str | None,
    format_: str,
    lock_timeout: float,
    **how: object,
) -> int:
    r"""Makes the server as the manifest declares it: plans, asks if someone can answer, and does it.

    The token comes from the environment: FLASHBACK_TOKEN, or FLASHBACK_REFRESH_TOKEN, or FLASHBACK_EMAIL
    with FLASHBACK_PASSWORD.

    \b
    fbsync apply
    fbsync apply -e staging --yes
    fbsync apply --only "Production OpenAI"
    """
    from fbsync.cli.applying import Applying, Options
    from fbsync.project import load, read_inputs
    from fbsync.runlock import held

    where = where_from(files=files, environment=environment, env_files=env_files, lock_file=lock_file, api_url=api_url)
    inputs = read_inputs(where, os.environ)
    terminal.report_warnings(inputs.manifest.findings)
    with held(where.lock_path, timeout=lock_timeout):
        project = load(inputs, online=True)
        for note in project.notes():
            terminal.say(note)
        return Applying(project, Options(json=format_ == "json", **how)).run()  # type: ignore[arg-type]

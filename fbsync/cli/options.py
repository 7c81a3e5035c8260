"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from collections.abc import Callable


_Command = TypeVar("_Command", bound="Callable[..., Any]")

_PATH = click.Path(path_type=Path)


def together(*options: Callable[[Any], Any]) -> Callable[[_Command], _Command]:
    """Combine options into one decorator. The help lists them in this order."""

    def add(command: _Command) -> _Command:
        for option in reversed(options):
            command = option(command)
        return command

    return add


def _max_deletes(_context: click.Context, _parameter: click.Parameter, value: str) -> str:
    from fbsync.planning.allowed import delete_limit

    try:
        delete_limit(value, 0)
    except ValueError:
        raise click.BadParameter(f"{value!r} is neither a number nor a percentage such as 10%") from None
    return value


def max_deletes_option(default: str) -> Callable[[_Command], _Command]:
    """Return a decorator that adds ``--max-deletes`` with a default."""
    return click.option(
        "--max-deletes",
        default=default,
        show_default=True,
        callback=_max_deletes,
        metavar="NUMBER|PERCENT%",
        help="Refuse to delete more than this.",
    )


def _days(_context: click.Context, _parameter: click.Parameter, value: str | None) -> int | None:
    from fbsync.model.ages import days_of

    try:
        return None if value is None else days_of(value)
    except ValueError:
        raise click.BadParameter(f"{value!r} is not a number of days such as 90d") from None


def format_option(*formats: str) -> Callable[[_Command], _Command]:
    """Return a decorator that adds ``--format`` with these choices. The first choice is the default."""
    return click.option(
        "--format",
        "format_",
        type=click.Choice(formats),
        default=formats[0],
        show_default=True,
        help="Print the result in this format.",
    )


def _declared_names(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    """Complete an entry's name. This loads the code for completion only if a shell asks."""
    from fbsync.cli.completion_values import declared_names

    return declared_names(context, parameter, incomplete)


only_option = click.option(
    "--only",
    multiple=True,
    metavar="NAME",
    help="Limit the command to entries with this name or pattern ('team-a/*'); may be repeated.",
    shell_complete=_declared_names,
)
all_environments_option = click.option(
    "--all-environments", is_flag=True, help="Cover every environment, and the manifest without one, in one result."
)

strict_option = click.option("--strict", is_flag=True, help="Exit with 3 if there are warnings.")
yes_option = click.option("--yes", is_flag=True, help="Skip the confirmation prompt.")
parallelism_option = click.option(
    "--parallelism",
    type=click.IntRange(min=1),
    default=8,
    show_default=True,
    help="Send up to this many requests at a time.",
)
lock_timeout_option = click.option(
    "--lock-timeout",
    type=click.FloatRange(min=0),
    default=0.0,
    show_default=True,
    metavar="SECONDS",
    help="Wait this long for another run that uses the same lockfile.",
)
record_options = together(
    click.option("--result", type=_PATH, metavar="FILE", help="Also write the result document here."),
    click.option("--events", type=_PATH, metavar="FILE", help="Write events as JSON lines here, as they happen."),
)
"""The options for files that record a run: ``--result``, ``--events``."""
guard_options = together(
    click.option("--adopt", is_flag=True, help="Take over configurations that already exist on the server."),
    click.option("--recreate", is_flag=True, help="Recreate a workspace's configurations if the server lists none."),
    click.option(
        "--allow-host-change",
        "host_change",
        is_flag=True,
        help="Allow an endpoint that was changed outside to go back to its host.",
    ),
    max_deletes_option("5"),
)
"""The options that allow what a guard would refuse, named like the attributes of ``planning.allowed.Allowed``."""
max_age_option = click.option(
    "--max-credential-age",
    "max_age",
    callback=_days,
    metavar="DAYSd",
    help="Warn of credentials that were last sent longer ago, such as 90d. [default: the manifest's]",
)
assume_secrets_option = click.option(
    "--assume-secrets",
    is_flag=True,
    help="After an export: assume that the server already has these credentials; record them without sending them.",
)
verify_first_option = click.option(
    "--verify-first",
    is_flag=True,
    help="Verify changed credentials, endpoints and types with the provider before they replace those in use, on "
    "temporary configurations; this may be billed.",
)

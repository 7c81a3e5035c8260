"""Ask the server about many workspaces."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.places import environment, fbsync, folder
from benchmarks.rows import Row, shown
from benchmarks.servers import instant
from benchmarks.timing import Command, median_seconds

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_ENTRIES, _WORKSPACES, _SECRETS = 1_000, 200, 5
_PARALLELISM = 8
_SECONDS = 0.05
_LIMIT = 1.2
_RUNS = 3


def rows(root: Path) -> Iterator[Row]:
    """The rows of this family: with a server that lists everything at once, and with one list for each workspace."""
    for by_workspace in (False, True):
        place = folder(root, f"asked-{by_workspace}", entries=_ENTRIES, secrets=_SECRETS, workspaces=_WORKSPACES)
        with instant(latency=_SECONDS * 1000, keep=True, by_workspace=by_workspace) as server:
            variables = environment(_SECRETS, **server)
            apply = ("apply", "--yes", "--no-refresh", "--parallelism", "32")
            _command(place, variables, *apply, expected=f" {_ENTRIES} added").run()
            drift = _command(place, variables, "drift", expected="")
            plan = _command(place, variables, "plan", "--refresh", expected="No changes.")
            for command, name in ((drift, "drift"), (plan, "plan --refresh")):
                yield _row(command, name, by_workspace=by_workspace)


def _command(place: Path, variables: dict[str, str], *argv: str, expected: str) -> Command:
    return Command(argv=fbsync(*argv), folder=place, environment=variables, expected=expected)


def _row(command: Command, name: str, *, by_workspace: bool) -> Row:
    ideal = _WORKSPACES / _PARALLELISM * _SECONDS
    seconds = median_seconds([command.run() for _ in range(_RUNS)])
    lists = f"{_WORKSPACES} lists" if by_workspace else "one list"
    return Row(
        work=f"`{name}`, {_ENTRIES:,} entries in {_WORKSPACES} workspaces at 50 ms a request, {lists}",
        peer=f"{_WORKSPACES} lists / {_PARALLELISM} = {ideal:g} s",
        target=f"≤ {_LIMIT:g} x",
        measured=f"{seconds / ideal:.2f} x",
        is_met=seconds <= _LIMIT * ideal,
        took=shown(seconds),
    )

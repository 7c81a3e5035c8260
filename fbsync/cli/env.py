"""``fbsync env``."""

from __future__ import annotations

import os
import sys
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING

import click

from fbsync.cli import terminal
from fbsync.cli.options import files_options, format_option, where_from
from fbsync.model.errors import ExitCode, InvalidInput
from fbsync.render.paint import visible

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from fbsync.manifest.assemble import Use
    from fbsync.model.findings import Position
    from fbsync.variables import Variables

_FIRST_PLACES = 3
"""How many of the places where a variable is used are listed without -v."""

_MEANS = "FLASHBACK_TOKEN, or FLASHBACK_REFRESH_TOKEN, or FLASHBACK_EMAIL with FLASHBACK_PASSWORD"


@click.command()
@files_options
@format_option("text", "json")
@click.option(
    "--check", is_flag=True, help="Exit with 3 if a variable that apply needs is not set, including those to sign in."
)
@click.option("-v", "--verbose", is_flag=True, help="List every place that uses a variable.")
@click.option(
    "--write",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Add the variable names to a file such as .env.example; existing lines stay.",
)
def env(
    files: tuple[Path, ...],
    environment: str | None,
    env_files: tuple[Path, ...],
    format_: str,
    *,
    check: bool,
    verbose: bool,
    write: Path | None,
) -> int:
    """List every variable that the manifest refers to: whether and where it is set, and where it is used.

    Variables come from the environment, then from the files named with --env-file, then from .env.NAME (with -e NAME)
    and .env next to the manifest. Values are never shown or written.

    \b
    fbsync env
    fbsync env -e staging --check
    fbsync env --write .env.example
    """  # noqa: D301 - click's mark for a block to leave as it is
    from fbsync.manifest.assemble import read_manifest
    from fbsync.model.findings import errors_among
    from fbsync.settings import means_of_signing_in
    from fbsync.variables import read_variables

    where = where_from(files=files, environment=environment, env_files=env_files)
    variables = read_variables(
        folders=where.folders, env_files=where.env_files, environment=os.environ, environment_name=environment
    )
    manifest = read_manifest(where.files)
    if wrong := errors_among(manifest.findings):
        raise InvalidInput(wrong)
    rows = _rows(manifest.uses(environment))
    if write is not None:
        _write(write, rows)
    found = manifest.value_findings(environment, variables)
    means = means_of_signing_in(variables)
    lacking = not means or errors_among(found) or any(variables.source(name) is None for name in rows)
    code = ExitCode.INVALID_INPUT if check and lacking else ExitCode.DONE
    if format_ == "json":
        from fbsync.render.document import dump, result_document

        listed = [_entry(name, uses, variables) for name, uses in rows.items()]
        terminal.out(dump(result_document("env", code, variables=listed, signs_in_with=list(means))))
    else:
        terminal.report_warnings((*variables.warnings, *found))
        terminal.out(_listing(rows, variables, means, most_places=None if verbose else _FIRST_PLACES))
    return code


def _rows(uses: Iterable[Use]) -> dict[str, tuple[Use, ...]]:
    """The uses of each variable, by name."""
    ordered = sorted(uses, key=attrgetter("variable"))
    return {name: tuple(group) for name, group in groupby(ordered, key=attrgetter("variable"))}


def _write(path: Path, rows: dict[str, tuple[Use, ...]]) -> None:
    from fbsync.cli.write_once import add_to
    from fbsync.render.env_example import env_example, needed

    variables = needed((use.variable, use.purpose) for uses in rows.values() for use in uses)
    terminal.say(f"{path}: {add_to(path, lambda existing: env_example(variables, existing))}")


def _entry(name: str, uses: tuple[Use, ...], variables: Variables) -> dict[str, object]:
    return {
        "name": name,
        "set": variables.source(name) is not None,
        "source": variables.source(name),
        "uses": [
            {
                "file": use.position.file,
                "line": use.position.line,
                "column": use.position.column,
                "entry": use.entry,
                "field": use.field,
            }
            for use in uses
        ],
    }


def _listing(
    rows: dict[str, tuple[Use, ...]], variables: Variables, means: tuple[str, ...], *, most_places: int | None
) -> str:
    paint = terminal.paint_for(sys.stdout)
    lines = []
    for name, uses in rows.items():
        source = variables.source(name)
        state = paint.green(f"set ({visible(source)})") if source else paint.red("not set")
        if variables.is_empty(name):
            state = paint.red("set but empty")
        lines.append(f"{paint.bold(name)}: {state}")
        places = _places(uses)
        lines += [f"    {line}" for line in places[:most_places]]
        if more := len(places[len(places) if most_places is None else most_places :]):
            lines.append(f"    and {more} more; -v lists them")
    signing_in = paint.green(" with ".join(means)) if means else paint.red("not possible") + f": set {_MEANS}"
    lines.append(f"Signing in: {signing_in}")
    if variables.files:
        lines.append(f".env files: {', '.join(map(visible, variables.files))}")
    absent = sum(variables.source(name) is None for name in rows)
    noun = "variable" if len(rows) == 1 else "variables"
    lines.append(f"{len(rows)} {noun}, {absent} not set")
    return "\n".join(lines) + "\n"


def _places(uses: Iterable[Use]) -> list[str]:
    """Where a variable is used, a line each; a default that many entries have is one place."""
    places: dict[tuple[Position, str], list[Use]] = {}
    for use in uses:
        places.setdefault((use.position, use.field), []).append(use)
    return [f"{visible(str(position))}: {field} of {_users(users)}" for (position, field), users in places.items()]


def _users(uses: Sequence[Use]) -> str:
    return visible(uses[0].entry or "an entry") if len(uses) == 1 else f"{len(uses)} entries"

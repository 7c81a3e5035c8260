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
    from fbsync.manifest.assemble import Use
    from fbsync.variables import Variables

_MEANS = "FLASHBACK_TOKEN, or FLASHBACK_REFRESH_TOKEN, or FLASHBACK_EMAIL with FLASHBACK_PASSWORD"


@click.command()
@files_options
@format_option("text", "json")
@click.option(
    "--check", is_flag=True, help="Exit with 3 when a variable is not set that apply needs, signing in included."
)
@click.option(
    "--write",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write the names to a file such as .env.example, without values; lines that are there stay.",
)
def env(
    files: tuple[Path, ...],
    environment: str | None,
    env_files: tuple[Path, ...],
    format_: str,
    *,
    check: bool,
    write: Path | None,
) -> int:
    """Lists every variable that the manifest refers to: whether and where it is set, and where it is used.

    Values are never shown, and never written.

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
    variables = read_variables(folders=where.folders, env_files=where.env_files, environment=os.environ)
    manifest = read_manifest(where.files)
    if wrong := errors_among(manifest.findings):
        raise InvalidInput(wrong)
    uses = sorted(manifest.uses(environment), key=attrgetter("variable"))
    rows = {name: tuple(group) for name, group in groupby(uses, key=attrgetter("variable"))}
    if write is not None:
        _write(write, rows)
    means = means_of_signing_in(variables)
    lacking = not means or any(variables.source(name) is None for name in rows)
    code = ExitCode.INVALID_INPUT if check and lacking else ExitCode.DONE
    if format_ == "json":
        from fbsync.render.document import dump, result_document

        listed = [_entry(name, uses, variables) for name, uses in rows.items()]
        terminal.out(dump(result_document("env", code, variables=listed, signs_in_with=list(means))))
    else:
        terminal.out(_text(rows, variables, means))
    return code


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


def _text(rows: dict[str, tuple[Use, ...]], variables: Variables, means: tuple[str, ...]) -> str:
    paint = terminal.paint_for(sys.stdout)
    lines = []
    for name, uses in rows.items():
        source = variables.source(name)
        state = paint.green(f"set ({source})") if source else paint.red("not set")
        if variables.is_empty(name):
            state = paint.red("set but empty")
        lines.append(f"{paint.bold(name)}: {state}")
        lines += [f"    {use.position}: {use.field} of {visible(use.entry or 'an entry')}" for use in uses]
    signing_in = paint.green(" with ".join(means)) if means else paint.red("not possible") + f": set {_MEANS}"
    lines.append(f"Signing in: {signing_in}")
    absent = sum(variables.source(name) is None for name in rows)
    noun = "variable" if len(rows) == 1 else "variables"
    lines.append(f"{len(rows)} {noun}, {absent} not set")
    return "\n".join(lines) + "\n"

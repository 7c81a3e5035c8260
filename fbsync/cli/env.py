"""``fbsync env``."""

from __future__ import annotations

import os
import sys
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING

import click

from fbsync.cli import terminal
from fbsync.cli.options import files_options, format_option, where_from
from fbsync.errors import ExitCode, InvalidInput
from fbsync.render.paint import visible

if TYPE_CHECKING:
    from pathlib import Path

    from fbsync.manifest.assemble import Use
    from fbsync.settings import Variables


@click.command()
@files_options
@format_option("text", "json")
def env(files: tuple[Path, ...], environment: str | None, env_files: tuple[Path, ...], format_: str) -> None:
    """Lists every variable that the manifest refers to: whether and where it is set, and where it is used.

    Values are never shown.
    """
    from fbsync.findings import errors_among
    from fbsync.manifest.assemble import read_manifest
    from fbsync.settings import read_variables

    where = where_from(files=files, environment=environment, env_files=env_files)
    variables = read_variables(folders=where.folders, env_files=where.env_files, environment=os.environ)
    manifest = read_manifest(where.files)
    if wrong := errors_among(manifest.findings):
        raise InvalidInput(wrong)
    uses = sorted(manifest.uses(environment), key=attrgetter("variable"))
    rows = {name: tuple(group) for name, group in groupby(uses, key=attrgetter("variable"))}
    if format_ == "json":
        from fbsync.render.document import dump, result_document

        listed = [_entry(name, uses, variables) for name, uses in rows.items()]
        terminal.out(dump(result_document("env", ExitCode.DONE, variables=listed)))
    else:
        terminal.out(_text(rows, variables))


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


def _text(rows: dict[str, tuple[Use, ...]], variables: Variables) -> str:
    paint = terminal.paint_for(sys.stdout)
    lines = []
    for name, uses in rows.items():
        source = variables.source(name)
        state = paint.green(f"set ({source})") if source else paint.red("not set")
        if variables.is_empty(name):
            state = paint.red("set but empty")
        lines.append(f"{paint.bold(name)}: {state}")
        lines += [f"    {use.position}: {use.field} of {visible(use.entry or 'an entry')}" for use in uses]
    absent = sum(variables.source(name) is None for name in rows)
    noun = "variable" if len(rows) == 1 else "variables"
    lines.append(f"{len(rows)} {noun}, {absent} not set")
    return "\n".join(lines) + "\n"

"""``fbsync env``."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING

import click

from fbsync.cli import terminal
from fbsync.cli.all_environments import document_of_all, in_each
from fbsync.cli.options import all_environments_option, format_option
from fbsync.cli.plan_output import max_chars_option
from fbsync.cli.target_options import TargetOptions, as_target, files_options
from fbsync.model.errors import ExitCode, InvalidInput

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fbsync.manifest.uses import Use
    from fbsync.render.document import Json
    from fbsync.variables import Variables
    from fbsync.workflow.target import Where


@click.command()
@files_options
@as_target
@format_option("text", "json", "markdown")
@max_chars_option
@all_environments_option
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
    target: TargetOptions,
    format_: str,
    *,
    max_chars: int,
    all_environments: bool,
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
    fbsync env --all-environments --check
    fbsync env --write .env.example
    """  # noqa: D301 - click's mark for a block to leave unwrapped
    where = target.where()
    if all_environments:
        if target.environment:
            raise click.UsageError("--all-environments cannot be combined with -e")
        return _list_all(where, format_, check=check, verbose=verbose, max_chars=max_chars, write=write)
    listed = _variables_of(where, quiet=format_ == "json")
    if write is not None:
        _write_env_example(write, (listed,))
    code = listed.exit_code if check else ExitCode.DONE
    terminal.out(_rendered(listed, code, format_, verbose=verbose, max_chars=max_chars))
    return code


@dataclass(frozen=True, slots=True, kw_only=True)
class _Listed:
    """The variables of one environment.

    Attributes:
        rows: the uses of each variable, by its name.
        part: the environment's part of the result document.
        exit_code: the status that the command ends with if ``--check`` is given.
    """

    rows: dict[str, tuple[Use, ...]]
    part: Json
    exit_code: ExitCode


def _variables_of(where: Where, *, quiet: bool) -> _Listed:
    """The variables of an environment.

    Raises:
        InvalidInput: the manifest cannot be read.
    """
    from fbsync.manifest.assemble import read_manifest
    from fbsync.model.findings import errors_among
    from fbsync.settings import means_of_signing_in
    from fbsync.variables import read_variables

    variables = read_variables(
        folders=where.folders,
        env_files=where.env_files,
        environment=os.environ,
        environment_name=where.environment,
    )
    manifest = read_manifest(where.files)
    if wrong := errors_among(manifest.findings):
        raise InvalidInput(wrong)
    rows = _use_rows(manifest.uses(where.environment))
    found = manifest.value_findings(where.environment, variables)
    if not quiet:
        terminal.report_warnings((*variables.warnings, *found))
    means = means_of_signing_in(variables)
    lacking = not means or errors_among(found) or any(variables.source(name) is None for name in rows)
    part = {
        "environment": where.environment,
        "variables": [_variable_entry(name, uses, variables) for name, uses in rows.items()],
        "signs_in_with": list(means),
        "variable_files": list(variables.files),
    }
    return _Listed(rows=rows, part=part, exit_code=ExitCode.INVALID_INPUT if lacking else ExitCode.DONE)


def _rendered(listed: _Listed, code: ExitCode, format_: str, *, verbose: bool, max_chars: int) -> str:
    match format_:
        case "json":
            from fbsync.render.document import dump, result_document

            return dump(result_document("env", code, **listed.part))
        case "markdown":
            from fbsync.render.variables_markdown import variables_markdown

            return variables_markdown(listed.part, max_chars=max_chars)
        case _:
            from fbsync.render.variables_text import variables_text

            return variables_text(listed.part, paint=terminal.paint_for(sys.stdout), verbose=verbose)


def _list_all(
    where: Where, format_: str, *, check: bool, verbose: bool, max_chars: int, write: Path | None
) -> ExitCode:
    """List the variables without an environment and of every environment, as one result."""
    results = in_each(where, lambda where: _variables_of(where, quiet=format_ == "json"), quiet=format_ == "json")
    if write is not None:
        _write_env_example(write, [listed for _, listed in results.done])
    worst = max((listed.exit_code for _, listed in results.done), default=ExitCode.DONE)
    code = results.exit_code(worst if check else ExitCode.DONE)
    parts = [listed.part for _, listed in results.done]
    match format_:
        case "json":
            from fbsync.render.document import dump
            from fbsync.render.variable_places import total_sentence

            def part(listed: _Listed) -> Json:
                return {"exit_code": int(listed.exit_code if check else ExitCode.DONE), **listed.part}

            text = dump(document_of_all("env", code, results, part, summary=total_sentence(parts)))
        case "markdown":
            from fbsync.render.variables_markdown import all_variables_markdown

            text = all_variables_markdown(parts, results.problems, max_chars=max_chars)
        case _:
            from fbsync.render.variables_text import all_variables_text

            text = all_variables_text(parts, paint=terminal.paint_for(sys.stdout), verbose=verbose)
    terminal.out(text)
    return code


def _use_rows(uses: Iterable[Use]) -> dict[str, tuple[Use, ...]]:
    """The uses of each variable, by name."""
    ordered = sorted(uses, key=attrgetter("variable"))
    return {name: tuple(group) for name, group in groupby(ordered, key=attrgetter("variable"))}


def _write_env_example(path: Path, listed: Iterable[_Listed]) -> None:
    from fbsync.cli.write_once import add_to
    from fbsync.render.env_example import env_example, needed

    uses = dict.fromkeys(use for one in listed for uses in one.rows.values() for use in uses)
    variables = needed((use.variable, use.purpose) for use in sorted(uses, key=attrgetter("variable")))
    terminal.say(f"{path}: {add_to(path, lambda existing: env_example(variables, existing))}")


def _variable_entry(name: str, uses: tuple[Use, ...], variables: Variables) -> dict[str, object]:
    return {
        "name": name,
        "set": variables.source(name) is not None,
        "source": variables.source(name),
        "empty": variables.is_empty(name),
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

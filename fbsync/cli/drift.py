"""``fbsync drift``."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

import click

from fbsync.cli import terminal
from fbsync.cli.all_environments import all_environments_option, document_of_all, in_each
from fbsync.cli.options import format_option, only_option, where_from, where_options
from fbsync.cli.plan_output import max_chars_option
from fbsync.cli.server_options import Asking, ask_server, asking_options
from fbsync.cli.store import readable
from fbsync.model.errors import ExitCode
from fbsync.planning.drift import ChangedOutside, DeletedOutside, ReplacedOutside
from fbsync.render.paint import visible

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from fbsync.cli.all_environments import Results
    from fbsync.render.document import Json
    from fbsync.render.drift_found import DriftFound
    from fbsync.workflow.accept import Acceptance
    from fbsync.workflow.project import Project
    from fbsync.workflow.target import Where


@click.command()
@where_options
@only_option
@format_option("text", "json", "markdown", "html")
@max_chars_option
@all_environments_option
@click.option(
    "--accept",
    multiple=True,
    metavar="NAME",
    help="Write this entry's values on the server into the manifest; may be a pattern, may be repeated.",
)
@asking_options
def drift(
    files: tuple[Path, ...],
    environment: str | None,
    env_files: tuple[Path, ...],
    lock_file: Path | None,
    api_url: str | None,
    only: tuple[str, ...],
    format_: str,
    *,
    max_chars: int,
    all_environments: bool,
    accept: tuple[str, ...],
    **asking: Any,  # noqa: ANN401 - one an option
) -> int:
    """Show what changed on the server outside of fbsync, and what is unmanaged there; change nothing.

    It needs a token, and no credential: the server never shows those, so they are not compared.

    Drift is what was changed, deleted or replaced outside of fbsync; the exit code is then 2. For each it shows what
    undoes it and what keeps it. Configurations that are not in the lockfile are listed too, but are not drift:
    unmanaged ones, which are not declared either, and declared ones that an apply would have to adopt.

    \b
    fbsync drift
    fbsync drift -e staging --format json
    fbsync drift --all-environments --format markdown > issue.md
    fbsync drift --accept "Production OpenAI"
    """  # noqa: D301 - click's mark for lines to be kept
    where = where_from(files=files, environment=environment, env_files=env_files, lock_file=lock_file, api_url=api_url)
    how = Asking(**asking)
    if all_environments:
        if environment or lock_file or accept:
            raise click.UsageError("--all-environments goes without -e, --lock-file and --accept")
        results = in_each(where, lambda where: _found(where, how, only, quiet=True), quiet=format_ == "json")
        drifts = [found for _, found in results.done]
        code = results.exit_code(_code(drifts))
        terminal.out(_rendered_all(results, drifts, format_, code, max_chars))
        return code
    if accept:
        return _accept(where, how, accept, format_)
    found = _found(where, how, only, quiet=format_ == "json")
    code = _code([found])
    terminal.out(_rendered(found, format_, code, max_chars))
    return code


def _found(where: Where, how: Asking, only: tuple[str, ...], *, quiet: bool) -> DriftFound:
    """Asks the server, and compares."""
    return _compare(where, how, only, quiet=quiet)[1]


def _compare(where: Where, how: Asking, only: tuple[str, ...], *, quiet: bool) -> tuple[Project, DriftFound]:
    """Asks the server, and compares; the project, too."""
    from fbsync.render.drift_found import DriftFound
    from fbsync.workflow.accept import kept_by_hand
    from fbsync.workflow.comparison import compared_with, drift_of
    from fbsync.workflow.project import read_project

    project = read_project(readable(where), os.environ, online=True)
    project, live = ask_server(project, how, all_or_nothing=True)
    drift = drift_of(project, live, only=only)
    if not quiet:
        warnings = project.manifest.warnings_in(where.environment, project.variables)
        terminal.report_warnings(warnings, verbose=bool(how.verbose))
        if project.open_intents:
            terminal.say(terminal.open_intents_note(len(project.open_intents)))
    return project, DriftFound(
        environment=where.environment,
        api_url=project.api_url,
        compared=compared_with(project, live),
        declared=frozenset(llm.identity for llm in project.desired),
        drift=drift,
        by_hand=kept_by_hand(project, drift),
    )


def _accept(where: Where, how: Asking, names: tuple[str, ...], format_: str) -> int:
    """Writes what the server holds into the manifest; the next apply records it."""
    from fbsync.cli.write_once import add_to
    from fbsync.workflow.accept import accept

    if format_ not in ("text", "json"):
        raise click.UsageError("--accept goes with --format text or json")
    project, found = _compare(where, how, (), quiet=format_ == "json")
    accepted = accept(project, found.drift, names)
    for path, text in accepted.texts:
        add_to(path, lambda _, text=text: text)  # type: ignore[misc]
    rest = len({item.identity for item in accepted.values})
    drifted = found.drift.count(ChangedOutside, DeletedOutside, ReplacedOutside)
    code = ExitCode.PENDING if drifted > rest else ExitCode.DONE
    terminal.out(_accepted(accepted, code, format_, environment=where.environment))
    return code


def _accepted(accepted: Acceptance, code: ExitCode, format_: str, *, environment: str | None) -> str:
    if format_ == "json":
        from fbsync.render.document import dump, result_document

        values = [
            {
                "workspaceId": one.identity.workspace_id,
                "name": one.identity.name,
                "field": one.field.value,
                "file": one.position.file,
                "line": one.position.line,
                "before": one.before,
                "after": one.after,
            }
            for one in accepted.values
        ]
        return dump(result_document("drift", code, accepted=values))
    lines = [
        visible(f"{one.position}: {one.field.value} of {one.identity.name}: {one.before} → {one.after}")
        for one in accepted.values
    ]
    where = "" if environment is None else f" -e {environment}"
    return "\n".join(
        [*lines, "", f"Run `fbsync apply{where}` to record this: it sends nothing of it to the server.", ""]
    )


def _code(found: Sequence[DriftFound]) -> ExitCode:
    return ExitCode.PENDING if any(one.drift.is_found for one in found) else ExitCode.DONE


def _rendered(found: DriftFound, format_: str, code: ExitCode, max_chars: int) -> str:
    match format_:
        case "json":
            from fbsync.render.document import dump, result_document
            from fbsync.render.drift_text import summary

            return dump(result_document("drift", code, summary=summary(found.drift), drift=_part(found)["drift"]))
        case "html":
            from fbsync.render.drift_html import drift_html

            return drift_html(found)
        case "markdown":
            from fbsync.render.drift_markdown import drift_markdown

            return drift_markdown(found, max_chars=max_chars)
        case _:
            from fbsync.render.drift_text import drift_text

            return drift_text(found, paint=terminal.paint_for(sys.stdout))


def _rendered_all(
    results: Results[DriftFound], drifts: Sequence[DriftFound], format_: str, code: ExitCode, max_chars: int
) -> str:
    match format_:
        case "json":
            from fbsync.render.document import dump
            from fbsync.render.drift_text import total_summary

            said = total_summary([one.drift for one in drifts])
            return dump(document_of_all("drift", code, results, _part, summary=said))
        case "html":
            from fbsync.render.drift_html import drifts_html

            return drifts_html(drifts, results.problems)
        case "markdown":
            from fbsync.render.drift_markdown import drifts_markdown

            return drifts_markdown(drifts, results.problems, max_chars=max_chars)
        case _:
            from fbsync.render.drift_text import drifts_text

            return drifts_text(drifts, paint=terminal.paint_for(sys.stdout))


def _part(found: DriftFound) -> Json:
    """What a document holds of the drift of an environment."""
    from fbsync.render.known_document import drift_part

    return {"exit_code": int(_code([found])), "drift": drift_part(found)}

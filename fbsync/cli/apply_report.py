"""The report of an apply: on the terminal or as JSON, and in the file that ``--result`` names."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from fbsync.cli import terminal
from fbsync.cli.events import write_result
from fbsync.render.document import dump, outcome_entry, removal_entry, result_document, verified_entry
from fbsync.render.outcome_text import outcome_report, outcome_summary, removals_text
from fbsync.render.verdict_text import verdicts_text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fbsync.cli.apply_options import ApplyOptions
    from fbsync.model.errors import ExitCode
    from fbsync.model.verifications import Verified
    from fbsync.render.document import Json
    from fbsync.workflow.applied import Applied
    from fbsync.workflow.project import Project


def report_applied(
    applied: Applied, code: ExitCode, *, project: Project, options: ApplyOptions, verified: Iterable[Verified]
) -> None:
    """Report the result of an apply.

    Args:
        applied: the result.
        code: the status that the command ends with.
        project: the project that was applied.
        options: the options of the run.
        verified: the providers' verdicts, if they were asked.
    """
    document = _document(applied, code, project=project, options=options, verified=verified)
    if options.result is not None:
        write_result(options.result, document)
    if options.json:
        terminal.out(dump(document))
    else:
        _print_report(applied, document)


def _document(
    applied: Applied, code: ExitCode, *, project: Project, options: ApplyOptions, verified: Iterable[Verified]
) -> Json:
    document = result_document(
        options.command,
        code,
        error=applied.unrecorded,
        environment=project.where.environment,
        api_url=project.api_url,
        summary=outcome_summary(applied.outcomes),
        entries=[outcome_entry(outcome) for outcome in applied.outcomes],
    )
    if options.verify:
        document["verified"] = [verified_entry(one) for one in verified]
    if applied.removals:
        document["temporary"] = [removal_entry(removal) for removal in applied.removals]
    return document


def _print_report(applied: Applied, document: Json) -> None:
    paint = terminal.paint_for(sys.stdout)
    terminal.out(removals_text(document.get("temporary", ()), paint=paint))
    terminal.out(outcome_report(document, paint=paint))
    if "verified" in document:
        terminal.out(verdicts_text(document["verified"], paint=paint))
    if applied.unrecorded is not None:
        terminal.report_error(applied.unrecorded)

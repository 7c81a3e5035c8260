"""Print drift in each format, for one environment or for all."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from fbsync.cli import terminal
from fbsync.cli.all_environments import document_of_all
from fbsync.render.paint import visible

if TYPE_CHECKING:
    from collections.abc import Callable

    from fbsync.cli.all_environments import Results
    from fbsync.model.configurations import Field
    from fbsync.model.errors import ExitCode
    from fbsync.render.document import Json
    from fbsync.render.drift_found import DriftFound
    from fbsync.workflow.accept import Acceptance


def drift_rendered(found: DriftFound, format_: str, code: ExitCode, *, max_chars: int) -> str:
    """Render the drift of one environment in a format.

    Args:
        found: the drift.
        format_: the format.
        code: the status that the command ends with.
        max_chars: the limit for Markdown.
    """
    match format_:
        case "json":
            from fbsync.render.document import dump, result_document
            from fbsync.render.drift_text import drift_summary
            from fbsync.render.known_document import drift_part

            return dump(result_document("drift", code, summary=drift_summary(found.drift), drift=drift_part(found)))
        case "html":
            from fbsync.render.drift_html import drift_html

            return drift_html(found)
        case "markdown":
            from fbsync.render.drift_markdown import drift_markdown

            return drift_markdown(found, max_chars=max_chars)
        case _:
            from fbsync.render.drift_text import drift_text

            return drift_text(found, paint=terminal.paint_for(sys.stdout))


def drifts_rendered(
    results: Results[DriftFound],
    format_: str,
    code: ExitCode,
    *,
    code_of: Callable[[DriftFound], ExitCode],
    max_chars: int,
) -> str:
    """Render the drift of all environments in a format.

    Args:
        results: the drift of each environment.
        format_: the format.
        code: the status that the command ends with.
        code_of: returns the status that the command would end with for one environment.
        max_chars: the limit for Markdown.
    """
    drifts = [found for _, found in results.done]
    match format_:
        case "json":
            from fbsync.render.document import dump
            from fbsync.render.drift_text import total_drift_summary
            from fbsync.render.known_document import drift_part

            def part(found: DriftFound) -> Json:
                return {"exit_code": int(code_of(found)), "drift": drift_part(found)}

            said = total_drift_summary([one.drift for one in drifts])
            return dump(document_of_all("drift", code, results, part, summary=said))
        case "html":
            from fbsync.render.drift_html import drifts_html

            return drifts_html(drifts, results.problems)
        case "markdown":
            from fbsync.render.drift_markdown import drifts_markdown

            return drifts_markdown(drifts, results.problems, max_chars=max_chars)
        case _:
            from fbsync.render.drift_text import drifts_text

            return drifts_text(drifts, paint=terminal.paint_for(sys.stdout))


def accepted_rendered(accepted: Acceptance, code: ExitCode, format_: str, *, environment: str | None) -> str:
    """Render the values that the manifest took over.

    Args:
        accepted: the values.
        code: the status that the command ends with.
        format_: ``text`` or ``json``.
        environment: the environment of the values, or None.
    """
    if format_ == "json":
        from fbsync.render.document import dump, result_document

        values = [
            {
                "workspaceId": one.identity.workspace_id,
                "name": one.identity.name,
                "field": None if one.field is None else one.field.value,
                "file": one.position.file,
                "line": one.position.line,
                "before": one.before,
                "after": one.after,
            }
            for one in accepted.values
        ]
        return dump(result_document("drift", code, accepted=values))
    lines = [
        visible(f"{one.position}: {_what(one.field, one.identity.name)}: {one.before} → {one.after}")
        for one in accepted.values
    ]
    where = "" if environment is None else f" -e {environment}"
    command = visible(" ".join((f"fbsync apply{where}", *accepted.options)))
    sends = "" if accepted.options else "; it sends none of it to the server"
    return "\n".join([*lines, "", f"Run `{command}` to record this in the lockfile{sends}.", ""])


def _what(field: Field | None, name: str) -> str:
    return name if field is None else f"{field.value} of {name}"

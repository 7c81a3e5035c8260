"""Print a plan in the chosen format, for ``plan``, ``show`` and ``apply``."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, TypeVar

import click

from fbsync.cli import terminal

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from fbsync.cli.all_environments import Results
    from fbsync.model.errors import ExitCode
    from fbsync.render.document import Json

_Command = TypeVar("_Command", bound="Callable[..., Any]")

FORMATS = ("text", "json", "markdown", "html")


def max_chars_option(command: _Command) -> _Command:
    """Add ``--max-chars`` to a command."""
    return click.option(
        "--max-chars",
        type=click.IntRange(min=120),
        default=60_000,
        show_default=True,
        help="Limit --format markdown to this length; leave out whole entries if needed.",
    )(command)


def print_plan(document: Json, format_: str, *, max_chars: int = 60_000, verbose: bool = False) -> None:
    """Print a plan.

    Args:
        document: the plan's document.
        format_: one of ``FORMATS``.
        max_chars: the limit for Markdown.
        verbose: whether text names every variable that could not be compared.
    """
    terminal.out(_rendered(document, format_, max_chars, verbose=verbose))


def _rendered(document: Json, format_: str, max_chars: int, *, verbose: bool) -> str:
    match format_:
        case "markdown":
            from fbsync.render.plan_markdown import plan_markdown

            return plan_markdown(document, max_chars=max_chars)
        case "html":
            from fbsync.render.plan_html import plan_html

            return plan_html(document)
        case "json":
            from fbsync.render.document import dump

            return dump(document)
        case _:
            from fbsync.render.plan_text import plan_text

            return plan_text(
                document,
                paint=terminal.paint_for(sys.stdout),
                width=terminal.terminal_width(sys.stdout),
                verbose=verbose,
            )


def print_plans(
    results: Results[Json], format_: str, code: ExitCode, *, max_chars: int = 60_000, verbose: bool = False
) -> None:
    """Print the plans of several environments as one result.

    Args:
        results: the plan's document for each environment, or why there is no plan.
        format_: one of ``FORMATS``.
        code: the status that the command ends with.
        max_chars: the limit for Markdown.
        verbose: whether text names every variable that could not be compared.
    """
    documents = [document for _, document in results.done]
    match format_:
        case "markdown":
            from fbsync.render.plan_markdown import plans_markdown

            text = plans_markdown(documents, results.problems, max_chars=max_chars)
        case "html":
            from fbsync.render.plan_html import plans_html

            text = plans_html(documents, results.problems)
        case "json":
            from fbsync.cli.all_environments import document_of_all
            from fbsync.render.document import dump
            from fbsync.render.plan_counts import total_plan_summary

            text = dump(document_of_all("plan", code, results, part_of_all, summary=total_plan_summary(documents)))
        case _:
            from fbsync.render.plan_text import plans_text

            paint, width = terminal.paint_for(sys.stdout), terminal.terminal_width(sys.stdout)
            text = plans_text(documents, paint=paint, width=width, verbose=verbose)
    terminal.out(text)


def part_of_all(document: Json) -> Json:
    """Return one plan's part of the document for all environments."""
    return {"exit_code": document["exit_code"], "plan": document}

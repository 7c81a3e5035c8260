"""``fbsync show``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from fbsync.cli import terminal
from fbsync.cli.options import format_option
from fbsync.cli.plan_output import FORMATS, max_chars_option, print_plan
from fbsync.model.errors import ExitCode

if TYPE_CHECKING:
    from fbsync.render.document import Json


@click.command()
@click.argument("document", type=click.Path(path_type=Path), metavar="FILE")
@format_option(*FORMATS)
@max_chars_option
@click.option("-v", "--verbose", is_flag=True, help="List every variable that could not be compared, and all ids.")
def show(document: Path, format_: str, *, max_chars: int, verbose: bool) -> int:
    """Show a saved plan, or the result of an apply or a destroy. It reads only the file.

    FILE is a file that `fbsync plan --out`, `fbsync apply --result` or `fbsync destroy --result` wrote. The server is
    not contacted. Whatever the file holds, the exit code is 0.

    \b
    fbsync plan --out reviewed.json
    fbsync show reviewed.json --format markdown > comment.md
    fbsync apply reviewed.json --result result.json
    fbsync show result.json --format markdown > comment.md
    """  # noqa: D301 - click's mark for a block to leave unwrapped
    from fbsync.workflow.shown_document import read_shown

    value = read_shown(document)
    shown = value | {"command": "show", "exit_code": int(ExitCode.DONE)}
    if format_ == "json":
        from fbsync.render.document import dump

        terminal.out(dump(shown))
    elif "resource_changes" in value:
        print_plan(shown, format_, max_chars=max_chars, verbose=verbose)
    else:
        terminal.out(_rendered_result(value, format_, max_chars, verbose=verbose))
    return ExitCode.DONE


def _rendered_result(document: Json, format_: str, max_chars: int, *, verbose: bool) -> str:
    match format_:
        case "markdown":
            from fbsync.render.result_markdown import result_markdown

            return result_markdown(document, max_chars=max_chars)
        case "html":
            from fbsync.render.result_html import result_html

            return result_html(document)
        case _:
            from fbsync.render.result_text import result_text

            return result_text(document, paint=terminal.paint_for(sys.stdout), verbose=verbose)

"""``fbsync show``."""

from __future__ import annotations

from pathlib import Path

import click

from fbsync.cli.options import format_option
from fbsync.cli.plan_output import FORMATS, max_chars_option, print_plan
from fbsync.model.errors import ExitCode


@click.command()
@click.argument("saved_plan", type=click.Path(path_type=Path), metavar="PLAN")
@format_option(*FORMATS)
@max_chars_option
@click.option("-v", "--verbose", is_flag=True, help="List every variable that could not be compared.")
def show(saved_plan: Path, format_: str, *, max_chars: int, verbose: bool) -> int:
    """Show a saved plan. It reads only the file and does not contact the server.

    PLAN is a file that `fbsync plan --out` wrote. Whatever the plan holds, the exit code is 0.

    \b
    fbsync plan --out reviewed.json
    fbsync show reviewed.json
    fbsync show reviewed.json --format markdown > comment.md
    """  # noqa: D301 - click's mark for a block to leave as it is
    from fbsync.workflow.saved_plan import read_document

    document = {name: value for name, value in read_document(saved_plan).items() if name != "saved"}
    shown = document | {"command": "show", "exit_code": int(ExitCode.DONE)}
    print_plan(shown, format_, max_chars=max_chars, verbose=verbose)
    return ExitCode.DONE

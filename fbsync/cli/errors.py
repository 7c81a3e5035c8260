"""The boundary: the only place that turns the end of a command into a message and an exit code."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from io import TextIOWrapper
from itertools import chain, pairwise
from typing import TYPE_CHECKING

import click

from fbsync.cli.signals import (
    Terminated,
    exit_code_of,
    forgive_what_is_unfinished,
    interruption_behind,
    unwind_on_signals,
)
from fbsync.model.errors import ExitCode, FbsyncError

if TYPE_CHECKING:
    from collections.abc import Sequence

DEBUG_VARIABLE = "FBSYNC_DEBUG"
"""The variable that prints the report of an unexpected failure to stderr, unless it is empty or 0."""


def run_command(command: click.Command, argv: Sequence[str]) -> int:
    """Run a command, and return its exit status. This never raises.

    With ``--format json``, a failure prints a result document to stdout, as a success does.
    """
    _prepare_outputs(argv)
    unwind_on_signals()
    try:
        status = _status_of_run(command, argv)
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader is gone: end quietly.
        status = ExitCode.ERROR
        _silence()
    except OSError as error:
        status = ExitCode.ERROR
        _silence()
        from fbsync.cli import terminal

        with suppress(OSError):  # if stderr failed, no message can be written
            terminal.say(f"error: the output cannot be written: {error.strerror}")
    return status


def _prepare_outputs(argv: Sequence[str]) -> None:
    """Make sure that fbsync can print any text, whatever the streams and the locale are."""
    for name in ("stdout", "stderr"):
        # Whoever started fbsync may have closed the stream. What fbsync prints there is then discarded.
        stream = getattr(sys, name) or open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115
        setattr(sys, name, stream)
        if isinstance(stream, TextIOWrapper):
            # A terminal that is not UTF-8 gets question marks rather than an error in the middle of the work.
            stream.reconfigure(errors="replace")
    is_for_machines = _format(argv) not in (None, "text") or "schema" in argv[:1]
    if is_for_machines and isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8", errors="replace")


def _status_of_run(command: click.Command, argv: Sequence[str]) -> int:
    try:
        status = command.main(args=list(argv), prog_name="fbsync", standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)
        return ExitCode.USAGE
    except click.ClickException as error:
        return _fail(argv, _usage(error, argv))
    except (click.Abort, KeyboardInterrupt) as ended:
        return _end(argv, ended)
    except FbsyncError as error:
        return _fail(argv, error)
    except Exception as error:  # noqa: BLE001 - the boundary: nothing passes it
        if (interruption := interruption_behind(error)) is not None:
            return _end(argv, interruption)
        return _fail(argv, _refused_by_system(error) if isinstance(error, OSError) else _unexpected(error))
    return status if isinstance(status, int) else ExitCode.DONE


def _end(argv: Sequence[str], ended: BaseException) -> int:
    """End the command after a signal."""
    from fbsync.cli import terminal

    forgive_what_is_unfinished()
    terminal.end_line()
    return _fail(argv, _interrupted(ended))


def _fail(argv: Sequence[str], error: FbsyncError) -> int:
    if _format(argv) == "json":
        _print_failure(argv, error)
    else:
        from fbsync.cli import terminal

        with suppress(OSError):  # if stderr fails, the exit code still reports the error
            terminal.report_error(error)
    return error.exit_code


def _interrupted(ended: BaseException) -> FbsyncError:
    """Return the error for a signal. click turns each signal into an Abort."""
    interruption = interruption_behind(ended)
    by = f" by {interruption.name}" if isinstance(interruption, Terminated) else ""
    return FbsyncError(f"interrupted{by}", exit_code=exit_code_of(ended))


def _usage(error: click.ClickException, argv: Sequence[str]) -> FbsyncError:
    from fbsync.cli.mistakes import usage_hint, usage_message

    return FbsyncError(usage_message(error, argv), hint=usage_hint(error, argv), exit_code=ExitCode.USAGE)


def _refused_by_system(error: OSError) -> FbsyncError:
    """Return the error for a refusal of the operating system that no other code handled.

    Raises:
        OSError: writing the output failed.
    """
    from fbsync.cli import diagnosis

    if diagnosis.innermost_module(error).split(".")[0] == "click":
        raise error
    if not _has_working_folder():
        return FbsyncError("the working folder no longer exists", hint="change to a folder that exists")
    named = f": {error.filename}" if isinstance(error.filename, str) else ""
    return FbsyncError(
        f"the operating system refused something that fbsync needs: {error.strerror or type(error).__name__}{named}",
        hint="fix that, then run the command again; "
        f"it happened in {diagnosis.innermost_place(error)}{_report_place(error)}",
    )


def _has_working_folder() -> bool:
    try:
        os.getcwd()  # noqa: PTH109 - asks the operating system itself
    except OSError:
        return False
    return True


def _unexpected(error: Exception) -> FbsyncError:
    """Return the error for a bug in fbsync. It leaves out the exception's text, which may contain anything."""
    from fbsync.cli import diagnosis

    return FbsyncError(
        f"fbsync itself failed: {type(error).__name__} in {diagnosis.innermost_place(error)}",
        hint=f"this is a bug: report this line with the command that you ran{_report_place(error)}",
    )


def _report_place(error: BaseException) -> str:
    """Print or save the report of a failure. Return the end of a hint that says where the report is."""
    from fbsync.cli import diagnosis, terminal

    if os.environ.get(DEBUG_VARIABLE, "0") not in ("", "0"):
        with suppress(OSError):
            terminal.say(diagnosis.report_of(error).rstrip("\n"))
        return ""
    path = diagnosis.keep(error)
    if path is None:
        return f" and what {DEBUG_VARIABLE}=1 prints"
    return f"; the stack trace, without values, is in {path}"


def _format(argv: Sequence[str]) -> str | None:
    """The requested format. It is read from the words themselves, since click may have failed to parse them."""
    words = list(argv[: argv.index("--")] if "--" in argv else argv)
    joined = (word.partition("=")[2] for word in words if word.startswith("--format="))
    apart = (value for option, value in pairwise(words) if option == "--format")
    return next(chain(joined, apart), None)


def _print_failure(argv: Sequence[str], error: FbsyncError) -> None:
    from fbsync.render.document import dump, failure_document

    command = next((word for word in argv if not word.startswith("-")), "fbsync")
    click.echo(dump(failure_document(command, error)), nl=False)


def _silence() -> None:
    """Keep Python from flushing at exit into an output that fails."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())

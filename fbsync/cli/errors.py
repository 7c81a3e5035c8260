"""The boundary: every way in which a command can end becomes a message and an exit code, here and only here."""

from __future__ import annotations

import os
import sys
from io import TextIOWrapper
from itertools import pairwise
from typing import TYPE_CHECKING

import click

from fbsync.cli.signals import Terminated, unwind_on_signals
from fbsync.model.errors import ExitCode, FbsyncError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType


def run(command: click.Command, argv: Sequence[str]) -> int:
    """Runs a command; gives its exit status and never raises.

    With ``--format json`` a failure prints a result document to stdout, as a success does.
    """
    for name in ("stdout", "stderr"):
        # One that was closed before fbsync was started: what is printed there goes nowhere.
        stream = getattr(sys, name) or open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115
        setattr(sys, name, stream)
        if isinstance(stream, TextIOWrapper):
            # An output that is not UTF-8 gets question marks rather than an error in the middle of the work.
            stream.reconfigure(errors="replace")
    unwind_on_signals()
    try:
        status = _status(command, argv)
        sys.stdout.flush()
    except BrokenPipeError:
        # Nobody reads on: end quietly.
        status = ExitCode.ERROR
        _silence()
    except OSError as error:
        status = ExitCode.ERROR
        _silence()
        from fbsync.cli import terminal

        terminal.say(f"error: the output cannot be written: {error.strerror}")
    return status


def _status(command: click.Command, argv: Sequence[str]) -> int:
    try:
        status = command.main(args=list(argv), prog_name="fbsync", standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)
        return ExitCode.USAGE
    except click.ClickException as error:
        return _fail(argv, _usage(error))
    except (click.Abort, KeyboardInterrupt) as ended:
        from fbsync.cli import terminal

        terminal.end_line()
        return _fail(argv, _interrupted(ended))
    except FbsyncError as error:
        return _fail(argv, error)
    except OSError:
        # What the disk refuses is an FbsyncError of whoever wrote there: this is the output itself.
        raise
    except Exception as error:  # noqa: BLE001 - the boundary: nothing passes it
        return _fail(argv, _unexpected(error))
    return status if isinstance(status, int) else ExitCode.DONE


def _fail(argv: Sequence[str], error: FbsyncError) -> int:
    if _wants_json(argv):
        _print_document(argv, error)
    else:
        from fbsync.cli import terminal

        terminal.report_error(error)
    return error.exit_code


def _interrupted(ended: BaseException) -> FbsyncError:
    """What to say of a signal; click makes an Abort of each."""
    for cause in (ended, ended.__cause__):
        if isinstance(cause, Terminated):
            return FbsyncError(f"interrupted by {cause.name}", exit_code=ExitCode.TERMINATED)
    return FbsyncError("interrupted", exit_code=ExitCode.INTERRUPTED)


def _usage(error: click.ClickException) -> FbsyncError:
    context = getattr(error, "ctx", None)
    hint = f"see `{context.command_path} --help`" if context is not None else "see `fbsync --help`"
    message = error.format_message().rstrip(".")
    return FbsyncError(message[:1].lower() + message[1:], hint=hint, exit_code=ExitCode.USAGE)


def _unexpected(error: Exception) -> FbsyncError:
    """A mistake of fbsync's own. The exception's text is not shown: nobody vouches for what is in it."""
    place = _innermost(error.__traceback__)
    return FbsyncError(
        f"fbsync itself failed: {type(error).__name__} at {place}",
        hint="this is a bug: please report this line, with the command that you ran",
    )


def _innermost(trace: TracebackType | None) -> str:
    place = "an unknown place"
    while trace is not None:
        code = trace.tb_frame.f_code
        place = f"{os.path.basename(code.co_filename)}:{trace.tb_lineno} ({code.co_name})"  # noqa: PTH119
        trace = trace.tb_next
    return place


def _wants_json(argv: Sequence[str]) -> bool:
    """Whether a document was asked for: looked up in the words themselves, since parsing may be what failed."""
    words = list(argv[: argv.index("--")] if "--" in argv else argv)
    return "--format=json" in words or ("--format", "json") in pairwise(words)


def _print_document(argv: Sequence[str], error: FbsyncError) -> None:
    from fbsync.render.document import dump, failure_document

    command = next((word for word in argv if not word.startswith("-")), "fbsync")
    click.echo(dump(failure_document(command, error)), nl=False)


def _silence() -> None:
    """Keeps Python from flushing into an output that does not take it at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())

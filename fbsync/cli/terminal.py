"""Print results to stdout and everything else to stderr, in colour only on terminals."""

from __future__ import annotations

import os
import sys
from contextlib import nullcontext
from typing import TYPE_CHECKING, TextIO

import click

from fbsync.model.errors import ExitCode, FbsyncError, GuardRefused, InvalidInput
from fbsync.render.paint import Paint, visible

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from contextlib import AbstractContextManager

    from fbsync.model.findings import Finding
    from fbsync.state.intents import Intent


def paint_for(stream: TextIO) -> Paint:
    """Return the colours for a stream: none with NO_COLOR (no-color.org), else on terminals and with FORCE_COLOR."""
    if os.environ.get("NO_COLOR"):
        return Paint(enabled=False)
    if os.environ.get("FORCE_COLOR", "0") not in ("", "0"):
        return Paint(enabled=True)
    return Paint(enabled=stream.isatty() and os.environ.get("TERM") != "dumb")


def terminal_width(stream: TextIO) -> int | None:
    """Return the terminal's width in columns, or None for a pipe or a file, where lines are never wrapped."""
    if not stream.isatty():
        return None
    import shutil

    return shutil.get_terminal_size().columns


def out(text: str) -> None:
    """Print a result to stdout, without a line break at its end."""
    click.echo(text, nl=False, color=True)


def say(text: str) -> None:
    """Print a line to stderr: anything that is not a result."""
    click.echo(text, err=True, color=True)


def report_error(error: FbsyncError) -> None:
    """Print an error to stderr: its findings, or its message with the advice."""
    paint = paint_for(sys.stderr)
    if isinstance(error, InvalidInput):
        click.echo(findings_with_excerpts(error.findings, paint=paint), err=True, nl=False, color=True)
        return
    say(f"{paint.red('error:')} {visible(error.message)}")
    if isinstance(error, GuardRefused):
        for refusal in error.refusals:
            about = (
                f'"{refusal.identity.name}" (workspace {refusal.identity.workspace_id}) ' if refusal.identity else ""
            )
            say(f"  {visible(about + refusal.message)}")
            say(f"    {paint.cyan('fix:')} {visible(refusal.hint)}")
    if error.hint:
        say(f"  {paint.cyan('fix:')} {visible(error.hint)}")


def findings_with_excerpts(
    findings: Iterable[Finding], *, paint: Paint, sources: Mapping[str, str] | None = None, folded: bool = False
) -> str:
    """Render findings as text, with excerpts from the files.

    Args:
        findings: the findings, in the order to print them in.
        paint: the colours.
        sources: the text of files, by the names in positions. Other files are read again, if possible.
        folded: whether to combine findings if there are more than a few of one kind.
    """
    from fbsync.render.findings_text import findings_text as render

    findings = tuple(findings)
    places = (place for finding in findings for place in (finding.position, *finding.related))
    files = {place.file for place in places if place.line}
    given = sources or {}
    texts = {file: source for file in files if (source := given.get(file) or _source_text(file)) is not None}
    return render(findings, sources=texts, paint=paint, folded=folded)


def _source_text(file: str) -> str | None:
    from pathlib import Path

    try:
        return Path(file).read_text(encoding="utf-8-sig") if Path(file).is_file() else None
    except (OSError, UnicodeDecodeError):
        return None


def waits(what: str) -> AbstractContextManager[object]:
    """Return a context manager. In it, a terminal shows what fbsync waits for, if that takes a while."""
    if not sys.stderr.isatty():
        return nullcontext()
    from fbsync.cli.waiting import waiting_for

    return waiting_for(what)


def end_bar() -> None:
    """Clear the line of a progress bar, and show the hidden cursor again."""
    if sys.stderr.isatty():
        click.echo("\r\x1b[K\x1b[?25h", err=True, nl=False, color=True)


def end_line() -> None:
    """End the line of a question that was left unanswered."""
    if can_ask():
        say("")


def can_ask() -> bool:
    """Whether a user can see a question and answer it."""
    return sys.stdin is not None and sys.stdin.isatty() and sys.stderr.isatty()


def confirm(question: str) -> bool:
    """Ask on stderr for a spelled-out yes. Without a terminal, the answer is yes without asking.

    Raises:
        FbsyncError: only one of stdin and stderr is a terminal.
    """
    sees, answers = sys.stderr.isatty(), sys.stdin is not None and sys.stdin.isatty()
    if sees is not answers:
        one, other = ("stderr", "stdin") if sees else ("stdin", "stderr")
        raise FbsyncError(
            f"{one} is a terminal and {other} is not, so fbsync cannot ask for confirmation; nothing was changed",
            hint="pass --yes to apply without a question, or run it on a terminal",
            exit_code=ExitCode.USAGE,
        )
    if not sees:
        return True
    say(question)
    answer: str = click.prompt("  Only 'yes' is accepted", default="", show_default=False, err=True)
    return answer.strip() == "yes"


def ask(question: str) -> bool:
    """Ask on stderr. Anything but a clear yes means no."""
    return click.confirm(question, default=False, err=True)


def report_warnings(findings: Iterable[Finding], *, verbose: bool = False) -> None:
    """Print to stderr the findings that do not stop a command.

    Args:
        findings: the findings.
        verbose: whether to print each finding even if there are many of one kind.
    """
    if findings := tuple(findings):
        click.echo(
            findings_with_excerpts(findings, paint=paint_for(sys.stderr), folded=not verbose), err=True, color=True
        )


def open_intents_note(open_intents: Iterable[Intent]) -> str:
    """Say what the next apply does about the unconfirmed requests and temporary configurations of an unfinished one."""
    from fbsync.render.entries import counted
    from fbsync.state.trials import trials_among

    open_intents = tuple(open_intents)
    trials = len(trials_among(open_intents))
    number = len(open_intents) - trials
    found = [f"was interrupted with {counted(number, 'unconfirmed request')}"] if number else []
    found += [f"may have left {counted(trials, 'temporary configuration')}"] if trials else []
    said = ["check its result" if number == 1 else "check their results"] if number else []
    said += ["delete it" if trials == 1 else "delete them"] if trials else []
    return f"A previous apply {' and '.join(found)}. The next `fbsync apply` will {' and '.join(said)}."

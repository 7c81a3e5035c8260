"""``fbsync state``: inspect and repair the known state. It reads the lockfile, never the manifest."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from fbsync.cli import completion_values, terminal
from fbsync.cli.mistakes import Group
from fbsync.cli.options import format_option, lock_timeout_option, together, yes_option
from fbsync.cli.state_entry import entry_title, known_at, pick
from fbsync.cli.state_store import add_store_commands
from fbsync.cli.store import readable, writable
from fbsync.cli.target_options import TargetOptions, as_target, lock_file_options, manifest_options
from fbsync.model.errors import ExitCode, FbsyncError, GuardRefused
from fbsync.render.paint import visible

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fbsync.model.ages import Ages
    from fbsync.model.configurations import LockedLlm
    from fbsync.state.lockfile import Lockfile
    from fbsync.state.replayed import Replayed


_PATH = click.Path(path_type=Path)


_lockfile_options = together(
    manifest_options(
        file="Use the lockfile next to this manifest.", environment="Use the lockfile of this environment."
    ),
    lock_file_options,
    as_target,
)
"""The options that locate the lockfile. The manifest need not exist."""
_entry_options = together(
    click.argument("name", shell_complete=completion_values.known_names),
    click.option("--workspace", metavar="ID", help="Select the entry in this workspace if several have the name."),
)
"""The name of an entry, and its workspace if several entries have the name."""


@click.group(cls=Group)
def state() -> None:
    """Inspect and repair the known state: the lockfile, and what an unfinished apply left.

    These commands do not contact the server or read the manifest: -f and -e only locate the lockfile.
    """


@state.command("list")
@_lockfile_options
@format_option("text", "json")
def list_(target: TargetOptions, format_: str) -> None:
    """List the entries in the known state.

    \b
    fbsync state list
    fbsync state list -e staging --format json
    """  # noqa: D301 - click's mark for a block to leave unwrapped
    where = readable(target.where())
    known = known_at(where)
    if format_ == "json":
        _print_entries(where.known_in, known, known.lockfile.llms)
        return
    from fbsync.render.state_text import state_table

    _note_open(known)
    terminal.out(state_table(known.lockfile.llms, _ages_today(), paint=terminal.paint_for(sys.stdout)))


@state.command()
@_entry_options
@_lockfile_options
@format_option("text", "json")
def show(
    name: str,
    workspace: str | None,
    target: TargetOptions,
    format_: str,
) -> None:
    """Show everything that the known state has about the entry NAME.

    For a credential, it shows the name of its variable and whether there is a fingerprint.

    \b
    fbsync state show "Production OpenAI"
    """  # noqa: D301 - click's mark for a block to leave unwrapped
    where = readable(target.where())
    known = known_at(where)
    entry = pick(known.lockfile, name, workspace)
    if format_ == "json":
        _print_entries(where.known_in, known, [entry])
        return
    from fbsync.render.state_text import state_entry

    _note_open(known)
    terminal.out(state_entry(entry, _ages_today(), paint=terminal.paint_for(sys.stdout)))


@state.command()
@_entry_options
@_lockfile_options
@format_option("text", "json")
@yes_option
@click.option("--force", is_flag=True, help="Forget the entry even if it is protected.")
@lock_timeout_option
def forget(
    name: str,
    workspace: str | None,
    target: TargetOptions,
    format_: str,
    lock_timeout: float,
    *,
    yes: bool,
    force: bool,
) -> None:
    """Remove the entry NAME from the lockfile; leave the configuration on the server alone.

    It refuses a protected entry (exit code 8) without --force, since that removes the protection. It also refuses
    while an unfinished apply has left its journal: run the next apply first.

    \b
    fbsync state forget "Production OpenAI"
    """  # noqa: D301 - click's mark for a block to leave unwrapped
    with writable(target.where(), lock_timeout=lock_timeout) as (place, _):
        path = place.lock_path
        _check_journal(path, place.known_in)
        known = known_at(place).lockfile
        entry = pick(known, name, workspace)
        _check_protection(entry, force=force)
        if not yes and terminal.can_ask() and not terminal.ask(f"Forget {visible(entry_title(entry))}?"):
            raise FbsyncError("not confirmed, so nothing was changed")
        _write_lockfile(path, known.with_llms(llm for llm in known.llms if llm is not entry))
    _print_forgotten(entry, format_)


def _check_journal(path: Path, known_in: str) -> None:
    """Make sure that there is no journal: its records may be about the entry, and would bring it back.

    Raises:
        FbsyncError: there is a journal.
    """
    from fbsync.state.lockfile import journal_path

    if journal_path(path).exists():
        raise FbsyncError(
            f"a previous apply did not finish and left its journal in {known_in}",
            hint="run `fbsync apply` first, which checks the results, then run this again",
        )


def _check_protection(entry: LockedLlm, *, force: bool) -> None:
    from fbsync.model.plan import Refusal

    if entry.protect and not force:
        message = "is protected and would lose its protection"
        raise GuardRefused([Refusal(identity=entry.identity, message=message, hint="to do it anyway, pass --force")])


def _write_lockfile(path: Path, known: Lockfile) -> None:
    """Write the lockfile, and discard the rescue file, which would bring the forgotten entry back."""
    from fbsync.settings import find_state_folder
    from fbsync.state import lockfile, rescue
    from fbsync.state.atomic_file import write_atomically

    try:
        write_atomically(path, lockfile.lockfile_text(known), follow=False)
        rescue.discard_rescue(path, find_state_folder(os.environ))
    except OSError as error:
        raise FbsyncError(
            f"the known state cannot be written to {path}: {error.strerror}",
            hint="free some space or fix the permissions, then run this again",
        ) from error


def _note_open(known: Replayed) -> None:
    if known.open:
        terminal.say(terminal.open_intents_note(known.open))


def _ages_today() -> Ages:
    from fbsync.calendar import today
    from fbsync.model.ages import Ages

    return Ages(today=today())


def _print_entries(known_in: str, known: Replayed, entries: Iterable[LockedLlm]) -> None:
    from fbsync.render.document import dump, result_document
    from fbsync.render.known_document import state_part
    from fbsync.state.trials import trials_among

    part = state_part(
        entries,
        lockfile=known_in,
        api_url=known.lockfile.api_url,
        open_requests=len(known.open),
        temporary=[(intent.identity, intent.llm_id) for intent in trials_among(known.open)],
        ages=_ages_today(),
    )
    terminal.out(dump(result_document("state", ExitCode.DONE, state=part)))


def _print_forgotten(entry: LockedLlm, format_: str) -> None:
    from fbsync.model.changes import Undeclared
    from fbsync.model.outcomes import Outcome, Result
    from fbsync.render.document import dump, outcome_entry, result_document

    forgotten = outcome_entry(Outcome(change=Undeclared(locked=entry), result=Result.FORGOTTEN, llm_id=entry.id))
    if format_ == "json":
        terminal.out(dump(result_document("state", ExitCode.DONE, entries=[forgotten])))
        return
    from fbsync.render.outcome_text import outcome_line

    terminal.out(f"{outcome_line(forgotten, paint=terminal.paint_for(sys.stdout))}\n")
    terminal.out(
        "It stays on the server. As long as it is declared, the next apply needs --adopt to take it over again.\n"
    )


add_store_commands(state)

"""The commands of ``fbsync state`` for a state in a store: ``init``, ``migrate``, ``pull``, ``push`` and others."""

from __future__ import annotations

import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fbsync.cli import terminal
from fbsync.cli.options import together, yes_option
from fbsync.cli.target_options import TargetOptions, manifest_options
from fbsync.cli.waiting import waiting_for
from fbsync.model.errors import FbsyncError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fbsync.cli.waiting import SlowLine
    from fbsync.workflow.store_admin import OpenedStore
    from fbsync.workflow.target import Where


_PATH = click.Path(path_type=Path)
_MOST_REVISIONS = 200
_store_options = together(
    manifest_options(
        file="Use this manifest. [default: fbsync.yaml]", environment="Use the state of this environment."
    ),
    click.option("--state", "store", metavar="STORE", help="Use this store, such as git. [default: FBSYNC_STATE]"),
)
"""The options that select a state in a store."""


def add_store_commands(group: click.Group) -> None:
    """Add the commands to ``fbsync state``."""
    for command in (init, migrate, pull, push, unlock, history, remove):
        group.add_command(command)


@contextmanager
def _opened(where: Where) -> Iterator[tuple[OpenedStore, SlowLine]]:
    """Open the store. Yield it with the line that a terminal shows while fbsync waits for the store."""
    from fbsync.workflow.open_store import opened_store

    with opened_store(where, os.environ) as store:
        yield store, waiting_for(f"Waiting for {store.name}")


def _where(files: tuple[Path, ...], environment: str | None, store: str | None) -> Where:
    """The target that the options select.

    Raises:
        click.UsageError: the options select no store.
    """
    from dataclasses import replace

    where = TargetOptions(files=files, environment=environment).where()
    where = where if store is None else replace(where, state=store)
    if not where.is_shared:
        raise click.UsageError("name a store with --state or FBSYNC_STATE: git, s3://…, az://… or gs://…")
    return where


@click.command()
@_store_options
def init(files: tuple[Path, ...], environment: str | None, store: str | None) -> None:
    """Create an empty known state in a store.

    It first checks, with a test object, that the store refuses a conditional write when the condition is not met.

    \b
    fbsync state init --state git
    fbsync state init --state s3://my-bucket/fbsync -e staging
    """  # noqa: D301 - click's mark for a block to leave unwrapped
    with _opened(_where(files, environment, store)) as (opened, line):
        with line:
            opened.create(lockfile=None, journal=())
        terminal.say(f"Created an empty state in {opened.name}.")


@click.command()
@_store_options
@click.option("--back", is_flag=True, help="Move the state from the store into files next to the manifest.")
def migrate(files: tuple[Path, ...], environment: str | None, store: str | None, *, back: bool) -> None:
    """Move the known state from the files next to the manifest into a store.

    It moves the lockfile and the journal of an unfinished apply. In place of the lockfile it leaves a stub that every
    fbsync refuses to read, so that nobody uses the old copy. Commit the stub, or remove it from git.

    \b
    fbsync state migrate --state git
    fbsync state migrate --state git --back
    """  # noqa: D301 - click's mark for a block to leave unwrapped
    from dataclasses import replace

    from fbsync.state.runlock import run_lock
    from fbsync.workflow.state_moves import move_back, move_there

    where = _where(files, environment, store)
    path = replace(where, state=None).lock_path
    with _opened(where) as (opened, line), run_lock(path, timeout=0):
        with line:
            done = (move_back if back else move_there)(opened, path, where.base)
        terminal.say(done)


@click.command()
@_store_options
@click.option(
    "--at", "revision", metavar="REVISION", help="Print this earlier state, by its id in `fbsync state history`."
)
def pull(files: tuple[Path, ...], environment: str | None, store: str | None, revision: str | None) -> None:
    """Print the known state of a store as a JSON document, and the tag that `state push` needs to stderr.

    \b
    fbsync state pull --state git > state.json
    fbsync state pull --state git --at 1a2b3c4 > earlier.json
    """  # noqa: D301 - click's mark for a block to leave unwrapped
    from fbsync.stores.document import render_state

    with _opened(_where(files, environment, store)) as (opened, line):
        with line:
            version = opened.read()
            state = version.state if revision is None else opened.at(revision, most=_MOST_REVISIONS)
        terminal.say(f"tag: {version.tag}")
        terminal.out(render_state(state).decode())


@click.command()
@click.argument("document", type=click.File("rb"))
@_store_options
@click.option("--tag", metavar="TAG", help="Replace the version with this tag, as printed by `fbsync state pull`.")
@click.option("--force", is_flag=True, help="Replace the state whatever it is, even during a run.")
def push(
    document: Any,  # noqa: ANN401 - click's file
    files: tuple[Path, ...],
    environment: str | None,
    store: str | None,
    tag: str | None,
    *,
    force: bool,
) -> None:
    """Replace the known state with DOCUMENT, a file that `fbsync state pull` wrote.

    It refuses (exit code 7) if the state no longer has the tag or another run has locked it.

    \b
    fbsync state push state.json --state git --tag 1a2b3c4d
    """  # noqa: D301 - click's mark for a block to leave unwrapped
    if (tag is None) != force:
        raise click.UsageError("pass either --tag, with the tag that `fbsync state pull` printed, or --force")
    with _opened(_where(files, environment, store)) as (opened, line):
        data = document.read()
        with line:
            opened.put(data, tag=tag)
        terminal.say(f"Replaced the state in {opened.name}.")


@click.command()
@_store_options
@yes_option
def unlock(files: tuple[Path, ...], environment: str | None, store: str | None, *, yes: bool) -> None:
    """Unlock the state after a run was killed, without waiting for its lease to expire.

    A run that is still alive then loses its lease: it can record nothing more, and exits with 7.

    \b
    fbsync state unlock --state git
    """  # noqa: D301 - click's mark for a block to leave unwrapped
    with _opened(_where(files, environment, store)) as (opened, line):
        with line:
            version = opened.read()
        if version.state.claim is None:
            terminal.say(f"No run has locked the state in {opened.name}.")
            return
        terminal.say(f"Locked by {version.state.writer}.")
        if not yes and not (terminal.can_ask() and terminal.ask("Has that run ended for good? Unlock the state?")):
            raise FbsyncError("not confirmed, so nothing was changed", hint="confirm with --yes")
        with line:
            opened.unlock(version)
        terminal.say(f"Unlocked the state in {opened.name}.")


@click.command()
@_store_options
@click.option(
    "--max", "most", type=click.IntRange(min=1), default=20, show_default=True, help="List at most this many."
)
def history(files: tuple[Path, ...], environment: str | None, store: str | None, most: int) -> None:
    """List the earlier states in git, newest first: when, and by whom.

    \b
    fbsync state history --state git
    """  # noqa: D301 - click's mark for a block to leave unwrapped
    with _opened(_where(files, environment, store)) as (opened, line):
        with line:
            revisions = opened.history(most=most)
        for revision in revisions:
            terminal.out(f"{revision.id[:12]}  {revision.when}  {revision.subject}\n")


@click.command()
@_store_options
@yes_option
def remove(files: tuple[Path, ...], environment: str | None, store: str | None, *, yes: bool) -> None:
    """Remove an empty known state from a store, as the last step for an environment that is gone.

    It refuses (exit code 8) if the state still has entries or an unfinished run: run `fbsync destroy` first. In git,
    the state's history goes with it.

    \b
    fbsync destroy -e pr-123 --yes
    fbsync state remove -e pr-123 --yes
    """  # noqa: D301 - click's mark for a block to leave unwrapped
    with _opened(_where(files, environment, store)) as (opened, line):
        with line:
            version = opened.read()
            opened.check_unused(version)
        if not yes and terminal.can_ask() and not terminal.ask(f"Remove the empty state in {opened.name}?"):
            raise FbsyncError("not confirmed, so nothing was changed", hint="confirm with --yes")
        with line:
            opened.retire(version)
        terminal.say(f"Removed the state in {opened.name}.")

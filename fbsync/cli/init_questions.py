"""Ask the questions of ``init`` on a terminal."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from fbsync.cli import terminal
from fbsync.model.errors import FbsyncError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fbsync.model.live import Workspace

PROVIDER_NAMES = ("openai", "google", "anthropic", "aws", "other")
SIGNING_IN = (
    "Sign in with FLASHBACK_EMAIL and FLASHBACK_PASSWORD, and fbsync gets an access token by itself,",
    "or set FLASHBACK_TOKEN to an access token (from the response to POST /user/login; valid for one hour).",
    "Then `fbsync workspaces` shows the ids of your workspaces.",
)


def ask_providers() -> tuple[str, ...]:
    """Ask for providers, and return the chosen names."""
    answer = click.prompt(f"Providers ({', '.join(PROVIDER_NAMES)})", default="openai", err=True, value_proc=_providers)
    return tuple(answer)


def _providers(text: str) -> list[str]:
    names = [name.strip().lower() for name in text.split(",") if name.strip()]
    if unknown := [name for name in names if name not in PROVIDER_NAMES]:
        raise click.UsageError(f"{unknown[0]!r} is not one of {', '.join(PROVIDER_NAMES)}")
    return list(dict.fromkeys(names)) or ["openai"]


def ask_workspace() -> Workspace | None:
    """Ask for a workspace: a listed one, or a typed id if the server lists none. Return None for the variable."""
    from fbsync.render.paint import visible

    listed = _listed_workspaces()
    for number, workspace in enumerate(listed, 1):
        terminal.say(f"  {number}: {visible(workspace.name)} ({visible(workspace.id)})")
    numbered = "its number, " if listed else ""
    question = f"Workspace ({numbered}its id, or press Enter for $FLASHBACK_WORKSPACE_ID)"
    answer: Workspace | None = click.prompt(
        question, default="", show_default=False, err=True, value_proc=lambda text: _answer(text, listed)
    )
    return answer


def _answer(text: str, listed: Sequence[Workspace]) -> Workspace | None:
    """Return the workspace that an answer means: a listed one, if the server listed any; None for an empty answer.

    Raises:
        UsageError: no listed workspace, or more than one, matches. click then asks again.
    """
    from fbsync.model.live import Workspace

    answer = text.strip()
    if not answer:
        return None
    if not listed:
        return Workspace(id=str(checked_id(answer)), name=answer)
    found = [workspace for workspace in listed if answer == workspace.id]
    found = found or [workspace for workspace in listed if answer == workspace.name]
    if not found and answer.isdecimal() and 0 < int(answer) <= len(listed):
        found = [listed[int(answer) - 1]]
    if len(found) != 1:
        nothing = f"is neither a number from 1 to {len(listed)} nor one of these ids"
        wrong = "is the name of several workspaces" if found else nothing
        raise click.UsageError(f"{answer!r} {wrong}")
    return found[0]


def checked_id(value: str | None) -> str | None:
    """Check that the manifest's schema allows a workspace id (``workspaceId``), and return the id."""
    if value is not None and (not value or any(character.isspace() for character in value)):
        raise click.BadParameter("a workspace id must not be empty or contain whitespace")
    return value


def _listed_workspaces() -> Sequence[Workspace]:
    """The workspaces that the server lists, or none if fbsync cannot sign in or ask: ``init`` continues without."""
    from fbsync.cli.server_options import Asking
    from fbsync.cli.workspaces import list_workspaces
    from fbsync.settings import means_of_signing_in
    from fbsync.workflow.inputs import no_inputs
    from fbsync.workflow.target import Where

    if not means_of_signing_in(no_inputs(Where(), os.environ).variables):
        for line in SIGNING_IN:
            terminal.say(line)
        return ()
    try:
        return list_workspaces((), None, Asking(timeout=10.0, retry_timeout=0.0, verbose=0))
    except FbsyncError as error:
        terminal.say(f"The workspaces cannot be listed: {error.message}")
        return ()


def ask_state() -> str | None:
    """Ask where a project with a pipeline keeps the known state. Return None for a lockfile in the repository."""
    terminal.say(
        "The pipeline can keep the known state in a lockfile, which it commits to the branch, or in a git ref."
    )
    return "git" if terminal.ask("Keep it in git (state: git), so that nothing is committed to a branch?") else None

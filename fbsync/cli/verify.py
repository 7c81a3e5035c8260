"""``fbsync verify``."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

import click

from fbsync.cli import terminal
from fbsync.cli.options import format_option, only_option, parallelism_option, yes_option
from fbsync.cli.server_options import Asking, asking_options
from fbsync.cli.store import readable
from fbsync.cli.target_options import TargetOptions, where_options
from fbsync.model.errors import FbsyncError
from fbsync.render.paint import visible

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fbsync.model.verifications import Target, Verified
    from fbsync.workflow.proposal import Proposal


@click.command()
@where_options
@only_option
@format_option("text", "json")
@yes_option
@parallelism_option
@asking_options
def verify(
    target: TargetOptions,
    only: tuple[str, ...],
    format_: str,
    *,
    yes: bool,
    **asking: Any,  # noqa: ANN401 - one for each option
) -> int:
    """Verify the credentials on the server with their providers: a real call each, which may be billed.

    It verifies what was applied, as recorded in the lockfile. It changes nothing and needs only the token.
    The exit code is 5 if a provider refuses a credential. A call without an answer is not retried.

    \b
    fbsync verify
    fbsync verify --only "Production OpenAI"
    fbsync verify -e staging --yes --format json
    """  # noqa: D301 - click's mark for a block to leave unwrapped
    from fbsync.workflow.project import read_project
    from fbsync.workflow.proposal import propose

    where = target.where()
    proposal = propose(read_project(readable(where), os.environ, online=True), None, only=only)
    json = format_ == "json"
    targets, notes = _targets(proposal, named=bool(only))
    for note in () if json else notes:
        terminal.say(note)
    if targets and not yes and terminal.can_ask() and not terminal.ask("Verify?"):
        raise FbsyncError("not confirmed, so nothing was verified")
    return _verify(proposal, targets, Asking(**asking), json=json)


def _targets(proposal: Proposal, *, named: bool) -> tuple[tuple[Target, ...], tuple[str, ...]]:
    """The known configurations to verify, declared ones and others that the user named, with notes for the user."""
    from fbsync.model.changes import Adopt, Blocked, Create, Delete, Unchanged, Undeclared, Update, name_of
    from fbsync.model.verifications import Target

    targets, absent, pending = [], [], 0
    for change in proposal.plan.changes:
        match change:
            case Unchanged() | Update():
                pending += isinstance(change, Update)
                targets.append(Target(identity=change.locked.identity, llm_id=change.locked.id))
            case Undeclared() | Delete():
                if named:
                    targets.append(Target(identity=change.locked.identity, llm_id=change.locked.id))
            case Create() | Adopt() | Blocked():
                absent.append(name_of(change))
    calls = "1 call" if len(targets) == 1 else f"{len(targets)} calls"
    notes = [f"The server asks the providers, with the credentials that it has: {calls}, which may be billed."]
    if absent:
        notes.append(f"Not applied yet, so not verified: {', '.join(map(visible, absent))}.")
    if pending:
        notes.append(f"Changes are pending for {pending} of them: the server verifies what it has now.")
    return tuple(targets), tuple(notes)


def _verify(proposal: Proposal, targets: Sequence[Target], how: Asking, *, json: bool) -> int:
    from fbsync.cli.event_loop import Interrupts
    from fbsync.cli.server_session import session
    from fbsync.cli.waiting import SlowLine
    from fbsync.model.server_error import ServerError
    from fbsync.model.verifications import exit_code_of_verifications
    from fbsync.render.document import dump, result_document, verified_entry
    from fbsync.render.verdict_text import verdict_text, verdicts_sentence

    paint = terminal.paint_for(sys.stdout)

    heard: list[Verified] = []
    line = SlowLine(lambda: f"Verifying: {len(heard)} of {len(targets)} providers answered …")

    def show(one: Verified) -> None:
        if connection.stop.reason is None or one.error is not connection.stop.reason:
            heard.append(one)
            line.clear()
            if not json:
                terminal.out(verdict_text(verified_entry(one), paint=paint) + "\n")

    with session(proposal.project, how) as connection:
        interrupts = Interrupts(connection.stop, hint="run `fbsync verify` again with --only for the rest")
        with line:
            verified = connection.verify(targets, run=interrupts.run, on_verdict=show) if targets else ()
    if isinstance(connection.stop.reason, ServerError) and not heard:
        raise connection.stop.reason
    code = interrupts.exit_code or exit_code_of_verifications(verified)
    entries = [verified_entry(one) for one in verified]
    if json:
        terminal.out(dump(result_document("verify", code, summary=verdicts_sentence(entries), verified=entries)))
    else:
        terminal.out(paint.bold(verdicts_sentence(entries)) + "\n")
    return code

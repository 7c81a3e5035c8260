"""``fbsync plan --all-environments``: the plans of all environments on one page."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

from fbsync.cli import terminal
from fbsync.cli.server_options import Asking, ask_server
from fbsync.cli.store import readable
from fbsync.model.errors import ExitCode, FbsyncError, InvalidInput
from fbsync.render.plan_document import is_empty
from fbsync.render.plan_html import plans_html
from fbsync.workflow.plan_report import document_of
from fbsync.workflow.project import read_project
from fbsync.workflow.proposal import propose

if TYPE_CHECKING:
    from fbsync.workflow.proposal import Proposal
    from fbsync.workflow.target import Where


def plan_all(where: Where, how: Asking | None, *, prune: bool, only: tuple[str, ...], detailed_exitcode: bool) -> int:
    """Plans the list itself and every environment, and prints the page.

    An environment that cannot be planned does not hide the others: the page says why, and so does the exit status.

    Args:
        where: what to work on, without an environment.
        how: how the server is asked, or None where it is not.
        prune: as for one plan.
        only: as for one plan.
        detailed_exitcode: likewise.
    """
    planned, problems, worst = [], [], ExitCode.DONE
    for environment in _environments(where):
        try:
            proposal = _proposal(replace(where, environment=environment), how, prune=prune, only=only)
        except FbsyncError as error:
            terminal.report_error(error)
            problems.append((environment, _reason(error)))
            worst = worst or error.exit_code
            continue
        planned.append(document_of(proposal, ExitCode.DONE))
    terminal.out(plans_html(planned, problems))
    pending = detailed_exitcode and not all(map(is_empty, planned))
    return worst or (ExitCode.PENDING if pending else ExitCode.DONE)


def _environments(where: Where) -> tuple[str | None, ...]:
    """All environments, and the list itself unless it has no workspace of its own: it is then used with -e only."""
    from fbsync.manifest.assemble import read_manifest

    manifest = read_manifest(where.files)
    lacking = any(finding.rule == "missing-workspace" for finding in manifest.findings_in(None))
    own: tuple[str | None, ...] = () if lacking and manifest.variants else (None,)
    return (*own, *manifest.variants)


def _proposal(where: Where, how: Asking | None, *, prune: bool, only: tuple[str, ...]) -> Proposal:
    project, live = read_project(readable(where), os.environ, online=how is not None), None
    if how is not None:
        project, live = ask_server(project, how)
    return propose(project, live, prune=prune, only=only)


def _reason(error: FbsyncError) -> str:
    """Why an environment could not be planned, in one line."""
    findings = error.findings if isinstance(error, InvalidInput) else ()
    return "; ".join(finding.message for finding in findings) or error.message

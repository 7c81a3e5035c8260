"""What must hold before a project is planned or applied, each with findings about all that does not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fbsync.model.errors import ExitCode, FbsyncError, InvalidInput
from fbsync.model.findings import in_file_order
from fbsync.workflow.project import secrets_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from fbsync.model.changes import Plan
    from fbsync.model.configurations import LiveLlm
    from fbsync.planning.guards import Need
    from fbsync.state.lockfile import Lockfile
    from fbsync.workflow.project import Project


def check_needs(project: Project, plan: Plan) -> None:
    """Makes sure that all variables that carrying out a plan would send are set.

    Raises:
        InvalidInput: with a finding for every missing one.
    """
    from fbsync.planning.guards import missing

    _refuse(project, missing(plan.changes))


def check_workspaces(project: Project) -> None:
    """Makes sure that the server can be asked about every declared entry.

    Raises:
        InvalidInput: with a finding for every missing variable.
    """
    from fbsync.planning.guards import missing_workspaces

    _refuse(project, missing_workspaces(project.desired))


def _refuse(project: Project, needs: Sequence[Need]) -> None:
    if needs:
        from fbsync.planning.guards import need_finding

        findings = (need_finding(need, empty=project.variables.is_empty(need.variable)) for need in needs)
        raise InvalidInput(in_file_order(findings))


def check_names(project: Project, only: frozenset[str], known: Lockfile, listed: Iterable[LiveLlm] = ()) -> None:
    """Makes sure that every name to which a run is limited is there.

    Raises:
        FbsyncError: a name is neither declared nor known nor listed.
    """
    names = {llm.name for llm in project.desired} | {llm.name for llm in known.llms} | {llm.name for llm in listed}
    if unknown := sorted(only - names):
        raise FbsyncError(
            f"--only names {', '.join(map(repr, unknown))}, which is neither declared nor known",
            hint=f"known names are: {', '.join(sorted(names)) or 'none'}",
            exit_code=ExitCode.INVALID_INPUT,
        )


def notes(project: Project) -> tuple[str, ...]:
    """What is odd about a project's variables, a sentence each: nothing that stops a run."""
    odd = sorted({secret.reference for secret in secrets_of(project.desired) if secret.has_blank_ends})
    return tuple(
        f"The value of ${name} begins or ends with blanks or a line break, and is sent exactly as it is."
        for name in odd
    )

"""Check the preconditions of planning and applying a project, and report all violations."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from fbsync.model.errors import ExitCode, FbsyncError, InvalidInput
from fbsync.model.findings import Finding, Position, in_file_order
from fbsync.redact import nearest
from fbsync.settings import means_of_signing_in, no_means, read_account

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence

    from fbsync.model.live import LiveLlm
    from fbsync.model.plan import Plan
    from fbsync.planning.needs import Need
    from fbsync.state.lockfile import Lockfile
    from fbsync.variables import Variables
    from fbsync.workflow.project import Project

_MOST_NAMES = 10


def check_needs(project: Project, plan: Plan) -> None:
    """Check that all variables are set whose values a plan's changes would send.

    Raises:
        InvalidInput: a variable is missing. There is a finding for each.
    """
    from fbsync.planning.needs import missing_variables

    _refuse_unset(project, missing_variables(plan.changes))


def check_workspaces(project: Project) -> None:
    """Check that the server can be asked about every declared entry.

    Raises:
        InvalidInput: the variable of a workspace is missing. There is a finding for each.
    """
    from fbsync.planning.needs import missing_workspaces

    _refuse_unset(project, missing_workspaces(project.desired))


def check_sign_in(variables: Variables) -> None:
    """Check that the variables give a way to sign in.

    Raises:
        FbsyncError: a variable is missing, or its value is not valid for its purpose. The message names it.
    """
    read_account(variables)
    if not means_of_signing_in(variables):
        raise no_means(variables)


def check_variables(project: Project, plan: Callable[[], Plan]) -> None:
    """Check before any request that a run can sign in. If it cannot, report all missing variables at once.

    Args:
        project: the project.
        plan: makes the plan without asking the server.

    Raises:
        FbsyncError: there is no way to sign in, but nothing else is missing.
        InvalidInput: other variables are missing, too.
    """
    from fbsync.planning.needs import missing_variables, missing_workspaces

    try:
        check_sign_in(project.variables)
    except FbsyncError as error:
        needs = dict.fromkeys((*missing_workspaces(project.desired), *missing_variables(plan().changes)))
        if not needs:
            raise
        where = Position(file="environment")
        signing_in = Finding(rule="sign-in", position=where, message=error.message, remedy=error.hint)
        raise InvalidInput((signing_in, *_need_findings(project, needs))) from error


def _refuse_unset(project: Project, needs: Sequence[Need]) -> None:
    if needs:
        raise InvalidInput(_need_findings(project, needs))


def _need_findings(project: Project, needs: Iterable[Need]) -> tuple[Finding, ...]:
    from fbsync.planning.needs import need_finding

    findings = (need_finding(need, empty=project.variables.is_empty(need.variable)) for need in needs)
    return tuple(in_file_order(findings))


def chosen_names(
    project: Project, only: Iterable[str], known: Lockfile, listed: Iterable[LiveLlm] = ()
) -> frozenset[str]:
    """Return the names to which a run is limited. Empty for no limit.

    Args:
        project: the project, for the declared names.
        only: names or patterns (``team-a/*``). A name that exists is not a pattern.
        known: the known state, for the known names.
        listed: what the server lists, if listed names count too.

    Raises:
        FbsyncError: a name is neither declared nor in the lockfile nor listed, or no name matches a pattern.
    """
    names = {llm.name for llm in project.desired} | {llm.name for llm in known.llms} | {llm.name for llm in listed}
    found = {one: {one} if one in names else {name for name in names if fnmatchcase(name, one)} for one in only}
    if unknown := sorted(one for one, meant in found.items() if not meant):
        said = ", ".join(map(repr, unknown))
        raise FbsyncError(
            f"--only names {said}, which is neither in the manifest nor in the lockfile",
            hint=_suggestion(unknown, names),
            exit_code=ExitCode.INVALID_INPUT,
        )
    return frozenset(name for meant in found.values() for name in meant)


def _suggestion(unknown: Iterable[str], names: Collection[str]) -> str:
    """Suggest similar names, or list some of the existing names if none is similar."""
    close = [found for one in unknown if (found := nearest(one, names)) is not None]
    if close:
        return f"did you mean {' or '.join(map(repr, dict.fromkeys(close)))}?"
    rest = len(names) - _MOST_NAMES
    more = f" and {rest} more" if rest > 0 else ""
    return f"the names are: {', '.join(sorted(names)[:_MOST_NAMES]) or 'none'}{more}"

"""Preconditions of planning and applying a project, with findings about all violations."""

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
    """Make sure that all variables that carrying out a plan would send are set.

    Raises:
        InvalidInput: with a finding for every missing one.
    """
    from fbsync.planning.needs import missing_variables

    _refuse_unset(project, missing_variables(plan.changes))


def check_workspaces(project: Project) -> None:
    """Make sure that the server can be asked about every declared entry.

    Raises:
        InvalidInput: with a finding for every missing variable.
    """
    from fbsync.planning.needs import missing_workspaces

    _refuse_unset(project, missing_workspaces(project.desired))


def check_sign_in(variables: Variables) -> None:
    """Make sure that there is a way to sign in, as far as the variables are set.

    Raises:
        FbsyncError: a variable is missing, or its value cannot be what it is for; the message names it.
    """
    read_account(variables)
    if not means_of_signing_in(variables):
        raise no_means(variables)


def check_variables(project: Project, plan: Callable[[], Plan]) -> None:
    """Make sure, before any request, that a run can sign in; a run that cannot hears of all missing variables at once.

    Args:
        project: what is declared and known.
        plan: makes the plan of what would be done, as far as that is known without the server.

    Raises:
        FbsyncError: there is no way to sign in, and nothing else is missing.
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
    """The names to which a run is limited; none means no limit.

    Args:
        project: what is declared.
        only: names, or patterns of them (``team-a/*``): a name that is there is no pattern.
        known: what is known.
        listed: what the server lists, where that counts.

    Raises:
        FbsyncError: a name is neither declared nor in the lockfile nor listed, or nothing fits a pattern.
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
    """What somebody may have meant, or, where that is nothing like it, some names that there are."""
    close = [found for one in unknown if (found := nearest(one, names)) is not None]
    if close:
        return f"did you mean {' or '.join(map(repr, dict.fromkeys(close)))}?"
    rest = len(names) - _MOST_NAMES
    more = f" and {rest} more" if rest > 0 else ""
    return f"the names are: {', '.join(sorted(names)[:_MOST_NAMES]) or 'none'}{more}"

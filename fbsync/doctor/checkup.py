"""Check the files and variables that a run depends on; change nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fbsync.doctor.checks import Check, Health, ok, problem
from fbsync.doctor.store_checkup import unread
from fbsync.manifest.assemble import read_manifest
from fbsync.model.errors import ExitCode, FbsyncError, InvalidInput
from fbsync.model.findings import errors_among
from fbsync.settings import find_state_folder
from fbsync.state.rescue import rescue_path
from fbsync.workflow.inputs import no_inputs, read_inputs
from fbsync.workflow.project import load_project

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from fbsync.variables import Variables
    from fbsync.workflow.inputs import Inputs
    from fbsync.workflow.project import Project
    from fbsync.workflow.target import Where

_UNREACHABLE = "the server cannot be asked"


def check_files(
    where: Where, environment: Mapping[str, str]
) -> tuple[tuple[Check, ...], Inputs | None, Project | None]:
    """Check the files and the variables.

    Args:
        where: the command's target.
        environment: the process's environment.

    Returns:
        The checks, and the inputs and the project for further checks, each None if it could not be read.
    """
    found: list[Check] = []
    inputs, project = None, None
    try:
        inputs = no_inputs(where, environment)
        found.append(_variables_files(inputs.variables))
        found.append(_manifest_checks(where))
        if found[-1].health is Health.OK:
            inputs = read_inputs(where, environment)
            found.append(_variables(inputs))
        if where.is_shared:
            found.append(unread())
        else:
            project = load_project(inputs, online=True)
            found += _known_state_checks(project)
    except InvalidInput as error:
        found += [
            _problem("files", finding.message, str(finding.position), finding.remedy) for finding in error.findings
        ]
    except FbsyncError as error:
        found.append(problem("files", error))
    if where.store is None and not where.is_shared:
        found += _rescued(where, environment)
    return tuple(found), inputs, project


def _problem(what: str, message: str, place: str, remedy: str) -> Check:
    return Check(
        what=what,
        health=Health.PROBLEM,
        detail=f"{place}: {message}",
        remedy=remedy,
        exit_code=ExitCode.INVALID_INPUT,
    )


def _variables_files(variables: Variables) -> Check:
    return ok(".env files", ", ".join(variables.files) or "none (environment only)")


def _manifest_checks(where: Where) -> Check:
    named = ", ".join(map(str, where.files))
    if not any(file.exists() for file in where.files):
        return Check(
            what="manifest",
            health=Health.WARNING,
            detail=f"there is no {named}",
            remedy="name it with -f, or create one with `fbsync init` or `fbsync export`",
        )
    wrong = errors_among(read_manifest(where.files).findings_in(where.environment))
    if wrong:
        count = "1 error" if len(wrong) == 1 else f"{len(wrong)} errors"
        return _problem("manifest", f"{count}, the first: {wrong[0].message}", named, "see `fbsync validate`")
    return ok("manifest", named)


def _variables(inputs: Inputs) -> Check:
    names = sorted({use.variable for use in inputs.manifest.uses(inputs.where.environment)})
    missing = [name for name in names if inputs.variables.source(name) is None]
    if not names:
        return ok("variables", "the manifest uses none")
    if not missing:
        return ok("variables", "the one in the manifest is set" if len(names) == 1 else f"all {len(names)} are set")
    return Check(
        what="variables",
        health=Health.WARNING,
        detail=f"{len(missing)} of {len(names)} are not set: {', '.join(missing)}",
        remedy="set them before you apply; see `fbsync env`",
    )


def _known_state_checks(project: Project) -> Iterator[Check]:
    path = project.where.known_in
    if project.on_disk is None:
        missing = "does not exist yet: the first apply creates it"
        empty = "is empty: nothing has been applied yet"
        yield ok("lockfile", f"{path} {missing if project.where.store is None else empty}")
    else:
        number = len(project.on_disk.llms)
        configurations = "1 configuration" if number == 1 else f"{number} configurations"
        yield ok("lockfile", f"{path} has {configurations} of {project.on_disk.api_url}")
    if project.open_intents:
        number = len(project.open_intents)
        unconfirmed = "1 unconfirmed request" if number == 1 else f"{number} unconfirmed requests"
        yield Check(
            what="journal",
            health=Health.WARNING,
            detail=f"a previous apply was interrupted with {unconfirmed}",
            remedy="run `fbsync apply`: it checks the result on the server",
        )


def _rescued(where: Where, environment: Mapping[str, str]) -> Iterator[Check]:
    path = rescue_path(where.lock_path, find_state_folder(environment))
    if path.exists():
        yield Check(
            what="rescue file",
            health=Health.WARNING,
            detail=f"{path} has what an earlier run could not write to the lockfile",
            remedy="run `fbsync apply`: it reads that file",
        )

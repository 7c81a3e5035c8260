"""A checkup: looks at everything that a run depends on, each thing by itself, and changes nothing."""

from __future__ import annotations

import os
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from fbsync.client import Client
from fbsync.client.probe import Prober, expiry_of
from fbsync.client.proxies import proxy_for
from fbsync.doctor import checks
from fbsync.doctor.checks import Check, Health, not_checked, ok, problem
from fbsync.foreign_text import Redactor
from fbsync.manifest.assemble import read_manifest
from fbsync.model.errors import ExitCode, FbsyncError, InvalidInput
from fbsync.model.findings import errors_among
from fbsync.settings import Account, find_state_folder, means_of_signing_in, no_means, read_account, sends_in_clear
from fbsync.state.rescue import rescue_path
from fbsync.workflow.inputs import no_inputs, read_inputs
from fbsync.workflow.project import load_project

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from fbsync.client.probe import Probed
    from fbsync.model.secret import Secret
    from fbsync.variables import Variables
    from fbsync.workflow.inputs import Inputs
    from fbsync.workflow.project import Project
    from fbsync.workflow.target import Where

_UNREACHABLE = "the server cannot be asked"


def check_files(
    where: Where, environment: Mapping[str, str]
) -> tuple[tuple[Check, ...], Inputs | None, Project | None]:
    """Looks at the files and the variables.

    Args:
        where: what to work on.
        environment: the process's environment.

    Returns:
        The checks; and what could be read for the others to go on from: the inputs, and the project.
    """
    found: list[Check] = []
    inputs, project = None, None
    try:
        inputs = no_inputs(where, environment)
        found.append(_variables_files(inputs.variables))
        found.append(_manifest(where))
        if found[-1].health is Health.OK:
            inputs = read_inputs(where, environment)
            found.append(_variables(inputs))
        project = load_project(inputs, online=True)
        found += _known(project)
    except InvalidInput as error:
        found += [
            _finding("files", finding.message, str(finding.position), finding.remedy) for finding in error.findings
        ]
    except FbsyncError as error:
        found.append(problem("files", error))
    found += _rescued(where, environment)
    return tuple(found), inputs, project


def _finding(what: str, message: str, place: str, remedy: str) -> Check:
    return Check(
        what=what,
        health=Health.PROBLEM,
        detail=f"{place}: {message}",
        remedy=remedy,
        exit_code=ExitCode.INVALID_INPUT,
    )


def _variables_files(variables: Variables) -> Check:
    return ok("files of variables", ", ".join(variables.files) or "none, the environment alone")


def _manifest(where: Where) -> Check:
    named = ", ".join(map(str, where.files))
    if not any(file.exists() for file in where.files):
        return Check(
            what="manifest",
            health=Health.WARNING,
            detail=f"there is no {named}",
            remedy="name it with -f, or begin one with `fbsync init` or `fbsync export`",
        )
    wrong = errors_among(read_manifest(where.files).findings_in(where.environment))
    if wrong:
        count = "1 error" if len(wrong) == 1 else f"{len(wrong)} errors"
        return _finding("manifest", f"{count}, the first: {wrong[0].message}", named, "see `fbsync validate`")
    return ok("manifest", named)


def _variables(inputs: Inputs) -> Check:
    names = sorted({use.variable for use in inputs.manifest.uses(inputs.where.environment)})
    missing = [name for name in names if inputs.variables.source(name) is None]
    if not missing:
        return ok(
            "variables", f"all {len(names)} that the manifest refers to are set" if names else "none are referred to"
        )
    return Check(
        what="variables",
        health=Health.WARNING,
        detail=f"{len(missing)} of {len(names)} are not set: {', '.join(missing)}",
        remedy="set them before an apply that sends them; see `fbsync env`",
    )


def _known(project: Project) -> Iterator[Check]:
    path = project.where.lock_path
    if project.on_disk is None:
        yield ok("lockfile", f"{path} is not there yet: the first apply makes it")
    else:
        yield ok("lockfile", f"{path} knows {len(project.on_disk.llms)} of {project.on_disk.api_url}")
    if project.open_intents:
        yield Check(
            what="journal",
            health=Health.WARNING,
            detail=f"an earlier apply was cut off with {len(project.open_intents)} open",
            remedy="run `fbsync apply`: it asks the server what became of them",
        )


def _rescued(where: Where, environment: Mapping[str, str]) -> Iterator[Check]:
    path = rescue_path(where.lock_path, find_state_folder(environment))
    if path.exists():
        yield Check(
            what="rescue file",
            health=Health.WARNING,
            detail=f"{path} holds what an earlier run could not write to the lockfile",
            remedy="run `fbsync apply`: it takes that up",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """The way to a server."""

    api_url: str
    timeout: float
    ca_file: Path | None


async def check_server(way: Way, inputs: Inputs | None, project: Project | None) -> tuple[Check, ...]:
    """Asks the server, with single requests that change nothing and use nothing up.

    Args:
        way: the way to it.
        inputs: the variables, or None where they could not be read.
        project: the project, for its workspaces, or None where there is none.

    Raises:
        FbsyncError: the file of certificates cannot be used.
    """
    try:
        proxy = proxy_for(way.api_url, os.environ)
    except FbsyncError as error:
        broken = problem("proxy", error)
        return (broken, *(not_checked(what, _UNREACHABLE) for what in ("server", "signing in", "workspaces")))
    redactor = Redactor()
    prober = Prober(way.api_url, timeout=way.timeout, ca_file=way.ca_file, redactor=redactor)
    now = datetime.now(UTC)
    health = await prober.probe("/health")
    through = "none" if proxy is None else f"{proxy.address}, by {proxy.variable}"
    found = [ok("proxy", through), *_reached(way, health, now)]
    if inputs is None:
        return (*found, not_checked("signing in", "the variables cannot be read"))
    if not health.is_answered:
        return (*found, not_checked("signing in", _UNREACHABLE), not_checked("workspaces", _UNREACHABLE))
    async with AsyncExitStack() as session:
        signed_in, token, email = await _sign_in(way, prober, inputs.variables, now, session)
        found += signed_in
        if token is None:
            return (*found, not_checked("workspaces", "for want of a token"))
        return (*found, *await _workspaces(prober, token, email, project))


def _reached(way: Way, health: Probed, now: datetime) -> Iterator[Check]:
    if not health.is_answered:
        assert health.error is not None
        yield problem("server", health.error)
        return
    status = health.body.get("status")
    if health.error is None and status == "ok":
        yield ok("server", f"{way.api_url} is well")
    else:
        said = health.error.message if health.error is not None else f"it says of itself: {status}"
        yield Check(
            what="server",
            health=Health.WARNING,
            detail=f"{way.api_url} answers, but not as a Flashback API that is well: {said}",
            remedy="check the API URL, or wait",
        )
    yield checks.certificate(health.certified_until, now, in_clear=sends_in_clear(way.api_url))
    yield checks.clock(health.date, now)


async def _sign_in(
    way: Way, prober: Prober, variables: Variables, now: datetime, session: AsyncExitStack
) -> tuple[list[Check], Secret | None, str | None]:
    """Tries the means of signing in that can be tried without harm; gives the token and who we are.

    A session that this opens lasts as long as ``session``: its token is good until then.
    """
    means = means_of_signing_in(variables)
    what = "signing in"
    if not means:
        return [problem(what, no_means(variables))], None, None
    try:
        account = read_account(variables)
        if means == ("FLASHBACK_REFRESH_TOKEN",):
            kept = not_checked(what, "FLASHBACK_REFRESH_TOKEN is there, and not tried: its first use may be its last")
            return [kept], None, None
        token = account.token or await _logged_in(way, account, session)
    except FbsyncError as error:
        return [problem(what, error)], None, None
    profile = await prober.probe("/user/profile", token)
    if profile.error is not None:
        return (
            [_refused(what, profile.error, renewable=account.token is not None and _can_renew(variables))],
            None,
            None,
        )
    data = profile.body.get("data")
    email = data.get("email") if isinstance(data, dict) else None
    who = email if isinstance(email, str) else "somebody whom the server does not name"
    detail = f"with {' and '.join(means)}, as {who}; of the token, {checks.token_life(expiry_of(token), now)}"
    return [ok(what, detail)], token, email if isinstance(email, str) else None


async def _logged_in(way: Way, account: Account, session: AsyncExitStack) -> Secret:
    only = Account(token=None, refresh_token=None, email=account.email, password=account.password)
    client = await session.enter_async_context(Client(way.api_url, only, timeout=way.timeout, ca_file=way.ca_file))
    return await client.access_token()


def _can_renew(variables: Variables) -> bool:
    both = ("FLASHBACK_EMAIL", "FLASHBACK_PASSWORD")
    return variables.source("FLASHBACK_REFRESH_TOKEN") is not None or all(variables.source(name) for name in both)


def _refused(what: str, error: FbsyncError, *, renewable: bool) -> Check:
    if not renewable:
        return problem(what, error)
    return Check(
        what=what,
        health=Health.WARNING,
        detail=f"FLASHBACK_TOKEN is refused ({error.message}); a run would renew it by the other means that are set",
        remedy="set a fresh FLASHBACK_TOKEN, or unset it",
    )


async def _workspaces(prober: Prober, token: Secret, email: str | None, project: Project | None) -> tuple[Check, ...]:
    wanted = _wanted(project)
    listed = await prober.probe("/workspace", token)
    rows = listed.body.get("workspaces")
    if listed.error is not None:
        return (problem("workspaces", listed.error),)
    if not isinstance(rows, list):
        return (not_checked("workspaces", "the server's answer holds no list of them"),)
    dicts = [row for row in rows if isinstance(row, dict)]
    if not wanted:
        return (ok("workspaces", f"you may see {len(dicts)}; the manifest names none whose variables are set"),)
    return tuple(checks.roles(dicts, wanted, email))


def _wanted(project: Project | None) -> list[tuple[str, bool]]:
    """The workspaces of the manifest and of the lockfile: by id, or by name where only that is known."""
    if project is None:
        return []
    named = {(llm.workspace, True) for llm in project.desired if llm.workspace is not None}
    given = {llm.workspace_id.value for llm in project.desired if llm.workspace is None}
    known = {llm.workspace_id for llm in project.known.llms if llm.workspace is None}
    return sorted(named | {(workspace, False) for workspace in given | known if workspace is not None})

"""fbsync as a library: load, plan, apply. ``import fbsync`` offers what is here; the commands are made of the same.

It prints nothing, asks nothing and handles no signals. The functions run to their end before they return and have an
event loop of their own: within another one, call them with ``asyncio.to_thread``.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from fbsync.planning.guards import MAX_DELETES, Allowed
from fbsync.workflow.checks import check_variables
from fbsync.workflow.inputs import Inputs, read_inputs
from fbsync.workflow.project import load_project
from fbsync.workflow.proposal import Proposal, check_proposal, propose
from fbsync.workflow.target import DEFAULT_MANIFEST, STATE_VARIABLE, Where

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from fbsync.model.outcomes import Outcome
    from fbsync.workflow.session import Applied, Patience


def load(
    *files: str | Path,
    environment: str | None = None,
    env_files: Iterable[str | Path] = (),
    lock_file: str | Path | None = None,
    state: str | None = None,
    api_url: str | None = None,
    variables: Mapping[str, str] | None = None,
) -> Inputs:
    """Reads a manifest and the variables that it refers to. No network, no secret needed.

    Args:
        files: manifests, and folders of manifests; ``fbsync.yaml`` in the current folder if there are none.
        environment: an environment that the manifest declares.
        env_files: files of variables, read over ``.env``.
        lock_file: the lockfile; otherwise it is beside the first manifest.
        state: where the known state is kept, such as ``file:FOLDER``; otherwise ``FBSYNC_STATE``, or beside the
            manifest.
        api_url: the server; otherwise ``FLASHBACK_API_URL`` among the variables, or the vendor's.
        variables: what stands for the environment; otherwise it is the process's.

    Returns:
        What is declared (``desired``), with its manifest and variables, for ``plan`` and ``apply``.

    Raises:
        InvalidInput: the manifest or a file of variables is wrong; ``findings`` say what and where.
    """
    variables = os.environ if variables is None else variables
    where = Where(
        files=tuple(map(Path, files)) or (DEFAULT_MANIFEST,),
        environment=environment,
        env_files=tuple(map(Path, env_files)),
        lock_file=None if lock_file is None else Path(lock_file),
        state=state or variables.get(STATE_VARIABLE) or None,
        api_url=api_url,
    )
    return read_inputs(where, variables)


def plan(
    inputs: Inputs,
    *,
    refresh: bool = False,
    prune: bool = False,
    only: Iterable[str] = (),
    assume_secrets: bool = False,
    patience: Patience | None = None,
) -> Proposal:
    """Plans; changes nothing.

    Args:
        inputs: what ``load`` gave.
        refresh: whether to compare with the server, too, for which a token is needed.
        prune: whether known configurations that are no longer declared are to be deleted.
        only: names to limit the plan to.
        assume_secrets: whether credentials of which nothing is known count as what the server holds.
        patience: how the server is asked.

    Returns:
        The plan (``plan.changes``), and what it was made against.

    Raises:
        FbsyncError: the lockfile or the journal is wrong, a name in ``only`` is not known, or the server cannot be
            asked.
    """
    project, live = load_project(inputs, online=refresh), None
    if refresh:
        from fbsync.workflow.session import Session

        with Session(project, patience) as session:
            live = session.look()
            project = session.project
    return propose(project, live, prune=prune, only=only, assume_secrets=assume_secrets)


def apply(
    inputs: Inputs,
    *,
    adopt: bool = False,
    prune: bool = False,
    max_deletes: str = MAX_DELETES,
    recreate: bool = False,
    host_change: bool = False,
    only: Iterable[str] = (),
    assume_secrets: bool = False,
    resend_secrets: bool = False,
    refresh: bool = True,
    lock_timeout: float = 0.0,
    patience: Patience | None = None,
    on_outcome: Callable[[Outcome], None] = lambda _: None,
) -> Applied:
    """Plans, and makes the server as the manifest declares it, with the guarantees of ``fbsync apply``.

    Args:
        inputs: what ``load`` gave.
        adopt: whether configurations that are on the server already may be taken over.
        prune: whether known configurations that are no longer declared are to be deleted.
        max_deletes: how many deletions are too many: a number, or a percentage of what is known such as ``"10%"``.
        recreate: whether all that is known of a workspace may be created again where the server lists none of it.
        host_change: whether an endpoint may go back to another host although the manifest did not change.
        only: names to limit it to.
        assume_secrets: whether credentials of which nothing is known (after an export) are recorded, and not sent.
        resend_secrets: whether all credentials are sent again.
        refresh: whether to ask first what the server holds; it is, all the same, after a run that was cut off.
        lock_timeout: seconds to wait for another run over the same lockfile.
        patience: how the server is asked.
        on_outcome: told of each outcome as it happens.

    Returns:
        What came of each change. One entry's failure is an outcome, not an error.

    Raises:
        InvalidInput: a variable that is needed is not set, or an input is wrong; nothing was changed.
        GuardRefused: the plan must not be carried out as it is; nothing was changed.
        FbsyncError: another run holds the lockfile, or the server cannot be asked; nothing was changed.
    """
    from fbsync.state.runlock import run_lock
    from fbsync.workflow.session import Session

    with run_lock(inputs.where.lock_path, timeout=lock_timeout):
        project = load_project(inputs, online=True)
        check_variables(
            project, lambda: propose(project, None, prune=prune, only=only, assume_secrets=assume_secrets).plan
        )
        with Session(project, patience) as session:
            live = session.look(refresh=refresh)
            proposal = propose(
                session.project,
                live,
                prune=prune,
                only=only,
                assume_secrets=assume_secrets,
                resend_secrets=resend_secrets,
            )
            check_proposal(
                proposal,
                Allowed(adopt=adopt, max_deletes=max_deletes, recreate=recreate, host_change=host_change),
            )
            return session.carry_out(proposal, on_outcome=on_outcome)

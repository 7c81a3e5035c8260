"""The functions of the library: load, plan, apply, drift.

They print nothing, ask nothing and handle no signals. They run to their end before they return, even in a notebook
or a coroutine: if an event loop is running, they work in a thread of their own. Coroutines that should not block
use ``plan_async``, ``apply_async`` and ``drift_async``.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from fbsync.api.event_loops import outside_of_event_loops
from fbsync.api.preview import Preview
from fbsync.calendar import today
from fbsync.model.ages import Ages
from fbsync.planning.allowed import MAX_DELETES, Allowed
from fbsync.workflow.checks import check_variables
from fbsync.workflow.declared_state import find_target
from fbsync.workflow.inputs import Inputs, read_inputs
from fbsync.workflow.project import load_project
from fbsync.workflow.proposal import Proposal, check_proposal, propose
from fbsync.workflow.state_access import carried_out, readable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from fbsync.model.outcomes import Outcome
    from fbsync.planning.drift import Drift
    from fbsync.workflow.applied import Applied
    from fbsync.workflow.connection import Patience
    from fbsync.workflow.shared_state import SharedState
    from fbsync.workflow.target import Where


def load(
    *files: str | Path,
    environment: str | None = None,
    env_files: Iterable[str | Path] = (),
    lock_file: str | Path | None = None,
    state: str | None = None,
    api_url: str | None = None,
    variables: Mapping[str, str] | None = None,
) -> Inputs:
    """Read a manifest and the variables that it refers to. This needs no network and no secret.

    Args:
        files: manifests and folders of manifests. The default is ``fbsync.yaml`` in the current folder.
        environment: an environment that the manifest declares.
        env_files: .env files, which override ``.env``.
        lock_file: the lockfile. The default is a file next to the first manifest.
        state: where the known state is kept, such as ``git`` or ``file:FOLDER``. The default is ``FBSYNC_STATE``,
            then the manifest's ``state``, then a lockfile next to the manifest. A store uses the programs and
            credentials of the process.
        api_url: the server's URL. The default is the variable ``FLASHBACK_API_URL``, then the vendor's server.
        variables: used in place of the process's environment.

    Returns:
        The declared entries (``desired``) with their manifest and variables, for ``plan`` and ``apply``.

    Raises:
        InvalidInput: the manifest or a .env file has mistakes; ``findings`` say which and where.
    """
    variables = os.environ if variables is None else variables
    where = find_target(
        files=tuple(map(Path, files)),
        environment=environment,
        env_files=tuple(map(Path, env_files)),
        lock_file=None if lock_file is None else Path(lock_file),
        state=state,
        api_url=api_url,
        variables=variables,
    )
    return read_inputs(where, variables)


def plan(
    inputs: Inputs,
    *,
    refresh: bool = False,
    prune: bool = False,
    only: Iterable[str] = (),
    assume_secrets: bool = False,
    verify_first: bool = False,
    patience: Patience | None = None,
) -> Preview:
    """Plan; change nothing.

    Args:
        inputs: the inputs that ``load`` returned.
        refresh: whether to compare with the server too, which needs a way to sign in.
        prune: whether to delete known configurations that are no longer declared.
        only: names to limit the plan to.
        assume_secrets: whether to assume that the server already has credentials without a record.
        verify_first: as for ``apply``.
        patience: timeouts, retries and parallelism for the server.

    Returns:
        The plan (``plan.changes``), and the states that it compares.

    Raises:
        FbsyncError: the lockfile or the journal is invalid, a name in ``only`` matches no entry, or the server cannot
            be asked.
    """
    proposed = partial(
        propose,
        prune=prune,
        only=frozenset(only),
        assume_secrets=assume_secrets,
        verify_first=verify_first,
        ages=Ages(today=today()),
    )

    def refreshed() -> Proposal:
        from fbsync.workflow.session import Session

        with _readable_inputs(inputs) as known, Session(load_project(known, online=True), patience) as session:
            live = session.look()
            return session.with_usage(proposed(session.project, live))

    def compared() -> Proposal:
        with _readable_inputs(inputs) as known:
            return proposed(load_project(known, online=False), None)

    made = outside_of_event_loops(refreshed) if refresh else compared()
    return Preview(project=made.project, plan=made.plan, known=made.known, live=made.live, usage=made.usage)


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
    verify_first: bool = False,
    refresh: bool = True,
    lock_timeout: float = 0.0,
    patience: Patience | None = None,
    on_outcome: Callable[[Outcome], None] = lambda _: None,
) -> Applied:
    """Plan, then make the changes on the server, with the guarantees of ``fbsync apply``.

    Args:
        inputs: the inputs that ``load`` returned.
        adopt: whether to take over configurations that are already on the server.
        prune: whether to delete known configurations that are no longer declared.
        max_deletes: the limit of deletions: a number, or a percentage of the known configurations such as ``"10%"``.
        recreate: whether to recreate a workspace's known configurations if the server lists none of them.
        host_change: whether an endpoint may go back to another host although the manifest did not change.
        only: names to limit the changes to.
        assume_secrets: whether to record credentials without a record (after an export) instead of sending them.
        resend_secrets: whether to send all credentials again.
        verify_first: whether the provider has to accept changed credentials, endpoints and types on a temporary
            configuration before they replace those in use. Each is a real call, which may be billed.
        refresh: whether to list the server's configurations first. An apply after an interrupted one always does.
        lock_timeout: seconds to wait for another run that uses the same lockfile.
        patience: timeouts, retries and parallelism for the server.
        on_outcome: called with each outcome as it happens.

    Returns:
        The result of each change. One entry's failure is an outcome, not an error.

    Raises:
        InvalidInput: a required variable is not set, or an input is invalid; nothing was changed.
        GuardRefused: a guard refused the plan; nothing was changed.
        FbsyncError: another run holds the lock, or the server cannot be asked; nothing was changed.
    """
    proposed = partial(
        propose,
        prune=prune,
        only=frozenset(only),
        assume_secrets=assume_secrets,
        resend_secrets=resend_secrets,
        verify_first=verify_first,
    )

    def work(place: Where, shared: SharedState | None) -> Applied:
        from fbsync.workflow.session import Session

        project = load_project(replace(inputs, where=place), online=True)
        check_variables(project, lambda: proposed(project, None).plan)
        with Session(project, patience, shared=shared) as session:
            live = session.look(refresh=refresh, applies=True)
            proposal = proposed(session.project, live)
            check_proposal(proposal, allowed)
            session.learn_user(proposal)
            session.lock(proposal)
            return session.carry_out(proposal, on_outcome=on_outcome)

    def applied() -> Applied:
        return carried_out(work, _loaded(inputs).where, os.environ, lock_timeout=lock_timeout)

    allowed = Allowed(adopt=adopt, max_deletes=max_deletes, recreate=recreate, host_change=host_change)
    return outside_of_event_loops(applied)


def drift(inputs: Inputs, *, only: Iterable[str] = (), patience: Patience | None = None) -> Drift:
    """Compare the known state with what the server lists; change nothing.

    Args:
        inputs: the inputs that ``load`` returned.
        only: names to limit the comparison to.
        patience: timeouts, retries and parallelism for the server.

    Returns:
        The configurations that were changed, deleted or replaced outside fbsync (``is_found`` says whether there are
        any), and the unmanaged ones.

    Raises:
        FbsyncError: a name in ``only`` matches no entry, the server cannot be asked, or it does not list a workspace.
    """
    from fbsync.workflow.comparison import drift_of
    from fbsync.workflow.session import Session

    chosen = frozenset(only)

    def compared() -> Drift:
        with _readable_inputs(inputs) as known, Session(load_project(known, online=True), patience) as session:
            live = session.look(all_or_nothing=True, plans=False)
            assert live is not None
            return drift_of(session.project, live, only=chosen)

    return outside_of_event_loops(compared)


@contextmanager
def _readable_inputs(inputs: Inputs) -> Iterator[Inputs]:
    """Yield the inputs with a readable copy of the known state, wherever it is kept."""
    with readable(_loaded(inputs).where, os.environ) as place:
        yield replace(inputs, where=place)


def _loaded(inputs: Inputs) -> Inputs:
    """Return the inputs, or refuse what ``load`` did not return, such as the path of a manifest."""
    if not isinstance(inputs, Inputs):
        raise TypeError(f"the first argument is what fbsync.load returns, and not {type(inputs).__name__}")
    return inputs

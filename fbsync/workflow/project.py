"""The project: one environment's manifest, variables, lockfile and journal, ready to plan and apply."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from fbsync.manifest.resolve import distinct
from fbsync.model.errors import FbsyncError, InvalidInput
from fbsync.model.findings import Finding, Position
from fbsync.planning.stored_keys import with_remembered_keys
from fbsync.planning.workspaces import remembered
from fbsync.settings import DEFAULT_API_URL, check_api_url
from fbsync.state import fingerprint, lockfile
from fbsync.state.fingerprint import Fingerprinter
from fbsync.state.lockfile import Lockfile
from fbsync.workflow.inputs import variables_of, with_manifest
from fbsync.workflow.known_state import read_state
from fbsync.workflow.ownership import Manifests

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from fbsync.manifest.assemble import Manifest
    from fbsync.model.configurations import Llm, LockedLlm
    from fbsync.model.secret import Secret
    from fbsync.state.fingerprint import Parameters
    from fbsync.state.intents import Intent
    from fbsync.variables import Variables
    from fbsync.workflow.inputs import Inputs
    from fbsync.workflow.known_state import KnownState
    from fbsync.workflow.target import Where


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """One environment of a manifest, with its known state.

    Attributes:
        where: the command's target.
        manifest: the manifest.
        manifests: the names of the manifests that this run reads.
        variables: the variables of the environment and the .env files.
        desired: the declared entries, resolved as far as the variables are set.
        api_url: the server.
        on_disk: the lockfile's content, or None if there is no lockfile yet.
        known: the known state: the lockfile's content, and what an unfinished apply's journal adds to it.
        open_intents: the requests of an unfinished apply without a recorded outcome.
        fingerprints: makes and compares the lockfile's fingerprints.
        state_folder: the user's folder for state.
    """

    where: Where
    manifest: Manifest
    manifests: Manifests
    variables: Variables
    desired: tuple[Llm, ...]
    api_url: str
    on_disk: Lockfile | None
    known: Lockfile
    open_intents: tuple[Intent, ...]
    fingerprints: Fingerprinter
    state_folder: Path

    @property
    def open_creations(self) -> tuple[Intent, ...]:
        """The creations of an earlier run whose outcome is unknown."""
        return tuple(intent for intent in self.open_intents if intent.action == "create")

    @property
    def open_trials(self) -> tuple[Intent, ...]:
        """The temporary configurations that an earlier run may have left."""
        if not self.open_intents:
            return ()
        from fbsync.state.trials import trials_among

        return trials_among(self.open_intents)


def read_project(where: Where, environment: Mapping[str, str], *, online: bool) -> Project:
    """Read everything for a plan: the known state, then the user's inputs.

    The known state comes first, so that the credentials that it has fingerprints of are stretched while the manifest
    is read.

    Args:
        where: the command's target.
        environment: the process's environment.
        online: as for ``load_project``.

    Raises:
        InvalidInput: a file is not valid, or the lockfile belongs to another server.
        FbsyncError: a file cannot be read.
    """
    variables = variables_of(where, environment)
    state = read_state(where, environment, variables)
    return _project(with_manifest(where, environment, variables), state, online=online)


def load_project(inputs: Inputs, *, online: bool, parameters: Parameters | None = None) -> Project:
    """Read the known state for a plan.

    Args:
        inputs: the user's inputs.
        online: whether the server will be asked. Then it must be the lockfile's server. The lockfile never chooses
            the server, because a change to it could then send credentials elsewhere.
        parameters: the fingerprint parameters to use if there is no lockfile yet, or None for new ones.

    Raises:
        InvalidInput: the lockfile or the journal is not valid, or belongs to another server.
        FbsyncError: a file cannot be read.
    """
    state = read_state(inputs.where, inputs.environment, inputs.variables)
    return _project(inputs, state, online=online, parameters=parameters)


def _project(inputs: Inputs, state: KnownState, *, online: bool, parameters: Parameters | None = None) -> Project:
    where, variables, left = inputs.where, inputs.variables, state.left
    given = where.api_url or variables.text("FLASHBACK_API_URL")
    api_url = check_api_url(given or DEFAULT_API_URL)
    if left is None:
        fresh = parameters or fingerprint.new_parameters(state.key)
        known = Lockfile(api_url=api_url, environment=where.environment, fingerprints=fresh)
    else:
        known = left.lockfile
    manifests = Manifests(where)
    desired = distinct(remembered(_with_manifests(inputs.desired, manifests), known.llms))
    desired = with_remembered_keys(desired, known.llms)
    fingerprints = state.fingerprints or Fingerprinter(known.fingerprints, key=state.key)
    if (online or given is not None) and known.api_url != api_url:
        raise InvalidInput([_other_server(where.known_in, known.api_url, api_url)])
    _check_other_environments(inputs, known)
    if online:
        fingerprints.check_available()
    if known.llms or online:
        # They are ready by the time the server has answered.
        fingerprints.prepare(secrets_of(inputs.desired))
    return Project(
        where=where,
        manifest=inputs.manifest,
        manifests=manifests,
        variables=variables,
        desired=desired,
        api_url=api_url,
        on_disk=state.on_disk,
        known=known,
        open_intents=left.open if left else (),
        fingerprints=fingerprints,
        state_folder=state.state_folder,
    )


def _with_manifests(desired: Iterable[Llm], manifests: Manifests) -> tuple[Llm, ...]:
    """Return the entries with the names of the manifests that declare them."""
    found: dict[str, str] = {}
    for llm in desired:
        if llm.position.file not in found:
            found[llm.position.file] = manifests.declaring(llm.position.file)
    return tuple(replace(llm, declared_in=found[llm.position.file]) for llm in desired)


def _check_other_environments(inputs: Inputs, known: Lockfile) -> None:
    """Check that no other environment of the manifest knows a configuration of this environment.

    Otherwise, both would take turns to overwrite it, and pruning one environment would delete from the other.

    Raises:
        InvalidInput: another environment knows one. There is a finding for each id.
    """
    ids = {llm.id: llm for llm in known.llms}
    paths = {
        replace(inputs.where, environment=environment).lock_path: environment
        for environment in (None, *inputs.manifest.variants)
        if environment != inputs.where.environment
    }
    if not ids or inputs.where.lock_file is not None:
        return
    for path in paths:
        other = None if path == inputs.where.lock_path else _other_state(path, inputs.where)
        if other is None or other.api_url != known.api_url:
            continue
        if twice := [llm for llm in other.llms if llm.id in ids]:
            raise InvalidInput([_in_two_states(llm, path, inputs.where.lock_path) for llm in twice])


def _other_state(path: Path, where: Where) -> Lockfile | None:
    """Read another environment's lockfile. If the command runs for all environments, ignore a broken one here."""
    try:
        return lockfile.read_lockfile(path)
    except FbsyncError:
        if where.is_one_of_all:
            return None
        raise


def _in_two_states(llm: LockedLlm, path: Path, own: Path) -> Finding:
    return Finding(
        rule="known-twice",
        position=Position(file=str(own)),
        message=f"{own} and {path} both have the configuration {llm.id} ({llm.name})",
        remedy="remove it from the wrong one with `fbsync state forget`",
    )


def secrets_of(llms: Iterable[Llm]) -> Iterable[Secret]:
    """Return the credentials of entries, as far as their variables are set."""
    return (credential.secret for llm in llms for _, credential in llm.credentials if credential.secret is not None)


def _other_server(known_in: str, locked: str, given: str) -> Finding:
    return Finding(
        rule="other-server",
        position=Position(file=known_in),
        message=f"the lockfile belongs to {locked}, but the API URL is {given}",
        remedy="use the API URL that it belongs to, or name another lockfile with --lock-file "
        "(if it is left over from a rehearsal in a sandbox, delete it)",
    )

"""The project: manifest, variables, lockfile and journal of one environment together, ready to plan and to apply."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fbsync.model.errors import InvalidInput
from fbsync.model.findings import Finding, Position, in_file_order
from fbsync.planning.workspaces import remembered
from fbsync.settings import DEFAULT_API_URL, check_api_url
from fbsync.state import fingerprint
from fbsync.state.fingerprint import Fingerprinter
from fbsync.state.lockfile import Lockfile
from fbsync.workflow.inputs import variables_of, with_manifest
from fbsync.workflow.known_state import read_state

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from fbsync.manifest.assemble import Manifest
    from fbsync.model.configurations import Llm
    from fbsync.model.secret import Secret
    from fbsync.state.fingerprint import Parameters
    from fbsync.state.journal import Intent
    from fbsync.variables import Variables
    from fbsync.workflow.inputs import Inputs
    from fbsync.workflow.known_state import KnownState
    from fbsync.workflow.target import Where


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """One environment of a manifest, with what is known of it.

    Attributes:
        desired: what is declared, resolved as far as the variables allow.
        api_url: the server.
        on_disk: what the lockfile holds, or None where there is none yet.
        known: that, and what an unfinished apply's journal adds to it.
        open_intents: requests of an unfinished apply whose outcome nobody recorded.
        fingerprints: makes and compares the lockfile's fingerprints.
        state_folder: the user's folder for state.
    """

    where: Where
    manifest: Manifest
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
        """What an earlier run may have created without anybody knowing."""
        return tuple(intent for intent in self.open_intents if intent.action == "create")


def read_project(where: Where, environment: Mapping[str, str], *, online: bool) -> Project:
    """Reads everything for a plan: what is known, then what the user wrote.

    The known state comes first, since the credentials that it has fingerprints of are then stretched while the
    manifest is read.

    Args:
        where: what to work on.
        environment: the process's environment.
        online: as for ``load_project``.

    Raises:
        InvalidInput: a file is wrong, or the lockfile is of another server.
        FbsyncError: a file cannot be read.
    """
    variables = variables_of(where, environment)
    state = read_state(where, environment, variables)
    return _project(with_manifest(where, environment, variables), state, online=online)


def load_project(inputs: Inputs, *, online: bool, parameters: Parameters | None = None) -> Project:
    """Reads what is known, for a plan.

    Args:
        inputs: what the user wrote.
        online: whether the server is to be asked. The lockfile never says which one that is, since a
            change to it could then send credentials elsewhere; without the server, it may be any.
        parameters: how fingerprints are made where there is no lockfile yet, or None for new ones.

    Raises:
        InvalidInput: the lockfile or the journal is wrong, or of another server.
        FbsyncError: a file cannot be read.
    """
    state = read_state(inputs.where, inputs.environment, inputs.variables)
    return _project(inputs, state, online=online, parameters=parameters)


def _project(inputs: Inputs, state: KnownState, *, online: bool, parameters: Parameters | None = None) -> Project:
    where, variables, left = inputs.where, inputs.variables, state.left
    given = where.api_url or variables.text("FLASHBACK_API_URL")
    api_url = check_api_url(given or DEFAULT_API_URL)
    if left is None:
        known = Lockfile(api_url=api_url, fingerprints=parameters or fingerprint.new_parameters(state.key))
    else:
        known = left.lockfile
    desired = distinct(remembered(inputs.desired, known.llms))
    fingerprints = state.fingerprints or Fingerprinter(known.fingerprints, key=state.key)
    if (online or given is not None) and known.api_url != api_url:
        raise InvalidInput([_other_server(where.lock_path, known.api_url, api_url)])
    if known.llms or online:
        # They are ready by the time the server has answered.
        fingerprints.prepare(secrets_of(inputs.desired))
    return Project(
        where=where,
        manifest=inputs.manifest,
        variables=variables,
        desired=desired,
        api_url=api_url,
        on_disk=state.on_disk,
        known=known,
        open_intents=left.open if left else (),
        fingerprints=fingerprints,
        state_folder=state.state_folder,
    )


def distinct(desired: tuple[Llm, ...]) -> tuple[Llm, ...]:
    """The entries as they are, if no two have one identity now that the names of workspaces are resolved.

    Raises:
        InvalidInput: two have.
    """
    from fbsync.manifest.checks import same_identities

    if wrong := tuple(same_identities(desired)):
        raise InvalidInput(in_file_order(wrong))
    return desired


def secrets_of(llms: Iterable[Llm]) -> Iterable[Secret]:
    """The credentials of entries, as far as their variables are set."""
    return (credential.secret for llm in llms for _, credential in llm.credentials if credential.secret is not None)


def _other_server(path: Path, locked: str, given: str) -> Finding:
    return Finding(
        rule="other-server",
        position=Position(file=str(path)),
        message=f"the lockfile belongs to {locked}, but the API URL is {given}: its ids mean nothing there",
        remedy="use the API URL that it belongs to, or name another lockfile with --lock-file "
        "(the leftover of a rehearsal in a sandbox can simply be removed)",
    )

"""The project: manifest, variables, lockfile and journal of one environment together, ready to plan and to apply."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from fbsync.model.errors import ExitCode, FbsyncError, InvalidInput
from fbsync.model.findings import Finding, Position, in_file_order
from fbsync.planning.workspaces import remembered, unresolved
from fbsync.settings import DEFAULT_API_URL, check_api_url, find_state_folder
from fbsync.state import fingerprint, lockfile, rescue
from fbsync.state.fingerprint import Fingerprinter
from fbsync.state.journal import Replayed, journal_path, replay, settle, still_open
from fbsync.state.lockfile import Lockfile
from fbsync.variables import read_variables

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from fbsync.manifest.assemble import Manifest
    from fbsync.model.changes import Plan
    from fbsync.model.configurations import LiveLlm, Llm
    from fbsync.model.secret import Secret
    from fbsync.planning.decide import Live
    from fbsync.planning.drift import Drift
    from fbsync.planning.guards import Need
    from fbsync.state.fingerprint import Parameters
    from fbsync.state.journal import Intent
    from fbsync.state.ledger import FileLedger
    from fbsync.variables import Variables
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

    def plan(
        self, *, live: Live | None = None, prune: bool = False, only: Iterable[str] = (), assume_secrets: bool = False
    ) -> tuple[Plan, Lockfile]:
        """Plans, with no request and no secret needed.

        Args:
            live: what the server lists, or None to compare with the lockfile alone. A server that was asked
                and did not tell is one that lists no workspace.
            prune: whether known entries that are not declared are to be deleted.
            only: names to limit the plan to.
            assume_secrets: whether credentials of which nothing is known count as what the server holds.

        Returns:
            The plan, and the known state that it was made against.

        Raises:
            InvalidInput: a name in ``only`` is neither declared nor known.
        """
        # Not before it is needed: ``load`` has credentials stretched in other threads meanwhile.
        from fbsync.planning.decide import make_plan

        known = self.known if live is None else self._settled(live)
        chosen = frozenset(only)
        self._check_names(chosen, known)
        plan = make_plan(
            self.desired,
            known.llms,
            live,
            fingerprints=self.fingerprints,
            prune=prune,
            only=chosen,
            in_doubt=frozenset(intent.identity for intent in self.open_creations) if live is not None else frozenset(),
            assume_secrets=assume_secrets,
        )
        return plan, known

    def drift(self, live: Live, *, only: Iterable[str] = ()) -> Drift:
        """Compares what is known with what the server lists.

        Args:
            live: what the server lists.
            only: names to limit the comparison to.

        Raises:
            FbsyncError: a name in ``only`` is neither declared nor known nor listed.
        """
        from fbsync.planning.drift import find_drift

        known = self._settled(live)
        chosen = frozenset(only)
        self._check_names(chosen, known, live.llms)
        in_doubt = frozenset(intent.llm_id for intent in self.open_intents if intent.llm_id is not None)
        return find_drift(self.desired, known.llms, live, only=chosen, in_doubt=in_doubt)

    def _settled(self, live: Live) -> Lockfile:
        """The known state, with what an unfinished apply created and the server lists."""
        return settle(Replayed(lockfile=self.known, open=self.open_intents), live.llms)

    def comparison(self, live: Live | None) -> str:
        """The sentence that says what was compared with: the lockfile, and what the server told, if it was asked."""
        path = self.where.lock_path
        lockfile = str(path) if self.on_disk is not None else f"nothing ({path} does not exist yet)"
        match live:
            case None if names := unresolved(self.desired):
                unknown = f"so the ids of these workspaces are not known: {', '.join(names)}"
                return f"Compared with {lockfile}; the server was not asked, {unknown}."
            case None:
                return f"Compared with {lockfile}; the server was not asked."
            case _ if live.untold:
                workspaces = ", ".join(sorted(live.untold))
                return f"Compared with {lockfile} and with the server, which did not tell what {workspaces} holds."
            case _:
                return f"Compared with {lockfile} and with the server."

    @property
    def open_creations(self) -> tuple[Intent, ...]:
        """What an earlier run may have created without anybody knowing."""
        return tuple(intent for intent in self.open_intents if intent.action == "create")

    def ledger(self, known: Lockfile, live: Live | None) -> FileLedger:
        """Where an apply of this project is recorded.

        Args:
            known: the known state that the plan was made against.
            live: what the server listed for it, or None where it was not asked.
        """
        from fbsync.state.ledger import FileLedger

        told = live.workspaces if live is not None else frozenset[str]()
        return FileLedger(
            self.where.lock_path,
            on_disk=self.on_disk,
            known=known,
            open_intents=still_open(self.open_intents, known, (llm.identity for llm in self.desired), told=told),
            fingerprints=self.fingerprints,
            state_folder=self.state_folder,
        )

    def workspaces(self) -> frozenset[str]:
        """The workspaces that declared and known entries are in, and open requests, as far as the variables tell."""
        declared = {llm.workspace_id.value for llm in self.desired if llm.workspace_id.value is not None}
        in_doubt = {intent.identity.workspace_id for intent in self.open_intents}
        return frozenset(declared | in_doubt | {llm.workspace_id for llm in self.known.llms})

    def is_amiss(self, live: Live) -> bool:
        """Whether something is not listed of which nobody would hear again if it was there all the same.

        That is what is known, since its record goes when it counts as deleted outside, and what an earlier run may
        have created and is no longer declared.

        Args:
            live: what the server lists.
        """
        ids = {llm.id for llm in live.llms}
        unseen = {llm.identity for llm in self.known.llms if llm.id not in ids}
        listed = {llm.identity for llm in live.llms} | {llm.identity for llm in self.desired}
        unseen |= {intent.identity for intent in self.open_creations} - listed
        return any(identity.workspace_id in live.workspaces for identity in unseen)

    def notes(self) -> tuple[str, ...]:
        """What is odd about the variables, a sentence each: nothing that stops a run."""
        odd = sorted({secret.reference for secret in secrets_of(self.desired) if secret.has_blank_ends})
        return tuple(
            f"The value of ${name} begins or ends with blanks or a line break, and is sent exactly as it is."
            for name in odd
        )

    def check_needs(self, plan: Plan) -> None:
        """Makes sure that all variables that carrying out a plan would send are set.

        Raises:
            InvalidInput: with a finding for every missing one.
        """
        from fbsync.planning.guards import missing

        self._refuse(missing(plan.changes))

    def check_workspaces(self) -> None:
        """Makes sure that the server can be asked about every declared entry.

        Raises:
            InvalidInput: with a finding for every missing variable.
        """
        from fbsync.planning.guards import missing_workspaces

        self._refuse(missing_workspaces(self.desired))

    def _refuse(self, needs: Sequence[Need]) -> None:
        if needs:
            from fbsync.planning.guards import need_finding

            findings = (need_finding(need, empty=self.variables.is_empty(need.variable)) for need in needs)
            raise InvalidInput(in_file_order(findings))

    def _check_names(self, only: frozenset[str], known: Lockfile, listed: Iterable[LiveLlm] = ()) -> None:
        names = {llm.name for llm in self.desired} | {llm.name for llm in known.llms} | {llm.name for llm in listed}
        if unknown := sorted(only - names):
            raise FbsyncError(
                f"--only names {', '.join(map(repr, unknown))}, which is neither declared nor known",
                hint=f"known names are: {', '.join(sorted(names)) or 'none'}",
                exit_code=ExitCode.INVALID_INPUT,
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """What the user wrote: the manifest, and the variables that it refers to.

    Attributes:
        desired: what is declared, resolved as far as the variables allow.
        environment: the process's environment.
    """

    where: Where
    environment: Mapping[str, str] = field(repr=False)
    variables: Variables
    manifest: Manifest
    desired: tuple[Llm, ...]


def read_inputs(where: Where, environment: Mapping[str, str]) -> Inputs:
    """Reads what the user wrote.

    Args:
        where: what to work on.
        environment: the process's environment.

    Raises:
        InvalidInput: the manifest or a file of variables is wrong.
    """
    return _inputs(where, environment, _variables(where, environment))


def _inputs(where: Where, environment: Mapping[str, str], variables: Variables) -> Inputs:
    from fbsync.manifest.assemble import read_manifest

    manifest = read_manifest(where.files)
    desired = manifest.desired(where.environment, variables)
    return Inputs(where=where, environment=environment, variables=variables, manifest=manifest, desired=desired)


def _variables(where: Where, environment: Mapping[str, str]) -> Variables:
    return read_variables(
        folders=where.folders,
        env_files=where.env_files,
        environment=environment,
        environment_name=where.environment,
    )


def no_inputs(where: Where, environment: Mapping[str, str]) -> Inputs:
    """What there is before there is a manifest: the variables.

    Args:
        where: what to work on.
        environment: the process's environment.

    Raises:
        InvalidInput: a file of variables is wrong.
    """
    from fbsync.manifest.assemble import assemble

    variables = _variables(where, environment)
    return Inputs(where=where, environment=environment, variables=variables, manifest=assemble([]), desired=())


def read_project(where: Where, environment: Mapping[str, str], *, online: bool) -> Project:
    """Reads everything for a plan: what is known, then what the user wrote.

    The known state comes first, since the credentials that it has fingerprints of are then stretched while the
    manifest is read.

    Args:
        where: what to work on.
        environment: the process's environment.
        online: as for ``load``.

    Raises:
        InvalidInput: a file is wrong, or the lockfile is of another server.
        FbsyncError: a file cannot be read.
    """
    variables = _variables(where, environment)
    state = _read_state(where, environment, variables)
    return _project(_inputs(where, environment, variables), state, online=online)


def load(inputs: Inputs, *, online: bool, parameters: Parameters | None = None) -> Project:
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
    state = _read_state(inputs.where, inputs.environment, inputs.variables)
    return _project(inputs, state, online=online, parameters=parameters)


@dataclass(frozen=True, slots=True, kw_only=True)
class _State:
    """What is known, by the files.

    Attributes:
        on_disk: what the lockfile holds, or None where there is none yet.
        left: that, and what an unfinished apply left; None where there is neither.
        fingerprints: makes the fingerprints of what is known; None where nothing is.
    """

    state_folder: Path
    on_disk: Lockfile | None
    left: Replayed | None
    key: Secret | None
    fingerprints: Fingerprinter | None


def _read_state(where: Where, environment: Mapping[str, str], variables: Variables) -> _State:
    """Reads what is known, and begins to stretch the credentials that it has fingerprints of."""
    key = variables.secret(fingerprint.KEY_VARIABLE)
    on_disk = lockfile.read(where.lock_path)
    state_folder = find_state_folder(environment)
    left = read_known(where.lock_path, on_disk, state_folder)
    fingerprints = None
    if left is not None:
        fingerprints = Fingerprinter(left.lockfile.fingerprints, key=key)
        fingerprints.prepare(_known_secrets(left.lockfile, variables))
    return _State(state_folder=state_folder, on_disk=on_disk, left=left, key=key, fingerprints=fingerprints)


def _known_secrets(known: Lockfile, variables: Variables) -> Iterable[Secret]:
    """The values of the variables that a lockfile names, as far as they can be used."""
    references = {
        credential.reference: None
        for llm in known.llms
        for credential in (llm.secret, llm.key)
        if credential is not None
    }
    for name in references:
        # A variable that no declared entry needs may hold anything.
        with suppress(FbsyncError):
            if (secret := variables.secret(name)) is not None:
                yield secret


def _project(inputs: Inputs, state: _State, *, online: bool, parameters: Parameters | None = None) -> Project:
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


def read_known(path: Path, on_disk: Lockfile | None, state_folder: Path) -> Replayed | None:
    """What is known: what the lockfile holds, and what an apply that did not end as it should left elsewhere.

    Args:
        path: the lockfile.
        on_disk: what it holds, or None where there is none.
        state_folder: the user's folder for state, where a rescue file may be.

    Returns:
        The known state and the requests that are still open, or None where there is nothing of all that.

    Raises:
        FbsyncError: the rescue file or the journal is wrong, or cannot be read.
    """
    recovered = rescue.recover(path, on_disk, state_folder)
    left = replay(journal_path(path), recovered)
    return left if left or recovered is None else Replayed(lockfile=recovered, open=())


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

"""The lockfile: the known state, checked strictly when read and written atomically."""

from __future__ import annotations

from dataclasses import dataclass, replace
from sys import intern
from typing import TYPE_CHECKING, Any

from fbsync.model.configurations import Field, LockedCredential, LockedLlm
from fbsync.model.errors import FbsyncError, InvalidInput
from fbsync.schema.validate import Kind
from fbsync.state import atomic_file, documents
from fbsync.state.fingerprint import Method, Parameters
from fbsync.state.indented_json import indented

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from fbsync.model.findings import Finding

VERSION = 2


def _version(value: dict[str, Any]) -> tuple[int, ...] | None:
    version = value.get("version")
    return (version,) if isinstance(version, int) and not isinstance(version, bool) else None


LOCKFILE = documents.Sort(
    name="lockfile",
    kind=Kind.LOCKFILE,
    version=(VERSION,),
    version_of=_version,
    restore="restore the file from git; `fbsync apply --adopt` makes a new one from the server",
    conflict="keep the entries of both sides, remove the marker lines, and run `fbsync plan`",
    older="move it away, and run `fbsync apply --adopt`, which makes a new one from the server's list",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lockfile:
    """The known state, as ``schemas/lockfile.schema.json`` has it.

    Attributes:
        api_url: the server that the ids belong to.
        environment: the manifest's environment that this known state belongs to, or None.
        fingerprints: how the fingerprints are made.
        keys_masked: whether this server was seen to list a masked key. A key that it lists as null then does not exist.
        llms: the known configurations. Their identities and their ids are distinct.
    """

    api_url: str
    fingerprints: Parameters
    environment: str | None = None
    keys_masked: bool = False
    llms: tuple[LockedLlm, ...] = ()

    def with_llms(self, llms: Iterable[LockedLlm]) -> Lockfile:
        """Return a copy with other entries, sorted by identity."""
        return replace(self, llms=tuple(sorted(llms, key=lambda llm: (llm.workspace_id, llm.name, llm.id))))


def journal_path(lockfile: Path) -> Path:
    """Return the path of a lockfile's journal, which is next to it."""
    return lockfile.with_name(lockfile.name + ".journal")


def read_lockfile(path: Path) -> Lockfile | None:
    """Read a lockfile.

    Returns:
        The lockfile, or None if the file does not exist. A file that cannot be read or parsed is an error,
        never an empty lockfile.

    Raises:
        InvalidInput: fbsync did not write it, or it has another format version. Findings have the positions.
        FbsyncError: the operating system refuses to read it.
    """
    value = documents.read_checked(path, LOCKFILE)
    return None if value is None else _lockfile_from(value, path)


def parse_lockfile(text: str, *, path: Path | str, sort: documents.Sort = LOCKFILE) -> Lockfile:
    """Parse a lockfile's text, wherever it is kept.

    Args:
        text: the text.
        path: the name of its place in messages.
        sort: its name in messages, and the advice that they give.

    Raises:
        InvalidInput: fbsync did not write it, or it has another format version. Findings have the positions.
    """
    return _lockfile_from(documents.parse_checked(text, path, sort), path, sort)


def _lockfile_from(value: dict[str, Any], path: Path | str, sort: documents.Sort = LOCKFILE) -> Lockfile:
    llms = tuple(llm_from(entry) for entry in value["llms"])
    parameters = parameters_from(value["fingerprints"])
    if findings := _sense_findings(llms, parameters, path, sort):
        raise InvalidInput(findings)
    return Lockfile(
        api_url=value["apiUrl"],
        environment=value["environment"],
        fingerprints=parameters,
        keys_masked=value.get("keysMasked", False),
        llms=llms,
    )


def parameters_from(value: dict[str, Any]) -> Parameters:
    """Return the fingerprint parameters of a value that fits the schema. This is the inverse of ``parameters_of``."""
    return Parameters(**{**value, "method": Method(value["method"])})


def parameters_of(parameters: Parameters) -> dict[str, Any]:
    """Return the fingerprint parameters as the lockfile writes them."""
    if parameters.method is Method.SCRYPT:
        return {"method": parameters.method.value, "salt": parameters.salt, "n": parameters.n}
    return {"method": parameters.method.value, "check": parameters.check}


def _sense_findings(
    llms: Iterable[LockedLlm], parameters: Parameters, path: Path | str, sort: documents.Sort
) -> list[Finding]:
    """Find what a schema cannot express: duplicate entries, and fingerprint parameters that are incomplete."""
    findings: list[Finding] = []
    seen: set[object] = set()
    for llm in llms:
        if {llm.identity, llm.id} & seen:
            twice = f'the {sort.name} has "{llm.name}" (workspace {llm.workspace_id}), or its id {llm.id}, twice'
            findings.append(sort.finding(path, "lockfile-twice", twice, remedy="keep one of the two entries"))
        seen |= {llm.identity, llm.id}
    if not (parameters.salt if parameters.method is Method.SCRYPT else parameters.check):
        wanting = "salt" if parameters.method is Method.SCRYPT else "check"
        findings.append(sort.finding(path, "lockfile-fingerprints", f'"fingerprints" lacks its "{wanting}"'))
    return findings


def lockfile_text(lockfile: Lockfile) -> str:
    """Return the lockfile's text: sorted, with one block for each entry, and the same for the same state."""
    value = {
        "version": VERSION,
        "apiUrl": lockfile.api_url,
        "environment": lockfile.environment,
        **({"keysMasked": True} if lockfile.keys_masked else {}),
        "fingerprints": parameters_of(lockfile.fingerprints),
        "llms": [entry_of(llm) for llm in lockfile.llms],
    }
    return indented(value) + "\n"


def write_lockfile(path: Path, lockfile: Lockfile) -> None:
    """Write a lockfile atomically: after a crash, the complete old or the complete new lockfile is there.

    Raises:
        FbsyncError: the operating system refuses.
    """
    try:
        atomic_file.write_atomically(path, lockfile_text(lockfile), follow=False)
    except OSError as error:
        raise FbsyncError(
            f"the lockfile {path} cannot be written: {error.strerror}",
            hint="free some space or fix the permissions, then run `fbsync apply` again: the journal has the changes",
        ) from error


def entry_of(llm: LockedLlm) -> dict[str, Any]:
    """Return an entry as the lockfile and the journal write it (``schemas/lockfile.schema.json``, 'llm')."""
    entry: dict[str, Any] = {
        "workspaceId": llm.workspace_id,
        "name": llm.name,
        "id": llm.id,
        "aiType": llm.ai_type,
        "endpoint": llm.endpoint,
    }
    entry |= _means_of(llm)
    if llm.workspace is not None:
        entry["workspace"] = llm.workspace
    if llm.protect:
        entry["protect"] = True
    if llm.declared_in is not None:
        entry["manifest"] = llm.declared_in
    if llm.previous_name is not None:
        entry["previousName"] = llm.previous_name
    if templates := _templates_of(llm):
        entry["templates"] = templates
    if llm.served:
        entry["served"] = {field.value: value for field, value in llm.served}
    if llm.key_mask is not None:
        entry["keyMask"] = llm.key_mask
    return entry


def _means_of(llm: LockedLlm) -> dict[str, Any]:
    """Return the credentials, or the stored key instead of them."""
    credentials = ((field, llm.credential(field)) for field in (Field.KEY, Field.SECRET))
    means: dict[str, Any] = {field.value: _credential_of(locked) for field, locked in credentials if locked is not None}
    return means | ({} if llm.api_key is None else {Field.API_KEY.value: llm.api_key})


def _templates_of(llm: LockedLlm) -> dict[str, str]:
    templates = {
        "workspaceId": llm.workspace_template,
        "endpoint": llm.endpoint_template,
        "apiKey": llm.api_key_template,
    }
    return {name: template for name, template in templates.items() if template}


def llm_from(entry: dict[str, Any]) -> LockedLlm:
    """Return the record of an entry that fits the schema. This is the inverse of ``entry_of``.

    Values that many entries share are kept only once, which saves a tenth of the memory of a large plan.
    """
    templates = entry.get("templates", {})
    return LockedLlm(
        id=entry["id"],
        name=entry["name"],
        workspace_id=intern(entry["workspaceId"]),
        ai_type=intern(entry["aiType"]),
        endpoint=entry["endpoint"],
        secret=_credential_from(entry["secret"]) if "secret" in entry else None,
        key=_credential_from(entry["key"]) if "key" in entry else None,
        api_key=entry.get("apiKey"),
        protect=entry.get("protect", False),
        previous_name=entry.get("previousName"),
        workspace_template=templates.get("workspaceId"),
        endpoint_template=templates.get("endpoint"),
        api_key_template=templates.get("apiKey"),
        workspace=entry.get("workspace"),
        declared_in=intern(entry["manifest"]) if "manifest" in entry else None,
        served=tuple((Field(field), value) for field, value in entry.get("served", {}).items()),
        key_mask=entry.get("keyMask"),
    )


def _credential_of(locked: LockedCredential) -> dict[str, Any]:
    sent_on = {} if locked.sent_on is None else {"sentOn": locked.sent_on}
    return {"reference": locked.reference, "fingerprint": locked.fingerprint, **sent_on}


def _credential_from(value: dict[str, Any]) -> LockedCredential:
    sent_on = intern(value["sentOn"]) if "sentOn" in value else None
    return LockedCredential(reference=intern(value["reference"]), fingerprint=value["fingerprint"], sent_on=sent_on)

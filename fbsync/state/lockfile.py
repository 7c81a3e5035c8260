"""The lockfile: the known state, strictly checked when read and atomically written."""

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
        environment: the environment of the manifest that this is the known state of, or None.
        fingerprints: how the fingerprints are made.
        keys_masked: whether this server was seen to list a masked key: one listed as null then is not there.
        llms: the known configurations, of distinct identities and ids.
    """

    api_url: str
    fingerprints: Parameters
    environment: str | None = None
    keys_masked: bool = False
    llms: tuple[LockedLlm, ...] = ()

    def with_llms(self, llms: Iterable[LockedLlm]) -> Lockfile:
        """The same lockfile with other entries, sorted by identity."""
        return replace(self, llms=tuple(sorted(llms, key=lambda llm: (llm.workspace_id, llm.name, llm.id))))


def journal_path(lockfile: Path) -> Path:
    """Where a lockfile's journal is: beside it."""
    return lockfile.with_name(lockfile.name + ".journal")


def read_lockfile(path: Path) -> Lockfile | None:
    """Read a lockfile.

    Returns:
        The lockfile, or None where there is no such file. A file that cannot be read or understood is
        never taken for an empty one.

    Raises:
        InvalidInput: it is not what fbsync wrote, or of a newer version; findings say where.
        FbsyncError: the operating system refuses to read it.
    """
    value = documents.read_checked(path, LOCKFILE)
    return None if value is None else _lockfile_from(value, path)


def parse_lockfile(text: str, *, path: Path | str, sort: documents.Sort = LOCKFILE) -> Lockfile:
    """Interpret a lockfile's text, wherever it is kept.

    Args:
        text: the text.
        path: what messages call its place.
        sort: what messages call it, and what they advise.

    Raises:
        InvalidInput: it is not what fbsync wrote, or of a newer version; findings say where.
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
    """How fingerprints are made, as the schema has it; the inverse of ``parameters_of``."""
    return Parameters(**{**value, "method": Method(value["method"])})


def parameters_of(parameters: Parameters) -> dict[str, Any]:
    """How fingerprints are made, as the lockfile writes it."""
    if parameters.method is Method.SCRYPT:
        return {"method": parameters.method.value, "salt": parameters.salt, "n": parameters.n}
    return {"method": parameters.method.value, "check": parameters.check}


def _sense_findings(
    llms: Iterable[LockedLlm], parameters: Parameters, path: Path | str, sort: documents.Sort
) -> list[Finding]:
    """What a schema cannot say: entries that stand twice, and fingerprints without what they need."""
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
    """The lockfile's text: sorted, a block an entry, the same for the same state."""
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
    """Write a lockfile atomically: after a crash there is the old one or the new one, whole.

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
    """One entry as the lockfile and the journal write it (``schemas/lockfile.schema.json``, 'llm')."""
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
    """The credentials, or the stored key in their place."""
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
    """The record of one entry that fits the schema; the inverse of ``entry_of``.

    What many entries have in common is kept once: a tenth of the memory of a large plan.
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

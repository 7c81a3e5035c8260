"""The lockfile: the known state, read with suspicion and written atomically."""

from __future__ import annotations

import json
import os
import stat
import tempfile
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fbsync.errors import ExitCode, FbsyncError, InvalidInput
from fbsync.findings import Finding, Position
from fbsync.fingerprint import Method, Parameters
from fbsync.model import LockedCredential, LockedLlm
from fbsync.schema import Kind, validate

if TYPE_CHECKING:
    from collections.abc import Iterable

VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Lockfile:
    """The known state, as ``schemas/lockfile.schema.json`` has it.

    Attributes:
        api_url: the server that the ids belong to.
        fingerprints: how the fingerprints are made.
        llms: the known configurations, of distinct identities and ids.
    """

    api_url: str
    fingerprints: Parameters
    llms: tuple[LockedLlm, ...] = ()

    def with_llms(self, llms: Iterable[LockedLlm]) -> Lockfile:
        """The same lockfile with other entries, sorted by identity."""
        return replace(self, llms=tuple(sorted(llms, key=lambda llm: (llm.identity, llm.id))))


def read(path: Path) -> Lockfile | None:
    """Reads a lockfile.

    Returns:
        The lockfile, or None where there is no such file. A file that cannot be read or understood is
        never taken for an empty one.

    Raises:
        InvalidInput: it is not what fbsync wrote, or of a newer version; findings tell where.
        FbsyncError: the operating system refuses to read it.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except UnicodeDecodeError as error:
        raise InvalidInput([_finding(path, "lockfile-unreadable", "the lockfile is not UTF-8 text")]) from error
    except OSError as error:
        raise FbsyncError(
            f"the lockfile {path} cannot be read: {error.strerror}",
            hint="make it a readable file, or name another one with --lock-file",
            exit_code=ExitCode.INVALID_INPUT,
        ) from error
    return parse(text, path=path)


def parse(text: str, *, path: Path) -> Lockfile:
    """Understands a lockfile's text.

    Raises:
        InvalidInput: it is not what fbsync wrote, or of a newer version; findings tell where.
    """
    if conflict := _conflict_line(text):
        raise InvalidInput(
            [
                _finding(
                    path,
                    "conflict-marker",
                    "the lockfile holds a merge conflict",
                    line=conflict,
                    remedy="keep the entries of both sides, remove the marker lines, and run `fbsync plan`",
                )
            ]
        )
    try:
        value = json.loads(text, object_pairs_hook=_distinct)
    except (ValueError, RecursionError) as error:
        line, column = (error.lineno, error.colno) if isinstance(error, json.JSONDecodeError) else (0, 0)
        wrong = "the lockfile is not the JSON that fbsync wrote, perhaps cut short"
        raise InvalidInput([_finding(path, "lockfile-syntax", wrong, line=line, column=column)]) from error
    _check_version(value, path)
    if findings := _shape_findings(text, value, path):
        raise InvalidInput(findings)
    llms = tuple(llm_from(entry) for entry in value["llms"])
    how = value["fingerprints"]
    parameters = Parameters(**{**how, "method": Method(how["method"])})
    if findings := _sense_findings(llms, parameters, path):
        raise InvalidInput(findings)
    return Lockfile(api_url=value["apiUrl"], fingerprints=parameters, llms=llms)


def _conflict_line(text: str) -> int:
    """The first line that is a git conflict marker, counted from 1, or 0."""
    lines = enumerate(text.splitlines(), 1)
    return next((at for at, line in lines if line.startswith(("<<<<<<<", "=======", ">>>>>>>", "|||||||"))), 0)


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Builds a mapping as json does, but refuses a key given twice: which value counts would be a guess."""
    value = dict(pairs)
    if len(value) != len(pairs):
        raise ValueError("a key is given twice")
    return value


def _check_version(value: object, path: Path) -> None:
    version = value.get("version") if isinstance(value, dict) else None
    if isinstance(version, int) and version > VERSION:
        newer = f"the lockfile is of format version {version}, and this fbsync knows up to {VERSION}"
        raise InvalidInput(
            [_finding(path, "lockfile-newer", newer, remedy="use the fbsync that wrote it, or a newer one")]
        )


def _shape_findings(text: str, value: object, path: Path) -> list[Finding]:
    """What does not fit the schema, each at its place: JSON is YAML, whose loader keeps the places."""
    violations = validate(Kind.LOCKFILE, value)
    if not violations:
        return []
    from fbsync.manifest.loader import load

    document = load(text.encode(), file=str(path))
    return [
        Finding(
            rule=f"lockfile-{violation.rule}",
            position=(document.position_of_key if violation.at_key else document.position_of)(violation.path),
            message=f"the lockfile was changed by hand or by a tool: {violation.message}",
            remedy=f"{violation.remedy or 'mend it'}, or restore the file from git",
        )
        for violation in violations
    ]


def _sense_findings(llms: Iterable[LockedLlm], parameters: Parameters, path: Path) -> list[Finding]:
    """What a schema cannot say: entries that stand twice, and fingerprints without what they need."""
    findings: list[Finding] = []
    seen: set[object] = set()
    for llm in llms:
        if {llm.identity, llm.id} & seen:
            twice = f'the lockfile holds "{llm.name}" of workspace {llm.workspace_id} twice, or its id {llm.id}'
            findings.append(_finding(path, "lockfile-twice", twice, remedy="keep one of the two entries"))
        seen |= {llm.identity, llm.id}
    if not (parameters.salt if parameters.method is Method.SCRYPT else parameters.check):
        wanting = "salt" if parameters.method is Method.SCRYPT else "check"
        findings.append(_finding(path, "lockfile-fingerprints", f'"fingerprints" lacks its "{wanting}"'))
    return findings


def _finding(
    path: Path,
    rule: str,
    message: str,
    *,
    line: int = 0,
    column: int = 0,
    remedy: str = "restore the file from git; `fbsync apply --adopt` makes a new one from the server",
) -> Finding:
    return Finding(
        rule=rule, position=Position(file=str(path), line=line, column=column), message=message, remedy=remedy
    )


def render(lockfile: Lockfile) -> str:
    """The lockfile's text: sorted, a block an entry, the same for the same state."""
    how = lockfile.fingerprints
    scrypt = how.method is Method.SCRYPT
    value = {
        "version": VERSION,
        "apiUrl": lockfile.api_url,
        "fingerprints": {"method": how.method.value}
        | ({"salt": how.salt, "n": how.n} if scrypt else {"check": how.check}),
        "llms": [entry_of(llm) for llm in lockfile.llms],
    }
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def write(path: Path, lockfile: Lockfile) -> None:
    """Writes a lockfile atomically: after a crash there is the old one or the new one, whole.

    Raises:
        FbsyncError: the operating system refuses.
    """
    try:
        write_atomically(path, render(lockfile))
    except OSError as error:
        raise FbsyncError(
            f"the lockfile {path} cannot be written: {error.strerror}",
            hint="make room or mend the permissions, and run `fbsync apply` again: what was done is in the journal",
        ) from error


def write_atomically(path: Path, text: str) -> None:
    """Puts a text in a file's place: temporary file in the same folder, fsync, rename, fsync of the folder.

    A link stays a link: what it points at is replaced.
    """
    path = path.resolve() if path.is_symlink() else path
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as stream:
            stream.write(text)
            stream.flush()
            os.fchmod(stream.fileno(), _mode(path))
            os.fsync(stream.fileno())
        Path(name).replace(path)
    except BaseException:
        with suppress(OSError):
            Path(name).unlink()
        raise
    sync_folder(path.parent)


def _mode(path: Path) -> int:
    """The permissions that a file has, or gets where there is none yet: the lockfile is no secret."""
    try:
        return stat.S_IMODE(path.stat().st_mode)
    except FileNotFoundError:
        return 0o644


def sync_folder(folder: Path) -> None:
    """Makes a rename or a removal in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def entry_of(llm: LockedLlm) -> dict[str, Any]:
    """One entry as the lockfile and the journal write it (``schemas/lockfile.schema.json``, 'llm')."""
    entry: dict[str, Any] = {
        "workspaceId": llm.workspace_id,
        "name": llm.name,
        "id": llm.id,
        "aiType": llm.ai_type,
        "endpoint": llm.endpoint,
    }
    if llm.key is not None:
        entry["key"] = _credential_of(llm.key)
    entry["secret"] = _credential_of(llm.secret)
    if llm.protect:
        entry["protect"] = True
    if llm.previous_name is not None:
        entry["previousName"] = llm.previous_name
    templates = {"workspaceId": llm.workspace_template, "endpoint": llm.endpoint_template}
    if any(templates.values()):
        entry["templates"] = {name: template for name, template in templates.items() if template}
    return entry


def llm_from(entry: dict[str, Any]) -> LockedLlm:
    """The record of one entry that fits the schema; the inverse of ``entry_of``."""
    templates = entry.get("templates", {})
    return LockedLlm(
        id=entry["id"],
        name=entry["name"],
        workspace_id=entry["workspaceId"],
        ai_type=entry["aiType"],
        endpoint=entry["endpoint"],
        secret=LockedCredential(**entry["secret"]),
        key=LockedCredential(**entry["key"]) if "key" in entry else None,
        protect=entry.get("protect", False),
        previous_name=entry.get("previousName"),
        workspace_template=templates.get("workspaceId"),
        endpoint_template=templates.get("endpoint"),
    )


def _credential_of(locked: LockedCredential) -> dict[str, Any]:
    return {"reference": locked.reference, "fingerprint": locked.fingerprint}

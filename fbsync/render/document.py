"""The JSON documents of ``--format json`` (``schemas/result.schema.json``), and their common format."""

from __future__ import annotations

import json
import re
import unicodedata
from typing import TYPE_CHECKING, Any

from fbsync.model.changes import identity_of
from fbsync.model.errors import GuardRefused, InvalidInput
from fbsync.render.paint import HIDDEN

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fbsync.model.errors import ExitCode, FbsyncError
    from fbsync.model.findings import Finding
    from fbsync.model.outcomes import Outcome
    from fbsync.model.plan import Refusal
    from fbsync.model.temporary import Removal
    from fbsync.model.verifications import Verified

FORMAT_VERSION = "1.0"

Json = dict[str, Any]

_BEYOND_ASCII = re.compile(r"[^\x00-\x7e]")


def dump(document: Json) -> str:
    """Return a document as text, with control characters escaped. It is the same for the same document."""
    return escaped(json.dumps(document, indent=2, ensure_ascii=False)) + "\n"


def dump_line(value: Json) -> str:
    """Return a value as one line of text, otherwise like ``dump``."""
    return escaped(json.dumps(value, ensure_ascii=False)) + "\n"


def escaped(text: str) -> str:
    r"""Write control, format and direction characters in JSON text as ``\u…`` (RFC 8259, 7). It reads back the same.

    The json module itself escapes only those below U+0020.
    """
    return text if text.isascii() and "\x7f" not in text else _BEYOND_ASCII.sub(_escaped, text)


def _escaped(found: re.Match[str]) -> str:
    character = found[0]
    return json.dumps(character)[1:-1] if unicodedata.category(character) in HIDDEN else character


def result_document(
    command: str,
    exit_code: ExitCode,
    *,
    error: FbsyncError | None = None,
    findings: Iterable[Finding] = (),
    **more: object,
) -> Json:
    """Return the document of any command except a successful plan: its exit code and its messages.

    Args:
        command: the command's name.
        exit_code: the command's exit code.
        error: why it failed, if it did.
        findings: what is wrong with its input.
        more: what the command adds, as in the schema.
    """
    document: Json = {"format_version": FORMAT_VERSION, "command": command, "exit_code": int(exit_code)}
    if error is not None:
        document["error"] = _error(error)
    if found := [_finding_entry(finding) for finding in findings]:
        document["findings"] = found
    return document | more


def failure_document(command: str, error: FbsyncError) -> Json:
    """Return the document of a command that failed, with the findings that made it fail."""
    findings = error.findings if isinstance(error, InvalidInput) else ()
    return result_document(command, error.exit_code, error=error, findings=findings)


def refusal_entry(refusal: Refusal) -> Json:
    """Return the document's item for a guard's refusal."""
    entry: Json = {"message": refusal.message, "hint": refusal.hint}
    if refusal.identity is not None:
        entry |= {"workspaceId": refusal.identity.workspace_id, "name": refusal.identity.name}
    return entry


def outcome_entry(outcome: Outcome) -> Json:
    """Return the document's item for an entry's outcome."""
    identity = identity_of(outcome.change)
    entry: Json = {
        "workspaceId": identity.workspace_id,
        "name": identity.name,
        "id": outcome.llm_id,
        "outcome": outcome.result.value,
    }
    if outcome.sent:
        entry["sent"] = [str(field) for field in outcome.sent]
    if outcome.first is not None:
        entry["verified_first"] = outcome.first.value
    if outcome.error is not None:
        entry["error"] = _error(outcome.error)
    return entry


def removal_entry(removal: Removal) -> Json:
    """Return the document's item for a temporary configuration that an earlier run left."""
    identity = removal.leftover.identity
    entry: Json = {
        "workspaceId": identity.workspace_id,
        "name": identity.name,
        "ids": list(removal.leftover.ids),
        "outcome": "deleted" if removal.error is None else "left",
    }
    return entry if removal.error is None else entry | {"error": _error(removal.error)}


def verified_entry(verified: Verified) -> Json:
    """Return the document's item for the provider's verdict on a credential."""
    identity = verified.target.identity
    entry: Json = {
        "workspaceId": identity.workspace_id,
        "name": identity.name,
        "id": verified.target.llm_id,
        "verdict": verified.verdict.value,
        "message": verified.message,
    }
    if verified.error is not None:
        entry["error"] = _error(verified.error)
    return entry


def _error(error: FbsyncError) -> Json:
    from fbsync.model.server_error import ServerError

    entry: Json = {"message": error.message, "hint": error.hint}
    if isinstance(error, GuardRefused):
        entry["refusals"] = [refusal_entry(refusal) for refusal in error.refusals]
    if isinstance(error, ServerError):
        entry |= {"failure": error.failure.value, "status": error.status, "retryable": error.is_retryable}
    return entry


def _finding_entry(finding: Finding) -> Json:
    place = finding.position
    return {
        "rule": finding.rule,
        "severity": finding.severity.value,
        "file": place.file,
        "line": place.line,
        "column": place.column,
        "entry": finding.entry,
        "message": finding.message,
        "remedy": finding.remedy,
        "related": [{"file": at.file, "line": at.line, "column": at.column} for at in finding.related],
    }

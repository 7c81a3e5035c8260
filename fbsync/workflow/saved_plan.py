"""Saved plans: a commitment to what was reviewed. ``apply`` plans again, and makes only the same changes.

A saved plan is the plan's document, with the options to plan again and with fingerprints of the credentials, so that
``apply`` notices a credential that was rotated since. It contains no secret.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from fbsync.model.changes import desired_of
from fbsync.model.errors import ExitCode, FbsyncError
from fbsync.planning.allowed import Allowed
from fbsync.render.document import Json, dump
from fbsync.schema.validate import Kind
from fbsync.state import atomic_file, documents
from fbsync.state.lockfile import parameters_from, parameters_of

if TYPE_CHECKING:
    from fbsync.model.plan import Plan
    from fbsync.state.fingerprint import Fingerprinter, Parameters


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedPlan:
    """A saved plan, read back.

    Attributes:
        environment, files, lock_file, state, only, prune, assume_secrets, resend_secrets,
            verify_first: the options that the plan was made with.
        allowed: what its options allowed although a guard would refuse it.
        api_url: the server that the plan was made for.
        fingerprints: how its fingerprints are made.
        reviewed: what was planned for each entry, by workspace and name.
        credentials: the fingerprint of each credential with a known value, by workspace, name and field.
    """

    environment: str | None
    files: tuple[Path, ...]
    lock_file: Path | None
    state: str | None
    only: tuple[str, ...]
    prune: bool
    assume_secrets: bool
    resend_secrets: bool
    verify_first: bool
    allowed: Allowed
    api_url: str
    fingerprints: Parameters
    reviewed: dict[tuple[str, str], Json]
    credentials: dict[tuple[str, str, str], str]


_SORT = documents.Sort(
    name="plan",
    kind=Kind.PLAN,
    version=(2, 0),
    version_of=documents.major_and_minor,
    older="make a new plan with `fbsync plan --out`",
    restore="make a new plan with `fbsync plan --out`",
    conflict="make a new plan with `fbsync plan --out`: saved plans cannot be merged",
)


def save_plan(path: Path, plan: Plan, document: Json, how: Json, fingerprints: Fingerprinter) -> None:
    """Write a plan to a file atomically.

    Args:
        path: the file.
        plan: the plan.
        document: its document.
        how: the options that it was made with, as in the schema ('saved').
        fingerprints: makes the fingerprints.

    Raises:
        FbsyncError: the operating system refuses.
    """
    saved = {
        **how,
        "fingerprints": parameters_of(fingerprints.parameters),
        "credentials": _credential_fingerprints(plan, fingerprints),
    }
    try:
        atomic_file.write_atomically(path, dump(document | {"saved": saved}), follow=False)
    except OSError as error:
        raise FbsyncError(f"the plan {path} cannot be written: {error.strerror}", hint="name another file") from error


def _credential_fingerprints(plan: Plan, fingerprints: Fingerprinter) -> list[Json]:
    """Return a fingerprint of each credential with a known value, keyed by identity: a new entry has no id yet."""
    return [
        {
            "workspaceId": llm.identity.workspace_id,
            "name": llm.name,
            "field": field.value,
            "fingerprint": fingerprints.commitment(credential.secret, llm.identity, field),
        }
        for change in plan.changes
        if (llm := desired_of(change)) is not None
        for field, credential in llm.credentials
        if credential.secret is not None and fingerprints.can_verify
    ]


def read_plan_document(path: Path) -> Json:
    """Read a saved plan's document.

    Raises:
        InvalidInput: fbsync did not write it, or it has another format version. Findings have the positions.
        FbsyncError: the file does not exist, or it has a plan's document that was not saved with ``--out``.
    """
    value = documents.read_checked(path, _SORT)
    if value is None or "saved" not in value:
        wrong = (
            "there is no such saved plan"
            if value is None
            else "this plan was printed with --format json, not saved with --out"
        )
        raise FbsyncError(f"{path}: {wrong}", hint=_SORT.restore, exit_code=ExitCode.INVALID_INPUT)
    return value


def read_saved_plan(path: Path) -> SavedPlan:
    """Read a saved plan.

    Raises:
        FbsyncError: as ``read_plan_document``.
    """
    value = read_plan_document(path)
    saved = value["saved"]
    return SavedPlan(
        environment=value["environment"],
        files=tuple(map(Path, saved["files"])),
        lock_file=None if saved["lock_file"] is None else Path(saved["lock_file"]),
        state=saved["state"],
        only=tuple(saved["only"]),
        prune=saved["prune"],
        assume_secrets=saved["assume_secrets"],
        resend_secrets=saved["resend_secrets"],
        verify_first=saved["verify_first"],
        allowed=Allowed(**saved["allowed"]),
        api_url=value["api_url"],
        fingerprints=parameters_from(saved["fingerprints"]),
        reviewed={(entry["workspaceId"], entry["name"]): entry for entry in value["resource_changes"]},
        credentials={
            (item["workspaceId"], item["name"], item["field"]): item["fingerprint"] for item in saved["credentials"]
        },
    )

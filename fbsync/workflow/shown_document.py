"""Read what ``show`` can show: a saved plan, or a result document from ``--result`` or ``--format json``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from fbsync.model.errors import ExitCode, FbsyncError
from fbsync.schema.validate import Kind
from fbsync.state import documents
from fbsync.workflow.saved_plan import read_plan_document

if TYPE_CHECKING:
    from pathlib import Path

    from fbsync.render.document import Json


_RESTORE = "name a file that `fbsync plan --out` or `fbsync apply --result` wrote"
_APPLYING = ("apply", "destroy")


_SORT = documents.Sort(
    name="result",
    kind=Kind.RESULT,
    version=(1, 0),
    version_of=documents.major_and_minor,
    older=_RESTORE,
    restore=_RESTORE,
    conflict=_RESTORE,
)


def read_shown(path: Path) -> Json:
    """Read a document that can be shown.

    Args:
        path: the file.

    Returns:
        A plan's document, which has ``resource_changes``, or a result document.

    Raises:
        InvalidInput: fbsync did not write it. Findings have the positions.
        FbsyncError: the file does not exist, or ``show`` cannot render such a document.
    """
    if not _is_result(path):
        return {name: value for name, value in read_plan_document(path).items() if name != "saved"}
    value = documents.read_checked(path, _SORT)
    if value is None or not ("error" in value or "findings" in value or value["command"] in _APPLYING):
        raise FbsyncError(
            f"{path}: `fbsync show` has no rendering for this result",
            hint="name a saved plan, the result of an apply or a destroy, or that of a command that failed",
            exit_code=ExitCode.INVALID_INPUT,
        )
    return value


def _is_result(path: Path) -> bool:
    """Whether a file looks like a result document. It is not checked any further here."""
    data = documents.read_regular_file(path, "document") or b""
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        return False
    return isinstance(value, dict) and "exit_code" in value and "resource_changes" not in value

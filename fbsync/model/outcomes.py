"""Outcomes: what became of each change of a plan."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fbsync.model.changes import Change
    from fbsync.model.configurations import Field
    from fbsync.model.errors import FbsyncError


class Result(StrEnum):
    """What became of an entry (``schemas/result.schema.json``)."""

    CREATED = "created"
    UPDATED = "updated"
    ADOPTED = "adopted"
    DELETED = "deleted"
    FORGOTTEN = "forgotten"
    UNCHANGED = "unchanged"
    FAILED = "failed"
    NOT_ATTEMPTED = "not_attempted"
    UNKNOWN = "unknown"

    @property
    def is_trouble(self) -> bool:
        """Whether the entry is not as it is to be."""
        return self in (Result.FAILED, Result.NOT_ATTEMPTED, Result.UNKNOWN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one change.

    Attributes:
        llm_id: the server's id, where there is one.
        error: why it failed, was not attempted, or could not be recorded.
        sent: the names of the fields that the request carried.
    """

    change: Change
    result: Result
    llm_id: str | None = None
    error: FbsyncError | None = None
    sent: tuple[Field, ...] = ()

"""Outcomes: the result of each change of a plan."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from fbsync.model.changes import identity_of
from fbsync.model.errors import ExitCode

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fbsync.model.changes import Change
    from fbsync.model.configurations import Field, Identity
    from fbsync.model.errors import FbsyncError
    from fbsync.model.verifications import Verdict


class Result(StrEnum):
    """The result of an entry (``schemas/result.schema.json``)."""

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
        """Whether the entry does not have its desired state."""
        return self in (Result.FAILED, Result.NOT_ATTEMPTED, Result.UNKNOWN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The outcome of one change.

    Attributes:
        llm_id: the server's id, or None if there is none.
        error: why the change failed, was not attempted, or could not be recorded.
        sent: the fields that the request carried.
        first: the provider's verdict on a temporary configuration, if the change had to wait for a verdict.
    """

    change: Change
    result: Result
    llm_id: str | None = None
    error: FbsyncError | None = None
    sent: tuple[Field, ...] = ()
    first: Verdict | None = None


def identities_settled(outcomes: Iterable[Outcome]) -> tuple[Identity, ...]:
    """Return the identities of the entries that have their desired state, in the order of their outcomes."""
    return tuple(identity_of(outcome.change) for outcome in outcomes if not outcome.result.is_trouble)


_DONE = frozenset((Result.CREATED, Result.UPDATED, Result.ADOPTED, Result.DELETED))


def exit_code_of_outcomes(outcomes: Iterable[Outcome]) -> ExitCode:
    """Return the exit code of an uninterrupted run (``design.md``, 'Exit codes').

    The code for "not signed in or not allowed" means that nothing else happened. As soon as one entry was changed, or
    failed for another reason, the run is partly applied.
    """
    outcomes = tuple(outcomes)
    troubled = [outcome for outcome in outcomes if outcome.result.is_trouble or outcome.error is not None]
    if not troubled:
        return ExitCode.DONE
    denied = all(outcome.error is not None and outcome.error.exit_code is ExitCode.NOT_ALLOWED for outcome in troubled)
    done = any(outcome.result in _DONE for outcome in outcomes)
    return ExitCode.NOT_ALLOWED if denied and not done else ExitCode.PARTLY_APPLIED

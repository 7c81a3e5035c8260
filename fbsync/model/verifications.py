"""Verdicts: whether the provider accepts a configuration's credential, if the server could ask."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from fbsync.model.errors import ExitCode, FbsyncError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fbsync.model.configurations import Identity


class Verdict(StrEnum):
    """The result of a verification (``schemas/result.schema.json``)."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    """The provider said no."""
    FAILED = "failed"
    """The provider was not asked."""
    UNKNOWN = "unknown"
    """There was no answer. The provider may or may not have been asked, and may have billed the call."""
    NOT_ATTEMPTED = "not_attempted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A configuration with a credential to verify."""

    identity: Identity
    llm_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """The result of one verification.

    Attributes:
        message: the provider's words, relayed by the server: untrusted text, empty if there were none.
        error: why there is no verdict, or None.
    """

    target: Target
    verdict: Verdict
    message: str = ""
    error: FbsyncError | None = None


def exit_code_of_verifications(verified: Iterable[Verified]) -> ExitCode:
    """Return the exit code of an uninterrupted run: 4 if none was allowed, else 5 if one was not accepted, else 0."""
    troubled = [one for one in verified if one.verdict is not Verdict.ACCEPTED]
    if not troubled:
        return ExitCode.DONE
    denied = all(one.error is not None and one.error.exit_code is ExitCode.NOT_ALLOWED for one in troubled)
    return ExitCode.NOT_ALLOWED if denied and len(troubled) == len(tuple(verified)) else ExitCode.PARTLY_APPLIED

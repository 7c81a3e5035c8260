"""Verdicts: what the provider says about a configuration's credential, if the server could ask it."""

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
    """There was no answer, so the provider may or may not have been asked and billed."""
    NOT_ATTEMPTED = "not_attempted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A configuration whose credential to verify."""

    identity: Identity
    llm_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """The result of one verification.

    Attributes:
        message: the provider's words, by way of the server: untrusted text; empty where there were none.
        error: why there is no verdict, if so.
    """

    target: Target
    verdict: Verdict
    message: str = ""
    error: FbsyncError | None = None


def exit_code_of_verifications(verified: Iterable[Verified]) -> ExitCode:
    """The exit code of an uninterrupted run: 5 as soon as one is not accepted, 4 where nothing was allowed."""
    troubled = [one for one in verified if one.verdict is not Verdict.ACCEPTED]
    if not troubled:
        return ExitCode.DONE
    denied = all(one.error is not None and one.error.exit_code is ExitCode.NOT_ALLOWED for one in troubled)
    return ExitCode.NOT_ALLOWED if denied and len(troubled) == len(tuple(verified)) else ExitCode.PARTLY_APPLIED

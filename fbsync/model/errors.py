"""The one error root, and the exit codes that errors carry.

FbsyncError
├── (raised itself, with an exit code, wherever nobody needs to catch it)
├── InvalidInput      findings about an input: exit 3
├── GuardRefused      reasons not to carry a plan out: exit 8, or 6 for a stale one
└── ServerError       a failed call to the server: see ``fbsync.model.server_error``
"""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from fbsync.model.findings import Finding
    from fbsync.model.plan import Refusal


class ExitCode(IntEnum):
    """The exit codes of commands (``design.md``, 'Exit codes')."""

    DONE = 0
    ERROR = 1
    PENDING = 2
    INVALID_INPUT = 3
    NOT_ALLOWED = 4
    PARTLY_APPLIED = 5
    STALE_PLAN = 6
    LOCKED = 7
    GUARD_REFUSED = 8
    USAGE = 64
    INTERRUPTED = 130
    TERMINATED = 143


class FbsyncError(Exception):
    """An error that a user can act on.

    Args:
        message: what is wrong, as a sentence without a full stop at its end. Never a secret.
        hint: what to do about it, or an empty string if there is no advice.
        exit_code: the status that the command ends with.
    """

    exit_code: ExitCode

    def __init__(self, message: str, *, hint: str = "", exit_code: ExitCode = ExitCode.ERROR) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.exit_code = exit_code


class InvalidInput(FbsyncError):  # noqa: N818 - reads well at the raise
    """An input has findings of severity error. The findings are the message."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        super().__init__("the input is invalid", exit_code=ExitCode.INVALID_INPUT)
        self.findings = tuple(findings)

    def __str__(self) -> str:
        lines = (f"{finding.position}: {finding.message} [{finding.rule}]" for finding in self.findings)
        return "\n".join((f"{self.message}:", *lines))


class GuardRefused(FbsyncError):  # noqa: N818 - reads well at the raise
    """A plan must not be applied, because of a guard or because it is stale. Nothing was changed."""

    def __init__(
        self,
        refusals: Sequence[Refusal],
        *,
        message: str = "refused before the first change",
        exit_code: ExitCode = ExitCode.GUARD_REFUSED,
    ) -> None:
        super().__init__(message, exit_code=exit_code)
        self.refusals = tuple(refusals)

    def __str__(self) -> str:
        lines = (
            f"{refusal.identity.name} (workspace {refusal.identity.workspace_id}) {refusal.message}; {refusal.hint}"
            if refusal.identity
            else f"{refusal.message}; {refusal.hint}"
            for refusal in self.refusals
        )
        return "\n".join((f"{self.message}:", *lines))


def causes_of(error: BaseException) -> Iterator[BaseException]:
    """Yield an error, then what it was raised from or during, and so on. A group was raised from its first error."""
    seen: set[int] = set()
    cause: BaseException | None = error
    while cause is not None and id(cause) not in seen:
        seen.add(id(cause))
        yield cause
        cause = cause.exceptions[0] if isinstance(cause, BaseExceptionGroup) else cause.__cause__ or cause.__context__

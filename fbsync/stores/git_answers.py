"""Interpret how a git command ended: a push that came too late, a refusal, or no answer."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from fbsync.stores.holder import shown
from fbsync.stores.protocol import Conflict, Denied, Unavailable, UnknownOutcome

if TYPE_CHECKING:
    from fbsync.stores.git_program import Ended

_REFUSED = re.compile(
    r"authentication failed|could not read (?:username|password)|permission|denied|not granted|forbidden|unauthorized"
    r"|error: 40[13]|not allowed|not found|terminal prompts disabled"
    r"|host key verification failed|unpack(?:er)? (?:failed|error)",
    re.IGNORECASE,
)
_MOVED = re.compile(
    r"stale info|fetch first|non-fast-forward|lock|expected|already exists|failed to update ref|old value"
)
_HINT = (
    "check that the job may read and write the repository, and that the host accepts the ref; "
    "docs/concepts/stores.md says what each host needs"
)


def check_push(ended: Ended, commit: str, name: str) -> None:
    """Interpret how ``git push --porcelain`` ended, from its line for the ref and from the server's messages.

    Args:
        ended: the ended process.
        commit: the commit that was pushed.
        name: the ref, as messages show it.

    Raises:
        Conflict: the ref is not where it was.
        Denied: the remote refuses.
        UnknownOutcome: it is unknown whether the remote accepted the push.
    """
    line = next((line for line in ended.out.decode(errors="replace").splitlines() if f"{commit}:" in line), "")
    if ended.status == 0 and line[:1] in {"*", "+", " "}:
        return
    if line.startswith("!"):
        reason = _reason(line)
        if _MOVED.search(reason) and "exists; cannot create" not in ended.words:
            raise Conflict(name)
        raise Denied(name, f"{reason} {_server_words(ended.words)}".strip(), hint=_HINT)
    if _REFUSED.search(ended.words):
        raise Denied(name, _words(ended), hint=_HINT)
    raise UnknownOutcome(name, _words(ended))


def unreachable(ended: Ended, name: str) -> Denied | Unavailable:
    """Return the error for a failed command that needs the remote, such as a fetch or the removal of a ref."""
    line = next((line for line in ended.out.decode(errors="replace").splitlines() if line.startswith("!")), None)
    if line is not None:
        return Denied(name, f"{_reason(line)} {_server_words(ended.words)}".strip(), hint=_HINT)
    if _REFUSED.search(ended.words):
        return Denied(name, _words(ended), hint=_HINT)
    return Unavailable(name, _words(ended), hint="check the network and the remote's URL, and run again")


def _reason(line: str) -> str:
    """Return the last field of a refused ref's line, such as "[remote rejected] (pre-receive hook declined)"."""
    return shown(line.rpartition("\t")[2])


def _server_words(words: str) -> str:
    """Return what the server, its hooks and its rules printed."""
    said = [line.removeprefix("remote:").strip() for line in words.splitlines() if line.startswith("remote:")]
    return shown(" ".join(filter(None, said)))


def _words(ended: Ended) -> str:
    if ended.status is None:
        return "git took too long"
    lines = [line.strip() for line in ended.words.splitlines() if line.strip()]
    return shown(" ".join(lines)) or f"git ended with status {ended.status}"

"""Verdicts as text: a line each, with the provider's words, and a closing sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fbsync.model.verifications import Verdict, Verified
from fbsync.render.paint import Paint, visible

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_WORDS = {
    Verdict.ACCEPTED: "accepted",
    Verdict.REFUSED: "refused by the provider",
    Verdict.FAILED: "could not be verified",
    Verdict.UNKNOWN: "unknown; not retried because the call may be billed",
    Verdict.NOT_ATTEMPTED: "not attempted",
}


def verdict_text(verified: Verified, *, paint: Paint) -> str:
    """One verdict, in lines without an end."""
    identity, word = verified.target.identity, _WORDS[verified.verdict]
    coloured = paint.green(word) if verified.verdict is Verdict.ACCEPTED else paint.red(word)
    words = verified.message or (verified.error.message if verified.error is not None else "")
    line = f"{visible(identity.name)} (workspace {visible(identity.workspace_id)}): {coloured}"
    line += f": {visible(words)}" if words else ""
    if verified.verdict is Verdict.REFUSED:
        hint = "check the variable's value and the endpoint, then run `fbsync apply`"
    else:
        hint = verified.error.hint if verified.error is not None else ""
    return line + (f"\n  {paint.cyan('fix:')} {hint}" if hint else "")


def verdicts_text(verified: Sequence[Verified], *, paint: Paint) -> str:
    """All verdicts, and the closing sentence."""
    lines = [verdict_text(one, paint=paint) for one in verified]
    return "\n".join([*lines, paint.bold(closing_sentence(verified)), ""])


def closing_sentence(verified: Iterable[Verified]) -> str:
    """How many there are of each verdict."""
    verdicts = [one.verdict for one in verified]
    counts = [f"{verdicts.count(verdict)} {verdict.replace('_', ' ')}" for verdict in Verdict if verdict in verdicts]
    return f"Verified: {', '.join(counts) or 'nothing'}."

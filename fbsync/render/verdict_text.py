"""Verdicts as text: a line for each, with the provider's words, and a closing sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fbsync.model.verifications import Verdict
from fbsync.render.paint import Paint, visible

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from fbsync.render.document import Json

_WORDS = {
    Verdict.ACCEPTED: "accepted",
    Verdict.REFUSED: "refused by the provider",
    Verdict.FAILED: "could not be verified",
    Verdict.UNKNOWN: "unknown; not retried because the call may be billed",
    Verdict.NOT_ATTEMPTED: "not attempted",
}
_CHECK = "check the variable's value and the endpoint, then run `fbsync apply`"


def refused_verdicts(entries: Iterable[Json]) -> Iterator[tuple[Json, str]]:
    """Yield every verdict other than acceptance, with its words, which are safe to show."""
    for entry in entries:
        verdict = Verdict(entry["verdict"])
        if verdict is not Verdict.ACCEPTED:
            said = entry["message"] or entry.get("error", {"message": ""})["message"]
            yield entry, ": ".join(filter(None, (_WORDS[verdict], visible(said))))


def verdict_text(entry: Json, *, paint: Paint) -> str:
    """Return the lines of a verdict, without a line break at the end.

    Args:
        entry: the verdict's item in the result document.
        paint: colours.
    """
    verdict = Verdict(entry["verdict"])
    word, error = _WORDS[verdict], entry.get("error", {"message": "", "hint": ""})
    coloured = paint.green(word) if verdict is Verdict.ACCEPTED else paint.red(word)
    words = entry["message"] or error["message"]
    line = f"{visible(entry['name'])} (workspace {visible(entry['workspaceId'])}): {coloured}"
    line += f": {visible(words)}" if words else ""
    hint = _CHECK if verdict is Verdict.REFUSED else error["hint"]
    return line + (f"\n  {paint.cyan('fix:')} {visible(hint)}" if hint else "")


def verdicts_text(entries: Sequence[Json], *, paint: Paint) -> str:
    """Return the lines of all verdicts, and the closing sentence."""
    lines = [verdict_text(entry, paint=paint) for entry in entries]
    return "\n".join([*lines, paint.bold(verdicts_sentence(entries)), ""])


def verdicts_sentence(entries: Iterable[Json]) -> str:
    """Say how many there are of each verdict."""
    verdicts = [entry["verdict"] for entry in entries]
    counts = [f"{verdicts.count(verdict)} {verdict.replace('_', ' ')}" for verdict in Verdict if verdict in verdicts]
    return f"Verified: {', '.join(counts) or 'nothing'}."

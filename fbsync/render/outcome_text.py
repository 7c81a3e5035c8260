"""What an apply did, as text: a line for each outcome, then what failed, then a summary sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fbsync.model.changes import Undeclared, identity_of
from fbsync.model.outcomes import Outcome, Result
from fbsync.render.paint import Paint, visible

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_WORDS = {Result.NOT_ATTEMPTED: "not attempted", Result.UNKNOWN: "outcome unknown"}
_GOOD = (Result.CREATED, Result.UPDATED, Result.ADOPTED, Result.DELETED, Result.FORGOTTEN)


def outcome_line(outcome: Outcome, *, paint: Paint) -> str | None:
    """One outcome; nothing for an entry that needed nothing."""
    if outcome.result is Result.UNCHANGED:
        return None
    identity = identity_of(outcome.change)
    word = _WORDS.get(outcome.result, outcome.result.value)
    coloured = paint.green(word) if outcome.result in _GOOD else paint.red(word)
    details = []
    if outcome.llm_id is not None:
        details.append(f"id {visible(outcome.llm_id)}")
    if outcome.sent and outcome.result is Result.UPDATED:
        details.append(f"sent {', '.join(outcome.sent)}")
    line = f"{visible(identity.name)} (workspace {visible(identity.workspace_id)}): {coloured}"
    return line + (f" ({'; '.join(details)})" if details else "")


def report(outcomes: Sequence[Outcome], *, paint: Paint) -> str:
    """What went wrong, entry by entry with what to do, and Terraform's closing sentence.

    Entries that share one reason, such as an interrupt, share one line.
    """
    reasons: dict[int, list[Outcome]] = {}
    for outcome in outcomes:
        if outcome.error is not None:
            reasons.setdefault(id(outcome.error), []).append(outcome)
    lines = [""] if any(outcome_line(outcome, paint=paint) for outcome in outcomes) else []
    for troubled in reasons.values():
        lines += _trouble(troubled, paint)
    if reasons:
        lines.append("")
    return "\n".join([*lines, paint.bold(closing_sentence(outcomes)), ""])


def _trouble(outcomes: Sequence[Outcome], paint: Paint) -> Iterator[str]:
    error = outcomes[0].error
    assert error is not None
    name = visible(identity_of(outcomes[0].change).name)
    rest = len(outcomes) - 1
    who = f"{name} and {rest} more" if rest else name
    word = _WORDS.get(outcomes[0].result, outcomes[0].result.value)
    yield f"{paint.red(f'{who}: {word}')}: {visible(error.message)}"
    if error.hint:
        yield f"  {paint.cyan('what to do:')} {error.hint}"


def closing_sentence(outcomes: Sequence[Outcome]) -> str:
    """Terraform's sentence, which tools look for, and after it what did not come about."""

    def count(*results: Result) -> int:
        return sum(outcome.result in results for outcome in outcomes)

    done = (
        f"{count(Result.CREATED)} added, {count(Result.UPDATED, Result.ADOPTED)} changed, "
        f"{count(Result.DELETED)} destroyed."
    )
    unchanged = sum(o.result is Result.UNCHANGED and not isinstance(o.change, Undeclared) for o in outcomes)
    rest = [f"{unchanged} unchanged"] if unchanged else []
    rest += [
        f"{number} {_WORDS.get(result, result.value)}"
        for result in (Result.FORGOTTEN, Result.FAILED, Result.UNKNOWN, Result.NOT_ATTEMPTED)
        if (number := count(result))
    ]
    opening = "Apply incomplete!" if any(o.result.is_trouble for o in outcomes) else "Apply complete!"
    return f"{opening} Resources: {done}" + (f" {', '.join(rest)}.".capitalize() if rest else "")

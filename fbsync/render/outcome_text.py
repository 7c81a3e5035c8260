"""What an apply did, as text: a line for each outcome, then what failed, then a summary sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fbsync.model.changes import Undeclared, identity_of
from fbsync.model.outcomes import Outcome, Result
from fbsync.model.verifications import Verdict
from fbsync.render.entries import counted
from fbsync.render.paint import Paint, visible

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from fbsync.model.temporary import Removal

_WORDS = {Result.NOT_ATTEMPTED: "not attempted", Result.UNKNOWN: "outcome unknown"}
_AN_ID = "…"
_MOST_NAMES = 3
_GOOD = (Result.CREATED, Result.UPDATED, Result.ADOPTED, Result.DELETED, Result.FORGOTTEN)


def outcome_line(outcome: Outcome, *, paint: Paint, with_place: bool = True, with_id: bool = True) -> str | None:
    """One outcome; nothing for an entry that needed nothing.

    Args:
        outcome: what became of an entry.
        paint: colours.
        with_place: whether its workspace is said: where there is one only, nobody needs to be told.
        with_id: whether its id is said.
    """
    if outcome.result is Result.UNCHANGED:
        return None
    identity = identity_of(outcome.change)
    word = _WORDS.get(outcome.result, outcome.result.value)
    coloured = paint.green(word) if outcome.result in _GOOD else paint.red(word)
    details = []
    if with_id and outcome.llm_id is not None:
        details.append(f"id {visible(outcome.llm_id)}")
    if outcome.sent and outcome.result is Result.UPDATED:
        details.append(f"sent {', '.join(outcome.sent)}")
    if outcome.first is Verdict.ACCEPTED and outcome.result in _GOOD:
        details.append("accepted by the provider first")
    place = f" (workspace {visible(identity.workspace_id)})" if with_place else ""
    line = f"{visible(identity.name)}{place}: {coloured}"
    return line + (f" ({'; '.join(details)})" if details else "")


def report(outcomes: Sequence[Outcome], *, paint: Paint) -> str:
    """What went wrong, reason by reason with what to do, and Terraform's closing sentence.

    Entries that failed for one reason, such as an interrupt or a missing right, are one item.
    """
    reasons: dict[tuple[Result, str, str], list[Outcome]] = {}
    for outcome in outcomes:
        if outcome.error is not None:
            reasons.setdefault((outcome.result, _reason(outcome), outcome.error.hint), []).append(outcome)
    lines = [""] if any(outcome_line(outcome, paint=paint) for outcome in outcomes) else []
    for (result, reason, hint), troubled in reasons.items():
        lines += _trouble(result, reason, hint, troubled, paint)
    if reasons:
        lines.append("")
    return "\n".join([*lines, paint.bold(closing_sentence(outcomes)), ""])


def _reason(outcome: Outcome) -> str:
    """Why it went wrong, without the entry's own id: calls hold that."""
    assert outcome.error is not None
    return outcome.error.message if outcome.llm_id is None else outcome.error.message.replace(outcome.llm_id, _AN_ID)


def _trouble(result: Result, reason: str, hint: str, outcomes: Sequence[Outcome], paint: Paint) -> Iterator[str]:
    word = _WORDS.get(result, result.value)
    names = [visible(identity_of(outcome.change).name) for outcome in outcomes]
    if len(names) == 1:
        error = outcomes[0].error
        who, reason = f"{names[0]}: {word}", error.message if error is not None else reason
    else:
        rest = len(names) - _MOST_NAMES
        more = f" and {rest} more" if rest > 0 else ""
        who = f"{len(names)} entries {word} ({', '.join(names[:_MOST_NAMES])}{more})"
    yield f"{paint.red(who)}: {visible(reason)}"
    if hint:
        yield f"  {paint.cyan('fix:')} {hint}"


def removals_text(removals: Sequence[Removal], *, paint: Paint) -> str:
    """What became of the temporary configurations that an earlier run had left; nothing where there were none."""
    lines = []
    if deleted := sum(removal.error is None for removal in removals):
        lines.append(f"Deleted {counted(deleted, 'temporary configuration')} that an interrupted run had left.")
    for removal in removals:
        if removal.error is not None:
            identity = removal.leftover.identity
            who = f'the temporary configuration "{identity.name}" (workspace {identity.workspace_id}) is still there'
            lines.append(f"{paint.red(visible(who))}: {visible(removal.error.message)}")
            lines.append(f"  {paint.cyan('fix:')} run `fbsync apply` again: it deletes it")
    return "".join(f"{line}\n" for line in lines)


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
    troubled = any(outcome.result.is_trouble or outcome.error is not None for outcome in outcomes)
    opening = "Apply incomplete!" if troubled else "Apply complete!"
    return f"{opening} Resources: {done}" + (f" {', '.join(rest)}.".capitalize() if rest else "")

"""The result of an apply as text: a line for each outcome, then the failures, then a summary sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fbsync.model.changes import Undeclared
from fbsync.model.outcomes import Outcome, Result
from fbsync.model.verifications import Verdict
from fbsync.render.entries import counted
from fbsync.render.paint import Paint, visible
from fbsync.render.result_parts import Trouble, outcome_word, troubles

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from fbsync.render.document import Json

_MOST_NAMES = 3
_GOOD = (Result.CREATED, Result.UPDATED, Result.ADOPTED, Result.DELETED, Result.FORGOTTEN)


def outcome_line(entry: Json, *, paint: Paint, with_place: bool = True, with_id: bool = True) -> str | None:
    """Return the line of one outcome, or None if the entry is unchanged.

    Args:
        entry: the entry's item in the result document.
        paint: colours.
        with_place: whether to show its workspace, which is not needed if there is only one.
        with_id: whether to show its id.
    """
    result = Result(entry["outcome"])
    if result is Result.UNCHANGED:
        return None
    word = outcome_word(result)
    coloured = paint.green(word) if result in _GOOD else paint.red(word)
    details = []
    if with_id and entry["id"] is not None:
        details.append(f"id {visible(entry['id'])}")
    if "sent" in entry and result is Result.UPDATED:
        details.append(f"sent {', '.join(entry['sent'])}")
    if entry.get("verified_first") == Verdict.ACCEPTED and result in _GOOD:
        details.append("accepted by the provider first")
    place = f" (workspace {visible(entry['workspaceId'])})" if with_place else ""
    line = f"{visible(entry['name'])}{place}: {coloured}"
    return line + (f" ({'; '.join(details)})" if details else "")


def outcome_report(document: Json, *, paint: Paint) -> str:
    """Return the failures by reason, each with what to do, and Terraform's closing sentence.

    Args:
        document: the result document.
        paint: colours.
    """
    lines = [""] if any(entry["outcome"] != Result.UNCHANGED for entry in document["entries"]) else []
    found = troubles(document)
    for trouble in found:
        lines += _trouble(trouble, paint)
    if found:
        lines.append("")
    return "\n".join([*lines, paint.bold(document["summary"]), ""])


def _trouble(trouble: Trouble, paint: Paint) -> Iterator[str]:
    word = outcome_word(trouble.outcome)
    names = [name for name, _ in trouble.entries]
    rest = len(names) - _MOST_NAMES
    more = f" and {rest} more" if rest > 0 else ""
    many = f"{len(names)} entries {word} ({', '.join(names[:_MOST_NAMES])}{more})"
    yield f"{paint.red(f'{names[0]}: {word}' if len(names) == 1 else many)}: {trouble.message}"
    if trouble.hint:
        yield f"  {paint.cyan('fix:')} {trouble.hint}"


def removals_text(removals: Sequence[Json], *, paint: Paint) -> str:
    """Return the results for the temporary configurations that an earlier run left, or an empty string."""
    lines = []
    if deleted := sum(removal["outcome"] == "deleted" for removal in removals):
        lines.append(f"Deleted {counted(deleted, 'temporary configuration')} that an earlier run had left.")
    for removal in removals:
        if "error" in removal:
            place = f"(workspace {removal['workspaceId']})"
            who = f'the temporary configuration "{removal["name"]}" {place} is still there'
            lines.append(f"{paint.red(visible(who))}: {visible(removal['error']['message'])}")
            lines.append(f"  {paint.cyan('fix:')} run `fbsync apply` again: it deletes it")
    return "".join(f"{line}\n" for line in lines)


def outcome_summary(outcomes: Sequence[Outcome]) -> str:
    """Return Terraform's sentence, which tools look for, followed by the other counts."""

    def count(*results: Result) -> int:
        return sum(outcome.result in results for outcome in outcomes)

    done = (
        f"{count(Result.CREATED)} added, {count(Result.UPDATED, Result.ADOPTED)} changed, "
        f"{count(Result.DELETED)} destroyed."
    )
    unchanged = sum(o.result is Result.UNCHANGED and not isinstance(o.change, Undeclared) for o in outcomes)
    rest = [f"{unchanged} unchanged"] if unchanged else []
    rest += [
        f"{number} {outcome_word(result)}"
        for result in (Result.FORGOTTEN, Result.FAILED, Result.UNKNOWN, Result.NOT_ATTEMPTED)
        if (number := count(result))
    ]
    troubled = any(outcome.result.is_trouble or outcome.error is not None for outcome in outcomes)
    opening = "Apply incomplete!" if troubled else "Apply complete!"
    return f"{opening} Resources: {done}" + (f" {', '.join(rest)}.".capitalize() if rest else "")

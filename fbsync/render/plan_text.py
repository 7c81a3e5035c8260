"""A plan as text, in Terraform's manner: what changes, entry by entry, and a summary sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from fbsync.changes import (
    Adopt,
    Blocked,
    Cause,
    Change,
    Changed,
    Create,
    CredentialChange,
    Delete,
    FieldChange,
    Forget,
    Plan,
    Unchanged,
    Undeclared,
    Update,
    identity_of,
)
from fbsync.model import Field
from fbsync.render.paint import Paint, visible

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from fbsync.model import Credential, Llm, Text

_CAUSES = {Cause.MANIFEST: "", Cause.OUTSIDE: "changed outside", Cause.BOTH: "changed here and outside"}


def plan_text(plan: Plan, *, paint: Paint, compared: str) -> str:
    """Renders a plan.

    Args:
        plan: the plan.
        paint: colours.
        compared: the sentence that says what was compared with what.

    Returns:
        Lines, the last one ended.
    """
    blocks = [block for change in plan.changes if (block := _block(change, plan, paint))]
    lines = [compared, *_unverified_note(plan), ""]
    for block in blocks:
        lines += [*block, ""]
    return "\n".join([*lines, paint.bold(summary(plan)), ""])


def summary(plan: Plan) -> str:
    """Terraform's sentence, which tools look for."""
    if plan.is_empty:
        return "No changes. What is declared is as it is known."
    changed = plan.count(Update, Adopt)
    return f"Plan: {plan.count(Create)} to add, {changed} to change, {plan.count(Delete)} to destroy."


def _unverified_note(plan: Plan) -> Iterator[str]:
    changes = (change.credentials for change in plan.changes if isinstance(change, (Update, Unchanged)))
    unverified = sum(item.changed is Changed.UNVERIFIED for credentials in changes for item in credentials)
    if unverified:
        noun = "credential" if unverified == 1 else "credentials"
        yield f"{unverified} {noun} could not be verified: the variables are not set here, or nothing is known of them."


def _block(change: Change, plan: Plan, paint: Paint) -> list[str]:
    """The lines of one entry; none for one that stays as it is and of which nothing is to be said."""
    match change:
        case Create():
            why = "deleted outside, to be created again" if change.lost else ""
            block = [_head(paint.green("+"), change, paint, why), *_rows(_whole(change.desired))]
        case Adopt():
            why = "replaced outside, to be taken over" if change.replaced else "on the server already, to be taken over"
            block = [
                _head(paint.yellow("~"), change, paint, f"{why}, id {change.live.id}"),
                *_rows(_whole(change.desired)),
            ]
        case Update():
            rows = [*map(_field_row, change.fields), *map(_credential_row, change.credentials)]
            block = [_head(paint.yellow("~"), change, paint), *_rows(row for row in rows if row)]
        case Delete():
            block = [_head(paint.red("-"), change, paint, "no longer declared")]
        case Forget():
            block = [_head(paint.dim("-"), change, paint, "neither declared nor on the server: only its record goes")]
        case Undeclared():
            block = [_head(paint.dim("?"), change, paint, "known, but no longer declared; --prune deletes it")]
        case Blocked():
            block = [_head(paint.red("!"), change, paint, change.message), f"      what to do: {visible(change.hint)}"]
        case Unchanged():
            return []
        case _:
            assert_never(change)
    notices = [notice for notice in plan.warnings if notice.identity == identity_of(change)]
    return [*block, *(f"      {paint.yellow('warning:')} {visible(notice.message)}" for notice in notices)]


def _head(sign: str, change: Change, paint: Paint, why: str = "") -> str:
    identity = identity_of(change)
    head = f"  {sign} {paint.bold(visible(identity.name))} (workspace {visible(identity.workspace_id)})"
    return f"{head}: {visible(why)}" if why else head


def _rows(rows: Iterable[tuple[str, str]]) -> list[str]:
    rows = list(rows)
    width = max((len(label) for label, _ in rows), default=0) + 1
    return [f"      {label + ':':<{width}} {text}" for label, text in rows]


def _whole(llm: Llm) -> Iterator[tuple[str, str]]:
    yield Field.AI_TYPE.value, llm.ai_type
    yield Field.ENDPOINT.value, _text(llm.endpoint)
    for field, credential in llm.credentials:
        yield field.value, _credential(credential)


def _field_row(change: FieldChange) -> tuple[str, str]:
    note = _CAUSES[change.cause]
    row = f"{visible(change.before)} → {_text(change.after)}"
    return change.field.value, f"{row} ({note})" if note else row


def _credential_row(change: CredentialChange) -> tuple[str, str] | None:
    label = change.field.value
    if change.after is None:
        return label, f"removed (${change.before.reference})" if change.before else ""
    if change.before is None:
        return label, f"added ({_credential(change.after)})"
    moved = change.before.reference != change.after.reference
    reference = f"${change.before.reference} → ${change.after.reference}" if moved else f"${change.after.reference}"
    match change.changed:
        case Changed.YES:
            return label, f"changed ({reference})"
        case Changed.UNVERIFIED:
            return label, f"not verified ({reference}{'' if change.after.secret else ', not set here'})"
        case Changed.NO:
            return (label, f"same value, other variable ({reference})") if moved else None


def _text(text: Text) -> str:
    if text.value is not None:
        return visible(text.value)
    return f"{visible(text.template)} (not set: {', '.join('$' + name for name in text.missing)})"


def _credential(credential: Credential) -> str:
    return f"${credential.reference}" + ("" if credential.secret else " (not set: not yet available)")

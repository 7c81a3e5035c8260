"""Guards: reasons to refuse a whole run before its first change, and the variables that it cannot do without."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fbsync.model.changes import Adopt, Change, Create, Delete, Plan, Refusal, Update
from fbsync.model.findings import Finding

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from fbsync.model.configurations import Credential, Llm, Text
    from fbsync.model.findings import Position


def refusals(
    plan: Plan, *, adopt: bool, max_deletes: str, declared: int, known: int, is_complete: bool = True
) -> tuple[Refusal, ...]:
    """Every reason to refuse a plan, all at once.

    Args:
        plan: what would be done.
        adopt: whether configurations that are on the server already may be taken over.
        max_deletes: how many deletions are too many: a number, or a percentage of what is known.
        declared: how many entries the manifest has.
        known: how many the lockfile has.
        is_complete: whether the server told of every workspace that it was asked for.
    """
    found: list[Refusal] = []
    deletes = [change for change in plan.changes if isinstance(change, Delete)]
    if not adopt:
        found += [_adoption(change) for change in plan.changes if isinstance(change, Adopt)]
    found += [_protected(change) for change in deletes if change.locked.protect]
    allowed = delete_limit(max_deletes, known)
    if len(deletes) > allowed:
        found.append(
            Refusal(
                identity=None,
                message=f"{len(deletes)} configurations would be deleted, and {allowed} may be",
                hint=f"if that is meant, allow it with --max-deletes {len(deletes)}",
            )
        )
    if deletes and not declared:
        found.append(
            Refusal(
                identity=None,
                message="the manifest declares nothing: pruning would delete everything that is known",
                hint="declare at least one entry, or delete the configurations by another way",
            )
        )
    if deletes and not is_complete:
        found.append(
            Refusal(
                identity=None,
                message="the server did not tell what every workspace holds, and nothing is pruned on half a picture",
                hint="see to it that the token may list those workspaces, or leave --prune out",
            )
        )
    return tuple(found)


def delete_limit(text: str, known: int) -> int:
    """How many deletions ``--max-deletes`` allows.

    Raises:
        ValueError: the text is neither a number nor a percentage from 0% to 100%.
    """
    if text.endswith("%"):
        percentage = int(text[:-1])
        if not 0 <= percentage <= 100:  # noqa: PLR2004 - percent
            raise ValueError("a percentage is between 0% and 100%")
        return known * percentage // 100
    number = int(text)
    if number < 0:
        raise ValueError("a number of deletions is not negative")
    return number


def _adoption(change: Adopt) -> Refusal:
    where = f"is on the server already (id {change.live.id})"
    if change.replaced is None:
        message = f"{where}, and the lockfile does not know it"
    else:
        message = f"{where}, but the lockfile knows it by another id ({change.replaced.id}): it was replaced outside"
    return Refusal(
        identity=change.desired.identity,
        message=message,
        hint="to take it over as the manifest has it, allow that with --adopt",
    )


def _protected(change: Delete) -> Refusal:
    return Refusal(
        identity=change.locked.identity,
        message="is protected, and would be deleted since it is no longer declared",
        hint="declare it again, or set `protect: false` and apply before removing it",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """A variable that a change cannot do without."""

    variable: str
    position: Position
    entry: str
    field: str


def missing(changes: Iterable[Change]) -> tuple[Need, ...]:
    """The variables that are not set and that carrying out these changes would send, each with its place."""
    return tuple(need for change in changes for need in _needs(change))


def missing_workspaces(llms: Iterable[Llm]) -> tuple[Need, ...]:
    """The variables without which the server cannot be asked for the entries' workspaces."""
    return tuple(need for llm in llms for need in _of_text(llm, "workspaceId", llm.workspace_id))


def _needs(change: Change) -> Iterator[Need]:
    match change:
        case Create(desired=llm) | Adopt(desired=llm):
            yield from _of_text(llm, "workspaceId", llm.workspace_id)
            yield from _of_text(llm, "endpoint", llm.endpoint)
            for field, credential in llm.credentials:
                yield from _of_credential(llm, field, credential)
        case Update(desired=llm):
            for item in change.fields:
                yield from _of_text(llm, item.field, item.after)
            for sent in change.credentials:
                if sent.is_sent and sent.after is not None:
                    yield from _of_credential(llm, sent.field, sent.after)
        case _:
            return


def _of_text(llm: Llm, field: str, text: Text) -> Iterator[Need]:
    for variable in text.missing:
        yield Need(variable=variable, position=text.position, entry=llm.name, field=field)


def _of_credential(llm: Llm, field: str, credential: Credential) -> Iterator[Need]:
    if credential.secret is None:
        yield Need(variable=credential.reference, position=credential.position, entry=llm.name, field=field)


def need_finding(need: Need, *, empty: bool) -> Finding:
    """The finding for a missing variable; an empty one is told apart, as CI systems hand those out."""
    state = "is set but empty" if empty else "is not set"
    return Finding(
        rule="missing-variable",
        position=need.position,
        entry=need.entry,
        message=f"${need.variable} {state}, and {need.field} needs it",
        remedy=f"set {need.variable} in the environment, in .env beside the manifest, or with --env-file",
    )

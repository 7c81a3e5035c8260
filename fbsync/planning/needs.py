"""The variables that changes need."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fbsync.model.changes import Adopt, Change, Create, Update
from fbsync.model.findings import Finding

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from fbsync.model.configurations import Credential, Llm, Text
    from fbsync.model.findings import Position


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """A variable that a change needs, with the place that refers to it."""

    variable: str
    position: Position
    entry: str
    field: str


def missing_variables(changes: Iterable[Change]) -> tuple[Need, ...]:
    """Return the unset variables whose values these changes would send, each with its place."""
    return tuple(need for change in changes for need in _needs(change))


def missing_workspaces(llms: Iterable[Llm]) -> tuple[Need, ...]:
    """Return the unset variables that are needed to list the entries' workspaces."""
    return tuple(need for llm in llms for need in _of_text(llm, "workspaceId", llm.workspace_id))


def _needs(change: Change) -> Iterator[Need]:
    match change:
        # A temporary configuration has the whole entry, too.
        case Create(desired=llm) | Adopt(desired=llm) | Update(desired=llm, verify_first=True):
            for name, text in llm.texts:
                yield from _of_text(llm, name, text)
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
    """Return the finding for a missing variable. An empty one has its own message, because CI systems pass those."""
    state = "is set but empty" if empty else "is not set"
    return Finding(
        rule="missing-variable",
        position=need.position,
        entry=need.entry,
        message=f"${need.variable} {state}, and {need.field} needs it",
        remedy=f"set {need.variable} in the environment, in .env next to the manifest, or with --env-file",
    )

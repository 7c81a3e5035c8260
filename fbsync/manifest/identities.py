"""Findings about identities: duplicate names in a workspace, nearly equal names, and previous names."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from fbsync.model.findings import Finding, Position, Severity

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence

    from fbsync.manifest.drafts import Draft
    from fbsync.manifest.placed import GivenWorkspace
    from fbsync.model.configurations import Llm


def same_identities(llms: Iterable[Llm]) -> Iterator[Finding]:
    """Yield the findings about entries with the same identity, as far as references and workspaces are resolved."""
    return _duplicates((llm.resolved_identity, llm.name, partial(getattr, llm, "position")) for llm in llms)


def check_identities(named: Sequence[tuple[Draft, str, GivenWorkspace]]) -> Iterator[Finding]:
    """Yield the findings about entries with the same or nearly the same identity.

    Args:
        named: the entries, each with its name and its workspace.
    """
    yield from _duplicates(((workspace, name), name, partial(_own_place, draft)) for draft, name, workspace in named)
    alike: dict[Hashable, tuple[str, Draft]] = {}
    for draft, name, workspace in named:
        known, first = alike.setdefault((workspace, name.strip().casefold()), (name, draft))
        if known != name:
            yield Finding(
                rule="names-alike",
                position=_own_place(draft),
                entry=name,
                message="the name differs from another name in its workspace only by case or by surrounding whitespace",
                remedy="give them clearly different names",
                related=(_own_place(first),),
                severity=Severity.WARNING,
            )


def _own_place(draft: Draft) -> Position:
    """The place of the entry's name, or of the alias if the entry is one, since the name belongs to its anchor."""
    return max(draft.position("name"), draft.entry.position)


def _duplicates(entries: Iterable[tuple[Hashable, str, Callable[[], Position]]]) -> Iterator[Finding]:
    """Yield the findings about entries with the same identity. Only these entries' places are looked up."""
    seen: dict[Hashable, Callable[[], Position]] = {}
    for identity, name, place in entries:
        first = seen.setdefault(identity, place)
        if first is not place:
            yield Finding(
                rule="duplicate-identity",
                position=place(),
                entry=name,
                message="the workspace already has an entry with this name",
                remedy="rename one of them, remove it, or give it another workspaceId",
                related=(first(),),
            )


def check_previous_names(drafts: Sequence[Draft]) -> Iterator[Finding]:
    """Yield findings about previous names that two entries claim, or that another entry still has as its name.

    The latter is only a warning, since it is right for a new entry with the old name.
    """
    declared = {(draft.workspace, draft.name): draft for draft in drafts}
    claimed: dict[Hashable, Draft] = {}
    for draft in drafts:
        previous = draft.text("previousName")
        if previous is None or previous == draft.name:
            continue
        identity = (draft.workspace, previous)
        first = claimed.setdefault(identity, draft)
        if first is not draft:
            yield _claimed_twice(draft, first)
        other = declared.get(identity)
        if other is not None and other is not draft and other.text("previousName") is None:
            yield _declared_too(draft, other)


def _claimed_twice(draft: Draft, first: Draft) -> Finding:
    return Finding(
        rule="previous-name-twice",
        position=draft.position("previousName"),
        entry=draft.name,
        message="another entry has the same previousName; only one of them can be the renamed one",
        remedy="remove previousName from the new entry",
        related=(first.position("previousName"),),
    )


def _declared_too(draft: Draft, other: Draft) -> Finding:
    return Finding(
        rule="previous-name-declared",
        position=draft.position("previousName"),
        entry=draft.name,
        message="another entry still has the previous name: that configuration is renamed to this entry, "
        "and fbsync creates a new one for the other entry",
        remedy="remove previousName if this is not a rename",
        related=(other.position("name"),),
        severity=Severity.WARNING,
    )

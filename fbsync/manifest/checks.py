"""Checks that a schema cannot express: of one entry and across entries, in each environment and without one."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from fbsync.manifest import entry_checks
from fbsync.manifest.drafts import in_environment
from fbsync.model.findings import Finding, Position, Severity, first_of
from fbsync.redact import is_wordlike, nearest, quoted

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from fbsync.manifest.drafts import Draft, Variant
    from fbsync.manifest.placed import GivenWorkspace
    from fbsync.strict_yaml.loader import Document, Path

_MOST_COMBINATIONS = 300_000
"""The maximum of entries times environments in one run: 10,000 entries in 30 environments."""

_MOST_RELATED = 100
"""The maximum number of related places in a finding."""


def semantic(
    drafts: Sequence[Draft], variants: Mapping[str, Sequence[Variant]], *, is_complete: bool
) -> tuple[Finding, ...]:
    """Return the findings about a manifest, in any environment, that its schema cannot express.

    A finding that occurs only in environments names them. If entries get a workspace in the environments only, that is
    not a mistake: such a manifest is always used with ``-e``.

    Args:
        drafts: the entries without an environment's changes.
        variants: the files' parts about each environment, by its name.
        is_complete: whether all entries could be read. Only then is an unknown entry name a mistake.
    """
    shows_in: dict[Finding, list[str | None]] = {}
    kept: set[tuple[str, Path]] = set()
    for name, own in _few_enough(drafts, variants).items():
        group = in_environment(drafts, own)
        kept |= {draft.place for draft in group}
        for finding in first_of(of_group(group)):
            shows_in.setdefault(finding, []).append(name)
    for finding in first_of(of_group(drafts)):
        if finding.rule != "missing-workspace" or len(shows_in.get(finding, ())) == len(variants):
            shows_in.setdefault(finding, []).append(None)
    return (
        *(finding if None in names else _in_environments(finding, names) for finding, names in shows_in.items()),
        *(first_of(unknown_entries(drafts, variants)) if is_complete else ()),
        *(first_of(_left_out_everywhere(drafts, kept)) if len(_few_enough(drafts, variants)) > 1 else ()),
        *_too_many(drafts, variants),
    )


def _few_enough(drafts: Sequence[Draft], variants: Mapping[str, Sequence[Variant]]) -> Mapping[str, Sequence[Variant]]:
    """The environments to check: all of them, or none if that would take minutes."""
    return variants if len(drafts) * len(variants) <= _MOST_COMBINATIONS else {}


def _too_many(drafts: Sequence[Draft], variants: Mapping[str, Sequence[Variant]]) -> Iterator[Finding]:
    if not _few_enough(drafts, variants) and variants:
        [first, *_] = next(iter(variants.values()))
        yield Finding(
            rule="too-many-environments",
            position=first.document.position_of_key(("environments",)),
            message=f"{len(drafts):,} entries in {len(variants):,} environments are too many to check at once",
            remedy="check one environment at a time with -e, or split the manifest into several",
        )


def of_group(drafts: Sequence[Draft]) -> Iterator[Finding]:
    """Yield the findings about the entries of one environment, or about those without an environment."""
    named = [(draft, draft.name, draft.workspace) for draft in drafts]
    for draft, name, workspace in named:
        yield from entry_checks.entry(draft, name, workspace)
    yield from _missing_workspaces(drafts)
    yield from _identities(drafts, [(draft, name, workspace) for draft, name, workspace in named if name is not None])


def _identities(drafts: Sequence[Draft], named: Sequence[tuple[Draft, str, GivenWorkspace]]) -> Iterator[Finding]:
    """Yield the findings about equal, nearly equal and previous names."""
    if len({(workspace, name.strip().casefold()) for _, name, workspace in named}) < len(named):
        from fbsync.manifest.identities import check_identities

        yield from check_identities(named)
    if any("previousName" in draft.fields for draft in drafts):
        from fbsync.manifest.identities import check_previous_names

        yield from check_previous_names(drafts)


def unknown_environment(name: str, variants: Mapping[str, Sequence[Variant]], documents: Sequence[Document]) -> Finding:
    """Return the finding for a requested environment that no file declares.

    Args:
        name: the requested name.
        variants: the files' parts about each declared environment, by its name.
        documents: the files.
    """
    meant = nearest(name, variants)
    declared = f"the manifest declares {', '.join(sorted(variants))}" if variants else "the manifest declares none"
    place = next((d.position_of_key(("environments",)) for d in documents if _has_environments(d)), None)
    return Finding(
        rule="unknown-environment",
        position=place or Position(file=documents[0].file if documents else "fbsync.yaml"),
        message=f'there is no environment "{name}": {declared}',
        remedy=f"use -e {meant}" if meant else 'declare it under "environments:", or leave out -e',
    )


def _has_environments(document: Document) -> bool:
    return isinstance(document.value, dict) and "environments" in document.value


def _in_environments(finding: Finding, names: Sequence[str | None]) -> Finding:
    listed = ", ".join(quoted(name, "another") for name in names)
    return replace(
        finding, message=f"in {'environment' if len(names) == 1 else 'environments'} {listed}: {finding.message}"
    )


def _missing_workspaces(drafts: Sequence[Draft]) -> Iterator[Finding]:
    """Yield one finding for each file with entries that lack a workspace, since one line corrects them all."""
    lacking: dict[str, list[Draft]] = {}
    for draft in drafts:
        if draft.lacks_workspace:
            lacking.setdefault(draft.entry.document.file, []).append(draft)
    for group in lacking.values():
        first, *others = group
        who = f"this entry and {len(others)} more have" if others else "the entry has"
        yield Finding(
            rule="missing-workspace",
            position=first.entry.position,
            entry=first.name,
            message=f"{who} no workspace: set workspaceId or workspace, in the entry or for the whole file",
            remedy='add "workspaceId: $FLASHBACK_WORKSPACE_ID" at the top of the file',
            related=tuple(draft.entry.position for draft in others[:_MOST_RELATED]),
        )


def unknown_entries(drafts: Sequence[Draft], variants: Mapping[str, Sequence[Variant]]) -> Iterator[Finding]:
    """Yield a finding for each change that an environment makes to an entry that does not exist."""
    names = {draft.name for draft in drafts}
    for environment, own in variants.items():
        for name, patch in ((name, patch) for variant in own for name, patch in variant.patches.items()):
            if name not in names:
                meant = nearest(name, filter(None, names))
                yield Finding(
                    rule="unknown-entry",
                    position=patch.document.position_of_key(patch.path),
                    entry=name if is_wordlike(name) else None,
                    message=f"environment {quoted(environment, 'settings')} changes an entry that does not exist",
                    remedy=f'write "{meant}"' if meant else "add the entry under llms, or remove this",
                )


def _left_out_everywhere(drafts: Sequence[Draft], kept: Collection[tuple[str, Path]]) -> Iterator[Finding]:
    """Yield a warning for each entry that every environment leaves out.

    This is not called for a single environment, since leaving entries out of it is the purpose of null.
    """
    for draft in drafts:
        if draft.place not in kept:
            yield Finding(
                rule="left-out-everywhere",
                position=draft.position("name"),
                entry=draft.name,
                message="every environment leaves out this entry, so only runs without -e have it",
                remedy="remove it if you never run without -e",
                severity=Severity.WARNING,
            )

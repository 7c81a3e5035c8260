"""Stored keys by description: find the id in the lockfile or from the server."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING

from fbsync.model.api_keys import description_of
from fbsync.model.errors import InvalidInput
from fbsync.model.findings import Finding, in_file_order
from fbsync.redact import is_wordlike, nearest

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from fbsync.model.configurations import Llm, LockedLlm
    from fbsync.model.server import ApiKey

_LISTED = 10
"""How many stored keys a finding lists at most."""


def with_remembered_keys(desired: Iterable[Llm], known: Iterable[LockedLlm]) -> tuple[Llm, ...]:
    """Return the entries with their stored keys' ids, as far as the lockfile has them for the descriptions.

    Args:
        desired: the declared entries.
        known: the lockfile's configurations. A description that has several ids there is not used.
    """
    ids = _remembered(known)
    return tuple(
        llm if description is None else _with_id(llm, ids[llm.workspace_id.value, description])
        for llm in desired
        for description in (description_of(llm),)
    )


def with_listed_keys(
    desired: Sequence[Llm], known: Iterable[LockedLlm], listed: Mapping[str, Sequence[ApiKey]]
) -> tuple[Llm, ...]:
    """Return the entries with their stored keys' ids, as the server lists them for the descriptions.

    Args:
        desired: the declared entries.
        known: the lockfile's configurations. If a stored key had another description before, a finding says so.
        listed: the stored keys of each workspace that was asked. The entries of others stay as they are.

    Raises:
        InvalidInput: a description belongs to no stored key or to several. There is a finding for each.
    """
    remembered = _remembered(known)
    found: list[Llm] = []
    wrong: list[Finding] = []
    for llm in desired:
        description, keys = description_of(llm), listed.get(llm.workspace_id.value or "")
        if description is None or keys is None:
            found.append(llm)
            continue
        meant = {key.id for key in keys if key.description == description}
        found.append(_with_id(llm, meant))
        if len(meant) != 1:
            wrong.append(_key_finding(llm, description, meant, keys, remembered[llm.workspace_id.value, description]))
    if wrong:
        raise InvalidInput(in_file_order(wrong))
    return tuple(found)


def workspaces_with_descriptions(desired: Iterable[Llm]) -> tuple[str, ...]:
    """Return the ids of the workspaces in which entries name stored keys by description. Unknown ids are left out."""
    ids = {llm.workspace_id.value for llm in desired if description_of(llm) is not None}
    return tuple(sorted(filter(None, ids)))


def unresolved_keys(desired: Iterable[Llm]) -> tuple[str, ...]:
    """Return the descriptions of stored keys whose ids are not known."""
    named = ((description_of(llm), llm.api_key) for llm in desired)
    return tuple(sorted({said for said, text in named if said is not None and text is not None and not text.value}))


def _remembered(known: Iterable[LockedLlm]) -> Mapping[tuple[str | None, str], set[str]]:
    """Return the lockfile's ids of stored keys, by workspace and by the text in the manifest."""
    ids: dict[tuple[str | None, str], set[str]] = defaultdict(set)
    for locked in known:
        if locked.api_key is not None and locked.api_key_template is not None:
            ids[locked.workspace_id, locked.api_key_template].add(locked.api_key)
    return ids


def _with_id(llm: Llm, ids: set[str]) -> Llm:
    assert llm.api_key is not None
    value = next(iter(ids)) if len(ids) == 1 else None
    return replace(llm, api_key=replace(llm.api_key, value=value))


def _key_finding(llm: Llm, description: str, meant: set[str], listed: Sequence[ApiKey], before: set[str]) -> Finding:
    assert llm.api_key is not None
    if meant:
        return Finding(
            rule="ambiguous-stored-key",
            position=llm.api_key.position,
            entry=llm.name,
            message=f"{len(meant)} stored keys have this description: ids {', '.join(sorted(meant))}",
            remedy="use its id instead",
        )
    return Finding(
        rule="unknown-stored-key",
        position=llm.api_key.position,
        entry=llm.name,
        message=f'the workspace {llm.workspace_id.shown} has no stored key "{description}": {_listing(listed)}',
        remedy=_remedy(description, listed, before),
    )


def _listing(listed: Sequence[ApiKey]) -> str:
    """Say which stored keys exist. A description that may be a credential is not shown."""
    if not listed:
        return "it has no stored keys"
    names = sorted(f'"{name}"' if (name := key.description) and is_wordlike(name) else key.id for key in listed)
    more = f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
    return f"it has {', '.join(names[:_LISTED])}{more}"


def _remedy(description: str, listed: Sequence[ApiKey], before: set[str]) -> str:
    names = {key.id: key.description for key in listed if key.description and is_wordlike(key.description)}
    renamed = sorted(names[key_id] for key_id in before if key_id in names)
    if renamed:
        return f'write "{renamed[0]}": the stored key that it named has this description now'
    meant = nearest(description, names.values())
    return f'write "{meant}"' if meant else "write one of these, or an id that `fbsync keys list` lists"

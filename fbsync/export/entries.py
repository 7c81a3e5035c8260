"""Make the entries of an export: each configuration as the fields of a manifest's entry."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fbsync.manifest.references import escape
from fbsync.model.configurations import Field
from fbsync.strict_yaml.append import is_comment

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from fbsync.model.live import LiveLlm


_NEEDS_KEY = "AWS"
"""The type of configurations with an access key id, which the server may not show (``flashback-api.md``)."""


def ordered(listed: Iterable[LiveLlm]) -> tuple[LiveLlm, ...]:
    """Sort configurations by workspace, then name, so that the same server gives the same order."""
    return tuple(sorted(listed, key=lambda llm: (llm.workspace_id, llm.name, llm.id)))


def fields_of(
    llm: LiveLlm, references: Mapping[Field, str], *, default_workspace: str | None, protect: bool = False
) -> dict[str, str | bool]:
    """Return the fields of a configuration's entry, in the order in which people write them.

    Args:
        llm: the configuration.
        references: the names of the variables, by credential field.
        default_workspace: the manifest's default workspace, which entries leave out, or None.
        protect: whether the lockfile has it as protected.
    """
    entry: dict[str, str | bool] = {
        "name": llm.name,
        "aiType": llm.ai_type or "",
    }
    if llm.endpoint is not None:
        entry["endpoint"] = escape(llm.endpoint)
    if llm.api_key_id is not None:
        entry[Field.API_KEY.value] = llm.api_key_id
    if llm.ai_type == _NEEDS_KEY and Field.KEY not in references and Field.SECRET in references:
        stem = references[Field.SECRET].removesuffix("_SECRET")
        entry[f"# {Field.KEY.value}"] = f"${stem}_KEY"
    entry |= {field.value: f"${references[field]}" for field in (Field.KEY, Field.SECRET) if field in references}
    if llm.workspace_id != default_workspace:
        entry["workspaceId"] = escape(llm.workspace_id)
    return entry | ({"protect": True} if protect else {})


def only_workspace(listed: Sequence[LiveLlm]) -> str | None:
    """Return the default workspace of a new manifest: the only workspace of the configurations, or None."""
    workspaces = {llm.workspace_id for llm in listed}
    return workspaces.pop() if len(workspaces) == 1 else None


def read_back(entry: Mapping[str, str | bool]) -> dict[str, str | bool]:
    """Return the fields of an entry that are not comments, which is what a parser reads back."""
    return {field: value for field, value in entry.items() if not is_comment(field)}

"""Resolve entries: turn a draft into a declared configuration, as far as the variables are set."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fbsync.manifest.references import resolve_credential, resolve_text
from fbsync.model.api_keys import is_description
from fbsync.model.configurations import Credential, Llm, Text
from fbsync.model.errors import InvalidInput
from fbsync.model.findings import in_file_order

if TYPE_CHECKING:
    from fbsync.manifest.drafts import Draft
    from fbsync.variables import Variables


def resolve_entry(draft: Draft, variables: Variables) -> Llm:
    """Resolve one entry without errors from the schema or the checks."""
    fields = draft.fields
    return Llm(
        name=fields["name"].value,
        ai_type=fields["aiType"].value,
        endpoint=_field_text(draft, "endpoint", variables)
        or Text(template="", value="", position=draft.position("name")),
        workspace_id=_resolved_workspace_id(draft, variables),
        workspace=fields["workspaceId"].value if draft.is_by_name else None,
        secret=_resolved_credential(draft, "secret", variables),
        key=_resolved_credential(draft, "key", variables),
        api_key=_resolved_api_key(draft, variables),
        previous_name=draft.text("previousName"),
        protect=_flag(draft, "protect"),
        verify_first=_flag(draft, "verifyFirst"),
        max_credential_age=_max_credential_age(draft),
        position=draft.position("name"),
    )


def distinct(llms: tuple[Llm, ...]) -> tuple[Llm, ...]:
    """Return the entries unchanged, after checking that no two have the same identity with their references resolved.

    Raises:
        InvalidInput: two entries have the same identity.
    """
    if len({llm.resolved_identity for llm in llms}) < len(llms):
        from fbsync.manifest.identities import same_identities

        raise InvalidInput(in_file_order(same_identities(llms)))
    return llms


def _flag(draft: Draft, field: str) -> bool:
    return field in draft.fields and bool(draft.fields[field].value)


def _field_text(draft: Draft, field: str, variables: Variables) -> Text | None:
    placed = draft.fields.get(field)
    return None if placed is None else resolve_text(placed.value, variables, position=placed.position)


def _resolved_api_key(draft: Draft, variables: Variables) -> Text | None:
    """The stored key's id, which is unknown at first if the key is given by its description."""
    placed = draft.fields.get("apiKey")
    if placed is not None and is_description(placed.value):
        return Text(template=placed.value, value=None, position=placed.position)
    return _field_text(draft, "apiKey", variables)


def _resolved_credential(draft: Draft, field: str, variables: Variables) -> Credential | None:
    placed = draft.fields.get(field)
    return None if placed is None else resolve_credential(placed.value, variables, position=placed.position)


def _resolved_workspace_id(draft: Draft, variables: Variables) -> Text:
    """The workspace's id, which is unknown at first if the workspace is given by its name."""
    value, position = draft.fields["workspaceId"].value, draft.position("workspaceId")
    if draft.is_by_name:
        return Text(template=value, value=None, position=position)
    return resolve_text(value, variables, position=position)


def _max_credential_age(draft: Draft) -> int | None:
    """The maximum age of credentials in days, if the entry's file sets one."""
    file = draft.entry.document.value
    age = file.get("maxCredentialAge") if isinstance(file, dict) else None
    if not isinstance(age, str):
        return None
    from fbsync.model.ages import days_of

    return days_of(age)

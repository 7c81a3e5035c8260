"""Make request bodies: the fields that a change's request carries."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from fbsync.model.changes import Adopt, Create, Delete, Update
from fbsync.model.configurations import Field, Llm

if TYPE_CHECKING:
    from fbsync.model.live import LiveLlm
    from fbsync.model.secret import Secret
    from fbsync.model.server import Fields


def body(change: Create | Update | Adopt | Delete) -> Fields:
    """Return the fields of a change's request: all for a new or adopted configuration, else the changed ones."""
    match change:
        case Create():
            return {**_whole(change.desired), Field.WORKSPACE_ID: _value(change.desired.workspace_id.value)}
        case Adopt():
            # Also remove a key that the server has and the manifest does not declare.
            return _taken_away(change.live, change.desired) | _whole(change.desired)
        case Update():
            fields: dict[Field, str | Secret | None] = {
                item.field: _value(item.after.value) or None for item in change.fields
            }
            credentials = {
                item.field: item.after.secret if item.after else None for item in change.credentials if item.is_sent
            }
            return _with_stored_key(fields, change.desired) | credentials
        case Delete():
            return {}
        case _:
            assert_never(change)


def trial_body(llm: Llm, name: str) -> Fields:
    """Return the fields to create an entry's temporary configuration: all declared fields, with another name."""
    return {**_whole(llm), Field.NAME: name, Field.WORKSPACE_ID: _value(llm.workspace_id.value)}


def _whole(llm: Llm) -> dict[Field, str | Secret | None]:
    endpoint = _value(llm.endpoint.value)
    return {
        Field.NAME: llm.name,
        Field.AI_TYPE: llm.ai_type,
        **({Field.ENDPOINT: endpoint} if endpoint else {}),
        **({} if llm.api_key is None else {Field.API_KEY: _value(llm.api_key.value)}),
        **{name: credential.secret for name, credential in llm.credentials},
    }


def _taken_away(live: LiveLlm, llm: Llm) -> dict[Field, str | Secret | None]:
    """The undeclared fields to remove. A stored key replaces ``key`` without this."""
    if llm.api_key is None:
        return {Field.KEY: None} if live.has_key else {}
    return {Field.ENDPOINT: None} if live.endpoint is not None and not llm.endpoint.template else {}


def _with_stored_key(fields: dict[Field, str | Secret | None], llm: Llm) -> dict[Field, str | Secret | None]:
    """The changed fields of an update, as the contract allows for ``apiKeyUuid`` (``flashback-api.md``).

    The contract does not say that it may be null: a secret replaces it instead. The endpoint may be null only together
    with it.
    """
    if llm.api_key is None:
        fields.pop(Field.API_KEY, None)
    elif Field.ENDPOINT in fields and fields[Field.ENDPOINT] is None:
        fields[Field.API_KEY] = _value(llm.api_key.value)
    return fields


def _value(text: str | None) -> str:
    """A resolved text. A text with an unset variable is refused before an apply begins."""
    assert text is not None
    return text

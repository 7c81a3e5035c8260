"""Bodies: the fields that a change's request carries."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from fbsync.model.changes import Adopt, Create, Delete, Update
from fbsync.model.configurations import Field, Llm

if TYPE_CHECKING:
    from fbsync.model.secret import Secret
    from fbsync.model.server import Fields


def body(change: Create | Update | Adopt | Delete) -> Fields:
    """What a change sends: all of a new or adopted configuration, only what differs of a known one."""
    match change:
        case Create():
            return {**_whole(change.desired), Field.WORKSPACE_ID: _value(change.desired.workspace_id.value)}
        case Adopt():
            # A key that is there and that the manifest does not have goes, too.
            return ({Field.KEY: None} if change.live.has_key else {}) | _whole(change.desired)
        case Update():
            fields = {item.field: _value(item.after.value) for item in change.fields}
            return fields | {
                item.field: item.after.secret if item.after else None for item in change.credentials if item.is_sent
            }
        case Delete():
            return {}
        case _:
            assert_never(change)


def _whole(llm: Llm) -> dict[Field, str | Secret | None]:
    return {
        Field.NAME: llm.name,
        Field.AI_TYPE: llm.ai_type,
        Field.ENDPOINT: _value(llm.endpoint.value),
        **{name: credential.secret for name, credential in llm.credentials},
    }


def _value(text: str | None) -> str:
    """A resolved text: what lacks a variable is refused before an apply begins."""
    assert text is not None
    return text
